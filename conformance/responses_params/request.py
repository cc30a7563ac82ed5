"""How requests of this area are written: only what the profile claims is sent along."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from conformance.running.claimed_members import claimed_members
from conformance.running.probe import ProbeContext, post
from wire.exchange import Request

PATH: Final = "/responses"
VALID: Final = "responses_params.accept."
"""What the names of probes begin with that have to be accepted."""
REFUSED: Final = ("responses_params.refuse.", "errors.")
"""What the names of probes begin with that must not be answered."""
BROKEN: Final = (*REFUSED, "responses_params.either.")
"""And of those that need not be answered."""
HELLO: Final = "Say hello."
COUNT: Final = "Count from 1 to 200, with one space between the numbers, and write nothing else."
NINE: Final = "Count from 1 to 9, with one space between the numbers, and write nothing else."
LIMIT: Final = 16

# Parameter -> the claim it depends on; what is not here goes by its own name below `responses.`.
_FEATURES: Final[Mapping[str, str]] = {
    "model": "responses",
    "input": "responses",
    "instructions": "responses",
    "stream": "responses.stream",
    "stream_options": "responses.obfuscation",
    "include_obfuscation": "responses.obfuscation",
    "previous_response_id": "responses.store",
    "top_logprobs": "responses.logprobs",
    "tool_choice": "responses.tools.choice",
    "parallel_tool_calls": "responses.tools.parallel",
    "background_options": "responses.background",
    "text": "responses.format",
}


def feature_of(parameter: str) -> str:
    return _FEATURES.get(parameter, f"responses.{parameter}")


def message(role: str, text: str) -> dict[str, Any]:
    """A message in its short form: no type, and a string for content."""
    return {"role": role, "content": text}


def message_with_parts(role: str, *texts: str, **more: Any) -> dict[str, Any]:
    """A message in its long form, with a part for each text."""
    kind = "output_text" if role == "assistant" else "input_text"
    parts = [{"type": kind, "text": text} for text in texts]
    return {"type": "message", **more, "role": role, "content": parts}


def asking(given: Any, *headers: tuple[str, str], **body: Any) -> Callable[[ProbeContext], Request]:
    """A request that must be accepted: the parameters of `body` as far as they are claimed."""

    def build(context: ProbeContext) -> Request:
        kept = claimed_members(body, context.profile, feature_of)
        # Without the limit a long count would be paid for.
        unlimited = "max_output_tokens" not in kept and given == COUNT
        told = NINE if unlimited else given
        return post(PATH, {"model": context.model, "input": told, **kept}, *headers)

    return build


def function(name: str, strict: bool | None = True, **types: str) -> dict[str, Any]:
    """A function tool in the flat form of Responses."""
    return {
        "type": "function",
        "name": name,
        "description": f"The tool {name}.",
        "strict": strict,
        "parameters": {
            "type": "object",
            "properties": {key: {"type": kind} for key, kind in types.items()},
            "required": list(types),
            "additionalProperties": False,
        },
    }
