"""The requests of this area that must be refused, and what all of their refusals owe."""

from typing import Final

from conformance.judging.refusal import Refusal, Refusals
from conformance.responses_params import limits, shapes
from conformance.responses_params.request import HELLO, PATH, feature_of
from conformance.running.refused import refusal_probes


def _book(*rows: Refusal) -> Refusals:
    return Refusals("responses_params.refuse.", PATH, {"input": HELLO}, feature_of, rows)


# What the limits exclude is judged wherever it is sent, so only the others have rules here.
BROKEN: Final = _book(*shapes.INPUT, *shapes.TOOLS, *shapes.SETTINGS)
ALL: Final = _book(*limits.REFUSALS, *BROKEN.rows)
PROBES: Final = refusal_probes(ALL)
RULES: Final = BROKEN.rules()
MANNERS: Final = ALL.manners(
    "responses.param.refused.status",
    "responses.param.refused.names",
    "responses.param.refused.param",
    "responses.param.refused.nothing-said",
)
