"""What the chat probes ask for, and what a request asks for when one reads it again."""

import json
import re
from typing import Any, Final, NamedTuple

from conformance.running.budget import usage_of
from wire.exchange import Exchange

# Whitespace at both ends and doubled, quotes, escapes, letters of two to four bytes, a joined emoji,
# a flag, right-to-left text, a line separator. No two neighbours are alike, so that a swap shows.
TEXT: Final = (
    "  Żółw naïve café, 世界 🚀 👩‍🚀 🇧🇷 שלום مرحبا \u2028"
    'one "two" it\'s {three}  four\\n five\tsix <b>&amp; seven</b>\n\nEight; nine. Ten!  '
)
SHORT: Final = 'Été 世界 👩‍🚀: "alpha" beta, gamma — delta 42.'
# Words of the wire, of templates and of reasoning, at an end that is half of a stop sequence.
PROTOCOL: Final = (
    "data: [DONE]\n\n[DONE] event: done\n: comment\n</think> <think>a</think> <|im_end|> <|endoftext|> "
    "<|channel|>final [TOOL_CALLS] <tool_call>{}</tool_call> ```json {} ``` &lt; [INST] <"
)
# Characters that models like to drop or to replace; a transport loses them no more than others.
FRAGILE: Final = re.compile("[\u200b-\u200f\u2028\u2029\ufe0f]")
LIMITS: Final = (
    "stop",
    "response_format",
    "tools",
    "functions",
)
TOKENS: Final = ("max_completion_tokens", "max_tokens")
_LENGTH: Final = re.compile(r'"finish_reason"\s*:\s*"length"')
_ECHO: Final = re.compile(r"Repeat the text between the markers.*?\n<<<\n(.*)\n>>>", re.DOTALL)
_COUNT: Final = re.compile(r"Count from 1 to (\d{1,4})\b")
_PACE: Final = re.compile(r"\[\[(pace|ttft) (\d+)\]\]")
_CALL: Final = re.compile(r"Call the tool ([\w-]+)(?: with (arguments|input) )?")


def echo(text: str = TEXT) -> str:
    return f"Repeat the text between the markers exactly, and write nothing else.\n<<<\n{text}\n>>>"


def user(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def prompt(x: Exchange) -> str:
    """The last message, when it is a user's plain text; else an empty text."""
    messages = x.request.params.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    text = last.get("content") if isinstance(last, dict) and last.get("role") == "user" else None
    return text if isinstance(text, str) else ""


def text_asked(x: Exchange) -> str | None:
    """The text that the answer has to be, when the request asks for one by its letters."""
    if any(x.request.params.get(name) for name in LIMITS) or cut_by_limit(x):
        return None
    text = prompt(x)
    if echoed := _ECHO.search(text):
        return echoed[1]
    return count_asked(x)


def limit_of(x: Exchange) -> int | None:
    """The smallest limit of output that a request sets."""
    limits = [n for name in TOKENS if type(n := x.request.params.get(name)) is int]
    return min(limits, default=None)


def at_limit(x: Exchange) -> bool:
    """Whether the limit of output may have ended the answer, as far as its usage tells."""
    limit = limit_of(x)
    usage = usage_of(x) if limit is not None else None
    if limit is None or not usage or not usage.completion_tokens:
        return limit is not None
    says_so = _LENGTH.search(x.reply.text) is not None
    # More than all choices together may have, and whole: the server kept no limit. Where it says that it
    # cut, its count is wrong, which is the affair of usage alone.
    number = x.request.params.get("n")
    most = limit * (number if type(number) is int and number > 0 else 1)
    used = usage.completion_tokens
    if says_so:  # the token that ends an answer is counted by some and not by others
        return used + 1 >= limit
    return limit <= used <= most


def cut_by_limit(x: Exchange) -> bool:
    """Whether an answer ends at its limit: by its usage, or where it has none by what it says."""
    if usage_of(x) is not None:
        return at_limit(x)
    return _LENGTH.search(x.reply.text) is not None


def count_asked(x: Exchange) -> str | None:
    """The count that the answer has to be, or to begin when a limit or a stop word cuts it."""
    counted = None if x.request.params.get("response_format") else _COUNT.search(prompt(x))
    return " ".join(str(n) for n in range(1, int(counted[1]) + 1)) if counted else None


def pace_asked(x: Exchange) -> dict[str, int]:
    """The paces that a request orders from the scripted model, in milliseconds, by name."""
    return {name: int(ms) for name, ms in _PACE.findall(prompt(x))}


class CallAsked(NamedTuple):
    """A call that a request orders. `wanted` is a JSON value for functions, a text for custom tools."""

    name: str
    kind: str
    wanted: Any


def calls_asked(x: Exchange) -> list[CallAsked]:
    """The tool calls that the last message orders, with their arguments or input."""
    text = prompt(x)
    found: list[CallAsked] = []
    for match in _CALL.finditer(text):
        rest = text[match.end() :]
        if match[2] == "input":
            found.append(CallAsked(match[1], "custom", rest.partition("\n")[0].strip()))
        elif match[2] == "arguments":
            try:
                value, _ = json.JSONDecoder().raw_decode(rest)
            except ValueError:
                continue
            found.append(CallAsked(match[1], "function", value))
    return found
