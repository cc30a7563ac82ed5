"""Takes keys out of exchanges, and changes nothing else.

Known secrets become `[redacted:LABEL]` wherever and in whatever form they stand; what looks like a key,
and any credential in the headers made for one, becomes `[redacted]`. Doing it twice changes nothing.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Final

from wire.exchange import Chunk, Exchange, Headers, Reply, Request
from wire.secret import revealed
from wire.secret_spans import known, replaced, spans

SHORT: Final = 8  # characters: a shorter secret is replaced in the headers for it alone
REMEMBERED: Final = 200  # characters: what became of texts up to here is remembered

SCHEMED_HEADERS: Final = frozenset({"authorization", "proxy-authorization"})
KEY_HEADERS: Final = frozenset(
    {"api-key", "ocp-apim-subscription-key", "openai-organization", "openai-project", "x-api-key", "x-goog-api-key"}
)  # fmt: skip
COOKIE_HEADERS: Final = frozenset({"cookie", "set-cookie"})
IN_COOKIE: Final = "[redacted:key]"
"""What looks like a key in a cookie: the other values of cookies are taken out as well, with a bare mark."""

# Already taken out, by us or by the makers of a recording.
_REDACTED: Final = re.compile(r"[\[<(*]*redacted(:[^\]\s]*)?[\])>*]*", re.IGNORECASE)


class Redactor:
    """Knows the secrets of a run by label. Secrets shorter than `SHORT` are not searched in bodies.

    `guesses`: what only looks like a key is taken out, too.
    """

    def __init__(self, secrets: Mapping[str, str], *, guesses: bool = True) -> None:
        given = {label: revealed(secret) for label, secret in secrets.items() if secret}
        self._guesses = guesses
        self._labels = {secret: f"[redacted:{label}]" for label, secret in given.items()}
        long = [(label, secret) for label, secret in given.items() if len(secret) >= SHORT]
        # The longest first: of two secrets where one holds the other, the whole is named.
        long.sort(key=lambda pair: -len(pair[1]))
        self._known = [known(label, secret) for label, secret in long]
        # Most headers, paths and ids come again and again.
        self._short = lru_cache(4096)(self._text)

    @property
    def knows(self) -> bool:
        """Whether there is any secret to look for."""
        return bool(self._known)

    def bytes(self, data: bytes) -> bytes:
        if len(data) < SHORT:  # no form of a secret is that short
            return data
        return replaced(data, spans(data, self._known, guesses=self._guesses))

    def finds(self, texts: Iterable[str]) -> bool:
        """Whether one of many texts may hold what is to be taken out: much faster than to clean each."""
        data = "\n\0\n".join(texts).encode("utf-8", "surrogatepass")
        return bool(spans(data, self._known, guesses=self._guesses))

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
        found = spans(body, self._known, guesses=self._guesses)
        if not found:
            return chunks
        out, start, first = [], 0, 0
        for at_ms, data in chunks:
            end = start + len(data)
            pieces, at = [], start
            while first < len(found) and found[first].end <= start:
                first += 1
            number = first
            while number < len(found) and found[number].start < end:
                span, number = found[number], number + 1
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
