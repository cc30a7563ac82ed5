"""Tools and tool_choice of a chat request: checked and read."""

from collections.abc import Mapping
from typing import Any, Final

from gateway.errors import bad_value, missing
from gateway.faults.machinery.strictness import unfit
from gateway.model.answer import Choice, Kind, Mode, Tool
from gateway.validation.parameters import Param, validate_value
from gateway.validation.shared import tool_name

Body = Mapping[str, Any]


_NAME: Final = Param("name", ("string",), required=True, check=tool_name)
_TEXT: Final = Param("description", ("string", "null"))
_GRAMMAR: Final = Param(
    "grammar",
    ("object",),
    fields=(
        Param("syntax", ("string",), enum=("lark", "regex"), required=True),
        Param("definition", ("string",), required=True),
    ),
)
_FORMAT: Final = Param(
    "format",
    ("object", "null"),
    fields=(Param("type", ("string",), enum=("text", "grammar"), required=True), _GRAMMAR),
    closed=False,
)
# Tool type -> what stands under the member of the same name.
_MEMBERS: Final[dict[str, tuple[Param, ...]]] = {
    "function": (
        _NAME,
        _TEXT,
        Param("parameters", ("object", "null")),
        Param("strict", ("boolean", "null")),
    ),
    "custom": (_NAME, _TEXT, _FORMAT),
}


def read_tools(tools: list[Any]) -> tuple[Tool, ...]:
    return tuple(_tool(tool, f"tools[{index}]") for index, tool in enumerate(tools))


def _tool(tool: Any, path: str) -> Tool:
    validate_value(tool, Param("", ("object",)), path)
    if "type" not in tool:
        raise missing(f"{path}.type")
    kind = tool["type"]
    validate_value(kind, Param("", ("string",), enum=tuple(_MEMBERS)), f"{path}.type")
    if kind not in tool:
        raise missing(f"{path}.{kind}")
    inner = tool[kind]
    validate_value(
        inner, Param("", ("object",), fields=_MEMBERS[kind], closed=False), f"{path}.{kind}"
    )
    schema = inner.get("parameters") or {"type": "object", "additionalProperties": False}
    if reason := unfit(schema, strict=inner.get("strict") is True):
        raise bad_value(
            f"{path}.function.parameters",
            f"Invalid schema for function '{inner['name']}': {reason}",
            "invalid_function_parameters",
        )
    return Tool(
        name=inner["name"],
        kind=Kind(kind),
        description=inner.get("description") or "",
        parameters=inner.get("parameters"),
    )


def read_choice(choice: Any, tools: tuple[Tool, ...]) -> Choice:
    """tool_choice, checked against the tools."""
    if choice is None or isinstance(choice, str):
        return Choice(Mode(choice or "auto"))
    kind = choice.get("type")
    if kind == "allowed_tools":
        return _allowed(choice.get("allowed_tools"), tools)
    return Choice(named=_named(choice, tools, "tool_choice"))


def _named(choice: Any, tools: tuple[Tool, ...], path: str) -> str:
    validate_value(choice, Param("", ("object",)), path)
    kind = choice.get("type")
    if kind is None:
        raise missing(f"{path}.type")
    words = ("function", "custom", "allowed_tools")
    validate_value(kind, Param("", ("string",), enum=words), f"{path}.type")
    if kind not in choice:
        raise missing(f"{path}.{kind}")
    fields = (Param("name", ("string",), required=True),)
    validate_value(choice[kind], Param("", ("object",), fields=fields), f"{path}.{kind}")
    name = str(choice[kind]["name"])
    if not any(tool.name == name and tool.kind == kind for tool in tools):
        raise bad_value(path, f"Tool choice '{kind}' '{name}' not found in 'tools' parameter.")
    return name


def _allowed(allowed: Any, tools: tuple[Tool, ...]) -> Choice:
    path = "tool_choice.allowed_tools"
    if allowed is None:
        raise missing(path)
    fields = (
        Param("mode", ("string",), enum=("auto", "required"), required=True),
        Param("tools", ("array",), required=True, min_items=1),
    )
    validate_value(allowed, Param("", ("object",), fields=fields), path)
    names = tuple(
        _named(tool, tools, f"{path}.tools[{index}]") for index, tool in enumerate(allowed["tools"])
    )
    return Choice(Mode(allowed["mode"]), names=names)
