"""max_completion_tokens and max_tokens: no answer is longer, and a cut answer says so."""

from typing import Any

from conformance.chat.choice import choices_of
from conformance.chat.selectors import wanted_choices
from conformance.chat_params.request import COUNT, VALID
from conformance.chat_params.selectors import SUCCESS
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.route import Silence
from conformance.judging.rule import Rule, rule
from conformance.judging.selector import Selector
from conformance.running.share import hung_up
from wire.chat import fold_chat
from wire.exchange import Exchange
from wire.usage import Usage


def limit(x: Exchange, name: str) -> int | None:
    value = x.request.params.get(name)
    return value if type(value) is int and value > 0 else None


def usage_json(x: Exchange) -> dict[str, Any] | None:
    """The usage object of an answer, plain or streamed."""
    if x.reply.is_stream:
        return fold_chat(x.reply).usage_json
    found = x.reply.json.get("usage") if isinstance(x.reply.json, dict) else None
    return found if isinstance(found, dict) else None


def _limited(name: str, *probes: str) -> Selector:
    return SUCCESS.only(f"with {name}", lambda x: limit(x, name) is not None, *probes)


def _over(x: Exchange, name: str) -> Findings:
    most = limit(x, name) or 0
    usage = Usage.of(usage_json(x))
    tokens = usage.completion_tokens if usage else None
    if tokens is not None and tokens > most * wanted_choices(x):
        yield Finding("usage.completion_tokens", f"at most {most}", str(tokens))
    if hung_up(x):
        yield Finding("stream", f"at most {most} tokens", x.connection.error)
    for choice in choices_of(x):
        # A word is a token at least, whatever the tokenizer.
        if isinstance(choice.content, str) and (number := len(choice.content.split())) > most:
            yield Finding(f"{choice.where}.content", f"at most {most} tokens", f"{number} words")


@rule(
    "chat.param.max-completion-tokens.honoured",
    on=_limited("max_completion_tokens", f"{VALID}low", f"{VALID}high", f"{VALID}effort-*"),
    silence=[Silence.TORN],
)
def max_completion_tokens(x: Exchange) -> Findings:
    yield from _over(x, "max_completion_tokens")


@rule(
    "chat.param.max-tokens.honoured",
    on=_limited("max_tokens", f"{VALID}max-tokens"),
    silence=[Silence.TORN],
)
def max_tokens(x: Exchange) -> Findings:
    yield from _over(x, "max_tokens")


def _cut(name: str, *probes: str) -> Rule:
    def matches(x: Exchange) -> bool:
        asked = x.request.params.get("messages")
        counting = asked == [{"role": "user", "content": COUNT}]
        return counting and limit(x, name) is not None and not x.request.params.get("stop")

    def check(x: Exchange) -> Findings:
        """Counting to 200 takes more tokens than any limit that a probe sets."""
        for choice in choices_of(x):
            text = choice.content if isinstance(choice.content, str) else ""
            if choice.finish_reason == "length":
                continue
            if text.startswith("1 2 3") and not text.rstrip().endswith("200"):
                where = f"{choice.where}.finish_reason"
                yield Finding(
                    where, '"length"', f"{show(choice.finish_reason)} after {show(text[-20:])}"
                )
            else:
                yield Unsure("the model did not count until it was cut")

    slug = name.replace("_", "-")
    requirement = f"chat.param.{slug}.finish-length"
    return Rule((requirement,), _limited(name, *probes).only("counting", matches, *probes), check)


RULES = (
    _cut("max_completion_tokens", f"{VALID}low", f"{VALID}high"),
    _cut("max_tokens", f"{VALID}max-tokens"),
)
