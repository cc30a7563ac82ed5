"""Stub mappings of WireMock, in JSON and YAML, one a file or many, with bodies in `__files`."""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from conformance.offline.form import Attached, Element, Form
from conformance.offline.record import LeftOutError, Record

_URLS: Final = ("url", "urlPath", "urlPathTemplate", "urlPattern", "urlPathPattern")
_OWN_OF_REQUEST: Final = frozenset({*_URLS[1:], "bodyPatterns", "queryParameters", "basicAuth"})
_OWN_OF_RESPONSE: Final = frozenset(
    {"jsonBody", "base64Body", "bodyFileName", "transformers", "proxyBaseUrl", "fault", "fixedDelayMilliseconds"}
)  # fmt: skip
_OWN: Final = frozenset({"uuid", "persistent", "scenarioName", "priority", "insertionIndex"})


def _records(element: Element) -> Iterator[Record] | None:
    value = element.value
    if not isinstance(value, Mapping):
        return None
    asked, came = value.get("request"), value.get("response")
    if not isinstance(asked, Mapping) or not isinstance(came, Mapping):
        if element.path == ("mappings",):
            raise ValueError("a mapping without request or response")
        return None
    own = _OWN_OF_REQUEST & asked.keys() or _OWN_OF_RESPONSE & came.keys() or _OWN & value.keys()
    if not own and element.path != ("mappings",):
        return None
    return iter([_record(asked, came, element.attached)])


def _record(asked: Mapping[str, Any], came: Mapping[str, Any], attached: Attached) -> Record:
    url = next((asked[name] for name in _URLS if isinstance(asked.get(name), str)), None)
    if url is None:
        raise LeftOutError("a mapping for any URL")
    for name in ("proxyBaseUrl", "fault"):
        if came.get(name):
            raise LeftOutError(f"a mapping with {name}, which answers nothing of its own")
    body = _body(came, attached)
    if came.get("transformers") and isinstance(body, str | bytes) and _is_template(body):
        raise LeftOutError("a body that is a template")
    method = asked.get("method")
    return Record(
        method=method if isinstance(method, str) and method != "ANY" else "POST",
        url=url.replace("\\", "") if "attern" in next(n for n in _URLS if n in asked) else url,
        request_headers=_exactly(asked.get("headers")),
        request_body=_asked(asked.get("bodyPatterns")),
        status=came.get("status", 200),
        headers=came.get("headers"),
        body=body,
    )


def _is_template(body: str | bytes) -> bool:
    return b"{{" in body if isinstance(body, bytes) else "{{" in body


def _body(response: Mapping[str, Any], attached: Attached) -> Any:
    if "jsonBody" in response:
        return response["jsonBody"]
    if isinstance(response.get("base64Body"), str):
        return base64.b64decode(response["base64Body"])
    if isinstance(response.get("bodyFileName"), str):
        return attached(response["bodyFileName"])
    return response.get("body")


def _exactly(headers: Any) -> dict[str, Any]:
    """The headers whose value is named, not only what it is like."""
    pairs = headers.items() if isinstance(headers, Mapping) else ()
    return {n: v["equalTo"] for n, v in pairs if isinstance(v, Mapping) and "equalTo" in v}


def _asked(patterns: Any) -> Any:
    """The body that a mapping was recorded with; a part of one, or a pattern, is none."""
    for pattern in patterns if isinstance(patterns, list) else ():
        if not isinstance(pattern, Mapping):
            continue
        for name in ("equalToJson", "equalTo"):
            if name in pattern and not pattern.get("ignoreExtraElements", False):
                return pattern[name]
        if "equalToJson" in pattern:  # recorded mappings say so, and name everything all the same
            return _whole(pattern["equalToJson"])
    return None


def _whole(value: Any) -> Any:
    try:
        body = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return None
    asked = ("messages", "input", "prompt")
    whole = isinstance(body, Mapping) and "model" in body and any(name in body for name in asked)
    return value if whole else None


FORM = Form("stub mappings of WireMock (JSON, YAML, bodies in __files)", _records, (("mappings",),))
