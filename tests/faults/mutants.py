"""Random mutants: one exchange of a clean run with one thing wrong; do the rules notice?

Each mutant takes one answer (a stream or a JSON body) and does one structural change to it: an event
lost, doubled, swapped with its neighbour, cut short, its JSON torn; a field lost, renamed, of another
type or null. `python -m tests.faults.mutants [N] [SEED]` prints the share found and what was missed.
"""

import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from tests.faults.matrix import matrix
from wire.endpoint import Endpoint
from wire.exchange import Chunk, Ended, Exchange

EVENT_KINDS = ("lose-event", "double-event", "swap-events", "tear-event", "cut-after")
FIELD_KINDS = ("lose-field", "rename-field", "retype-field", "null-field")


class Mutant(NamedTuple):
    """A changed exchange and what was done to it, as `kind: path`."""

    exchange: Exchange
    kind: str
    what: str


class Equal(NamedTuple):
    """A change that leaves a right answer: kinds of change ("" is any), end of the path, and why."""

    kind: str
    path: str
    why: str


OPTIONAL = ("lose-field", "rename-field")
EQUIVALENT = (
    Equal("", "obfuscation", "padding: its presence and its text are free"),
    Equal("", "system_fingerprint", "optional, nullable, free text"),
    Equal("null-field", "error.code", "nullable; only some causes have a code of their own"),
    Equal("null-field", "error.param", "nullable; only some causes have a parameter"),
    *(
        Equal(kind, name, "optional and nullable in the types of the openai package")
        for kind in (*OPTIONAL, "null-field")
        for name in (
            "reasoning.effort", "reasoning.summary", "reasoning.mode", "reasoning.context", "text.verbosity",
            "prompt_cache_retention", "service_tier",
        )
    ),
    *(
        Equal(kind, "data.[].status", "optional: items of the input need no status")
        for kind in OPTIONAL
    ),
    *(
        Equal(kind, f"tokens_details.{name}", "optional in the types of the openai package")
        for kind in (*OPTIONAL, "null-field")
        for name in (
            "audio_tokens", "text_tokens", "image_tokens", "accepted_prediction_tokens",
            "rejected_prediction_tokens", "cache_write_tokens", "cached_tokens", "reasoning_tokens",
        )
    ),
)  # fmt: skip


def frames(x: Exchange) -> list[bytes]:
    """The events of a stream as bytes, each with its blank line."""
    return [part + b"\n\n" for part in x.reply.body.split(b"\n\n") if part.strip()]


def restream(x: Exchange, parts: list[bytes]) -> Exchange:
    """The exchange with other events, the stamps of the old ones kept as far as they go."""
    stamps = [chunk.at_ms for chunk in x.reply.chunks] or [0.0]
    last = len(stamps) - 1
    chunks = tuple(Chunk(stamps[min(i, last)], part) for i, part in enumerate(parts))
    return replace(x, reply=replace(x.reply, chunks=chunks))


def rebody(x: Exchange, body: Any) -> Exchange:
    data = json.dumps(body, ensure_ascii=False).encode()
    headers = tuple(
        (name, str(len(data)) if name == "content-length" else value)
        for name, value in x.reply.headers
    )
    stamp = x.reply.chunks[0].at_ms if x.reply.chunks else 0.0
    return replace(x, reply=replace(x.reply, headers=headers, chunks=(Chunk(stamp, data),)))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every member of every object inside a value."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key)
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))


def edited(value: Any, path: tuple[Any, ...], kind: str) -> Any:
    """A copy of `value` with the member at `path` changed."""
    value = json.loads(json.dumps(value))
    holder = value
    for step in path[:-1]:
        holder = holder[step]
    old = holder.pop(path[-1])
    if kind == "rename-field":
        holder[f"{path[-1]}_"] = old
    elif kind == "retype-field":
        holder[path[-1]] = _retyped(old)
    elif kind == "null-field":
        holder[path[-1]] = None
    return value


def _retyped(old: Any) -> Any:
    if isinstance(old, str):
        return 12345
    if isinstance(old, bool) or old is None:
        return ["x"]
    if isinstance(old, int | float):
        return str(old)
    return "x"


def shown(path: tuple[Any, ...]) -> str:
    return ".".join("[]" if isinstance(step, int) else str(step) for step in path)


def mutant(x: Exchange, source: random.Random) -> Mutant | None:
    """One mutant of an exchange, or None when the draw changes nothing."""
    if x.reply.is_stream:
        parts = frames(x)
        kind = source.choice(EVENT_KINDS + FIELD_KINDS)
        place = source.randrange(len(parts))
        if kind in EVENT_KINDS:
            return _of_events(x, parts, kind, place)
        head, _, text = parts[place].partition(b"data: ")
        try:
            payload = json.loads(text)
        except ValueError:
            return None
        made = _of_fields(payload, kind, source)
        if made is None:
            return None
        changed, path = made
        parts[place] = head + b"data: " + json.dumps(changed, ensure_ascii=False).encode() + b"\n\n"
        label = payload.get("type") or payload.get("object") or "event"
        return Mutant(restream(x, parts), kind, f"{label}: {path}")
    made = _of_fields(x.reply.json, source.choice(FIELD_KINDS), source, kind_out := [])
    if made is None:
        return None
    return Mutant(rebody(x, made[0]), kind_out[0], f"{x.endpoint}: {made[1]}")


def _of_fields(
    payload: Any, kind: str, source: random.Random, kind_out: list[str] | None = None
) -> tuple[Any, str] | None:
    if kind_out is not None:
        kind_out.append(kind)
    paths = list(places(payload))
    if not paths:
        return None
    path = source.choice(paths)
    changed = edited(payload, path, kind)
    return None if changed == payload else (changed, shown(path))


def _of_events(x: Exchange, parts: list[bytes], kind: str, place: int) -> Mutant | None:
    label = _label(parts[place])
    if kind == "lose-event":
        del parts[place]
    elif kind == "double-event":
        parts.insert(place, parts[place])
    elif kind == "swap-events":
        if place + 1 >= len(parts) or parts[place] == parts[place + 1]:
            return None
        parts[place], parts[place + 1] = parts[place + 1], parts[place]
    elif kind == "tear-event":
        parts[place] = parts[place][: len(parts[place]) // 2] + b"\n\n"
    elif place + 1 < len(parts):
        del parts[place + 1 :]
    else:
        return None
    return Mutant(restream(x, parts), kind, label)


def _label(part: bytes) -> str:
    try:
        payload = json.loads(part.partition(b"data: ")[2])
    except ValueError:
        return part[-20:].decode("utf-8", "replace").strip()
    return str(payload.get("type") or payload.get("object") or "event")


def equivalent(made: Mutant) -> str:
    """Why a mutant is as good as the original, or an empty text."""
    path = made.what.partition(": ")[2]
    x = made.exchange
    if made.kind in EVENT_KINDS and x.connection.ended is Ended.ABORTED:
        return "we hung up: what did not come may have been on its way"
    if made.kind == "swap-events" and x.request.params.get("n", 1) != 1:
        return "several choices come in any order"
    if x.request.method not in {"GET", "POST", "DELETE"}:
        return "the method is none of the API's: whoever answers is no part of it"
    same = (e for e in EQUIVALENT if e.kind in {"", made.kind} and path.endswith(e.path))
    return next((e.why for e in same), "")


def noticed(made: Mutant) -> bool:
    """Whether any requirement deviates in the run with the mutant in place of its original."""
    bad, crashed = matrix().broken_with({made.exchange.id: made.exchange})
    if crashed:
        print("RULE CRASHED", crashed, made.kind, made.what)
    return bool(bad)


def mutants(number: int, seed: int) -> Iterator[Mutant]:
    """Random mutants of answers that carry a body; refusals as well as successes."""
    source = random.Random(seed)
    bench = matrix()
    # The balance is ours to define, and a stored completion is an extra that few servers offer.
    others = {Endpoint.OTHER, Endpoint.STORED_CHAT}
    chosen = [
        x for x in bench.clean.exchanges
        if x.reply.body and x.endpoint not in others
        and not (x.endpoint is Endpoint.CHAT and x.request.method == "GET")
    ]  # fmt: skip
    streams = [x for x in chosen if x.reply.is_stream]
    successes = [x for x in chosen if x.ok and not x.reply.is_stream and x.reply.json]
    refusals = [x for x in chosen if not x.ok and x.reply.json]
    made = 0
    while made < number:
        kind = source.choice((streams, streams, streams, successes, successes, refusals))
        candidate = mutant(source.choice(kind), source)
        if candidate is not None and not equivalent(candidate):
            made += 1
            yield candidate


def main(report: Callable[[str], None] = print) -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    total: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for made in mutants(number, seed):
        total[made.kind] += 1
        if not noticed(made):
            missed[made.kind] += 1
            report(f"missed {made.kind} in {made.exchange.id}: {made.what}")
    for kind, count in sorted(total.items()):
        report(f"{kind:<14}{count - missed[kind]}/{count}")
    found = number - sum(missed.values())
    report(f"{found}/{number} found, {100 * found / number:.1f} %")


if __name__ == "__main__":
    main()
