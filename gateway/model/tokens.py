"""The scripted model's tokenizer: words and punctuation, with the space before them."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

# A token keeps the space before it, so that joining tokens gives the text back. Long words are cut,
# so that a base64 image does not count as one token.
_TOKEN: Final = re.compile(r"[^\S\n]?\w{1,16}|[^\S\n]?[^\w\s]{1,8}|\s+")
MESSAGE_OVERHEAD: Final = 4
REPLY_OVERHEAD: Final = 3
TOOL_OVERHEAD: Final = 8
IMAGE_TOKENS: Final = 85


def tokenize(text: str) -> list[str]:
    """The tokens of a text; joined they give the text."""
    return _TOKEN.findall(text)


def count(text: str) -> int:
    return len(_TOKEN.findall(text))


def count_json(value: Any) -> int:
    return count(json.dumps(value, ensure_ascii=False, sort_keys=True))


def count_tools(tools: Iterable[Mapping[str, Any]]) -> int:
    """Tools count with all that the caller wrote about them."""
    return sum(TOOL_OVERHEAD + count_json(tool) for tool in tools)
