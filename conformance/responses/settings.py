"""The settings that a response echoes: those of the request, and the defaults of all others."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, Final

from conformance.judging.finding import Finding, Findings
from conformance.judging.rule import rule
from conformance.responses.difference import told
from conformance.responses.selectors import CREATED, Json, dicts, is_create, place, responses
from wire.exchange import Exchange

# Settings that come back as they were given.
ECHOED: Final = (
    "instructions", "max_output_tokens", "max_tool_calls", "metadata", "parallel_tool_calls",
    "previous_response_id", "prompt_cache_key", "safety_identifier", "store", "temperature",
    "tool_choice", "top_logprobs", "top_p", "truncation", "user", "background",
)  # fmt: skip
# What stands there when the request does not say.
DEFAULTS: Final[dict[str, Any]] = {
    "background": False,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "safety_identifier": None,
    "tool_choice": "auto",
    "top_logprobs": 0,
    "truncation": "disabled",
    "user": None,
}
# A stored prompt or conversation brings settings of its own.
_FOREIGN: Final = ("prompt", "conversation", "previous_response_id")


def _shown(x: Exchange) -> Iterator[tuple[int | None, str, Json]]:
    yield from ((e, path, r) for e, path, r in responses(x) if isinstance(r, dict))


def _own(x: Exchange) -> bool:
    # The deep-research models have defaults of their own, such as 225 tool calls at most.
    researches = "deep-research" in str(x.request.params.get("model"))
    foreign = any(x.request.params.get(name) for name in _FOREIGN)
    return is_create(x) and not foreign and not researches


OWN: Final = CREATED.only("of its own settings", _own, "responses.echo", "responses.stream.echo")


@rule("responses.settings.echoed", on=CREATED)
def echoed(x: Exchange) -> Findings:
    given = x.request.params
    for event, path, response in _shown(x):
        for name in ECHOED:
            value = given.get(name)
            # An object is normalised: fields are added to it.
            if (
                value is None
                or name not in response
                or isinstance(value, dict) != (name == "metadata")
            ):
                continue
            if value != response[name]:
                yield Finding(place(event, path + name), *told(value, response[name]), event)


def _names(holder: Json) -> list[tuple[str, str]] | None:
    """The client's own tools, whose order the real API may change; None where others mix in."""
    tools = dicts(holder.get("tools"))
    loaded = any("tools" in item for item in dicts(holder.get("input")))
    kinds = {str(tool.get("type")) for tool in tools}
    if loaded or not kinds <= {"function", "custom"}:
        return None
    return sorted((str(tool.get("type")), str(tool.get("name"))) for tool in tools)


def _described(holder: Json) -> dict[tuple[str, str], Any] | None:
    """What the client says of its own functions. The API adds to schemas, and leaves what is there."""
    if _names(holder) is None:
        return None
    return {
        ("function", str(tool.get("name"))): (
            tool.get("description") or None,
            tool.get("parameters"),
        )
        for tool in dicts(holder.get("tools"))
        if tool.get("type") == "function"
    }


def _kept(given: Any, shown: Any) -> bool:
    """Whether everything given is shown, whatever was added to it; `$schema` is no part of it."""
    if given is None:
        return True
    if isinstance(given, dict) and isinstance(shown, dict):
        names = given.keys() - {"$schema"}
        return all(name in shown and _kept(given[name], shown[name]) for name in names)
    if isinstance(given, list) and isinstance(shown, list):
        return all(any(_kept(one, other) for other in shown) for one in given)
    return bool(given == shown)


# Settings of which a part comes back as it was given: where it is in an object.
_PARTS: Final[tuple[tuple[str, Callable[[Json], Any]], ...]] = (
    ("tools", _names),
    ("text.format.type", lambda holder: _at(holder, "text", "format", "type")),
    ("text.format.name", lambda holder: _at(holder, "text", "format", "name")),
    ("text.verbosity", lambda holder: _at(holder, "text", "verbosity")),
    ("reasoning.effort", lambda holder: _at(holder, "reasoning", "effort")),
)


def _at(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


@rule("responses.settings.echoed-parts", on=CREATED)
def echoed_parts(x: Exchange) -> Findings:
    for event, path, response in _shown(x):
        for name, read in _PARTS:
            given = read(x.request.params)
            if given is not None and given != read(response):
                yield Finding(place(event, path + name), *told(given, read(response)), event)
        given, there = _described(x.request.params) or {}, _described(response) or {}
        for key in given.keys() & there.keys():
            if not _kept(list(given[key]), list(there[key])):
                where = place(event, f"{path}tools, {key[1]}")
                yield Finding(where, *told(given[key], there[key]), event)


@rule("responses.settings.defaults", on=OWN)
def defaults(x: Exchange) -> Findings:
    for event, path, response in _shown(x):
        for name, value in DEFAULTS.items():
            if x.request.params.get(name) is None and response.get(name, value) != value:
                yield Finding(place(event, path + name), *told(value, response[name]), event)
        form = _at(response, "text", "format", "type")
        if _at(x.request.params, "text", "format") is None and form != "text":
            yield Finding(place(event, path + "text.format.type"), *told("text", form), event)


SINCE: Final = date(2025, 12, 26)


@rule("responses.state.completed-at", on=CREATED)
def completed_at_set(x: Exchange) -> Findings:
    for event, path, response in _shown(x):
        completed = response.get("status") == "completed" and (x.day is None or x.day >= SINCE)
        if completed and response.get("completed_at") is None:
            yield Finding(place(event, path + "completed_at"), "a time", "none", event)
