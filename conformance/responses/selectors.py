"""Kinds of Responses exchanges, for selectors, and the objects inside of them; raises for nothing."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from conformance.judging.selector import Selector
from conformance.running.unexpected_success import unexpected_success
from wire.endpoint import Endpoint
from wire.exchange import Ended, Exchange
from wire.responses import LIFECYCLE, fold_responses
from wire.sse import DONE

Json = dict[str, Any]
ANSWERING: Final = frozenset({Endpoint.RESPONSES, Endpoint.RESPONSE, Endpoint.CANCEL})


def is_create(x: Exchange) -> bool:
    created = x.endpoint is Endpoint.RESPONSES and x.request.method == "POST" and x.ok
    return created and not unexpected_success(x)


def has_object(x: Exchange) -> bool:
    answering = x.endpoint in ANSWERING and x.request.method in ("GET", "POST")
    return x.ok and answering and not unexpected_success(x)


def is_stream(x: Exchange) -> bool:
    """A stream that tells of a response from its start: of a new one, or of a stored one again."""
    return x.reply.is_stream and (is_create(x) or _is_replay(x))


def _is_replay(x: Exchange) -> bool:
    return x.ok and x.endpoint is Endpoint.RESPONSE and "starting_after" not in x.request.path


Typed = tuple[tuple[int, str, Json], ...]


def typed(x: Exchange) -> Typed:
    """(index, type, payload) of each event that is an object with a string type; made once."""
    kept: dict[str, Any] = vars(x.reply)  # as cached_property does
    if "_typed_events" not in kept:
        kept["_typed_events"] = tuple(
            (index, payload["type"], payload)
            for index, payload in enumerate(x.reply.payloads)
            if isinstance(payload, dict) and isinstance(payload.get("type"), str)
        )
    events: Typed = kept["_typed_events"]
    return events


def types(x: Exchange) -> frozenset[str]:
    return frozenset(fold_responses(x.reply).counts)


def dicts(values: object) -> list[Json]:
    return (
        [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []
    )


def number(payload: Json, name: str) -> int | None:
    """A member that is a whole number (true is none), or None."""
    value = payload.get(name)
    return value if type(value) is int else None


def lifecycle(x: Exchange) -> Iterator[tuple[int, str, Json]]:
    """(index, type, response) of each lifecycle event that has a response."""
    for index, kind, payload in typed(x):
        if kind in LIFECYCLE and isinstance(payload.get("response"), dict):
            yield index, kind, payload["response"]


def responses(x: Exchange) -> Iterator[tuple[int | None, str, Any]]:
    """(event, path, object) of each response object; a plain body whatever it is."""
    if x.reply.is_stream:
        yield from ((index, "response.", response) for index, _, response in lifecycle(x))
    else:
        yield None, "", x.reply.json


def final(x: Exchange) -> tuple[int | None, str, Json] | None:
    """The finished response: the plain body, or that of the terminal event."""
    last = None
    for event, path, response in responses(x):
        if isinstance(response, dict) and response.get("status") not in ("queued", "in_progress"):
            last = event, path, response
    return last


def items(x: Exchange) -> Iterator[tuple[int | None, str, Json]]:
    """(event, path, item) of each output item, wherever it is shown."""
    if x.reply.is_stream:
        for index, kind, payload in typed(x):
            if kind.startswith("response.output_item.") and isinstance(payload.get("item"), dict):
                yield index, "item", payload["item"]
    for event, path, response in responses(x):
        for place, item in enumerate(
            dicts(response.get("output") if isinstance(response, dict) else ())
        ):
            yield event, f"{path}output[{place}]", item


def final_items(x: Exchange) -> list[Json]:
    found = final(x)
    return dicts(found[2].get("output")) if found else []


def place(event: int | None, path: str) -> str:
    return path if event is None else f"event {event}, {path}"


def tools_of(x: Exchange) -> list[Json]:
    return dicts(x.request.params.get("tools"))


def whole(x: Exchange) -> bool:
    """Whether the end of the stream is the server's: we neither closed it nor gave up."""
    return x.connection.ended not in (Ended.ABORTED, Ended.LIMIT)


def is_done_marker(data: str) -> bool:
    return data.strip() == DONE


OBJECT: Final = Selector(
    "a response object", has_object, ("responses.echo", "responses.stream.echo")
)
CREATED: Final = Selector(
    "an answer to a create call", is_create, ("responses.echo", "responses.stream.echo")
)
PLAIN: Final = Selector(
    "a plain answer to a create call",
    lambda x: is_create(x) and not x.wants_stream and not x.reply.is_stream,
    ("responses.echo",),
)
ASKED_STREAM: Final = Selector(
    "an answer to a call for a stream",
    lambda x: is_create(x) and x.wants_stream,
    ("responses.stream.echo",),
)
STREAM: Final = Selector("a Responses stream", is_stream, ("responses.stream.echo",))
# What holds for every stream is looked for in each of ours.
EVERY_STREAM: Final = Selector(STREAM.name, is_stream, ("responses.stream.*",))

# What brings an event type, by its beginning; the longest one wins.
_BRINGERS: Final = {
    "": "responses.stream.echo",
    "response.audio": "responses.stream.hosted",
    "response.code_interpreter_call": "responses.stream.hosted",
    "response.compaction": "responses.stream.hosted",
    "response.custom_tool_call": "responses.stream.custom",
    "response.failed": "responses.stream.failed",
    "response.file_search_call": "responses.stream.hosted",
    "response.function_call": "responses.stream.tools",
    "response.image_generation_call": "responses.stream.hosted",
    "response.incomplete": "responses.stream.cut",
    "response.mcp": "responses.stream.hosted",
    "response.output_text.annotation": "responses.stream.annotations",
    "response.queued": "responses.stream.queued",
    "response.reasoning_summary": "responses.stream.reasoning",
    "response.reasoning_text": "responses.stream.reasoning-text",
    "response.refusal": "responses.stream.refusal",
    "response.shell_call": "responses.stream.hosted",
    "response.web_search_call": "responses.stream.hosted",
    "error": "responses.stream.error",
    "keepalive": "responses.stream.keepalive",
}


def stream_with(*beginnings: str, but: Iterable[str] = ()) -> Selector:
    """Streams with an event whose type begins so."""
    excepted = tuple(but)

    def matches(x: Exchange) -> bool:
        return is_stream(x) and any(
            kind.startswith(beginnings) and not (excepted and kind.startswith(excepted))
            for kind in types(x)
        )

    bringers = {
        _BRINGERS[max((b for b in _BRINGERS if kind.startswith(b)), key=len)] for kind in beginnings
    }
    return Selector(f"a stream with {' or '.join(beginnings)}", matches, tuple(sorted(bringers)))


def with_item(kind: str, *probes: str) -> Selector:
    """Answers that show an item of a type."""
    return Selector(
        f"an answer with {kind}",
        lambda x: has_object(x) and any(item.get("type") == kind for _, _, item in items(x)),
        probes,
    )
