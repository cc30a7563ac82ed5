"""Deltas by themselves, and the texts that stream outside of the usual channels."""

from collections import defaultdict
from typing import Any

from conformance.judging.finding import Finding, Findings, show
from conformance.judging.rule import rule
from conformance.responses.difference import differ, told
from conformance.responses.selectors import STREAM, dicts, number, stream_with, typed
from wire.exchange import Exchange
from wire.responses import fold_responses

_OUTPUT = "response.shell_call_output_content"


@rule("responses.stream.hosted-text", on=stream_with(f"{_OUTPUT}."))
def shell_output(x: Exchange) -> Findings:
    """The output of commands: two texts a command in one kind of delta."""
    deltas: defaultdict[Any, str] = defaultdict(str)
    done: defaultdict[Any, list[Any]] = defaultdict(list)
    for event, kind, payload in typed(x):
        item, command = number(payload, "output_index"), number(payload, "command_index")
        for stream in ("stdout", "stderr") if kind.startswith(_OUTPUT) else ():
            if kind == f"{_OUTPUT}.delta":
                deltas[item, command, stream] += _text(payload.get("delta"), stream)
                continue
            whole = "".join(_text(part, stream) for part in dicts(payload.get("output")))
            if whole != deltas[item, command, stream]:
                where = f"event {event}, output[].{stream}"
                yield Finding(where, *differ(deltas[item, command, stream], whole), event)
        if kind == f"{_OUTPUT}.done":
            done[item] += dicts(payload.get("output"))
    for index, shown in fold_responses(x.reply).items.items():
        if index in done and shown.done is not None and shown.done.get("output") != done[index]:
            yield Finding(f"output[{index}], output", *told(done[index], shown.done.get("output")))


def _text(holder: Any, name: str) -> str:
    text = holder.get(name) if isinstance(holder, dict) else None
    return text if isinstance(text, str) else ""


@rule("responses.stream.delta-string", on=STREAM)
def delta_string(x: Exchange) -> Findings:
    for event, kind, payload in typed(x):
        if not kind.endswith(".delta") or "delta" not in payload:
            continue
        delta = payload["delta"]
        # The one delta that is an object has its two texts inside.
        inner = delta.values() if "output_content" in kind and isinstance(delta, dict) else [delta]
        if not all(isinstance(value, str) for value in inner):
            yield Finding(f"event {event}, delta", "a string", show(delta), event)


@rule(
    "responses.stream.arguments-name",
    on=stream_with("response.function_call_arguments.done"),
)
def arguments_name(x: Exchange) -> Findings:
    items = fold_responses(x.reply).items
    for event, kind, payload in typed(x):
        item = items.get(number(payload, "output_index") or 0)
        if kind != "response.function_call_arguments.done" or item is None:
            continue
        name, expected = payload.get("name"), item.json.get("name")
        if name is not None and name != expected:
            yield Finding(f"event {event}, name", show(expected), show(name), event)
