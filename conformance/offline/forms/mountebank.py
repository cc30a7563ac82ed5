"""Imposters of Mountebank: stubs of predicates and responses."""

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.offline.form import Element, Form
from conformance.offline.record import Record


def _records(element: Element) -> Iterator[Record] | None:
    if element.path not in (("imposters",), ("stubs",)) or not isinstance(element.value, Mapping):
        return None
    return _of_stubs(_dicts(element.value.get("stubs")) or [element.value])


def _of_stubs(stubs: list[Mapping[str, Any]]) -> Iterator[Record]:
    for stub in stubs:
        asked = _asked(stub.get("predicates"))
        for response in _dicts(stub.get("responses")):
            came = response.get("is")
            if isinstance(came, Mapping) and isinstance(asked.get("path"), str):
                yield Record(
                    method=asked.get("method") or "POST",
                    url=asked["path"],
                    request_headers=asked.get("headers"),
                    request_body=asked.get("body"),
                    status=came.get("statusCode", 200),
                    headers=came.get("headers"),
                    body=_body(came),
                )


def _asked(predicates: Any) -> dict[str, Any]:
    """What the predicates say a request is, not only what it is like; a path may be that."""
    asked: dict[str, Any] = {}
    for predicate in _dicts(predicates):
        for operator, exact in (("deepEquals", True), ("equals", True), ("contains", False)):
            given = predicate.get(operator)
            for name, value in given.items() if isinstance(given, Mapping) else ():
                if exact or name == "path":
                    asked.setdefault(name, value)
        asked.update(_asked(predicate.get("and")))
    return asked


def _body(response: Mapping[str, Any]) -> Any:
    body = response.get("body")
    if response.get("_mode") == "binary" and isinstance(body, str):
        return base64.b64decode(body)
    return body


def _dicts(values: Any) -> list[Mapping[str, Any]]:
    return [v for v in values if isinstance(v, Mapping)] if isinstance(values, list) else []


FORM = Form("imposters of Mountebank", _records, (("imposters",), ("stubs",)))
