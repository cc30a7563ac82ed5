"""Tools of a Responses request: checked, echoed with their defaults, and read."""

from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple

from gateway.errors import bad_value, missing
from gateway.faults.machinery.strictness import unfit
from gateway.model.answer import Kind, Tool
from gateway.responses.items import TOOL_SCRIPTS
from gateway.validation.parameters import Param, validate_value
from gateway.validation.shared import tool_name

Body = Mapping[str, Any]

TYPE: Final = Param("type", ("string",), required=True)
_NAME: Final = Param("name", ("string",), required=True, check=tool_name)
_TEXT: Final = ("string", "null")

# Tool type -> its members. Open to more: the API adds members faster than anyone writes them down.
_MEMBERS: Final[dict[str, tuple[Param, ...]]] = {
    "function": (
        _NAME,
        Param("description", _TEXT),
        Param("parameters", ("object", "null")),
        Param("strict", ("boolean", "null")),
    ),
    "custom": (_NAME, Param("description", _TEXT), Param("format", ("object", "null"))),
    "namespace": (
        _NAME,
        Param("description", ("string",), required=True),
        Param("tools", ("array",), required=True, min_items=1),
    ),
    "tool_search": (
        Param("execution", _TEXT, enum=("server", "client")),
        Param("description", _TEXT),
        Param("parameters", ("object", "null")),
    ),
    "file_search": (Param("vector_store_ids", ("array",), required=True, min_items=1),),
    "web_search": (),
    "web_search_2025_08_26": (),
    "web_search_preview": (),
    "web_search_preview_2025_03_11": (),
    "code_interpreter": (Param("container", ("string", "object"), required=True),),
    "image_generation": (Param("partial_images", ("integer", "null"), low=0, high=3),),
    "mcp": (Param("server_label", ("string",), required=True),),
    "computer": (),
    "computer_use_preview": (
        Param("display_height", ("integer",), required=True),
        Param("display_width", ("integer",), required=True),
        Param("environment", ("string",), required=True),
    ),
    "local_shell": (),
    "shell": (),
    "apply_patch": (),
    "programmatic_tool_calling": (),
}
_INNER: Final = ("function", "custom")  # what a namespace may hold
_FORMAT: Final = (
    Param("type", ("string",), enum=("text", "grammar"), required=True),
    Param("syntax", ("string",), enum=("lark", "regex")),
    Param("definition", ("string",)),
)

_LOCATION: Final = {
    "type": "approximate", "city": None, "country": "US", "region": None, "timezone": None,
}  # fmt: skip
# Tool type -> what the answer's echo shows where the caller left something out.
_DEFAULTS: Final[dict[str, dict[str, Any]]] = {
    "function": {"description": None, "output_schema": None, "parameters": {}, "strict": True},
    "custom": {"description": None, "format": {"type": "text"}},
    "tool_search": {"description": None, "execution": "server", "parameters": None},
    "file_search": {
        "filters": None,
        "max_num_results": 20,
        "ranking_options": {"ranker": "auto", "score_threshold": 0.0},
    },
    "web_search": {
        "filters": None, "search_context_size": "medium", "user_location": _LOCATION,
    },
    "web_search_preview": {"search_context_size": "medium", "user_location": _LOCATION},
    "image_generation": {
        "background": "auto", "moderation": "auto", "n": 1, "output_compression": 100,
        "output_format": "png", "quality": "auto", "size": "auto",
    },
    "mcp": {
        "allowed_tools": None, "headers": None, "require_approval": "always",
        "server_description": None,
    },
}  # fmt: skip


class Toolbox(NamedTuple):
    """What the request says about tools, read."""

    echo: list[dict[str, Any]]
    callable: tuple[Tool, ...]  # functions and custom tools, those of namespaces too
    hosted: tuple[str, ...]  # types of tools that the server runs


def read_tools(body: Body) -> Toolbox:
    """Checks `tools` and reads them; raises an `ApiError` that names the tool."""
    tools = body.get("tools") or []
    echo: list[dict[str, Any]] = []
    found: list[Tool] = []
    hosted: list[str] = []
    for index, tool in enumerate(tools):
        path = f"tools[{index}]"
        _check(tool, path)
        if tool["type"] == "namespace":
            for number, inner in enumerate(tool["tools"]):
                _check(inner, f"{path}.tools[{number}]", _INNER)
                found += _callable(inner, tool["name"])
        elif tool["type"] in TOOL_SCRIPTS:
            hosted.append(tool["type"])
        found += _callable(tool, None)
        echo.append(_echo(tool))
    return Toolbox(echo, tuple(found), tuple(hosted))


def _check(tool: Any, path: str, kinds: Collection[str] = tuple(_MEMBERS)) -> None:
    validate_value(tool, Param("", ("object",), fields=(TYPE,), closed=False), path)
    kind = tool["type"]
    if kind not in kinds:
        listed = ", ".join(f"'{name}'" for name in kinds)
        raise bad_value(f"{path}.type", f"Invalid value: '{kind}'. Supported values are: {listed}.")
    validate_value(tool, Param("", ("object",), fields=_MEMBERS[kind], closed=False), path)
    if kind == "function":
        _check_parameters(tool, path)
    if kind == "custom" and tool.get("format"):
        validate_value(tool["format"], Param("", ("object",), fields=_FORMAT), f"{path}.format")
        if tool["format"]["type"] == "grammar":
            for name in ("syntax", "definition"):
                if name not in tool["format"]:
                    place = f"{path}.format.{name}"
                    raise missing(place)


def _check_parameters(tool: Body, path: str) -> None:
    schema = tool.get("parameters") or {"type": "object", "additionalProperties": False}
    reason = unfit(schema, strict=tool.get("strict") is True)
    if reason:
        raise bad_value(
            f"{path}.parameters",
            f"Invalid schema for function '{tool['name']}': {reason}",
            "invalid_function_parameters",
        )


def _echo(tool: Body) -> dict[str, Any]:
    defaults = _DEFAULTS.get(tool["type"], {})
    shown = {"type": tool["type"], **defaults, **tool}
    if tool["type"] == "function":
        # null means "as you like" for both, and the API answers with what it took.
        shown["strict"] = True if tool.get("strict") is None else tool["strict"]
        shown["parameters"] = tool.get("parameters") or {}
    if tool["type"] == "namespace":
        shown["tools"] = [_echo(inner) for inner in tool["tools"]]
    if tool["type"] == "mcp" and "authorization" in shown:
        shown["authorization"] = "<redacted>"  # a secret goes in and never out
    return shown


def _callable(tool: Body, namespace: str | None) -> list[Tool]:
    if tool["type"] not in {"function", "custom"}:
        return []
    return [
        Tool(
            name=tool["name"],
            kind=Kind(tool["type"]),
            description=tool.get("description") or "",
            parameters=tool.get("parameters"),
            namespace=namespace,
        )
    ]
