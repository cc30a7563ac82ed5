"""Simulations of Hoverfly: pairs of matchers and a response."""

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.offline.form import Element, Form
from conformance.offline.record import LeftOutError, Record


def _records(element: Element) -> Iterator[Record] | None:
    value = element.value
    if element.path != ("data", "pairs") or not isinstance(value, Mapping):
        return None
    asked, came = value.get("request"), value.get("response")
    if not isinstance(asked, Mapping) or not isinstance(came, Mapping):
        raise ValueError("a pair without request or response")  # noqa: TRY004
    return iter([_record(asked, came)])


def _record(asked: Mapping[str, Any], came: Mapping[str, Any]) -> Record:
    path, host = _exact(asked.get("path")), _exact(asked.get("destination"))
    if path is None:
        raise LeftOutError("a pair for any path")
    if came.get("templated") and "{{" in str(came.get("body")):
        raise LeftOutError("a body that is a template")
    origin = f"{_exact(asked.get('scheme')) or 'https'}://{host}" if host else ""
    headers = asked.get("headers")
    pairs = headers.items() if isinstance(headers, Mapping) else ()
    body = came.get("body")
    return Record(
        method=_exact(asked.get("method")) or "POST",
        url=f"{origin}{path}",
        request_headers={name: _exact(value) for name, value in pairs},
        request_body=_exact(asked.get("body")),
        status=came.get("status", 200),
        headers=came.get("headers"),
        body=base64.b64decode(body) if came.get("encodedBody") and isinstance(body, str) else body,
    )


def _exact(matchers: Any) -> str | None:
    """The value that a part must equal: of the first matcher, if it is for one value."""
    first = matchers[0] if isinstance(matchers, list) and matchers else matchers
    if isinstance(first, Mapping):
        same = first.get("matcher", "exact") in ("exact", "json", "jsonpartial")
        first = first.get("value") if same else None
    return first if isinstance(first, str) else None


FORM = Form("simulations of Hoverfly", _records, (("data", "pairs"),))
