"""What work in the background costs: once, as its usage says, and no more than was done when it is called off."""

from conformance.billing.books import step
from conformance.billing.probes import (
    AFTER_CANCEL,
    BEGUN,
    CANCELLED,
    DONE,
    LONG,
    REPLAYED,
    STREAMED,
    TIERED,
    TIERED_DONE,
    case_of,
)
from conformance.billing.rates import dollars, spoken
from conformance.billing.rules import due, model_of, taken, tier_of
from conformance.judging.finding import Finding, Findings, Unsure
from conformance.judging.rule import run_rule
from conformance.judging.run import Run
from conformance.running.budget import usage_of


def _around(case: str) -> tuple[str, str]:
    return f"billing.before-{case_of(case)}", f"billing.after-{case_of(case)}"


def _made_once(run: Run, case: str, told: str, how: str) -> Findings:
    """What fell across a case is what the usage of `told`, where the answer stands whole, costs."""
    fell, x = taken(run, case_of(case)), run.one(told)
    right = due(x, model_of(run.one(case)))
    if fell is None or not x.ok or not right:
        yield Unsure(f"{told} gave no usage with a known price, or no balance was read")
    elif all(abs(fell - amount) > step(run) for amount in right):
        said = f"{dollars(right[0])} for {spoken(usage_of(x))}, {how}"
        yield Finding("balance", said, f"{dollars(fell)} taken", exchange=x.id)


@run_rule("billing.background", probes=(BEGUN, DONE, *_around(BEGUN)))
def polled(run: Run) -> Findings:
    """The answer that begins the work has no usage: what it cost stands in what is read at its end."""
    yield from _made_once(run, BEGUN, DONE, "made in the background")


@run_rule("billing.background", probes=(STREAMED, REPLAYED, *_around(STREAMED)))
def streamed(run: Run) -> Findings:
    """Read as it comes, and once more from the start: it was made only once."""
    yield from _made_once(run, STREAMED, STREAMED, "read twice")


@run_rule("billing.service-tier", probes=(TIERED, TIERED_DONE, *_around(TIERED)))
def tiered(run: Run) -> Findings:
    """Which tier was used stands in the finished answer: it is paid."""
    yield from _made_once(run, TIERED, TIERED_DONE, f"made in the background as {_tier(run)}")


def _tier(run: Run) -> str:
    return tier_of(run.one(TIERED_DONE)) or "no tier"


@run_rule("billing.cancelled", probes=(LONG, CANCELLED, AFTER_CANCEL, *_around(LONG)))
def cancelled(run: Run) -> Findings:
    """The prompt and what was written may cost; the whole answer of 200 numbers may not."""
    fell, x = taken(run, LONG), run.one(AFTER_CANCEL)
    body = x.reply.json
    status = body.get("status") if isinstance(body, dict) else None
    model = model_of(run.one(LONG))
    price = run.profile.price(model)
    if fell is None or price is None or status != "cancelled":
        yield Unsure("the work was not called off, or the balance or the price is not known")
        return
    whole = price.output * 200 / 1_000_000
    if right := due(x, model):
        if all(fell > amount + step(run) for amount in right):
            said = f"at most {dollars(right[0])} for {spoken(usage_of(x))}"
            yield Finding("balance", said, f"{dollars(fell)} taken", exchange=x.id)
    elif fell > whole * 2 / 3 + step(run):
        found = f"{dollars(fell)} taken for work that was called off at once"
        yield Finding("balance", f"much less than {dollars(whole)}", found, exchange=x.id)
