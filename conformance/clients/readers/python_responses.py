"""OpenAI SDK for Python 3.54, Responses: the plain answer, the raw stream, and `ResponseStream`."""

from typing import Any, Final

from conformance.clients.readers.lines import python, python_body
from conformance.clients.readers.python_chat import place
from conformance.clients.readers.reading import Reading, StoppedError
from wire.exchange import Exchange

Json = dict[str, Any]
_WHOLE: Final = frozenset({
    "response.created", "response.queued", "response.in_progress", "response.completed",
    "response.failed", "response.incomplete",
})  # fmt: skip
_BY_CALL: Final = frozenset(
    {"function_call", "custom_tool_call", "shell_call", "shell_call_output"}
)


def plain(x: Exchange) -> Reading:
    return told(python_body(x)["output"])


def raw(x: Exchange) -> Reading:
    texts, last = [], None
    for event in python(x):
        last = event.get("type")
        if last == "response.output_text.delta":
            texts.append(event.get("delta"))
    if last != "response.completed":
        raise StoppedError(f"the last event is {last}")
    return Reading("".join(texts))


def helper(x: Exchange) -> Reading:
    state = State()
    texts = []
    for event in python(x):
        state.take(event)
        if event.get("type") == "response.output_text.delta":
            texts.append(event.get("delta"))
    if state.completed is None:
        raise StoppedError("Didn't receive a `response.completed` event.")
    reading = told(state.completed)
    if not reading.calls and "".join(texts) != reading.text:
        raise StoppedError(f"response.output_text.delta events tell {''.join(texts)[:60]!r}")
    return reading


def told(output: Any) -> Reading:
    """`output_text` and the calls of a response."""
    texts = [
        part["text"]
        for item in output if item.get("type") == "message"
        for part in item["content"] if part.get("type") == "output_text"
    ]  # fmt: skip
    made = [item for item in output if item.get("type") == "function_call"]
    if not all(call.get("call_id") for call in made):
        raise StoppedError("a call without call_id, which nothing answers")
    return Reading("".join(texts), tuple((c.get("name"), c.get("arguments")) for c in made))


class State:
    """`ResponseStreamState`: what the events so far have made, and where they may not contradict."""

    def __init__(self) -> None:
        self.id: Any = None
        self.begun = False
        self.items: dict[Any, Json] = {}
        self.done: dict[Any, Json] = {}
        self.places: dict[Any, Any] = {}
        self.completed: list[Json] | None = None

    def take(self, event: Json) -> None:
        kind = event.get("type")
        if not self.begun:
            if kind != "response.created":
                raise StoppedError(f"Expected to have received `response.created` before `{kind}`")
            self.begun, self.id = True, event["response"].get("id")
            self.items = dict(enumerate(event["response"].get("output") or []))
            return
        if kind in _WHOLE:
            self._whole(event["response"], kind)
        elif kind == "response.output_item.added":
            self._added(event)
        elif kind == "response.output_item.done":
            self._done(event)
        elif kind == "response.content_part.added":
            item = self._item(event)
            if item.get("type") == "message":
                item["content"].append(dict(event["part"]))
        elif kind in ("response.output_text.delta", "response.output_text.done"):
            self._text(event, kind)
        elif kind == "response.function_call_arguments.delta":
            item = self._item(event)
            if item.get("type") != "function_call":
                raise StoppedError("AssertionError: not a function_call")
            item["arguments"] += event["delta"]

    def _item(self, event: Json) -> Json:
        index = place(event.get("output_index"))
        if index not in self.items:
            raise StoppedError(f"a content event for output index {index} before its output item")
        return self.items[index]

    def _text(self, event: Json, kind: str) -> None:
        item = self._item(event)
        if item.get("type") != "message":
            raise StoppedError("AssertionError: not a message")
        part = item["content"][place(event.get("content_index"))]
        if part.get("type") != "output_text":
            raise StoppedError("AssertionError: not an output_text")
        if kind.endswith("delta"):
            part["text"] += event["delta"]

    def _added(self, event: Json) -> None:
        item, index = event.get("item"), place(event.get("output_index"))
        if item is None:
            return
        if index in self.items:
            raise StoppedError(f"Duplicate response output index {index}.")
        self.items[index] = {**item}

    def _done(self, event: Json) -> None:
        item, index = event["item"], place(event.get("output_index"))
        added = self.items.get(index)
        if added is not None and not _same(added, item):
            raise StoppedError("Completed output item identity changed.")
        if self.places.get(_identity(item), index) != index:
            raise StoppedError("Response snapshot has conflicting output identities.")
        if index in self.done:
            self.places.pop(_identity(self.done[index]), None)
        self.done[index] = item
        self.places[_identity(item)] = index

    def _whole(self, response: Json, kind: Any) -> None:
        if response.get("id") != self.id:
            raise StoppedError("Lifecycle response identity changed.")
        if kind != "response.completed":
            return
        output = response.get("output")
        final = {_identity(item): item for item in output or []}
        for item in self.done.values():
            last = final.get(_identity(item))
            if last is not None and not _compatible(item, last):
                raise StoppedError("Completed response output identity changed.")
        for index, item in self.items.items():
            last = final.get(_identity(item))
            if index not in self.done and (last is None or not _compatible(item, last)):
                raise StoppedError("Cannot complete response with unfinished output items.")
        self.completed = [self.done[i] for i in sorted(self.done)] if output is None else output


def _identity(item: Json) -> tuple[Any, Any, Any]:
    kind = item.get("type")
    return kind, None if kind in _BY_CALL else item.get("id"), item.get("call_id")


def _compatible(before: Json, after: Json) -> bool:
    free = before.get("id") is None and before.get("type") in ("function_call", "custom_tool_call")
    return free or before.get("id") == after.get("id")


def _same(before: Json, after: Json) -> bool:
    return _identity(before) == _identity(after) and _compatible(before, after)
