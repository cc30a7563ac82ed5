"""Requests of the chat area that are about tools."""

from typing import Any, Final

from conformance.chat.choice import choices, member
from conformance.chat.probes import PATH, USAGE, chat
from conformance.chat.prompts import user
from conformance.judging.framing import lone_surrogates
from conformance.judging.typed_call import DESCRIPTION, NAME, SCHEMA, TOLD
from conformance.judging.wild_text import framed
from conformance.running.probe import Impossible, Probe, ProbeContext, post, sends
from wire.exchange import Request


def function(name: str, *fields: str) -> dict[str, Any]:
    """A strict function tool whose arguments are strings."""
    return {
        "type": "function",
        "function": {
            "name": name,
            "description": f"Takes {', '.join(fields)}.",
            "strict": True,
            "parameters": {
                "type": "object",
                "properties": {field: {"type": "string"} for field in fields},
                "required": list(fields),
                "additionalProperties": False,
            },
        },
    }


TOOLS: Final = [function("note", "title", "text"), function("find", "name")]
TYPED: Final = [
    *TOOLS,
    {
        "type": "function",
        "function": {"name": NAME, "description": DESCRIPTION, "parameters": SCHEMA},
    },
]
CUSTOM: Final = [{"type": "custom", "custom": {"name": "scribe", "description": "Takes any text."}}]
RESULT: Final = framed("Zephyr 7319 was found, été 世界.")
NEEDLE: Final = "Zephyr 7319"
ONE: Final = 'Call the tool note with arguments {"title": "Été  \\"世界\\" 🚀", "text": "a, b; c\\n d {e} [f] <b>g</b>"}'
TWO: Final = (
    'Call the tool find with arguments {"name": "first é"} and then '
    f"Call the tool {TOLD} and then "
    'Call the tool find with arguments {"name": "fourth"}. Make all three calls at once.'
)
WRITE: Final = 'Call the tool scribe with input print("é 世界 🚀") + {1: [2]}; done'


def _whole(call: Any) -> bool:
    if not isinstance(call, dict):
        return False
    function = member(call, "function")
    texts = (call.get("type"), function.get("name"), function.get("arguments"))
    whole = all(isinstance(text, str) and not any(lone_surrogates(text)) for text in texts)
    return bool(call.get("id")) and whole


def _result(context: ProbeContext) -> Request:
    """The round trip: what the model called goes back with an output of our own."""
    first = next(iter(choices(context.reply("chat.tool"))), ("", {}))[1]
    calls = member(first, "message").get("tool_calls")
    if not isinstance(calls, list) or not calls or not all(_whole(call) for call in calls):
        raise Impossible("chat.tool was answered without a whole call")
    if len({call["id"] for call in calls}) < len(calls):
        raise Impossible("chat.tool was answered without a whole call")
    outputs = [{"role": "tool", "tool_call_id": c["id"], "content": RESULT} for c in calls]
    request = f"{ONE}\nThen tell me what the tool said, word by word."
    assistant = {"role": "assistant", "content": None, "tool_calls": calls}
    messages = [*user(request), assistant, *outputs]
    return post(PATH, {"model": context.model, "messages": messages, "tools": TOOLS})


TOOL = Probe("chat.tool", sends(PATH, chat(ONE, tools=TOOLS)), feature="chat.tools")
TOOL_STREAM = Probe(
    "chat.tool-stream", sends(PATH, chat(ONE, tools=TOOLS, **USAGE)), feature="chat.tools"
)
PARALLEL = Probe(
    "chat.tools-parallel",
    sends(PATH, chat(TWO, tools=TYPED)),
    feature="chat.tools",
    output_tokens=240,
)
PARALLEL_STREAM = Probe(
    "chat.tools-parallel-stream",
    sends(PATH, chat(TWO, tools=TYPED, stream=True)),
    feature="chat.tools",
    output_tokens=240,
)
REQUIRED = Probe(
    "chat.tool-required",
    sends(PATH, chat(ONE, tools=TOOLS, tool_choice="required")),
    feature="chat.tools",
)
TOOL_RESULT = Probe(
    "chat.tool-result", _result, after=("chat.tool",), feature="chat.tools", output_tokens=130
)
CUSTOM_TOOL = Probe(
    "chat.custom-tool", sends(PATH, chat(WRITE, tools=CUSTOM)), feature="chat.custom-tools"
)
CUSTOM_TOOL_STREAM = Probe(
    "chat.custom-tool-stream",
    sends(PATH, chat(WRITE, tools=CUSTOM, stream=True)),
    feature="chat.custom-tools",
)
