"""Rules about refusals that are not the request's fault: limits, credit, what lies behind."""

import re

from conformance.errors.scripted import CAUSES, Cause
from conformance.errors.selectors import ERROR, code_is, error, status_is, text, within
from conformance.judging.answer import status_line
from conformance.judging.finding import ABSENT, Finding, Findings, show
from conformance.judging.rule import Rule, rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import probe
from wire.exchange import Exchange


@run_rule("errors.rate-limit", probes=("errors.rate-limit",))
def rate_limit(run: Run) -> Findings:
    answers = run.all("errors.rate-limit")
    limited = [x for x in answers if x.reply.status == 429]
    for x in answers:
        if not x.ok and x not in limited:
            yield Finding("status", "429 beyond the limit", status_line(x), exchange=x.id)
    if not limited and all(x.ok for x in answers):
        yield Finding(
            "status",
            f"429 for some of {len(answers)} calls at once",
            "all served",
            exchange=answers[-1].id,
        )
    yield from _beyond(answers)
    for x in limited:
        yield from within(x, code_is(x, "rate_limit_exceeded"))
        if text(x, "type") not in ("requests", "tokens", "rate_limit_error", "rate_limit_exceeded"):
            yield Finding(
                "error.type",
                "requests, tokens or rate_limit_error",
                show(error(x).get("type", ABSENT)),
                exchange=x.id,
            )


def _beyond(answers: list[Exchange]) -> Findings:
    """No more calls are served than the limit that the answers themselves tell."""
    served = [x for x in answers if x.ok]
    told = {x.reply.header("x-ratelimit-limit-requests") or "" for x in served}
    limit = min((int(n) for n in told if re.fullmatch("[0-9]{1,9}", n)), default=None)
    if limit is not None and len(served) > limit:
        yield Finding(
            "status", f"{limit} served, the limit", f"{len(served)}", exchange=served[-1].id
        )


@rule("errors.quota", on=probe("errors.no-credit*"))
def quota(x: Exchange) -> Findings:
    yield from status_is(x, 429)
    if x.reply.status == 429:
        yield from code_is(x, "insufficient_quota", "credit_balance_exhausted")
        if text(x, "type") != "insufficient_quota":
            yield Finding("error.type", "insufficient_quota", show(error(x).get("type", ABSENT)))


@rule(
    "errors.quota.no-retry-after",
    on=ERROR.only(
        "for want of credit",
        lambda x: "quota" in text(x, "code") or "exhausted" in text(x, "code"),
        "errors.no-credit*",
    ),
)
def quota_no_retry_after(x: Exchange) -> Findings:
    for name in ("retry-after", "retry-after-ms"):
        if (value := x.reply.header(name)) is not None:
            yield Finding(f"header {name}", "none: waiting does not help", show(value))


def _scripted(requirement: str, cause: str) -> Rule:
    @rule(requirement, on=probe(f"errors.scripted-{cause.replace('_', '-')}-*"))
    def check(x: Exchange) -> Findings:
        yield from _caused(x, CAUSES[cause])

    return check


def _caused(x: Exchange, cause: Cause) -> Findings:
    yield from status_is(x, *cause.statuses)
    if x.reply.status in cause.statuses:
        if cause.codes:
            yield from code_is(x, *cause.codes)
        elif not text(x, "code") and not text(x, "type"):
            yield Finding("error.code", "a code or type", show(error(x)))
        if cause.types and text(x, "type") not in cause.types:
            yield Finding(
                "error.type", " or ".join(cause.types), show(error(x).get("type", ABSENT))
            )


SCRIPTED = (
    _scripted("errors.upstream", "upstream_500"),
    _scripted("errors.upstream-timeout", "upstream_timeout"),
    _scripted("errors.upstream-key", "upstream_401"),
    _scripted("errors.overload", "overload"),
    _scripted("errors.slow-down", "slow_down"),
    _scripted("errors.spend-limit", "spend_limit"),
    _scripted("errors.content-policy", "content_policy"),
    _scripted("errors.rate-limit.scripted", "rate_limit"),
    _scripted("errors.context", "context"),
)
