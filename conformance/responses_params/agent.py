"""An agent's turn: what the server made comes back verbatim, with outputs, and the work goes on.

Streamed and without storage, as Codex does it: message, reasoning with its encrypted content, calls of
functions, of a custom tool and of a tool in a namespace, an image and a long text among the outputs.
"""

from dataclasses import replace
from typing import Any, Final

from conformance.judging.code_word import ASK, knows, told
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.refusal import taken
from conformance.judging.rule import rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import ok_probe, probe
from conformance.judging.wild_text import SPARSE, cheap, framed
from conformance.responses.selectors import final, final_items
from conformance.responses_params.request import PATH, function, message_with_parts
from conformance.responses_params.selectors import text_of
from conformance.running.probe import Impossible, Probe, ProbeContext, post
from wire.exchange import Exchange, Request

WORD: Final = "GANNET-28"
# Two by two red points.
IMAGE: Final = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGP4z8AARAwQCgAf7gP9"
    "i18U1AAAAABJRU5ErkJggg=="
)
LINE: Final = "0123 the build went on and nothing was found here\n"
LONG: Final = framed(f"{LINE * 40}{SPARSE * 42}{told(WORD)}\n{SPARSE * 42}{LINE * 40}", 3)
"""Over 110,000 characters."""
_RULE: Final = "=" * 63 + "\n"
SHORTER: Final = framed(f"{LINE * 100}{_RULE * 90}{told(WORD)}\n{_RULE * 90}{LINE * 100}")
"""Over 20,000 characters, for models of which nobody knows what nearly empty lines cost."""
LONG_TO_ITS_END: Final = f"{LINE * 100}{_RULE * 180}{LINE * 80}{told(WORD)}\n{LINE * 20}"
_NOTES: Final = {
    "type": "namespace",
    "name": "mcp__notes",
    "description": "Notes.",
    "tools": [function("take-note", None, text="string")],
}
_TOOLS: Final = [
    function("exec_command", None, cmd="string"),
    _NOTES,
    {"type": "custom", "name": "apply_patch", "description": "Edits files."},
]
_ASKED: Final = (
    'Call the tool exec_command with arguments {"cmd": "ls -é"} and Call the tool take-note with '
    'arguments {"text": "世界"} and Call the tool apply_patch with input *** Begin new *** End'
)
_ONE: Final = 'Call the tool exec_command with arguments {"cmd": "make"}'
_SETTINGS: Final[dict[str, Any]] = {
    "stream": True,
    "store": False,
    "tools": _TOOLS,
    "parallel_tool_calls": True,
    "include": ["reasoning.encrypted_content"],
}


def _body(context: ProbeContext, given: list[Any], effort: str = "low") -> Request:
    body = {"model": context.model, "input": given, **_SETTINGS, "reasoning": {"effort": effort}}
    return post(PATH, body, ("accept", "text/event-stream"))


def _first(context: ProbeContext) -> Request:
    given = [
        message_with_parts("developer", "You help in a terminal."),
        message_with_parts("user", _ASKED),
    ]
    return _body(context, given, "high")


def _output(call: dict[str, Any], text: str, *, image: bool) -> dict[str, Any]:
    parts = [{"type": "input_text", "text": text}, {"type": "input_image", "image_url": IMAGE}]
    kind = (
        "custom_tool_call_output" if call["type"] == "custom_tool_call" else "function_call_output"
    )
    output = parts if image and kind == "function_call_output" else text
    return {"type": kind, "call_id": call["call_id"], "output": output}


def turn(context: ProbeContext, before: str, text: str, order: str, *, image: bool) -> Request:
    """What a turn brought goes back verbatim, with an output for each of its calls and another order."""
    x = context.earlier[before][0]
    if text == LONG and not cheap(context.profile, context.model):
        text = SHORTER
    image = image and context.profile.claims_feature("responses.images")
    calls = [i for i in final_items(x) if i.get("type") in ("function_call", "custom_tool_call")]
    if final(x) is None or not calls or not all(isinstance(c.get("call_id"), str) for c in calls):
        raise Impossible(f"{before} was answered without a call")
    outputs = [
        _output(call, text if n == 0 else "Done.", image=image and n == 0)
        for n, call in enumerate(calls)
    ]
    given = [
        *x.request.params["input"],
        *final_items(x),
        *outputs,
        message_with_parts("user", order),
    ]
    return _body(context, given)


def _step(
    name: str, before: str, text: str, order: str, *, image: bool = False, **more: Any
) -> Probe:
    return Probe(
        f"responses_params.agent.{name}",
        lambda context: turn(context, f"responses_params.agent.{before}", text, order, image=image),
        after=(f"responses_params.agent.{before}",),
        feature="responses.tools",
        output_tokens=80,
        **more,
    )


STEPS: Final = (
    Probe("responses_params.agent.1", _first, feature="responses.tools", output_tokens=200),
    _step("2", "1", "A file.", _ONE, image=True),
    _step("last", "2", LONG, ASK),
    _step("3", "2", "", _ONE, depth="full"),
    _step("4", "3", "ok", _ONE, depth="full"),
    _step("5", "4", LONG_TO_ITS_END, ASK, depth="full"),
)
TRIGGER: Final = Probe(
    "responses_params.agent.compact",
    lambda context: _body(
        context,
        [
            message_with_parts("user", told(WORD)),
            message_with_parts("assistant", "I keep it."),
            {"type": "compaction_trigger"},
        ],
    ),
    feature="responses.compaction_trigger",
    output_tokens=200,
    depth="full",
)


@rule("responses.agent.turns", on=probe("responses_params.agent.*"))
def turns(x: Exchange) -> Findings:
    """Nothing that the server itself made may be what it refuses."""
    yield from taken(x, "its own items given back with outputs")


@run_rule("responses.agent.heard", probes=("responses_params.agent.last",))
def heard(run: Run) -> Findings:
    for x in (*run.all("responses_params.agent.last"), *run.all("responses_params.agent.5")):
        text = text_of(x)
        if not x.ok or not text:
            yield Unsure(f"{x.probe} was not answered with a text")
            continue
        where = "output, asked for a line in the middle of a long output of a tool"
        for word in knows(where, text, WORD):
            yield replace(word, exchange=x.id) if isinstance(word, Finding) else word


@rule("responses.agent.compaction", on=ok_probe("responses_params.agent.compact"))
def compaction(x: Exchange) -> Findings:
    items = final_items(x)
    kinds = [item.get("type") for item in items]
    if "compaction" not in kinds:
        yield Finding("output", "an item compaction for a compaction_trigger", show(kinds))
    elif not all(i.get("encrypted_content") for i in items if i.get("type") == "compaction"):
        yield Finding("output[].encrypted_content", "a text", "none")
