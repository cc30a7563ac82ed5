"""Rules about what accompanies the deltas of a stream: log probabilities and obfuscation."""

from typing import Any

from conformance.chat.chunk import chunks
from conformance.chat.kinds import STREAM, options
from conformance.chat.said import choices, intact, member, said
from conformance.rule import Finding, Findings, rule, show
from wire.exchange import Exchange

WITH_LOGPROBS = STREAM.only(
    "with log probabilities",
    lambda x: x.request.params.get("logprobs") is True,
    "chat.logprobs-stream",
)


@rule("chat.stream.logprobs", on=WITH_LOGPROBS)
def logprobs_cover(x: Exchange) -> Findings:
    for choice in said(x) if intact(x) else ():
        rows = member(choice.logprobs, "content") or choice.logprobs
        tokens = rows.get("content") if isinstance(rows, dict) else None
        heard = b"".join(_bytes(token) for token in tokens) if isinstance(tokens, list) else b""
        spoken = (
            choice.content.encode("utf-8", "replace") if isinstance(choice.content, str) else b""
        )
        if heard != spoken:
            where = f"{choice.where}, logprobs.content[].bytes"
            yield Finding(where, f"{len(spoken)} bytes of text", f"{len(heard)} bytes of tokens")


def _bytes(token: Any) -> bytes:
    """A token's bytes; its text where there are none."""
    given = token.get("bytes") if isinstance(token, dict) else None
    if isinstance(given, list) and all(type(b) is int and 0 <= b < 256 for b in given):
        return bytes(given)
    text = token.get("token") if isinstance(token, dict) else None
    return text.encode("utf-8", "replace") if isinstance(text, str) else b""


PADDED = STREAM.only(
    "with obfuscation", lambda x: any("obfuscation" in chunk for _, chunk in chunks(x))
)
BARE = STREAM.only(
    "that asked for no obfuscation",
    lambda x: options(x).get("include_obfuscation") is False,
    "chat.obfuscation-off",
)


@rule("chat.stream.obfuscation", on=PADDED)
def obfuscation_varies(x: Exchange) -> Findings:
    """The padding is there to even out texts of different lengths, so it cannot be constant."""
    texts: list[tuple[int, int]] = []
    for index, chunk in chunks(x):
        delta = [member(choice, "delta").get("content") for _, choice in choices(chunk)]
        padding = chunk.get("obfuscation")
        if delta and isinstance(delta[0], str) and delta[0]:
            if padding is None:
                yield Finding(f"event {index}, obfuscation", "a string as elsewhere", "none", index)
                return
            if isinstance(padding, str):
                texts.append((len(delta[0]), len(padding)))
    if len(texts) >= 8 and len({size for size, _ in texts}) > 2 and len({p for _, p in texts}) == 1:
        found = f"{texts[0][1]} characters in each of {len(texts)} chunks"
        yield Finding("obfuscation", "a length that varies", found)


@rule("chat.stream.obfuscation-off", on=BARE)
def obfuscation_off(x: Exchange) -> Findings:
    for index, chunk in chunks(x):
        if "obfuscation" in chunk:
            yield Finding(
                f"event {index}, obfuscation", "no such key", show(chunk["obfuscation"]), index
            )
            return
