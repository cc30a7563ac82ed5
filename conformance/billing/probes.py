"""Calls between two readings of the balance. Everything here runs alone, one after the other."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from conformance.chat.prompts import SHORT, echo, user
from conformance.running.balance import LAG, MOST_POLLS, balance, reading, still
from conformance.running.probe import (
    Handling,
    Impossible,
    Probe,
    ProbeContext,
    get,
    in_path,
    post,
    sends,
)
from conformance.usage import probes as usage
from wire.exchange import Reply, Request


class Case(NamedTuple):
    """A kind of charge: its name in probe and rule, and the probe that brings it about."""

    name: str
    probe: str
    after: tuple[str, ...] = ()
    per_model: bool = True
    depth: str = "default"
    until: tuple[str, ...] = ()
    """Probes that see the end of what the call began: the second reading comes after them."""


def case_of(probe: str) -> str:
    """The name of a case; a probe of another area keeps its whole name."""
    area, _, name = probe.partition(".")
    return name if area in {"billing", "usage"} else probe


def _call(name: str, build: Callable[[ProbeContext], Request], **options: Any) -> Probe:
    given = {"feature": "billing", "output_tokens": 48, "alone": True, **options}
    return Probe(f"billing.{name}", build, **given)


def _scripted_usage(**counts: int) -> dict[str, Any]:
    told = " ".join(f"{name}={number}" for name, number in counts.items())
    return {"messages": user(f"[[usage {told}]] Count from 1 to 2")}


def _snapshot(context: ProbeContext) -> Request:
    dated = {"gpt-5.5": "gpt-5.5-2026-04-23", "gpt-5.4": "gpt-5.4-2026-03-05"}.get(context.model)
    if dated is None:
        raise Impossible(f"no dated snapshot of {context.model} is known")
    return post(usage.CHAT, usage.body(model=dated))


RESPONSE: Final = {"input": echo(SHORT)}
CUT: Final = {"messages": user("Count from 1 to 60")}
CUT_RESPONSE: Final = {"input": "Count from 1 to 60", "max_output_tokens": 16}


def _long_response(context: ProbeContext) -> Request:
    lines = "\n".join(f"{number}: {usage.WORDS}" for number in range(300, 420))
    text = f"Run {context.run}. Read this list.\n{lines}\nCount from 1 to 3"
    return post(usage.RESPONSES, {"model": context.model, "input": text})


def _left_response(context: ProbeContext) -> Request:
    text = "Count from 1 to 120, with one space between the numbers, and write nothing else."
    if context.profile.scripted:
        text = f"[[pace 10]] {text}"
    return post(usage.RESPONSES, {"model": context.model, "input": text, "stream": True})


BEHIND: Final = "[[script upstream_500]] Hello"
# Two by two red points, and a file of one line.
IMAGE_PART: Final[dict[str, Any]] = {"type": "image_url", "image_url": {"url": (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGP4z8AARAwQCgAf7gP9i18U1AAAAABJRU5ErkJggg=="
)}}  # fmt: skip
FILE_PART: Final = {
    "type": "input_file",
    "filename": "a.txt",
    "file_data": "data:text/plain;base64,b25lIGxpbmUK",
}


def _with_part(part: dict[str, Any]) -> list[dict[str, Any]]:
    text = {"type": "input_text", "text": "Count from 1 to 3"}
    return [{"role": "user", "content": [text, part]}]


def echo_items() -> list[dict[str, Any]]:
    """A short conversation to be compacted."""
    return [
        {"role": "user", "content": "Count from 1 to 9"},
        {"role": "assistant", "content": "1 2 3 4 5 6 7 8 9"},
    ]


def _long_stream(context: ProbeContext) -> Request:
    body = usage.long_text(context).params
    return post(usage.CHAT, {**body, **usage.WITH_USAGE})


def _long_response_stream(context: ProbeContext) -> Request:
    return post(usage.RESPONSES, {**_long_response(context).params, "stream": True})


REASONING: Final = {"messages": user("Count from 1 to 3"), "reasoning_effort": "low"}
_CALLS: Final = (
    _call("stream-unasked", sends(usage.CHAT, usage.body(stream=True))),
    _call("reasoning", sends(usage.CHAT, REASONING), feature="scripted", depth="full", output_tokens=100),
    _call("flex", sends(usage.CHAT, usage.body(service_tier="flex")), feature="billing.tiers"),
    _call("priority", sends(usage.CHAT, usage.body(service_tier="priority")), feature="billing.tiers"),
    _call(
        "long-context",
        sends(usage.CHAT, _scripted_usage(prompt=272_001, cached=1_000, completion=40)),
        feature="scripted",
    ),
    _call(
        "long-context-edge",
        sends(usage.CHAT, _scripted_usage(prompt=272_000, cached=0, completion=40)),
        feature="scripted",
    ),
    _call(
        "cache-write",
        sends(usage.CHAT, _scripted_usage(prompt=2_000, cache_write=1_500, completion=10)),
        feature="scripted",
    ),
    _call("snapshot", _snapshot),
    *(_call(f"{tier}-{path}", sends(url, {**given, "service_tier": tier, **more}), depth="default" if f"{tier}-{path}" == "priority-responses-stream" else "full", feature="billing.tiers")
      for tier in ("flex", "priority")
      for path, url, given, more in (("stream", usage.CHAT, usage.body(), usage.WITH_USAGE),
                                     ("responses", usage.RESPONSES, RESPONSE, {}),
                                     ("responses-stream", usage.RESPONSES, RESPONSE, {"stream": True}))),
    # On each of the four paths: an answer that a limit cut.
    _call("cut", sends(usage.CHAT, {**CUT, "max_completion_tokens": 16}), depth="full", output_tokens=16),
    _call("cut-stream", sends(usage.CHAT, {**CUT, "max_completion_tokens": 16, **usage.WITH_USAGE}), output_tokens=16),
    _call("cut-responses", sends(usage.RESPONSES, CUT_RESPONSE), depth="full", output_tokens=16),
    _call("cut-responses-stream", sends(usage.RESPONSES, {**CUT_RESPONSE, "stream": True}), output_tokens=16),
    _call("long-responses", _long_response, depth="full", output_tokens=20),
    _call("long-responses-again", _long_response, after=("billing.long-responses",), depth="full", output_tokens=20),
    _call("left-responses", _left_response, output_tokens=150, handling=Handling(abort_after_events=8)),
    *(_call(f"failed-responses{name}", depth="default" if name else "full", build=sends(usage.RESPONSES, {"input": f"[[script failed]] {echo(SHORT)}", **more}),
            feature="scripted", output_tokens=30)
      for name, more in (("", {}), ("-stream", {"stream": True}))),
    _call("error-event", sends(usage.RESPONSES, {"input": f"[[script error_event]] {echo(SHORT)}", "stream": True}),
          feature="scripted", output_tokens=30),
    *(_call(f"image-{path}", sends(url, given), feature=feature, depth="full", output_tokens=20)
      for path, url, given, feature in (
          ("stream", usage.CHAT, {"messages": [{"role": "user", "content": [{"type": "text", "text": "Count from 1 to 3"}, IMAGE_PART]}], **usage.WITH_USAGE}, "chat.images"),
          ("responses-stream", usage.RESPONSES, {"input": _with_part({"type": "input_image", "image_url": IMAGE_PART["image_url"]["url"]}), "stream": True}, "responses.images"),
      )),
    _call("file-stream", sends(usage.RESPONSES, {"input": _with_part(FILE_PART), "stream": True}), feature="responses.files",
          depth="full", output_tokens=20),
    _call("compaction", sends(usage.RESPONSES, {"input": [*echo_items(), {"type": "compaction_trigger"}]}),
          feature="responses.compaction_trigger", depth="full", output_tokens=200),
    _call("refused", sends(usage.CHAT, {"messages": []}), output_tokens=0),
    _call("refused-stream", sends(usage.CHAT, {"messages": [], "stream": True}), output_tokens=0),
    _call("refused-responses-stream", sends(usage.RESPONSES, {"input": [], "stream": True}), output_tokens=0),
    _call("refused-responses", sends(usage.RESPONSES, {"input": []}), output_tokens=0),
    _call("refused-model", sends(usage.CHAT, {"model": "no-such-model-0", **usage.body()}), output_tokens=0),
    _call("refused-tier", sends("/messages", {"messages": user("Hello"), "max_tokens": 5}), output_tokens=0),
    *(_call(f"upstream-error{path}", sends(url, given), feature="scripted", output_tokens=0, asks_for=frozenset({500, 502, 503}))
      for path, url, given in (
          ("", usage.CHAT, {"messages": user(BEHIND)}),
          ("-stream", usage.CHAT, {"messages": user(BEHIND), "stream": True}),
          ("-responses", usage.RESPONSES, {"input": BEHIND}),
          ("-responses-stream", usage.RESPONSES, {"input": BEHIND, "stream": True}),
      )),
    _call("midstream-error", sends(usage.CHAT, {"messages": user(f"[[script midstream_error]] {echo()}"), "stream": True}), feature="scripted"),
    _call("list", lambda _: get("/models"), output_tokens=0),
    _call("retrieve-model", lambda context: get(f"/models/{context.model}"), output_tokens=0),
    _call("stored", sends(usage.RESPONSES, {"input": echo(SHORT), "store": True}), feature="billing.stored"),
    _call(
        "retrieve-stored",
        lambda context: get(f"/responses/{in_path(context.reply('billing.stored')['id'])}"),
        after=("billing.stored",), feature="billing.stored", output_tokens=0,
    ),
    _call(
        "input-items",
        lambda context: get(f"/responses/{in_path(context.reply('billing.stored')['id'])}/input_items"),
        after=("billing.stored",), feature="billing.stored", output_tokens=0,
    ),
    _call(
        "delete-stored",
        lambda context: get(f"/responses/{in_path(context.reply('billing.stored')['id'])}", method="DELETE"),
        after=("billing.stored", "billing.retrieve-stored", "billing.input-items"),
        feature="billing.stored", output_tokens=0,
    ),
    _call(
        "parallel",
        lambda context: post(usage.CHAT, {"model": context.model, "messages": user(f"Count from 1 to {context.index + 2}")}),
        count=8, per_model=False, output_tokens=20,
    ),
    _call("no-credit", sends(usage.CHAT, usage.body()), key="no_credit", output_tokens=0, per_model=False, retry=False),
)  # fmt: skip


# Work in the background, and what sees its end.
BEGUN, DONE, STREAMED, LONG = (
    f"responses_params.background.{name}" for name in ("begun", "done", "streamed", "long")
)
REPLAYED, CANCELLED, AFTER_CANCEL = (
    f"responses_params.stored.{name}" for name in ("replayed", "cancel", "cancelled")
)
TIERED, TIERED_DONE = "billing.flex-background", "billing.flex-background-done"
# What other areas ask anyhow is charged in plain sight, too: it costs no further request.
ELSEWHERE: Final = (
    *(Case(name, name) for name in (
        "chat.tool-stream", "responses.tools", "responses.stream.tools", "chat.choices-stream",
        "chat_params.accept.effort-low", "chat_params.accept.effort-high", "responses.reasoning",
        "responses.stream.reasoning",
        "chat_params.accept.json-schema", "chat_params.accept.high",
        "responses_params.accept.json-schema", "responses_params.accept.low", "responses_params.accept.codex",
        "authenticity.needle",
    )),
    Case("responses_params.turn.input", "responses_params.turn.input", ("responses_params.accept.null",)),
    Case("responses_params.turn.output", "responses_params.turn.output", ("responses_params.accept.agents",)),
    *(Case(name, name, per_model=False) for name in ("http.too-large", "chat_params.either.context")),
    *(Case(name, name, per_model=False) for name in (
        "chat_params.either.images", "responses_params.accept.images", "responses_params.either.file",
        "responses_params.scripted.included", "responses.stream.hosted",
    )),
    Case(BEGUN, BEGUN, per_model=False, until=(DONE,)),
    Case(STREAMED, STREAMED, per_model=False, until=(REPLAYED,)),
    Case(LONG, LONG, per_model=False, until=(CANCELLED, AFTER_CANCEL)),
    Case("flex-background", TIERED, per_model=False, depth="full", until=(TIERED_DONE,)),
    *(Case(name, name, per_model=False) for name in (
        "chat.uncut", "responses_params.uncut", "responses_params.count.echo",
    )),
    *(Case(name, name, depth="full") for name in (
        "chat.refusal-stream", "chat.filtered", "chat_params.accept.json-object", "chat_params.accept.stop",
    )),
    *(Case(name, name, per_model=False, depth="full") for name in (
        "responses_params.conversation.joined", "responses.stream.filtered", "responses.stream.refusal",
    )),
    Case("responses_params.agent.compact", "responses_params.agent.compact", depth="full"),
)  # fmt: skip


def _ended(reply: Reply) -> bool:
    """Whether work in the background is over, or cannot be asked after."""
    status = reply.json.get("status") if isinstance(reply.json, dict) else None
    return status not in ("queued", "in_progress")


TIERED_PROBES: Final = (
    _call("flex-background", sends(usage.RESPONSES, {**RESPONSE, "service_tier": "flex", "background": True, "store": True}),
          feature="billing.background-tiers", per_model=False, depth="full"),
    _call(
        "flex-background-done",
        lambda context: get(f"{usage.RESPONSES}/{in_path(context.reply(TIERED)['id'])}"),
        after=(TIERED,), feature="billing.background-tiers", per_model=False, depth="full", output_tokens=0, until=_ended,
    ),
)  # fmt: skip
_AGAIN: Final = (
    _call("long-again-stream", _long_stream, after=("usage.long",), depth="full", output_tokens=20),
    _call("long-responses-stream", _long_response_stream, after=("billing.long-responses",), depth="full", output_tokens=20),
)  # fmt: skip


def _cases() -> tuple[Case, ...]:
    own = tuple(
        Case(case_of(p.name), p.name, p.after, p.per_model, p.depth)
        for p in (*usage.USAGE, *_CALLS, *_AGAIN, usage.LONG_AGAIN)
    )
    return (*own, *ELSEWHERE)


CASES: Final = _cases()
_BY_NAME: Final = {probe.name: probe for probe in (*_CALLS, *_AGAIN)}


def _readings(case: Case) -> tuple[Probe, Probe]:
    """The balance before and after a case. Readings that a chain needs come after the chain."""
    options = {"per_model": case.per_model, "depth": case.depth}
    before, elsewhere = f"billing.before-{case.name}", case in ELSEWHERE
    return (
        reading(before, *case.after, **options),
        reading(
            f"billing.after-{case.name}", before, case.probe, *case.until,
            frames=(before, case.probe) if elsewhere else None, **options,
        ),
    )  # fmt: skip


def _sequence() -> tuple[Probe, ...]:
    """Reading, call, reading, … in the order of sending."""
    found: list[Probe] = []
    for case in CASES:
        before, after = _readings(case)
        call = _BY_NAME.get(case.probe)
        found += [before, *([call] if call else []), after]
    return tuple(found)


def _first(name: str, build: Callable[[ProbeContext], Request], **options: Any) -> Probe:
    given = {"feature": "billing", "output_tokens": 0, "per_model": False, "alone": True, "first": True, **options}  # fmt: skip
    return Probe(name, build, **given)


# How late the books are, before anything is read in them, and what the first paid call of the run costs.
BOOKS: Final = (
    _first(LAG[0], balance),
    _first(LAG[1], sends(usage.CHAT, usage.body()), after=LAG[:1], output_tokens=30),
    _first(LAG[2], balance, after=LAG[:2], settles=still, polls=MOST_POLLS),
)
SEQUENCE: Final = _sequence()
