"""Rules about rate limit headers and how long a refused client is told to wait."""

import re
from email.utils import parsedate_to_datetime

from conformance.errors.selectors import ERROR, text
from conformance.judging.answer import header_shown
from conformance.judging.finding import Finding, Findings, show
from conformance.judging.rule import rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import Selector
from wire.endpoint import Endpoint
from wire.exchange import Exchange

SIX = tuple(
    f"x-ratelimit-{part}-{what}"
    for part in ("limit", "remaining", "reset")
    for what in ("requests", "tokens")
)
LONGEST_S = 120.0
# As Go prints a duration.
DURATION = re.compile(r"(\d+h)?(\d+m)?(\d+(\.\d+)?(s|ms|µs))?")
CREATES = frozenset({Endpoint.CHAT, Endpoint.RESPONSES})

COMPLETION = Selector(
    "a completion",
    lambda x: x.ok and x.request.method == "POST" and x.endpoint in CREATES,
    ("auth.marker-*",),
)
LIMITED = Selector(
    "an answer with rate limit headers",
    lambda x: any(name.startswith("x-ratelimit-") for name, _ in x.reply.headers),
    ("auth.marker-*", "errors.rate-limit"),
)
WAIT = ERROR.only(
    "for a rate limit",
    lambda x: (
        x.reply.status == 429
        and (
            text(x, "code") in ("rate_limit_exceeded", "slow_down")
            or text(x, "type") in ("requests", "tokens", "rate_limit_error")
        )
    ),
    "errors.rate-limit",
)


def _value(x: Exchange, name: str) -> str | None:
    # Some recorders glue a header of another line on with a comma.
    value = x.reply.header(name)
    return None if value is None else value.partition(",")[0].strip()


@rule("http.limits.all", on=COMPLETION)
def all_or_none(x: Exchange) -> Findings:
    present = [name for name in SIX if x.reply.header(name) is not None]
    if 0 < len(present) < len(SIX):
        lacking = [name for name in SIX if name not in present]
        yield Finding("headers", "all six x-ratelimit headers or none", f"without {lacking[0]}")


@run_rule("http.limits.same", probes=("auth.marker-*",))
def same_on_all(run: Run) -> Findings:
    answers = [x for x in run.where(COMPLETION) if x.source is None]
    having = [x for x in answers if x.reply.header(SIX[0]) is not None]
    if having and len(having) < len(answers):
        without = next(x for x in answers if x not in having)
        yield Finding(
            f"header {SIX[0]}", f"there, as on {having[0].id}", "none", exchange=without.id
        )


@rule("http.limits.numbers", on=LIMITED)
def numbers(x: Exchange) -> Findings:
    for what in ("requests", "tokens"):
        limit, left = (_value(x, f"x-ratelimit-{part}-{what}") for part in ("limit", "remaining"))
        for name, value in (("limit", limit), ("remaining", left)):
            if value is not None and not re.fullmatch(r"[0-9]{1,30}", value):
                yield Finding(f"header x-ratelimit-{name}-{what}", "a whole number", show(value))
                return
        if limit is not None and left is not None and int(left) > int(limit):
            yield Finding(f"header x-ratelimit-remaining-{what}", f"at most {limit}", left)


@rule("http.limits.reset", on=LIMITED)
def reset(x: Exchange) -> Findings:
    for what in ("requests", "tokens"):
        value = _value(x, f"x-ratelimit-reset-{what}")
        if value is not None and not (value and DURATION.fullmatch(value)):
            yield Finding(
                f"header x-ratelimit-reset-{what}", "a duration such as 6m0s", show(value)
            )


@run_rule("http.limits.falls", probes=("errors.rate-limit",))
def falls(run: Run) -> Findings:
    served = [x for x in run.all("errors.rate-limit") if x.ok]
    left = [value for x in served if (value := _value(x, "x-ratelimit-remaining-requests"))]
    if len(left) > 1 and len(set(left)) < len(left):
        yield Finding(
            "header x-ratelimit-remaining-requests",
            "fewer with each call",
            show(left),
            exchange=served[-1].id,
        )
    for x in run.all("errors.rate-limit"):
        told = _value(x, "x-ratelimit-remaining-requests")
        if x.reply.status == 429 and told not in (None, "0"):
            yield Finding(
                "header x-ratelimit-remaining-requests", "0 on a refusal", show(told), exchange=x.id
            )


@rule("http.retry-after.present", on=WAIT)
def retry_after_present(x: Exchange) -> Findings:
    if _wait_s(x) is None:
        yield Finding("header retry-after", "seconds or a date", header_shown(x, "retry-after"))


@rule("http.retry-after.short", on=WAIT)
def retry_after_short(x: Exchange) -> Findings:
    wait = _wait_s(x)
    if wait is not None and not 0 <= wait <= LONGEST_S:
        yield Finding("header retry-after", f"at most {LONGEST_S:.0f} s", f"{wait:g} s")


@rule(
    "http.retry-after.overload",
    on=ERROR.only("for overload", lambda x: x.reply.status == 503, "errors.scripted-overload-*"),
)
def retry_after_overload(x: Exchange) -> Findings:
    if _wait_s(x) is None:
        yield Finding("header retry-after", "seconds or a date", header_shown(x, "retry-after"))


def _wait_s(x: Exchange) -> float | None:
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = x.reply.header(name)
        if value is not None and re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,9})?", value.strip()):
            return float(value) * unit
    try:
        until = parsedate_to_datetime(x.reply.header("retry-after") or "").timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return until - (x.started_at or until)
