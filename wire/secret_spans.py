"""Where secrets stand in bytes: known ones in any form, and what only looks like a key."""

import re
from bisect import bisect_left
from collections.abc import Iterable
from typing import Final, NamedTuple

from wire.secret_forms import (
    Escaped,
    base64_cores,
    base64_places,
    escaped_form,
    escaped_places,
    pieces_of,
    plain_forms,
    split_places,
)

# Where a second [ comes first there is no mark: no end is looked for twice.
_MARK: Final = re.compile(rb"\[redacted(?::[^\[\]\s]*)?\]")
# Real keys have a digit; words with hyphens have not. A masked key (sk-ab-****cd) is too short.
UNKNOWN_KEYS: Final = (
    # A key starts where no word goes on, and after a JSON or percent escape. The look back stands
    # behind the literal because the search for a literal is fast.
    re.compile(
        rb"sk-(?:(?<![A-Za-z0-9_-]sk-)|(?<=\\[nrtbf]sk-)|(?<=\\u[0-9A-Fa-f]{4}sk-)|(?<=%[0-9A-Fa-f]{2}sk-))"
        rb"(?P<key>(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{16,})"
    ),
    re.compile(
        # A plus stands before a key and in it: without a bound each of many would be searched to the end.
        rb"[Bb](?i:earer)(?:[ \t]+|%20|\+)(?P<key>(?=[A-Za-z._~+/-]{0,512}[0-9])[A-Za-z0-9._~+/-]{16,}=*)"
    ),
    re.compile(rb"(?<![A-Za-z0-9_-])(?P<key>AIza[A-Za-z0-9_-]{35})(?![A-Za-z0-9_-])"),
    re.compile(rb"[?&](?i:api[-_]?key|access_token|subscription-key)=(?P<key>[^&\s\"'#]{8,})"),
)


class Span(NamedTuple):
    """Bytes to be replaced."""

    start: int
    end: int
    mark: bytes


class Known(NamedTuple):
    """A secret in all its forms, and the mark that replaces it."""

    mark: bytes
    forms: list[bytes]
    escaped: Escaped
    cores: list[bytes]


def known(label: str, secret: str) -> Known:
    """A secret that is known by a label."""
    return Known(
        f"[redacted:{label}]".encode(),
        plain_forms(secret),
        escaped_form(secret),
        base64_cores(secret),
    )


def spans(data: bytes, secrets: list[Known], *, guesses: bool) -> list[Span]:
    """What to replace, in order and without overlap."""
    found: list[Span] = []
    members = pieces_of(data) if secrets else []
    for mark, forms, escaped, cores in secrets:
        for form in forms:
            found += (Span(start, start + len(form), mark) for start in _places(form, data))
        found += (Span(start, end, mark) for start, end in escaped_places(escaped, data))
        for core in cores:
            found += (Span(start, end, mark) for start, end in base64_places(core, data))
        found += (Span(start, end, mark) for start, end in split_places(forms, members))
    for pattern in UNKNOWN_KEYS if guesses else ():
        for match in pattern.finditer(data):
            start = match.start() if match[0].startswith(b"sk-") else match.start("key")
            found.append(Span(start, match.end("key"), b"[redacted]"))
    if not found:
        return found
    marks = [match.span() for match in _MARK.finditer(data)]
    return _merged(span for span in found if not _in_mark(span, marks))


def _in_mark(span: Span, marks: list[tuple[int, int]]) -> bool:
    """Whether some of it stands in a mark; marks are in order, so the last that begins before its end tells."""
    before = bisect_left(marks, (span.end, 0))
    return before > 0 and marks[before - 1][1] > span.start


def _places(part: bytes, data: bytes) -> Iterable[int]:
    place = data.find(part)
    while place >= 0:
        yield place
        place = data.find(part, place + 1)


def _merged(found: Iterable[Span]) -> list[Span]:
    """Overlapping spans as one, named after the longest that starts first."""
    merged: list[Span] = []
    for span in sorted(found, key=lambda span: (span.start, -span.end, span.mark == b"[redacted]")):
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            mark = last.mark if last.mark != b"[redacted]" else span.mark
            merged[-1] = Span(last.start, max(last.end, span.end), mark)
        else:
            merged.append(span)
    return merged


def replaced(data: bytes, found: list[Span]) -> bytes:
    pieces, at = [], 0
    for span in found:
        pieces += [data[at : span.start], span.mark]
        at = span.end
    return b"".join((*pieces, data[at:]))
