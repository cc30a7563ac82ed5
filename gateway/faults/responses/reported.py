"""Faults that people report of Responses: texts that look like protocol, silent streams, hidden caps, streams held open."""

import copy
from collections.abc import Callable
from itertools import count
from typing import Any, Final

from gateway.faults.chat.wild import TEXTS
from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.forged import refused
from gateway.faults.machinery.response_edits import retold
from gateway.faults.machinery.response_events import TEXT_DELTA
from gateway.faults.machinery.selection import (
    RESPONSES,
    RESPONSES_PLAIN,
    RESPONSES_STREAM,
    When,
    both,
)
from gateway.faults.machinery.stream_edits import Frames, edit
from gateway.faults.machinery.transform import ReplyChange, alter, on_all, on_body, on_success
from gateway.faults.machinery.wire_edits import LINE_LIMITS, limited_lines
from gateway.frames import Frame, GatewayReply
from wire.exchange import Request

_COMMENT: Final = Frame(0, "", b": keep-alive\n\n")


def _fault(name: str, says: str, family: Family, when: When = RESPONSES, **how: Any) -> Fault:
    return Fault(f"responses.kinds.{name}", (), says, family, when, **how)


def _of_text(change: Callable[[str], str]) -> Callable[[Any], Any]:
    return lambda text: change(text) if isinstance(text, str) else text


def _joined(change: Callable[[str], str]) -> Callable[[list[str]], list[str]]:
    def made(words: list[str]) -> list[str]:
        whole = "".join(words)
        new = change(whole)
        return words if new == whole else [new]

    return made


def _every(one_in: int, change: ReplyChange) -> ReplyChange:
    turn = count(1)
    return lambda request, reply: reply if next(turn) % one_in else change(request, reply)


def _from(number: int, change: ReplyChange) -> ReplyChange:
    turn = count(1)
    return lambda request, reply: reply if next(turn) < number else change(request, reply)


def _unlimited(request: Request) -> bool:
    return not request.params.get("max_output_tokens")


def _cut(tokens: int, *, says_so: bool) -> ReplyChange:
    """Answers without a limit end at a limit that nobody set; a token of numbers is less than two characters."""

    def cut(words: list[str]) -> list[str]:
        return words[:tokens]

    def told(given: Any) -> Any:
        body = copy.deepcopy(given)
        holder = body.get("response", body) if isinstance(body, dict) else None
        if isinstance(holder, dict) and holder.get("status") == "completed" and says_so:
            holder |= {
                "status": "incomplete",
                "incomplete_details": {"reason": "max_output_tokens"},
            }
            if isinstance(body.get("type"), str):
                body["type"] = "response.incomplete"
        return body

    def made(request: Request, reply: GatewayReply) -> GatewayReply:
        if reply.frames is not None:
            deltas = sum(
                isinstance(f.payload, dict) and f.payload.get("type") == TEXT_DELTA
                for f in reply.frames
            )
            if deltas <= tokens:
                return reply
            reply = retold(cut)(request, reply)
            return on_all(told)(request, reply)
        texts = [
            part["text"]
            for item in (reply.body or {}).get("output") or () if item.get("type") == "message"
            for part in item.get("content") or () if "text" in part
        ] if isinstance(reply.body, dict) else []  # fmt: skip
        if not any(len(text) > tokens * 1.75 for text in texts):
            return reply
        shorter = on_body(
            alter("output[].content[].text", _of_text(lambda text: text[: int(tokens * 1.75)]))
        )
        return on_all(told)(request, shorter(request, reply))

    return made


class Leftover:
    """After a long stream the next one is what was left of it."""

    def __init__(self) -> None:
        self.left = False

    def __call__(self, request: Request, reply: GatewayReply) -> GatewayReply:
        if reply.frames is None:
            return reply
        left, self.left = self.left, len(reply.frames) > 200
        rest = " ".join(str(n) for n in range(3, 121))
        return retold(lambda _: [rest])(request, reply) if left and not self.left else reply


def _held(frames: Frames) -> Frames:
    return (*frames, Frame(8_000, "", b""))


def _ref_in_format(request: Request) -> bool:
    return '"$ref"' in str(request.params.get("text")).replace("'", '"')


def _rows(change: Callable[[list[Any]], list[Any]]) -> ReplyChange:
    def made(given: Any) -> Any:
        body = copy.deepcopy(given)
        _walk(body, change)
        return body

    return on_all(made)


def _walk(value: Any, change: Callable[[list[Any]], list[Any]]) -> None:
    """Every list of log probabilities, wherever it stands."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if (
                name == "logprobs"
                and isinstance(inner, list)
                and all("top_logprobs" in r for r in inner)
            ):
                value[name] = change(inner)
            else:
                _walk(inner, change)
    elif isinstance(value, list):
        for inner in value:
            _walk(inner, change)


def _bare_copies(rows: list[Any]) -> list[Any]:
    for row in rows:
        mine = {name: row[name] for name in ("token", "logprob", "bytes") if name in row}
        row["top_logprobs"] = [dict(mine) for _ in row["top_logprobs"]]
    return rows


SILENCES: Final[dict[str, tuple[str, Callable[[Frames], Frames]]]] = {
    "empty": ("no event at all", lambda _: ()),
    "comments": ("comments alone", lambda _: (_COMMENT,)),
    "created-only": ("its first two events alone", lambda frames: frames[:2]),
}

FAULTS: Final = (
    *(
        _fault(f"text-{name}", says, Family.CONTENT, RESPONSES_PLAIN,
            reply=on_body(alter("output[].content[].text", _of_text(change))))
        for name, (says, change) in TEXTS.items() if name != "half-stop"
    ),
    *(
        _fault(f"text-{name}-streamed", f"Streamed: {says}", Family.CONTENT, RESPONSES_STREAM, reply=retold(_joined(change)))
        for name, (says, change) in TEXTS.items() if name != "half-stop"
    ),
    *(
        _fault(f"{name}{when}", f"A stream brings {says}{often}.", Family.TRUNCATION, RESPONSES_STREAM, reply=made(edit(change)))
        for name, (says, change) in SILENCES.items()
        for when, often, made in (
            ("", "", lambda c: c), ("-now-and-then", ", one in seven", lambda c: _every(7, c)),
            ("-late", ", from the fortieth on", lambda c: _from(40, c)),
        )
    ),
    *(
        _fault(f"capped-{tokens}{name}{path}", f"An answer without a limit is cut after {tokens} tokens and says {word} ({path or 'both'}).",
            Family.CONTENT, both(when, _unlimited), reply=_cut(tokens, says_so=says_so))
        for tokens in (256, 2_000)
        for name, word, says_so in (("", "incomplete", True), ("-silently", "completed", False))
        for path, when in (("-plain", RESPONSES_PLAIN), ("-streamed", RESPONSES_STREAM))
    ),
    *(
        _fault(f"lines-{name}-{how}", f"Lines over {name} {says}.", Family.FRAMING, RESPONSES_STREAM,
            wire=limited_lines(most, how))
        for name, most in (("64kib", 2**16), ("1mib", 2**20))
        for how, says in LINE_LIMITS.items() if how != "dropped"
    ),
    _fault("leftover", "Who asks after leaving a stream gets the rest of it.", Family.STATE, reply=Leftover()),
    _fault("held-open", "A stream stays open for eight seconds after its last event.", Family.TIMING, RESPONSES_STREAM,
        reply=edit(_held)),
    _fault("format-ref-refused", "Formats with $ref are refused.", Family.STATUS, both(RESPONSES, _ref_in_format),
        reply=on_success(refused(400, "Invalid schema: $ref is not supported.", param="text.format.schema"))),
    _fault("logprobs-copied", "All alternatives of a token are the token itself.", Family.VALUE, reply=_rows(_bare_copies)),
)  # fmt: skip
