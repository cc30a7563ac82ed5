"""Every text is told up to five times; its copies must agree. So must the items that hold them."""

from collections.abc import Iterator
from typing import Any, Final

from conformance.judging.finding import Finding, Findings
from conformance.judging.rule import rule
from conformance.responses.difference import differ, told
from conformance.responses.selectors import (
    dicts,
    stream_with,
)
from wire.exchange import Exchange
from wire.items import Item, Text
from wire.responses import fold_responses

# Channel -> the requirement that owns the agreement of its copies.
OWNERS: Final = {
    "response.output_text": "",
    "response.refusal": "responses.stream.refusal",
    "response.reasoning_text": "",
    "response.reasoning_summary_text": "responses.stream.summary-text",
    "response.function_call_arguments": "responses.stream.arguments",
    "response.custom_tool_call_input": "responses.stream.custom-input",
    "response.mcp_call_arguments": "responses.stream.hosted-text",
    "response.code_interpreter_call_code": "responses.stream.hosted-text",
    "response.shell_call_command": "responses.stream.hosted-text",
}


def texts(x: Exchange, owner: str) -> Iterator[tuple[str, Item, Text]]:
    """(where, item, text) of the texts whose agreement a requirement owns."""
    for item, text in fold_responses(x.reply).texts():
        if OWNERS[text.channel.event] == owner:
            where = f"output[{item.index}]"
            yield f"{where}, {text.channel.event}[{text.index}]", item, text


def _deltas(where: str, text: Text) -> Findings:
    if text.done is None:
        return
    joined = "".join(text.deltas)
    if joined != text.done:
        expected, found = differ(text.done, joined)
        yield Finding(f"{where}, deltas", expected, found)


def _later(where: str, item: Item, text: Text) -> Findings:
    """The part, the item and the final response against the done event."""
    copies = item.copies(text)
    reference = text.done if text.done is not None else copies.deltas
    for name in ("part", "item", "final"):
        copy = getattr(copies, name)
        if copy is not None and copy != reference and reference is not None:
            expected, found = differ(reference, copy)
            yield Finding(f"{where}, {name}", expected, found)


@rule(
    "responses.stream.deltas-whole",
    on=stream_with("response.output_text.", "response.reasoning_text."),
)
def deltas_whole(x: Exchange) -> Findings:
    for where, _, text in texts(x, ""):
        yield from _deltas(where, text)


def _agree(requirement: str, *beginnings: str) -> Any:
    """A rule for texts whose copies all have one owner."""

    def check(x: Exchange) -> Findings:
        for where, item, text in texts(x, requirement):
            yield from _deltas(where, text)
            yield from _later(where, item, text)

    return rule(requirement, on=stream_with(*beginnings))(check)


AGREEMENTS: Final = tuple(
    _agree(owner, *(f"{event}." for event, name in OWNERS.items() if name == owner))
    for owner in dict.fromkeys(OWNERS.values())
    if owner
)


@rule("responses.stream.part-text", on=stream_with("response.content_part.done"))
def part_text(x: Exchange) -> Findings:
    for where, item, text in texts(x, ""):
        part = item.copies(text).part
        if part is not None and text.done is not None and part != text.done:
            expected, found = differ(text.done, part)
            yield Finding(f"{where}, part", expected, found)


# Fields of an item that texts stream into, with the channel that must have brought them.
_STREAMED: Final = {
    "function_call": (
        "arguments",
        "response.function_call_arguments",
        "responses.stream.arguments",
    ),
    "custom_tool_call": (
        "input",
        "response.custom_tool_call_input",
        "responses.stream.custom-input",
    ),
    "mcp_call": ("arguments", "response.mcp_call_arguments", "responses.stream.hosted-text"),
    "code_interpreter_call": (
        "code",
        "response.code_interpreter_call_code",
        "responses.stream.hosted-text",
    ),
}


def _unstreamed(requirement: str, kinds: tuple[str, ...]) -> Any:
    """A rule that a finished text of an item did stream."""

    def check(x: Exchange) -> Findings:
        for item in fold_responses(x.reply).items.values():
            field, channel, owner = _STREAMED.get(str(item.type), ("", "", ""))
            if owner != requirement or item.done is None or not item.done.get(field):
                continue
            if (channel, 0) not in item.texts:
                yield Finding(f"output[{item.index}]", f"{channel}.delta and .done", "none of them")

    def matches(x: Exchange) -> bool:
        return any(item.type in kinds for item in fold_responses(x.reply).items.values())

    on = stream_with("response.output_item.done").only(
        f"of {' or '.join(kinds)}", matches, _PROBES[requirement]
    )
    return rule(requirement, on=on)(check)


_PROBES: Final = {
    "responses.stream.arguments": "responses.stream.tools",
    "responses.stream.custom-input": "responses.stream.custom",
    "responses.stream.hosted-text": "responses.stream.hosted",
}
UNSTREAMED: Final = tuple(
    _unstreamed(name, tuple(k for k, row in _STREAMED.items() if row[2] == name))
    for name in _PROBES
)


# A list of an item -> the requirement that owns the agreement of its parts with what streamed.
_LISTS: Final = {
    "content": "responses.stream.item-text",
    "summary": "responses.stream.summary-text",
}


def _has_list(x: Exchange, requirement: str) -> bool:
    """Whether an item has parts of the list that a row speaks of, or some of them streamed."""
    name = next(name for name, owner in _LISTS.items() if owner == requirement)
    return any(
        bool(item.done and item.done.get(name)) or any(place == name for place, _ in item.parts)
        for item in fold_responses(x.reply).items.values()
    )


@rule(
    "responses.stream.item-text",
    "responses.stream.summary-text",
    on=stream_with("response.output_item.done"),
    sees=_has_list,
)
def item_text(x: Exchange) -> Findings:
    for item in fold_responses(x.reply).items.values():
        for name, owner in _LISTS.items():
            yield from _parts_of(item, name, owner)


def _parts_of(item: Item, name: str, owner: str) -> Findings:
    if item.done is None or not isinstance(item.done.get(name) or [], list):
        return
    parts = dicts(item.done.get(name))
    streamed = {n: part for (place_, n), part in item.parts.items() if place_ == name}
    where = f"output[{item.index}], {name}"
    if len(parts) != len(streamed):
        yield Finding(
            where, f"the {len(streamed)} parts that streamed", str(len(parts)), None, owner
        )
    for n, part in enumerate(parts):
        done = streamed[n].done if n in streamed else None
        if done is None:
            continue
        for field in sorted((done.keys() | part.keys()) - {"logprobs"}):
            # Real streams leave the logprobs out of the part's done event.
            if done.get(field) != part.get(field):
                both = told(done.get(field), part.get(field))
                yield Finding(f"{where}[{n}].{field}", *both, None, owner)
