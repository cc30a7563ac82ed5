"""What a server may support or not: it says so clearly, and never fails over it."""

from typing import Any, Final

from conformance.chat.choice import choices_of
from conformance.chat_params.length import usage_json
from conformance.chat_params.request import HELLO, PATH, asking, feature_of, user
from conformance.judging.answer import error_of, status_line
from conformance.judging.finding import ABSENT, Finding, Findings, Unsure, show
from conformance.judging.refusal import blind, names, refused, unjudged
from conformance.judging.rule import Rule, rule
from conformance.judging.selector import ok_probe, probe
from conformance.running.probe import Probe, ProbeContext, post
from wire.exchange import Exchange, Request
from wire.usage import Usage

_FUNCTIONS: Final = {
    "functions": [{"name": "note", "parameters": {"type": "object"}}],
    "function_call": {"name": "note"},
}
# What it is about -> parameters, and what a refusal has to name.
_EITHER: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "moderation": ({"moderation": {"model": "omni-moderation-latest"}}, "moderation"),
    "prompt-cache-options": ({"prompt_cache_options": {"mode": "explicit", "ttl": "30m"}},
                             "prompt_cache_options"),
    "functions": (_FUNCTIONS, "functions"),
    "parallel-without-tools": ({"parallel_tool_calls": False}, "parallel_tool_calls"),
    "web-search-options": ({"web_search_options": {}}, "web_search_options"),
    "prediction": ({"prediction": {"type": "content", "content": HELLO}}, "prediction"),
}  # fmt: skip


def _either(slug: str, body: dict[str, Any], parameter: str) -> Probe:
    return Probe(
        f"chat_params.either.{slug}",
        lambda context: post(PATH, {"model": context.model, "messages": user(HELLO), **body}),
        feature=feature_of(parameter),
        per_model=False,
        output_tokens=15,
    )


def _many(context: ProbeContext) -> Request:
    """A thousand messages, the last of which has no role: long to read, and never answered."""
    messages = [{"role": ("assistant" if n % 2 else "user"), "content": "Hi."} for n in range(999)]
    return post(PATH, {"model": context.model, "messages": [*messages, {"content": "Hi."}]})


def _overflow(context: ProbeContext) -> Request:
    text = "[[usage prompt=3000000]] Say hello."
    return post(PATH, {"model": context.model, "messages": user(text)})


PROBES: Final = (
    *(_either(slug, body, name) for slug, (body, name) in _EITHER.items()),
    Probe("chat_params.either.many-messages", _many, feature="chat", per_model=False,
          output_tokens=0),
    Probe("chat_params.either.context", _overflow, feature="scripted", per_model=False,
          output_tokens=0),
    Probe("chat_params.either.unknown", lambda context: post(PATH, {
              "model": context.model, "messages": user(HELLO), "conformance_unknown": 1}),
          feature="chat", per_model=False, output_tokens=0, count=3),
)  # fmt: skip
_PIXELS: Final = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR42mP4z8CAFTEMLQ"
    "kAKP8/wc53yE8AAAAASUVORK5CYII="
)
IMAGES: Final = Probe(
    "chat_params.either.images",
    asking([{"role": "user", "content": [
        {"type": "text", "text": "Which colour is this? One word."},
        *({"type": "image_url", "image_url": {"url": _PIXELS, "detail": detail}}
          for detail in ("auto", "low", "high", "original")),
    ]}]),
    feature="chat.images",
    per_model=False,
)  # fmt: skip


_WITH: Final = {"functions": "functions|function_call"}
"""What a refusal may name in place of a parameter that is sent with it."""


def _clear(slug: str, parameter: str) -> Rule:
    def check(x: Exchange) -> Findings:
        if x.ok or unjudged(x):
            return
        if x.reply.status != 400:
            yield Finding("status", f"200, or 400 because of {parameter}", status_line(x))
        elif not names(x, _WITH.get(parameter, parameter)):
            found = show(error_of(x).get("param", ABSENT))
            yield Finding("error.param", f"{parameter}, or its name in the message", found)

    return Rule((f"chat.param.{slug}.clear",), probe(f"chat_params.either.{slug}"), check)


RULES: Final = tuple(_clear(slug, name) for slug, (_, name) in _EITHER.items())


@rule("chat.param.functions.honoured", on=probe("chat_params.either.functions"))
def functions_called(x: Exchange) -> Findings:
    """Who takes the deprecated form has to do what it says: it is not dropped in silence."""
    if not x.ok:
        yield Unsure(f"functions are refused, not dropped: {status_line(x)}", lacking=True)
        return
    for choice in choices_of(x):
        made = choice.others.get("function_call")
        if not made and not choice.calls and not choice.refusal:
            found = f"none, and the text {show(choice.content, 40)}"
            yield Finding(
                f"{choice.where}.function_call", "a call of note, as function_call says", found
            )


@rule("chat.param.messages.thousand", on=probe("chat_params.either.many-messages"))
def thousand(x: Exchange) -> Findings:
    yield from refused(x, "the last of 1000 messages has no role")


@rule("chat.param.messages.context", on=probe("chat_params.either.context"))
def context(x: Exchange) -> Findings:
    error = error_of(x)
    if x.reply.status != 400:
        yield Finding("status", "400: the prompt is longer than the context", status_line(x))
    elif error.get("code") != "context_length_exceeded":
        yield Finding("error.code", '"context_length_exceeded"', show(error.get("code", ABSENT)))
    elif error.get("param") != "messages":
        yield Finding("error.param", '"messages"', show(error.get("param", ABSENT)))


@rule("chat.param.unknown.clear", on=probe("chat_params.either.unknown"))
def unknown(x: Exchange) -> Findings:
    """Ignoring it is allowed as well; that all calls are treated alike is another requirement."""
    if x.ok or unjudged(x):
        return
    if x.reply.status != 400 or not names(x, "conformance_unknown"):
        yield Finding("error", "200, or 400 that names conformance_unknown", status_line(x))


@rule("chat.param.images.reach-model", on=ok_probe(IMAGES.name))
def images_counted(x: Exchange) -> Findings:
    """The text alone takes less than 20 tokens, four images take more than one each."""
    usage = Usage.of(usage_json(x))
    if usage is None or usage.prompt_tokens is None:
        yield Unsure("the answer has no usage")
    elif usage.prompt_tokens < 24:
        where = "usage.prompt_tokens"
        yield Finding(where, "more than the text alone takes", str(usage.prompt_tokens))


@rule("chat.param.images.accepted", on=probe(IMAGES.name))
def images(x: Exchange) -> Findings:
    if blind(x):
        yield Unsure(f"the model takes no images: {status_line(x)}", lacking=True)
    elif not x.ok and not unjudged(x):
        yield Finding("status", "200 for images as data URLs with each detail", status_line(x))
