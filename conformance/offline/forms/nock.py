"""Fixtures of nock for Node: `scope`, `method`, `path` and the response in one object."""

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.offline.form import Element, Form
from conformance.offline.record import LeftOutError, Record


def _records(element: Element) -> Iterator[Record] | None:
    value = element.value
    if not isinstance(value, Mapping) or not {"scope", "path", "status"} <= value.keys():
        return None
    return iter([_record(value)])


def _record(value: Mapping[str, Any]) -> Record:
    path = value["path"]
    if not isinstance(path, str):
        raise LeftOutError("a path that is a pattern")
    headers = value.get("rawHeaders", value.get("headers"))
    return Record(
        method=value.get("method") or "GET",
        url=f"{value['scope']}{path}",
        request_headers=value.get("reqheaders"),
        request_body=_asked(value.get("body")),
        status=value["status"],
        headers=_headers(headers),
        body=_body(value),
    )


def _asked(body: Any) -> Any:
    """An empty body was none; `*` stands for any, and a pattern is none that was sent."""
    return (
        None if body in ("", "*") or (isinstance(body, dict) and set(body) == {"regex"}) else body
    )


def _headers(headers: Any) -> Any:
    """Node's raw headers are names and values in turn."""
    flat = isinstance(headers, list) and all(isinstance(item, str) for item in headers)
    return list(zip(headers[::2], headers[1::2], strict=False)) if flat else headers


def _body(value: Mapping[str, Any]) -> Any:
    """Compressed and binary bodies are texts of hex digits; all others are text or JSON."""
    body = value.get("response")
    pieces: list[Any] = body if isinstance(body, list) else [body]
    if value.get("responseIsBinary") or isinstance(body, list):
        try:
            return b"".join(bytes.fromhex(piece) for piece in pieces)
        except (TypeError, ValueError):
            return body
    return body


FORM = Form("fixtures of nock", _records)
