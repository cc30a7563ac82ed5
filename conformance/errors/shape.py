"""Rules about the body and headers of every refusal, whoever caused it."""

import json
import re
from pathlib import Path

from conformance.errors.selectors import ERROR, error, has_type, text
from conformance.judging.fields import FieldSource, field_rules, whole_body
from conformance.judging.finding import ABSENT, Finding, Findings, show
from conformance.judging.requirement import read_requirements
from conformance.judging.rule import rule
from conformance.judging.selector import Selector
from wire.exchange import Exchange, Invalid, parse_json

ROWS = read_requirements(Path(__file__).parent / "requirements.toml")

FIELDS = field_rules(
    ROWS, [FieldSource("errors/error", ERROR, whole_body, "errors.envelope", "errors.misalignment")]
)

STREAM = Selector(
    "a stream", lambda x: x.reply.is_stream, ("chat.midstream-error", "responses.stream.*")
)
USER_ERROR = ERROR.only(
    "for a mistake in the request",
    lambda x: x.reply.status in (400, 404, 405, 413, 415, 422),
    "errors.bad-json*",
    "errors.model-unknown-*",
)

# What frameworks, runtimes and databases print, and where software lies on a disk.
READ = 16_384
"""So much of an error is searched: what leaks stands at its beginning, and the search takes its time."""
WITHIN_TEXTS = "another server's error"
LEAKS = tuple(
    (name, re.compile(pattern))
    for name, pattern in {
        "a stack trace": r"Traceback \(most recent|^\s*at .+\(.+:\d+(:\d+)?\)|goroutine \d+ \[|panic: |"
        r"Exception in thread|\bFile \"[^\"]+\", line \d+|\bstack backtrace:",
        "a file path": r"(?<![\w:/.])/(usr|home|app|srv|opt|var|root|tmp|etc|workspace|site-packages|"
        r"node_modules)/[\w.-]+|[A-Z]:\\\\?[\w.-]+\\|\w+\.(py|js|ts|go|rs|java|rb|php):\d+",
        "an inner address": r"https?://(localhost|127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|\[::1\])|"
        r"https?://[\w.-]+\.(internal|local|svc|lan|cluster)\b|https?://[\w.-]+:\d+|"
        r"\b(10|127|192\.168|172\.(1[6-9]|2\d|3[01]))(\.\d{1,3}){2,3}:\d+|https?://api\.[\w.-]+/v\d",
        "a database message": r"sqlite3?\.|psycopg|pymysql|asyncpg|SQLSTATE|\bSELECT .+ FROM\b|"
        r"\bredis\.exceptions|sqlalchemy",
        "an exception's name": r"\b(builtins|litellm|httpx|httpcore|aiohttp|requests|urllib3|openai|anthropic|"
        r"starlette|fastapi|pydantic|pydantic_core)\.[\w.]*(Error|Exception|Timeout)\b|"
        r"\b(KeyError|TypeError|AttributeError|IndexError|ValueError|NullPointerException|"
        r"ECONNREFUSED|ENOTFOUND)\b",
        # What stands between a client and a vendor, and speaks another's language.
        # Checkers of types tell the context of a mistake so: 'ctx': {'error': …}.
        WITHIN_TEXTS: r"(?<=\S)(?<!'ctx':)\s?(?<!'ctx': )(\{\s*'?\"?error\"?'?\s*:\s*[\{'\"]|<html|<!DOCTYPE)|"
        r"\b(upstream|bad response) status(_| )code:? ?\d{3}",
        "a router's groups and channels": r"\bunder (the )?group \w+|\(distributor\)|分组|渠道|\bchannel[ _]?(id|#)\W*\d+|"
        r"\bno available channels?\b|\b(upstream|provider)[_ ](id|key)\b\W{1,3}[\w@.-]+|"
        r"Received Model Group=|\blitellm\.",
        "somebody's mail address": r"(?<![\w.+/:-])(?!(support|help|sales|info|contact|admin|billing|team|hello|service|security|"
        r"abuse|legal|privacy|no-?reply)@)[\w.+-]+@[\w-]+(\.[\w-]+)*\.[A-Za-z]{2,}\b",
        "an inner host": r"\b[\w-]+(\.[\w-]+)*\.(internal|svc|lan|cluster\.local|consul)\b",
    }.items()
)

# An address that a caller is asked to write to is nobody's account.
INVITES = re.compile(
    r"\b(contact|reach us at|via|through|(write|mail|speak|talk|reach out)( \w+)? (to|at)|"
    r"(?<!user )(?<!account )(?<!owner )(?<!customer )(e-?mail|mail):?) ?<?[\w.+-]+@[\w-]+(\.[\w-]+)+",
    re.IGNORECASE,
)


@rule("errors.content-type", on=ERROR)
def content_type(x: Exchange) -> Findings:
    # The door of the real API's Responses endpoint says 401 so; clients read the JSON all the same.
    at_the_door = x.reply.status == 401 and x.reply.media_type == "text/plain" and bool(error(x))
    if x.reply.media_type != "application/json" and not at_the_door:
        yield Finding("header content-type", "application/json", x.reply.media_type or "none")
    elif (
        "charset" in (said := (x.reply.header("content-type") or "").lower())
        and "utf-8" not in said
    ):
        yield Finding("header content-type", "charset utf-8", show(said))


def _leaks(x: Exchange, where: str, told: str) -> Findings:
    asked = x.request.path + x.request.text
    # A page is no text of an error that holds another's.
    within = "" if told.lstrip().startswith("<") else _texts(told)[:READ]
    told = told[:READ]
    # JSON writes line ends and quotes as escapes; patterns want what a reader would see.
    told = told.replace('\\"', '"').replace("\\n", "\n").replace("\\/", "/")
    told = INVITES.sub("", told)
    for name, pattern in LEAKS:
        # An answer may have members of that name; another's whole answer stands in one of its texts.
        for match in pattern.finditer(within if name == WITHIN_TEXTS else told):
            if match[0] not in asked:
                yield Finding(where, f"nothing of {name}", show(match[0]))
                break


def _texts(body: str) -> str:
    """The strings of a JSON text, or of events that are such, each on a line; anything else as it is."""
    value = parse_json(body)
    if isinstance(value, Invalid):
        lines = body.split("\n")
        if not any(line.startswith("data:") for line in lines):
            return body
        return "\n".join(_texts(line[5:]) if line.startswith("data:") else line for line in lines)
    found, waiting = [], [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, (dict, list)):
            waiting += one.values() if isinstance(one, dict) else one
    return "\n".join(found)


# What names the server to those who asked it, or who may read its answers.
_OWN_HEADERS = frozenset({"location", "access-control-allow-origin", "link", "alt-svc", "report-to", "nel", "server",
    "content-security-policy", "set-cookie", "via", "www-authenticate", "content-location"})  # fmt: skip


@rule("errors.no-leak", on=ERROR)
def no_leak(x: Exchange) -> Findings:
    yield from _leaks(x, "body", x.reply.text)
    for name, value in x.reply.headers:
        if name not in _OWN_HEADERS:
            yield from _leaks(x, f"header {name}", value)


@rule("errors.no-leak", on=STREAM)
def no_leak_in_stream(x: Exchange) -> Findings:
    for index, payload in enumerate(x.reply.payloads):
        if isinstance(payload, dict):
            response = payload.get("response")
            told = payload if payload.get("type") == "error" else payload.get("error")
            inner = response.get("error") if isinstance(response, dict) else None
            for part in (told, inner):
                if part:
                    yield from _leaks(x, f"event {index}", json.dumps(part, ensure_ascii=False))


@rule("errors.type.invalid-request", on=USER_ERROR, sees=has_type)
def invalid_request_type(x: Exchange) -> Findings:
    if text(x, "type") and text(x, "type") != "invalid_request_error":
        yield Finding("error.type", "invalid_request_error", show(error(x).get("type", ABSENT)))


@rule("errors.should-retry", on=ERROR)
def should_retry(x: Exchange) -> Findings:
    value = x.reply.header("x-should-retry")
    if value is not None and value not in ("true", "false"):
        yield Finding("header x-should-retry", "true or false", show(value))
    mistaken = x.reply.status < 500 and x.reply.status not in (408, 409, 425, 429)
    if value == "true" and mistaken:
        yield Finding("header x-should-retry", "false or none", f"true on {x.reply.status}")


@rule("errors.no-usage", on=ERROR)
def no_usage(x: Exchange) -> Findings:
    body = x.reply.json
    for name in ("usage", "choices", "output", "data"):
        if isinstance(body, dict) and body.get(name):
            yield Finding(name, "an error alone", show(body[name]))


STREAMED = ERROR.only(
    "of a call for a stream", lambda x: x.wants_stream, "errors.streamed*", "errors.model-unknown-*"
)


@rule("errors.before-stream.json", on=STREAMED)
def before_stream(x: Exchange) -> Findings:
    if x.reply.is_stream:
        yield Finding("header content-type", "a JSON refusal", "an event stream")
