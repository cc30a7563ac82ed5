"""Cassettes: vcrpy, VCR for Ruby, PHP and R, go-vcr, Betamax, ExVCR, and whatever else is like them.

The family agrees on a request beside a response and differs in the rest, so each part is looked
for under all the names it goes by, whatever the tool that wrote it.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any, Final

from conformance.offline.form import Attached, Element, Form
from conformance.offline.record import LeftOutError, Record, bytes_of, status_of
from wire.jsonl import canonical

_BODY_NAMES: Final = ("body", "parsed_body", "content", "body_text", "request_body", "postData")
_TIME_NAMES: Final = ("recorded_at", "recordedAt", "started_at", "startedDateTime")
_STATUS_NAMES: Final = ("status_code", "statusCode", "code", "status")
_LISTS: Final = ("interactions", "http_interactions", "recordings", "mocks")


def _records(element: Element) -> Iterator[Record] | None:
    value = element.value
    listed = element.path[:1] and element.path[0] in _LISTS
    if not isinstance(value, Mapping):
        return None
    asked, came = value.get("request"), value.get("response")
    if not isinstance(asked, Mapping) or not isinstance(came, Mapping):
        # Interactions of another kind, such as gRPC's request_sample, are another tool's form.
        if "request" in value or (listed and "response" in value):
            raise ValueError("an interaction without request or response")
        return None
    return iter([record_of(asked, came, element.attached, value)])


def record_of(
    asked: Mapping[str, Any], came: Mapping[str, Any], attached: Attached, beside: Mapping[str, Any]
) -> Record:
    """The record of a request and a response, each an object of a family's kind."""
    times = (part.get(n) for part in (beside, came) for n in _TIME_NAMES)
    status = next((came[n] for n in _STATUS_NAMES if came.get(n) is not None), None)
    return Record(
        method=_method(asked),
        url=_url(asked),
        request_headers=asked.get("headers"),
        request_body=body_of(asked, attached, request=True),
        status=status_of(status),
        headers=came.get("headers"),
        body=body_of(came, attached),
        started_at=next((at for at in times if at is not None), None),
    )


def _method(request: Mapping[str, Any]) -> Any:
    method = request.get("method")
    if not method:
        raise ValueError("a request without method")
    return method


def _url(request: Mapping[str, Any]) -> Any:
    url = next((request[n] for n in ("uri", "url", "path") if request.get(n)), None)
    if url is None:
        raise ValueError("a request without URL")
    query = request.get("query_string")
    if isinstance(url, str) and isinstance(query, str) and query and "?" not in url:
        return f"{url}?{query}"
    return url


def body_of(part: Mapping[str, Any], attached: Attached, *, request: bool = False) -> bytes | None:
    """The body of a request or a response; None when there is none."""
    kind = part.get("body_type")
    if kind == "json" and "body_json" in part:
        return canonical(part["body_json"])
    if kind == "blob" and isinstance(part.get("body_blob"), str):
        return _from_base64(part["body_blob"])
    name = next((n for n in _BODY_NAMES if part.get(n) not in (None, "", b"")), "")
    try:
        return _bytes(part[name], name, attached) if name else None
    except LeftOutError:
        if request:
            return None
        raise


def _bytes(value: Any, name: str, attached: Attached) -> bytes | None:
    if isinstance(value, Mapping) and name != "parsed_body":
        for key in ("base64_string", "base64"):
            if isinstance(value.get(key), str | bytes):
                return _from_base64(value[key])
        if value.get("file"):
            return attached(str(value["file"]))
        for key in ("string", "text"):
            if key in value:
                text = value[key]
                if value.get("encoding") == "base64" and isinstance(text, str):
                    return _from_base64(text)
                return _bytes(text, key, attached) if text is not None else None
        if set(value) == {"encoding"}:
            return None
    return bytes_of(value)


def _from_base64(text: str | bytes) -> bytes:
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"a body that is not base64: {error}") from error


FORM = Form(
    "cassettes (vcrpy, VCR for Ruby, PHP and R, go-vcr, Betamax, ExVCR, Dev Proxy mocks and kin)",
    _records,
    lists=tuple((name,) for name in _LISTS),
    last=True,
)
