"""Answers to open questions: another for each model, and for each time that it is asked warmly."""

import random
import re
from typing import Final

from gateway.model.answer import Generation

_WORDS: Final = re.compile(r"Write twelve words that come to your mind", re.IGNORECASE)
_DESCRIBE: Final = re.compile(r"Describe .+ in thirty words", re.IGNORECASE)
_MIND: Final = [
    "amber", "anchor", "apple", "arch", "autumn", "bell", "birch", "bridge", "brook", "candle",
    "canvas", "cedar", "cloud", "clover", "coral", "crane", "dawn", "delta", "dune", "ember",
    "falcon", "fern", "fjord", "flint", "forest", "fox", "frost", "garden", "glass", "grove",
    "harbour", "hazel", "heron", "hill", "honey", "ink", "iris", "island", "ivory", "jade",
    "juniper", "lantern", "lark", "ledge", "lemon", "lichen", "linen", "maple", "marble", "meadow",
    "mill", "mint", "mist", "moss", "oak", "ocean", "olive", "orchard", "otter", "pearl", "pebble",
    "pine", "plum", "pond", "quartz", "quill", "rain", "reed", "ridge", "river", "robin", "rust",
    "saffron", "sail", "salt", "sand", "shell", "silver", "slate", "smoke", "snow", "sparrow",
    "spring", "stone", "storm", "thistle", "thunder", "tide", "timber", "valley", "velvet",
    "violet", "walnut", "wave", "willow", "wind", "winter", "wren", "yarrow",
]  # fmt: skip


def open_answer(text: str, asked: Generation) -> str | None:
    """The answer to an open question; None when the text is none."""
    number = 12 if _WORDS.search(text) else 30 if _DESCRIBE.search(text) else 0
    if not number:
        return None
    # At temperature 0 the same question has the same answer; else each time another.
    seed = f"{asked.model}\0{text}\0{asked.salt if asked.temperature != 0 else ''}"
    return " ".join(random.Random(seed).sample(_MIND, number))  # noqa: S311 - nothing is guarded
