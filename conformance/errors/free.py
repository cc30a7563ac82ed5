"""What must cost nothing: the balance is read around requests that must be free."""

from decimal import Decimal, InvalidOperation

from conformance.errors.probes import CHAT, HELLO, RESPONSES, UNKNOWN
from conformance.judging.finding import Finding, Findings, Unsure
from conformance.judging.rule import RunRule, run_rule
from conformance.judging.run import Run
from conformance.running.probe import Impossible, Probe, ProbeContext, get, post
from wire.exchange import Exchange, Request


def _balance(context: ProbeContext) -> Request:
    if not context.profile.balance_path:
        raise Impossible("the profile names no balance_path")
    return get(context.profile.balance_path)


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


# One after the other, with nothing else in flight.
CHAIN = (
    _probe("balance-1", _balance),
    _probe("free-models", lambda _: get("/models"), "balance-1"),
    _probe("free-model", lambda context: get(f"/models/{context.model}"), "free-models"),
    _probe("balance-2", _balance, "free-model"),
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
    _probe("balance-3", _balance, "free-refused-responses"),
    _probe(
        "free-messages",
        lambda context: post("/messages", {"model": context.model, "max_tokens": 9, **HELLO}),
        "balance-3",
    ),
    _probe("balance-4", _balance, "free-messages"),
)


def balance(run: Run, x: Exchange) -> Decimal | None:
    """The balance that an answer tells, None when it tells none."""
    body = x.reply.json
    value = body.get(run.profile.balance_field) if x.ok and isinstance(body, dict) else None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _free(requirement: str, before: str, after: str, what: str) -> RunRule:
    @run_rule(requirement, probes=(f"errors.{before}", f"errors.{after}"))
    def check(run: Run) -> Findings:
        first, second = run.one(f"errors.{before}"), run.one(f"errors.{after}")
        was, now = balance(run, first), balance(run, second)
        if was is None or now is None:
            yield Unsure("the balance cannot be read")
        elif was != now:
            yield Finding("balance", f"{was} as before {what}", str(now), exchange=second.id)

    return check


FREE = (
    _free("models.free", "balance-1", "balance-2", "GET /models"),
    _free("errors.free", "balance-2", "balance-3", "three refused requests"),
    _free("tiers.messages.free", "balance-3", "balance-4", "the refused /messages"),
)
