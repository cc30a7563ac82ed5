"""Messages of every role and form reach the model: it knows a word that only they say."""

import json
import re
from typing import Any, Final

from conformance.chat.choice import choices_of
from conformance.chat.selectors import is_chat
from conformance.chat_params.request import VALID, asking
from conformance.judging.answer import status_line
from conformance.judging.code_word import ASK, knows, told
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.lacking import lacked
from conformance.judging.refusal import too_long
from conformance.judging.rule import Rule, rule
from conformance.judging.selector import Selector, ok_probe, probe
from conformance.running.probe import Probe
from wire.exchange import Exchange

TEXT: Final = 'Été naïve 世界 🚀 👩‍🚀 שלום "quoted" \u2028 tail, ñandú.'


def _text(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "content": text}


def _part(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "content": [{"type": "text", "text": text}]}


_STREAM: Final = {"stream": True, "stream_options": {"include_usage": False}}

# What to call it, the word, messages, and whether in a stream. A stale word is told before it.
_STALE: Final = "PLUM-61"
_CONVERSATIONS: Final[tuple[tuple[str, str, list[dict[str, Any]], bool], ...]] = (
    ("system", "MARLIN-52", [_text("system", told("MARLIN-52")), _text("user", ASK)], False),
    ("developer", "OSPREY-17", [_text("developer", told("OSPREY-17")), _text("user", ASK)], True),
    ("history", "WALNUT-84", [
        {**_text("user", "Choose a code word and tell me."), "name": "alice"},
        _text("assistant", told(_STALE)),
        {**_text("user", "Choose another."), "name": "alice"},
        _text("assistant", told("WALNUT-84")),
        _text("user", "Thank you."),
        _text("assistant", "You are welcome."),
        {**_text("user", ASK), "name": "alice"},
    ], True),
    ("assistant-parts", "SALMON-39", [
        _part("system", "Be brief."),
        _part("user", "Choose a code word."),
        _part("assistant", told("SALMON-39")),
        _text("user", ASK),
    ], False),
)  # fmt: skip
_PARTS: Final = [
    {
        "type": "text",
        "text": "Repeat the text between the markers exactly, and write nothing else.",
    },
    {"type": "text", "text": f"\n<<<\n{TEXT}\n>>>"},
]
PARTS: Final = Probe(
    f"{VALID}parts", asking([{"role": "user", "content": _PARTS}]), output_tokens=60
)
PROBES: Final = tuple(
    Probe(
        f"{VALID}role-{name}",
        asking(messages, **(_STREAM if stream else {})),
        feature="chat.stream" if stream else "chat",
        output_tokens=20,
    )
    for name, _, messages, stream in _CONVERSATIONS
)


_RECITED: Final = ("Choose a", "and tell me", "Choose another")
"""What only those say who repeat the conversation itself."""


def _reaches(name: str, word: str) -> Rule:
    def check(x: Exchange) -> Findings:
        for choice in choices_of(x):
            text = choice.content if isinstance(choice.content, str) else ""
            if _STALE in text and any(said in text for said in _RECITED):
                yield Unsure("the conversation was recited, not answered")
            elif _STALE in text:
                yield Finding(
                    f"{choice.where}.content", f"{word}, the last that was told", show(text)
                )
            else:
                yield from knows(f"{choice.where}.content", text, word)

    requirement = f"chat.param.messages.{name}"
    return Rule((requirement,), ok_probe(f"{VALID}role-{name}"), check)


def _refused(x: Exchange) -> bool:
    return x.reply.status >= 400 and x.reply.status not in (401, 403, 408, 429, 503)


def _accepted(requirement: str, *probes: str) -> Rule:
    def check(x: Exchange) -> Findings:
        if name := lacked(x):
            yield Unsure(f"the server does not know {name}: {status_line(x)}", lacking=True)
        elif _refused(x):
            yield Finding("status", "200", status_line(x))

    return Rule((requirement,), probe(*probes), check)


RULES: Final = (
    *(_reaches(name, word) for name, word, *_ in _CONVERSATIONS),
    *(_accepted(f"chat.param.messages.{n}", f"{VALID}role-{n}") for n, *_ in _CONVERSATIONS),
    _accepted("chat.param.messages.parts", f"{VALID}parts"),
    _accepted("chat.param.messages.minimal", "chat.echo", "chat.small"),
)


@rule("chat.param.messages.parts", "chat.param.messages.unicode", on=ok_probe(f"{VALID}parts"))
def parts(x: Exchange) -> Findings:
    for choice in choices_of(x):
        text = choice.content if isinstance(choice.content, str) else ""
        where = f"{choice.where}.content"
        recited = any(word in text for word in ("markers", "<<<"))
        if any(word in text for word in ("[object", "'type'", '"type"')):
            yield Finding(where, "both parts to reach the model as text", show(text))
        elif "markers" in text and (TEXT[:9] in text or json.dumps(TEXT[:9])[1:-1] in text):
            # A server that recites what it was given shows that both parts are there.
            if TEXT not in text:
                yield Unsure("the text was recited in part", "chat.param.messages.unicode")
        elif recited and choice.finish_reason != "length":
            yield Finding(where, "both parts to reach the model", show(text))
        elif _plain_words(text) == _ORDINARY:
            # The plain words are right, so the model has obeyed, and the rest has to be right, too.
            if text.strip() != TEXT:
                yield Finding(where, show(TEXT), show(text), None, "chat.param.messages.unicode")
        else:
            for name in ("parts", "unicode"):
                reason = f"the model did not repeat the text: {show(text, 40)}"
                yield Unsure(reason, f"chat.param.messages.{name}")


_ORDINARY: Final = {"quoted", "tail"}
_WITHOUT_MARKS: Final = {"naive", "nandu", "nave"}
"""Words of the text as a server writes them that drops what is no ASCII."""


def _plain_words(text: str) -> set[str]:
    """The words of plain letters, which no wrong decoding changes; without those that lost a mark."""
    return set(re.findall(r"(?<![^\s\"])[a-z]{4,}(?![^\s\",.])", text)) - _WITHOUT_MARKS


CALLED: Final = Selector(
    "a chat call with a tool's result",
    lambda x: (
        is_chat(x) and _has_result(x) and not (x.probe or "").startswith("chat_params.refuse.")
    ),
    ("chat.tool-result",),
)


def _has_result(x: Exchange) -> bool:
    messages = x.request.params.get("messages")
    rows = [m for m in messages if isinstance(m, dict)] if isinstance(messages, list) else []
    silent = any(m.get("tool_calls") and m.get("content", 0) is None for m in rows)
    return silent and any(m.get("role") == "tool" for m in rows)


@rule("chat.param.tool-messages.accepted", on=CALLED)
def tool_messages(x: Exchange) -> Findings:
    if too_long(x):
        yield Unsure("the model's context is too small for it")
    elif _refused(x) and x.source is None:
        yield Finding("status", "200", status_line(x))
