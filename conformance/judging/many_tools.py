"""As many tools as may be: which of them are called, and what their schemas allow."""

from typing import Any, Final

MANY_TOOLS: Final = 128


def numbered(number: int) -> str:
    return f"tool_{number:03}"


def mode_of(number: int) -> str:
    """The one value that a tool's schema allows."""
    return f"mode-{number}"


def schema_of(number: int) -> dict[str, Any]:
    """A strict schema, told by reference as Pydantic and Zod write it, with one value only."""
    return {
        "type": "object",
        "properties": {"mode": {"$ref": "#/$defs/mode"}},
        "required": ["mode"],
        "additionalProperties": False,
        "$defs": {"mode": {"type": "string", "enum": [mode_of(number)]}},
    }


CALLED: Final = (20, MANY_TOOLS)
"""The tools that are called: one in the middle of the list and the last."""
CALL_THEM: Final = (
    f"Call the tool {numbered(CALLED[0])} and then Call the tool {numbered(CALLED[1])}. "
    "Make both calls at once."
)
