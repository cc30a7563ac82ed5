"""How requests of this area are written: only what the profile claims is sent along."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from conformance.probe import Ask, Impossible, post
from conformance.profile import Profile
from wire.exchange import Request

PATH: Final = "/chat/completions"
VALID: Final = "chat_params.accept."
"""What the names of probes begin with that have to be accepted."""
ABSENT: Final = object()
"""As the value of a parameter: leave it out, even where every request has it."""
HELLO: Final = "Say hello."
COUNT: Final = "Count from 1 to 200, with one space between the numbers, and write nothing else."
NINE: Final = "Count from 1 to 9, with one space between the numbers, and write nothing else."
LIMIT: Final = 16

# Parameter -> the claim it depends on; what is not here goes by its own name below `chat.`.
_FEATURES: Final[Mapping[str, str]] = {
    "model": "chat",
    "messages": "chat",
    "stream": "chat.stream",
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


def claimed(body: Mapping[str, Any], profile: Profile) -> dict[str, Any]:
    """The members of a body that the profile claims to support."""
    kept = {
        name: value
        for name, value in body.items()
        if name == "stream_options" or profile.claims_feature(feature_of(name))
    }
    if isinstance(options := kept.get("stream_options"), dict):
        options = {
            name: value
            for name, value in options.items()
            if profile.claims_feature(feature_of(name))
        }
        del kept["stream_options"]
        if options:
            kept["stream_options"] = options
    return kept


def user(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


def asking(said: str | list[dict[str, Any]], **body: Any) -> Callable[[Ask], Request]:
    """A request that must be accepted: the parameters of `body` as far as they are claimed."""

    def build(ask: Ask) -> Request:
        messages = user(said) if isinstance(said, str) else said
        kept = claimed(body, ask.profile)
        if body and not kept:
            raise Impossible(f"profile {ask.profile.name} claims none of its parameters")
        return post(PATH, {"model": ask.model, "messages": messages, **kept})

    return build


def broken(overrides: Mapping[str, Any]) -> Callable[[Ask], Request]:
    """A request that must be refused, sent exactly as written."""

    def build(ask: Ask) -> Request:
        body = {"model": ask.model, "messages": user(HELLO), **overrides}
        return post(PATH, {name: value for name, value in body.items() if value is not ABSENT})

    return build
