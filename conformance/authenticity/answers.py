"""Rules about the answer: it was made for its own request, by one model, and costs what it says."""

from collections.abc import Sequence
from typing import Final

from conformance.authenticity.ledger import Entry, entries
from conformance.authenticity.probes import nonce_sent
from conformance.authenticity.said import text_of
from conformance.authenticity.tokens import ledger_rule, nothing_known, prompts
from conformance.judging.finding import Finding, Findings, Unsure
from conformance.judging.rule import run_rule
from conformance.judging.run import Run
from conformance.running.budget import usage_of

STEP: Final = 128


@run_rule("authenticity.answer.fresh", probes=("authenticity.fresh",))
def fresh(run: Run) -> Findings:
    answers = run.all("authenticity.fresh")
    texts = [text_of(x) for x in answers]
    if len(texts) < 2 or not all(len(text) >= 30 for text in texts):
        yield Unsure("the open question was not answered twice in at least 30 characters")
    elif len(set(texts)) == 1:
        said = f"the same {len(texts[0])} characters {len(texts)} times"
        yield Finding("message.content", "another answer each time at temperature 1", said, exchange=answers[1].id)  # fmt: skip


@run_rule("authenticity.answer.nonce", probes=("authenticity.nonce",))
def nonce(run: Run) -> Findings:
    x = run.one("authenticity.nonce")
    sent, said = nonce_sent(x), text_of(x).strip()
    if not x.ok or sent in said:
        if not x.ok:
            yield Unsure(f"answered {x.reply.status}")
        return
    if len(said) == len(sent) and said.count("-") == 1 and " " not in said:
        yield Finding("delta.content", f"{sent}, which was asked for", said, exchange=x.id)
    else:
        yield Unsure(f"the model did not repeat the text: {said[:60]!r}")


@run_rule("authenticity.tokens.cached-again", probes=("usage.long", "usage.long-again"))
def cached_again(run: Run) -> Findings:
    """A prefix of more than 1,024 tokens that was just sent is read from the cache."""
    first, again = usage_of(run.one("usage.long")), usage_of(run.one("usage.long-again"))
    if first is None or again is None or (again.prompt_tokens or 0) < 1024 + STEP:
        yield Unsure("the long prompt was not answered twice with usage")
        return
    if not again.cached_tokens:
        x = run.one("usage.long-again")
        said = f"none of {again.prompt_tokens} tokens"
        yield Finding("cached_tokens", "a part of what was sent just before", said, exchange=x.id)


@run_rule("authenticity.tokens.cached-never-sent", probes=("usage.long",))
def cached_never_sent(run: Run) -> Findings:
    """The prompt starts with a mark of this run, so nobody can have sent it before."""
    x = run.one("usage.long")
    usage = usage_of(x)
    if usage is None:
        yield Unsure("the long prompt was not answered with usage")
    elif (usage.cached_tokens or 0) >= STEP:  # fewer are what an engine writes before every prompt
        said = f"{usage.cached_tokens} of {usage.prompt_tokens} tokens"
        yield Finding("cached_tokens", "0 for a prompt that nobody has sent before", said, exchange=x.id)  # fmt: skip


@run_rule("authenticity.tokens.cached-steps", probes=("usage.long-again",))
def cached_steps(run: Run) -> Findings:
    ledger = entries(run)
    if unknown := nothing_known(ledger, prompts(ledger)):
        yield unknown  # the steps are those of the models that are sold
        return
    found = [(x, u.cached_tokens) for x in run.exchanges if x.model == run.model and (u := usage_of(x)) and u.cached_tokens]  # fmt: skip
    if not found:
        yield Unsure("nothing was read from a cache")
    for x, cached in found:
        if b"[[usage" not in x.request.body and (cached % STEP or cached < 1024):
            said = str(cached)
            yield Finding(
                "cached_tokens", f"at least 1024, in steps of {STEP}", said, exchange=x.id
            )


@ledger_rule("authenticity.answer.stream-alike")
def stream_alike(ledger: Sequence[Entry]) -> Findings:
    """Streams and plain answers are of one model: the same tokenizer fits both."""
    known = prompts(ledger)
    if unknown := nothing_known(ledger, known):
        yield unknown
        return
    streamed = [e for e in ledger if e.streamed and e.output is not None and not e.effort]
    plain = [e for e in ledger if not e.streamed and e.output is not None and not e.effort]
    if len(streamed) < 3 or len(plain) < 3:
        yield Unsure("fewer than three streams or three plain answers whose cost is known")
        return
    for name, mine, others in (("streams", streamed, plain), ("plain answers", plain, streamed)):
        off = [e for e in mine if e.output and e.output.off(e.output_claimed)]
        right = [e for e in others if e.output and not e.output.off(e.output_claimed)]
        if len(off) > 0.5 * len(mine) and len(right) > 0.9 * len(others):
            said = f"{len(off)} of {len(mine)} do not"
            yield Finding("output tokens", f"{name} that cost what their texts cost", said, exchange=off[0].id)  # fmt: skip
