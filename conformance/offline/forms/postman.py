"""Collections of Postman 2.x: the examples that were saved with their requests."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from conformance.offline.form import Element, Form
from conformance.offline.record import Record

DEEPEST: Final = 50  # folders in folders


def _records(element: Element) -> Iterator[Record] | None:
    if element.path != ("item",) or not isinstance(element.value, Mapping):
        return None
    return _of_item(element.value, 0)


def _of_item(item: Mapping[str, Any], depth: int) -> Iterator[Record]:
    for inner in _dicts(item.get("item")) if depth < DEEPEST else ():
        yield from _of_item(inner, depth + 1)
    for example in _dicts(item.get("response")):
        asked = example.get("originalRequest") or item.get("request")
        if isinstance(asked, Mapping):
            yield Record(
                method=asked.get("method") or "GET",
                url=_url(asked.get("url")),
                request_headers=asked.get("header"),
                request_body=_asked(asked.get("body")),
                status=example.get("code"),
                headers=example.get("header"),
                body=example.get("body"),
            )


def _url(url: Any) -> str:
    """The URL; variables such as `{{base_url}}` stand for a host, which then is not known."""
    raw = url.get("raw") if isinstance(url, Mapping) else url
    text = raw if isinstance(raw, str) else ""
    if text.startswith("{{"):
        return text.partition("}}")[2] or "/"
    return text


def _asked(body: Any) -> Any:
    if not isinstance(body, Mapping) or body.get("mode") != "raw":
        return None
    raw = body.get("raw")
    return None if isinstance(raw, str) and "{{" in raw and "}}" in raw else raw


def _dicts(values: Any) -> list[Mapping[str, Any]]:
    return [v for v in values if isinstance(v, Mapping)] if isinstance(values, list) else []


FORM = Form("examples in Postman collections", _records, (("item",),))
