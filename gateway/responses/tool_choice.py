"""tool_choice of a Responses request: checked against the tools, and read."""

from typing import Final, NamedTuple

from gateway.errors import bad_value, missing
from gateway.model.answer import Choice, Kind, Mode
from gateway.responses.items import TOOL_SCRIPTS
from gateway.responses.tools import TYPE, Body, Toolbox
from gateway.validation.parameters import Param, validate_value

_ALLOWED: Final = Param(
    "",
    ("object",),
    fields=(
        Param("mode", ("string",), enum=("auto", "required")),
        Param(
            "tools",
            ("array",),
            required=True,
            min_items=1,
            items=Param("", ("object",), fields=(TYPE,), closed=False),
        ),
    ),
    closed=False,
)


class ToolChoice(NamedTuple):
    """tool_choice, read: what the model may call, and a hosted tool that it must use."""

    choice: Choice
    hosted: str | None = None


_WORDS: Final = {"computer_use": "computer"}


def read_choice(body: Body, box: Toolbox) -> ToolChoice:
    """Checks `tool_choice` against the tools and reads it."""
    choice = body.get("tool_choice") or "auto"
    if isinstance(choice, str):
        if choice == "required" and not box.echo:
            raise bad_value(
                "tool_choice", "Tool choice 'required' must be specified with 'tools' parameter."
            )
        only_hosted = choice == "required" and not box.callable and box.hosted
        return ToolChoice(Choice(Mode(choice)), box.hosted[0] if only_hosted else None)
    validate_value(choice, Param("", ("object",), fields=(TYPE,), closed=False), "tool_choice")
    kind = choice["type"]
    if kind in {"function", "custom"}:
        return ToolChoice(Choice(named=_named(choice, box, "tool_choice")))
    if kind == "allowed_tools":
        return _allowed(choice, box)
    if kind in TOOL_SCRIPTS or kind in _WORDS:
        kind = _WORDS.get(kind, kind)
        if kind not in box.hosted:
            raise bad_value("tool_choice", f"Tool choice '{kind}' not found in 'tools' parameter.")
        return ToolChoice(Choice(Mode.NONE), kind)
    if kind == "programmatic_tool_calling":
        raise bad_value("tool_choice.type", "Programmatic tool calling is not served here.")
    raise bad_value(
        "tool_choice.type",
        f"Invalid value: '{kind}'. Supported values are: 'function', 'custom', 'allowed_tools', "
        + ", ".join(f"'{name}'" for name in TOOL_SCRIPTS)
        + ".",
    )


def _named(choice: Body, box: Toolbox, path: str) -> str:
    name = choice.get("name")
    if not isinstance(name, str):
        raise missing(f"{path}.name")
    kind = Kind(choice["type"])
    if not any(tool.name == name and tool.kind is kind for tool in box.callable):
        raise bad_value(path, f"Tool choice '{kind}' '{name}' not found in 'tools' parameter.")
    return name


def _allowed(choice: Body, box: Toolbox) -> ToolChoice:
    validate_value(choice, _ALLOWED, "tool_choice")
    mode, tools = choice.get("mode", "auto"), choice["tools"]
    names: list[str] = []
    hosted: list[str] = []
    for index, tool in enumerate(tools):
        path = f"tool_choice.tools[{index}]"
        kind = tool["type"]
        if kind in {"function", "custom"}:
            names.append(_named(tool, box, path))
        elif kind in box.hosted:
            hosted.append(kind)
        else:
            raise bad_value(path, "An allowed tool must be one of 'tools'.")
    only_hosted = mode == "required" and hosted and not names
    return ToolChoice(Choice(Mode(mode), names=tuple(names)), hosted[0] if only_hosted else None)
