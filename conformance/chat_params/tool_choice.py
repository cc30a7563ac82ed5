"""tool_choice and parallel_tool_calls: which tools are called, and how many."""

from typing import Any, Final

from conformance.chat.choice import ToolCall, choices_of
from conformance.chat.prompts import calls_asked
from conformance.chat_params.request import HELLO, VALID, asking
from conformance.chat_params.selectors import SUCCESS
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.rule import rule
from conformance.judging.selector import Selector
from conformance.running.probe import Probe
from wire.exchange import Exchange

# A function without parameters takes none.
PING: Final = {"type": "function", "function": {"name": "ping", "description": "Takes nothing."}}
NOTE: Final = {
    "type": "function",
    "function": {
        "name": "note",
        "description": "Writes a note down.",
        "parameters": {
            "type": "object",
            "properties": {"text": {"type": "string"}},
            "required": ["text"],
        },
    },
}
# As long as a name may be, with all that it may hold.
LONG: Final = {"type": "function", "function": {"name": "Note_down-2".ljust(64, "x")}}
SCRIBE: Final = {"type": "custom", "custom": {"name": "scribe", "description": "Takes any text."}}
_PING: Final = {"type": "function", "function": {"name": "ping"}}
_NOTE: Final = {"type": "function", "function": {"name": "note"}}
_CALL_PING: Final = "Call the tool ping."
_CALL_BOTH: Final = (
    'Call the tool ping and Call the tool note with arguments {"text": "a"} at once.'
)
_CALL_TWICE: Final = (
    'Call the tool ping. Call the tool note with arguments {"text": "a"}. '
    'Call the tool note with arguments {"text": "b"}. Make all three calls at once.'
)
# Each prompt asks for something else than the choice allows, so that an ignored choice shows.
_PLANS: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    ("none", _CALL_PING, {"tools": [PING, LONG], "tool_choice": "none"}),
    ("required", HELLO, {"tools": [PING], "tool_choice": "required"}),
    ("required-stream", HELLO, {"tools": [PING], "tool_choice": "required", "stream": True}),
    (
        "named",
        _CALL_TWICE,
        {"tools": [PING, NOTE], "tool_choice": _NOTE, "parallel_tool_calls": False},
    ),
    ("named-stream", _CALL_PING, {"tools": [PING, NOTE], "tool_choice": _NOTE, "stream": True}),
    (
        "allowed",
        _CALL_PING,
        {
            "tools": [PING, NOTE],
            "tool_choice": {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "required", "tools": [_NOTE]},
            },
        },
    ),
    (
        "one-stream",
        _CALL_BOTH,
        {
            "tools": [PING, NOTE],
            "tool_choice": "auto",
            "parallel_tool_calls": False,
            "stream": True,
        },
    ),
)
_CHOSEN: Final = {"type": "custom", "custom": {"name": "scribe"}}
PROBES: Final = (
    *(
        Probe(f"{VALID}tools-{name}", asking(text, **body), feature="chat.tools.choice")
        for name, text, body in _PLANS
    ),
    Probe(
        f"{VALID}tools-custom",
        asking(HELLO, tools=[PING, SCRIBE], tool_choice=_CHOSEN),
        feature="chat.custom-tools",
    ),
)


def choice_of(x: Exchange) -> Any:
    return x.request.params.get("tool_choice")


def _kind(x: Exchange) -> str:
    """none, auto, required, function, custom or allowed_tools."""
    choice = choice_of(x)
    kind = choice.get("type") if isinstance(choice, dict) else choice
    return kind if isinstance(kind, str) else ""


def _chosen(kind: str, *probes: str) -> Selector:
    asked = SUCCESS.only("with tools", lambda x: bool(x.request.params.get("tools")))
    return asked.only(f"and tool_choice {kind}", lambda x: _kind(x) == kind, *probes)


_CUT: Final = ("length", "content_filter")
_UNTOLD: Final = "the answer was cut before a call"


def calls(x: Exchange) -> list[ToolCall]:
    return [call for choice in choices_of(x) for call in choice.calls]


def names_of(x: Exchange) -> list[Any]:
    return [call.name for call in calls(x)]


@rule("chat.param.tool-choice.none", on=_chosen("none", f"{VALID}tools-none"))
def none(x: Exchange) -> Findings:
    for call in calls(x):
        yield Finding(call.where, "no call with tool_choice none", f"a call to {show(call.name)}")


@rule("chat.param.tool-choice.required", on=_chosen("required", f"{VALID}tools-required*"))
def required(x: Exchange) -> Findings:
    for choice in choices_of(x):
        if not choice.calls and choice.finish_reason in _CUT:
            yield Unsure(_UNTOLD)
        elif not choice.calls:
            yield Finding(choice.where, "at least one tool call", show(choice.content, 60))


def _named(x: Exchange, kind: str) -> Findings:
    inner = choice_of(x).get(kind)
    wanted = inner.get("name") if isinstance(inner, dict) else None
    for choice in choices_of(x):
        if choice.finish_reason in _CUT:
            if not choice.calls:
                yield Unsure(_UNTOLD)
            continue
        if not any(call.name == wanted for call in choice.calls):
            found = show([call.name for call in choice.calls]) if choice.calls else "no call"
            yield Finding(choice.where, f"a call to {show(wanted)}", found)
        for call in choice.calls:
            if call.name != wanted:
                yield Finding(call.where, f"calls to {show(wanted)} only", show(call.name))


@rule("chat.param.tool-choice.named", on=_chosen("function", f"{VALID}tools-named*"))
def named(x: Exchange) -> Findings:
    yield from _named(x, "function")


@rule("chat.param.tool-choice.custom", on=_chosen("custom", f"{VALID}tools-custom"))
def custom(x: Exchange) -> Findings:
    yield from _named(x, "custom")


@rule("chat.param.tool-choice.allowed", on=_chosen("allowed_tools", f"{VALID}tools-allowed"))
def allowed(x: Exchange) -> Findings:
    inner = choice_of(x).get("allowed_tools")
    inner = inner if isinstance(inner, dict) else {}
    tools = inner.get("tools")
    named = [
        tool.get(str(tool.get("type")))
        for tool in (tools if isinstance(tools, list) else [])
        if isinstance(tool, dict)
    ]
    offered = [tool.get("name") for tool in named if isinstance(tool, dict)]
    for call in calls(x):
        if call.name not in offered:
            yield Finding(call.where, f"calls to {show(offered)} only", show(call.name))
    if inner.get("mode") == "required" and not calls(x):
        if any(choice.finish_reason in _CUT for choice in choices_of(x)):
            yield Unsure(_UNTOLD)
        else:
            yield Finding("choices", "at least one tool call", "none")


@rule(
    "chat.param.parallel-tool-calls.off",
    on=SUCCESS.only(
        "with parallel_tool_calls false",
        lambda x: x.request.params.get("parallel_tool_calls") is False and bool(calls(x)),
        f"{VALID}tools-one-stream",
        f"{VALID}tools-named",
    ),
)
def one_at_a_time(x: Exchange) -> Findings:
    for choice in choices_of(x):
        if len(choice.calls) > 1:
            found = show([call.name for call in choice.calls])
            yield Finding(choice.where, "at most one tool call", found)


@rule(
    "chat.param.tool-choice.auto",
    on=_chosen("auto", f"{VALID}tools-one-stream").only(
        "and a call ordered", lambda x: bool(calls_asked(x)), f"{VALID}tools-one-stream"
    ),
)
def auto(x: Exchange) -> Findings:
    """Only of a model that always obeys; others may prefer to speak."""
    if not calls(x):
        yield Finding("choices", "the call that was ordered", "no call")
