"""The traits of one finding, read from its words and from the exchange it points at."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.causes.member import is_nothing, missing, one_of, path_of, place_of, plain
from conformance.causes.survey import Survey
from conformance.causes.trait import Kind, Trait
from wire.endpoint import Endpoint
from wire.exchange import Ended, Exchange, Invalid
from wire.responses import TERMINAL

CODES = re.compile(r"\b([1-5]\d\d)\b")
BROKEN = frozenset({Ended.TIMEOUT, Ended.RESET, Ended.CUT, Ended.FAILED, Ended.LIMIT})
COMMON = frozenset({"id", "type", "object", "index", "name", "status"})
"""Names that many objects have; that two are called so tells nothing."""
SAID = frozenset(
    {"content", "text", "output", "choices", "arguments", "tool_calls", "data", "usage"}
)
"""Members that hold a whole answer or a whole bill: they are found wrong for many reasons."""
NO_CALL = re.compile(r"no call$|[\"']")
"""A text, or the word for nothing, where a call was to be."""
NAME = re.compile(r'"(\w+)"')
EVENTS = re.compile(r"\bresponse(?:\.[a-z_]+)+\b")
LACKING = "lacking"
GOES_ON = "a server that goes on answering"
"""What `http.stays-up` expects."""
TEXT = 160
REPEATED = re.compile(r"(: ?)[{\[].*", re.DOTALL)
"""What a message repeats of a request behind its own words."""


def traits(
    requirement: str, finding: Mapping[str, Any], x: Exchange | None, survey: Survey
) -> frozenset[Trait]:
    return frozenset(_traits(requirement, finding, x, survey))


def _traits(
    requirement: str, finding: Mapping[str, Any], x: Exchange | None, survey: Survey
) -> Iterator[Trait]:
    where, expected, found = (str(finding.get(n) or "") for n in ("where", "expected", "found"))
    found, path = one_of(found), path_of(where)
    of_status = x is not None and _of_status(where, found, x)
    if not of_status:
        yield Trait(Kind.SAME, (" ".join(path) or plain(where), plain(expected), plain(found)))
    if x is None:
        return
    if expected == GOES_ON:
        yield Trait(Kind.SILENT, ())
        return
    if where == "route" or (survey.absent(x) and of_status):
        yield Trait(Kind.ROUTE, (x.endpoint.value, str(x.reply.status)))
        return
    if x.connection.ended in BROKEN and (not x.reply.status or where.startswith(("connection", "status"))):  # fmt: skip
        yield Trait(Kind.CONNECTION, (x.connection.ended.value,))
    if x.reply.status >= 500:
        yield Trait(Kind.CRASH, (str(x.reply.status), error_text(x)))
    if not where.startswith(("header ", "connection")) and not of_status:
        if unreadable(x, finding.get("event")):
            yield Trait(Kind.UNREADABLE, ("JSON" if _begins_json(x) else "text",))
            return
        if not path and finding.get("event") is None and (framing := _framing(x)):
            yield Trait(Kind.FRAMING, (x.endpoint.value, framing))
    elif where == "header content-type":
        if framing := _framing(x):
            yield Trait(Kind.FRAMING, (x.endpoint.value, framing))
        if unreadable(x, None):
            yield Trait(Kind.UNREADABLE, ("JSON" if _begins_json(x) else "text",))
    if (finding.get("event") is None or "stream" in where or "terminal" in expected) and unended(x):
        yield Trait(Kind.UNENDED, (x.endpoint.value,))
    if not is_nothing(found) and _of_tokens(place_of(where), expected, found):
        yield Trait(Kind.TOKENS, ())
    if lacking(expected, x):
        yield Trait(Kind.EVENT, (x.endpoint.value, LACKING, ""))
    if path[:1] == ("choices",) and _other_choices(x, expected, found):
        yield Trait(Kind.CHOICES, ())
    if _without_usage(x) and "usage" in f"{where} {expected}":
        yield Trait(Kind.MEMBER, (f"{_family(x)} streams", "usage"))
    if expected == "an error and nothing else":
        for name in set(NAME.findall(found)) - {"error"}:
            yield Trait(Kind.NAMED, (name, _family(x)) if name in SAID else (name,))
    if where == "error's members":
        for name in set(NAME.findall(expected)) ^ set(NAME.findall(found)):
            yield Trait(Kind.MEMBER, ("error", name))
    if re.search(r"\bcall\b", expected) and (is_nothing(found) or NO_CALL.match(found)):
        yield Trait(Kind.CALL, ())
    if where.startswith("header "):
        yield Trait(Kind.HEADER, (where.split()[1].strip(",:").lower(),))
    elif of_status:
        yield from _status(requirement, expected, x, survey)
    elif "(" in where and ("stream" in where or "speaking" in where or "event" in where):
        yield Trait(Kind.EVENT, (x.endpoint.value, plain(expected), plain(found)))
    elif path:
        yield from _member(path, finding, x, survey, nothing=is_nothing(found))


def unreadable(x: Exchange, event: Any) -> str:
    """Why a body or an event that should be JSON is none; empty when it can be read."""
    if isinstance(event, int) and 0 <= event < len(x.reply.events):
        text, payload = x.reply.events[event].data, x.reply.payloads[event]
    elif x.reply.is_stream:
        return ""
    else:
        text, payload = x.reply.text, x.reply.json
    begins = text.lstrip("\ufeff \r\n\t")[:1] in ("{", "[") and text.strip() != "[DONE]"
    meant = begins or (x.reply.status >= 400 and bool(text.strip()))
    return payload.reason if meant and isinstance(payload, Invalid) else ""


def _begins_json(x: Exchange) -> bool:
    return x.reply.is_stream or x.reply.text.lstrip("\ufeff \r\n\t")[:1] in ("{", "[")


def _family(x: Exchange) -> str:
    return "error" if x.reply.status >= 400 else x.endpoint.value


def unended(x: Exchange) -> bool:
    """Whether a stream came to its end without the event that says so."""
    if not (x.ok and x.reply.is_stream and x.connection.ended is Ended.COMPLETE):
        return False
    kinds = {p.get("type") for p in x.reply.payloads if isinstance(p, dict)}
    if x.endpoint is Endpoint.RESPONSES:
        return bool(kinds) and not kinds & TERMINAL
    return False


def lacking(expected: str, x: Exchange) -> list[str]:
    """The events that a finding expects and of which the stream has not one, but for those that end it."""
    if not (x.ok and x.reply.is_stream and x.endpoint is Endpoint.RESPONSES):
        return []
    sent = {p.get("type") for p in x.reply.payloads if isinstance(p, dict)}
    named = dict.fromkeys(EVENTS.findall(expected))
    return [name for name in named if name not in sent and name not in TERMINAL]


def _other_choices(x: Exchange, expected: str, found: str) -> bool:
    """Whether as many choices are due as `n` asks for, more than one, and another number is found."""
    asked = x.request.params.get("n") if x.ok and x.endpoint is Endpoint.CHAT else None
    several = type(asked) is int and asked > 1 and _number(expected) == asked
    return several and _number(found) not in (None, asked)


def _number(text: str) -> int | None:
    """How many choices a text speaks of: `2 choices`, `2, as n says`, or as many as a list of indexes has."""
    listed = re.match(r"\[([^\]]*)\]", text)
    if listed:
        return len([entry for entry in listed[1].split(",") if entry.strip()])
    counted = re.match(r"\d+", text)
    return int(counted[0]) if counted else None


def _without_usage(x: Exchange) -> bool:
    """Whether a chat stream that was to bring usage came to its end without."""
    if not (x.ok and x.reply.is_stream and x.endpoint is Endpoint.CHAT):
        return False
    options = x.request.params.get("stream_options")
    asked = isinstance(options, dict) and options.get("include_usage") is True
    return asked and not any(isinstance(p, dict) and p.get("usage") for p in x.reply.payloads)


def _of_tokens(place: str, expected: str, found: str) -> bool:
    """Whether a number of tokens is found wrong, or that the balance does not go with it."""
    if place == "usage" and "_tokens" in expected:
        return set(NAME.findall(expected)) == set(NAME.findall(found))
    of_usage = "prompt tokens" in expected or "calls at the same time" in expected
    return place.endswith("tokens") or (place == "balance" and of_usage)


def _framing(x: Exchange) -> str:
    """`stream` where nobody asked for one, `body` where one JSON body answers who asked for a stream."""
    if not x.ok or x.reply.is_stream == x.wants_stream:
        return ""
    return "stream" if x.reply.is_stream else "body" if isinstance(x.reply.json, dict) else ""


def _of_status(where: str, found: str, x: Exchange) -> bool:
    """Whether a finding is about the answer as a whole: its status, or that it is an answer."""
    if not x.reply.status:
        return where.startswith("status")
    said = found.removeprefix("status ").startswith(str(x.reply.status))
    return said and where in {"status", "answer", "error", "body"}


def _status(requirement: str, expected: str, x: Exchange, survey: Survey) -> Iterator[Trait]:
    status = x.reply.status
    due = [int(code) for code in CODES.findall(expected)]
    refusal = bool(due and all(400 <= code < 500 for code in due)) or "refus" in expected
    if status >= 500:
        may_refuse = refusal or any(400 <= code < 500 for code in due)
        yield Trait(Kind.BAD_REQUEST if may_refuse else Kind.GOOD_REQUEST, ())
        if "no server error" in expected:
            yield Trait(Kind.BAD_REQUEST, ())
    elif x.ok and refusal:
        yield from _accepted(requirement, due, x, survey)
    elif 400 <= status < 500:
        for code in due:
            if 400 <= code < 500 and code != status:
                yield Trait(Kind.STATUS, (str(code), str(status)))
        if not due or any(code < 400 for code in due):
            yield Trait(Kind.REFUSED, (str(status), error_text(x)))


def _accepted(requirement: str, due: list[int], x: Exchange, survey: Survey) -> Iterator[Trait]:
    """What was wrong in the request that was answered: who asked, for which model, or the rest."""
    model = x.request.params.get("model")
    if 401 in due or (survey.key and x.request.header("authorization") != survey.key):
        yield Trait(Kind.DOOR, ())
    elif isinstance(model, str) and survey.models and model not in survey.models:
        yield Trait(Kind.MODEL, ())
    else:
        yield Trait(Kind.UNCHECKED, (".".join(requirement.split(".")[-2:-1]),))
        if requirement.endswith((".type", ".wrong-type")):
            yield Trait(Kind.TYPES, ())
        yield Trait(Kind.ACCEPTED, ())


def _member(
    path: tuple[str, ...],
    finding: Mapping[str, Any],
    x: Exchange,
    survey: Survey,
    *,
    nothing: bool,
) -> Iterator[Trait]:
    event = finding.get("event")
    family = _family(x)
    expected = str(finding.get("expected") or "")
    due = ("JSON" if "JSON" in expected else plain(expected)) if path[-1] in SAID else ""
    yield Trait(Kind.VALUE, (family, path[-1], due))
    counted = not nothing and _of_tokens(
        place_of(str(finding.get("where") or "")), expected, str(finding.get("found"))
    )
    for name in _names(path, few=survey.few) - ({"usage"} if counted else set()):
        # A whole answer or bill is wrong for many reasons: only that of one operation is one thing.
        yield Trait(Kind.NAMED, (name, family) if name in SAID else (name,))
    payload = payload_of(x, event)
    if not isinstance(payload, dict):
        return
    lacking = missing(payload, str(finding.get("where") or ""))
    if lacking is None or not (nothing or len(path) > 1):
        return
    yield Trait(Kind.MEMBER, (family, lacking[-1]))
    yield Trait(Kind.CONTAINER, (family, *holder(lacking, event is not None)))


def _names(path: tuple[str, ...], *, few: bool) -> set[str]:
    """The names that count wherever they stand; where little fails, also that of the whole."""
    if not few:
        return {path[-1]} - COMMON - SAID
    inner = path[1:] if path[0] == "choices" and len(path) > 1 else path
    whole = next((name for name in inner if name in SAID), "")
    return {path[-1], whole} - {""}


def holder(lacking: tuple[str, ...], of_event: bool) -> tuple[str, str]:
    """What should hold a member: an event itself, or an object, which an event only wraps."""
    outer = lacking[:-1]
    if of_event and not outer:
        return "event", ""
    return "object", ".".join(outer[1:] if of_event else outer)


def payload_of(x: Exchange, event: Any) -> Any:
    """The JSON that a finding speaks of: an event's, or the body's."""
    # In a stream without events, a finding names the one before the first.
    if isinstance(event, int) and 0 <= event < len(x.reply.payloads):
        return x.reply.payloads[event]
    return None if x.reply.is_stream else x.reply.json


def error_text(x: Exchange) -> str:
    """The words of an error without what differs from request to request."""
    return plain(error_words(x), TEXT)


def error_words(x: Exchange) -> str:
    """The words of an error as they came, but for what they repeat of a request."""
    body = x.reply.json if not x.reply.is_stream else None
    if not isinstance(body, dict):
        # Some write the error as an event, whatever the status.
        body = next((e for e in x.reply.payloads if isinstance(e, dict)), body)
    error = body.get("error", body) if isinstance(body, dict) else None
    if isinstance(error, dict):
        error = error.get("message") or error.get("detail")
    if isinstance(error, list) and error and isinstance(error[0], dict):
        # Checkers of types list what they found: its first words are the text.
        error = error[0].get("msg") or error[0].get("message")
    if not isinstance(error, str):
        return x.reply.text.strip()
    return REPEATED.sub(r"\1{…}", error)
