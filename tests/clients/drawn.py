"""Faults that nobody wrote: one for each seed, drawn from what answers and requests are made of.

What a table was written after cannot show how well it foretells. A drawn fault changes one thing: a member of
an answer, the events of a stream, its bytes, its text, a header, or a member of a request that is refused or lost.
"""

import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.forged import refused
from gateway.faults.machinery.request_edits import on_json
from gateway.faults.machinery.transform import drop
from gateway.frames import Frame, GatewayReply, encode_frame
from tests.clients.changes import (
    ANY,
    BY_TYPE,
    DEEDS,
    GONE,
    HEADERS,
    JUNK,
    POINTS,
    REFUSALS,
    STATUSES,
    TEXTS,
    WIRE,
)
from tests.clients.stand import gateway_with
from wire.exchange import Request

DEPTH: Final = 5
# What an answer tells of its request, at any length.
_ECHOES: Final = re.compile(r"(^|\.)(tools|text|instructions|metadata)(\[|\.|$)")


class Drawing:
    """Draws faults of what these requests are answered."""

    def __init__(self, asked: Sequence[Request]) -> None:
        _, handler = gateway_with((), clock=lambda: 1_790_000_000.0)
        self.seen = [(r, handler.handle(r)) for r in asked if "wrong" not in str(r.headers)]
        self.seen = [(r, reply) for r, reply in self.seen if reply.status < 400]

    def fault(self, seed: int) -> Fault:
        """The fault of a seed: always the same for the same requests."""
        rng = random.Random(seed)
        kinds = (self._member, self._frames, self._wire, self._text, self._header, self._request)
        make = rng.choices(kinds, (9, 5, 2, 2, 1, 3))[0]
        return replace(make(rng), name=f"drawn.{seed}")

    def _pick(
        self, rng: random.Random, *, streamed: bool | None = None
    ) -> tuple[Request, GatewayReply]:
        rows = [
            row for row in self.seen if streamed is None or (row[1].frames is not None) == streamed
        ]
        groups = sorted({(r.path, reply.frames is not None) for r, reply in rows})
        # Streams have most in them that can be wrong, models least.
        weights = [4 if is_stream else 1 if "/models" in path else 2 for path, is_stream in groups]
        group = rng.choices(groups, weights)[0]
        return rng.choice(
            [row for row in rows if (row[0].path, row[1].frames is not None) == group]
        )

    def _member(self, rng: random.Random) -> Fault:
        request, reply = self._pick(rng)
        if reply.frames is None:
            body = reply.body
            path = rng.choice(sorted(paths(body)))
            words, change = _value(rng, body, path)
            return _fault(
                f"{request.path}: {path} is {words}", Family.SHAPE, request, False, change
            )
        kinds = sorted({kind for f in reply.frames if (kind := kind_of(f))})
        kind = rng.choice(kinds)
        first = next(f for f in reply.frames if kind_of(f) == kind)
        path = rng.choice(sorted(paths(first.payload)))
        words, change = _value(rng, first.payload, path)
        point = rng.choice(list(POINTS))

        def frames(given: tuple[Frame, ...]) -> tuple[Frame, ...]:
            at = set(POINTS[point]([i for i, f in enumerate(given) if kind_of(f) == kind]))
            return tuple(
                f._replace(payload=change(f.payload)) if i in at else f for i, f in enumerate(given)
            )

        return _fault(
            f"{request.path}, {point} {kind}: {path} is {words}",
            Family.SHAPE,
            request,
            True,
            frames,
        )

    def _frames(self, rng: random.Random) -> Fault:
        request, reply = self._pick(rng, streamed=True)
        kind = rng.choice(sorted({kind_of(f) or "[DONE]" for f in reply.frames or ()}))
        point, deed = rng.choice(list(POINTS)), rng.choice(list(DEEDS))
        junk = rng.choice(list(JUNK))

        def frames(given: tuple[Frame, ...]) -> tuple[Frame, ...]:
            places = [i for i, f in enumerate(given) if (kind_of(f) or "[DONE]") == kind]
            for place in reversed(POINTS[point](places)):
                given = DEEDS[deed](given, place, Frame(0, "", JUNK[junk]))
            return given

        told = junk if "insert" in deed else ""
        return _fault(
            f"{request.path}: {deed} {told} at {point} {kind}", Family.ORDER, request, True, frames
        )

    def _wire(self, rng: random.Random) -> Fault:
        request, _ = self._pick(rng, streamed=True)
        what = rng.choice(list(WIRE))

        def frames(given: tuple[Frame, ...]) -> tuple[Frame, ...]:
            data = WIRE[what](b"".join(map(encode_frame, given)))
            return (Frame(0, "", data),)

        return _fault(f"{request.path}: {what}", Family.FRAMING, request, True, frames)

    def _text(self, rng: random.Random) -> Fault:
        request, reply = self._pick(rng)
        what = rng.choice(list(TEXTS))
        is_stream = reply.frames is not None

        def spoilt(value: Any) -> Any:
            if isinstance(value, dict):
                return {k: TEXTS[what](v) if k in {"content", "text", "delta", "arguments", "input"} and isinstance(v, str)
                        else spoilt(v) for k, v in value.items()}  # fmt: skip
            return [spoilt(v) for v in value] if isinstance(value, list) else value

        def changed(given: Any) -> Any:
            if not is_stream:
                return spoilt(given)
            return tuple(
                f._replace(payload=spoilt(f.payload)) if isinstance(f.payload, dict) else f
                for f in given
            )

        return _fault(
            f"{request.path}{' streamed' * is_stream}: texts {what}",
            Family.CONTENT,
            request,
            is_stream,
            changed,
        )

    def _header(self, rng: random.Random) -> Fault:
        request, reply = self._pick(rng)
        is_stream = reply.frames is not None
        name, value = rng.choice(HEADERS)
        status = rng.choice(STATUSES)
        by_status = rng.random() < 0.25

        def made(_: Request, given: GatewayReply) -> GatewayReply:
            if given.status >= 400 or (given.frames is not None) != is_stream:
                return given
            if by_status:
                return replace(given, status=status)
            rest = tuple((n, v) for n, v in given.headers if n.lower() != name)
            return replace(given, headers=(*rest, (name, value)) if value else rest)

        says = f"status {status}" if by_status else f"{name}: {value}"
        return Fault(
            "",
            (),
            f"{request.path}{' streamed' * is_stream}: {says}",
            Family.HEADER,
            _like(request),
            reply=made,
        )

    def _request(self, rng: random.Random) -> Fault:
        request, _ = self._pick(rng)
        while request.method != "POST":
            request, _ = self._pick(rng)
        path = rng.choice(
            sorted(
                p
                for p in paths(json.loads(request.body))
                if "properties" not in p and "schema" not in p
            )
        )
        if rng.random() < 0.5 and path not in ("model", "input", "messages", "stream"):
            return Fault("", (), f"{request.path}: {path} is lost on the way", Family.PARAMETER, _like(request),
                         request=on_json(drop(path)))  # fmt: skip
        status = rng.choice(REFUSALS)
        refuse = refused(status, f"{path} is not taken here.")

        def made(asked: Request, given: GatewayReply) -> GatewayReply:
            try:
                has = path in paths(json.loads(asked.body))
            except (ValueError, RecursionError):
                has = False
            return refuse(asked, given) if has else given

        return Fault(
            "",
            (),
            f"{request.path}: {status} where {path} is sent",
            Family.PARAMETER,
            _like(request),
            reply=made,
        )


def _like(request: Request) -> Callable[[Request], bool]:
    return lambda other: (other.method, other.path) == (request.method, request.path)


def _fault(
    says: str, family: Family, like: Request, is_stream: bool, change: Callable[[Any], Any]
) -> Fault:
    def made(_: Request, reply: GatewayReply) -> GatewayReply:
        if reply.status >= 400 or (reply.frames is not None) != is_stream:
            return reply
        if is_stream:
            return replace(reply, frames=change(reply.frames))
        return reply if reply.body is None else replace(reply, body=change(reply.body))

    return Fault("", (), says, family, _like(like), reply=made)


def kind_of(frame: Frame) -> str:
    """The type of an event of Responses; what the delta of a chunk of chat brings."""
    payload = frame.payload
    if not isinstance(payload, dict):
        return ""
    if "choices" not in payload:
        return str(payload.get("type"))
    choices = payload["choices"]
    if not isinstance(choices, list) or not choices:
        return "chunk of usage"
    if choices[0].get("finish_reason"):
        return "chunk of the end"
    delta = choices[0].get("delta") or {}
    return "chunk with " + " and ".join(sorted(k for k in delta if k != "refusal"))


def paths(value: Any, at: str = "", depth: int = DEPTH) -> set[str]:
    """Paths of the members of a JSON value, as faults name them."""
    found: set[str] = set()
    members: Iterator[tuple[str, Any]] = iter(())
    if isinstance(value, dict):
        members = ((f"{at}.{k}" if at else k, v) for k, v in value.items())
    elif isinstance(value, list):
        members = ((f"{at}[]", v) for v in value)
    for path, inner in members:
        if not path.endswith("[]"):
            found.add(path)
        if depth and not (at and _ECHOES.search(path)):
            found |= paths(inner, path, depth - 1)
    return found


def _at(value: Any, path: str) -> Any:
    for name in path.replace("[]", ".[]").split("."):
        value = next((e for e in value), None) if name == "[]" else (value or {}).get(name)
    return value


def _value(rng: random.Random, sample: Any, path: str) -> tuple[str, Callable[[Any], Any]]:
    """What becomes of a member, in words and as a change."""
    kind = next((kind for kind in BY_TYPE if isinstance(_at(sample, path), kind)), float)
    makers = ANY | BY_TYPE.get(kind, {})
    words = rng.choice(list(makers))
    make = makers[words]

    def change(
        value: Any, steps: tuple[str, ...] = tuple(path.replace("[]", ".[]").split("."))
    ) -> Any:
        first, rest = steps[0], steps[1:]
        if first == "[]":
            return [change(e, rest) for e in value] if isinstance(value, list) else value
        if not isinstance(value, dict) or first not in value:
            return value
        if rest:
            return {**value, first: change(value[first], rest)}
        new = make(value[first]) if isinstance(value[first], kind) else value[first]
        return {
            k: new if k == first else v for k, v in value.items() if k != first or new is not GONE
        }

    return words, change
