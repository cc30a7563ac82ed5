"""input_tokens: how long a prompt is, without an answer and without a bill."""

from typing import Any, Final

from conformance.judging.answer import error_of, status_line
from conformance.judging.finding import ABSENT, Finding, Findings, Unsure, show
from conformance.judging.refusal import names, refused, unjudged
from conformance.judging.route import Silence
from conformance.judging.rule import rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import ok_probe, probe
from conformance.responses_params.accepted import LOW_PROBE
from conformance.responses_params.clients import AGENTS
from conformance.responses_params.conversation import INPUT
from conformance.responses_params.request import PATH
from conformance.responses_params.selectors import response_of
from conformance.running.probe import Probe, ProbeContext, post
from wire.exchange import Exchange, Request
from wire.usage import Usage

TOKENS: Final = f"{PATH}/input_tokens"
_COUNT: Final = "responses_params.count."
_FEATURE: Final = "responses.input_tokens"
# What of a create call belongs to the prompt.
_PROMPT_SIDE: Final = ("model", "input", "instructions", "tools", "tool_choice", "text", "reasoning",
                       "previous_response_id", "parallel_tool_calls", "truncation")  # fmt: skip


def _same(name: str, base: str) -> Probe:
    """A count of the very prompt that an earlier probe sent."""

    def build(context: ProbeContext) -> Request:
        given = context.earlier[base][0].request.params
        return post(TOKENS, {name: given[name] for name in _PROMPT_SIDE if name in given})

    return Probe(_COUNT + name, build, after=(base,), feature=_FEATURE, per_model=False,
                 output_tokens=0)  # fmt: skip


# Counted probe -> the count. A string, instructions and tools, an earlier turn.
PAIRS: Final = {
    "responses.echo": _same("echo", "responses.echo"),
    AGENTS.name: _same("agents", AGENTS.name),
    INPUT.name: _same("turn", INPUT.name),
    LOW_PROBE.name: _same("low", LOW_PROBE.name),
}
COUNTS: Final = tuple(PAIRS.values())
BROKEN: Final = Probe(
    f"{_COUNT}broken",
    lambda context: post(TOKENS, {"model": context.model, "input": 5}),
    feature=_FEATURE,
    per_model=False,
    output_tokens=0,
)
_ALL: Final = tuple(probe.name for probe in COUNTS)


def _body(x: Exchange) -> dict[str, Any]:
    return x.reply.json if isinstance(x.reply.json, dict) else {}


@rule("responses.input-tokens.answered", on=probe(*_ALL), silence=[Silence.ABSENT])
def answered(x: Exchange) -> Findings:
    if not x.ok and names(x, "previous_response_id"):
        yield Unsure(f"no turn before is known: {status_line(x)}", lacking=True)
    elif (
        not x.ok and not unjudged(x) and (x.reply.status not in (404, 405, 501) or not error_of(x))
    ):
        yield Finding("status", "200, or 404 or 501 with an error object", status_line(x))


@rule("responses.input-tokens.shape", on=ok_probe(*_ALL))
def shape(x: Exchange) -> Findings:
    body = _body(x)
    if body.get("object") != "response.input_tokens":
        yield Finding("object", '"response.input_tokens"', show(body.get("object", ABSENT)))
    number = body.get("input_tokens")
    if type(number) is not int or number <= 0:
        yield Finding("input_tokens", "a whole number above 0", show(number))


@run_rule("responses.input-tokens.same", probes=("responses.echo", PAIRS["responses.echo"].name))
def same(run: Run) -> Findings:
    """The count is what the answer to the same prompt is charged for."""
    compared = False
    for base, count in PAIRS.items():
        for x in run.all(count.name):
            told = _body(x).get("input_tokens")
            charged = _charged(run, base, x)
            if x.ok and charged is not None and type(told) is int:
                compared = True
                if told != charged:
                    where = "input_tokens"
                    yield Finding(where, f"{charged}, as in usage", str(told), exchange=x.id)
    if not compared:
        yield Unsure("nothing was counted")


def _charged(run: Run, base: str, count: Exchange) -> int | None:
    """input_tokens of the usage of the same prompt to the same model."""
    asked = count.request.params
    for x in run.all(base):
        params = x.request.params
        if x.ok and all(params.get(name) == value for name, value in asked.items()):
            usage = Usage.of(response_of(x).get("usage"))
            return usage.prompt_tokens if usage else None
    return None


@rule("responses.input-tokens.refused", on=probe(BROKEN.name))
def broken(x: Exchange) -> Findings:
    if not unjudged(x) and x.reply.status != 404:
        yield from refused(x, "input is a number")
