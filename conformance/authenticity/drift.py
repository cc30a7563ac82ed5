"""Drift: the fingerprint of each model, and what differs from the fingerprint of an earlier night."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from conformance.authenticity.fingerprint import closest, foreign, telling
from conformance.authenticity.ledger import Entry, noted
from conformance.authenticity.likelihood import difference, measured
from conformance.judging.profile import Profile
from wire.chat import fold_chat
from wire.endpoint import Endpoint
from wire.exchange import Exchange

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
            "logprobs": measured(mine),
            "tokens_per_s": rate,
        })  # fmt: skip
    return rows


def drift(now: Sequence[Mapping[str, Any]], then: object, started_at: str) -> list[str]:
    """Sentences about models that are not what they were; empty where nothing differs or is known."""
    earlier = {row.get("model"): row for row in then if isinstance(row, dict)} if isinstance(then, list) else {}  # fmt: skip
    found = []
    for row in now:
        before = earlier.get(row["model"])
        if before is not None and (what := list(_differences(row, before))):
            found.append(f"since {_day(started_at)} {row['model']} is not the same model: {', '.join(what)}")  # fmt: skip
    return found


def _differences(now: Mapping[str, Any], then: Mapping[str, Any]) -> Iterator[str]:
    if now["tokenizer"] and then.get("tokenizer") and now["tokenizer"] != then["tokenizer"]:
        yield f"it counts with {now['tokenizer']}, then with {then['tokenizer']}"
    elif _both(now, then, "prompt_offset") and now["prompt_offset"] != then["prompt_offset"]:
        yield f"a prompt costs {now['prompt_offset'] - then['prompt_offset']:+d} tokens"
    for name, word in (("answered", "answers as"), ("system_fingerprints", "has the fingerprint")):
        here, there = now[name], then.get(name)
        if here and isinstance(there, list) and there and not set(here) & set(map(str, there)):
            yield f"it {word} {here[0]}, then {there[0]}"
    if said := difference(now["logprobs"], then.get("logprobs")):
        yield said
    if _both(now, then, "tokens_per_s") and then["tokens_per_s"] > 0:
        times = now["tokens_per_s"] / then["tokens_per_s"]
        if not 1 / FACTOR < times < FACTOR:
            yield f"it streams {times:.1f} times as fast"


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
    return closest(mine) or "unknown"


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
