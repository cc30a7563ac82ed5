"""Output items: their shapes by type, their ids, their states, and the calls among them."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import schemas.loader as schema
from conformance.judging.fields import FieldSource, Part, field_rules
from conformance.judging.finding import ABSENT, Finding, Findings, show
from conformance.judging.rule import rule, run_rule
from conformance.judging.run import Run
from conformance.judging.substance import succeeded
from conformance.responses.object import ROWS
from conformance.responses.selectors import (
    CREATED,
    OBJECT,
    Json,
    dicts,
    final,
    final_items,
    has_object,
    is_create,
    items,
    place,
    tools_of,
    with_item,
)
from wire.exchange import Exchange, Invalid, parse_json

TOOL_PROBES: Final = ("responses.tools", "responses.stream.tools")
# Types with a requirement of their own, and what usually brings them.
_OWN: Final = {
    "message": ("responses.item.message", ("responses.echo", "responses.stream.echo")),
    "function_call": ("responses.item.function-call", TOOL_PROBES),
    "custom_tool_call": ("responses.item.custom-tool-call", ("responses.stream.custom",)),
    "reasoning": (
        "responses.item.reasoning",
        ("responses.reasoning", "responses.stream.reasoning"),
    ),
}
PREFIXES: Final = {
    "message": "msg_",
    "reasoning": "rs_",
    "function_call": "fc_",
    "custom_tool_call": "ctc_",
    "web_search_call": "ws_",
    "file_search_call": "fs_",
    "code_interpreter_call": "ci_",
    "image_generation_call": "ig_",
    "mcp_call": "mcp_",
    "mcp_list_tools": "mcpl_",
    "tool_search_call": "tsc_",
    "tool_search_output": "tso_",
    "compaction": "cmp_",
}
_CALLS: Final = frozenset({"function_call", "custom_tool_call"})
FINISHED: Final = frozenset({"completed", "incomplete", "failed", "cancelled"})


def _of_type(kind: str) -> Callable[[Exchange], Iterator[Part]]:
    def parts(x: Exchange) -> Iterator[Part]:
        for event, path, item in items(x):
            if item.get("type") == kind:
                yield event, path + ".", item

    return parts


FIELDS = field_rules(
    ROWS,
    [
        FieldSource(
            f"responses/items/{kind}",
            with_item(kind, *probes),
            _of_type(kind),
            strict,
            "responses.item.values",
        )
        for kind, (strict, probes) in _OWN.items()
    ],
)


def _hosted(x: Exchange) -> bool:
    return has_object(x) and any(str(item.get("type")) not in _OWN for _, _, item in items(x))


@rule(
    "responses.item.hosted",
    "responses.item.values",
    on=OBJECT.only("with other items", _hosted, "responses.stream.hosted"),
)
def hosted_shape(x: Exchange) -> Findings:
    for event, path, item in items(x):
        if str(item.get("type")) in _OWN:
            continue
        for problem in schema.check("responses/item", item, at=x.day):
            name = "hosted" if problem.level == "MUST" else "values"
            where = place(event, f"{path}.{problem.path}")
            yield Finding(where, problem.expected, problem.found, event, f"responses.item.{name}")


@rule("responses.item.id-prefix", on=OBJECT)
def id_prefix(x: Exchange) -> Findings:
    for event, path, item in items(x):
        prefix = PREFIXES.get(str(item.get("type")))
        name, call = item.get("id"), item.get("call_id")
        if prefix and isinstance(name, str) and not name.startswith(prefix):
            yield Finding(place(event, path + ".id"), f"{prefix}…", show(name), event)
        if (
            str(item.get("type")) in _CALLS
            and isinstance(call, str)
            and not call.startswith("call_")
        ):
            yield Finding(place(event, path + ".call_id"), "call_…", show(call), event)


def _doubles(values: Iterable[Any]) -> list[str]:
    counts = Counter(value for value in values if isinstance(value, str))
    return [value for value, times in counts.items() if times > 1]


@rule("responses.item.id-unique", on=OBJECT)
def id_unique(x: Exchange) -> Findings:
    for name in _doubles(item.get("id") for item in final_items(x)):
        yield Finding("output[].id", "each id once", f"{show(name)} twice")


@run_rule(
    "responses.item.id-fresh", probes=("responses.echo", "responses.stream.echo"), sees=succeeded
)
def id_fresh(run: Run) -> Findings:
    seen: dict[str, str] = {}
    for x in run.where(CREATED):
        shown = {item["id"] for item in final_items(x) if isinstance(item.get("id"), str)}
        for name in sorted(shown):
            if seen.setdefault(name, x.id) != x.id:
                what = f"an id that {seen[name]} has not"
                yield Finding("output[].id", what, show(name), exchange=x.id)


@rule("responses.item.call-id-unique", on=with_item("function_call", *TOOL_PROBES))
def call_id_unique(x: Exchange) -> Findings:
    calls = [item for item in final_items(x) if str(item.get("type")) in _CALLS]
    for name in _doubles(item.get("call_id") for item in calls):
        yield Finding("output[].call_id", "each call_id once", f"{show(name)} twice")


_PLAIN_PROBES: Final = (
    "responses.echo",
    "responses.cut",
    "responses.failed",
    "responses.refusal",
    "responses.spaces",
)


@rule("responses.item.finished", on=OBJECT.only("of any kind", has_object, *_PLAIN_PROBES))
def finished(x: Exchange) -> Findings:
    found = final(x)
    status = found[2].get("status") if found else None
    if found is None or str(status) not in FINISHED:
        return
    for n, item in enumerate(dicts(found[2].get("output"))):
        if str(item.get("type")) in _OF_OTHERS:
            continue
        allowed = {"completed"} if status == "completed" and _settled(item) else FINISHED
        if item.get("status") is not None and str(item["status"]) not in allowed:
            where = place(found[0], f"{found[1]}output[{n}].status")
            yield Finding(where, " or ".join(sorted(allowed)), show(item["status"]), found[0])


# Calls that the client carries out after the response, and pictures, whose last state is another's:
# the real API shows them in_progress, or generating, in a response that is completed.
_OF_OTHERS: Final = frozenset({
    "computer_call", "local_shell_call", "shell_call", "apply_patch_call", "mcp_approval_request",
    "tool_search_call", "image_generation_call",
})  # fmt: skip


def _settled(item: Json) -> bool:
    return str(item.get("type")) in ("message", *_CALLS)


@rule("responses.item.arguments-json", on=with_item("function_call", *TOOL_PROBES))
def arguments_json(x: Exchange) -> Findings:
    for n, item in enumerate(final_items(x)):
        text = item.get("arguments")
        if item.get("type") != "function_call" or item.get("status") == "incomplete":
            continue
        value = parse_json(text) if isinstance(text, str) else Invalid("not a string")
        if not isinstance(value, dict):
            yield Finding(f"output[{n}].arguments", "the text of a JSON object", show(text))


def _only_functions(x: Exchange) -> bool:
    kinds = {str(tool.get("type")) for tool in tools_of(x)}
    continued = {"previous_response_id", "conversation", "prompt"} & set(x.request.params)
    return is_create(x) and bool(kinds) and kinds <= {"function", "custom"} and not continued


@rule(
    "responses.item.call-name",
    on=with_item("function_call", *TOOL_PROBES).only(
        "of named tools", _only_functions, *TOOL_PROBES
    ),
)
def call_name(x: Exchange) -> Findings:
    given = [
        tool for item in dicts(x.request.params.get("input")) for tool in dicts(item.get("tools"))
    ]
    offered = [tool.get("name") for tool in [*tools_of(x), *given]]
    for n, item in enumerate(final_items(x)):
        if str(item.get("type")) in _CALLS and item.get("name") not in offered:
            names = " or ".join(sorted(set(map(show, offered))))
            yield Finding(f"output[{n}].name", names, show(item.get("name", ABSENT)))


@rule("responses.item.content", on=with_item("message", "responses.echo", "responses.stream.echo"))
def content(x: Exchange) -> Findings:
    found = final(x)
    if found is None or found[2].get("status") != "completed":
        return
    for n, item in enumerate(dicts(found[2].get("output"))):
        if item.get("type") == "message" and not dicts(item.get("content")):
            where = place(found[0], f"{found[1]}output[{n}].content")
            yield Finding(where, "at least one part", show(item.get("content", ABSENT)), found[0])
