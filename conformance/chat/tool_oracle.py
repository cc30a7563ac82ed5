"""The oracle of tool calls: rules that know which calls were ordered, and what a tool said."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from conformance.chat.choice import ToolCall, choices_of, intact
from conformance.chat.probes_tools import NEEDLE
from conformance.chat.prompts import CallAsked, calls_asked
from conformance.chat.selectors import SUCCESS
from conformance.chat.stream import ends_by_itself
from conformance.chat.tools import ORDERED, PROBES, choice_asked, tools
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.rule import run_rule
from conformance.judging.run import Run
from conformance.judging.substance import succeeded
from conformance.judging.typed_call import exact, rewritten
from wire.exchange import Exchange, parse_json


def _made(call: ToolCall) -> Any:
    """What a call passes on: a JSON value for functions, a text for custom tools."""
    if call.kind == "custom" or not isinstance(call.text, str):
        return call.text
    return parse_json(call.text)


def _compared(run: Run, x: Exchange, kind: str) -> Iterator[tuple[str, Finding | Unsure]]:
    """What is wrong with the calls of an answer, as `order` or `arguments`.

    Only a model that always obeys is blamed for another call than the one it was told.
    """
    wanted = [c for c in calls_asked(x) if c.kind == kind]
    if not wanted or choice_asked(x) == "none":
        return
    if not (choices_of(x) and intact(x) and ends_by_itself(x)):
        yield "order", Unsure("the answer cannot be read")
        return
    for choice in choices_of(x):
        made = [(call.name, _made(call)) for call in choice.calls]
        told = [(order.name, order.wanted) for order in wanted]
        if exact(made) == exact(told):
            continue
        pairs = zip(choice.calls, wanted, strict=False)
        spoilt = [(c, o) for c, o in pairs if rewritten(o.wanted, _made(c))]
        if spoilt and not run.profile.scripted:
            for call, order in spoilt:
                expected, found = f"{order.name} {show(order.wanted, 300)}", show(call.text, 300)
                yield "arguments", Finding(call.where, expected, found, exchange=x.id)
        elif not run.profile.scripted:
            yield "order", Unsure("the model did not call as told")
        elif len(made) != len(told) or sorted(map(repr, made)) == sorted(map(repr, told)):
            where = f"{choice.where}, tool_calls"
            yield "order", Finding(where, show(told), show(made), exchange=x.id)
        else:
            for call, order in zip(choice.calls, wanted, strict=True):
                if not _kept(call, order, x):
                    expected = f"{order.name} {show(order.wanted)}"
                    found = f"{show(call.name)} {show(call.text)}"
                    yield "arguments", Finding(call.where, expected, found, exchange=x.id)


def _kept(call: ToolCall, order: CallAsked, x: Exchange) -> bool:
    """Whether a call is the ordered one. Names that were not offered are judged by themselves."""
    named = call.name == order.name or not (isinstance(call.name, str) and call.name in tools(x))
    return named and (exact(_made(call)) == exact(order.wanted) or not isinstance(call.text, str))


@run_rule("chat.tools.order", "chat.tools.arguments", probes=PROBES, sees=succeeded)
def functions(run: Run) -> Findings:
    for x in run.where(ORDERED):
        for what, found in _compared(run, x, "function"):
            if isinstance(found, Unsure):
                yield replace(found, requirement="chat.tools.order")
                yield replace(found, requirement="chat.tools.arguments")
            else:
                yield replace(found, requirement=f"chat.tools.{what}")


@run_rule(
    "chat.tools.custom", probes=("chat.custom-tool", "chat.custom-tool-stream"), sees=succeeded
)
def custom(run: Run) -> Findings:
    for x in run.where(ORDERED):
        for _, found in _compared(run, x, "custom"):
            yield found


@run_rule("chat.answer.exact-text", probes=("chat.tool", "chat.tool-result"), sees=succeeded)
def beside_calls(run: Run) -> Findings:
    """A model that always obeys says nothing beside a call, and only the result after it."""
    for x in run.where(SUCCESS) if run.profile.scripted else ():
        wanted = "" if ORDERED.matches(x) else _told(x)
        for choice in choices_of(x) if wanted is not None and intact(x) else ():
            if isinstance(choice.content, str) and choice.content != wanted and ends_by_itself(x):
                where = f"{choice.where}, content"
                yield Finding(where, show(wanted), show(choice.content), exchange=x.id)
    if not run.profile.scripted:
        yield Unsure("the model may say what it likes beside a call")


def _told(x: Exchange) -> str | None:
    messages = x.request.params.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    output = last.get("content") if isinstance(last, dict) and last.get("role") == "tool" else None
    return f"The tool said: {output}" if isinstance(output, str) else None


@run_rule("chat.tools.result", probes=("chat.tool-result",), sees=succeeded)
def result(run: Run) -> Findings:
    x = run.one("chat.tool-result")
    heard = [c.content for c in choices_of(x) if isinstance(c.content, str)]
    if x.ok and any(NEEDLE in text for text in heard):
        return
    if heard and run.profile.scripted:
        yield Finding("choices[0].message.content", show(NEEDLE), show(heard[0]), exchange=x.id)
    else:
        yield Unsure("the model did not repeat the tool's result")
