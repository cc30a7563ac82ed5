"""Rules about keys: which are taken, in what form, and what a refusal tells."""

import re
from collections.abc import Iterator
from typing import Final

from conformance.auth.probes import WRONG
from conformance.auth.selectors import REFUSED_KEY
from conformance.errors.selectors import ERROR, LIVE, code_is, error, status_rule, text
from conformance.judging.answer import header_shown, status_line
from conformance.judging.finding import ABSENT, Finding, Findings, Unsure, show
from conformance.judging.route import Silence, routes
from conformance.judging.rule import Rule, rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import probe
from wire.endpoint import Endpoint
from wire.exchange import Exchange
from wire.redaction import COOKIE_HEADERS

_PROBES_401 = "auth.none-*"

STATUSES = (
    status_rule("auth.missing.stored", (401,), "auth.stored-no-key-*"),
    status_rule("auth.missing.balance", (401,), "auth.balance-no-key"),
    status_rule("auth.wrong.status", (401,), "auth.wrong-*"),
    status_rule("auth.scheme.case", (200,), "auth.scheme-lower", "auth.scheme-upper"),
    status_rule("auth.scheme.basic", (401,), "auth.scheme-basic"),
    status_rule("auth.empty", (401,), "auth.empty-*"),
    status_rule("auth.before-body", (401,), "auth.bad-json-*"),
    status_rule("auth.before-model", (401,), "auth.model-unknown-*", "auth.retrieve-unknown-*"),
    status_rule("auth.spaces", (200, 400, 401), "auth.spaces"),
    status_rule("auth.two-headers.status", (200, 400, 401), "auth.two-headers*"),
    status_rule("auth.organization", (200,), "auth.organization"),
    status_rule("auth.revoked", (401,), "auth.revoked-*"),
)  # fmt: skip


@run_rule("auth.missing.status", probes=(_PROBES_401,), silence=[Silence.OPEN])
def missing_status(run: Run) -> Findings:
    """Where no route asks for a key, that is told once."""
    found = routes(run.exchanges)
    for x in run.where(probe(_PROBES_401)):
        if found.no_key:
            told = f"no key is asked for on any route: {status_line(x)}"
            yield Finding("status", "401 without a key", told, exchange=x.id)
            return
        if x.reply.status != 401:
            yield Finding("status", "401", status_line(x), exchange=x.id)


def _door(name: str, *probes: str) -> Rule:
    """Nobody comes in so. With which status they are sent away is the matter of other rules."""

    @rule(name, on=probe(*probes))
    def check(x: Exchange) -> Findings:
        if x.ok:
            yield Finding("status", "a refusal (4xx)", status_line(x))
        elif not 400 <= x.reply.status < 500:
            yield Unsure("nobody was let in, and nobody refused, which is told elsewhere")

    return check


DOORS = (
    _door("auth.scheme.other", "auth.scheme-token", "auth.scheme-none"),
    _door("auth.exact", "auth.key-longer", "auth.key-shorter", "auth.key-swapped-case", "auth.key-other-end", "auth.key-prefix-only"),
    _door("auth.query", "auth.key-in-query"),
    _door("auth.per-request", "http.keep-stranger"),
    _door("auth.foreign-response", "auth.response-of-another"),
)  # fmt: skip


@run_rule("auth.body", probes=("auth.none-chat", "auth.key-in-body"))
def key_in_body(run: Run) -> Findings:
    """The body is wrong in any case: who is let in is told so, who is not is told of the key."""
    none, x = run.one("auth.none-chat"), run.one("auth.key-in-body")
    if x.ok or (none.reply.status in (401, 403) and x.reply.status not in (401, 403)):
        wanted = f"{none.reply.status} as without a key"
        yield Finding("status", wanted, status_line(x), exchange=x.id)


@rule(
    "auth.missing.message",
    on=probe(_PROBES_401).only("with status 401", lambda x: x.reply.status == 401),
)
def missing_message(x: Exchange) -> Findings:
    message = text(x, "message")
    if not re.search(r"\bkey\b|authori[sz]ation|credential|token", message, re.IGNORECASE):
        said = show(error(x).get("message", ABSENT))
        yield Finding("error.message", "words that name the missing key", said)
    if error(x).get("param") is not None:
        yield Finding("error.param", "null", show(error(x).get("param", ABSENT)))


CHALLENGED = ERROR.only(
    "with status 401, live", lambda x: x.reply.status == 401 and LIVE.matches(x), "auth.none-*"
)


@rule("auth.challenge", on=CHALLENGED)
def challenge(x: Exchange) -> Findings:
    if "bearer" not in (x.reply.header("www-authenticate") or "").lower():
        found = header_shown(x, "www-authenticate")
        yield Finding("header www-authenticate", "Bearer", found)


@rule("auth.wrong.code", on=REFUSED_KEY)
def wrong_code(x: Exchange) -> Findings:
    yield from code_is(x, "invalid_api_key")


@rule(
    "auth.refusal.type",
    on=ERROR.only(
        "with status 401", lambda x: x.reply.status == 401, "auth.none-*", "auth.wrong-*"
    ),
)
def refusal_type(x: Exchange) -> Findings:
    if text(x, "type") not in ("invalid_request_error", "authentication_error"):
        yield Finding(
            "error.type",
            "invalid_request_error or authentication_error",
            show(error(x).get("type", ABSENT)),
        )


_MASKED_WHOLE: Final = COOKIE_HEADERS | {"openai-organization", "openai-project"}


@rule("auth.key-hidden", on=LIVE)
def key_hidden(x: Exchange) -> Findings:
    """Known keys were replaced by markers with their label where the traffic entered.

    What only looks like a key has a bare mask. In a text that a model wrote it may be anything; in the body
    of a refusal, a list, a comment, a header or a member beside the text it is somebody's. Cookies and
    organizations are masked wholesale: what looks like a key in a cookie has a mark of its own.
    """
    places = [
        (f"header {name}", value, name not in _MASKED_WHOLE) for name, value in x.reply.headers
    ]
    told = x.reply.status >= 400 or x.endpoint in (Endpoint.MODELS, Endpoint.MODEL)
    places += [("body", x.reply.text, told), *((where, text, True) for where, text in _beside(x))]
    for where, value, bare in places:
        marker = re.search(rf"\[redacted(:\w+){'?' if bare else ''}\]", value)
        if marker and marker[0] not in x.request.text:
            yield Finding(where, "no key", marker[0])


def _beside(x: Exchange) -> Iterator[tuple[str, str]]:
    """Texts of an answer that no model wrote: comments of a stream, and members beside the answer."""
    if "[redacted]" not in x.reply.text:
        return
    if x.reply.is_stream:
        lines = x.reply.text.splitlines()
        yield "comment", "\n".join(line for line in lines if line.startswith(":"))
    for _, value in x.objects():
        for holder in (value, value.get("response") if isinstance(value, dict) else None):
            for name, told in holder.items() if isinstance(holder, dict) else ():
                if isinstance(told, str) and name not in _WRITTEN:
                    yield name, told


_WRITTEN: Final = frozenset({
    "text", "delta", "arguments", "input", "code", "refusal", "instructions", "output_text", "obfuscation",
})  # fmt: skip
"""Members that hold what a model wrote, or what the request said."""


@rule("auth.key-masked", on=probe("auth.wrong-*"))
def key_masked(x: Exchange) -> Findings:
    # A few characters at both ends help a user to tell keys apart; more helps a thief.
    told = x.reply.text + " ".join(value for _, value in x.reply.headers)
    secret = WRONG.removeprefix("sk-cs4-")
    parts = [secret[n : n + 9] for n in range(len(secret) - 8)]
    if shown := [part for part in parts if part in told]:
        yield Finding("body", "at most a few characters of the key", f"{shown[0]}…")


@run_rule("auth.two-headers.fixed", probes=("auth.two-headers*",))
def two_headers(run: Run) -> Findings:
    for name in ("auth.two-headers", "auth.two-headers-wrong-first"):
        answers = run.all(name)
        if len({x.reply.status for x in answers}) > 1:
            yield Finding(
                "status",
                "the same answer each time",
                show([x.reply.status for x in answers]),
                exchange=answers[0].id,
            )


@rule("auth.revoked.code", on=probe("auth.revoked-*"))
def revoked_code(x: Exchange) -> Findings:
    limits = {"rate_limit_exceeded", "insufficient_quota", "slow_down"}
    if x.reply.status >= 400 and (not text(x, "code") or text(x, "code") in limits):
        yield Finding(
            "error.code", "a code that speaks of the key", show(error(x).get("code", ABSENT))
        )


@rule("auth.refusal.discreet", on=probe("auth.wrong-*"))
def discreet(x: Exchange) -> Findings:
    message = text(x, "message")
    if x.reply.status in (401, 403) and re.search(
        r"\b(codex|claude|tier)\b", message, re.IGNORECASE
    ):
        yield Finding("error.message", "nothing of tiers to a stranger", show(message))
