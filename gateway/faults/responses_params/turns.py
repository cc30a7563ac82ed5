"""Faults of long work: pools of accounts, turns by id, many tools, many items, hidden caps."""

from collections.abc import Callable
from typing import Any, Final

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.forged import refused
from gateway.faults.machinery.request_edits import on_json
from gateway.faults.machinery.selection import (
    RESPONSES,
    RESPONSES_PLAIN,
    RESPONSES_STREAM,
    both,
)
from gateway.faults.machinery.transform import on_success
from gateway.faults.responses_params.pools import everywhere, fault, items_of, without
from wire.exchange import Request

Body = dict[str, Any]


def _refusing(
    name: str, says: str, test: Callable[[Body], Any], message: str = "", **more: Any
) -> Fault:
    no = on_success(refused(400, message or says, param="input", **more))
    return fault(
        name, says, Family.STATUS, both(RESPONSES, lambda r: bool(test(r.params))), reply=no
    )


def _tools(body: Body) -> list[Any]:
    given = body.get("tools")
    return given if isinstance(given, list) else []


def _with_tools(change: Callable[[list[Any]], list[Any]]) -> Callable[[Request], Request]:
    return on_json(lambda body: {**body, "tools": change(_tools(body))} if _tools(body) else body)


def _emptied(tools: list[Any], after: int) -> list[Any]:
    empty = {"type": "object", "properties": {}, "additionalProperties": True}
    return [
        {**t, "parameters": empty, "strict": False} if n >= after and isinstance(t, dict) and t.get("type") == "function" else t
        for n, t in enumerate(tools)
    ]  # fmt: skip


def _first_tools(most: int) -> Callable[[Request], Request]:
    return _with_tools(lambda tools: tools[:most])


def _schemaless(most: int) -> Callable[[Request], Request]:
    return _with_tools(lambda tools: _emptied(tools, most))


def _more_than(listed: Callable[[Body], list[Any]], most: int) -> Callable[[Body], bool]:
    return lambda body: len(listed(body)) > most


def _with_items(change: Callable[[list[Any]], list[Any]]) -> Callable[[Request], Request]:
    def edit(body: Body) -> Body:
        items = body.get("input")
        return {**body, "input": change(items)} if isinstance(items, list) else body

    return on_json(edit)


def _flat(item: Body) -> Body:
    space = item.get("namespace")
    if not isinstance(space, str):
        return item
    return {**without("namespace")(item), "name": f"{space}__{item.get('name')}"}


def _long(body: Body, member: str, most: int) -> bool:
    return any(len(str(i.get(member) or "")) > most for i in items_of(body))


def _imageless(items: list[Any]) -> list[Any]:
    """Outputs without their images."""
    return [
        {**i, "output": [p for p in i["output"] if not (isinstance(p, dict) and p.get("type") == "input_image")]}
        if isinstance(i, dict) and isinstance(i.get("output"), list) else i for i in items
    ]  # fmt: skip


def _cut_outputs(change: Callable[[str], str]) -> Callable[[Request], Request]:
    return _with_items(lambda items: [
        {**i, "output": change(i["output"])} if isinstance(i, dict) and isinstance(i.get("output"), str) else i
        for i in items
    ])  # fmt: skip


def _middle_lost(size: int) -> Callable[[str], str]:
    half = size // 2
    return lambda text: text if len(text) <= size else f"{text[:half]}\n[…]\n{text[-half:]}"


def _has_ref(value: Any) -> bool:
    if isinstance(value, dict):
        return "$ref" in value or any(_has_ref(inner) for inner in value.values())
    return isinstance(value, list) and any(_has_ref(inner) for inner in value)


def _middle_items(items: list[Any]) -> list[Any]:
    kept = items if len(items) <= 60 else [*items[:5], *items[-50:]]
    made = {
        i.get("call_id") for i in kept if isinstance(i, dict) and i.get("type") == "function_call"
    }
    return [
        i
        for i in kept
        if not isinstance(i, dict)
        or i.get("type") != "function_call_output"
        or i.get("call_id") in made
    ]


FAULTS: Final = (
    *(
        fault(f"phase-missing{name}", "Messages have no phase.", Family.SHAPE, when, reply=everywhere(without("phase")))
        for name, when in (("", RESPONSES), ("-streamed", RESPONSES_STREAM), ("-plain", RESPONSES_PLAIN))
    ),
    fault("namespace-lost", "Calls of tools in a namespace do not name it.", Family.SHAPE, reply=everywhere(without("namespace"))),
    fault("namespace-flat", "The namespace becomes a part of the tool's name.", Family.SHAPE, reply=everywhere(_flat)),
    fault("namespace-dropped", "Tools in a namespace are left out.", Family.CONTENT,
        request=_with_tools(lambda tools: [t for t in tools if not (isinstance(t, dict) and t.get("type") == "namespace")])),
    *(
        fault(f"tools-{most}", f"Tools after the first {most} are left out.", Family.CONTENT,
            request=_first_tools(most))
        for most in (10, 16, 64, 100)
    ),
    *(
        fault(f"schemas-{most}", f"Tools after the first {most} lose their schemas.", Family.CONTENT,
            request=_schemaless(most))
        for most in (10, 16)
    ),
    *(
        _refusing(f"tools-over-{most}", f"More than {most} tools are refused.", _more_than(_tools, most))
        for most in (32, 64, 127)
    ),
    *(
        _refusing(f"items-over-{most}", f"More than {most} items are refused.", _more_than(items_of, most))
        for most in (50, 100, 250)
    ),
    fault("items-last-100", "Only the last hundred items arrive.", Family.CONTENT,
        request=_with_items(lambda items: items[-100:])),
    fault("items-middle-lost", "Of many items the middle is lost.", Family.CONTENT, request=_with_items(_middle_items)),
    *(
        fault(f"output-{name}", says, Family.CONTENT, request=_cut_outputs(change))
        for name, says, change in (
            ("16k", "Tool outputs are cut at 16,000 characters.", lambda text: text[:16_000]),
            ("10k", "Tool outputs are cut at 10,000 characters.", lambda text: text[:10_000]),
            ("middle-16k", "Tool outputs over 16,000 characters lose their middle.", _middle_lost(16_000)),
            ("tail-8k", "Only the last 8,000 characters of tool outputs arrive.", lambda text: text[-8_000:]),
        )
    ),
    fault("output-images-dropped", "Images leave tool outputs.", Family.CONTENT, request=_with_items(_imageless)),
    _refusing("long-ids", "Ids over 60 characters are refused.", lambda b: _long(b, "id", 60)),
    _refusing("long-call-ids", "Ids of calls over 60 characters are refused.", lambda b: _long(b, "call_id", 60)),
    _refusing("ref-refused", "Tools with $ref are refused.", lambda b: _has_ref(_tools(b)), "$ref is not supported."),
    _refusing("format-ref-refused", "Formats with $ref are refused.", lambda b: _has_ref(b.get("text")), "$ref is not supported."),
)  # fmt: skip
