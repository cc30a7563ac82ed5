"""Work in the background: begun at once, found later, resumed, cancelled."""

from typing import Any, Final

from conformance.judging.answer import status_line
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.refusal import unjudged
from conformance.judging.rule import rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import ok_probe, probe
from conformance.responses.selectors import number, typed
from conformance.responses_params.accepted import NULL_PROBE
from conformance.responses_params.conversation import id_of
from conformance.responses_params.request import PATH
from conformance.responses_params.selectors import text_of
from conformance.responses_params.stored import about, has_no_store
from conformance.running.probe import Probe, ProbeContext, get, in_path, post
from wire.exchange import Exchange, Reply, Request

_BACK: Final = "responses_params.background."
_COUNT: Final = "Count from 1 to 5"
_RESUMED_AFTER: Final = 3
_UNFINISHED: Final = ("queued", "in_progress")


def _status(reply: Reply) -> Any:
    return reply.json.get("status") if isinstance(reply.json, dict) else None


def _plan(name: str, text: str, tokens: int, **body: Any) -> Probe:
    def build(context: ProbeContext) -> Request:
        slow = "[[pace 50]] " if context.profile.scripted and "200" in text else ""
        said = {"model": context.model, "input": slow + text, "background": True, "store": True}
        return post(PATH, {**said, **body})

    return Probe(_BACK + name, build, feature="responses.background", per_model=False,
                 output_tokens=tokens)  # fmt: skip


BEGUN: Final = _plan("begun", _COUNT, 20)
LONG: Final = _plan("long", "Count from 1 to 200", 400)
STREAMED: Final = _plan("streamed", _COUNT, 20, stream=True)
DONE: Final = Probe(
    f"{_BACK}done",
    lambda context: get(f"{PATH}/{in_path(id_of(context, BEGUN.name))}"),
    after=(BEGUN.name,),
    feature="responses.background",
    per_model=False,
    output_tokens=0,
    until=lambda reply: _status(reply) not in _UNFINISHED,
)
CANCELLED: Final = about("cancel", LONG, "/cancel", method="POST", feature="responses.background")
AFTER_CANCEL: Final = about("cancelled", LONG, after=(CANCELLED,), feature="responses.background")
CANCEL_PLAIN: Final = about(
    "cancel-plain", NULL_PROBE, "/cancel", method="POST", feature="responses.background"
)
RESUMED: Final = about(
    "resumed",
    STREAMED,
    f"?stream=true&starting_after={_RESUMED_AFTER}",
    feature="responses.background",
)
REPLAYED: Final = about("replayed", STREAMED, "?stream=true", feature="responses.background")


@rule("responses.background.at-once", on=ok_probe(BEGUN.name, LONG.name))
def at_once(x: Exchange) -> Findings:
    if _status(x.reply) not in _UNFINISHED:
        yield Finding("status", "queued or in_progress", show(_status(x.reply)))


@rule("responses.background.accepted", on=probe(BEGUN.name, LONG.name, STREAMED.name))
def accepted(x: Exchange) -> Findings:
    if not x.ok and not unjudged(x):
        yield Finding("status", "200 with background true", status_line(x))


@rule("responses.background.completes", on=probe(DONE.name))
def completes(x: Exchange) -> Findings:
    if not x.ok:
        yield Finding("status", "200 for a response in the background", status_line(x))
    elif _status(x.reply) != "completed":
        yield Finding("status", '"completed" in the end', show(_status(x.reply)))
    elif not text_of(x):
        yield Finding("output", "the text that was asked for", show(x.reply.json, 80))


# What the work changes; all else stands as it was answered at first.
_WORKED: Final = {
    "status", "output", "usage", "completed_at", "error", "incomplete_details", "service_tier",
    "tool_usage", "billing", "output_text",
}  # fmt: skip


_VIEWS: Final = ((BEGUN, DONE), (LONG, CANCELLED), (LONG, AFTER_CANCEL))


@run_rule("responses.background.same", probes=(BEGUN.name, DONE.name))
def same(run: Run) -> Findings:
    for made, read in _VIEWS:
        for begun, x in zip(run.all(made.name), run.all(read.name), strict=False):
            yield from _settings(begun, x)
    x = run.one(DONE.name)
    text = text_of(x)
    if text.startswith("1 2") and text.strip().rstrip(".") != "1 2 3 4 5":
        yield Finding("output", '"1 2 3 4 5"', show(text, 60), exchange=x.id)


def _settings(made: Exchange, x: Exchange) -> Findings:
    """What stands in both views of a response that is worked on between them."""
    begun, now = made.reply.json, x.reply.json
    if not x.ok or not isinstance(begun, dict) or not isinstance(now, dict):
        yield Unsure(f"there is nothing to compare: {status_line(x)}", lacking=has_no_store(x))
        return
    for name in begun.keys() - _WORKED:
        if begun[name] != now.get(name):
            yield Finding(name, show(begun[name], 60), show(now.get(name), 60), exchange=x.id)


@rule("responses.background.cancelled", on=probe(CANCELLED.name, AFTER_CANCEL.name))
def cancelled(x: Exchange) -> Findings:
    status = _status(x.reply)
    if not x.ok:
        yield Finding("status", "200 for a response in the background", status_line(x))
    elif status == "completed":
        yield Unsure("the work was done before it could be cancelled")
    elif status != "cancelled":
        yield Finding("status", '"cancelled"', show(status))
    elif "output_text" in x.reply.text and text_of(x).rstrip().endswith("200"):
        yield Finding("output", "no more than was done till then", show(text_of(x)[-40:]))


@rule("responses.background.cancel-plain", on=probe(CANCEL_PLAIN.name))
def cancel_plain(x: Exchange) -> Findings:
    if x.reply.status != 400 and not unjudged(x):
        yield Finding("status", "400: it did not run in the background", status_line(x))


def _numbers(x: Exchange) -> list[int | None]:
    return [number(payload, "sequence_number") for _, _, payload in typed(x)]


@rule("responses.background.resumed", on=probe(RESUMED.name))
def resumed(x: Exchange) -> Findings:
    """What is left, from the very next event on."""
    if not x.ok:
        yield Finding("status", "200", status_line(x))
        return
    if not x.reply.is_stream:
        yield Finding("body", "an event stream", show(x.reply.text, 60))
        return
    numbers = _numbers(x)
    expected = list(range(_RESUMED_AFTER + 1, _RESUMED_AFTER + 1 + len(numbers)))
    if not numbers or numbers != expected:
        wanted = f"{_RESUMED_AFTER + 1}, {_RESUMED_AFTER + 2} and so on"
        yield Finding("sequence_number", wanted, show(numbers, 60))
    elif not any(kind == "response.completed" for _, kind, _ in typed(x)):
        yield Finding(
            "events", "response.completed at the end", show([k for _, k, _ in typed(x)][-3:])
        )


@rule("responses.background.replayed", on=probe(REPLAYED.name))
def replayed(x: Exchange) -> Findings:
    if not x.ok:
        yield Finding("status", "200", status_line(x))
    elif not x.reply.is_stream:
        yield Finding("body", "an event stream", show(x.reply.text, 60))
    elif _numbers(x)[:1] != [0]:
        yield Finding("sequence_number", "0, 1, 2 and so on", show(_numbers(x), 60))
