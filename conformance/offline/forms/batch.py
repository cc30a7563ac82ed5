"""Output of OpenAI's Batch API: one line a request, with its status and body."""

from collections.abc import Iterator, Mapping

from conformance.offline.form import Element, Form
from conformance.offline.record import LeftOutError, Record


def _records(element: Element) -> Iterator[Record] | None:
    value = element.value
    if not isinstance(value, Mapping) or "custom_id" not in value:
        return None
    came = value.get("response")
    if "url" in value and came is None:
        raise LeftOutError("the input of a batch: its output has the answers")
    if not isinstance(came, Mapping) or "body" not in came:
        raise LeftOutError("a request of a batch that was not answered")
    name = came.get("request_id")
    headers = {"content-type": "application/json", **({"x-request-id": name} if name else {})}
    return iter([Record(status=came.get("status_code"), headers=headers, body=came["body"])])


FORM = Form("output of OpenAI's Batch API (JSON Lines)", _records)
