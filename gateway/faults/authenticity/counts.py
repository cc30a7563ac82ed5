"""Faults of counting: what is billed is not what was used."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any, Final

from gateway.faults.machinery.claims import ASKS, TELLS, Claim, Claims
from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.selection import STREAM, When, asking, both
from gateway.frames import GatewayReply
from gateway.model.usage import Usage
from wire.endpoint import endpoint_of
from wire.exchange import Request
from wire.tokens.asked import Unknown, asked
from wire.tokens.vocabulary import vocabulary

LONG: Final = 1_000
STEADY: Final = 100


def _fault(name: str, says: str, claim: Claim, when: When = ASKS) -> Fault:
    return Fault(f"authenticity.{name}", (), says, Family.BILLING, TELLS, reply=Claims(claim, when))


def _times(prompt: float = 1, output: float = 1, *, over: int = 0) -> Claim:
    def claim(_: Request, __: GatewayReply, usage: Usage) -> Usage:
        if usage.prompt <= over:
            return usage
        completion = round(usage.completion * output)
        return replace(usage, prompt=round(usage.prompt * prompt), completion=completion)

    return claim


def _plus(prompt: int) -> Claim:
    return lambda _, __, usage: replace(usage, prompt=usage.prompt + prompt)


def _late(claim: Claim) -> Claim:
    """Nothing wrong with the first hundred answers."""
    turn = count()
    return lambda request, reply, usage: (
        usage if next(turn) < STEADY else claim(request, reply, usage)
    )


def _counted_with(tokens: Callable[[str], int]) -> Claim:
    """As another tokenizer counts the same texts."""
    own = vocabulary("o200k_base")

    def claim(request: Request, reply: GatewayReply, usage: Usage) -> Usage:
        read = asked(endpoint_of(request.method, request.path), request.params)
        sent = [] if isinstance(read, Unknown) else [message.text for message in read.messages]
        said = _said(reply)
        prompt = usage.prompt + sum(tokens(text) - own.count(text) for text in sent)
        completion = usage.completion + sum(tokens(text) - own.count(text) for text in said)
        return replace(usage, prompt=max(prompt, usage.cached), completion=completion)

    return claim


def _said(reply: GatewayReply) -> list[str]:
    """The texts of an answer."""
    if reply.frames is not None:
        deltas: list[str] = []
        for frame in reply.frames:
            payload = frame.payload if isinstance(frame.payload, dict) else {}
            if payload.get("type") == "response.output_text.delta":
                deltas.append(payload["delta"])
            choices = payload.get("choices") or ()
            deltas += [choice["delta"].get("content") or "" for choice in choices]
        return ["".join(deltas)]
    body: dict[str, Any] = reply.body if isinstance(reply.body, dict) else {}
    texts = [choice["message"].get("content") or "" for choice in body.get("choices") or ()]
    for item in body.get("output") or ():
        texts += [part.get("text") or "" for part in item.get("content") or ()]
    return texts


def _pieces(text: str) -> int:
    """Tokens of a vocabulary that nobody publishes."""
    return len(re.findall(r" ?\w{1,3}|[^\w]", text))


def _limit_used(request: Request, _: GatewayReply, usage: Usage) -> Usage:
    names = ("max_completion_tokens", "max_output_tokens", "max_tokens")
    limit = next((request.params[name] for name in names if request.params.get(name)), None)
    return usage if limit is None else replace(usage, completion=max(limit, usage.completion))


def _tens(number: int) -> int:
    return -(-number // 10) * 10


class _Before:
    """The usage of the request before."""

    def __init__(self) -> None:
        self._last: Usage | None = None

    def __call__(self, _: Request, __: GatewayReply, usage: Usage) -> Usage:
        last, self._last = self._last, usage
        return last or usage


def _hidden_reasoning(_: Request, __: GatewayReply, usage: Usage) -> Usage:
    return replace(usage, reasoning=0)


def _always_cached(_: Request, __: GatewayReply, usage: Usage) -> Usage:
    steps = (usage.prompt - 1) // 128 * 128
    return replace(usage, cached=usage.cached if steps < 1024 or usage.cache_write else steps)


def _reasons(request: Request) -> bool:
    reasoning = request.params.get("reasoning")
    effort = reasoning.get("effort") if isinstance(reasoning, dict) else None
    return (effort or request.params.get("reasoning_effort")) not in (None, "none")


FACTORS: Final = {"1.01": 1.01, "1.05": 1.05, "2": 2.0}


def _factors() -> Iterator[Fault]:
    """Each factor on prompts, on answers, on streams, on long prompts, and after a while."""
    for word, n in FACTORS.items():
        yield _fault(f"prompt-{word}", f"Prompts are billed {word} times.", _times(n))
        yield _fault(f"output-{word}", f"Answers are billed {word} times.", _times(output=n))
        yield _fault(f"both-{word}", f"Prompts and answers are billed {word} times.", _times(n, n))
        yield _fault(
            f"streams-{word}", f"Streams are billed {word} times.", _times(n, n), both(ASKS, STREAM)
        )
        yield _fault(
            f"long-{word}",
            f"Prompts over 1,000 tokens are billed {word} times.",
            _times(n, over=LONG),
        )
        yield _fault(f"late-{word}", f"From the hundredth request on, prompts are billed {word} times.", _late(_times(n)))  # fmt: skip


FAULTS = (
    *_factors(),
    _fault("streams-output-2", "Answers of streams are billed twice.", _times(output=2), both(ASKS, STREAM)),
    _fault("plus-1", "Every prompt costs a token more.", _plus(1)),
    _fault("plus-17", "Every prompt costs 17 tokens more.", _plus(17)),
    _fault("tools-plus-300", "Requests with tools cost 300 tokens more.", _plus(300), both(ASKS, asking("tools"))),
    _fault("cl100k", "Another vocabulary of OpenAI counts.", _counted_with(vocabulary("cl100k_base").count)),
    _fault("qwen", "The vocabulary of another maker's models counts.", _counted_with(lambda text: vocabulary("qwen").count(text))),
    _fault("other-vocabulary", "A vocabulary that nobody publishes counts.", _counted_with(_pieces)),
    _fault("rounded", "Counts are rounded up to tens.",
        lambda _, __, usage: replace(usage, prompt=_tens(usage.prompt), completion=_tens(usage.completion))),
    _fault("usage-before", "An answer has the usage of the one before.", _Before()),
    _fault("limit-billed", "What an answer may use is billed, not what it uses.", _limit_used),
    _fault("reasoning-hidden", "Reasoning is billed and not declared.", _hidden_reasoning, both(ASKS, _reasons)),
    _fault("cached-never", "Nothing is ever read from the cache.", lambda _, __, usage: replace(usage, cached=0)),
    _fault("cached-always", "Every long prompt is said to come from the cache.", _always_cached),
    _fault("cached-odd", "Cached tokens come in no steps.",
        lambda _, __, usage: replace(usage, cached=usage.cached and usage.cached - 5)),
)  # fmt: skip
