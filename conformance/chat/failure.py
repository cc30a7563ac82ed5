"""Rules about streams that fail, and about clients that leave."""

import re
from dataclasses import replace
from decimal import Decimal

from conformance.chat.choice import choices_of
from conformance.chat.prompts import text_asked
from conformance.chat.selectors import CHAT
from conformance.chat.stream import FAILED_STREAM, ends_by_itself, readable
from conformance.judging.answer import status_line
from conformance.judging.declined import AWAY, declined
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.rule import rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import ok_probe, probe
from conformance.running.balance import balance_of
from wire.chat import fold_chat
from wire.exchange import Ended, Exchange

MILLION = 1_000_000
REFUSED_STREAM = CHAT.only(
    "that asked for a stream and failed at once",
    lambda x: (
        x.wants_stream
        and (x.reply.status >= 400 or _error_first(x))
        and not declined(x)
        and not _a_fronts_page(x)
    ),
    "chat.unknown-model-stream",
    "chat.no-messages-stream",
)


def _a_fronts_page(x: Exchange) -> bool:
    """What a front says on a bad day, also where an error of the server was asked for (`errors.envelope`)."""
    return x.reply.status in AWAY and "html" in x.reply.media_type


def _error_first(x: Exchange) -> bool:
    """A success that begins with an error; after the first chunk it is too late for a status."""
    first = x.reply.payloads[0] if x.reply.is_stream and x.reply.payloads else None
    return isinstance(first, dict) and first.get("error") is not None


@rule("chat.stream.error-before", on=REFUSED_STREAM)
def error_before(x: Exchange) -> Findings:
    if x.reply.status < 400:
        found = f"{x.reply.status} and an event with an error"
        yield Finding("status", "a status that says the error", found)
    elif x.reply.is_stream:
        yield Finding("body", "a JSON body", f"an event stream with status {x.reply.status}")
    elif not isinstance(x.reply.json, dict):
        yield Finding("body", "a JSON object", show(x.reply.text[:80]))


@rule("chat.stream.error-before", on=probe("chat.upstream-error-stream"))
def error_at_all(x: Exchange) -> Findings:
    if x.reply.status < 400 and not _error_first(x):
        yield Finding("status", "an error", status_line(x))


# What the stream that was left was asked for.
_COUNTING = re.compile(r"\d+\s\d+\s\d+")
# Streamed -> the same without a stream. What is never refused has requirements of its own.
PLAIN_TWINS = {
    "chat.unknown-model-stream": "errors.model-unknown-chat",
    "chat.no-messages-stream": "chat_params.refuse.messages-empty",
}


@run_rule("chat.stream.error-before", probes=(*PLAIN_TWINS, *PLAIN_TWINS.values()))
def refused_as_plain(run: Run) -> Findings:
    for name, twin in PLAIN_TWINS.items():
        lax = any(x.ok for x in run.all(twin))
        for x in run.all(name):
            if x.reply.status >= 400 or _error_first(x):
                continue
            if lax:
                yield Unsure("without a stream it is not refused, either")
            else:
                found = status_line(x)
                yield Finding("status", "an error", found, exchange=x.id)


@rule("chat.stream.error-event", on=ok_probe("chat.midstream-error"))
def error_event(x: Exchange) -> Findings:
    if fold_chat(x.reply).error is None and ends_by_itself(x) and readable(x):
        last = len(x.reply.events) - 1
        found = show(x.reply.events[-1].data[:60]) if x.reply.events else "no events"
        yield Finding(f"event {last}", "an event with an error", found, max(last, 0))


@rule("chat.stream.error-shape", on=FAILED_STREAM)
def error_shape(x: Exchange) -> Findings:
    for index, payload in enumerate(x.reply.payloads):
        error = payload.get("error") if isinstance(payload, dict) else None
        if error is None:
            continue
        message = error.get("message") if isinstance(error, dict) else None
        if not isinstance(message, str) or not message:
            yield Finding(f"event {index}, error", "an object with a message", show(error), index)


@run_rule("chat.stream.after-abort", probes=("chat.abort", "chat.after-abort"))
def after_abort(run: Run) -> Findings:
    if not any(x.ok and x.connection.ended is Ended.ABORTED for x in run.all("chat.abort")):
        yield Unsure("no stream was there to be left")
        return
    for x in run.all("chat.after-abort"):
        for word in _answers_itself(x):
            yield replace(word, exchange=x.id) if isinstance(word, Finding) else word


def _answers_itself(x: Exchange) -> Findings:
    wanted = (text_asked(x) or "").strip()
    if not x.ok:
        yield Finding("status", "200", str(x.reply.status))
        return
    found = [c.content for c in choices_of(x)]
    if not found or not isinstance(found[0], str):
        yield Unsure("the answer has no content")
    elif "17 18 19" in found[0]:
        yield Finding(
            "choices[0].message.content", show(wanted), f"the other answer: {show(found[0])}"
        )
    elif found[0].strip() != wanted and _COUNTING.search(found[0]):
        yield Unsure(
            "the model counted in place of repeating the text: this may be the other answer"
        )


@run_rule(
    "chat.stream.abort-bill",
    probes=("chat.balance-before-abort", "chat.abort", "chat.balance-after-abort"),
)
def abort_bill(run: Run) -> Findings:
    """The prompt and what was sent may cost; the whole answer of 120 numbers may not."""
    before, after = (_balance(run, f"chat.balance-{word}-abort") for word in ("before", "after"))
    price, x = run.profile.price(run.model), run.one("chat.abort")
    if before is None or after is None or price is None or x.connection.ended is not Ended.ABORTED:
        yield Unsure("the balance or the price is not known")
        return
    whole = price.output * 120 / MILLION
    if before - after > whole * 2 / 3:
        found = f"{before - after} dollars, {len(x.reply.events)} events were read"
        yield Finding("balance", f"much less than {whole} dollars", found, exchange=x.id)


def _balance(run: Run, name: str) -> Decimal | None:
    return balance_of(run.profile, run.one(name).reply.json)
