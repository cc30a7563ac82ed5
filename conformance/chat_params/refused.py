"""Rules about all refusals of this area: their status, and that they name what was wrong."""

from typing import Final

from conformance.chat_params import limits, shapes
from conformance.chat_params.request import REFUSED as PREFIX
from conformance.judging.answer import error_of
from conformance.judging.finding import ABSENT, Finding, Findings, show
from conformance.judging.refusal import names, unjudged
from conformance.judging.rule import rule
from conformance.judging.selector import probe
from wire.exchange import Exchange

_ALL: Final = {
    area.probe(row): row for area in (limits.REFUSALS, shapes.REFUSALS) for row in area.rows
}
# Where the real API names the parameter whatever the form of the refusal.
_NAMED: Final = tuple(
    f"chat.param.{name}."
    for name in ("model", "messages", "temperature", "top-p", "n", "max-completion-tokens", "stop")
)
# The real API blames no parameter for these: an unknown model, an image that cannot be read.
_BLAMELESS: Final = {"chat.param.model.known", "chat.param.images.malformed"}
REFUSED: Final = probe(f"{PREFIX}*").only(
    "and refused", lambda x: 400 <= x.reply.status < 500 and not unjudged(x)
)


@rule("chat.param.refused.status", on=REFUSED)
def status(x: Exchange) -> Findings:
    refusal = _ALL.get(x.probe or "")
    if refusal and x.reply.status not in refusal.statuses:
        yield Finding("status", " or ".join(map(str, refusal.statuses)), str(x.reply.status))


@rule("chat.param.refused.names", on=REFUSED)
def named(x: Exchange) -> Findings:
    refusal = _ALL.get(x.probe or "")
    named = refusal and refusal.requirement.startswith(_NAMED)
    wrong_word = refusal and refusal.requirement == "chat.param.messages.role-known"
    if refusal and named and not wrong_word and not names(x, refusal.names):
        error = error_of(x)
        found = f"param {show(error.get('param', ABSENT))}, message {show(error.get('message', ABSENT))}"
        yield Finding("error.param", f"{refusal.names}, or its name in the message", found)


@rule("chat.param.refused.param", on=REFUSED)
def param(x: Exchange) -> Findings:
    refusal, found = _ALL.get(x.probe or ""), error_of(x).get("param")
    if not refusal or refusal.requirement in _BLAMELESS:
        return
    wanted = refusal.names.split("|")
    if not isinstance(found, str) or found.partition(".")[0].partition("[")[0] not in wanted:
        yield Finding("error.param", " or ".join(wanted), show(found))


@rule("chat.param.refused.nothing-said", on=REFUSED)
def nothing_said(x: Exchange) -> Findings:
    body = x.reply.json
    if isinstance(body, dict) and (body.get("choices") or body.get("usage")):
        yield Finding("body", "an error and nothing else", show(sorted(body)))
