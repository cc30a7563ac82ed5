"""Scenarios: which requests a run sends, from prompts to bytes."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from load.transport.request import COMPLETIONS, EMBEDDINGS, Request
from load.workload.prompts import Prompt
from wire.endpoint import Endpoint

NAMES: Final = (
    "chat-stream", "responses-stream", "chat", "completions-stream", "embeddings", "models", "agent", "mix",
)  # fmt: skip
CHATS: Final = frozenset(
    {"chat-stream", "chat", "responses-stream"}
)  # that can hold a conversation
STREAMS: Final = frozenset({"chat-stream", "responses-stream", "completions-stream", "agent"})
NO_OUTPUT: Final = frozenset({"embeddings", "models"})  # tokens, that is
PATHS: Final = {
    Endpoint.CHAT: "/chat/completions",
    Endpoint.RESPONSES: "/responses",
    Endpoint.MODELS: "/models",
}
MIX: Final = {"chat-stream": 8.0, "chat": 1.0, "models": 1.0}
MARGIN_TOKENS: Final = 64  # above what is expected, so that a limit cuts nothing that was asked for
STREAMED: Final = {"stream": True, "stream_options": {"include_usage": True}}
LIMITS: Final = frozenset({"max_completion_tokens", "max_tokens", "max_output_tokens"})
LEAST_TOKENS: Final = 16  # that the Responses API takes as a limit
_encode: Final = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class RequestWriter:
    """Turns prompts into requests for one model."""

    model: str
    max_tokens: int | None = None
    prompts: Callable[[int], Prompt] | None = None
    # Of each body; a line of a file comes first.
    extra: dict[str, Any] = field(default_factory=dict)
    extra_of: dict[str, dict[str, Any]] = field(default_factory=dict)  # of one scenario

    def for_scenario(self, name: str) -> "RequestWriter":
        """The one that writes its requests."""
        own = self.extra_of.get(name)
        return self if not own else replace(self, extra=self.extra | own, extra_of={})

    def request(self, scenario: str, number: int) -> Request:
        if scenario == "models":
            return Request(scenario, Endpoint.MODELS, PATHS[Endpoint.MODELS], b"", stream=False, usage=False)  # fmt: skip
        assert self.prompts is not None
        return self.of(scenario, self.prompts(number))

    def of(self, scenario: str, prompt: Prompt) -> Request:
        """The request of a scenario that asks this."""
        if scenario in self.extra_of:
            return self.for_scenario(scenario).of(scenario, prompt)
        if scenario == "responses-stream":
            return self.responses(scenario, prompt)
        if scenario == "completions-stream":
            return self.completions(scenario, prompt)
        if scenario == "embeddings":
            body = {"model": self.model, "input": text_of(prompt)} | self.own(prompt)
            return Request(scenario, Endpoint.OTHER, EMBEDDINGS, _encode(body), stream=False, most_tokens=0, input_tokens=prompt.input_tokens)  # fmt: skip
        return self.chat(scenario, prompt, stream=scenario == "chat-stream")

    def own(self, prompt: Prompt) -> dict[str, Any]:
        """Parameters that were asked for: of all requests, and of this line of a file."""
        return self.extra | prompt.extra if prompt.extra else self.extra

    def chat(self, scenario: str, prompt: Prompt, *, stream: bool) -> Request:
        body: dict[str, Any] = {"model": self.model, "messages": prompt.messages}
        if stream:
            body |= STREAMED
        return self._request(scenario, Endpoint.CHAT, PATHS[Endpoint.CHAT], body, "max_completion_tokens", prompt, stream=stream)  # fmt: skip

    def completions(self, scenario: str, prompt: Prompt) -> Request:
        """A text to go on with: its length is had by the limit, for nothing here obeys an instruction."""
        body = {"model": self.model, "prompt": text_of(prompt)} | STREAMED
        plain = replace(prompt, expected=None, bare=True)
        return self._request(scenario, Endpoint.OTHER, COMPLETIONS, body, "max_tokens", plain, stream=True)  # fmt: skip

    def responses(
        self, scenario: str, prompt: Prompt, more: Mapping[str, Any] | None = None
    ) -> Request:
        body: dict[str, Any] = {"model": self.model, "input": prompt.messages, "stream": True, "store": False}  # fmt: skip
        return self._request(
            scenario, Endpoint.RESPONSES, PATHS[Endpoint.RESPONSES], body | dict(more or {}), "max_output_tokens", prompt, stream=True
        )  # fmt: skip

    def limit(self, prompt: Prompt) -> int | None:
        """Of the answer, in tokens."""
        own = self.own(prompt)
        for name in LIMITS if own else ():
            given = own.get(name)
            if type(given) is int:
                return given
        if self.max_tokens is not None:
            return self.max_tokens
        if prompt.output_tokens is None or prompt.bare:
            return prompt.output_tokens
        if prompt.cut:
            return max(LEAST_TOKENS, prompt.output_tokens)
        return max(LEAST_TOKENS, 2 * prompt.output_tokens + MARGIN_TOKENS)

    def _request(
        self, scenario: str, endpoint: Endpoint, path: str, body: dict[str, Any], limit_name: str, prompt: Prompt, *, stream: bool
    ) -> Request:  # fmt: skip
        own, limit = self.own(prompt), self.limit(prompt)
        if limit is not None and not (own and LIMITS & own.keys()):
            body[limit_name] = limit
        owed = True
        if own:
            wanted = own.get("stream_options")
            if (
                isinstance(wanted, dict) and "stream_options" in body
            ):  # what it does not say stays as it is
                own = own | {"stream_options": body["stream_options"] | wanted}
            body |= own
            options = body.get("stream_options")
            owed = endpoint is not Endpoint.CHAT or not stream or (isinstance(options, dict) and options.get("include_usage") is True)  # fmt: skip
        cut = limit is not None and (prompt.output_tokens or 0) > limit
        return Request(
            scenario,
            endpoint,
            path,
            _encode(body),
            stream=stream,
            expected=None if cut else prompt.expected,
            most_tokens=limit,
            input_tokens=prompt.input_tokens,
            output_tokens=prompt.output_tokens,
            usage_owed=owed,
        )


def text_of(prompt: Prompt) -> str:
    """What is asked as one text, for endpoints that know no messages."""
    parts = []
    for message in prompt.messages:
        content = message.get("content")
        pieces = content if isinstance(content, list) else [content]
        for piece in pieces:
            text = piece.get("text") if isinstance(piece, dict) else piece
            parts += [text] if isinstance(text, str) else []
    return "\n".join(parts)


class Mix:
    """Scenarios by weight; arrival n always gets the same one."""

    def __init__(self, weights: Mapping[str, float], seed: int) -> None:
        unknown = sorted(set(weights) - set(NAMES) | ({"mix"} & set(weights)))
        if unknown or not weights or min(weights.values()) < 0 or not sum(weights.values()):
            raise ValueError(f"no mix of scenarios: {', '.join(unknown) or dict(weights)}")
        self.weights = dict(weights)
        self.seed = seed

    def __call__(self, number: int) -> str:
        source = random.Random(self.seed * 7_368_787 + number)  # noqa: S311 - repeatable on purpose
        return source.choices(list(self.weights), list(self.weights.values()))[0]


def mix_of(text: str) -> dict[str, float]:
    """`chat-stream=8,models=1`."""
    weights = {}
    for part in text.split(","):
        name, equals, weight = part.strip().partition("=")
        try:
            weights[name] = float(weight) if equals else 1.0
        except ValueError:
            raise ValueError(f"--mix {text}: {weight} is no weight") from None
    return weights
