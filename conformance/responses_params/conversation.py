"""What later turns know of earlier ones: by previous_response_id, and in a conversation."""

from dataclasses import replace
from typing import Any, Final

from conformance.judging.answer import status_line
from conformance.judging.code_word import ASK, knows, knows_not, told
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.refusal import names, refused, unjudged
from conformance.judging.rule import RunRule, rule
from conformance.judging.run import Run
from conformance.judging.selector import ok_probe, probe
from conformance.responses.selectors import place, responses
from conformance.responses_params.accepted import HIGH_PROBE, KEPT, LOW_PROBE, NULL_PROBE, STALE
from conformance.responses_params.clients import AGENTS
from conformance.responses_params.request import HELLO, PATH
from conformance.responses_params.selectors import SUCCESS, response_of, text_of
from conformance.running.budget import usage_of
from conformance.running.probe import Impossible, Probe, ProbeContext, post
from wire.exchange import Exchange, Request
from wire.responses import fold_responses

_NAMED: Final = "GANNET-73"
_TURN: Final = "responses_params.turn."


def id_of(context: ProbeContext, name: str) -> str:
    """The id of the response that an earlier probe brought, plain or streamed."""
    x = context.earlier[name][0]
    body = x.reply.json
    found: Any = body.get("id") if isinstance(body, dict) else None
    if x.reply.is_stream:
        found = fold_responses(x.reply).id
    if not x.ok or not isinstance(found, str) or not found:
        raise Impossible(f"{name} brought no id")
    return found


def _turn(name: str, base: Probe, *, stream: bool = False) -> Probe:
    def build(context: ProbeContext) -> Request:
        body = {
            "model": context.model,
            "input": ASK,
            "previous_response_id": id_of(context, base.name),
        }
        return post(PATH, {**body, "stream": True} if stream else body)

    return Probe(f"{_TURN}{name}", build, after=(base.name,), feature="responses.store",
                 output_tokens=20)  # fmt: skip


# The word is only in the first turn's input, only in its output, only in its instructions.
INPUT: Final = _turn("input", NULL_PROBE)
OUTPUT: Final = _turn("output", AGENTS, stream=True)
INSTRUCTIONS: Final = _turn("instructions", LOW_PROBE)

MADE: Final = Probe(
    "responses_params.conversation.made",
    lambda _: post("/conversations", {}),
    feature="responses.conversation",
    per_model=False,
    output_tokens=0,
    retry=False,
)


def _conversation(context: ProbeContext) -> str:
    """The id of a conversation: of one that the server made, else of none that it knows."""
    x = context.earlier[MADE.name][0]
    made: Any = x.reply.json.get("id") if x.ok and isinstance(x.reply.json, dict) else None
    return made if isinstance(made, str) else f"conv_conformance{context.run}"


def _join(context: ProbeContext) -> Request:
    said = f"{told(_NAMED)} {HELLO}"
    return post(
        PATH, {"model": context.model, "input": said, "conversation": _conversation(context)}
    )


def _go_on(context: ProbeContext) -> Request:
    if not context.earlier[JOINED.name][0].ok:
        raise Impossible("the server keeps no conversations")
    named = {"id": _conversation(context)}
    return post(PATH, {"model": context.model, "input": ASK, "conversation": named})


JOINED: Final = Probe(
    "responses_params.conversation.joined",
    _join,
    after=(MADE.name,),
    feature="responses.conversation",
    per_model=False,
    output_tokens=20,
    retry=False,
)
GOES_ON: Final = Probe(
    "responses_params.conversation.goes-on",
    _go_on,
    after=(MADE.name, JOINED.name),
    feature="responses.conversation",
    per_model=False,
    output_tokens=20,
)


def _remembers(requirement: str, asked: Probe, word: str, first: Probe | None = None) -> RunRule:
    """`first`: the turn before, of which all is part of the prompt."""

    def check(run: Run) -> Findings:
        for x in run.all(asked.name):
            for said in _of_turn(run, x):
                yield (
                    said
                    if isinstance(said, Unsure)
                    else replace(said, exchange=said.exchange or x.id)
                )

    def _of_turn(run: Run, x: Exchange) -> Findings:
        if x.ok:
            said = list(knows("output", text_of(x), word))
            before = [] if first is None or not _counts(run) else run.all(first.name)[:1]
            left_aside = [lack for turn in before for lack in _bill_lacks(turn, x)]
            # A model that does not answer the question says nothing; what its prompt held, the bill says.
            yield from left_aside if said and isinstance(said[0], Unsure) and left_aside else said
        elif x.reply.status >= 500:
            yield Unsure(f"the server failed: {status_line(x)}")
        elif asked is not INPUT and names(x, "previous_response_id"):
            yield Unsure(
                f"the server keeps no state, which {INPUT.name} shows: {status_line(x)}",
                lacking=True,
            )
        elif not unjudged(x):
            yield Finding("status", "200: the response before is stored", status_line(x))

    return RunRule((requirement,), (asked.name,), check)


def _counts(run: Run) -> bool:
    """Whether longer prompts were seen to cost more here: some servers tell the same number of all."""
    small, long = (
        {u.prompt_tokens for x in run.all(name) if x.ok and (u := usage_of(x)) and u.prompt_tokens}
        for name in ("usage.small", "usage.long")
    )
    return bool(small and long) and min(long) > max(small)


def _bill_lacks(first: Exchange, x: Exchange) -> Findings:
    """A prompt that holds the turn before is at least as long as that turn's input and output."""
    before, now = usage_of(first), usage_of(x)
    if not (first.ok and before and now and before.prompt_tokens and now.prompt_tokens):
        return
    shown = (before.completion_tokens or 0) - (before.reasoning_tokens or 0)
    if now.prompt_tokens < before.prompt_tokens + max(0, shown):
        said = f"at least {before.prompt_tokens + max(0, shown)}: the turn before is part of the prompt"
        yield Finding("usage.input_tokens", said, str(now.prompt_tokens))


BOTH: Final = Probe(
    f"{_TURN}both",
    lambda context: post(PATH, {"model": context.model, "input": ASK, "conversation": _conversation(context),
                            "previous_response_id": id_of(context, NULL_PROBE.name)}),
    after=(NULL_PROBE.name, MADE.name),
    feature="responses.conversation",
    per_model=False,
    output_tokens=0,
)  # fmt: skip
# The response before was not to be stored.
UNSTORED: Final = Probe(
    f"{_TURN}unstored",
    lambda context: post(PATH, {"model": context.model, "input": ASK,
                            "previous_response_id": id_of(context, HIGH_PROBE.name)}),
    after=(HIGH_PROBE.name,),
    feature="responses.store",
    per_model=False,
    output_tokens=0,
)  # fmt: skip


@rule("responses.param.previous-response-id.alone", on=probe(BOTH.name))
def alone(x: Exchange) -> Findings:
    if not unjudged(x):
        yield from refused(x, "previous_response_id and conversation exclude each other")


@rule("responses.conversation.unstored", on=probe(UNSTORED.name))
def unstored(x: Exchange) -> Findings:
    if not unjudged(x):
        yield from refused(x, "the response before was not stored")


REMEMBERED: Final = (
    _remembers("responses.conversation.input-kept", INPUT, KEPT),
    _remembers("responses.conversation.output-kept", OUTPUT, "SALMON-39"),
    _remembers("responses.conversation.remembers", GOES_ON, _NAMED, JOINED),
)


@rule("responses.conversation.instructions-dropped", on=SUCCESS & ok_probe(INSTRUCTIONS.name))
def instructions_dropped(x: Exchange) -> Findings:
    yield from knows_not("output", text_of(x), STALE)


@rule("responses.conversation.named", on=probe(JOINED.name, GOES_ON.name))
def named(x: Exchange) -> Findings:
    """Taken and named in the answer, or refused; never taken and forgotten."""
    if not x.ok:
        if x.reply.status not in (400, 404) and not unjudged(x):
            yield Finding("status", "200, or 400 or 404", status_line(x))
        return
    asked = x.request.params.get("conversation")
    wanted = asked.get("id") if isinstance(asked, dict) else asked
    found = response_of(x).get("conversation")
    if not isinstance(found, dict) or found.get("id") != wanted:
        yield Finding("conversation.id", show(wanted), show(found, 60))


@rule(
    "responses.conversation.previous-named",
    on=SUCCESS.only(
        "with previous_response_id",
        lambda x: isinstance(x.request.params.get("previous_response_id"), str),
        f"{_TURN}*",
    ),
)
def previous_named(x: Exchange) -> Findings:
    wanted = x.request.params["previous_response_id"]
    for event, path, response in responses(x):
        found = response.get("previous_response_id") if isinstance(response, dict) else None
        if found != wanted:
            where = place(event, f"{path}previous_response_id")
            yield Finding(where, show(wanted), show(found), event)
