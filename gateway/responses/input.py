"""Input of a Responses request: items checked by tables, then read as turns of a conversation."""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from gateway.errors import ApiError, bad_value
from gateway.model.answer import Role, Turn
from gateway.responses.items import Item
from gateway.responses.parts import GIVEN, check_part, part_text, read_content
from gateway.validation.parameters import Param, type_name, validate_value

_NULLABLE: Final = ("string", "null")
_KIND: Final = Param("type", ("string",))
_ID: Final = Param("id", ("string", "null"))
_CALL_ID: Final = Param("call_id", ("string",), required=True, min_length=1, max_length=64)
_OUTPUT: Final = Param("output", ("string", "array"), required=True)
_STATUS: Final = Param("status", _NULLABLE, enum=("in_progress", "completed", "incomplete", "failed", "searching", "interpreting", "generating", "calling"))  # fmt: skip

ROLES: Final = ("user", "assistant", "system", "developer")

# Item type -> its members. Open to more members: clients give back what they were given.
ITEMS: Final[dict[str, tuple[Param, ...]]] = {
    "message": (
        Param("role", ("string",), enum=ROLES, required=True),
        Param("content", ("string", "array"), required=True),
        Param("phase", _NULLABLE, enum=("commentary", "final_answer")),
    ),
    "reasoning": (
        Param("summary", ("array",), required=True),
        Param("content", ("array", "null")),
        Param("encrypted_content", _NULLABLE),
    ),
    "function_call": (
        _CALL_ID,
        Param("name", ("string",), required=True),
        Param("arguments", ("string",), required=True),
    ),
    "function_call_output": (_CALL_ID, _OUTPUT),
    "custom_tool_call": (
        _CALL_ID,
        Param("name", ("string",), required=True),
        Param("input", ("string",), required=True),
    ),
    "custom_tool_call_output": (_CALL_ID, _OUTPUT),
    "item_reference": (Param("id", ("string",), required=True),),
    "web_search_call": (Param("action", ("object",)),),
    "file_search_call": (Param("queries", ("array",), required=True),),
    "code_interpreter_call": (Param("code", _NULLABLE),),
    "image_generation_call": (Param("result", _NULLABLE),),
    "mcp_call": (
        Param("name", ("string",), required=True),
        Param("arguments", ("string",), required=True),
    ),
    "mcp_list_tools": (Param("tools", ("array",), required=True),),
    "mcp_approval_request": (Param("name", ("string",), required=True),),
    "mcp_approval_response": (
        Param("approval_request_id", ("string",), required=True),
        Param("approve", ("boolean",), required=True),
    ),
    "shell_call": (_CALL_ID, Param("action", ("object",), required=True)),
    "shell_call_output": (_CALL_ID, Param("output", ("array", "string"), required=True)),
    "apply_patch_call": (_CALL_ID, Param("operation", ("object",), required=True)),
    "apply_patch_call_output": (_CALL_ID,),
    "computer_call": (_CALL_ID,),
    "computer_call_output": (_CALL_ID, Param("output", ("object",), required=True)),
    "local_shell_call": (_CALL_ID, Param("action", ("object",), required=True)),
    "local_shell_call_output": (Param("output", ("string",), required=True),),
    "tool_search_call": (Param("arguments", ("any",), required=True),),
    "tool_search_output": (Param("tools", ("array",), required=True),),
    "additional_tools": (Param("tools", ("array",), required=True),),
    "configuration_update": (),
    "compaction": (Param("encrypted_content", ("string",), required=True),),
    "compaction_trigger": (),
    "program": (),
    "program_output": (),
}

# Items that answer a call, and what errors call them. Any call will do: the real API lets a function
# call output answer a tool search.
_ANSWERS: Final = {
    "function_call_output": "function call output",
    "custom_tool_call_output": "custom tool call output",
}

Find = Callable[[str], Item | None]


def read_items(given: Any, find: Find) -> list[Item]:
    """`input` as a list of checked items, references resolved by `find`."""
    if isinstance(given, str):
        content = [{"type": "input_text", "text": given}]
        return [{"type": "message", "role": "user", "content": content}]
    return [_item(item, f"input[{index}]", find) for index, item in enumerate(given or ())]


def _item(item: Any, path: str, find: Find) -> Item:
    if not isinstance(item, dict):
        raise bad_value(
            path,
            f"Invalid type for '{path}': expected an object, but got {type_name(item)} instead.",
            "invalid_type",
        )
    kind = item.get("type")
    if kind is None:  # EasyInputMessage and item references may leave it out
        kind = "item_reference" if "id" in item and "role" not in item else "message"
    validate_value(kind, _KIND, f"{path}.type")
    if kind not in ITEMS:
        listed = ", ".join(f"'{name}'" for name in ITEMS)
        raise bad_value(path, f"Invalid value: '{kind}'. Supported values are: {listed}.")
    table = (_ID, _STATUS, *ITEMS[kind]) if kind != "item_reference" else ITEMS[kind]
    validate_value(item, Param("", ("object",), fields=table, closed=False), path)
    if kind == "item_reference":
        return _referenced(item["id"], find)
    if kind == "message":
        return {**item, "type": kind, "content": read_content(item, path)}
    if kind in _ANSWERS and isinstance(item["output"], list):
        for index, part in enumerate(item["output"]):
            check_part(part, f"{path}.output[{index}]", GIVEN)
    return {**item, "type": kind}


def _referenced(wanted: str, find: Find) -> Item:
    item = find(wanted)
    if item is None:
        raise ApiError(
            404,
            f"Item with id '{wanted}' not found. Items are not persisted when `store` is set to "
            "false. Try again with `store` set to true, or remove this item from your input.",
            param="input",
        )
    return item


def check_calls(items: Iterable[Item]) -> None:
    """Every tool output answers a call before it, and every call of a client tool is answered."""
    items = list(items)
    calls = {item.get("call_id") for item in items if item["type"].endswith("_call")}
    for item in items:
        if item["type"] in _ANSWERS and item["call_id"] not in calls:
            noun = _ANSWERS[item["type"]]
            raise ApiError(
                400,
                f"No tool call found for {noun} with call_id {item['call_id']}.",
                param="input",
            )
    outputs = {item.get("call_id") for item in items if item["type"] in _ANSWERS}
    for item in items:
        if item["type"] in {"function_call", "custom_tool_call"} and item["call_id"] not in outputs:
            noun = "function call" if item["type"] == "function_call" else "custom tool call"
            raise ApiError(
                400, f"No tool output found for {noun} {item['call_id']}.", param="input"
            )


def turns(items: Iterable[Item]) -> list[Turn]:
    """What the model reads of the items."""
    read = (_turn(item) for item in items)
    return [turn for turn in read if turn is not None]


def _turn(item: Mapping[str, Any]) -> Turn | None:
    match item["type"]:
        case "message":
            parts = item["content"]
            texts = tuple(map(part_text, parts))
            text = "\n".join(texts).removesuffix("\n")
            images = [part for part in parts if part["type"] == "input_image"]
            pictures = tuple(part.get("image_url") or "" for part in images)
            return Turn(Role(item["role"]), text, len(images), texts, pictures)
        case "function_call":
            return Turn(Role.ASSISTANT, f"{item['name']} {item['arguments']}")
        case "custom_tool_call":
            return Turn(Role.ASSISTANT, f"{item['name']} {item['input']}")
        case "function_call_output" | "custom_tool_call_output":
            output = item["output"]
            if isinstance(output, str):
                return Turn(Role.TOOL, output)
            shown = tuple(p.get("image_url") or "" for p in output if p["type"] == "input_image")
            said = "\n".join(filter(None, map(part_text, output)))
            return Turn(Role.TOOL, said, len(shown), pictures=shown)
        case "compaction":
            text = opened_compaction(item["encrypted_content"])
            return Turn(Role.DEVELOPER, text) if text else None
        case "shell_call_output" | "local_shell_call_output" | "apply_patch_call_output":
            output = item.get("output") or ""
            return Turn(Role.TOOL, output if isinstance(output, str) else json.dumps(output))
    return None  # reasoning is not read again, and hosted calls are told by their message


_SEAL: Final = "gAAAAAB"


def sealed_compaction(text: str) -> str:
    """The text in a form that a client cannot be tempted to read."""
    return _SEAL + base64.urlsafe_b64encode(text.encode("utf-8", "replace")).decode()


def opened_compaction(sealed: str) -> str:
    """The text of a sealed compaction; empty for one that was not made here."""
    try:
        return base64.urlsafe_b64decode(sealed.removeprefix(_SEAL)).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
