"""Ways to read a stream: by its deltas, by its finished items, by its end. Each client takes its own.

Whoever reads in one way does not see what is wrong in the others, so each has a requirement of its own.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from conformance.clients.readers import codex
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.rule import rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import probe
from conformance.judging.substance import streamed
from conformance.responses.content import free, unbound
from conformance.responses.difference import differ
from conformance.responses.known import asked_calls, asked_text, made_calls
from conformance.responses.selectors import STREAM, Json, dicts, final_items, typed, whole
from wire.exchange import Exchange
from wire.responses import TERMINAL

Reader = Callable[[Exchange], list[Json]]
_ADDED: Final = "response.output_item.added"
_DONE: Final = "response.output_item.done"


def finished_items(x: Exchange) -> list[Json]:
    """The items of output_item.done before the end that can be used: a call is answered by its id."""
    found = []
    for _, kind, payload in typed(x):
        if kind in TERMINAL:
            break
        if kind == _DONE and not codex.event_misfit(payload):
            found += [item for item in dicts([payload.get("item")]) if _usable(item)]
    return found


def _usable(item: Json) -> bool:
    is_call = item.get("type") in ("function_call", "custom_tool_call")
    return not codex.item_misfit(item) and (not is_call or bool(item.get("call_id")))


def _dropped(run: Run, *kinds: str) -> Findings:
    """The first event of these kinds in each stream that Codex passes over, by itself or for its item."""
    for x in run.where(STREAM):
        for event, kind, payload in typed(x):
            if kind in TERMINAL:
                break
            if kind not in kinds:
                continue
            misfit, inside = codex.event_misfit(payload), ""
            # A call may begin as it likes: only its end is read.
            if not misfit and (kind == _DONE or _item(payload).get("type") == "message"):
                misfit, inside = codex.item_misfit(_item(payload)), "item."
            if misfit:
                where = f"event {event}, {inside}{misfit.path}"
                yield Finding(where, misfit.expected, show(misfit.value), event, exchange=x.id)
                break


def _item(payload: Json) -> Json:
    return next(iter(dicts([payload.get("item")])), {})


def text_of(items: list[Json]) -> str:
    parts = [
        p for item in items if item.get("type") == "message" for p in dicts(item.get("content"))
    ]
    texts = [part.get("text") for part in parts if part.get("type") == "output_text"]
    return "".join(text for text in texts if isinstance(text, str))


def shown_text(x: Exchange) -> str:
    """What a screen shows: text deltas, each while the message that it belongs to is there and open."""
    found, is_open = [], False
    for _, kind, payload in typed(x):
        if kind in TERMINAL:
            break
        if kind in {_ADDED, _DONE}:
            # Only what is a message opens one, and only its end closes it.
            item = _item(payload)
            begun = kind.endswith("added") and not codex.item_misfit(item)
            is_open = begun if item.get("type") == "message" else is_open
        elif kind == "response.output_text.delta" and is_open and not codex.event_misfit(payload):
            found.append(payload.get("delta"))
    return "".join(delta for delta in found if isinstance(delta, str))


def _completed(x: Exchange) -> bool:
    return any(kind == "response.completed" for _, kind, _ in typed(x))


def _asked(run: Run, of: Callable[[Exchange], Any]) -> Iterator[Exchange]:
    for x in run.where(STREAM):
        if of(x) and unbound(x) and free(x) and _completed(x):
            yield x


def _texts(run: Run, read: Callable[[Exchange], str]) -> Findings:
    for x in _asked(run, asked_text):
        expected, found = asked_text(x) or "", read(x)
        ways = (shown_text(x), text_of(finished_items(x)), text_of(final_items(x)))
        if found == expected:
            continue
        if run.profile.scripted or expected in ways:
            yield Finding("text", *differ(expected, found), exchange=x.id)
            continue
        # A model that says what it likes says it to every reader: two that agree are right.
        agreed = next((text for text in ways if text and ways.count(text) > 1), None)
        if agreed is None:
            yield Unsure(
                "the model did not repeat the text exactly, and no two readers got the same"
            )
        elif not found:
            yield Unsure("nothing of the text came this way, which is told of the events elsewhere")
        elif found != agreed:
            yield Finding("text", *differ(agreed, found), exchange=x.id)


def _calls(run: Run, read: Reader) -> Findings:
    for x in _asked(run, asked_calls):
        expected, found = asked_calls(x), made_calls(read(x))
        if found == expected:
            continue
        ways = [made_calls(finished_items(x)), made_calls(final_items(x))]
        if run.profile.scripted or expected in ways:
            yield Finding("calls", show(expected, 160), show(found, 160), exchange=x.id)
        else:
            yield Unsure("the model did not make the calls that it was told to make")


_PROBES: Final = ("responses.stream.echo", "responses.stream.tools")


@run_rule("responses.reader.deltas", probes=_PROBES[:1], sees=streamed)
def by_deltas(run: Run) -> Findings:
    yield from _dropped(run, _ADDED, "response.output_text.delta")
    yield from _texts(run, shown_text)


@run_rule("responses.reader.items", probes=_PROBES, sees=streamed)
def by_items(run: Run) -> Findings:
    yield from _dropped(run, _DONE)
    yield from _texts(run, lambda x: text_of(finished_items(x)))


@run_rule("responses.reader.items", probes=_PROBES, sees=streamed)
def calls_by_items(run: Run) -> Findings:
    yield from _calls(run, finished_items)


@run_rule("responses.reader.end", probes=_PROBES, sees=streamed)
def by_end(run: Run) -> Findings:
    yield from _texts(run, lambda x: text_of(final_items(x)))


@run_rule("responses.reader.end", probes=_PROBES, sees=streamed)
def calls_by_end(run: Run) -> Findings:
    yield from _calls(run, final_items)


@rule("responses.reader.events", on=probe("responses.stream.echo", "responses.stream.tools"))
def by_events(x: Exchange) -> Findings:
    """Most clients look at no header: whatever came is read as events."""
    if x.ok and not x.reply.is_stream:
        yield Finding("body", "events", show(x.reply.text[:100]))


@rule("responses.reader.ending", on=STREAM)
def by_ending(x: Exchange) -> Findings:
    if whole(x) and not any(kind in {*TERMINAL, "error"} for _, kind, _ in typed(x)):
        yield Finding("events", "a terminal event", "none of them")


# Beginning of a type -> what a reader needs to put it into its place.
_PLACES: Final = {
    "response.output_item.": ("output_index", "item"),
    "response.content_part.": ("output_index", "content_index", "part"),
    "response.output_text.": ("output_index", "content_index"),
    "response.function_call_arguments.": ("output_index",),
}


@rule("responses.reader.placed", on=STREAM)
def by_place(x: Exchange) -> Findings:
    for event, kind, payload in typed(x):
        for beginning, names in _PLACES.items():
            for name in names if kind.startswith(beginning) else ():
                if payload.get(name) is None:
                    yield Finding(f"event {event}, {name}", "a value", "none", event)


@rule("responses.reader.usage", on=STREAM)
def by_counts(x: Exchange) -> Findings:
    for event, kind, payload in typed(x):
        if kind != "response.completed":
            continue
        for misfit in (
            m for r in dicts([payload.get("response")]) for m in codex.completed_misfits(r)
        ):
            where = f"event {event}, response.{misfit.path}"
            yield Finding(where, misfit.expected, show(misfit.value), event)
