"""Rules about the headers of any answer."""

import re
from collections import Counter
from email.utils import parsedate_to_datetime
from typing import Any

from conformance.errors.selectors import LIVE, is_api, of_a_front
from conformance.judging.answer import header_shown
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.route import Silence
from conformance.judging.rule import rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import Selector
from wire.chat import is_preface
from wire.endpoint import Endpoint
from wire.exchange import Ended, Exchange

FIVE_MINUTES_S = 300
ONCE = ("content-type", "content-length", "date", "location", "retry-after", "x-request-id")
CREATES = frozenset({Endpoint.CHAT, Endpoint.RESPONSES})

API = LIVE.only("of the API", is_api)
# A connection that changed its protocol (101) is no answer of the API, and 431 comes from before it.
ANSWERED = LIVE.only(
    "of the API, whole",
    lambda x: is_api(x) and x.reply.status >= 200 and x.reply.status != 431 and not of_a_front(x),
)

SENT = Selector(
    "an exchange that we had ourselves",
    # A reset before the status line leaves no status to speak of.
    lambda x: x.source is None and x.connection.ended is not Ended.UNKNOWN and is_api(x),
    ("models.list", "auth.marker-*"),
)
PLAIN = Selector(
    "a success that is no stream",
    lambda x: (
        x.ok
        and not x.request.params.get("stream")  # what is none, like "true", may be taken for one
        and x.endpoint is not Endpoint.OTHER
        and "stream=true" not in x.request.path
        and bool(x.reply.body)
        and x.request.method != "OPTIONS"
        and is_api(x)
    ),
    ("models.list",),
)
STREAM = Selector(
    "a stream that was asked for",
    lambda x: x.ok and x.wants_stream and x.request.method == "POST" and x.endpoint in CREATES,
    ("auth.marker-*",),
)


@rule("http.content-type.json", on=PLAIN)
def json_type(x: Exchange) -> Findings:
    if x.reply.media_type != "application/json":
        yield Finding("header content-type", "application/json", x.reply.media_type or "none")
    yield from _utf8_said(x)


@rule("http.content-type.stream", on=STREAM)
def stream_type(x: Exchange) -> Findings:
    if x.reply.media_type != "text/event-stream":
        yield Finding("header content-type", "text/event-stream", x.reply.media_type or "none")
    yield from _utf8_said(x)


def _utf8_said(x: Exchange) -> Findings:
    charset = re.search(r"charset=\"?([\w-]+)", x.reply.header("content-type") or "", re.IGNORECASE)
    if charset and charset[1].lower() != "utf-8":
        yield Finding("header content-type", "charset utf-8", charset[1])


@rule("http.header-once", on=API)
def header_once(x: Exchange) -> Findings:
    names = Counter(name for name, _ in x.reply.headers)
    for name in ONCE:
        if names[name] > 1:
            yield Finding(f"header {name}", "once", f"{names[name]} times")


CROSS = (
    "access-control-allow-origin", "access-control-allow-credentials", "access-control-max-age",
)  # fmt: skip


@rule(
    "http.cors.once",
    on=LIVE.only(
        "to a browser",
        lambda x: bool(x.request.header("origin")),
        "http.preflight-*",
        "http.cross-origin*",
    ),
)
def cors_once(x: Exchange) -> Findings:
    """Two fronts that each add them: a browser refuses the answer."""
    for name in CROSS:
        values = [value for key, value in x.reply.headers if key == name]
        listed = [part.strip() for value in values for part in value.split(",")]
        if len(listed) > 1:
            yield Finding(f"header {name}", "one value", show(listed))


@rule("http.stream.length", on=STREAM)
def stream_length(x: Exchange) -> Findings:
    if (value := x.reply.header("content-length")) is not None:
        yield Finding("header content-length", "none on a stream", show(value))


@rule("http.stream.cache", on=STREAM.only("live", LIVE.matches, *STREAM.probes))
def stream_cache(x: Exchange) -> Findings:
    value = x.reply.header("cache-control") or ""
    if not re.search(r"no-cache|no-store", value, re.IGNORECASE):
        yield Finding("header cache-control", "no-cache or no-store", show(value or None))


@rule(
    "http.cacheable", on=API.only("", lambda x: x.request.method == "POST" or x.reply.status >= 400)
)
def cacheable(x: Exchange) -> Findings:
    value = x.reply.header("cache-control") or ""
    if re.search(r"\bpublic\b|max-age=[1-9]", value, re.IGNORECASE):
        yield Finding("header cache-control", "nothing that lets others keep it", show(value))


@rule("http.encoding.asked", on=API, silence=[Silence.TORN, Silence.PACKED])
def encoding_asked(x: Exchange) -> Findings:
    encoding = (x.reply.header("content-encoding") or "identity").lower()
    asked = (x.request.header("accept-encoding") or "").lower()
    if encoding != "identity" and encoding not in asked:
        yield Finding("header content-encoding", f"one of {asked or 'none'}", show(encoding))


ENCODED = API.only(
    "to a client that takes gzip",
    lambda x: "gzip" in (x.request.header("accept-encoding") or ""),
    "http.gzip-*",
)


@rule("http.encoding.valid", on=ENCODED, silence=[Silence.TORN, Silence.PACKED])
def encoding_valid(x: Exchange) -> Findings:
    if "content-encoding" in x.connection.error:
        yield Finding("body", "what content-encoding says", x.connection.error)
    elif x.reply.body[:2] == b"\x1f\x8b":
        yield Finding("body", "gzip undone once", "gzip inside gzip, or unsaid")


@rule("http.request-id.present", on=ANSWERED)
def request_id(x: Exchange) -> Findings:
    # A preflight and an upgrade are answered by what stands in front of the API.
    own = x.request.method != "OPTIONS" and x.request.header("upgrade") is None
    if own and not (x.reply.header("x-request-id") or "").strip():
        yield Finding("header x-request-id", "an id", header_shown(x, "x-request-id"))


@run_rule("http.request-id.unique", probes=("models.list", "errors.bad-json"))
def request_id_unique(run: Run) -> Findings:
    first: dict[str, Exchange] = {}
    for x in run.where(LIVE):
        name = x.reply.header("x-request-id")
        if name and name in first:
            found = f"{show(name)} again, as in {first[name].id}"
            yield Finding("header x-request-id", "a fresh id", found, exchange=x.id)
        elif name:
            first[name] = x


MAKING = Selector(
    "a call that made something",
    lambda x: x.ok and x.request.method == "POST" and x.endpoint in CREATES,
    ("auth.marker-*",),
)


@run_rule("http.object-id.unique", probes=("auth.marker-*",))
def object_id_unique(run: Run) -> Findings:
    made = [x for x in run.where(MAKING) if _created_id(x)]
    ids = Counter(map(_created_id, made))
    for x in made:
        if ids[_created_id(x)] > 1:
            yield Finding(
                "id", "a fresh id", f"{_created_id(x)!r} {ids[_created_id(x)]} times", exchange=x.id
            )


def _created_id(x: Exchange) -> str:
    """The id of what a call made, from the body or the first event that tells it."""
    if not MAKING.matches(x):
        return ""
    for _, payload in x.objects():
        inner = payload.get("response", payload) if isinstance(payload, dict) else None
        name = inner.get("id") if isinstance(inner, dict) else None
        if isinstance(name, str) and name:
            return name
    return ""


@rule(
    "http.openai-headers", on=Selector("any answer", lambda x: x.reply.status > 0, ("models.list",))
)
def openai_headers(x: Exchange) -> Findings:
    took = x.reply.header("openai-processing-ms")
    if took is not None and not re.fullmatch(r"[0-9]{1,12}", took):
        yield Finding("header openai-processing-ms", "whole milliseconds", show(took))
    version = x.reply.header("openai-version")
    if version is not None and version != "2020-10-01":
        yield Finding("header openai-version", "2020-10-01", show(version))


@rule("http.date.present", on=ANSWERED)
def date_present(x: Exchange) -> Findings:
    if _date(x) is None:
        yield Finding("header date", "an HTTP date", header_shown(x, "date"))


@rule("http.date.right", on=API.only("with a date", lambda x: _date(x) is not None))
def date_right(x: Exchange) -> Findings:
    date = _date(x)
    if date is not None and x.started_at is not None and abs(date - x.started_at) > FIVE_MINUTES_S:
        found = f"{x.reply.header('date')}, {abs(date - x.started_at):.0f} s off"
        yield Finding("header date", "within five minutes of now", found)


@rule(
    "http.date.created",
    on=API.only(
        "that made something",
        lambda x: bool(_created_id(x)) and _date(x) is not None,
        "auth.marker-*",
    ),
)
def created_near_date(x: Exchange) -> Findings:
    date = _date(x)
    for index, payload in x.objects():
        told = isinstance(payload, dict) and not is_preface(payload)
        inner = payload.get("response", payload) if told else None
        for name in ("created", "created_at") if isinstance(inner, dict) else ():
            made = inner.get(name) if isinstance(inner, dict) else None
            if date is not None and _far(made, date):
                yield Finding(
                    name, f"about {date:.0f}, the time of the Date header", show(made), index
                )
                return


def _far(made: Any, date: float) -> bool:
    known = isinstance(made, (int, float)) and not isinstance(made, bool)
    return known and not date - FIVE_MINUTES_S <= made <= date + FIVE_MINUTES_S


def _date(x: Exchange) -> float | None:
    try:
        return parsedate_to_datetime(x.reply.header("date") or "").timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


@rule("http.whole", on=SENT, silence=[Silence.LATE, Silence.TORN, Silence.PACKED])
def whole(x: Exchange) -> Findings:
    if x.probe == "http.too-large":
        return  # longer than any client's; http.too-large.status says how it is refused
    silent = x.connection.ended is Ended.TIMEOUT and not x.reply.status
    if silent and x.endpoint in CREATES:
        yield Unsure("no answer came in time, but a model may take long")
    elif x.connection.ended in (Ended.CUT, Ended.RESET, Ended.TIMEOUT, Ended.LIMIT):
        found = f"{x.connection.ended.value}: {x.connection.error}"
        yield Finding("connection", "the whole HTTP message", found)
