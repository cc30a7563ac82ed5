"""The probes of a table of refusals: a good body, broken in one place each."""

import re

from conformance.judging.finding import ABSENT
from conformance.judging.refusal import Refusal, Refusals
from conformance.running.probe import Probe, ProbeContext, post
from wire.exchange import Request

ENDLESS = frozenset({"max_completion_tokens", "max_tokens", "max_output_tokens", "n"})
"""What says how much is to be generated: a wrong value may be taken for no limit at all."""


def refusal_probes(table: Refusals) -> tuple[Probe, ...]:
    """One probe a row of the table, of which nothing is expected but a refusal."""
    return tuple(_probe(table, row) for row in table.rows)


def _probe(table: Refusals, row: Refusal) -> Probe:
    def build(context: ProbeContext) -> Request:
        body = {"model": context.model, **table.start, **row.body}
        kept = {name: value for name, value in body.items() if value is not ABSENT}
        return post(table.path, kept)

    named = re.split(r"[|.\[]", row.names)[0]
    feature = row.feature or table.feature_of(named)
    return Probe(
        table.probe(row), build, feature=feature, per_model=False, output_tokens=0,
        last=named in ENDLESS,
    )  # fmt: skip
