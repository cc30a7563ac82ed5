"""Rules about the model: its tokenizer, its log probabilities, and two that are sold as different."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from conformance.authenticity.fingerprint import LEAST, foreign, telling
from conformance.authenticity.ledger import Entry, entries
from conformance.authenticity.probes import LOGPROBS
from conformance.authenticity.said import choices_of, logprobs_of, text_of
from conformance.authenticity.tokens import ledger_rule
from conformance.judging.finding import Finding, Findings, Unsure
from conformance.judging.rule import run_rule
from conformance.judging.run import Run
from wire.chat import fold_chat
from wire.endpoint import Endpoint
from wire.exchange import Exchange
from wire.tokens.vocabulary import CARRIED, Vocabulary, vocabulary


@ledger_rule("authenticity.model.tokenizer")
def tokenizer(ledger: Sequence[Entry]) -> Findings:
    mine = telling(ledger)
    if other := foreign(ledger):
        counts = ", ".join(f"{e.prompt_claimed} for {e.counted_by(e.tokenizer)}" for e in mine[:4])
        yield Finding(
            "prompt tokens",
            f"the counts of {mine[0].tokenizer}",
            f"{other} ({counts})",
            exchange=mine[0].id,
        )
    elif len({e.texts for e in mine}) < LEAST:
        yield Unsure(
            "fewer than four prompts that tokenizers count differently, of a model whose tokenizer "
            "the profile names"
        )


@run_rule("authenticity.model.logprobs", probes=(LOGPROBS.name,))
def logprobs(run: Run) -> Findings:
    words = _words(run)
    if words is None:
        yield Unsure("the profile does not name the tokenizer of this model")
        return
    if other := foreign(entries(run)):
        yield Unsure(f"{other}: see authenticity.model.tokenizer")
        return
    seen = 0
    for x in run.exchanges:
        if x.model != run.model or x.endpoint is not Endpoint.CHAT or not x.ok:
            continue
        tokens = list(_tokens(x))
        seen += len(tokens)
        strange = [token for token in tokens if not words.has(token)]
        if len(strange) >= LEAST and len(strange) > 0.05 * len(tokens):
            shown = ", ".join(repr(token.decode(errors="replace")) for token in strange[:3])
            said = f"{len(strange)} of {len(tokens)} are none: {shown}"
            yield Finding("logprobs", f"tokens of {words.name}", said, exchange=x.id)
    if not seen:
        yield Unsure("no answer has log probabilities with the bytes of their tokens")


@run_rule("authenticity.model.delta-cuts", probes=("authenticity.text-repeated",))
def delta_cuts(run: Run) -> Findings:
    words = _words(run)
    if other := foreign(entries(run)):
        yield Unsure(f"{other}: see authenticity.model.tokenizer")
        return
    deltas = [
        delta.encode(errors="replace")
        for x in run.exchanges
        if x.model == run.model and x.endpoint is Endpoint.CHAT and x.ok and x.reply.is_stream
        for choice in fold_chat(x.reply).choices.values()
        for delta in choice.texts.get("content", ())
        if delta
    ]
    if words is None or len(deltas) < 20:
        yield Unsure("fewer than 20 pieces of text, or a model whose tokenizer is not named")
        return
    whole = sum(words.has(delta) for delta in deltas)
    if whole < 0.5 * len(deltas):
        said = f"{whole} of {len(deltas)} are"
        yield Finding("delta.content", f"pieces that are tokens of {words.name}", said)


@run_rule("authenticity.model.distinct", probes=("authenticity.settled",))
def distinct(run: Run) -> Findings:
    """Two models that are each reproducible, and answer an open question alike."""
    said: dict[str, tuple[str, ...]] = {}
    first: dict[str, Exchange] = {}
    for x in run.all("authenticity.settled"):
        said[x.model or ""] = (*said.get(x.model or "", ()), text_of(x))
        first.setdefault(x.model or "", x)
    settled = {m: texts[0] for m, texts in said.items() if len(set(texts)) == 1 < len(texts) and len(texts[0]) >= 60}  # fmt: skip
    if len(settled) < 2:
        yield Unsure("fewer than two models, or one that does not repeat itself at temperature 0")
    for (one, text), (two, other) in combinations(settled.items(), 2):
        if text == other:
            expected = f"another than {one}'s, as {two} is sold as another model"
            yield Finding("message.content", expected, f"the same {len(text)} characters", exchange=first[two].id)  # fmt: skip


def _words(run: Run) -> Vocabulary | None:
    sold = run.profile.sells(run.model)
    return vocabulary(sold.tokenizer) if sold and sold.tokenizer in CARRIED else None


def _tokens(x: Exchange) -> Iterator[bytes]:
    for each in (row for index in range(len(choices_of(x))) for row in logprobs_of(x, index)):
        raw = each.get("bytes")
        if isinstance(raw, list) and all(type(n) is int and 0 <= n < 256 for n in raw) and raw:
            yield bytes(raw)
