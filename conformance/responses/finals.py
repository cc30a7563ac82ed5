"""The output of the terminal event against the items that streamed."""

from collections.abc import Iterator
from typing import Any, Final

from conformance.judging.finding import ABSENT, Finding, Findings, show
from conformance.judging.rule import rule
from conformance.judging.selector import Selector
from conformance.responses.difference import told
from conformance.responses.selectors import STREAM, Json, dicts, number, place, typed
from wire.exchange import Exchange
from wire.responses import TERMINAL


def _final_output(x: Exchange) -> tuple[int, list[Any]] | None:
    """(event, output) of the terminal event, unless the response failed."""
    for event, kind, payload in typed(x):
        response = payload.get("response")
        if kind in TERMINAL and kind != "response.failed" and isinstance(response, dict):
            output = response.get("output")
            return (event, output) if isinstance(output, list) else None
    return None


_ENDED: Final[Selector] = STREAM.only(
    "that came to its end", lambda x: _final_output(x) is not None, "responses.stream.echo"
)


def _streamed_items(x: Exchange) -> dict[int, Json]:
    """The last form of each item that the stream itself gave."""
    found: dict[int, Json] = {}
    for _, kind, payload in typed(x):
        index = number(payload, "output_index")
        if kind.startswith("response.output_item.") and index is not None:
            item = payload.get("item")
            if isinstance(item, dict):
                found[index] = item
    return found


@rule("responses.stream.final-items", on=_ENDED)
def final_items(x: Exchange) -> Findings:
    end = _final_output(x)
    if end is None:
        return
    event, output = end
    listed = [item.get("id") for item in dicts(output) if not _is_list(item)]
    items = _streamed_items(x)
    if not items and any(_done_items(x)):
        # Without output_index, which is told elsewhere, the order in which they were done is theirs.
        items = dict(enumerate(item for item in _done_items(x) if isinstance(item, dict)))
    streamed = [items[n].get("id") for n in sorted(items) if not _is_list(items[n])]
    if listed != streamed or len(dicts(output)) != len(output):
        yield Finding(place(event, "response.output[].id"), show(streamed), show(listed), event)


def _is_list(item: Json) -> bool:
    """Real responses repeat lists of MCP tools that did not stream as items."""
    return item.get("type") == "mcp_list_tools"


_SEALED: Final = "encrypted_content"


@rule("responses.stream.final-equal", on=_ENDED)
def final_equal(x: Exchange) -> Findings:
    end = _final_output(x)
    if end is None:
        return
    event, output = end
    items = {item.get("id"): item for item in _done_items(x) if isinstance(item.get("id"), str)}
    for n, item in enumerate(dicts(output)):
        done = items.get(item.get("id")) if isinstance(item.get("id"), str) else None
        if done is None:
            continue
        for name in sorted((done.keys() | item.keys()) - {_SEALED}):
            if done.get(name, ABSENT) != item.get(name, ABSENT):
                where = place(event, f"response.output[{n}].{name}")
                yield Finding(where, *told(done.get(name, ABSENT), item.get(name, ABSENT)), event)
        if (_SEALED in done) != (_SEALED in item):
            where = place(event, f"response.output[{n}].{_SEALED}")
            yield Finding(where, "in both or in none", "in one alone", event)


def _done_items(x: Exchange) -> Iterator[Json]:
    for _, kind, payload in typed(x):
        if kind == "response.output_item.done" and isinstance(payload.get("item"), dict):
            yield payload["item"]
