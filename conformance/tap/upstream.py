"""Where the tap forwards to, and what a request's head must look like there."""

import re
import ssl
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from conformance.tap.message import Head

_ABSOLUTE: Final = re.compile(r"(?i)https?://")
_HOST: Final = re.compile(rb"(?im)^host:[ \t]*[^\r\n]*")


@dataclass(frozen=True)
class Upstream:
    """Where the tap forwards to. `prefix` is the path of its base URL, without a slash at the end."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    prefix: str
    authority: str
    """Host and port as the Host header names them."""

    @property
    def origin(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.authority}"

    def target(self, asked: str) -> str:
        """The request target as the upstream knows it; the prefix may be there already."""
        if _ABSOLUTE.match(asked):
            parts = urlsplit(asked)
            asked = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if not asked.startswith("/") or self._below(asked, self.prefix):
            return asked
        last = self.prefix[self.prefix.rfind("/") :] if self.prefix else ""
        if last and self._below(asked, last):
            return self.prefix.removesuffix(last) + asked
        return self.prefix + asked

    @staticmethod
    def _below(path: str, prefix: str) -> bool:
        return path.partition("?")[0] == prefix or path.startswith(f"{prefix}/")

    def addressed(self, raw: bytes, head: Head) -> bytes:
        """A request's head for the upstream: its Host, its path, all else byte for byte."""
        line, end, rest = raw.partition(b"\r\n")
        words = head.words
        if len(words) > 1 and (target := self.target(words[1])) != words[1]:
            line = line.replace(words[1].encode("latin-1"), target.encode("latin-1"), 1)
        return line + end + _HOST.sub(b"Host: " + self.authority.encode(), rest, count=1)
