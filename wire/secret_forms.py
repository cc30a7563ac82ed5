"""The forms in which a secret can stand in bytes: plain, escaped, encoded, and in pieces over a stream."""

import base64
import html
import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import lru_cache
from heapq import merge
from itertools import accumulate
from typing import Final, NamedTuple
from urllib.parse import quote

_BASE64: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")
# String members whose values streams bring in pieces.
_PIECE: Final = re.compile(
    rb'"(content|delta|text|arguments|refusal|input|reasoning|reasoning_content|transcript|message|token)"'
    rb'\s*:\s*"((?:[^"\\]|\\.)*)"'
)
_JOINED_MOST: Final = 4 * 2**20
# JSON in JSON has a second backslash before an escape.
_SECOND: Final = rb"\\?"


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


class Escaped(NamedTuple):
    """A secret with any of its characters escaped, each in a way of its own."""

    whole: re.Pattern[bytes]
    single: list[re.Pattern[bytes]]
    """Escapes of any of its characters, by kind: only around these the whole is looked for, which is slow.

    Each begins with letters of its own, for which the search is fast.
    """
    reach_bytes: int
    """So far from an escape stands at most what else is of the secret."""


@lru_cache(maxsize=512)
def escaped_form(secret: str) -> Escaped:
    """What finds the secret where at least one of its characters is escaped."""
    plain = [character.encode("utf-8", "surrogatepass") for character in secret]
    whole = b"".join(
        b"(?:%s)" % b"|".join([re.escape(letter), *_escapes(character)])
        for letter, character in zip(plain, secret, strict=True)
    )
    ways = _escapes(*sorted(set(secret)))
    single = [re.compile(way.removeprefix(_SECOND)) for way in ways]
    return Escaped(re.compile(whole), single, len(_SECOND) + sum(map(len, plain)))


def _escapes(*characters: str) -> list[bytes]:
    """The ways to escape one of these."""
    codes = [ord(character) for character in characters]
    ways = [rb"&#(?:0*(?:%s)|[xX]0*(?i:%s));" % (_any(b"%d", codes), _any(b"%x", codes))]
    if units := _any(b"%04x", [code for code in codes if code < 0x10000]):
        ways.append(_SECOND + rb"\\u(?i:%s)" % units)
    if short := _any(b"%02x", [code for code in codes if code < 0x100]):
        ways += [rb"\\x(?i:%s)" % short, rb"%%(?:25)?(?i:%s)" % short]
    return ways


def _any(form: bytes, codes: list[int]) -> bytes:
    return b"|".join(form % code for code in codes)


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


def escaped_places(form: Escaped, data: bytes) -> Iterator[tuple[int, int]]:
    """Where a secret stands with escapes in it."""
    for start, end in _around(form, data):
        for match in form.whole.finditer(data, start, end):
            yield match.span()


def _around(form: Escaped, data: bytes) -> Iterator[tuple[int, int]]:
    """Where escapes of a secret's characters stand, with what is in reach of them."""
    by_kind = (map(re.Match.span, kind.finditer(data)) for kind in form.single)
    start = end = 0
    for first, last in merge(*by_kind):
        if first - form.reach_bytes > end:
            yield start, end
            start = first - form.reach_bytes
        end = max(end, last + form.reach_bytes)
    if end:
        yield start, end


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


class Pieces(NamedTuple):
    """The values that a stream brings for one member, one after the other."""

    spans: list[tuple[int, int]]
    begins: list[int]
    """Where each begins in the joined text."""
    joined: bytes


def pieces_of(data: bytes) -> list[Pieces]:
    """What the deltas of a stream join to, by member; nothing where there is no stream."""
    if data.count(b"data:") < 2:
        return []
    found: dict[bytes, list[tuple[int, int]]] = {}
    for match in _PIECE.finditer(data):
        found.setdefault(match[1], []).append(match.span(2))
    return [
        Pieces(
            spans,
            [0, *accumulate(end - start for start, end in spans)],
            b"".join(data[start:end] for start, end in spans)[:_JOINED_MOST],
        )
        for spans in found.values()
    ]


def split_places(forms: list[bytes], members: list[Pieces]) -> Iterator[tuple[int, int]]:
    """The pieces of a secret that the deltas of a stream bring one after the other."""
    for spans, begins, joined in members:
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
