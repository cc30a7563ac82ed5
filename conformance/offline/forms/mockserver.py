"""Expectations and recorded traffic of MockServer: `httpRequest` and `httpResponse`."""

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.offline.form import Element, Form
from conformance.offline.record import LeftOutError, Record, headers_of
from wire.exchange import header


def _records(element: Element) -> Iterator[Record] | None:
    value = element.value
    asked = value.get("httpRequest") if isinstance(value, Mapping) else None
    if not isinstance(asked, Mapping):
        return None
    came = value.get("httpResponse")
    if not isinstance(came, Mapping):
        raise LeftOutError("an expectation without httpResponse")
    return iter([_record(asked, came, value)])


def _record(asked: Mapping[str, Any], came: Mapping[str, Any], value: Mapping[str, Any]) -> Record:
    path = asked.get("path")
    path = path.get("value") if isinstance(path, Mapping) else path
    if not isinstance(path, str):
        raise LeftOutError("an expectation for any path")
    headers = headers_of(asked.get("headers"))
    host = header(headers, "host")
    scheme = "https" if asked.get("secure") else "http"
    method = asked.get("method")
    return Record(
        method=method if isinstance(method, str) else "POST",
        url=f"{scheme}://{host}{path}" if host else path,
        request_headers=headers,
        request_body=_body(asked.get("body")),
        status=came.get("statusCode", 200),
        headers=came.get("headers"),
        body=_body(came.get("body")),
        started_at=value.get("timestamp"),
    )


def _body(body: Any) -> Any:
    """Text, JSON, or an object that says which of them it holds."""
    if not isinstance(body, Mapping) or "type" not in body:
        return body
    if isinstance(body.get("base64Bytes"), str):
        return base64.b64decode(body["base64Bytes"])
    return next((body[name] for name in ("json", "string", "xml") if name in body), None)


FORM = Form("expectations and recorded traffic of MockServer", _records)
