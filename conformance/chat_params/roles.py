"""Messages of every role and form reach the model: it knows a word that only they say."""

import re
from typing import Any, Final

from conformance.chat.kinds import is_chat
from conformance.chat.said import said
from conformance.chat_params.accepted import answer
from conformance.chat_params.request import VALID, asking
from conformance.probe import Probe
from conformance.rule import Finding, Findings, Rule, Selector, Unsure, ok_probe, probe, rule, show
from wire.exchange import Exchange

_ASK: Final = (
    "What is the code word? Answer with that word and nothing else. "
    "If nobody has told you, answer: unknown."
)
_IGNORANT: Final = re.compile(
    r"\bunknown\b|do(?:n't| not) (?:know|have)|(?:not|n't) been told|nobody|no code word",
    re.IGNORECASE,
)
TEXT: Final = 'Été naïve 世界 🚀 👩‍🚀 שלום "quoted" \u2028 tail, ñandú.'


def _told(role: str, word: str) -> list[dict[str, Any]]:
    return [
        {"role": role, "content": f"The code word is {word}."},
        {"role": "user", "content": _ASK},
    ]


_CONVERSATIONS: Final[tuple[tuple[str, str, list[dict[str, Any]]], ...]] = (
    ("system", "MARLIN-52", _told("system", "MARLIN-52")),
    ("developer", "OSPREY-17", _told("developer", "OSPREY-17")),
    ("history", "WALNUT-84", [
        {"role": "user", "content": "Choose a code word and tell me.", "name": "alice"},
        {"role": "assistant", "content": "The code word is WALNUT-84."},
        {"role": "user", "content": _ASK, "name": "alice"},
    ]),
    ("assistant-parts", "SALMON-39", [
        {"role": "user", "content": [{"type": "text", "text": "Choose a code word."}]},
        {"role": "assistant", "content": [{"type": "text", "text": "The code word is SALMON-39."}]},
        {"role": "user", "content": _ASK},
    ]),
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
    Probe(f"{VALID}role-{name}", asking(messages), output_tokens=20)
    for name, _, messages in _CONVERSATIONS
)


def _reaches(name: str, word: str) -> Rule:
    def check(x: Exchange) -> Findings:
        for choice in said(x):
            text = choice.content if isinstance(choice.content, str) else ""
            if word in text:
                continue
            if _IGNORANT.search(text):
                yield Finding(f"{choice.where}.content", f"{word}, as it was told", show(text))
            else:
                yield Unsure(f"the model did not answer the question: {show(text, 40)}")

    requirement = f"chat.param.messages.{name}"
    return Rule((requirement,), ok_probe(f"{VALID}role-{name}"), check)


def _refused(x: Exchange) -> bool:
    return x.reply.status >= 400 and x.reply.status not in {401, 403, 408, 429, 503}


def _accepted(requirement: str, *probes: str) -> Rule:
    def check(x: Exchange) -> Findings:
        if _refused(x):
            yield Finding("status", "200", answer(x))

    return Rule((requirement,), probe(*probes), check)


RULES: Final = (
    *(_reaches(name, word) for name, word, _ in _CONVERSATIONS),
    *(_accepted(f"chat.param.messages.{n}", f"{VALID}role-{n}") for n, _, _ in _CONVERSATIONS),
    _accepted("chat.param.messages.parts", f"{VALID}parts"),
    _accepted("chat.param.messages.minimal", "chat.echo", "chat.small"),
)


@rule("chat.param.messages.parts", "chat.param.messages.unicode", on=ok_probe(f"{VALID}parts"))
def parts(x: Exchange) -> Findings:
    for choice in said(x):
        text = choice.content if isinstance(choice.content, str) else ""
        where = f"{choice.where}.content"
        if any(word in text for word in ("markers", "<<<", "[object", "'type'", '"type"')):
            yield Finding(where, "both parts to reach the model", show(text))
        elif all(word in text for word in ("quoted", "tail")):
            # The plain words are right, so the model has obeyed, and the rest has to be right, too.
            if text.strip() != TEXT:
                yield Finding(where, show(TEXT), show(text), None, "chat.param.messages.unicode")
        else:
            for name in ("parts", "unicode"):
                reason = f"the model did not repeat the text: {show(text, 40)}"
                yield Unsure(reason, f"chat.param.messages.{name}")


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
    if _refused(x) and x.source is None:
        yield Finding("status", "200", answer(x))
