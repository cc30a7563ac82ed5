"""Kinds of exchanges about refusals, for selectors, and what their bodies say."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from conformance.judging.answer import status_line
from conformance.judging.declined import AWAY, declined
from conformance.judging.finding import ABSENT, Finding, Findings, show
from conformance.judging.route import Silence
from conformance.judging.rule import Rule, rule
from conformance.judging.selector import Selector, probe
from conformance.judging.substance import answered
from wire.endpoint import Endpoint
from wire.exchange import Ended, Exchange

_SAID: Final = frozenset({Endpoint.CHAT, Endpoint.RESPONSES, Endpoint.MODELS, Endpoint.MODEL})
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


def is_api(x: Exchange) -> bool:
    """Below the base URL: what a host answers elsewhere is its own affair."""
    return not x.request.path.startswith("//root/")


FRONT_HEADERS: Final = 8 * 1024
"""Bytes of headers that fronts take by default (nginx: a line of 8 KiB)."""


NESTED: Final = 200
"""Levels of brackets that no client sends, and firewalls take for an attack."""


def of_a_front(x: Exchange) -> bool:
    """Refused by whatever reads the message before the API does, in its own words (often HTML).

    Too much of it (413, 414, 431), more headers than fronts take, two Authorization headers, a body that no
    client sends (a firewall's 403), a path or method that nobody has; or the server behind it is away.
    """
    status = x.reply.status
    if status < 400 or error(x):
        return False
    if status in {413, 414, 431}:
        return True
    if isinstance(x.reply.json, dict):
        return False
    names = [name for name, _ in x.request.headers]
    size = sum(len(name) + len(value) for name, value in x.request.headers)
    return (
        size > FRONT_HEADERS
        or names.count("authorization") > 1
        or (status in {400, 403, 406} and _odd(x.request.body))
        or (status in {404, 405, 501} and unknown_route(x))
        or (status in {429, *AWAY} and (x.probe is None or declined(x)))
        or (status in AWAY and "html" in x.reply.media_type)
    )


def unknown_route(x: Exchange) -> bool:
    """Whether a request asks for a path or a method that no client of the API knows."""
    known = x.request.method in {"GET", "POST", "DELETE", "HEAD"}
    return x.endpoint is Endpoint.OTHER or not known or "//" in x.request.path


def _odd(body: bytes) -> bool:
    """Whether a body is none that clients send: no UTF-8, or brackets without end."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return True
    return b"\0" in body or b"\\u0000" in body or max(body.count(b"["), body.count(b"{")) > NESTED


def _refused(x: Exchange) -> bool:
    # A refused upgrade or preflight is read by no JSON client, HEAD has no body, and 431 and the
    # refusal of a method that HTTP does not have come from whatever reads the headers.
    spoken = x.request.method in _METHODS and not x.request.header("upgrade")
    own = spoken and is_api(x) and not of_a_front(x)
    return x.reply.status >= 400 and x.reply.status != 431 and own


ERROR = Selector(
    "a refusal", _refused, ("errors.bad-json", "errors.model-unknown-*", "auth.none-models")
)

SUCCESS = Selector(
    "a plain answer with 200",
    lambda x: x.reply.status == 200 and not x.reply.is_stream and x.endpoint in _SAID and is_api(x),
    ("chat.echo", "responses.echo", "models.list"),
)

LIVE = Selector(
    "an answer with all of its headers",
    # Recorders thin headers out; what is missing there says nothing.
    lambda x: x.source is None and x.reply.status > 0,
    ("models.list", "errors.bad-json"),
)


def error(x: Exchange) -> dict[str, Any]:
    """The error object of a refusal, empty when there is none."""
    body = x.reply.json
    inner = body.get("error") if isinstance(body, dict) else None
    return inner if isinstance(inner, dict) else {}


def text(x: Exchange, name: str) -> str:
    """A member of the error object as text, empty when it is none."""
    value = error(x).get(name)
    return value if isinstance(value, str) else ""


def has_error(x: Exchange, requirement: str = "") -> bool:  # noqa: ARG001
    """Whether a refusal has an error object, which the sentence speaks of; that it has none is `errors.envelope`."""
    return bool(error(x))


def has_type(x: Exchange, requirement: str = "") -> bool:  # noqa: ARG001
    return bool(text(x, "type"))


def code_is(x: Exchange, *codes: str) -> Findings:
    """The code of a refusal is one of these."""
    if x.reply.status >= 400 and text(x, "code") not in codes:
        yield Finding("error.code", " or ".join(codes), show(error(x).get("code", ABSENT)))


def status_is(x: Exchange, *allowed: int) -> Findings:
    if x.reply.status not in allowed:
        yield Finding("status", " or ".join(map(str, allowed)), status_line(x))


def status_rule(
    name: str, allowed: tuple[int, ...], *probes: str, silence: Iterable[Silence] = (),
    sees: Callable[[Exchange, str], bool] = answered,
) -> Rule:  # fmt: skip
    """A rule that settles `name` by the status of the named probes alone."""

    @rule(name, on=probe(*probes), silence=silence, sees=sees)
    def check(x: Exchange) -> Findings:
        yield from status_is(x, *allowed)

    return check


def within(x: Exchange, said: Findings) -> Findings:
    """Findings with their exchange, for rules over a run."""
    for word in said:
        yield replace(word, exchange=x.id) if isinstance(word, Finding) else word


def whole(x: Exchange) -> bool:
    """The answer did not end early by the server's fault."""
    return x.connection.ended not in (Ended.CUT, Ended.RESET, Ended.TIMEOUT, Ended.LIMIT)
