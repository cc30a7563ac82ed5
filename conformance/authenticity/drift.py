"""Drift: the fingerprint of each model, and what differs from the fingerprint of an earlier night."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from conformance.authenticity.fingerprint import closest, factor, foreign, telling
from conformance.authenticity.ledger import Entry, noted
from conformance.authenticity.likelihood import difference, measured
from conformance.judging.profile import Profile
from wire.chat import fold_chat
from wire.endpoint import Endpoint
from wire.exchange import Exchange

UNKNOWN: Final = "unknown"
TOLERANCE: Final = 1.03  # of the factor by which prompts are counted
FACTOR: Final = 3.0  # a model that is three times as fast is another one, or stands elsewhere
LEAST: Final = 3


def fingerprint(
    exchanges: Iterable[Exchange], profile: Profile, rate: float | None
) -> list[dict[str, Any]]:
    """One row a model: names and fingerprints it answered with, its tokenizer, its constants, its pace."""
    exchanges = list(exchanges)
    rows = []
    for model in dict.fromkeys(x.model for x in exchanges if x.model):
        mine = [x for x in exchanges if x.model == model and x.ok and x.endpoint is Endpoint.CHAT]
        heads = [_head(x) for x in mine]
        ledger = [e for e in noted(mine, profile) if e.texts]
        rows.append({
            "model": model,
            "answered": _seen(heads, "model"),
            "system_fingerprints": _seen(heads, "system_fingerprint"),
            "tokenizer": _tokenizer(ledger),
            "prompt_offset": _usual(e.prompt_claimed - e.counted_by(e.tokenizer) for e in ledger),
            "prompt_factor": factor(ledger),
            "logprobs": measured(mine),
            "tokens_per_s": rate,
        })  # fmt: skip
    return rows


def drift(now: Sequence[Mapping[str, Any]], then: object, started_at: str) -> list[str]:
    """Sentences about models that are not what they were; empty where nothing differs or is known.

    Only what tells models apart says that it is another one: a count that is off by a factor or a constant is a
    wrong count, and a pace is a pace.
    """
    earlier = {row.get("model"): row for row in then if isinstance(row, dict)} if isinstance(then, list) else {}  # fmt: skip
    found = []
    for row in now:
        before = earlier.get(row["model"])
        if before is None:
            continue
        for word, differences in _KINDS:
            if what := list(differences(row, before)):
                found.append(f"since {_day(started_at)} {row['model']} {word}: {', '.join(what)}")
    return found


def _of_the_model(now: Mapping[str, Any], then: Mapping[str, Any]) -> Iterator[str]:
    if _tokenizers(now, then) and now["tokenizer"] != UNKNOWN:
        yield f"it counts with {now['tokenizer']}, then with {then['tokenizer']}"
    yield from _changed(now, then, "answered", "answers as")
    if said := difference(now["logprobs"], then.get("logprobs")):
        yield said


def _of_counts(now: Mapping[str, Any], then: Mapping[str, Any]) -> Iterator[str]:
    if _tokenizers(now, then):
        if now["tokenizer"] == UNKNOWN:
            yield f"with no tokenizer known here, then with {then['tokenizer']}"
        return
    factor = _number(now, "prompt_factor") / (_number(then, "prompt_factor") or 1)
    if not 1 / TOLERANCE < factor < TOLERANCE:
        yield f"{factor:.2g} times the tokens for the same prompt"
    elif _both(now, then, "prompt_offset") and now["prompt_offset"] != then["prompt_offset"]:
        yield f"{now['prompt_offset'] - then['prompt_offset']:+d} tokens for the same prompt"


def _of_the_server(now: Mapping[str, Any], then: Mapping[str, Any]) -> Iterator[str]:
    yield from _changed(now, then, "system_fingerprints", "has the fingerprint")
    if _both(now, then, "tokens_per_s") and then["tokens_per_s"] > 0:
        times = now["tokens_per_s"] / then["tokens_per_s"]
        if not 1 / FACTOR < times < FACTOR:
            yield f"it streams {times:.1f} times as fast"


_KINDS: Final = (
    ("is not the same model", _of_the_model),
    ("counts otherwise", _of_counts),
    ("is served otherwise", _of_the_server),
)


def _tokenizers(now: Mapping[str, Any], then: Mapping[str, Any]) -> bool:
    return bool(now["tokenizer"] and then.get("tokenizer") and now["tokenizer"] != then["tokenizer"])  # fmt: skip


def _changed(
    now: Mapping[str, Any], then: Mapping[str, Any], name: str, word: str
) -> Iterator[str]:
    here, there = now[name], then.get(name)
    if here and isinstance(there, list) and there and not set(here) & set(map(str, there)):
        yield f"it {word} {here[0]}, then {there[0]}"


def _number(row: Mapping[str, Any], name: str) -> float:
    """A positive number of a row; 1 where it has none, as in older reports."""
    value = row.get(name)
    return float(value) if isinstance(value, int | float) and value > 0 else 1.0


def _both(now: Mapping[str, Any], then: Mapping[str, Any], name: str) -> bool:
    return all(type(side.get(name)) in (int, float) for side in (now, then))


def _head(x: Exchange) -> dict[str, Any]:
    head = fold_chat(x.reply).head if x.reply.is_stream else x.reply.json
    return head if isinstance(head, dict) else {}


def _seen(heads: Iterable[dict[str, Any]], name: str) -> list[str]:
    values = Counter(head[name] for head in heads if isinstance(head.get(name), str))
    return [value for value, _ in values.most_common(5)]


def _tokenizer(ledger: Sequence[Entry]) -> str:
    """The vocabulary that fits; empty where too little is known, `unknown` where none does."""
    mine = telling(ledger)
    if len({e.texts for e in mine}) < LEAST + 1:
        return ""
    if not foreign(ledger):
        return mine[0].tokenizer
    return closest(mine) or UNKNOWN


def _usual(offsets: Iterable[int]) -> int | None:
    """What most prompts of text cost beside their messages."""
    counted = Counter(offsets).most_common(1)
    return counted[0][0] if counted and counted[0][1] >= LEAST else None


def _day(started_at: str) -> str:
    try:
        day = datetime.fromisoformat(started_at)
    except ValueError:
        return started_at or "the baseline"
    return f"{day.day} {day:%B}"
