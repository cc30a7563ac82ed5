"""Texts and calls that a model is told to make, and how to read them back out of a request."""

import re
from typing import Any, Final, NamedTuple

from wire.exchange import Exchange, Invalid, parse_json

# One line of each kind of trouble: accents, wide and composed characters, emoji joined of several,
# right to left, a line separator that splits lines in JavaScript, quotes, backslashes, blank lines.
ECHO: Final = (
    "Zoë\u2019s naïve “test” — 世界, 你好; e\u0301 and ﬁ\n"
    "👩\u200d🚀🚀🏳️\u200d🌈 מבחן עברי, تجربة\u2028next\n"
    "\n"
    '    {"key": [1, 2.50], "a\\\\b": "\\n"}  <b>&amp;</b>\n'
    "data: [DONE] \\u00e9 end."
)
SPACES: Final = "  deux, café\n\ttab, and after: \n\n "
_ECHO: Final = re.compile(
    r"Repeat the text between the markers exactly.*?\n<<<\n(.*)\n>>>", re.DOTALL
)
_CALL: Final = re.compile(r"call the tool ([\w-]+) with arguments (?=\{)", re.IGNORECASE)
_INPUT: Final = re.compile(r"call the tool ([\w-]+) with input ([^\n]*)", re.IGNORECASE)


class Call(NamedTuple):
    name: Any
    arguments: Any
    """The value of a function's arguments, or the text of a custom tool's input."""


def repeat(text: str) -> str:
    """A prompt that asks for a text."""
    return f"Repeat the text between the markers exactly, and write nothing else.\n<<<\n{text}\n>>>"


def asked_text(x: Exchange) -> str | None:
    """The text that a request tells the model to repeat."""
    prompt = x.request.params.get("input")
    found = _ECHO.search(prompt) if isinstance(prompt, str) else None
    return found[1] if found else None


def asked_calls(x: Exchange) -> list[Call]:
    """The calls that a request tells the model to make, in order."""
    prompt = x.request.params.get("input")
    if not isinstance(prompt, str):
        return []
    found = []
    for match in _CALL.finditer(prompt):
        # The arguments end where their braces do; a line holds one call.
        line = prompt[match.end() :].partition("\n")[0]
        value = parse_json(line[: line.rfind("}") + 1])
        found.append((match.start(), Call(match[1], value)))
    found += [(match.start(), Call(match[1], match[2])) for match in _INPUT.finditer(prompt)]
    return [call for _, call in sorted(found, key=lambda entry: entry[0])]


def made_calls(items: list[dict[str, Any]]) -> list[Call]:
    """The calls among output items."""
    calls = []
    for item in items:
        if item.get("type") == "function_call":
            text = item.get("arguments")
            value = parse_json(text) if isinstance(text, str) else Invalid("not a string")
            calls.append(Call(item.get("name"), value))
        elif item.get("type") == "custom_tool_call":
            calls.append(Call(item.get("name"), item.get("input")))
    return calls
