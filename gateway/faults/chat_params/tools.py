"""Faults of tools, tool_choice and parallel_tool_calls: taken, and not done."""

from gateway.faults.machinery.forgiveness import ignoring as _fault
from gateway.faults.machinery.request_edits import on_json, with_param, without_param
from gateway.faults.machinery.selection import CHAT, CHAT_PLAIN, CHAT_STREAM, When, both
from wire.exchange import Request


def _choice(kind: str) -> When:
    def when(request: Request) -> bool:
        choice = request.params.get("tool_choice")
        return (choice.get("type") if isinstance(choice, dict) else choice) == kind

    return when


FAULTS = (
    _fault("tools.ignored", "tool-choice.required tool-choice.named tool-choice.allowed "
           "tool-choice.custom tool-choice.auto", "Tools are ignored.",
           request=without_param("tools", "tool_choice", "parallel_tool_calls")),
    _fault("tool-choice.none-ignored", "tool-choice.none", "tool_choice none is ignored.",
           when=both(CHAT, _choice("none")), request=without_param("tool_choice")),
    _fault("tool-choice.auto-as-none", "tool-choice.auto", "tool_choice auto is taken for none.",
           when=both(CHAT, _choice("auto")), request=with_param("tool_choice", "none")),
    _fault("tool-choice.required-ignored-in-streams", "tool-choice.required",
           "Streams ignore tool_choice required.", when=both(CHAT_STREAM, _choice("required")),
           request=without_param("tool_choice")),
    _fault("tool-choice.named-ignored-when-plain", "tool-choice.named",
           "Plain answers ignore a named function.", when=both(CHAT_PLAIN, _choice("function")),
           request=without_param("tool_choice")),
    _fault("tool-choice.required-ignored", "tool-choice.required", "tool_choice required is ignored.",
           when=both(CHAT, _choice("required")), request=without_param("tool_choice")),
    _fault("tool-choice.named-ignored", "tool-choice.named", "A named function is not forced.",
           when=both(CHAT, _choice("function")), request=without_param("tool_choice")),
    _fault("tool-choice.named-required", "tool-choice.named", "A named function is taken for required.",
           when=both(CHAT, _choice("function")), request=with_param("tool_choice", "required")),
    _fault("tool-choice.custom-ignored", "tool-choice.custom", "A named custom tool is not forced.",
           when=both(CHAT, _choice("custom")), request=without_param("tool_choice")),
    _fault("tool-choice.custom-dropped", "tool-choice.custom", "Custom tools are dropped.",
           when=both(CHAT, _choice("custom")), request=on_json(lambda body: {**body,
               "tools": [t for t in body["tools"] if t.get("type") != "custom"],
               "tool_choice": "required"})),
    _fault("tool-choice.allowed-ignored", "tool-choice.allowed", "allowed_tools does not restrict.",
           when=both(CHAT, _choice("allowed_tools")), request=with_param("tool_choice", "required")),
    _fault("tool-choice.allowed-auto", "tool-choice.allowed", "allowed_tools never requires.",
           when=both(CHAT, _choice("allowed_tools")), request=with_param("tool_choice", "none")),
    _fault("parallel.ignored", "parallel-tool-calls.off", "parallel_tool_calls is ignored.",
           request=without_param("parallel_tool_calls")),
    _fault("parallel.ignored-when-plain", "parallel-tool-calls.off",
           "Plain answers ignore parallel_tool_calls.", when=CHAT_PLAIN,
           request=without_param("parallel_tool_calls")),
    _fault("parallel.ignored-in-streams", "parallel-tool-calls.off",
           "Streams ignore parallel_tool_calls.", when=CHAT_STREAM,
           request=without_param("parallel_tool_calls")),
)  # fmt: skip
