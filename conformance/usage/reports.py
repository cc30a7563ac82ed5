"""Usage reports: every usage object of an exchange, with where it stands and what it belongs to."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from conformance.judging.selector import Selector
from conformance.running.unexpected_success import unexpected_success
from wire.chat import fold_chat
from wire.endpoint import Endpoint
from wire.exchange import Exchange
from wire.usage import Usage

GENERATING = frozenset({Endpoint.CHAT, Endpoint.RESPONSES, Endpoint.RESPONSE, Endpoint.COMPACT})
# A tuple: a hostile server may send a status that cannot be looked up in a set.
FINISHED = ("completed", "incomplete")


class Report(NamedTuple):
    """One usage object. `answer` is the completion, chunk or response that carries it."""

    where: str
    event: int | None
    json: dict[str, Any]
    usage: Usage
    answer: dict[str, Any]


def reports(x: Exchange) -> tuple[Report, ...]:
    """Every usage object of the exchange, in order; found once, as many rules ask."""
    kept: dict[str, tuple[Report, ...]] = x.__dict__
    if "_usage_reports" not in kept:
        kept["_usage_reports"] = tuple(_reports(x))
    return kept["_usage_reports"]


def _reports(x: Exchange) -> Iterator[Report]:
    for event, value in x.objects():
        if not isinstance(value, dict):
            continue
        inner = value.get("response")
        for holder, path in ((value, "usage"), (inner, "response.usage")):
            found = holder.get("usage") if isinstance(holder, dict) else None
            usage = Usage.of(found)
            if usage is not None and isinstance(found, dict) and isinstance(holder, dict):
                place = path if event is None else f"event {event}, {path}"
                yield Report(place, event, found, usage, holder)


def final(x: Exchange) -> Report | None:
    """The usage that counts: the last one."""
    found = reports(x)
    return found[-1] if found else None


def generates(x: Exchange) -> bool:
    generating = x.endpoint in GENERATING and x.request.method in ("POST", "GET")
    return x.ok and generating and not unexpected_success(x)


def is_chat(x: Exchange) -> bool:
    return x.endpoint is Endpoint.CHAT


PROBES = ("chat.echo", "chat.echo-stream-usage", "responses.echo", "responses.stream.echo")
REPORTING = Selector(
    "an answer with usage", lambda x: generates(x) and final(x) is not None, PROBES
)
CHAT = REPORTING.only("of chat", is_chat, "chat.echo", "chat.echo-stream-usage")
RESPONSES = REPORTING.only(
    "of Responses", lambda x: not is_chat(x), "responses.echo", "responses.stream.echo"
)


def speaks(report: Report, x: Exchange | None = None) -> bool:
    """Whether the answer carries text or a call."""
    output = report.answer.get("output")
    if isinstance(output, list):
        kinds = [item.get("type") for item in output if isinstance(item, dict)]
        return any(kind in ("message", "function_call", "custom_tool_call") for kind in kinds)
    choices = report.answer.get("choices")
    if isinstance(choices, list) and choices:
        messages = [c.get("message") for c in choices if isinstance(c, dict)]
        return any(
            isinstance(m, dict) and (m.get("content") or m.get("tool_calls")) for m in messages
        )
    if x is not None and x.reply.is_stream:
        return fold_chat(x.reply).content_chunks > 0
    return False
