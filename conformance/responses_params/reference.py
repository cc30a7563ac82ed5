"""item_reference: a stored item, named by its id, stands for itself in another request."""

from typing import Final

from conformance.judging.answer import status_line
from conformance.judging.code_word import ASK, knows
from conformance.judging.finding import Finding, Findings
from conformance.judging.refusal import unjudged
from conformance.judging.rule import rule
from conformance.judging.selector import probe
from conformance.responses.selectors import dicts
from conformance.responses_params.accepted import KEPT
from conformance.responses_params.input_items import OF_STRING
from conformance.responses_params.request import PATH, message
from conformance.responses_params.selectors import text_of
from conformance.running.probe import Impossible, Probe, ProbeContext, post
from wire.exchange import Exchange, Request


def _referring(context: ProbeContext) -> Request:
    """Asks for the word that only the item told, the one item of an earlier input."""
    rows = dicts(context.reply(OF_STRING.name).get("data"))
    if not rows or not isinstance(rows[0].get("id"), str):
        raise Impossible(f"{OF_STRING.name} brought no item with an id")
    reference = {"type": "item_reference", "id": rows[0]["id"]}
    return post(PATH, {"model": context.model, "input": [reference, message("user", ASK)]})


REFERENCE: Final = Probe("responses_params.either.reference", _referring, after=(OF_STRING.name,),
                         feature="responses.store", per_model=False, output_tokens=20,
                         )  # fmt: skip


@rule("responses.input.reference", on=probe(REFERENCE.name))
def reference_used(x: Exchange) -> Findings:
    if x.ok:
        yield from knows("output", text_of(x), KEPT)
    elif not unjudged(x) and x.reply.status not in (400, 404):
        yield Finding("status", "200, or 400 or 404", status_line(x))
