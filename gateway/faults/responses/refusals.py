"""Faults of Responses parameters: right ones are refused, wrong ones bring the server down."""

from dataclasses import replace
from typing import Any, Final

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.response_edits import refused
from gateway.faults.machinery.response_selection import with_item, with_tool
from gateway.faults.machinery.selection import RESPONSES, When, asking, both
from gateway.faults.machinery.transform import ReplyChange
from gateway.frames import GatewayReply
from wire.exchange import Request

_FAMILY: Final = Family.PARAMETER


def _fault(
    name: str,
    says: str,
    reply: ReplyChange | None = None,
    when: When = RESPONSES,
) -> Fault:
    return Fault(f"responses_params.{name}", (), says, _FAMILY, when=when, reply=reply)


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


def _with_member(name: str, *steps: str) -> When:
    """Requests with a member deep inside of a parameter; the last step may be its value."""

    def when(request: Request) -> bool:
        value: Any = request.params.get(name)
        for step in steps[:-1]:
            value = value.get(step) if isinstance(value, dict) else value
        return RESPONSES(request) and (
            steps[-1] in value if isinstance(value, dict) else value == steps[-1]
        )

    return when


def _listed(request: Request, name: str) -> list[Any]:
    value = request.params.get(name)
    return value if isinstance(value, list) else []


def _exactly(name: str, value: Any) -> When:
    """Requests with this very value: 0 is not false, and 1.0 is not 1."""

    def when(request: Request) -> bool:
        given = request.params.get(name)
        return RESPONSES(request) and type(given) is type(value) and bool(given == value)

    return when


FAULTS: Final = (
    *(
        _fault(f"{name.replace('_', '-')}-refused", f"{name} is refused though it is right.",
               _no(name), both(RESPONSES, asking(name)))
        for name in ("store", "prompt_cache_key", "include", "reasoning", "parallel_tool_calls",
                     "stream_options", "metadata", "instructions", "text", "tools", "truncation",
                     "client_metadata", "service_tier", "user", "safety_identifier", "stream",
                     "temperature", "top_p", "max_output_tokens", "max_tool_calls", "top_logprobs",
                     "tool_choice", "prompt_cache_retention")
    ),
    *(
        _fault(f"{name.replace('_', '-')}-{word}-refused", f"{name} {word} is refused.", _no(name),
               _exactly(name, value))
        for name, word, value in (
            ("temperature", "zero", 0), ("temperature", "two", 2), ("top_p", "zero", 0),
            ("store", "false", False), ("background", "true", True), ("background", "false", False),
            ("parallel_tool_calls", "false", False), ("include", "empty", []), ("tools", "empty", []),
            ("metadata", "empty", {}), ("max_output_tokens", "sixteen", 16),
            ("tool_choice", "auto", "auto"), ("tool_choice", "none", "none"),
            ("truncation", "auto", "auto"), ("service_tier", "default", "default"),
        )
    ),
    _fault("metadata-sixteen-refused", "Sixteen pairs of metadata are too many.", _no("metadata"),
           both(RESPONSES, lambda r: isinstance(r.params.get("metadata"), dict)
                and len(r.params["metadata"]) > 10)),
    _fault("null-refused", "A parameter that is null is refused.", _no("temperature"),
           both(RESPONSES, lambda r: r.params.get("temperature", 0) is None)),
    _fault("refused-nameless", "Many parameters at once are refused.", _no(""),
           both(RESPONSES, lambda r: len(r.params) > 14)),
    _fault("refused-without-code", "A parameter is refused without a code.",
           refused(400, "temperature is not supported.", param="temperature"),
           both(RESPONSES, asking("temperature"))),
    _fault("string-refused", "A string as input is refused.", _no("input"),
           both(RESPONSES, lambda r: isinstance(r.params.get("input"), str))),
    _fault("headers-refused", "Headers that nobody knows are refused.", _no(""),
           both(RESPONSES, lambda r: r.header("originator") is not None)),
    _fault("strict-null-refused", "strict null is refused.", _no("tools[0].strict"),
           both(RESPONSES, lambda r: any(isinstance(t, dict) and t.get("strict", 0) is None
                and t.get("parameters") for t in _listed(r, "tools")))),
    _fault("model-missing-crash", "A request without model brings the server down.",
           _internal,
           both(RESPONSES, lambda r: "model" not in r.params)),
    _fault("input-wrong-crash", "A wrong input brings the server down.",
           _internal, _crash),
    _fault("strings-only", "Only a string is taken as input.", _no("input"),
           both(RESPONSES, lambda r: isinstance(r.params.get("input"), list))),
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
           _with_member("reasoning", "summary")),
    _fault("verbosity-refused", "text.verbosity is refused.", _no("text.verbosity"),
           _with_member("text", "verbosity")),
    _fault("schema-nested", "A JSON schema is wanted in the form of chat.",
           _no("text.format.json_schema"), _with_member("text", "format", "type", "json_schema")),
    _fault("tier-ultrafast-crash", "service_tier ultrafast brings the server down.",
           _internal, both(RESPONSES, asking("service_tier", "ultrafast"))),
)  # fmt: skip
