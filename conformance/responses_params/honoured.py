"""Parameters that any client can see at work: limits, streams, padding, reasoning."""

from typing import Any, Final

from conformance.judging.effort import SHARES, lowered
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.route import Silence
from conformance.judging.rule import rule
from conformance.judging.selector import Selector
from conformance.responses.selectors import final, final_items, is_create, typed
from conformance.responses_params.accepted import HIGH_PROBE, LOW_PROBE
from conformance.responses_params.request import COUNT, PATH
from conformance.responses_params.selectors import SUCCESS, response_of, status_of, text_of
from conformance.running.probe import Probe, sends
from conformance.running.share import hung_up
from wire.exchange import Exchange
from wire.usage import Usage

PLAIN: Final = Selector(
    "an answer to a call for no stream",
    lambda x: is_create(x) and x.request.params.get("stream", False) in (False, None),
    (LOW_PROBE.name, "responses.echo"),
)
# Streamed, it is asked for by an agent's first turn.
HIGH_EFFORT: Final = Probe(
    "responses_params.high-effort",
    sends(PATH, {"input": "Count from 1 to 3", "reasoning": {"effort": "high"}, "store": False}),
    feature="scripted",
    per_model=False,
    output_tokens=100,
)
LIMITED: Final = SUCCESS.only(
    "counting up to a limit",
    lambda x: (
        type(x.request.params.get("max_output_tokens")) is int
        and x.request.params.get("input") == COUNT
    ),
    LOW_PROBE.name,
    HIGH_PROBE.name,
)


@rule("responses.param.stream.off", on=PLAIN)
def stream_off(x: Exchange) -> Findings:
    if x.reply.is_stream:
        given = show(x.request.params.get("stream", "left out"))
        yield Finding("body", f"one JSON object, because stream is {given}", "an event stream")


@rule("responses.param.max-output-tokens.honoured", on=LIMITED)
def cut(x: Exchange) -> Findings:
    """Counting to 200 takes more tokens than any limit that a probe sets."""
    response, text = response_of(x), text_of(x)
    details = response.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    if status_of(x) == "incomplete" and reason == "max_output_tokens":
        return
    if text.startswith("1 2 3") or status_of(x) == "incomplete":
        found = f"{show(status_of(x))}, {show(reason)} after {show(text[-20:])}"
        yield Finding("status", "incomplete, with reason max_output_tokens", found)
    else:
        yield Unsure("the model did not count until it was cut")


@rule(
    "responses.param.max-output-tokens.honoured",
    on=SUCCESS.only(
        "with a limit",
        lambda x: type(x.request.params.get("max_output_tokens")) is int,
        LOW_PROBE.name,
    ),
    silence=[Silence.TORN],
)
def kept(x: Exchange) -> Findings:
    if hung_up(x):
        limit = x.request.params["max_output_tokens"]
        yield Finding("stream", f"at most {limit} tokens", x.connection.error)


def _effort(x: Exchange) -> Any:
    reasoning = x.request.params.get("reasoning")
    return reasoning.get("effort") if isinstance(reasoning, dict) else None


def _with_effort(none: bool, *probes: str) -> Selector:
    def matches(x: Exchange) -> bool:
        effort = _effort(x)
        return isinstance(effort, str) and (effort == "none") is none

    return SUCCESS.only(f"with effort {'none' if none else 'of some kind'}", matches, *probes)


def _reasoning_tokens(x: Exchange) -> int | None:
    usage = Usage.of(response_of(x).get("usage"))
    return usage.reasoning_tokens if usage else None


@rule("responses.param.reasoning.none", on=_with_effort(True, LOW_PROBE.name, HIGH_PROBE.name))
def effort_none(x: Exchange) -> Findings:
    if _reasoning_tokens(x):
        where = "usage.output_tokens_details.reasoning_tokens"
        yield Finding(where, "0 with effort none", show(_reasoning_tokens(x)))


@rule(
    "responses.param.reasoning.reaches-model",
    on=_with_effort(False, "responses.reasoning", "responses.stream.reasoning"),
)
def effort_reaches(x: Exchange) -> Findings:
    """A model that never thinks answers a question of this kind without a thought, too."""
    thought = any(item.get("type") == "reasoning" for item in final_items(x))
    if thought or _reasoning_tokens(x):
        return
    if (x.probe or "").endswith(".reasoning"):
        where = "usage.output_tokens_details.reasoning_tokens"
        found = show(_reasoning_tokens(x))
        yield Finding(where, f"more than 0 with effort {_effort(x)}", found)


@rule(
    "responses.param.reasoning.honoured",
    on=_with_effort(
        False,
        HIGH_EFFORT.name,
        "responses.reasoning",
        "responses.stream.reasoning",
        "responses_params.agent.1",
    ),
)
def effort_kept(x: Exchange) -> Findings:
    """An effort that is asked, perhaps echoed, and not used: as much is thought as with a lower one."""
    told, effort = _reasoning_tokens(x), _effort(x)
    if told and effort in SHARES:
        where = "usage.output_tokens_details.reasoning_tokens"
        yield from lowered(where, effort, told, x.request.params.get("max_output_tokens"))


@rule(
    "responses.param.usage-always",
    on=SUCCESS.only("of a stream", lambda x: x.reply.is_stream, "responses.stream.echo"),
)
def usage_always(x: Exchange) -> Findings:
    """Unlike on chat, nobody has to ask for it."""
    found = final(x)
    done = any(kind == "response.completed" for _, kind, _ in typed(x))
    if done and found and not isinstance(found[2].get("usage"), dict):
        yield Finding(
            "response.usage", "an object in response.completed", show(found[2].get("usage"))
        )
