"""The response inside of lifecycle events: its state, its usage, and what must not change."""

from typing import Final

from conformance.judging.finding import ABSENT, Finding, Findings, show
from conformance.judging.rule import rule
from conformance.judging.selector import Selector
from conformance.responses.difference import told
from conformance.responses.selectors import STREAM, Json, lifecycle, stream_with, typed
from conformance.responses.state import INCOMPLETE
from schemas.loader import load
from wire.exchange import Exchange
from wire.responses import TERMINAL

STATUS: Final = {
    "response.created": ("in_progress", "queued"),
    "response.queued": ("queued",),
    "response.in_progress": ("in_progress",),
    "response.completed": ("completed",),
    "response.incomplete": ("incomplete",),
    "response.failed": ("failed",),
}
# What changes while a response is worked on; recorded streams show no other change.
CHANGING: Final = frozenset({
    "id", "status", "output", "output_text", "usage", "completed_at", "error", "incomplete_details",
    "service_tier", "moderation", "tool_usage", "prompt_cache_key", "prompt_cache_diagnostics",
    "input_transformations", "background", "model", "billing",
})  # fmt: skip
# A vendor's own members may change, too: Azure's content_filters come when they are known.
SETTINGS: Final = frozenset(load("responses/response")["properties"]) - CHANGING
_REQUIRED: Final = frozenset(load("responses/response")["required"])
_LIFE: Final[Selector] = STREAM.only(
    "with lifecycle events", lambda x: any(lifecycle(x)), "responses.stream.echo"
)


def _where(event: int, name: str) -> str:
    return f"event {event}, response.{name}"


@rule("responses.stream.created-state", on=stream_with("response.created"))
def created_state(x: Exchange) -> Findings:
    for event, kind, response in lifecycle(x):
        if kind != "response.created":
            continue
        # What is missing is the matter of the object's own fields.
        if response.get("output", []) != []:
            yield Finding(
                _where(event, "output"), "[]", show(response.get("output", ABSENT)), event
            )
        if response.get("usage") is not None:
            yield Finding(_where(event, "usage"), "null", show(response["usage"]), event)
        if response.get("status", STATUS[kind][0]) not in STATUS[kind]:
            what = " or ".join(STATUS[kind])
            yield Finding(
                _where(event, "status"), what, show(response.get("status", ABSENT)), event
            )


@rule("responses.stream.queued", on=stream_with("response.created"))
def queued(x: Exchange) -> Findings:
    states = {kind: (event, response) for event, kind, response in lifecycle(x)}
    event, created = states.get("response.created", (0, {}))
    if created.get("status") == "queued" and "response.queued" not in states:
        yield Finding(f"after event {event}", "response.queued", "none", event)


@rule("responses.stream.status", on=_LIFE)
def status(x: Exchange) -> Findings:
    for event, kind, response in lifecycle(x):
        if response.get("status") not in STATUS[kind]:
            what = " or ".join(STATUS[kind])
            yield Finding(
                _where(event, "status"), what, show(response.get("status", ABSENT)), event
            )


def _changes(x: Exchange, names: frozenset[str] | None) -> Findings:
    """Members of the response that differ from the first lifecycle event; None: all but changing."""
    first: Json | None = None
    for event, _, response in lifecycle(x):
        if first is None:
            first = response
            continue
        for name in sorted(first.keys() | response.keys()):
            if (name not in SETTINGS) if names is None else (name not in names):
                continue
            old, new = first.get(name, ABSENT), response.get(name, ABSENT)
            if ABSENT in (old, new) and name in _REQUIRED:
                continue  # the matter of the object's own fields
            if old != new or type(old) is not type(new):
                yield Finding(_where(event, name), *told(old, new), event)


@rule("responses.stream.id-constant", on=_LIFE)
def id_constant(x: Exchange) -> Findings:
    yield from _changes(x, frozenset({"id"}))


@rule("responses.stream.model-constant", on=_LIFE)
def model_constant(x: Exchange) -> Findings:
    yield from _changes(x, frozenset({"model"}))


@rule("responses.stream.settings-constant", on=_LIFE)
def settings_constant(x: Exchange) -> Findings:
    yield from _changes(x, None)


@rule("responses.stream.usage", on=_LIFE)
def usage(x: Exchange) -> Findings:
    for event, kind, response in lifecycle(x):
        value = response.get("usage")
        if kind in ("response.completed", "response.incomplete"):
            if not isinstance(value, dict):
                yield Finding(_where(event, "usage"), "an object", show(value), event)
        elif kind not in TERMINAL and value is not None:
            yield Finding(_where(event, "usage"), "null until the end", show(value), event)


@rule(
    "responses.stream.incomplete",
    on=STREAM.only("that was cut", INCOMPLETE.matches, "responses.stream.cut"),
)
def incomplete(x: Exchange) -> Findings:
    for event, kind, response in lifecycle(x):
        if response.get("status") != "incomplete":
            continue
        details = response.get("incomplete_details")
        if kind != "response.incomplete":
            yield Finding(f"event {event}, type", "response.incomplete", show(kind), event)
        elif not (isinstance(details, dict) and details.get("reason")):
            yield Finding(_where(event, "incomplete_details"), "a reason", show(details), event)


@rule(
    "responses.stream.incomplete-item",
    # Whatever the event is called: some end with response.completed and status incomplete.
    on=STREAM.only("that was cut", INCOMPLETE.matches, "responses.stream.cut"),
)
def incomplete_item(x: Exchange) -> Findings:
    for event, kind, response in lifecycle(x):
        output = response.get("output")
        over = kind in TERMINAL and response.get("status") == "incomplete"
        if not over or not isinstance(output, list):
            continue
        states = [item.get("status") for item in output if isinstance(item, dict)]
        cut = [n for n, state in enumerate(states) if state == "incomplete"]
        # Reasoning has no status: when it is last, the limit fell into it.
        thought = (
            bool(output) and isinstance(output[-1], dict) and output[-1].get("type") == "reasoning"
        )
        if output and cut != [len(states) - 1] and not (thought and not cut):
            expected = "incomplete at the last item alone"
            yield Finding(_where(event, "output[].status"), expected, show(states), event)


@rule("responses.stream.failed", on=stream_with("response.failed"))
def failed(x: Exchange) -> Findings:
    for event, kind, response in lifecycle(x):
        error = response.get("error")
        fields = error if isinstance(error, dict) else {}
        if kind == "response.failed" and not (fields.get("code") and fields.get("message")):
            yield Finding(_where(event, "error"), "code and message", show(error), event)


@rule("responses.stream.error-shape", "responses.stream.error-flat", on=stream_with("error"))
def error_shape(x: Exchange) -> Findings:
    for event, kind, payload in typed(x):
        if kind != "error":
            continue
        nested = payload.get("error")
        inner = nested if isinstance(nested, dict) else {}
        if not any(isinstance(holder.get("message"), str) for holder in (payload, inner)):
            yield Finding(f"event {event}", "a message", show(payload), event)
        lacking = sorted({"code", "message", "param"} - payload.keys())
        if lacking:
            what = f"{', '.join(lacking)} beside the type"
            yield Finding(
                f"event {event}", what, show(payload), event, "responses.stream.error-flat"
            )
