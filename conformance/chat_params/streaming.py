"""stream and stream_options: a stream when it was asked for, and with what was asked for."""

from typing import Final

from conformance.chat.selectors import CHAT, options
from conformance.chat_params.request import VALID
from conformance.chat_params.selectors import STREAM, whole
from conformance.judging.finding import ABSENT, Finding, Findings, show
from conformance.judging.rule import rule
from conformance.judging.selector import Selector
from wire.chat import fold_chat
from wire.exchange import Exchange

PLAIN: Final = CHAT.only(
    "that asked for no stream",
    lambda x: x.ok and whole(x) and x.request.params.get("stream", False) in (False, None),
    f"{VALID}low",
    f"{VALID}null",
    "chat.echo",
)


def _option(name: str, value: bool, *probes: str) -> Selector:
    return STREAM.only(f"with {name} {value}", lambda x: options(x).get(name) is value, *probes)


@rule("chat.param.stream.off", on=PLAIN)
def off(x: Exchange) -> Findings:
    if x.reply.is_stream:
        given = show(x.request.params.get("stream", "left out"))
        yield Finding("body", f"one JSON object, because stream is {given}", "an event stream")


def _has_chunks(x: Exchange, requirement: str) -> bool:  # noqa: ARG001
    """An error in place of chunks shows nothing of what stands in them."""
    return any(isinstance(p, dict) and p.get("choices") for p in x.reply.payloads)


@rule("chat.param.stream-options.usage-on", on=_option("include_usage", True, f"{VALID}high"))
def usage_on(x: Exchange) -> Findings:
    fold = fold_chat(x.reply)
    told_error = any(isinstance(p, dict) and p.get("error") for p in x.reply.payloads)
    if fold.usage_json is None and fold.done and not told_error:
        yield Finding("usage", "an object in the last chunk", "none in any chunk")


@rule(
    "chat.param.stream-options.usage-off",
    on=_option("include_usage", False, f"{VALID}role-developer"),
)
def usage_off(x: Exchange) -> Findings:
    for index, payload in enumerate(x.reply.payloads):
        if isinstance(payload, dict) and payload.get("usage") is not None:
            yield Finding(f"event {index}, usage", "none", show(payload["usage"], 60), index)
            return


@rule(
    "chat.param.stream-options.obfuscation-on",
    on=_option("include_obfuscation", True, f"{VALID}high"),
    sees=_has_chunks,
)
def obfuscation_on(x: Exchange) -> Findings:
    for index, payload in enumerate(x.reply.payloads):
        if not isinstance(payload, dict) or not payload.get("choices"):
            continue
        if not isinstance(payload.get("obfuscation"), str):
            found = show(payload.get("obfuscation", ABSENT))
            yield Finding(f"event {index}, obfuscation", "a string", found, index)
            return


@rule(
    "chat.param.stream-options.obfuscation-off",
    on=_option("include_obfuscation", False, "chat.obfuscation-off"),
    sees=lambda _x, _: (
        False
    ),  # that it was left out shows beside streams that have it: chat/token.py
)
def obfuscation_off(x: Exchange) -> Findings:
    for index, payload in enumerate(x.reply.payloads):
        if isinstance(payload, dict) and "obfuscation" in payload:
            found = show(payload["obfuscation"])
            yield Finding(f"event {index}, obfuscation", "nothing", found, index)
            return
