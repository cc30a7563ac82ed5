"""What must cost nothing: the balance is read around requests that must be free."""

from conformance.billing.books import restless
from conformance.errors.probes import CHAT, HELLO, RESPONSES, UNKNOWN
from conformance.judging.finding import Finding, Findings, Unsure
from conformance.judging.rule import RunRule, run_rule
from conformance.judging.run import Run
from conformance.running.balance import balance_of, reading
from conformance.running.probe import Probe, get, post


def _probe(name: str, build: object, after: str = "") -> Probe:
    assert callable(build)
    return Probe(
        f"errors.{name}",
        build,
        after=(f"errors.{after}",) if after else (),
        per_model=False,
        output_tokens=0,
        alone=True,
        feature="billing",
    )


def _reading(name: str, after: str = "") -> Probe:
    return reading(f"errors.{name}", *([f"errors.{after}"] if after else []), per_model=False)


# One after the other, with nothing else in flight.
CHAIN = (
    _reading("balance-1"),
    _probe("free-models", lambda _: get("/models"), "balance-1"),
    _probe("free-model", lambda context: get(f"/models/{context.model}"), "free-models"),
    _reading("balance-2", "free-model"),
    _probe("free-refused", lambda _: post(CHAT, {"model": UNKNOWN, **HELLO}), "balance-2"),
    _probe(
        "free-refused-late",
        lambda context: post(CHAT, {"model": context.model, **HELLO, "temperature": 9}),
        "free-refused",
    ),
    _probe(
        "free-refused-responses",
        lambda context: post(RESPONSES, {"model": context.model, "input": "Hi", "temperature": 9}),
        "free-refused-late",
    ),
    _reading("balance-3", "free-refused-responses"),
    _probe(
        "free-messages",
        lambda context: post("/messages", {"model": context.model, "max_tokens": 9, **HELLO}),
        "balance-3",
    ),
    _reading("balance-4", "free-messages"),
)


def _free(requirement: str, before: str, after: str, what: str) -> RunRule:
    @run_rule(requirement, probes=(f"errors.{before}", f"errors.{after}"))
    def check(run: Run) -> Findings:
        first, second = run.one(f"errors.{before}"), run.one(f"errors.{after}")
        was, now = (
            balance_of(run.profile, first.reply.json),
            balance_of(run.profile, second.reply.json),
        )
        if was is None or now is None:
            yield Unsure("the balance cannot be read")
        elif was != now and restless(run):
            yield Unsure("the balance moves while nothing is asked")
        elif was != now:
            yield Finding("balance", f"{was} as before {what}", str(now), exchange=second.id)

    return check


FREE = (
    _free("models.free", "balance-1", "balance-2", "GET /models"),
    _free("errors.free", "balance-2", "balance-3", "three refused requests"),
    _free("tiers.messages.free", "balance-3", "balance-4", "the refused /messages"),
)
