"""The forms in which a secret can stand in bytes: plain, escaped, encoded, and in pieces over a stream."""

import base64
import html
import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate
from typing import Final
from urllib.parse import quote

_BASE64: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")
# What mixed escapes need; bytes without them need no slow search.
_ESCAPES: Final = (b"\\u", b"\\x", b"%", b"&#")
# String members whose values streams bring in pieces.
_PIECE: Final = re.compile(
    rb'"(content|delta|text|arguments|refusal|input|reasoning|reasoning_content|transcript|message|token)"'
    rb'\s*:\s*"((?:[^"\\]|\\.)*)"'
)
_JOINED_MOST: Final = 4 * 2**20


@lru_cache(maxsize=512)
def plain_forms(secret: str) -> list[bytes]:
    """The secret as text: as it is, JSON-escaped, percent-encoded, as HTML and as hexadecimal digits."""
    encoded = secret.encode("utf-8", "surrogatepass")
    percent = quote(encoded, safe="")
    texts = {
        encoded,
        json.dumps(secret)[1:-1].encode(),
        json.dumps(secret)[1:-1].replace("/", "\\/").encode(),
        json.dumps(secret, ensure_ascii=False)[1:-1].encode("utf-8", "surrogatepass"),
        quote(encoded, safe="/").encode(),
        percent.encode(),
        percent.replace("%20", "+").encode(),
        re.sub("%..", lambda escape: escape[0].lower(), percent).encode(),
        html.escape(secret).encode("utf-8", "surrogatepass"),
        encoded.hex().encode(),
        encoded.hex().upper().encode(),
    }
    return sorted(texts, key=lambda text: (-len(text), text))


@lru_cache(maxsize=512)
def escaped_form(secret: str) -> re.Pattern[bytes]:
    """The secret with any of its characters escaped, each in a way of its own."""
    return re.compile(b"".join(_escaped(character) for character in secret))


def _escaped(character: str) -> bytes:
    code = ord(character)
    ways = [re.escape(character.encode("utf-8", "surrogatepass"))]
    if code < 0x10000:
        ways.append(rb"\\{1,2}u(?i:%04x)" % code)
    if code < 0x100:
        ways += [rb"\\x(?i:%02x)" % code, rb"%%(?:25)?(?i:%02x)" % code]
    ways += [rb"&#0*%d;" % code, rb"&#[xX]0*(?i:%x);" % code]
    return b"(?:" + b"|".join(ways) + b")"


@lru_cache(maxsize=512)
def base64_cores(secret: str) -> list[bytes]:
    """What base64 of any text with the secret in it contains, for each of the three alignments."""
    raw = secret.encode("utf-8", "surrogatepass")
    cores = set()
    for before in range(3):
        # Characters with bits of a neighbour are not of the secret alone.
        first, last = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        text = b"\0" * before + raw
        cores.add(base64.b64encode(text)[first:last])
        cores.add(base64.urlsafe_b64encode(text)[first:last])
    return sorted(cores)


def escaped_places(form: re.Pattern[bytes], data: bytes) -> Iterator[tuple[int, int]]:
    """Where a secret stands with escapes in it."""
    if any(escape in data for escape in _ESCAPES):
        for match in form.finditer(data):
            yield match.span()


def base64_places(core: bytes, data: bytes) -> Iterator[tuple[int, int]]:
    """Where base64 with the secret in it stands, to the ends of the base64."""
    place = data.find(core)
    while place >= 0:
        start, end = place, place + len(core)
        while start and data[start - 1] in _BASE64:
            start -= 1
        while end < len(data) and data[end] in _BASE64:
            end += 1
        end += len(data[end : end + 2]) - len(data[end : end + 2].lstrip(b"="))
        yield start, end
        place = data.find(core, end)  # what else stands in this run is taken out with it


def split_places(forms: list[bytes], data: bytes) -> Iterator[tuple[int, int]]:
    """The pieces of a secret that the deltas of a stream bring one after the other."""
    if data.count(b"data:") < 2:
        return
    pieces: dict[bytes, list[tuple[int, int]]] = {}
    for match in _PIECE.finditer(data):
        pieces.setdefault(match[1], []).append(match.span(2))
    for spans in pieces.values():
        joined = b"".join(data[start:end] for start, end in spans)[:_JOINED_MOST]
        begins = [0, *accumulate(end - start for start, end in spans)]
        for form in forms:
            place = joined.find(form)
            while place >= 0:
                yield from _pieces(spans, begins, place, place + len(form))
                place = joined.find(form, place + len(form))


def _pieces(
    spans: list[tuple[int, int]], begins: list[int], first: int, last: int
) -> Iterator[tuple[int, int]]:
    """Where the joined bytes from `first` to `last` stand; `begins` says where each span begins in them."""
    for n in range(bisect_right(begins, first) - 1, bisect_left(begins, last)):
        (start, end), at = spans[n], begins[n]
        if start < end:
            yield start + max(first - at, 0), start + min(last - at, end - start)
