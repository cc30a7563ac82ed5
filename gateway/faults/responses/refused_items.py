"""Faults of Responses input: items that are right are refused, each by its place in the list."""

from collections.abc import Callable
from typing import Any, Final

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.response_edits import refused
from gateway.faults.machinery.response_selection import having
from gateway.frames import GatewayReply
from wire.exchange import Request

Test = Callable[[Any], bool]


def _of(*kinds: str) -> Test:
    return lambda item: item.get("type") in kinds


def _role(role: str) -> Test:
    return lambda item: item.get("role") == role


def _part(test: Test) -> Test:
    def passes(item: Any) -> bool:
        content = item.get("content")
        parts = content if isinstance(content, list) else []
        return any(isinstance(part, dict) and test(part) for part in parts)

    return passes


def _image(detail: str) -> Test:
    return _part(lambda part: part.get("type") == "input_image" and part.get("detail") == detail)


def _bare_text(part: Any) -> bool:
    return part.get("type") == "output_text" and "annotations" not in part


def _thought(item: Any) -> bool:
    return item.get("type") == "reasoning" and item.get("content", 0) is None


def _fault(name: str, says: str, test: Test, place: str) -> Fault:
    """A fault that refuses requests with such an item, and names the first one."""

    def reply(request: Request, answer: GatewayReply) -> GatewayReply:
        items = request.params.get("input")
        found = items if isinstance(items, list) else []
        index = next(i for i, item in enumerate(found) if isinstance(item, dict) and test(item))
        param = f"input[{index}]{place}"
        no = refused(400, f"Invalid '{param}'.", param=param, code="invalid_value")
        return no(request, answer)

    return Fault(f"responses_params.{name}-refused", (), says, Family.PARAMETER,
                 when=having(test), reply=reply)  # fmt: skip


FAULTS: Final = (
    _fault("typeless", "A message without type is refused.",
           lambda item: "type" not in item and "role" in item, ".type"),
    _fault("text-content", "A string as content is refused.",
           lambda item: isinstance(item.get("content"), str), ".content"),
    _fault("part-content", "Parts as content are refused.",
           _part(lambda part: part.get("type") == "input_text"), ".content"),
    _fault("item-ids", "Ids of messages are refused.",
           lambda item: item.get("type") == "message" and "id" in item, ".id"),
    _fault("item-notes", "Members of items that nobody knows are refused.",
           lambda item: any(name.startswith("internal_") for name in item), ""),
    *(
        _fault(f"role-{role}", f"Messages of the role {role} are refused.", _role(role), ".role")
        for role in ("developer", "system", "assistant")
    ),
    _fault("output-text", "The assistant's text is refused without annotations.", _part(_bare_text),
           ".content[0].annotations"),
    _fault("reasoning-item", "Reasoning items are refused.", _of("reasoning"), ".type"),
    _fault("reasoning-content-null", "A reasoning item with content null is refused.", _thought,
           ".content"),
    _fault("function-calls", "Function calls are refused.", _of("function_call"), ".type"),
    _fault("call-idless", "A function call without id is refused.",
           lambda item: item.get("type") == "function_call" and "id" not in item, ".id"),
    _fault("call-outputs", "Outputs of calls are refused.", _of("function_call_output"), ".type"),
    _fault("call-output-parts", "Parts as the output of a call are refused.",
           lambda item: isinstance(item.get("output"), list), ".output"),
    _fault("custom-items", "Items of custom tools are refused.",
           _of("custom_tool_call", "custom_tool_call_output"), ".type"),
    _fault("image", "An image is refused.",
           _part(lambda part: part.get("type") == "input_image"), ".content[1]"),
    *(
        _fault(f"image-{detail}", f"The image detail {detail} is refused.", _image(detail),
               ".content[1].detail")
        for detail in ("auto", "low", "high", "original")
    ),
    _fault("compaction", "What a compaction brought is refused.", _of("compaction"), ".type"),
)  # fmt: skip
