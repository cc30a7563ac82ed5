"""n, logprobs and top_logprobs: as many choices and alternatives as were asked for."""

from collections.abc import Iterator
from typing import Any, Final

from conformance.chat.choice import Choice, choices_of, member
from conformance.chat.selectors import wanted_choices
from conformance.chat_params.length import usage_json
from conformance.chat_params.request import VALID
from conformance.chat_params.selectors import SUCCESS
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.rule import rule
from wire.exchange import Exchange
from wire.usage import Usage

WITH: Final = SUCCESS.only(
    "with logprobs",
    lambda x: x.request.params.get("logprobs") is True,
    f"{VALID}low",
    f"{VALID}high",
    "chat.logprobs-stream",
)
WITHOUT: Final = SUCCESS.only(
    "without logprobs", lambda x: not x.request.params.get("logprobs"), f"{VALID}null", "chat.echo"
)
SEVERAL: Final = SUCCESS.only("with n", lambda x: wanted_choices(x) > 1, "chat.choices*")


@rule("chat.param.n.honoured", on=SEVERAL)
def n_honoured(x: Exchange) -> Findings:
    number, wanted = len(choices_of(x)), wanted_choices(x)
    if number != wanted:
        yield Finding("choices", f"{wanted} choices", str(number))


def entries(choice: Choice) -> Iterator[tuple[str, list[Any], str]]:
    """The log probabilities of a choice with their place and the text that they cover."""
    for name, text in (("content", choice.content), ("refusal", choice.refusal)):
        if isinstance(text, str) and text:
            listed = member({"logprobs": choice.logprobs}, "logprobs").get(name)
            place = f"{choice.where}.logprobs.{name}"
            yield place, listed if isinstance(listed, list) else [], text


@rule("chat.param.logprobs.honoured", on=WITH)
def honoured(x: Exchange) -> Findings:
    """The tokens, one after the other, are the text. Special tokens at its end may be left out."""
    choices = [said_one for choice in choices_of(x) for said_one in entries(choice)]
    for place, listed, text in choices:
        tokens = [e.get("token") if isinstance(e, dict) else None for e in listed]
        joined = "".join(token for token in tokens if isinstance(token, str))
        if joined != text and not _split_characters(listed, text):
            yield Finding(place, f"one entry a token of {show(text, 40)}", show(joined, 40))
    if not choices:
        yield Unsure("the answer has no text")


def _split_characters(listed: list[Any], text: str) -> bool:
    """Tokens may cut a character in two; then only their bytes can be put together."""
    parts = [e.get("bytes") if isinstance(e, dict) else None for e in listed]
    flat = [n for part in parts if isinstance(part, list) for n in part]
    if not all(type(n) is int and 0 <= n < 256 for n in flat):
        return False
    return bytes(flat) == text.encode("utf-8", "surrogatepass")


@rule("chat.param.logprobs.counted", on=WITH)
def counted(x: Exchange) -> Findings:
    """What was said was also counted: each entry is a token of the answer."""
    usage = Usage.of(usage_json(x))
    number = sum(len(listed) for choice in choices_of(x) for _, listed, _ in entries(choice))
    if usage is None or usage.completion_tokens is None:
        yield Unsure("the answer has no usage")
    elif number > usage.completion_tokens:
        where = "usage.completion_tokens"
        yield Finding(
            where, f"at least {number}, as many as logprobs", str(usage.completion_tokens)
        )


@rule("chat.param.top-logprobs.honoured", on=WITH)
def top(x: Exchange) -> Findings:
    given = x.request.params.get("top_logprobs")
    wanted = given if type(given) is int else 0
    if wanted and not any(listed for choice in choices_of(x) for _, listed, _ in entries(choice)):
        yield Unsure("the answer has no log probabilities")
    for choice in choices_of(x):
        for place, listed, _ in entries(choice):
            for n, entry in enumerate(listed):
                rivals = member({"e": entry}, "e").get("top_logprobs")
                number = len(rivals) if isinstance(rivals, list) else None
                if number != wanted:
                    yield Finding(f"{place}[{n}].top_logprobs", f"{wanted} entries", show(number))
                    break


@rule("chat.param.logprobs.off", on=WITHOUT)
def off(x: Exchange) -> Findings:
    for choice in choices_of(x):
        if isinstance(choice.logprobs, dict) and any(choice.logprobs.values()):
            yield Finding(
                f"{choice.where}.logprobs", "null: not asked for", show(choice.logprobs, 60)
            )
