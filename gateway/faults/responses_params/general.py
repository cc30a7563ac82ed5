"""Faults of Responses parameters: ignored, clamped, refused though right, taken though wrong."""

from collections.abc import Callable
from typing import Any, Final

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.request_edits import (
    RequestChange,
    clamped_param,
    on_json,
    with_param,
    without_param,
)
from gateway.faults.machinery.response_edits import echoing
from gateway.faults.machinery.selection import RESPONSES, When, asking, both
from gateway.faults.machinery.transform import ReplyChange, alter
from gateway.responses.items import TOOL_SCRIPTS
from gateway.responses.parameters import INCLUDES
from wire.exchange import Request

_FAMILY: Final = Family.PARAMETER
HOSTED_TOOLS: Final = frozenset({*TOOL_SCRIPTS, "namespace"})
# Ignored parameters whose echo is made right, so that only their effect is missing.
_IGNORED: Final[dict[str, str]] = {
    "instructions": "do not act",
    "max_output_tokens": "does not limit",
    "max_tool_calls": "does not limit hosted calls",
    "tool_choice": "does not choose",
    "parallel_tool_calls": "does not limit to one call",
    "text": "does not shape the answer",
}
# Parameters that are taken and neither act nor come back.
_DROPPED: Final = (
    "instructions", "metadata", "temperature", "top_p", "tools", "parallel_tool_calls", "text",
    "reasoning", "truncation", "user", "safety_identifier", "prompt_cache_key",
    "prompt_cache_retention", "service_tier", "max_output_tokens", "include", "stream_options",
    "conversation", "background", "store", "previous_response_id", "tool_choice", "top_logprobs",
    "prompt", "context_management", "background_options",
)  # fmt: skip


def parameter_fault(
    name: str,
    says: str,
    request: RequestChange | None = None,
    reply: ReplyChange | None = None,
    when: When = RESPONSES,
) -> Fault:
    return Fault(
        f"responses_params.{name}", (), says, _FAMILY, when=when, request=request, reply=reply
    )


def _items_kept(test: Callable[[Any], bool]) -> RequestChange:
    """As if the input items that fail a test had not been sent."""

    def change(request: Request) -> Request:
        items = request.params.get("input")
        if not isinstance(items, list):
            return request
        kept = [item for item in items if isinstance(item, dict) and test(item)]
        return with_param("input", kept or "Hello.")(request)

    return change


def _paired(request: Request) -> Request:
    """As if outputs without a call had not been sent."""
    given = request.params.get("input")
    items = [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []
    calls = {item.get("call_id") for item in items if str(item.get("type")).endswith("_call")}
    return _items_kept(
        lambda item: "output" not in str(item.get("type")) or item.get("call_id") in calls
    )(request)


def _known_includes(request: Request) -> Request:
    include = request.params.get("include")
    if not isinstance(include, list):
        return request
    return with_param("include", [word for word in include if word in INCLUDES])(request)


def _known_effort(request: Request) -> Request:
    reasoning = request.params.get("reasoning")
    efforts = {None, "none", "low", "medium", "high", "xhigh"}
    if not isinstance(reasoning, dict) or reasoning.get("effort") in efforts:
        return request
    return with_param("reasoning", {**reasoning, "effort": "medium"})(request)


def _known_tools(request: Request) -> Request:
    """As if nested and unknown tools had not been sent."""
    tools = request.params.get("tools")
    if not isinstance(tools, list):
        return request
    kept = [
        t for t in tools if not isinstance(t, dict) or t.get("type") != "function" or "name" in t
    ]
    return with_param("tools", kept)(request)


def _own(tools: Any) -> Any:
    """The tools without those that the server would run; what is no tool stays."""
    if not isinstance(tools, list):
        return tools
    return [t for t in tools if not isinstance(t, dict) or t.get("type") not in HOSTED_TOOLS]


def _small_metadata(request: Request) -> Request:
    metadata = request.params.get("metadata")
    if not isinstance(metadata, dict):
        return request
    pairs = [(key[:64], str(value)[:512]) for key, value in metadata.items()]
    return with_param("metadata", dict(pairs[:16]))(request)


def _one_of(winner: str, loser: str) -> RequestChange:
    def change(request: Request) -> Request:
        return without_param(loser)(request) if request.params.get(winner) else request

    return change


def _crash(request: Request) -> bool:
    """Requests whose input is missing, empty or of a wrong type."""
    given = request.params.get("input")
    return RESPONSES(request) and not (isinstance(given, str | list) and given)


def _known(request: Request) -> Request:
    """As if a model that exists had been asked for."""
    model = request.params.get("model")
    known = isinstance(model, str) and model.startswith(("gpt-5.5", "gpt-5.4"))
    return request if known else with_param("model", "gpt-5.5")(request)


def _is_part(part: Any, kind: str) -> bool:
    return isinstance(part, dict) and part.get("type") == kind


def _without_parts(params: dict[str, Any], kind: str) -> dict[str, Any]:
    items = params.get("input")
    if not isinstance(items, list):
        return params
    kept = [
        {**item, "content": [p for p in item["content"] if not _is_part(p, kind)] or "Hello."}
        if isinstance(item, dict) and isinstance(item.get("content"), list)
        else item
        for item in items
    ]
    return {**params, "input": kept}


def _shortened(request: Request) -> Request:
    """As if the text that is too long had been shorter."""
    given = request.params.get("input")
    if not isinstance(given, str) or not (len(given) > 2_000_000 or "[[usage" in given):
        return request
    return with_param("input", given.rpartition("]]")[2][-200:])(request)


FAULTS: Final = (
    *(
        parameter_fault(f"{name.replace('_', '-')}-ignored", f"{name} is echoed and {effect}.",
               without_param(name), echoing(name), both(RESPONSES, asking(name)))
        for name, effect in _IGNORED.items()
    ),
    *(
        parameter_fault(f"{name.replace('_', '-')}-dropped", f"{name} is taken and has no effect at all.",
               without_param(name))
        for name in _DROPPED
    ),
    *(
        parameter_fault(f"{name.replace('_', '-')}-clamped", f"{name} out of range is moved into it.",
               clamped_param(name, low, high))
        for name, low, high in (
            ("temperature", 0, 2), ("top_p", 0, 1), ("max_output_tokens", 16, 10**9),
            ("top_logprobs", 0, 20), ("max_tool_calls", 1, 10**9),
        )
    ),
    parameter_fault("unknown-model-answered", "An unknown model is answered by another one.", _known),
    parameter_fault("model-missing-answered", "A request without model is answered.", _known,
           when=both(RESPONSES, lambda r: "model" not in r.params)),
    parameter_fault("input-wrong-answered", "A missing, empty or wrong input is answered.",
           with_param("input", "Hello."), when=both(_crash, lambda r: not any(
               r.params.get(n) for n in ("previous_response_id", "conversation", "prompt")))),
    parameter_fault("unknown-item-dropped", "Input items of unknown type are left out.",
           _items_kept(lambda item: item.get("type") != "foo" and (
               item.get("type") is None or "_" in item["type"]
               or item["type"] in {"message", "reasoning", "compaction", "program"}))),
    parameter_fault("unknown-call-taken", "An output without its call is left out.", _paired),
    parameter_fault("unknown-include-taken", "Unknown include values are ignored.", _known_includes),
    parameter_fault("unknown-effort-taken", "Unknown efforts are taken as medium.", _known_effort),
    parameter_fault("nested-tool-dropped", "Tools in the form of chat are left out.", _known_tools),
    parameter_fault("metadata-cut", "Metadata that is too large is cut.", _small_metadata),
    parameter_fault("stateless", "previous_response_id is ignored, even an unknown one.",
           without_param("previous_response_id"), echoing("previous_response_id")),
    parameter_fault("file-ignored", "A file is left out of the prompt.",
           on_json(lambda body: _without_parts(body, "input_file"))),
    parameter_fault("hosted-tool-dropped", "Hosted tools are left out without a word.",
           on_json(alter("tools", _own)),
           when=both(RESPONSES, asking("tools"), lambda r: isinstance(
               r.params.get("tool_choice", "auto"), str))),
    parameter_fault("allowed-tools-ignored", "allowed_tools does not limit.", with_param("tool_choice", "auto"),
           echoing("tool_choice"), both(RESPONSES, lambda r: isinstance(
               r.params.get("tool_choice"), dict)
               and r.params["tool_choice"].get("type") == "allowed_tools")),
    parameter_fault("truncated-silently", "An input that is too long is cut without a word.", _shortened),
)  # fmt: skip
