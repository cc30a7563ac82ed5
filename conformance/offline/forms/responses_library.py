"""Recordings of the Python library `responses`: method and URL stand in the response."""

from collections.abc import Iterator, Mapping

from conformance.offline.form import Element, Form
from conformance.offline.record import Record


def _records(element: Element) -> Iterator[Record] | None:
    value = element.value.get("response") if isinstance(element.value, Mapping) else None
    if element.path != ("responses",) or not isinstance(value, Mapping) or "url" not in value:
        return None
    headers = value.get("headers")
    kind = value.get("content_type")
    return iter(
        [
            Record(
                method=value.get("method"),
                url=value["url"],
                status=value.get("status"),
                headers={
                    **({"content-type": kind} if kind else {}),
                    **(headers if isinstance(headers, Mapping) else {}),
                },
                body=value.get("body"),
            )
        ]
    )


FORM = Form("recordings of the Python library responses", _records, (("responses",),))
