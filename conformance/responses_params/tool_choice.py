"""tool_choice and parallel_tool_calls: which tools are called, and how many."""

from typing import Any, Final

from conformance.judging.finding import ABSENT, Finding, Findings, Unsure, show
from conformance.judging.rule import rule
from conformance.judging.selector import Selector
from conformance.responses.selectors import Json, dicts, tools_of
from conformance.responses_params.clients import CONTINUE
from conformance.responses_params.request import HELLO, VALID, asking, function
from conformance.responses_params.selectors import (
    ANSWERED,
    SUCCESS,
    calls_of,
    response_of,
    status_of,
    text_of,
)
from conformance.running.probe import Probe
from wire.exchange import Exchange

# A function without parameters takes none.
PING: Final = {"type": "function", "name": "ping", "description": "Takes nothing.",
               "parameters": None, "strict": None}  # fmt: skip
NOTE: Final = function("note", text="string")
SCRIBE: Final = {"type": "custom", "name": "scribe", "description": "Takes any text.",
                 "format": {"type": "text"}}  # fmt: skip
_NOTE: Final = {"type": "function", "name": "note"}
_CALL_PING: Final = "Call the tool ping."
_CALL_ALL: Final = (
    'Call the tool ping. Call the tool note with arguments {"text": "a"}. '
    'Call the tool pen with arguments {"text": "b"}. All at once.'
)
# Each prompt asks for something else than the choice allows, so that an ignored choice shows.
_PLANS: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    ("none", _CALL_PING, {"tools": [PING], "tool_choice": "none", "stream": True}),
    ("required", HELLO, {"tools": [PING], "tool_choice": "required"}),
    ("named", _CALL_PING, {"tools": [PING, NOTE], "tool_choice": _NOTE, "stream": True}),
    (
        "allowed",
        _CALL_ALL,
        {
            "tools": [PING, NOTE, function("pen", text="string")],
            "tool_choice": {
                "type": "allowed_tools",
                "mode": "required",
                "tools": [_NOTE, {"type": "function", "name": "pen"}],
            },
            "parallel_tool_calls": False,
        },
    ),
)
PROBES: Final = (
    *(
        Probe(f"{VALID}tools-{name}", asking(text, **body), feature="responses.tools.choice",
              per_model=name != "allowed")
        for name, text, body in _PLANS
    ),
    Probe(f"{VALID}tools-custom",
          asking(HELLO, tools=[PING, SCRIBE], tool_choice={"type": "custom", "name": "scribe"}),
          feature="responses.tools.custom", per_model=False),
)  # fmt: skip


def choice_of(x: Exchange) -> Any:
    return x.request.params.get("tool_choice")


def _kind(x: Exchange) -> str:
    """none, auto, required, function, custom or allowed_tools."""
    choice = choice_of(x)
    kind = choice.get("type") if isinstance(choice, dict) else choice
    return kind if isinstance(kind, str) else ""


def _chosen(kind: str, probe: str, *others: str) -> Selector:
    asked = ANSWERED.only("with tools", lambda x: bool(tools_of(x)))
    probes = (f"{VALID}{probe}", *others)
    return asked.only(f"and tool_choice {kind}", lambda x: _kind(x) == kind, *probes)


def _whole(x: Exchange) -> bool:
    return bool(status_of(x) == "completed")


_UNTOLD: Final = "the answer was cut before a call"


def named_of(calls: list[Json]) -> list[Any]:
    return [call.get("name") for call in calls]


@rule(
    "responses.param.tool-choice.none",
    on=_chosen("none", "tools-none", "responses_params.either.hosted-tools"),
)
def none(x: Exchange) -> Findings:
    for call in calls_of(x):
        yield Finding(
            "output", "no call with tool_choice none", f"a call to {show(call.get('name', ABSENT))}"
        )


@rule(
    "responses.param.tool-choice.required",
    on=_chosen("required", "tools-required").only(
        "of own tools",
        lambda x: all(tool.get("type") in ("function", "custom") for tool in tools_of(x)),
    ),
)
def required(x: Exchange) -> Findings:
    if not _whole(x) and not calls_of(x):
        yield Unsure(_UNTOLD)
    elif not calls_of(x):
        yield Finding("output", "at least one tool call", show(text_of(x), 60))


def _named(x: Exchange) -> Findings:
    wanted, calls = choice_of(x).get("name"), calls_of(x)
    if not _whole(x) and not calls:
        yield Unsure(_UNTOLD)
    elif _whole(x) and wanted not in named_of(calls):
        found = show(named_of(calls)) if calls else "no call"
        yield Finding("output", f"a call to {show(wanted)}", found)
    for call in calls:
        if call.get("name") != wanted:
            yield Finding("output", f"calls to {show(wanted)} only", show(call.get("name", ABSENT)))


@rule("responses.param.tool-choice.named", on=_chosen("function", "tools-named"))
def named(x: Exchange) -> Findings:
    yield from _named(x)


@rule("responses.param.tool-choice.custom", on=_chosen("custom", "tools-custom"))
def custom(x: Exchange) -> Findings:
    yield from _named(x)


@rule("responses.param.tool-choice.allowed", on=_chosen("allowed_tools", "tools-allowed"))
def allowed(x: Exchange) -> Findings:
    offered = [tool.get("name") for tool in dicts(choice_of(x).get("tools"))]
    for call in calls_of(x):
        if call.get("name") not in offered:
            yield Finding(
                "output", f"calls to {show(offered)} only", show(call.get("name", ABSENT))
            )
    if choice_of(x).get("mode") == "required" and not calls_of(x):
        if _whole(x):
            yield Finding("output", "at least one tool call", "none")
        else:
            yield Unsure(_UNTOLD)


@rule(
    "responses.param.parallel-tool-calls.off",
    on=SUCCESS.only(
        "with parallel_tool_calls false",
        lambda x: x.request.params.get("parallel_tool_calls") is False and bool(calls_of(x)),
        CONTINUE.name,
        f"{VALID}tools-allowed",
    ),
)
def one_at_a_time(x: Exchange) -> Findings:
    if len(calls_of(x)) > 1:
        yield Finding("output", "at most one tool call", show(named_of(calls_of(x))))


@rule(
    "responses.param.tools.strict-shown",
    on=SUCCESS.only(
        "with a function",
        lambda x: any(tool.get("type") == "function" for tool in tools_of(x)),
        CONTINUE.name,
        "responses.tools",
    ),
)
def strict_shown(x: Exchange) -> Findings:
    """What was left open comes back as what the server made of it: true, or null as it came."""
    # A deferred function comes back inside of a namespace.
    listed = dicts(response_of(x).get("tools"))
    shown = {str(tool.get("name")): tool for tool in listed if tool.get("type") == "function"}
    for n, tool in enumerate(tools_of(x)):
        echo = shown.get(str(tool.get("name")))
        if tool.get("type") != "function" or echo is None:
            continue
        given = tool.get("strict")
        if "strict" not in echo:
            yield Finding(f"tools[{n}].strict", "true, false or null", "missing")
        elif given is not None and echo["strict"] is not given:
            yield Finding(f"tools[{n}].strict", show(given), show(echo["strict"]))
