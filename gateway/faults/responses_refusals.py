"""Faults of Responses parameters: right ones are refused, wrong ones bring the server down."""

from dataclasses import replace
from typing import Final

from gateway.fault import Family, Fault
from gateway.frames import GatewayReply
from gateway.response_edits import refused
from gateway.response_selection import having, with_content, with_item, with_part, with_tool
from gateway.selection import RESPONSES, When, asking, both
from gateway.transform import ReplyChange
from wire.exchange import Request

_FAMILY: Final = Family.PARAMETER


def _fault(
    name: str,
    says: str,
    reply: ReplyChange | None = None,
    when: When = RESPONSES,
) -> Fault:
    return Fault(f"responses.{name}", (), says, _FAMILY, when=when, reply=reply)


def _no(param: str, message: str = "This is not supported.", status: int = 400) -> ReplyChange:
    return refused(status, message, param=param, code="unsupported_value")


def _internal(request: Request, reply: GatewayReply) -> GatewayReply:
    """A crash instead of a plain refusal, or of an answer."""
    broken = refused(500, "Internal server error", type="server_error")
    return broken(request, replace(reply, status=200, frames=None))


def _crash(request: Request) -> bool:
    """Requests whose input is missing, empty or of a wrong type."""
    given = request.params.get("input")
    return RESPONSES(request) and not (isinstance(given, str | list) and given)


def _of_role(role: str) -> When:
    return having(lambda item: item.get("role") == role)


FAULTS: Final = (
    *(
        _fault(f"{name.replace('_', '-')}-refused", f"{name} is refused though it is right.",
               _no(name), both(RESPONSES, asking(name)))
        for name in ("store", "prompt_cache_key", "include", "reasoning", "parallel_tool_calls",
                     "stream_options", "metadata", "instructions", "text", "tools", "truncation",
                     "client_metadata", "service_tier", "user", "safety_identifier")
    ),
    _fault("model-missing-crash", "A request without model brings the server down.",
           _internal,
           both(RESPONSES, lambda r: "model" not in r.params)),
    _fault("input-wrong-crash", "A wrong input brings the server down.",
           _internal, _crash),
    _fault("strings-only", "Only a string is taken as input.", _no("input"),
           both(RESPONSES, lambda r: isinstance(r.params.get("input"), list))),
    _fault("type-required", "A message without type is refused.", _no("input[0].type"),
           having(lambda item: "type" not in item)),
    *(
        _fault(f"role-{role}-refused", f"Messages of the role {role} are refused.",
               _no("input[0].role"), _of_role(role))
        for role in ("developer", "system", "assistant")
    ),
    _fault("output-text-refused", "The assistant's text is refused without annotations.",
           _no("input[1].content[0].annotations"),
           with_content(lambda p: p.get("type") == "output_text" and "annotations" not in p)),
    _fault("reasoning-content-null-refused", "A reasoning item with content null is refused.",
           _no("input[0].content"),
           having(lambda i: i.get("type") == "reasoning" and i.get("content", 0) is None)),
    _fault("reasoning-item-refused", "Reasoning items are refused.", _no("input[0].type"),
           with_item("reasoning")),
    _fault("call-id-required", "A function call without id is refused.", _no("input[0].id"),
           having(lambda i: i.get("type") == "function_call" and "id" not in i)),
    _fault("call-output-parts-refused", "Parts as the output of a call are refused.",
           _no("input[1].output"), having(lambda i: isinstance(i.get("output"), list))),
    _fault("custom-items-refused", "Items of custom tools are refused.",
           _no("input[0].type"), with_item("custom_tool_call", "custom_tool_call_output")),
    _fault("image-refused", "An image is refused.", _no("input[0].content[1]"),
           with_part("input_image")),
    _fault("reference-crash", "A reference brings the server down.",
           _internal, with_item("item_reference")),
    _fault("custom-tool-refused", "Custom tools are refused.", _no("tools[0].type"),
           with_tool("custom")),
    _fault("flat-tool-refused", "Tools in the form of Responses are refused.",
           _no("tools[0].function"), with_tool("function")),
    _fault("tool-search-refused", "The tool_search tool is refused.", _no("tools[2].type"),
           with_tool("tool_search")),
    _fault("tool-choice-object-refused", "tool_choice as an object is refused.",
           _no("tool_choice"),
           both(RESPONSES, lambda r: isinstance(r.params.get("tool_choice"), dict))),
    _fault("summary-refused", "reasoning.summary is refused.", _no("reasoning.summary"),
           both(RESPONSES, lambda r: "summary" in (r.params.get("reasoning") or {}))),
    _fault("verbosity-refused", "text.verbosity is refused.", _no("text.verbosity"),
           both(RESPONSES, lambda r: "verbosity" in (r.params.get("text") or {}))),
    _fault("schema-nested", "A JSON schema is wanted in the form of chat.",
           _no("text.format.json_schema"), both(RESPONSES, lambda r: ((r.params.get("text") or {})
               .get("format") or {}).get("type") == "json_schema")),
    _fault("tier-ultrafast-crash", "service_tier ultrafast brings the server down.",
           _internal, both(RESPONSES, asking("service_tier", "ultrafast"))),
)  # fmt: skip
