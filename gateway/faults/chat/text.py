"""Faults of what chat says: texts, plain and streamed, and the log probabilities of their tokens."""

import html
from collections.abc import Callable
from itertools import accumulate, pairwise
from typing import Any, Final

from gateway.faults.machinery.chat_edits import fault, plain, retold, streamed
from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.selection import asking
from gateway.faults.machinery.stream_edits import delta_with, drop_frame, edit, repeat_frame
from gateway.faults.machinery.transform import alter, chain, drop, on_all, on_frames, put

_CONTENT, _PARAMETER = Family.CONTENT, Family.PARAMETER
_TEXT: Final = "choices[].message.content"
_TOKENS: Final = "choices[].logprobs.content[]"
# How a text may come out of a wrong hand.
_DAMAGE: Final[dict[str, tuple[str, Callable[[str], str]]]] = {
    "trimmed": ("White space at the ends is lost.", str.strip),
    "ascii": ("Letters beyond ASCII become '?'.", lambda t: t.encode("ascii", "replace").decode()),
    "mojibake": ("UTF-8 is read as Latin-1.", lambda t: t.encode().decode("latin-1")),
    "escaped": ("Text is escaped for HTML.", html.escape),
    "unescaped": ("Text is unescaped as if it were HTML.", html.unescape),
    "composed": ("Joined emoji fall apart.", lambda t: t.replace("\u200d", "")),
    "line-separator": ("A line separator becomes a line end.", lambda t: t.replace("\u2028", "\n")),
    "single-spaces": ("Double spaces become one.", lambda t: t.replace("  ", " ")),
    "one-line": ("Line ends are lost.", lambda t: t.replace("\n", " ")),
    "crlf": ("Line ends become CRLF.", lambda t: t.replace("\n", "\r\n")),
}
# How the deltas of a stream may come out of a wrong hand.
_RETELLING: Final[dict[str, tuple[str, str, Callable[[list[str]], list[str]]]]] = {
    "delta-lost": ("stream.content stream.logprobs", "One delta is lost.", lambda t: t[:1] + t[2:]),
    "delta-lost-late": ("stream.content stream.logprobs", "The last delta is lost.", lambda t: t[:-1]),
    "delta-lost-seventh": ("stream.content stream.logprobs", "The seventh delta is lost.", lambda t: t[:6] + t[7:]),
    "delta-twice": ("stream.content stream.logprobs", "One delta comes twice.", lambda t: ["".join(t[:1] * 2), *t[1:]]),
    "delta-order": ("stream.content stream.logprobs", "Two deltas are exchanged.", lambda t: [*t[1:2], *t[:1], *t[2:]]),
    "delta-other": ("stream.content stream.logprobs", "A delta has another word.", lambda t: [*t[:3], *[" x" for _ in t[3:4]], *t[4:]]),
    "delta-reversed": ("stream.content stream.logprobs", "All deltas come in reverse order.", lambda t: t[::-1]),
    "delta-cumulative": ("stream.content stream.logprobs stream.increments", "Each delta repeats all the text so far.",
        lambda t: list(accumulate(t))),
    "delta-trimmed": ("stream.content stream.logprobs", "White space at the ends of deltas is lost.",
        lambda t: [part.strip() for part in t]),
}  # fmt: skip


def _once(change: Callable[[str], str]) -> Callable[[Any], Any]:
    return lambda text: change(text) if isinstance(text, str) else text


def _whole_text(change: Callable[[str], str]) -> Callable[[list[str]], list[str]]:
    """The deltas of a text that was changed as a whole, as many as before."""

    def made(texts: list[str]) -> list[str]:
        text, number = change("".join(texts)), len(texts)
        places = [len(text) * n // number for n in range(number + 1)]
        return [text[a:b] for a, b in pairwise(places)]

    return made


def _rows(change: Callable[[str], str]) -> str:
    """Where the short text is damaged as well, its tokens say another text than its deltas."""
    short = 'Été 世界 👩\u200d🚀: "alpha"'
    return "stream.content" if change(short) == short else "stream.content stream.logprobs"


FAULTS: tuple[Fault, ...] = (
    *(
        plain(f"content-{name}", "answer.exact-text", says, _CONTENT, alter(_TEXT, _once(change)))
        for name, (says, change) in _DAMAGE.items()
    ),
    *(
        streamed(f"content-{name}", _rows(change), says, _CONTENT, edit(retold(_whole_text(change))))
        for name, (says, change) in _DAMAGE.items()
    ),
    plain("content-altered", "answer.exact-text", "The last character of the text is lost.", _CONTENT,
        alter(_TEXT, _once(lambda text: text[:-1]))),
    plain("content-signed", "answer.exact-text", "The text ends with an advertisement.", _CONTENT,
        alter(_TEXT, _once(lambda text: f"{text}\n\nSent by a gateway"))),
    *(
        streamed(name, rows, says, _CONTENT, edit(retold(change)), asking("messages"))
        for name, (rows, says, change) in _RETELLING.items()
    ),
    streamed("one-delta", "stream.incremental", "The whole text comes in one delta.", Family.TIMING,
        edit(retold(lambda texts: ["".join(texts)]))),
    streamed("second-choice-lost-delta", "stream.content", "A delta of the second choice is lost.", _CONTENT,
        drop_frame(lambda f: delta_with("content")(f) and f.payload["choices"][0]["index"] == 1, 2)),
    streamed("second-choice-silent", "stream.content answer.same-choices", "The second choice has no text.",
        _CONTENT, on_frames(put("choices[].delta", {}), lambda f: delta_with("content")(f)
            and f.payload["choices"][0]["index"] == 1)),
    streamed("choices-mixed", "stream.content answer.same-choices", "All text goes to the first choice.",
        _CONTENT, on_frames(put("choices[].index", 0), delta_with("content")), asking("n")),
    streamed("finish-length", "answer.finish-stop answer.refusal", "A whole stream says length.", Family.VALUE,
        on_frames(alter("choices[].finish_reason", lambda word: "length" if word == "stop" else word))),
    streamed("refusal-as-content", "answer.refusal", "A refusal comes as content.", _CONTENT,
        on_frames(alter("choices[].delta", lambda delta: {
            "content" if name == "refusal" and value else name: value for name, value in delta.items()}))),
    streamed("refusal-twice", "answer.refusal-alone stream.refusal-delta", "A refusal comes as content, too.",
        _CONTENT, on_frames(alter("choices[].delta", lambda delta: {
            **delta, "content": delta["refusal"]} if delta.get("refusal") else delta))),
    streamed("refusal-lost", "stream.refusal-text", "One delta of a refusal is lost.", _CONTENT,
        drop_frame(delta_with("refusal"), 2)),
    streamed("refusal-doubled", "stream.refusal-text", "One delta of a refusal comes twice.", _CONTENT,
        repeat_frame(delta_with("refusal"), 2)),
    streamed("refusal-cumulative", "stream.refusal-text stream.increments", "Refusals are cumulative.", _CONTENT,
        edit(retold(lambda texts: list(accumulate(texts)), "refusal"))),
    # Log probabilities
    streamed("logprobs-missing", "stream.logprobs", "Log probabilities are left out.", _PARAMETER,
        on_frames(put("choices[].logprobs", None))),
    streamed("logprobs-lost", "stream.logprobs", "One chunk has no log probabilities.", _CONTENT,
        on_frames(put("choices[].logprobs", None), lambda frame: "gamma" in str(frame.payload))),
    streamed("logprobs-empty", "chunk.logprobs stream.logprobs", "logprobs is an empty object.", Family.SHAPE,
        on_frames(alter("choices[].logprobs", lambda old: old and {})), asking("logprobs")),
    fault("token-bytes", "answer.token-bytes stream.logprobs", "The bytes of tokens are those of UTF-16.", _CONTENT,
        reply=on_all(alter(_TOKENS, lambda t: {**t, "bytes": list(t["token"].encode("utf-16-le"))}))),
    fault("token-bytes-null", "answer.token-bytes", "Tokens have no bytes.", _CONTENT,
        reply=on_all(put(f"{_TOKENS}.bytes", None))),
    fault("token-probability", "answer.token-logprobs", "Probabilities stand where logarithms belong.",
        Family.VALUE, reply=on_all(chain(put(f"{_TOKENS}.logprob", 0.9),
            put(f"{_TOKENS}.top_logprobs[].logprob", 0.9)))),
    fault("token-alternatives", "answer.token-logprobs", "Tokens have one alternative, whatever is asked.",
        _PARAMETER, reply=on_all(drop(f"{_TOKENS}.top_logprobs[1]"))),
    fault("token-order", "answer.token-logprobs", "The least likely alternative comes first.", Family.ORDER,
        reply=on_all(alter(f"{_TOKENS}.top_logprobs", lambda rows: rows[::-1]))),
    # Obfuscation
    streamed("obfuscation-always", "stream.obfuscation-off stream.obfuscation",
        "The padding cannot be switched off, and is constant.", _PARAMETER, on_frames(put("obfuscation", "xxxx"))),
    streamed("obfuscation-kept", "stream.obfuscation-off", "The padding cannot be switched off.", _PARAMETER,
        on_frames(lambda payload: {**payload, "obfuscation": str(payload)[: len(str(payload)) % 7]}
            if "obfuscation" not in payload else payload)),
    streamed("obfuscation-sometimes", "stream.obfuscation", "Only some chunks are padded.", _CONTENT,
        on_frames(drop("obfuscation"), lambda frame: "é" in str(frame.payload))),
)  # fmt: skip
