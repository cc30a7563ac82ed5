"""Vocabularies: what text costs in tokens, and which pieces it is cut into.

The engine is OpenAI's own `tiktoken`; the vocabularies travel with this package, so that nothing
is fetched when it runs. `tests/tokens/test_vocabulary.py` holds both to what is published.
"""

import gzip
from binascii import a2b_base64
from functools import cache, cached_property
from importlib import resources
from typing import Final

import tiktoken

# As in `tiktoken_ext.openai_public`.
_CONTRACTION: Final = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_UPPER: Final = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
_LOWER: Final = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_PATTERNS: Final = {
    "o200k_base": "|".join([
        rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+{_CONTRACTION}",
        rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*{_CONTRACTION}",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    ]),
    "cl100k_base": (
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+"
        r"| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
    ),
    # As in `dashscope.tokenizers.qwen_tokenizer`: Qwen 1 to 3 cut all digits apart.
    "qwen": (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
        r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    ),
}  # fmt: skip
CARRIED: Final = tuple(_PATTERNS)
NAMES: Final = ("o200k_base", "cl100k_base")
"""OpenAI's, which every prompt is counted with."""
OTHERS: Final = tuple(name for name in CARRIED if name not in NAMES)
"""Those of models that are put in their place: tried only where neither fits."""


class Vocabulary:
    """One published vocabulary; read from disk at its first use (half a second, 80 MB)."""

    def __init__(self, name: str) -> None:
        if name not in _PATTERNS:
            raise ValueError(f"no vocabulary {name!r} is carried: {', '.join(CARRIED)}")
        self.name = name

    def count(self, text: str) -> int:
        """Tokens of a text; what looks like a special token counts as the text that it is."""
        return len(self._encoding.encode_ordinary(text))

    def ids(self, text: str) -> list[int]:
        """The tokens of a text as the numbers that the vocabulary gives them."""
        return self._encoding.encode_ordinary(text)

    def tokens(self, text: str) -> list[bytes]:
        """The tokens of a text as bytes; joined they are its UTF-8."""
        encoding = self._encoding
        return encoding.decode_tokens_bytes(encoding.encode_ordinary(text))

    def has(self, token: bytes) -> bool:
        """Whether these bytes are one token."""
        return token in self._ranks

    @cached_property
    def _ranks(self) -> dict[bytes, int]:
        file = resources.files("wire.tokens.vocabularies") / f"{self.name}.tiktoken.gz"
        words = gzip.decompress(file.read_bytes()).split()  # token and rank in turns
        return dict(zip(map(a2b_base64, words[::2]), map(int, words[1::2]), strict=True))

    @cached_property
    def _encoding(self) -> tiktoken.Encoding:
        # No special tokens: text of users and models is never read as one.
        return tiktoken.Encoding(
            self.name,
            pat_str=_PATTERNS[self.name],
            mergeable_ranks=self._ranks,
            special_tokens={},
        )


@cache
def vocabulary(name: str) -> Vocabulary:
    """The vocabulary of a name, one a process. Raises ValueError for one that is not carried."""
    return Vocabulary(name)
