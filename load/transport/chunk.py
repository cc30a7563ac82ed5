"""The few fields of a chat chunk that a load run reads, decoded in C."""

from typing import Any, Final

import msgspec


class Delta(msgspec.Struct, gc=False):
    content: str | None = None
    role: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: list[Any] | None = None


class Choice(msgspec.Struct, gc=False):
    delta: Delta
    index: int
    finish_reason: str | None = None


class Chunk(msgspec.Struct, gc=False):
    choices: list[Choice]
    id: str | None = None
    model: str | None = None
    usage: dict[str, Any] | None = None
    error: Any = None


decode: Final = msgspec.json.Decoder(Chunk).decode
decode_lines: Final = msgspec.json.Decoder(Chunk).decode_lines
