"""The order of tool calls in a chat stream: one machine a call, and its rules."""

from collections.abc import Iterator
from typing import Any

from conformance.chat.choice import choices, member
from conformance.chat.chunk import chunks
from conformance.chat.selectors import STREAM
from conformance.judging.finding import Finding, Findings
from conformance.judging.grammar import ANY, START, Grammar, Step, walk
from conformance.judging.rule import rule
from wire.chat import fold_chat
from wire.exchange import Exchange

# `head` has id, type and name, `part` some of them, `piece` none; `over`: the next call has begun.
GRAMMAR = Grammar(
    tables={
        "call": {
            START: {"head": "open"},
            "open": {"piece": "open", "over": "closed"},
            "closed": {"over": "closed"},
        }
    },
    accepting={"call": frozenset({START, "open", "closed"})},
    blame={
        ("call", ANY, ANY): "chat.tools.stream-once",
        ("call", START, ANY): "chat.tools.stream-head",
        ("call", "closed", ANY): "chat.tools.stream-in-turn",
    },
    landing={
        ("call", START, "part"): "open",
        ("call", START, "piece"): "open",
        ("call", START, "over"): "closed",
    },
)
CALLING_STREAM = STREAM.only(
    "with tool calls",
    lambda x: any(c.tool_calls for c in fold_chat(x.reply).choices.values()),
    "chat.tool-stream",
    "chat.tools-parallel-stream",
)
_SAYS = {
    "head": "id, type and name",
    "part": "a part of id, type and name",
    "piece": "a fragment without id, type and name",
    "over": "the next call",
}


def entries(x: Exchange) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """(event, choice, call) for each tool call entry with whole indexes."""
    for event, chunk in chunks(x):
        for _, choice in choices(chunk):
            calls = member(choice, "delta").get("tool_calls")
            for call in calls if isinstance(calls, list) else ():
                good = isinstance(call, dict) and type(call.get("index")) is int
                if good and type(choice.get("index")) is int:
                    yield event, choice["index"], call


def steps(x: Exchange) -> Iterator[Step]:
    last: dict[int, int] = {}
    for event, choice, call in entries(x):
        index = call["index"]
        if choice in last and index > last[choice]:
            yield Step("call", (choice, last[choice]), "over", event)
        last[choice] = max(index, last.get(choice, index))
        yield Step("call", (choice, index), _symbol(call), event)


def _symbol(call: dict[str, Any]) -> str:
    bodies = [member(call, kind) for kind in ("function", "custom")]
    given = ("id" in call) + ("type" in call) + any("name" in body for body in bodies)
    return "head" if given == 3 else "part" if given else "piece"


@rule(
    "chat.tools.stream-head",
    "chat.tools.stream-once",
    "chat.tools.stream-in-turn",
    on=CALLING_STREAM,
)
def calls_in_order(x: Exchange) -> Findings:
    for said in walk(GRAMMAR, steps(x)):
        choice, index = said.key if isinstance(said.key, tuple) else (0, 0)
        where = f"event {said.event}, choices[{choice}].delta.tool_calls[{index}]"
        expected = " or ".join(_SAYS[symbol] for symbol in said.allowed if symbol != "over")
        found = _SAYS[said.symbol]
        yield Finding(where, expected or "no more of it", found, said.event, said.requirement)


@rule("chat.tools.stream-index", on=CALLING_STREAM)
def index_grows(x: Exchange) -> Findings:
    seen: dict[int, int] = {}
    for event, choice, call in entries(x):
        count = seen.get(choice, 0)
        if call["index"] > count or call["index"] < 0:
            where = f"event {event}, choice {choice}, tool_calls[].index"
            yield Finding(where, f"at most {count}", str(call["index"]), event)
        seen[choice] = max(count, call["index"] + 1)
