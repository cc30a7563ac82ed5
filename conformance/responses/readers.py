"""Three ways to read a stream: by its deltas, by its finished items, by its end. Clients take one each.

Whoever reads in one way does not see what is wrong in the others, so each has a requirement of its own.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from conformance.responses.content import _free as free
from conformance.responses.content import _unbound as unbound
from conformance.responses.difference import differ
from conformance.responses.kinds import STREAM, Json, dicts, final_items, typed
from conformance.responses.known import asked_calls, asked_text, made_calls
from conformance.rule import Finding, Findings, Unsure, run_rule, show
from conformance.run import Run
from wire.exchange import Exchange
from wire.responses import TERMINAL

Reader = Callable[[Exchange], list[Json]]


def finished_items(x: Exchange) -> list[Json]:
    """The items of output_item.done before the end: what comes later, nobody waits for."""
    found = []
    for _, kind, payload in typed(x):
        if kind in TERMINAL:
            break
        if kind == "response.output_item.done" and isinstance(payload.get("item"), dict):
            found.append(payload["item"])
    return found


def text_of(items: list[Json]) -> str:
    parts = [
        p for item in items if item.get("type") == "message" for p in dicts(item.get("content"))
    ]
    texts = [part.get("text") for part in parts if part.get("type") == "output_text"]
    return "".join(text for text in texts if isinstance(text, str))


def text_of_deltas(x: Exchange) -> str:
    told = (p.get("delta") for _, kind, p in typed(x) if kind == "response.output_text.delta")
    return "".join(delta for delta in told if isinstance(delta, str))


def _completed(x: Exchange) -> bool:
    return any(kind == "response.completed" for _, kind, _ in typed(x))


def _asked(run: Run, of: Callable[[Exchange], Any]) -> Iterator[Exchange]:
    for x in run.where(STREAM):
        if of(x) and unbound(x) and free(x) and _completed(x):
            yield x


def _texts(run: Run, read: Callable[[Exchange], str]) -> Findings:
    for x in _asked(run, asked_text):
        expected, found = asked_text(x) or "", read(x)
        ways = (text_of_deltas(x), text_of(finished_items(x)), text_of(final_items(x)))
        if found == expected:
            continue
        if run.profile.scripted or expected in ways:
            yield Finding("text", *differ(expected, found), exchange=x.id)
        else:
            yield Unsure("the model did not repeat the text exactly")


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


@run_rule("responses.reader.deltas", probes=_PROBES[:1])
def by_deltas(run: Run) -> Findings:
    yield from _texts(run, text_of_deltas)


@run_rule("responses.reader.items", probes=_PROBES)
def by_items(run: Run) -> Findings:
    yield from _texts(run, lambda x: text_of(finished_items(x)))
    yield from _calls(run, finished_items)


@run_rule("responses.reader.end", probes=_PROBES)
def by_end(run: Run) -> Findings:
    yield from _texts(run, lambda x: text_of(final_items(x)))
    yield from _calls(run, final_items)
