"""Requests whose answers tell what is really served. Most of what is judged, other areas bring."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any, Final

from conformance.authenticity.texts import TEXTS
from conformance.chat.prompts import echo, text_asked, user
from conformance.judging.wild_text import END, START, WILD
from conformance.running.probe import Probe, ProbeContext, post, sends
from wire.exchange import Exchange, Request
from wire.tokens.asked import Message

CHAT: Final = "/chat/completions"
RESPONSES: Final = "/responses"
COUNT: Final = "\n\nDo not answer what stands above. Count from 1 to 3"
STREAM: Final = {"stream": True, "stream_options": {"include_usage": True}}
# What tells tokenizers apart goes one way, so that it can be compared; the rest goes all ways.
ROUTES: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "english": (RESPONSES, {}),
    "json": (CHAT, STREAM),
    "code": (RESPONSES, {"stream": True}),
    "digits": (CHAT, STREAM),
    "hindi": (RESPONSES, {}),
    "spaces": (RESPONSES, {"stream": True}),
    "repeated": (CHAT, STREAM),
}
# Two on each of the four paths: one of strings, one of parts with an answer in the history.
STRINGS: Final = ("mixed", "json", "hindi", "code")
PARTS: Final = ("thai", "repeated", "english", "spaces")
EDGED: Final = (*STRINGS, *PARTS)


def conversation(name: str) -> tuple[Message, ...]:
    """The messages made of a text, as they are counted."""
    text = TEXTS[name] + COUNT
    if name not in EDGED:
        return (Message("user", text),)
    wild = f"{START}{WILD}{END}"
    asked = Message("user", f"{START}{TEXTS[name]}{WILD}{COUNT}{END}")
    if name in STRINGS:
        return Message("system", wild), asked
    return (
        Message("developer", wild),
        Message("user", "Begin."),
        Message("assistant", f"{START}{WILD * 3}{END}"),  # this place is tried once on each path
        asked,
    )


def _parts(message: Message, path: str) -> dict[str, Any]:
    said = "output_text" if message.role == "assistant" else "input_text"
    part = {"type": "text" if path == CHAT else said, "text": message.text}
    return {"role": message.role, "content": [part]}


def _given(name: str, path: str) -> dict[str, Any]:
    """What of a request holds the conversation: strings, or lists of parts."""
    told = conversation(name)
    if path == CHAT:
        strings = [{"role": m.role, "content": m.text} for m in told]
        return {"messages": [_parts(m, path) for m in told] if name in PARTS else strings}
    if name in PARTS:
        return {"input": [_parts(m, path) for m in told]}
    first = {"instructions": told[0].text} if len(told) > 1 else {}
    return {**first, "input": told[-1].text}


def _text(name: str) -> Probe:
    path, more = ROUTES.get(name, (CHAT, {}))
    feature = "authenticity" if path == CHAT else "authenticity.responses"
    return Probe(f"authenticity.text-{name}", sends(path, {**_given(name, path), **more}), feature=feature, output_tokens=20)  # fmt: skip


TEXT_PROBES: Final = tuple(_text(name) for name in TEXTS)


def letters(context: ProbeContext, number: int) -> str:
    """Letters that nobody has sent before this run, others for each number."""
    mark = f"{context.run} {number} {context.model}".encode()
    return base64.b32encode(hashlib.blake2b(mark, digest_size=10).digest()).decode()


def nonce(context: ProbeContext) -> str:
    word = letters(context, 0).lower()
    return f"{word[:6]}-{word[6:14]}"


def _repeated_nonce(context: ProbeContext) -> Request:
    return post(CHAT, {"model": context.model, "messages": user(echo(nonce(context))), **STREAM})


OPEN: Final = "Write twelve words that come to your mind, and nothing else."
LIKELY: Final = "Describe a harbour at night in thirty words."


def _open(text: str, **more: Any) -> Callable[[ProbeContext], Request]:
    return sends(CHAT, {"messages": user(text), **more})


FRESH: Final = Probe(
    "authenticity.fresh",
    _open(OPEN, temperature=1),
    count=2,
    feature="authenticity",
    output_tokens=80,
)
SETTLED: Final = Probe(
    "authenticity.settled",
    _open(LIKELY, temperature=0),
    count=2,
    feature="authenticity",
    output_tokens=120,
)
NONCE: Final = Probe(
    "authenticity.nonce", _repeated_nonce, feature="authenticity", output_tokens=40
)
LOGPROBS: Final = Probe(
    "authenticity.logprobs",
    _open(LIKELY, temperature=0, logprobs=True, top_logprobs=2),
    count=2,
    feature="authenticity.logprobs",
    output_tokens=16,
)
REASONING: Final = Probe(
    "authenticity.reasoning",
    sends(RESPONSES, {"input": "Count from 1 to 3", "reasoning": {"effort": "low"}}),
    feature="authenticity.responses",
    output_tokens=120,
)  # fmt: skip


def nonce_sent(x: Exchange) -> str:
    """The word that a request asks to be repeated."""
    return text_asked(x) or ""
