"""Requests whose answers tell what is really served. Most of what is judged, other areas bring."""

import base64
import hashlib
import re
from collections.abc import Callable
from typing import Any, Final

from conformance.authenticity.texts import TEXTS
from conformance.chat.prompts import echo, text_asked, user
from conformance.running.probe import Probe, ProbeContext, post, sends
from wire.exchange import Exchange, Request

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
    "spaces": (RESPONSES, {"stream": True}),
    "repeated": (CHAT, STREAM),
}


def _text(name: str) -> Probe:
    path, more = ROUTES.get(name, (CHAT, {}))
    text = TEXTS[name] + COUNT
    body: dict[str, Any] = {"input": text} if path == RESPONSES else {"messages": user(text)}
    feature = "authenticity" if path == CHAT else "authenticity.responses"
    return Probe(f"authenticity.text-{name}", sends(path, {**body, **more}), feature=feature, output_tokens=20)  # fmt: skip


TEXT_PROBES: Final = tuple(_text(name) for name in TEXTS)


def _letters(context: ProbeContext, number: int) -> str:
    """Letters that nobody has sent before this run, others for each number."""
    mark = f"{context.run} {number} {context.model}".encode()
    return base64.b32encode(hashlib.blake2b(mark, digest_size=10).digest()).decode()


def nonce(context: ProbeContext) -> str:
    letters = _letters(context, 0).lower()
    return f"{letters[:6]}-{letters[6:14]}"


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
LIMIT: Final = Probe(
    "authenticity.limit",
    sends(CHAT, {"messages": user("Count from 1 to 3"), "max_completion_tokens": 200}),
    feature="authenticity",
    output_tokens=40,
)
REASONING: Final = Probe(
    "authenticity.reasoning",
    sends(RESPONSES, {"input": "Count from 1 to 3", "reasoning": {"effort": "low"}}),
    feature="authenticity.responses",
    output_tokens=120,
)  # fmt: skip

_CODE: Final = re.compile(r"The code word is ([A-Z0-9]+)")


def codes_sent(x: Exchange) -> list[str]:
    """The code words of a request, in their order."""
    messages = x.request.params.get("messages")
    messages = messages if isinstance(messages, list) else []
    return [
        code
        for message in messages
        for code in _CODE.findall(str(message.get("content") if isinstance(message, dict) else ""))
    ]


def nonce_sent(x: Exchange) -> str:
    """The word that a request asks to be repeated."""
    return text_asked(x) or ""


NEEDLES: Final = ("start", "middle", "end")
CONTEXT: Final = 8_000


def code(context: ProbeContext, number: int) -> str:
    """A code word of this run."""
    return _letters(context, number + 1)[:10]


def _hay(context: ProbeContext) -> Request:
    """Three code words in a long text, the first and the last close to its ends."""
    line = "{0}: the tide turned, and nothing of note was written down.\n"
    lines = [line.format(number) for number in range(1000, 1000 + CONTEXT // 15)]
    for number, place in enumerate((2, len(lines) // 2, len(lines) - 3)):
        lines[place] = f"The code word is {code(context, number)}\n"
    question = "\nList all code words of the text above in their order, separated by spaces, and nothing else."
    return post(CHAT, {"model": context.model, "messages": user("".join(lines) + question)})


NEEDLE: Final = Probe("authenticity.needle", _hay, feature="authenticity", output_tokens=60)


def _canaries(context: ProbeContext) -> Request:
    """Code words in every kind of message, to be listed in their order."""
    told = [f"The code word is {code(context, number)}" for number in range(10, 14)]
    question = "List all code words that you were told in their order, separated by spaces, and nothing else."
    messages = [
        {
            "role": "system",
            "content": f"You answer briefly. {told[0]}. Never use exclamation marks.",
        },
        {"role": "user", "content": told[1]},
        {"role": "assistant", "content": told[2]},
        {"role": "user", "content": f"{told[3]}\n{question}"},
    ]
    return post(CHAT, {"model": context.model, "messages": messages})


CANARIES: Final = Probe(
    "authenticity.canaries", _canaries, feature="authenticity", output_tokens=60
)
