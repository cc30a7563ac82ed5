"""Rules about refusals that are not the request's fault: limits, credit, what lies behind."""

import re

from conformance.errors.scripted import CAUSES, Cause
from conformance.errors.selectors import ERROR, code_is, error, status_is, text, within
from conformance.judging.answer import status_line
from conformance.judging.declined import PASSING, unreliable
from conformance.judging.finding import ABSENT, Finding, Findings, Unsure, show
from conformance.judging.rule import RunRule, rule, run_rule
from conformance.judging.run import Run
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
        if _at_once(x):
            continue
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


LIMITS = frozenset({"rate_limit_exceeded", "rate_limit_error", "requests", "tokens", "slow_down"})
_NO_CREDIT = "errors.no-credit*"


def _by_chance(run: Run, x: Exchange) -> bool:
    """A limit or a bad moment in place of the refusal, on a server that has such elsewhere."""
    bad = x.reply.status in PASSING or x.reply.status >= 500
    tried = [a for other in run.exchanges for a in other.attempts]
    others = [y for y in run.named(_NO_CREDIT) if y.reply.status != x.reply.status or y is x]
    return bad and (bool(tried) or len(others) > 1)


@run_rule("errors.quota", probes=(_NO_CREDIT,))
def quota(run: Run) -> Findings:
    """No client takes it for a limit that passes, or for a server that is broken."""
    for x in run.named(_NO_CREDIT):
        status, words = x.reply.status, {text(x, "code"), text(x, "type")} - {""}
        mistaken = status == 429 and (words & LIMITS or not words)
        if 400 <= status < 500 and status not in (401, 404, 408, 409) and not mistaken:
            continue
        if _by_chance(run, x):
            yield Unsure("the server refuses by chance")
            continue
        said = "402, or 429 with a code that is no rate limit's (insufficient_quota)"
        yield Finding("status and error.code", said, status_line(x), exchange=x.id)


@run_rule("errors.quota.form", probes=(_NO_CREDIT,))
def quota_form(run: Run) -> Findings:
    statuses, codes = run.profile.no_credit_status, run.profile.no_credit_code
    for x in run.named(_NO_CREDIT):
        if _by_chance(run, x) and x.reply.status not in statuses:
            yield Unsure("the server refuses by chance")
            continue
        words = [status_is(x, *statuses)] if statuses else []
        words += [code_is(x, *codes)] if codes and x.reply.status in statuses else []
        for said in words:
            yield from within(x, said)


@rule(
    "errors.quota.no-retry-after",
    on=ERROR.only(
        "for want of credit",
        lambda x: (
            x.reply.status == 402
            or "insufficient_quota" in (text(x, "code"), text(x, "type"))
            or "exhausted" in text(x, "code")
        ),
        "errors.no-credit*",
    ),
)
def quota_no_retry_after(x: Exchange) -> Findings:
    for name in ("retry-after", "retry-after-ms"):
        if (value := x.reply.header(name)) is not None:
            yield Finding(f"header {name}", "none: waiting does not help", show(value))
    if x.reply.header("x-should-retry") == "true":
        yield Finding("header x-should-retry", "false or none", "true")


def _at_once(x: Exchange) -> bool:
    """Refused for the calls beside it: a limit as well, by another name."""
    return x.reply.status == 429 and "concurrency" in text(x, "code")


def _scripted(requirement: str, cause: str) -> RunRule:
    names = f"errors.scripted-{cause.replace('_', '-')}-*"

    @run_rule(requirement, probes=(names,))
    def check(run: Run) -> Findings:
        chance = unreliable(run.exchanges)
        for x in run.named(names):
            if _at_once(x):
                yield Unsure("too many calls at once came before the cause that was asked for")
                continue
            for word in within(x, _caused(x, CAUSES[cause])):
                # On a server that fails by chance, one failure cannot be told from another.
                yield Unsure("the server fails by chance") if chance else word

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
