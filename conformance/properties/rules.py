"""What the kept exchange of each property says: the shrunk failure, or the last that held."""

from typing import Final

from conformance.judging.finding import Finding, Findings, show
from conformance.judging.route import Silence
from conformance.judging.rule import rule
from conformance.judging.selector import probe
from conformance.properties.properties import not_accepted, not_refused
from wire.exchange import Exchange

_TORN: Final = (Silence.TORN,)
"""What was tried until it failed is judged as it was tried."""


@rule("properties.chat.valid-accepted", on=probe("properties.chat-valid"), silence=_TORN)
def chat_valid(x: Exchange) -> Findings:
    yield from _accepted(x)


@rule("properties.responses.valid-accepted", on=probe("properties.responses-valid"), silence=_TORN)
def responses_valid(x: Exchange) -> Findings:
    yield from _accepted(x)


@rule("properties.chat.broken-handled", on=probe("properties.chat-broken"), silence=_TORN)
def chat_handled(x: Exchange) -> Findings:
    yield from _handled(x)


@rule("properties.responses.broken-handled", on=probe("properties.responses-broken"), silence=_TORN)
def responses_handled(x: Exchange) -> Findings:
    yield from _handled(x)


@rule("properties.chat.broken-refused", on=probe("properties.chat-broken"), silence=_TORN)
def chat_refused(x: Exchange) -> Findings:
    if not _failed(x):
        yield from _refused(x)


@rule("properties.responses.broken-refused", on=probe("properties.responses-broken"), silence=_TORN)
def responses_refused(x: Exchange) -> Findings:
    if not _failed(x):
        yield from _refused(x)


@rule("properties.torn-refused", on=probe("properties.torn"), silence=_TORN)
def torn_refused(x: Exchange) -> Findings:
    yield from _refused(x)


def _failed(x: Exchange) -> bool:
    return x.reply.status >= 500 or x.reply.status == 0


def _accepted(x: Exchange) -> Findings:
    if why := not_accepted(x):
        asked = show(x.request.params, 300)
        yield Finding(
            "status", f"success for the valid request {asked}", f"{why}: {show(x.reply.text)}"
        )


def _handled(x: Exchange) -> Findings:
    if _failed(x):
        asked = show(x.request.params or x.request.body, 300)
        found = str(x.reply.status or x.connection.error)
        yield Finding("status", f"a 4xx for {asked}", f"{found}: {show(x.reply.text)}")


def _refused(x: Exchange) -> Findings:
    if why := not_refused(x):
        asked = show(x.request.params or x.request.body, 300)
        yield Finding("answer", f"a refusal of {asked}", f"{why}: {show(x.reply.text)}")
