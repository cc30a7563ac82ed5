"""A second opinion on Responses streams: the grammar as one plain walk, written apart from the maker."""

from collections.abc import Iterator
from typing import Any

Event = dict[str, Any]
TERMINAL = {
    "response.completed": "completed",
    "response.incomplete": "incomplete",
    "response.failed": "failed",
}
TEXTS = {  # stem of a text channel -> field of its done event
    "response.output_text": "text",
    "response.refusal": "refusal",
    "response.reasoning_text": "text",
    "response.reasoning_summary_text": "text",
    "response.function_call_arguments": "arguments",
    "response.custom_tool_call_input": "input",
    "response.mcp_call_arguments": "arguments",
    "response.code_interpreter_call_code": "code",
    "response.shell_call_command": "command",
}
PLACES = ("content_index", "summary_index", "command_index")


def problems(events: list[Event]) -> list[str]:
    """What is wrong with a stream; empty for a right one."""
    walk = _Walk()
    for number, event in enumerate(events):
        if event["sequence_number"] != number:
            walk.found.append(f"event {number} has number {event['sequence_number']}")
        walk.step(event)
    walk.end()
    return walk.found


def leaves(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from leaves(inner)


class _Walk:
    def __init__(self) -> None:
        self.found: list[str] = []
        self.state = "start"
        self.items: list[Event] = []  # as added
        self.closed: dict[int, Event] = {}
        self.parts: dict[tuple[int, int], str] = {}
        self.texts: dict[tuple[str, int, int], list[str] | str] = {}
        self.id = ""
        self.error = False

    def say(self, event: Event, what: str) -> None:
        self.found.append(f"{event['sequence_number']} {event['type']}: {what}")

    def step(self, event: Event) -> None:
        kind = event["type"]
        if self.state == "end" and not (self.error and kind == "response.failed"):
            self.say(event, "after the end")
        if kind == "error":
            self.state, self.error = "end", True
        elif "response" in event:
            self.lifecycle(event, kind)
        elif kind == "keepalive" or kind.startswith("response.audio."):
            if self.state != "run":
                self.say(event, "out of place")
        elif self.state != "run":
            self.say(event, f"in state {self.state}")
        elif kind == "response.output_item.added":
            if event["output_index"] != len(self.items):
                self.say(event, "wrong index")
            if len(self.closed) != len(self.items):
                self.say(event, "another item is open")
            self.items.append(event["item"])
        else:
            self.inside(event, kind)

    def lifecycle(self, event: Event, kind: str) -> None:
        response = event["response"]
        before = {
            "response.created": "start",
            "response.queued": "created",
            "response.in_progress": "created",
        }
        if kind in before:
            if self.state != before[kind]:
                self.say(event, f"in state {self.state}")
            if response["output"] or response["usage"]:
                self.say(event, "has results already")
            self.state = "run" if kind == "response.in_progress" else "created"
        elif kind in TERMINAL:
            if response["status"] != TERMINAL[kind]:
                self.say(event, f"status {response['status']}")
            if kind != "response.failed":
                closed = [self.closed.get(index) for index in range(len(self.items))]
                if response["output"] != closed:
                    self.say(event, "output differs from the items")
                if not response["usage"]:
                    self.say(event, "no usage")
            self.state = "end"
        else:
            self.say(event, "unknown")
        if self.id and response["id"] != self.id:
            self.say(event, "another id")
        self.id = response["id"]

    def inside(self, event: Event, kind: str) -> None:
        index = event["output_index"]
        if index >= len(self.items) or index in self.closed:
            self.say(event, "its item is not open")
            return
        if "item_id" in event and event["item_id"] != self.items[index]["id"]:
            self.say(event, "wrong item id")
        stem, _, verb = kind.rpartition(".")
        place = next((event[name] for name in PLACES if name in event), 0)
        if kind == "response.output_item.done":
            self.close(event, index)
        elif stem in {"response.content_part", "response.reasoning_summary_part"}:
            state = self.parts.get((index, place))
            if state != (None if verb == "added" else "text done"):
                self.say(event, f"part is {state}")
            self.parts[index, place] = verb
        elif stem in TEXTS:
            self.text(event, stem, verb, index, place)

    def text(self, event: Event, stem: str, verb: str, index: int, place: int) -> None:
        key = (stem, index, place)
        known = self.texts.setdefault(key, [])
        if isinstance(known, str):
            self.say(event, "after its text was done")
        elif verb == "delta":
            known.append(event["delta"])
        elif verb == "done":
            if event[TEXTS[stem]] != "".join(known):
                self.say(event, "text differs from its deltas")
            self.texts[key] = event[TEXTS[stem]]
            if (index, place) in self.parts:
                self.parts[index, place] = "text done"

    def close(self, event: Event, index: int) -> None:
        item = event["item"]
        if (item["id"], item["type"]) != (self.items[index]["id"], self.items[index]["type"]):
            self.say(event, "another identity")
        shown = set(leaves(item))
        for (_, where, _), text in self.texts.items():
            if where == index and not (isinstance(text, str) and text in shown):
                self.say(event, "a text is not in the item")
        self.closed[index] = item

    def end(self) -> None:
        if self.state != "end":
            self.found.append(f"ends in state {self.state}")
