"""An answer alone: the JSON of a completion, a response or a list of models, as it was saved."""

from collections.abc import Iterator

from conformance.offline.answered import operation_of_object
from conformance.offline.form import Element, Form
from conformance.offline.record import Record


def _records(element: Element) -> Iterator[Record] | None:
    value = element.value
    error = isinstance(value, dict) and isinstance(value.get("error"), dict)
    if not isinstance(value, dict) or not (error or operation_of_object(value)):
        return None
    return iter([Record(body=value)])


FORM = Form(
    "a response alone (JSON: a completion, a response, a list of models)", _records, last=True
)
