"""How requests of this area are written: only what the profile claims is sent along."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from conformance.judging.refusal import Refusal, Refusals
from conformance.running.claimed_members import claimed_members
from conformance.running.probe import Impossible, ProbeContext, post
from wire.exchange import Request

PATH: Final = "/chat/completions"
VALID: Final = "chat_params.accept."
"""What the names of probes begin with that have to be accepted."""
REFUSED: Final = "chat_params.refuse."
"""And of those that have to be refused."""
HELLO: Final = "Say hello."
COUNT: Final = "Count from 1 to 200, with one space between the numbers, and write nothing else."
NINE: Final = "Count from 1 to 9, with one space between the numbers, and write nothing else."
LIMIT: Final = 16

# Parameter -> the claim it depends on; what is not here goes by its own name below `chat.`.
_FEATURES: Final[Mapping[str, str]] = {
    "model": "chat",
    "messages": "chat",
    "stream": "chat.stream",
    "stream_options": "chat.stream.usage",
    "frequency_penalty": "chat.penalties",
    "presence_penalty": "chat.penalties",
    "top_logprobs": "chat.logprobs",
    "tool_choice": "chat.tools.choice",
    "parallel_tool_calls": "chat.tools.parallel",
    "functions": "chat.tools.functions",
    "function_call": "chat.tools.functions",
    "audio": "chat.modalities",
    "include_usage": "chat.stream.usage",
    "include_obfuscation": "chat.stream.obfuscation",
}


def feature_of(parameter: str) -> str:
    return _FEATURES.get(parameter, f"chat.{parameter}")


def user(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


def asking(said: str | list[dict[str, Any]], **body: Any) -> Callable[[ProbeContext], Request]:
    """A request that must be accepted: the parameters of `body` as far as they are claimed."""

    def build(context: ProbeContext) -> Request:
        messages = user(said) if isinstance(said, str) else said
        kept = claimed_members(body, context.profile, feature_of)
        if body and not kept:
            raise Impossible(f"profile {context.profile.name} claims none of its parameters")
        return post(PATH, {"model": context.model, "messages": messages, **kept})

    return build


def refusing(rows: tuple[Refusal, ...]) -> Refusals:
    """Requests that are good but for what each row says."""
    return Refusals(REFUSED, PATH, {"messages": user(HELLO)}, feature_of, rows)
