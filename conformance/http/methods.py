"""Rules about methods and paths."""

import re
from urllib.parse import urljoin, urlsplit

from conformance.errors.selectors import ERROR, LIVE, is_api, status_is, status_rule
from conformance.judging.answer import status_line
from conformance.judging.finding import Finding, Findings, show
from conformance.judging.rule import rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import Selector, probe
from conformance.models.selectors import listed
from wire.exchange import Exchange

STATUSES = (
    status_rule("http.method.get-chat", (200, 404, 405), "http.method-get-chat"),
    status_rule(
        "http.method.wrong",
        (404, 405),
        "http.method-put-*",
        "http.method-patch-*",
        "http.method-delete-*",
    ),
    status_rule("http.method.post-models", (404, 405), "http.method-post-models"),
    status_rule("http.method.unknown", (400, 404, 405, 501), "http.method-unknown"),
    status_rule("http.header-size", (200, 431), "http.header-64k"),
    status_rule("http.accept", (200,), "http.accept-any"),
    status_rule("http.client-headers", (200,), "http.client-headers"),
    status_rule("http.websocket", (101, 426), "http.websocket"),
)


@rule(
    "http.allow", on=ERROR.only("with status 405", lambda x: x.reply.status == 405, "http.method-*")
)
def allow(x: Exchange) -> Findings:
    value = x.reply.header("allow")
    if value is None:
        yield Finding("header allow", "the methods that are allowed", "none")
    elif x.request.method in re.split(r"[,\s]+", value):
        yield Finding("header allow", f"not {x.request.method}, which was refused", show(value))


@run_rule("http.head", probes=("models.list", "http.head"))
def head(run: Run) -> Findings:
    got, x = run.one("models.list"), run.one("http.head")
    if x.reply.status != got.reply.status:
        yield Finding("status", f"{got.reply.status} as for GET", status_line(x), exchange=x.id)
    elif x.reply.body:
        yield Finding("body", "none", show(x.reply.body), exchange=x.id)
    elif x.reply.media_type != got.reply.media_type:
        found = x.reply.media_type or "none"
        yield Finding("header content-type", got.reply.media_type, found, exchange=x.id)
    length, wanted = (y.reply.header("content-length") for y in (x, got))
    if length is not None and wanted is not None and length != wanted:
        yield Finding("header content-length", wanted, length, exchange=x.id)


@rule("http.preflight", on=probe("http.preflight-*"))
def preflight(x: Exchange) -> Findings:
    granted = x.reply.header("access-control-allow-origin") is not None
    if granted or x.ok:
        yield from _preflight_granted(x)
    elif not 400 <= x.reply.status < 500 or x.reply.status == 401:
        yield Finding(
            "status", "200 or 204 with CORS headers, or a refusal that wants no key", status_line(x)
        )


def _preflight_granted(x: Exchange) -> Findings:
    yield from status_is(x, 200, 204)
    wanted: dict[str, set[str]] = {
        "origin": {"*", x.request.header("origin") or "*"},
        "methods": {x.request.header("access-control-request-method") or "*", "*"},
        "headers": {"authorization"},
    }
    for name, values in wanted.items():
        value = x.reply.header(f"access-control-allow-{name}") or ""
        told = {word.strip() for word in value.split(",")}
        if name == "headers":
            told = {word.lower() for word in told}
        if not told & values:
            yield Finding(f"header access-control-allow-{name}", show(sorted(values)), show(value))


@run_rule("http.preflight.consistent", probes=("http.preflight-*", "http.cross-origin"))
def preflight_consistent(run: Run) -> Findings:
    """What a preflight grants, the answer itself grants as well, and the other way round."""
    x = run.one("http.cross-origin")
    granted = {_origin(y) is not None for y in run.where(probe("http.preflight-*"))}
    if x.ok and granted != {_origin(x) is not None}:
        found = f"{show(_origin(x))} on the answer itself"
        yield Finding(
            "header access-control-allow-origin", "as on the preflight", found, exchange=x.id
        )


def _origin(x: Exchange) -> str | None:
    return x.reply.header("access-control-allow-origin")


CROSS_ORIGIN = Selector(
    "an answer across origins",
    lambda x: (
        LIVE.matches(x) and _origin(x) is not None and x.request.method != "OPTIONS" and is_api(x)
    ),
    ("http.cross-origin",),
)


@rule("http.cors.expose", on=CROSS_ORIGIN)
def expose(x: Exchange) -> Findings:
    value = x.reply.header("access-control-expose-headers") or ""
    told = {word.strip().lower() for word in value.split(",")}
    if not told & {"x-request-id", "*"}:
        yield Finding("header access-control-expose-headers", "X-Request-ID", show(value))


@run_rule("http.slash", probes=("models.list", "http.slash"))
def slash(run: Run) -> Findings:
    answers = run.all("http.slash")
    if len({x.reply.status for x in answers}) > 1:
        found = show([x.reply.status for x in answers])
        yield Finding("status", "the same each time", found, exchange=answers[0].id)
    for x in answers[:1]:
        yield from _slash(run, x)


def _slash(run: Run, x: Exchange) -> Findings:
    if x.reply.status not in (200, 301, 307, 308, 404, 405):
        yield Finding("status", "200, a redirect or 404", status_line(x), exchange=x.id)
    if x.ok and listed(x) != listed(run.one("models.list")):
        yield Finding("data[].id", "the model list", show(listed(x)), exchange=x.id)


REDIRECT = Selector(
    "a redirect or a final answer",
    lambda x: LIVE.matches(x) and is_api(x),
    ("http.slash", "http.double-slash"),
)


@rule("http.redirect", on=REDIRECT)
def redirect(x: Exchange) -> Findings:
    place = x.reply.header("location")
    if not 300 <= x.reply.status < 400 or place is None:
        return
    try:
        here, there = urlsplit(x.connection.origin), urlsplit(urljoin(x.connection.origin, place))
    except ValueError:
        yield Finding("header location", "a URL", show(place))
        return
    upgraded = (here.scheme, there.scheme) == ("http", "https")
    same = (here.scheme, here.netloc) == (there.scheme, there.netloc)
    if here.hostname and not (same or (upgraded and here.hostname == there.hostname)):
        yield Finding("header location", f"a place at {x.connection.origin}", show(place))
