"""Rules about which request is refused how."""

from collections import Counter

from conformance.errors.probes import UNKNOWN
from conformance.errors.selectors import (
    LIVE,
    SUCCESS,
    code_is,
    error,
    has_error,
    is_api,
    of_a_front,
    status_is,
    status_rule,
    text,
    unknown_route,
)
from conformance.judging.answer import status_line
from conformance.judging.declined import PASSING, declined, repeated, unreliable
from conformance.judging.finding import ABSENT, Finding, Findings, Unsure, show
from conformance.judging.route import Silence
from conformance.judging.rule import rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import probe
from conformance.judging.substance import answered
from wire.endpoint import Endpoint
from wire.exchange import Exchange

MAIN = "[redacted:main]"
UNKNOWN_ROUTE = LIVE.only(
    "for a path or method that the API does not have",
    lambda x: (
        is_api(x) and unknown_route(x) and x.request.method in {"GET", "POST", "PUT", "PATCH", "DELETE"}
        and x.reply.status in {404, 405, 501} and not x.request.header("upgrade")
    ),
    "errors.path-unknown*",
)  # fmt: skip
SYNTAX = (
    status_rule("errors.bad-json", (400,), "errors.bad-json", "errors.bad-json-responses"),
    status_rule("errors.not-object", (400,), "errors.body-array*", "errors.body-string", "errors.body-null", "errors.body-number*"),
    status_rule("errors.empty-body", (400,), "errors.body-empty*"),
    status_rule("errors.deep-body", (400, 413), "errors.body-deep"),
    status_rule("errors.path-unknown", (404,), "errors.path-unknown*", sees=has_error),
)  # fmt: skip


@rule("errors.not-utf8", on=probe("errors.not-utf8"), sees=answered)
def not_utf8(x: Exchange) -> Findings:
    if of_a_front(x) and x.reply.status != 400:
        yield Unsure(f"a front refused the body before the API read it: {status_line(x)}")
    else:
        yield from status_is(x, 400)


@rule("errors.path-unknown.json", on=UNKNOWN_ROUTE)
def unknown_in_json(x: Exchange) -> Findings:
    if not error(x):
        yield Finding(
            "body",
            "an error object in JSON",
            f"{x.reply.media_type or 'no type'}: {show(x.reply.text[:60])}",
        )


@run_rule(
    "errors.before-stream.status", probes=("errors.streamed*", "chat_params.refuse.messages-empty")
)
def before_stream(run: Run) -> Findings:
    """What is not refused without a stream, either, has requirements of its own."""
    lax = any(x.ok for x in run.all("chat_params.refuse.messages-empty"))
    asked = list(run.where(probe("errors.streamed*")))
    refused = any(400 <= x.reply.status < 500 for x in asked)
    for x in asked:
        if x.reply.status < 400 and lax and x.endpoint is Endpoint.CHAT and not _tells_error(x):
            if not refused:
                yield Unsure("without a stream it is not refused, either")
        elif x.reply.status < 400:
            yield Finding("status", "400 or above", status_line(x), exchange=x.id)


def _tells_error(x: Exchange) -> bool:
    return any(isinstance(body, dict) and body.get("error") for _, body in x.objects())


@rule("errors.wrong-type", on=probe("errors.type-*"))
def wrong_type(x: Exchange) -> Findings:
    yield from status_is(x, 400)
    wanted = "stream" if "-stream" in (x.probe or "") else "temperature"
    if x.reply.status == 400 and text(x, "param") != wanted:
        yield Finding("error.param", show(wanted), show(error(x).get("param", ABSENT)))


@rule("errors.parameter-unknown", on=probe("errors.parameter-unknown*"))
def parameter_unknown(x: Exchange) -> Findings:
    yield from _names(x, "conformance_no_such_parameter")


@rule("errors.unsupported-parameter", on=probe("errors.unsupported-parameter"))
def unsupported_parameter(x: Exchange) -> Findings:
    yield from _names(x, "web_search_options")
    yield from code_is(x, "unsupported_parameter")


@rule("errors.unsupported-value", on=probe("errors.unsupported-value*"))
def unsupported_value(x: Exchange) -> Findings:
    yield from _names(x, "reasoning_effort", "reasoning.effort")
    yield from code_is(x, "unsupported_value")


def _names(x: Exchange, *params: str) -> Findings:
    """A 400 that names the parameter, in param or at least in its words."""
    yield from status_is(x, 400)
    if x.reply.status == 400 and text(x, "param") not in params:
        told = any(name in text(x, "message") for name in params)
        if not (told and error(x).get("param") is None and "unknown" in (x.probe or "")):
            yield Finding("error.param", " or ".join(params), show(error(x).get("param", ABSENT)))


@run_rule(
    "errors.no-server-error", probes=("models.list", "errors.bad-json"), silence=[Silence.BROKEN]
)
def no_server_error(run: Run) -> Findings:
    """Who is overloaded may say so; else a server error is a request that was not understood."""
    chance = unreliable(run.exchanges)
    for x in run.where(LIVE):
        status = x.reply.status
        sorry = "overload" in text(x, "code") + text(x, "type") or "unavailable" in text(x, "type")
        if status < 500 or sorry or b"[[script" in x.request.body:
            continue
        if chance:
            yield Unsure("the server fails by chance: asking again helped elsewhere")
        elif x.probe is not None or status == 500:
            yield Finding("status", "no server error", status_line(x), exchange=x.id)


@rule("errors.not-200", on=SUCCESS)
def not_200(x: Exchange) -> Findings:
    if x.bare_error:
        yield Finding("status", "400 or above beside an error", status_line(x))


@run_rule("errors.served", probes=("models.list",), silence=Silence)
def served(run: Run) -> Findings:
    """What limits, pools and bad days do to a client that pays, told once for the whole run."""
    asked, refusals = 0, []
    for x in run.exchanges:
        if x.probe is None or MAIN not in (x.request.header("authorization") or ""):
            continue
        asked += 1 + len(x.attempts)
        if repeated(x):
            continue  # always the same: no passing trouble, and told as what it is
        statuses = [a.status for a in x.attempts if a.status in PASSING or a.status >= 500]
        # A server error that nobody asked about again may be there to stay: others tell of it.
        again = bool(x.attempts) or x.reply.status in PASSING
        statuses += [x.reply.status] if declined(x) and again else []
        refusals += [(status, x) for status in statuses]
    if not refusals:
        return
    counts = Counter(status for status, _ in refusals)
    told = ", ".join(f"{n} times {status}" for status, n in sorted(counts.items()))
    kinds = sorted({text(x, "code") or text(x, "type") for _, x in refusals} - {""})
    why = f" ({', '.join(kinds)})" if kinds else ""
    limits = any(status == 429 for status in counts)
    hint = f"; {run.profile.concurrency} at a time were sent: lower concurrency in the profile"
    yield Finding(
        "status",
        "a key with credit to be served when it asks",
        f"refused {len(refusals)} of {asked} times: {told}{why}{hint if limits else ''}",
        exchange=refusals[0][1].id,
    )


@rule("errors.not-retryable", on=LIVE)
def not_retryable(x: Exchange) -> Findings:
    mistaken = x.request.method != "POST" or not x.ok
    passing = x.reply.status == 408 and declined(x)
    if mistaken and not passing and x.reply.status in (408, 409, 425):
        yield Finding("status", "one that clients do not retry", status_line(x))


@run_rule("errors.envelope", probes=("errors.scripted-upstream-500*",))
def upstream_pages(run: Run) -> Findings:
    """One page may be a front's on a bad day; where each failure behind the server is a page, it is the server's word."""
    for endpoint in (Endpoint.CHAT, Endpoint.RESPONSES):
        failed = [x for x in run.named("errors.scripted-upstream-500*") if x.endpoint is endpoint]
        if len(failed) > 1 and all(of_a_front(x) for x in failed):
            found = f"{failed[0].reply.media_type or 'no type'}: {show(failed[0].reply.text[:60])}"
            yield Finding("body", "an error object in JSON", found, exchange=failed[0].id)


@run_rule("errors.repeatable", probes=("errors.bad-json",))
def repeatable(run: Run) -> Findings:
    first, *others = run.all("errors.bad-json")
    for x in others:
        if _essence(x) != _essence(first):
            yield Finding("answer", show(_essence(first)), show(_essence(x)), exchange=x.id)


def _essence(x: Exchange) -> tuple[object, ...]:
    members = error(x)
    return (x.reply.status, *(members.get(name) for name in ("type", "param", "code", "message")))


@run_rule(
    "errors.message.tells", probes=("errors.bad-json", "errors.path-unknown", "auth.none-models")
)
def message_tells(run: Run) -> Findings:
    causes = [run.one(n) for n in ("errors.bad-json", "errors.path-unknown", "auth.none-models")]
    said = [text(x, "message") for x in causes]
    for x, message in zip(causes, said, strict=True):
        if message and said.count(message) > 1:
            yield Finding("error.message", "words for this cause", show(message), exchange=x.id)


@run_rule("errors.same-shape", probes=("errors.bad-json", "errors.bad-json-responses"))
def same_shape(run: Run) -> Findings:
    chat, responses = run.one("errors.bad-json"), run.one("errors.bad-json-responses")
    yield from _alike(chat, responses)


@run_rule("errors.same-shape", probes=("auth.none-models", "auth.none-chat", "auth.none-responses"))
def same_refusal(run: Run) -> Findings:
    first = run.one("auth.none-models")
    for name in ("auth.none-chat", "auth.none-responses"):
        yield from _alike(first, run.one(name))


def _alike(first: Exchange, other: Exchange) -> Findings:
    if not all(400 <= x.reply.status < 500 for x in (first, other)):
        yield Unsure("one of the two was not refused, which is told elsewhere")
        return
    for name, of in (("status", _status), ("error's members", _members), ("error.type", _type)):
        if of(first) != of(other):
            yield Finding(
                name,
                f"{show(of(first))} as at {first.request.path}",
                show(of(other)),
                exchange=other.id,
            )


def _status(x: Exchange) -> object:
    return x.reply.status


def _members(x: Exchange) -> object:
    return sorted(error(x))


def _type(x: Exchange) -> object:
    return error(x).get("type")


def _refused(x: Exchange, _: str) -> bool:
    return not x.ok


@rule("errors.concurrent", on=probe("errors.parallel"), sees=_refused)
def concurrent(x: Exchange) -> Findings:
    told, own = x.reply.text, str(x.request.params.get("model"))
    others = [f"{UNKNOWN}-{n:02}x" for n in range(20) if f"{UNKNOWN}-{n:02}x" != own]
    if mixed := [name for name in others if name in told]:
        yield Finding("error.message", f"the model that was asked for, {own}", mixed[0])
    elif x.ok:
        return  # the model is not refused, which has requirements of its own
    elif own not in told:
        yield Unsure("the refusal does not name the model")
