"""The fields of the response object, in plain answers and inside of lifecycle events."""

from collections.abc import Iterator
from pathlib import Path

from conformance.judging.fields import FieldSource, Part, field_rules
from conformance.judging.requirement import read_requirements
from conformance.responses.selectors import OBJECT, responses
from conformance.responses.state import is_current
from wire.exchange import Exchange

ROWS = read_requirements(Path(__file__).parent / "requirements.toml")

# Schemas are those of the day of the exchange; a stored answer may be older.
CURRENT = OBJECT.only("of its own day", is_current, "responses.echo", "responses.stream.echo")


def bare_responses(x: Exchange) -> Iterator[Part]:
    """Each response object without its output items, which are judged by their own types."""
    for event, path, response in responses(x):
        if isinstance(response, dict) and isinstance(response.get("output"), list):
            yield event, path, {**response, "output": []}
        else:
            yield event, path, response


FIELDS = field_rules(
    ROWS,
    [
        FieldSource(
            "responses/response",
            CURRENT,
            bare_responses,
            "responses.object.shape",
            "responses.object.values",
        )
    ],
)
