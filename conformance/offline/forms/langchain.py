"""LangChain's cassettes: a list of requests, and beside it the list of their responses."""

from collections.abc import Iterator, Mapping

from conformance.offline.form import Element, Form
from conformance.offline.forms.cassette import record_of
from conformance.offline.record import Record


def _records(element: Element) -> Iterator[Record] | None:
    requests = element.before.get("requests")
    if element.path != ("responses",) or not isinstance(requests, list):
        return None
    asked = requests[element.index] if element.index < len(requests) else None
    if not isinstance(asked, Mapping) or not isinstance(element.value, Mapping):
        raise ValueError("a response without a request of the same place in `requests`")  # noqa: TRY004
    return iter([record_of(asked, element.value, element.attached, {})])


FORM = Form("cassettes of LangChain (requests beside responses)", _records, (("responses",),))
