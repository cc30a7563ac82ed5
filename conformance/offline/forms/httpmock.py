"""Recordings of httpmock for Rust: YAML documents with `when` and `then`."""

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.offline.form import Element, Form
from conformance.offline.record import LeftOutError, Record


def _records(element: Element) -> Iterator[Record] | None:
    value = element.value
    if not isinstance(value, Mapping):
        return None
    when, then = value.get("when"), value.get("then")
    if not isinstance(when, Mapping) or not isinstance(then, Mapping):
        return None
    return iter([_record(when, then)])


def _record(when: Mapping[str, Any], then: Mapping[str, Any]) -> Record:
    path = when.get("path")
    if not isinstance(path, str):
        raise LeftOutError("a mock for any path")
    host = when.get("host")
    origin = f"{when.get('scheme') or 'https'}://{host}" if isinstance(host, str) else ""
    return Record(
        method=when.get("method") or "POST",
        url=origin + path,
        request_headers=when.get("header"),
        request_body=_body(when),
        status=then.get("status", 200),
        headers=then.get("header"),
        body=_body(then),
    )


def _body(part: Mapping[str, Any]) -> Any:
    if isinstance(part.get("body_base64"), str):
        return base64.b64decode(part["body_base64"])
    return part.get("body", part.get("json_body"))


FORM = Form("recordings of httpmock for Rust", _records)
