"""The account of a whole run: what falls between two readings of the balance is what was served in between.

A reading is taken while nothing else is in flight, so it cuts the run in two: whatever the rules about
single calls do not ask, a refused call, an idle while or the first call of a key, lies between two readings.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Final

from conformance.billing.books import number_of, restless, step
from conformance.billing.probes import CASES
from conformance.billing.rates import charges, dollars
from conformance.billing.rules import PROMPT_S, due, model_of
from conformance.judging.finding import Finding, Findings, Unsure
from conformance.judging.route import Silence
from conformance.judging.rule import run_rule
from conformance.judging.run import Run
from conformance.running.balance import LAG, balance_of, lag_s, reading
from conformance.running.budget import BYTES_A_TOKEN, DEAREST, MILLION, usage_of
from conformance.running.output_limit import choices
from wire.chat import fold_chat
from wire.endpoint import Endpoint
from wire.exchange import Ended, Exchange
from wire.responses import fold_responses
from wire.usage import Usage

_MAIN: Final = "[redacted:main]"
_PAID: Final = frozenset({Endpoint.CHAT, Endpoint.RESPONSES, Endpoint.COMPACT})
_LEAST_OUTPUT: Final = 4_000
"""Output tokens that an answer without limit and usage may have had."""
_NEAR: Final = 2
"""A charge that shows late, or a deposit that is given back, evens out within so many readings."""
_SHOWN: Final = 3

END: Final = reading("billing.end", per_model=False, last=True)


@dataclass(frozen=True)
class While:
    """What lies between two readings: what fell, and what may have been due."""

    before: Exchange
    after: Exchange
    fell: Decimal
    sent: tuple[Exchange, ...]
    low: Decimal
    high: Decimal

    @property
    def off(self) -> Decimal:
        """By how much more fell than was due at most, or (negative) less than was due at least."""
        return max(Decimal(0), self.fell - self.high) + min(Decimal(0), self.fell - self.low)


def whiles(run: Run) -> list[While]:
    """The run from reading to reading, in the order of sending."""
    ordered = sorted(run.exchanges, key=number_of)
    made = _made(ordered)
    told = [
        (i, number) for i, x in enumerate(ordered)
        if _reads(run, x) and (number := balance_of(run.profile, x.reply.json)) is not None
    ]  # fmt: skip
    found = []
    for (i, was), (j, now) in pairwise(told):
        sent = tuple(x for x in ordered[i + 1 : j] if not _reads(run, x))
        bounds = [_due(x, made) for x in sent]
        low, high = (sum((b[n] for b in bounds), Decimal(0)) for n in (0, 1))
        found.append(While(ordered[i], ordered[j], was - now, sent, low, high))
    return found


def _reads(run: Run, x: Exchange) -> bool:
    return bool(x.ok and x.request.method == "GET" and x.request.path == run.profile.balance_path)


def _made(exchanges: Sequence[Exchange]) -> Mapping[str, Exchange]:
    """What tells the usage of a response, by its id: work in the background has it at its end."""
    told = (x for x in exchanges if x.endpoint in {Endpoint.RESPONSE, Endpoint.RESPONSES} and x.ok)
    return {_id(x): x for x in told if usage_of(x)}


def _id(x: Exchange) -> str:
    body = fold_responses(x.reply).response if x.reply.is_stream else x.reply.json
    name = body.get("id") if isinstance(body, dict) else None
    return name if isinstance(name, str) else ""


def _due(x: Exchange, made: Mapping[str, Exchange]) -> tuple[Decimal, Decimal]:
    """What an exchange costs at least and at most: nothing, unless it was served to the key with credit."""
    nothing = (Decimal(0), Decimal(0))
    paid = x.request.method == "POST" and x.endpoint in _PAID
    if not paid or _MAIN not in (x.request.header("authorization") or ""):
        return nothing
    served = x.ok or x.reply.status >= 500 or not x.reply.status
    if not served:
        return nothing
    if not x.ok and b"[[script" in x.request.body:
        return nothing  # it failed because it was told to, before anything was written
    whole = x.ok and x.connection.ended is Ended.COMPLETE and not x.bare_error
    right = due(x)
    if not right and whole and (told := made.get(_id(x))):
        right = due(told, model_of(x))
    if whole and right:
        return min(right), max(right)
    return _about(x) if whole and x.endpoint is Endpoint.CHAT and x.reply.is_stream else (Decimal(0), _most(x))  # fmt: skip


def _about(x: Exchange) -> tuple[Decimal, Decimal]:
    """What a whole stream without its usage cost, within a half: a token is four bytes, or an event."""
    fold = fold_chat(x.reply)
    if fold.error is not None:
        return Decimal(0), _most(x)
    said = [choice.get("message") for choice in fold.as_completion()["choices"]]
    written = [len(x.reply.events), sum(len(json.dumps(each)) for each in said) // BYTES_A_TOKEN]
    prompt = len(x.request.body) // BYTES_A_TOKEN
    low, high = (
        _price(x, prompt // 2, min(written) // 2),
        _price(x, 2 * prompt, 3 * max(written) // 2),
    )
    return low, high


def _most(x: Exchange) -> Decimal:
    """What an answer that tells neither its end nor its usage may have cost: all that it may say."""
    params = x.request.params
    limits = [params.get(name) for name in ("max_completion_tokens", "max_tokens", "max_output_tokens")]  # fmt: skip
    given = [n for n in limits if type(n) is int and 0 < n <= _LEAST_OUTPUT]
    return _price(x, len(x.request.body), min(given, default=_LEAST_OUTPUT) * choices(params))


def _price(x: Exchange, prompt: int, output: int) -> Decimal:
    right = charges(model_of(x), None, Usage(prompt_tokens=prompt, completion_tokens=output))
    return right[0] if right else (prompt * DEAREST.input + output * DEAREST.output) / MILLION


_JUDGED: Final = frozenset(f"billing.before-{case.name}" for case in CASES)


def _is_case(piece: While) -> bool:
    """Whether a rule of its own judges what lies between: one call, or what serves nothing."""
    name = piece.before.probe or ""
    if name.startswith("billing.unserved-") and piece.sent:
        return True
    return name in _JUDGED and piece.after.probe == name.replace("before-", "after-", 1)


def _evens_out(pieces: Sequence[While], at: int, size: Decimal) -> bool:
    """Whether what is off is made up for by what comes right before or after."""
    for first in range(max(0, at - _NEAR), at + 1):
        for last in range(at, min(len(pieces), at + _NEAR + 1)):
            near = [p.off for p in pieces[first : last + 1]]
            if len(near) > 1 and abs(sum(near, Decimal(0))) <= size:
                return True
    return False


def idle(run: Run) -> list[While]:
    """The whiles in which nothing was asked."""
    return [piece for piece in whiles(run) if not piece.sent]


def moved(run: Run) -> list[While]:
    """The idle whiles over which the balance changed all the same, by themselves and for good."""
    pieces, size = whiles(run), step(run)
    return [
        p for i, p in enumerate(pieces)
        if not p.sent and abs(p.fell) > size and not _evens_out(pieces, i, size)
    ]  # fmt: skip


@run_rule("billing.account", probes=(*LAG, END.name), silence=set(Silence))
def account(run: Run) -> Findings:
    pieces, size = whiles(run), step(run)
    late = lag_s({name: run.all(name) for name in LAG})
    off = [
        p for i, p in enumerate(pieces)
        if abs(p.off) > size and not _is_case(p) and not _evens_out(pieces, i, size)
        # Before books are known to be late, a reading tells also of what was asked before the run.
        and not (late > PROMPT_S and p.before.probe == LAG[0])
    ]  # fmt: skip
    if off and restless(run):
        yield Unsure("the balance moves while nothing is asked: it is not known who is charged")
        return
    for p in sorted(off, key=lambda p: -abs(p.off))[:_SHOWN]:
        yield Finding("balance", _right(p), _taken(p), exchange=next(_guilty(p)).id)


def _right(p: While) -> str:
    paid = sum(1 for x in p.sent if _due(x, {})[1])
    what = f"{paid} answer{'s' * (paid != 1)}" if p.high else "nothing"
    if not p.sent:
        return "$0 while nothing is asked"
    if p.low == p.high:
        return f"{dollars(p.high)} for {what} between {p.before.probe} and {p.after.probe}"
    spread = f"{dollars(p.low)} to {dollars(p.high)}"
    return f"{spread} for {what} between {p.before.probe} and {p.after.probe}"


def _taken(p: While) -> str:
    kinds = Counter(f"{x.request.method} {x.endpoint} {x.reply.status}" for x in p.sent)
    told = ", ".join(f"{n} {kind}" for kind, n in kinds.most_common(6)) or "nothing"
    word = f"{dollars(abs(p.off))} too {'much' if p.off > 0 else 'little'}"
    return f"{dollars(p.fell)} taken, {word}; sent: {told}"


def _guilty(p: While) -> Iterator[Exchange]:
    """What may have been charged wrongly, the likeliest first: too much for what is free."""
    free = [x for x in p.sent if not _due(x, {})[1]]
    yield from (*free, *p.sent, p.after) if p.off > 0 else (*p.sent, p.after)


@run_rule("billing.idle", probes=LAG)
def rests(run: Run) -> Findings:
    """Others who use the balance, and a fee by the hour, show where nothing is asked."""
    found, resting = moved(run), idle(run)
    if not resting:
        yield Unsure("no two readings came one right after the other")
    elif found:
        total = sum((p.fell for p in found), Decimal(0))
        told = (
            f"{dollars(total)} taken in {len(found)} of {len(resting)} whiles between two readings"
        )
        hint = "do others use this key's credit? then give one of its own"
        yield Finding("balance", "the balance to stay while nothing is asked", f"{told}: {hint}", exchange=found[0].after.id)  # fmt: skip
