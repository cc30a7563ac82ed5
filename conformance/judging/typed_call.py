"""A call with arguments of every JSON type, and values compared as JSON has them: 5 is not 5.0.

Gateways parse arguments and write them again; what they turn into floats, round, quote or drop shows
here. The name is as long as names may be, with hyphens and capitals, as those of MCP servers are.
"""

import json
from typing import Any, Final

from wire.exchange import Invalid

NAME: Final = "Set-Values_v2".ljust(62, "x") + "-1"
ARGUMENTS: Final[dict[str, Any]] = {
    "count": 5,
    "big": 9007199254740993,
    "less": -7,
    "ratio": 0.1,
    "yes": True,
    "no": False,
    "none": None,
    "blank": "",
    "list": [],
    "object": {},
    "deep": {"a": [1, {"b": ["é 世界 🚀", None, 2.5]}]},
    "text": 'data: [DONE]\n</tool_call> </think> <|im_end|> {"a": 1} <',
}
_KINDS: Final = {
    "count": "integer", "big": "integer", "less": "integer", "ratio": "number", "yes": "boolean",
    "no": "boolean", "none": "null", "blank": "string", "text": "string", "object": "object",
}  # fmt: skip
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        **{name: {"type": kind} for name, kind in _KINDS.items()},
        "list": {"type": "array", "items": {"$ref": "#/$defs/item"}},
        "deep": {"$ref": "#/$defs/deep"},
    },
    "required": list(ARGUMENTS),
    "$defs": {
        "item": {"type": "string"},
        "deep": {"type": "object", "properties": {"a": {"type": "array", "items": {}}}},
    },
}
DESCRIPTION: Final = "Takes values of every type, as they are."
TOLD: Final = f"{NAME} with arguments {json.dumps(ARGUMENTS, ensure_ascii=False)}"


def exact(value: Any) -> str:
    """A JSON value as a text that tells its types: whole numbers, decimals, booleans, null."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=repr)


def rewritten(told: Any, made: Any) -> bool:
    """Whether a value is the told one but for what a rewriting of its numbers did to it.

    A model that calls otherwise writes something else; whoever makes 5.0 of 5, or rounds a whole number
    to what a double holds, has parsed the arguments and written them anew.
    """
    if isinstance(made, Invalid) or exact(told) == exact(made):
        return False
    return exact(_doubled(told)) == exact(_doubled(made))


def _doubled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _doubled(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_doubled(inner) for inner in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
