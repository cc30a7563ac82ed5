"""Requests that must be refused, as tables: what is wrong in each, what the refusal has to name."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from conformance.judging.answer import error_of, status_line
from conformance.judging.finding import ABSENT, Finding, Findings, Unsure, show
from conformance.judging.rule import Rule
from conformance.judging.selector import probe
from wire.exchange import Ended, Exchange

_DUMP: Final = re.compile(r"\{.*\}", re.DOTALL)
_NOT_HAD: Final = re.compile(r"\b(not|n't) support", re.IGNORECASE)


def names(x: Exchange, parameter: str) -> bool:
    """Whether an error speaks of a parameter (or one of `a|b`), in `param` or in its message."""
    return any(_names(_told(x), name) for name in parameter.split("|"))


def _told(x: Exchange) -> dict[str, Any]:
    """The error of a refusal, or what FastAPI's checker says in its stead: `detail` with a place and a text."""
    body = x.reply.json
    details = body.get("detail") if isinstance(body, dict) else None
    first = details[0] if isinstance(details, list) and details else None
    if error_of(x) or not isinstance(first, dict) or not isinstance(first.get("loc"), list):
        return error_of(x)
    return {"param": ".".join(str(step) for step in first["loc"]), "message": first.get("msg")}


def _names(error: dict[str, Any], parameter: str) -> bool:
    param, message = error.get("param"), error.get("message")
    # Checkers of types begin a place with what holds it: `body.n`.
    if isinstance(param, str) and re.match(rf"(body\.)?{re.escape(parameter)}($|[.\[])", param):
        return True
    word = rf"(?<![A-Za-z0-9_]){re.escape(parameter)}(?![A-Za-z0-9_])"
    # Values that a message repeats name their own members, which are not what is wrong.
    return isinstance(message, str) and re.search(word, _DUMP.sub("", message)) is not None


_WORDS: Final = frozenset(
    {"text", "user", "store", "stop", "stream", "include", "background", "reasoning", "n", "seed",
     "instructions", "conversation", "prompt", "metadata", "truncation", "verbosity"}
)  # fmt: skip
"""Parameters whose names are words that a message may use for something else."""


def blames(x: Exchange, parameter: str) -> bool:
    """Whether a refusal puts the blame on a parameter.

    Stricter than `names`: a message may use the word otherwise, or name the parameter beside the one
    that `param` gives.
    """
    param = _told(x).get("param")
    if isinstance(param, str) and param:
        return _names({"param": param}, parameter)
    message = _told(x).get("message")
    if parameter not in _WORDS or not isinstance(message, str):
        return names(x, parameter)
    quoted = rf"['\"`\u2018\u201c]{re.escape(parameter)}['\"`\u2019\u201d.\[]"
    called = rf"\b(?:parameter|field|option|argument)s?:? {re.escape(parameter)}\b|\b{re.escape(parameter)} (?:parameter|field|option)\b"
    return re.search(f"{quoted}|{called}", _DUMP.sub("", message)) is not None


def unjudged(x: Exchange) -> bool:
    """Refused for who asks or how often, or by streaming as such: that tells of no parameter."""
    stream_failed = x.reply.status >= 500 and x.reply.is_stream
    return stream_failed or x.reply.status in {401, 403, 408, 429, 503}


def refuses(x: Exchange) -> bool:
    """Whether the request itself was refused: not who asks, what is paid for, or how often."""
    if x.bare_error and x.reply.status < 400:
        return True
    return 400 <= x.reply.status < 500 and x.reply.status not in {401, 402, 403, 408, 429}


_TOO_LONG: Final = re.compile(r"context.?(length|window|size)|too (long|many tokens)|exceeds? .{0,40}(tokens|context)", re.IGNORECASE)  # fmt: skip


def too_long(x: Exchange) -> bool:
    """Whether a request was refused because the model's context is too small for it: a limit, not a fault."""
    said = error_of(x)
    texts = (said.get("code"), said.get("message"))
    return refuses(x) and any(_TOO_LONG.search(text) for text in texts if isinstance(text, str))


_BLIND: Final = re.compile(
    r"multi-?modal|vision|images? (input|content)?.{0,20}\b(not|n't|un)\b.{0,20}(support|accept|allow)"
    r"|\b(not|n't) (support|accept|allow|take|have).{0,30}\bimage|only (supports? )?text|text.only",
    re.IGNORECASE,
)


def blind(x: Exchange) -> bool:
    """Whether an image is refused because the model sees none, in so many words: no fault of the server."""
    message = error_of(x).get("message")
    return refuses(x) and isinstance(message, str) and _BLIND.search(message) is not None


def taken(x: Exchange, what: str) -> Findings:
    """The request was taken, long as it is."""
    if too_long(x):
        yield Unsure("the model's context is too small for it")
    elif refuses(x):
        yield Finding("status", f"200 for {what}", status_line(x))


def asks(x: Exchange, parameter: str) -> bool:
    """Whether a request has the parameter; not to ask for a stream asks for nothing."""
    value = x.request.params.get(parameter)
    return value is not None and (parameter, value) != ("stream", False)


def refused(x: Exchange, why: str) -> Findings:
    """The request was refused, and by the server itself: neither accepted nor passed on."""
    if x.ok:
        yield Finding("status", f"400, because {why}", status_line(x))
    elif not x.reply.status and x.connection.ended is Ended.TIMEOUT:
        yield Unsure("no answer came in time; that the server takes long is told elsewhere")
    elif x.reply.status >= 500 and _NOT_HAD.search(status_line(x)):
        yield Unsure(f"what is wrong in it is not supported at all: {status_line(x)}", lacking=True)
    elif not 400 <= x.reply.status < 500:
        yield Finding("status", f"400, because {why}", status_line(x))


@dataclass(frozen=True)
class Refusal:
    """A request that is broken in one place. `names` is what the refusal has to name, or `a|b`."""

    requirement: str
    slug: str
    body: Mapping[str, Any]
    names: str
    feature: str = ""
    """By default the claim that the first of `names` depends on."""
    statuses: tuple[int, ...] = (400,)
    """What an orderly refusal may have for a status."""


@dataclass(frozen=True)
class Refusals:
    """The refusals of one endpoint: `start` is a good body, on top of which each is broken."""

    prefix: str
    """What the names of their probes begin with."""
    path: str
    start: Mapping[str, Any]
    feature_of: Callable[[str], str]
    rows: tuple[Refusal, ...]

    def probe(self, row: Refusal) -> str:
        return self.prefix + row.slug

    def rules(self) -> tuple[Rule, ...]:
        """One rule a requirement: its requests are refused with a status of the 4xx class."""
        reasons = {self.probe(row): row.slug.replace("-", " ") for row in self.rows}

        def check(x: Exchange) -> Findings:
            if unjudged(x):
                yield Unsure(
                    f"the request was refused for something else: {status_line(x)}", refused=True
                )
            else:
                yield from refused(
                    x,
                    f"the request is wrong on purpose: {reasons.get(x.probe or '', 'see its body')}",
                )

        return tuple(
            Rule(
                (name,), probe(*(self.probe(r) for r in self.rows if r.requirement == name)), check
            )
            for name in dict.fromkeys(row.requirement for row in self.rows)
        )

    def manners(self, status: str, named: str, param: str, silent: str) -> tuple[Rule, ...]:
        """What all refusals owe: the status, the name of what is wrong, and nothing of an answer."""
        on = probe(*(self.probe(row) for row in self.rows)).only(
            "and refused", lambda x: 400 <= x.reply.status < 500 and not unjudged(x)
        )
        rows = {self.probe(row): row for row in self.rows}

        def check_status(x: Exchange) -> Findings:
            allowed = rows[x.probe or ""].statuses
            if x.reply.status not in allowed:
                yield Finding("status", " or ".join(map(str, allowed)), str(x.reply.status))

        def check_names(x: Exchange) -> Findings:
            wanted = rows[x.probe or ""].names
            if wanted and not names(x, wanted):
                error = error_of(x)
                found = f"param {show(error.get('param', ABSENT))}, message {show(error.get('message', ABSENT))}"
                yield Finding("error.param", f"{wanted}, or its name in the message", found)

        def check_param(x: Exchange) -> Findings:
            """Only a 400 is about a place in the body."""
            row, found = rows[x.probe or ""], error_of(x).get("param")
            if row.statuses != (400,) or not row.names:
                return
            wanted = {re.split(r"[.\[]", name)[0] for name in row.names.split("|")}
            if not isinstance(found, str) or re.split(r"[.\[]", found)[0] not in wanted:
                yield Finding("error.param", " or ".join(sorted(wanted)), show(found))

        def check_silent(x: Exchange) -> Findings:
            body = x.reply.json
            told = ("choices", "output", "usage")
            if isinstance(body, dict) and any(body.get(name) for name in told):
                yield Finding("body", "an error and nothing else", show(sorted(body)))

        return (
            Rule((status,), on, check_status),
            Rule((named,), on, check_names),
            Rule((param,), on, check_param),
            Rule((silent,), on, check_silent),
        )
