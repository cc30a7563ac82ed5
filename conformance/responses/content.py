"""The content oracle: what the model was told to say is what arrives, streamed or not."""

import unicodedata
from typing import Any, Final

from conformance.judging.damage import near
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.rule import run_rule
from conformance.judging.run import Run
from conformance.judging.selector import Selector
from conformance.judging.substance import streamed, succeeded
from conformance.judging.typed_call import exact, rewritten
from conformance.responses.difference import differ
from conformance.responses.known import Call, asked_calls, asked_text, made_calls
from conformance.responses.lifecycle import CHANGING
from conformance.responses.selectors import CREATED, PLAIN, STREAM, Json, final, final_items, typed
from schemas.loader import load
from wire.exchange import Exchange, Invalid
from wire.responses import output_text

ENOUGH: Final = 4
"""So many answers to different requests must be one text before a model is taken to know no other."""
_TWINS: Final = (
    ("responses.echo", "responses.stream.echo"),
    ("responses.tools", "responses.stream.tools"),
    ("responses.reasoning", "responses.stream.reasoning"),
    ("responses.cut", "responses.stream.cut"),
    ("responses.refusal", "responses.stream.refusal"),
    ("responses.failed", "responses.stream.failed"),
)


def unbound(x: Exchange) -> bool:
    """Whether nothing else in the request shapes the answer."""
    others = {"text", "previous_response_id", "conversation", "prompt"}
    return not others & set(x.request.params)


def _told(x: Exchange) -> dict[str, str]:
    """The answer's text as each kind of client reads it, unless it ended early."""
    found = final(x)
    if found is None or found[2].get("status") != "completed":
        return {}
    read = {"output": output_text(found[2])}
    if x.reply.is_stream:
        deltas = [p.get("delta") for _, kind, p in typed(x) if kind == "response.output_text.delta"]
        read["deltas"] = "".join(delta for delta in deltas if isinstance(delta, str))
    return read


def _begun(x: Exchange) -> str | None:
    """The text of a stream that broke off, as far as it came."""
    found = final(x)
    if not x.reply.is_stream or (found is not None and found[2].get("status") == "completed"):
        return None
    deltas = [p.get("delta") for _, kind, p in typed(x) if kind == "response.output_text.delta"]
    return "".join(delta for delta in deltas if isinstance(delta, str))


def _echoes(run: Run, selector: Selector) -> Findings:
    echoing = [x for x in run.where(CREATED) if asked_text(x) is not None and unbound(x)]
    # A model that repeated the text once can do it: then another answer was changed on its way.
    able = {asked_text(x) for x in echoing if asked_text(x) in _told(x).values()}
    if not able and not any(_told(x) for x in echoing if selector.matches(x)):
        yield Unsure("no answer came to its end, so that none is the whole text")
    for x in echoing:
        expected = asked_text(x) or ""
        begun = _begun(x) if selector.matches(x) and run.profile.scripted else None
        if begun is not None and not expected.startswith(begun):
            yield Finding("deltas", *differ(expected, begun), exchange=x.id)
        for name, found in _told(x).items() if selector.matches(x) else ():
            if found == expected:
                continue
            damaged = expected in able and (not found or near(found, expected))
            if run.profile.scripted or damaged or _changed(expected, found):
                yield Finding(name, *differ(expected, found), exchange=x.id)
            else:
                yield Unsure("the model did not repeat the text exactly")


def _changed(expected: str, found: str) -> bool:
    """Whether it is the same text but for its encoding: no model does that.

    A model that says what it likes may say a part of a character, too.
    """
    broken = "\ufffd" in found or any("\ud800" <= c <= "\udfff" for c in found)
    return (broken and near(found, expected)) or unicodedata.normalize(
        "NFC", expected
    ) == unicodedata.normalize("NFC", found)


@run_rule("responses.echo", probes=("responses.echo",), sees=succeeded)
def echo(run: Run) -> Findings:
    yield from _echoes(run, PLAIN)


@run_rule("responses.stream.echo", probes=("responses.stream.echo",), sees=streamed)
def stream_echo(run: Run) -> Findings:
    yield from _echoes(run, STREAM)


def _calls(run: Run, selector: Selector) -> Findings:
    told = [x for x in run.where(CREATED) if asked_calls(x) and unbound(x)]
    able = any(exact(made_calls(final_items(x))) == exact(asked_calls(x)) for x in told)
    if not able and not any(_told(x) and free(x) for x in told if selector.matches(x)):
        yield Unsure("no answer came to its end, so that none has all calls")
    for x in told:
        if not selector.matches(x) or not _told(x) or not free(x):
            continue
        expected, found = asked_calls(x), made_calls(final_items(x))
        if exact(found) == exact(expected):
            continue
        broken = any(isinstance(call.arguments, Invalid) for call in found)
        spoilt = any(
            rewritten(a.arguments, b.arguments) for a, b in zip(expected, found, strict=False)
        )
        if run.profile.scripted or able or broken or spoilt:
            yield Finding("output", _listed(expected), _listed(found), exchange=x.id)
        else:
            yield Unsure("the model did not make the calls that it was told to make")


def free(x: Exchange) -> bool:
    params = x.request.params
    return params.get("tool_choice") in (None, "auto") if _hashable(params) else False


def _hashable(params: dict[str, Any]) -> bool:
    return not isinstance(params.get("tool_choice"), dict | list)


def _listed(calls: list[Call]) -> str:
    return show([[call.name, call.arguments] for call in calls], 700)


@run_rule("responses.arguments-asked", probes=("responses.tools",), sees=succeeded)
def plain_calls(run: Run) -> Findings:
    yield from _calls(run, PLAIN)


@run_rule("responses.stream.arguments-asked", probes=("responses.stream.tools",), sees=streamed)
def stream_calls(run: Run) -> Findings:
    yield from _calls(run, STREAM)


_KNOWN: Final = frozenset(load("responses/response")["properties"])
_OWN: Final = frozenset({"id", "call_id", "encrypted_content"})
# Members of a response that say when and how it came, not what it is.
_OF_THE_TELLING: Final = (CHANGING | {"created_at", "billing", "background"}) - {
    "status", "error", "incomplete_details", "model",
}  # fmt: skip


def _items(response: Json) -> list[Any]:
    output = response.get("output")
    return [_plainly(item) for item in output] if isinstance(output, list) else [output]


def _plainly(value: Any) -> Any:
    """A value without what is new in every answer."""
    if isinstance(value, dict):
        return {key: _plainly(inner) for key, inner in value.items() if key not in _OWN}
    return [_plainly(inner) for inner in value] if isinstance(value, list) else value


@run_rule(
    "responses.stream.same-as-plain",
    probes=("responses.echo", "responses.stream.echo"),
    sees=streamed,
)
def same_as_plain(run: Run) -> Findings:
    for plain, stream in _TWINS:
        pair = [x for name in (plain, stream) for x in run.all(name)[:1] if x.ok and final(x)]
        if len(pair) == 2:
            yield from _compared(run, *pair)


def _compared(run: Run, plain: Exchange, streamed: Exchange) -> Findings:
    one, two = final(plain), final(streamed)
    if one is None or two is None:
        return
    if _items(one[2]) != _items(two[2]):
        texts = output_text(one[2]), output_text(two[2])
        repeats = run.profile.scripted or _fixed(run) == texts[0]
        if not repeats and texts[0] != texts[1]:
            yield Unsure("the model answered the two requests differently")
        elif texts[0] != texts[1] or run.profile.scripted or _messages(one[2]) != _messages(two[2]):
            told = (
                differ(*texts) if texts[0] != texts[1] else _first(_items(one[2]), _items(two[2]))
            )
            yield Finding("output", *told, two[0], exchange=streamed.id)
    # What only one vendor has, it may tell where it likes.
    for name in sorted(((one[2].keys() | two[2].keys()) & _KNOWN) - _OF_THE_TELLING):
        if one[2].get(name) != two[2].get(name) and run.profile.scripted:
            told = show(one[2].get(name)), show(two[2].get(name))
            yield Finding(f"response.{name}", *told, two[0], exchange=streamed.id)


def _fixed(run: Run) -> str:
    """What a model says to everything, when it does: then it says the same in a stream."""
    plain = (final(x) for x in run.where(CREATED) if not x.reply.is_stream)
    texts = [
        output_text(found[2]) for found in plain if found and found[2].get("status") == "completed"
    ]
    said = [text for text in texts if text]
    return said[0] if len(said) >= ENOUGH and len(set(said)) == 1 else ""


def _messages(response: Json) -> list[Any]:
    return [
        item
        for item in _items(response)
        if isinstance(item, dict) and item.get("type") == "message"
    ]


def _first(one: list[Any], two: list[Any]) -> tuple[str, str]:
    """The first items that differ."""
    for a, b in zip(one, two, strict=False):
        if a != b:
            return show(a, 160), show(b, 160)
    return f"{len(one)} items", f"{len(two)} items"
