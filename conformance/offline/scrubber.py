"""What a recording must not give away, learned in one reading and taken out in the next."""

import base64
import binascii
import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from conformance.offline.request_keys import is_placeholder, keys_of
from wire import jsonl
from wire.exchange import Exchange, Headers
from wire.redaction import COOKIE_HEADERS, KEY_HEADERS, SCHEMED_HEADERS, Redactor

_IDS: Final = {
    "organisation": re.compile(rb"\borg-[A-Za-z0-9]{8,}"),
    "project": re.compile(rb"\bproj_[A-Za-z0-9]{8,}"),
    "user": re.compile(rb"\buser-[A-Za-z0-9]{16,}"),
}
_SECRET_HEADER: Final = re.compile(
    r"(^|[-_])(token|secret|api-?key|key|password|credentials?|signature|session-?id)$"
)
_MARK: Final = re.compile(rb"\[redacted(?::([a-z]+)-\d+)?\]")
_NAMES: Final = {"organisation": "organisation id", "project": "project id", "user": "user id"}
_ID_HEADERS: Final = {"openai-organization": "organisation", "openai-project": "project"}


class Scrubber:
    """Learns secrets, then replaces them and keeps account."""

    def __init__(self) -> None:
        self._labels: dict[str, str] = {}
        self._redactor = Redactor({})
        self._stale = False
        self._places: Counter[str] = Counter()

    def learn(self, exchange: Exchange) -> None:
        """Note what the exchange presents and names."""
        request, reply = exchange.request, exchange.reply
        for key in sorted(keys_of(request)):
            self._note("key", key)
        for name, value in (*request.headers, *reply.headers):
            if kind := _ID_HEADERS.get(name):
                self._note(kind, value)
            elif is_secret(name) and name not in SCHEMED_HEADERS | KEY_HEADERS:
                self._note("key", value)
        texts = (request.body, reply.body, request.path.encode("utf-8", "replace"))
        for kind, pattern in _IDS.items():
            for text in texts:
                for match in pattern.finditer(text):
                    self._note(kind, match[0].decode())

    def exchange(self, exchange: Exchange) -> Exchange:
        """The exchange without what was learned."""
        self._refresh()
        clean = self._redactor.exchange(exchange)
        for before, after in (
            (exchange.request.headers, clean.request.headers),
            (exchange.reply.headers, clean.reply.headers),
        ):
            self._count_headers(before, after)
        for was, now in (
            (exchange.request.body, clean.request.body),
            (exchange.reply.body, clean.reply.body),
            (exchange.request.path.encode("utf-8", "replace"), clean.request.path.encode("utf-8", "replace")),
        ):  # fmt: skip
            self._count(was, now)
        return clean

    def text(self, text: str) -> str:
        self._refresh()
        clean = self._redactor.text(text)
        if clean != text:
            self._count(text.encode("utf-8", "replace"), clean.encode("utf-8", "replace"))
        return clean

    def header(self, name: str, value: str) -> str:
        """A header's value, or a cookie's, by the rules for its name."""
        self._refresh()
        ((_, clean),) = self._redactor.headers(((name, value),))
        self._count_headers(((name, value),), ((name, clean),))
        return clean

    def account(self) -> Iterator[str]:
        """What was taken, kind by kind."""
        for kind in sorted(self._places):
            number = sum(label.startswith(f"{kind}-") for label in self._labels.values())
            places = self._places[kind]
            name = _NAMES.get(kind, kind)
            known = f"{number} {name}{'s' * (number != 1)} in " if number else f"{name}s in "
            yield f"{known}{places} place{'s' * (places != 1)}"

    def _note(self, kind: str, value: str) -> None:
        value = value.strip()
        if value and value not in self._labels and not is_placeholder(value):
            number = 1 + sum(label.startswith(f"{kind}-") for label in self._labels.values())
            self._labels[value] = f"{kind}-{number}"
            self._stale = True

    def _refresh(self) -> None:
        if self._stale:
            self._redactor = Redactor({label: value for value, label in self._labels.items()})
            self._stale = False

    def _count_headers(self, before: Headers, after: Headers) -> None:
        for (name, was), (_, now) in zip(before, after, strict=True):
            if was != now:
                kind = "cookie" if name in COOKIE_HEADERS else _ID_HEADERS.get(name, "key")
                self._places[kind] += 1

    def _count(self, was: bytes, now: bytes) -> None:
        marks = Counter(_kinds(now))
        marks.subtract(Counter(_kinds(was)))
        self._places.update({kind: n for kind, n in marks.items() if n > 0})


def is_secret(name: str) -> bool:
    """Whether a header of this name holds a credential."""
    return name in SCHEMED_HEADERS | KEY_HEADERS or (
        not name.startswith("x-ratelimit") and bool(_SECRET_HEADER.search(name))
    )


def scrubbed_line(exchange: Exchange, scrubber: Scrubber) -> bytes:
    """A line of JSON Lines."""
    return jsonl.dump(scrubber.exchange(exchange)).encode("ascii") + b"\n"


def scrubbed_har(text: bytes, scrubber: Scrubber) -> bytes | None:
    """The HAR file with everything in its place but the secrets, or None when it is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    clean = json.dumps(_har_value(value, "", scrubber), ensure_ascii=True, indent=1)
    return clean.encode("ascii") + b"\n"


def _har_value(value: Any, key: str, scrubber: Scrubber) -> Any:
    if isinstance(value, str):
        return scrubber.text(value)
    if isinstance(value, list):
        return [_har_value(item, key, scrubber) for item in value]
    if not isinstance(value, dict):
        return value
    name, text = value.get("name"), value.get("value")
    if isinstance(name, str) and isinstance(text, str):
        kept = {k: v for k, v in value.items() if k != "value"}
        if key == "cookies":
            pair = scrubber.header("cookie", f"{name}={text}")
            return {**kept, "value": pair.partition("=")[2]}
        if key == "headers":
            return {**kept, "value": scrubber.header(name.lower(), text)}
    if value.get("encoding") == "base64" and isinstance(value.get("text"), str):
        with suppress(binascii.Error, ValueError):
            plain = base64.b64decode(value["text"])
            clean = scrubber.text(plain.decode("utf-8", "surrogateescape"))
            data = clean.encode("utf-8", "surrogateescape")
            if data != plain:
                value = {**value, "text": base64.b64encode(data).decode()}
    return {k: _har_value(v, k, scrubber) for k, v in value.items()}


def _kinds(text: bytes) -> list[str]:
    return [(match[1] or b"other key").decode() for match in _MARK.finditer(text)]
