"""Takes keys out of exchanges, and changes nothing else.

Known secrets become `[redacted:LABEL]` wherever and in whatever form they stand; what looks like a key,
and any credential in the headers made for one, becomes `[redacted]`. Doing it twice changes nothing.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Final, NamedTuple

from wire.exchange import Chunk, Exchange, Headers, Reply, Request
from wire.secret import revealed
from wire.secret_forms import (
    base64_cores,
    base64_places,
    escaped_form,
    escaped_places,
    plain_forms,
    split_places,
)

SHORT: Final = 8  # characters: a shorter secret is replaced in the headers for it alone
REMEMBERED: Final = 200  # characters: what became of texts up to here is remembered

SCHEMED_HEADERS: Final = frozenset({"authorization", "proxy-authorization"})
KEY_HEADERS: Final = frozenset(
    {"api-key", "ocp-apim-subscription-key", "openai-organization", "openai-project", "x-api-key", "x-goog-api-key"}
)  # fmt: skip
COOKIE_HEADERS: Final = frozenset({"cookie", "set-cookie"})
IN_COOKIE: Final = "[redacted:key]"
"""What looks like a key in a cookie: the other values of cookies are taken out as well, with a bare mark."""

# Where a second [ comes first there is no mark: no end is looked for twice.
_MARK: Final = re.compile(rb"\[redacted(?::[^\[\]\s]*)?\]")
# Already taken out, by us or by the makers of a recording.
_REDACTED: Final = re.compile(r"[\[<(*]*redacted(:[^\]\s]*)?[\])>*]*", re.IGNORECASE)
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
    escaped: re.Pattern[bytes]
    cores: list[bytes]


class Redactor:
    """Knows the secrets of a run by label. Secrets shorter than `SHORT` are not searched in bodies.

    `guesses`: what only looks like a key is taken out, too.
    """

    def __init__(self, secrets: Mapping[str, str], *, guesses: bool = True) -> None:
        known = {label: revealed(secret) for label, secret in secrets.items() if secret}
        self._guesses = guesses
        self._labels = {secret: f"[redacted:{label}]" for label, secret in known.items()}
        long = [(label, secret) for label, secret in known.items() if len(secret) >= SHORT]
        # The longest first: of two secrets where one holds the other, the whole is named.
        long.sort(key=lambda pair: -len(pair[1]))
        self._known = [
            Known(
                f"[redacted:{label}]".encode(),
                plain_forms(secret),
                escaped_form(secret),
                base64_cores(secret),
            )
            for label, secret in long
        ]
        # Most headers, paths and ids come again and again.
        self._short = lru_cache(4096)(self._text)

    @property
    def knows(self) -> bool:
        """Whether there is any secret to look for."""
        return bool(self._known)

    def bytes(self, data: bytes) -> bytes:
        if len(data) < SHORT:  # no form of a secret is that short
            return data
        return _replaced(data, _spans(data, self._known, guesses=self._guesses))

    def text(self, text: str) -> str:
        return self._short(text) if len(text) <= REMEMBERED else self._text(text)

    def _text(self, text: str) -> str:
        return self.bytes(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def headers(self, headers: Headers) -> Headers:
        return tuple((name, self._header(name, value)) for name, value in headers)

    def exchange(self, exchange: Exchange) -> Exchange:
        """The exchange without keys. A content-length that was right stays right."""
        request, reply, connection = exchange.request, exchange.reply, exchange.connection
        body = self.bytes(request.body)
        chunks = self._chunks(reply.chunks)
        grown = sum(len(chunk.data) for chunk in chunks) - len(reply.body)
        return replace(
            exchange,
            request=Request(
                body_recorded=request.body_recorded,
                method=request.method,
                path=self.text(request.path),
                headers=_resized(self.headers(request.headers), len(body) - len(request.body)),
                body=body,
            ),
            reply=Reply(
                status=reply.status,
                headers=_resized(self.headers(reply.headers), grown),
                chunks=chunks,
                headers_at_ms=reply.headers_at_ms,
                timed=reply.timed,
            ),
            connection=replace(connection, error=self.text(connection.error)),
        )

    def _chunks(self, chunks: tuple[Chunk, ...]) -> tuple[Chunk, ...]:
        """The chunks with their stamps. A mark stands in the chunk where the secret began."""
        body = b"".join(chunk.data for chunk in chunks)
        spans = _spans(body, self._known, guesses=self._guesses)
        if not spans:
            return chunks
        out, start, first = [], 0, 0
        for at_ms, data in chunks:
            end = start + len(data)
            pieces, at = [], start
            while first < len(spans) and spans[first].end <= start:
                first += 1
            number = first
            while number < len(spans) and spans[number].start < end:
                span, number = spans[number], number + 1
                if span.start >= start:
                    pieces += [body[at : span.start], span.mark]
                at = min(span.end, end)
            pieces.append(body[at:end])
            out.append(Chunk(at_ms, b"".join(pieces)))
            start = end
        return tuple(out)

    def _header(self, name: str, given: str) -> str:
        value = self.text(given)
        if name in COOKIE_HEADERS:
            if "[redacted]" in value and "[redacted]" not in given:
                value = value.replace("[redacted]", IN_COOKIE)
            first, *rest = value.split(";")
            rest = rest if name == "set-cookie" else [self._cookie(pair) for pair in rest]
            return ";".join((self._cookie(first), *rest))
        if name in SCHEMED_HEADERS:
            scheme, space, token = _scheme(value)
            return scheme + space + self._credential(token)
        return self._credential(value) if name in KEY_HEADERS else value

    def _cookie(self, pair: str) -> str:
        name, equals, value = pair.partition("=")
        if IN_COOKIE in value:
            return f"{name}={IN_COOKIE}"
        return name + equals + self._credential(value) if equals else self._credential(pair)

    def _credential(self, value: str) -> str:
        bare = value.strip()
        if not bare or _REDACTED.fullmatch(bare):
            return value
        return value.replace(bare, self._labels.get(bare, "[redacted]"))


def _spans(data: bytes, known: list[Known], *, guesses: bool) -> list[Span]:
    """What to replace, in order and without overlap."""
    found: list[Span] = []
    for mark, forms, escaped, cores in known:
        for form in forms:
            found += (Span(start, start + len(form), mark) for start in _places(form, data))
        found += (Span(start, end, mark) for start, end in escaped_places(escaped, data))
        for core in cores:
            found += (Span(start, end, mark) for start, end in base64_places(core, data))
        found += (Span(start, end, mark) for start, end in split_places(forms, data))
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


def _replaced(data: bytes, spans: list[Span]) -> bytes:
    pieces, at = [], 0
    for span in spans:
        pieces += [data[at : span.start], span.mark]
        at = span.end
    return b"".join((*pieces, data[at:]))


def _scheme(value: str) -> tuple[str, str, str]:
    """Scheme, space and token of an Authorization value; a lone known scheme has no token."""
    match = re.match(r"(\s*[A-Za-z][A-Za-z0-9-]*)([ \t]+|$)(.*)", value, re.DOTALL)
    if match and (match[2] or match[1].strip().lower() in {"bearer", "basic"}):
        return match[1], match[2], match[3]
    return "", "", value


def _resized(headers: Headers, grown: int) -> Headers:
    """The replacement must not make a server look as if it had miscounted."""
    return tuple(
        (name, str(int(value) + grown))
        if grown and name == "content-length" and re.fullmatch(r"[0-9]{1,18}", value)
        else (name, value)
        for name, value in headers
    )
