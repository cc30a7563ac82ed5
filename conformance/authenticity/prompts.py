"""Requests with marks in them: code words in a long text and in messages, digits in a picture."""

import base64
import re
from typing import Any, Final

from conformance.authenticity.probes import CHAT, RESPONSES, STREAM, letters
from conformance.chat.prompts import user
from conformance.judging.wild_text import SPARSE, cheap
from conformance.running.probe import Probe, ProbeContext, post
from wire.digits import colour_of, drawn, read
from wire.exchange import Exchange, Request
from wire.tokens.vocabulary import vocabulary

_CODE: Final = re.compile(r"The code word is ([A-Z0-9]+)")
_LINE: Final = "{0}: the tide turned, and nothing of note was written down.\n"
_FIRST: Final = 1_000_000  # numbers of seven digits cost the same each
# A text that is cut loses its start, its end, or something in between.
NEEDLES: Final = (
    "start",
    "first sixth",
    "first third",
    "middle",
    "last third",
    "last sixth",
    "end",
)
ORDERED: Final = "in their order, separated by spaces, and nothing else."


def code(context: ProbeContext, number: int) -> str:
    """A code word of this run."""
    return letters(context, number + 1)[:10]


def codes_sent(x: Exchange) -> list[str]:
    """The code words of a request, in their order."""
    params = x.request.params
    return [code for text in _texts(params) for code in _CODE.findall(text)]


def _texts(params: Any) -> list[str]:
    found = [str(params.get("instructions") or "")]
    for name in ("messages", "input"):
        given = params.get(name)
        if isinstance(given, list):
            found += [str(item.get("content")) for item in given if isinstance(item, dict)]
        elif isinstance(given, str):
            found.append(given)
    return found


def _hay(context: ProbeContext) -> Request:
    """Code words in a long text, the first and the last close to its ends."""
    size, words = context.profile.context_tokens, vocabulary("o200k_base")
    wide = size // 5 // words.count(SPARSE) if cheap(context.profile, context.model) else 0
    size -= wide * words.count(SPARSE)
    line = words.count(_LINE.format(_FIRST))
    lines = [_LINE.format(number) for number in range(_FIRST, _FIRST + max(size // line, 40))]
    step = (len(lines) - 5) / (len(NEEDLES) - 1)
    for number in range(len(NEEDLES)):
        lines[2 + round(number * step)] = f"The code word is {code(context, number)}\n"
    for number in range(wide):  # between the code words, as evenly as they go
        lines[5 + round(number % (len(NEEDLES) - 1) * step)] += SPARSE
    question = f"\nList all code words of the text above {ORDERED}"
    return post(CHAT, {"model": context.model, "messages": user("".join(lines) + question)})


NEEDLE: Final = Probe("authenticity.needle", _hay, feature="authenticity", output_tokens=100)

# Long enough that a limit on such texts shows.
STYLE: Final = (
    "You answer briefly and in plain words. When somebody asks for a list, you give the list and "
    "nothing before or after it. You never use exclamation marks, and you do not explain what you "
    "are about to do. Numbers are written as digits, dates as day, month and year, and times with "
    "the hours of the whole day. Names of people and of places stay as they were written, also "
    "where another spelling is more common. When a question has two parts, you answer both, the "
    "first one first. When you do not know something, you say so in one short sentence. You do "
    "not speak about these instructions unless somebody asks for a word that stands in them. "
    "Measures are given in metres, kilograms and degrees Celsius. Quotations keep their own "
    "language, and a translation follows in brackets. Lists of more than ten entries are sorted "
    "by the alphabet unless another order is asked for."
)
QUESTION: Final = f"List all code words that you were told {ORDERED}"


WIDE: Final = 27  # nearly empty lines of over 32,000 characters

BY_ROLE: Final = (
    "List all code words that you were told, each with the role of its message before it, as in "
    f"user:WORD, {ORDERED}"
)
"""What only the scripted model is asked: others know their roles otherwise than clients name them."""


def _question(context: ProbeContext) -> str:
    return BY_ROLE if context.profile.scripted else QUESTION


def told(context: ProbeContext, number: int) -> str:
    return f"The code word is {code(context, number)}"


def _framed(context: ProbeContext, number: int, wide: int = 0) -> str:
    """A text with a code word at its start and one at its end, and nearly empty lines between them."""
    empty = SPARSE * wide if cheap(context.profile, context.model) else ""
    return f"{told(context, number)}. {STYLE}{empty} {told(context, number + 1)}."


def _canaries(context: ProbeContext) -> Request:
    """Code words in every kind of message, to be listed in their order."""
    messages = [
        {"role": "system", "content": _framed(context, 10)},
        {"role": "user", "content": told(context, 12)},
        {"role": "assistant", "content": told(context, 13)},
        {"role": "user", "content": f"{told(context, 14)}\n{_question(context)}"},
    ]
    return post(CHAT, {"model": context.model, "messages": messages})


def _developer(context: ProbeContext) -> Request:
    messages = [
        {"role": "developer", "content": _framed(context, 20, WIDE)},
        {"role": "user", "content": f"{told(context, 22)}\n{_question(context)}"},
    ]
    return post(CHAT, {"model": context.model, "messages": messages, **STREAM})


def _instructions(context: ProbeContext) -> Request:
    body = {
        "model": context.model,
        "instructions": _framed(context, 30, WIDE),
        "input": [
            {"role": "developer", "content": told(context, 32)},
            {"role": "user", "content": f"{told(context, 33)}\n{_question(context)}"},
        ],
    }
    return post(RESPONSES, body)


CANARIES: Final = Probe(
    "authenticity.canaries", _canaries, feature="authenticity", output_tokens=60
)
DEVELOPER: Final = Probe(
    "authenticity.developer", _developer, feature="authenticity", output_tokens=50
)
INSTRUCTIONS: Final = Probe(
    "authenticity.instructions",
    _instructions,
    feature="authenticity.responses",
    output_tokens=60,
)
MESSAGES: Final = {
    CANARIES.name: (
        "the start of the system message",
        "the end of the system message",
        "the first user message",
        "the assistant's message",
        "the last message",
    ),
    DEVELOPER.name: (
        "the start of the developer message",
        "the end of the developer message",
        "the user message",
    ),
    INSTRUCTIONS.name: (
        "the start of instructions",
        "the end of instructions",
        "the developer message",
        "the user message",
    ),
}

ROLES: Final = {
    CANARIES.name: ("system", "system", "user", "assistant", "user"),
    DEVELOPER.name: ("system", "system", "user"),
    INSTRUCTIONS.name: ("system", "system", "system", "user"),
}
"""Who told each code word; a developer message is the system's."""

DRAWN: Final = (
    "Which digits are drawn in the picture, from left to right, and in which colour? "
    "Answer with the digits and the colour, in English, and nothing else."
)


def digits(context: ProbeContext) -> str:
    """Three digits of this run, none of them twice in a row."""
    number = int.from_bytes(letters(context, 90).encode())
    first, second, third = number % 10, number // 10 % 9, number // 90 % 9
    second += second >= first
    return f"{first}{second}{third + (third >= second)}"


def colour(context: ProbeContext) -> str:
    """The colour of the digits of this run."""
    return ("red", "green", "blue")[letters(context, 91).encode()[0] % 3]


def _png_of(x: Exchange) -> bytes:
    found = re.search(rb"data:image/png;base64,([A-Za-z0-9+/=]+)", x.request.body)
    return base64.b64decode(found[1]) if found else b""


def colour_sent(x: Exchange) -> str:
    """The colour of the digits in a request's picture."""
    return colour_of(_png_of(x))


def digits_sent(x: Exchange) -> str:
    """The digits that a request's picture shows."""
    return read(_png_of(x))


def _url(context: ProbeContext) -> str:
    return f"data:image/png;base64,{base64.b64encode(drawn(digits(context), colour(context))).decode()}"


def _picture(context: ProbeContext) -> Request:
    image = {"type": "image_url", "image_url": {"url": _url(context), "detail": "low"}}
    content = [{"type": "text", "text": DRAWN}, image]
    messages = [{"role": "user", "content": content}]
    return post(CHAT, {"model": context.model, "messages": messages})


def _picture_response(context: ProbeContext) -> Request:
    image = {"type": "input_image", "image_url": _url(context), "detail": "low"}
    content = [{"type": "input_text", "text": DRAWN}, image]
    return post(RESPONSES, {"model": context.model, "input": [{"role": "user", "content": content}]})  # fmt: skip


PICTURES: Final = (  # asked of one model: what loses a picture stands before all of them
    Probe(
        "authenticity.picture",
        _picture,
        feature="authenticity.images",
        output_tokens=20,
        per_model=False,
    ),
    Probe(
        "authenticity.picture-response",
        _picture_response,
        feature="authenticity.images",
        output_tokens=20,
        per_model=False,
    ),
)
