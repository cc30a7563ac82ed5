"""What has to be said of each broken server, and what must not be: data, and one look at a row.

A run against it has to end in one of two ways: a requirement of `blames` fails, or the run ends (exit 2)
with a sentence that has `says`. Nothing of `spares` may fail. Of load each arrival that is not ok has one of
the classes in `load`, and at least one has it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Final, Protocol

SHAPES: Final = (
    "chat.response.choices", "chat.response.id", "chat.response.model", "chat.response.created",
    "chat.response.object", "chat.answer.*", "responses.object.*", "models.list.shape", "models.retrieve.shape",
    "billing.usage-present",
)  # fmt: skip
"""What nobody can say of an answer that did not come."""


class Said(Protocol):
    """What is read of a row."""

    @property
    def part(self) -> str: ...
    @property
    def case(self) -> str: ...
    @property
    def when(self) -> str: ...
    @property
    def exit(self) -> int: ...
    @property
    def says(self) -> str: ...
    @property
    def blames(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Due:
    blames: tuple[str, ...] = ()
    says: str = ""
    spares: tuple[str, ...] = ()
    load: tuple[str, ...] = ()
    innocent: bool = False
    """It is odd, and allowed: no requirement of `spares` fails, and arrivals are ok."""
    hidden: bool = False
    """At every tenth request a client that asks again, as HTTP allows, need not see it."""

    def missing(self, row: Said) -> str:
        """What is not said that has to be, or said that must not be; nothing when all is right."""
        if row.part == "load":
            return self._load(row)
        wrong = [b for b in row.blames if any(fnmatchcase(b, glob) for glob in self.spares)]
        if wrong:
            return f"blames {wrong[0]}, which is not to blame"
        if self.innocent or (self.hidden and row.when == "tenth"):
            return ""
        named = any(fnmatchcase(b, glob) for b in row.blames for glob in self.blames)
        told = row.exit == 2 and bool(self.says) and re.search(self.says, row.says) is not None
        return "" if named or told else f"says nothing of {' or '.join(self.blames) or self.says}"

    def _load(self, row: Said) -> str:
        came = {name.partition(" ")[0]: int(name.partition(" ")[2]) for name in row.blames}
        allowed = {"ok", *self.load, "client_saturated", "cut_by_end"}
        if other := sorted(set(came) - allowed):
            return f"calls it {other[0]}"
        told = any(came.get(name) for name in self.load)
        fine = self.innocent or (self.hidden and row.when == "tenth") or row.exit == 2
        return "" if told or fine else f"no {' or '.join(self.load)}"


_NO_END: Final = r"did not answer in time|went to answers that did not come|no longer (gives|answers)|stopped answering|no whole answer"  # fmt: skip
_NO_HTTP: Final = r"does not speak HTTP|cannot be reached|stopped answering|no HTTP|was answered with HTTP \d+, |answers GET /models with|no longer"  # fmt: skip
WHOLE: Final = ("http.whole", "http.stays-up")
HUNG: Final = Due(
    WHOLE, f"{_NO_END}|{_NO_HTTP}", SHAPES,
    ("unanswered", "cut_by_end", "timeout_first_token", "timeout_idle", "timeout_total", "timeout_connect"),
)  # fmt: skip
GONE: Final = Due(WHOLE, _NO_HTTP, SHAPES, ("truncated", "reset_mid_stream", "connect_error"), hidden=True)  # fmt: skip
NOISE: Final = Due(WHOLE, _NO_HTTP, SHAPES, ("parse_error",))
TORN: Final = Due(
    (*WHOLE, "chat.stream.whole"), _NO_HTTP, SHAPES,
    ("truncated", "reset_mid_stream", "parse_error", "unanswered", "cut_by_end"),
)  # fmt: skip
LARGE: Final = Due(
    (*WHOLE, "chat.stream.whole", "chat.response.json"), f"{_NO_END}|{_NO_HTTP}",
    tuple(name for name in SHAPES if name != "chat.answer.*"),  # the events that did come are read
    ("parse_error", "unanswered", "cut_by_end", "truncated", "timeout_idle", "timeout_total"),
)  # fmt: skip
CODED: Final = Due(("http.encoding.*", "http.whole"), "content-encoding", SHAPES, ("parse_error",))
BODY: Final = Due(
    ("models.list.*", "chat.response.*", "http.json.utf8", "http.content-type.json"),
    "nothing of the API|does not serve|lists: none|name a model|bytes without a usage", (), ("parse_error", "empty", "truncated"),
)  # fmt: skip
FINE: Final = Due(spares=(*SHAPES, *WHOLE), innocent=True)
REFUSED: Final = Due(
    ("models.list.status", "chat.offered", "models.offered", "errors.*", "chat.stream.error-before"),
    r"HTTP (3|4|5)\d\d|refuses|could be judged|nothing of the API|not even|rate", SHAPES, hidden=True,
)  # fmt: skip
REDIRECT: Final = Due(
    # Where one in ten is sent elsewhere, what was asked then has the wrong status.
    ("http.redirect", "models.*", "chat.offered", "chat.response.status", "chat.stream.media-type", "http.whole",
     "http.content-type.wrong", "http.method.*"),
    "redirects whatever is asked", (*SHAPES,), ("http_3xx",),
)  # fmt: skip
TLS: Final = Due(says="TLS failed", load=("tls_error",))


def _same(names: Iterable[str], due: Due) -> dict[str, Due]:
    return dict.fromkeys(names, due)


DUES: Final[dict[str, Due]] = {
    **_same(("silent", "headers-byte-by-byte"), HUNG),
    **_same(("continues-slowly", "switches-protocols"), replace(HUNG, load=(*HUNG.load, "parse_error"))),
    **_same(("closes-at-once", "resets-at-once"), GONE),
    "dies-and-returns": replace(GONE, hidden=True, innocent=True),
    **_same(
        ("headers-without-end", "one-header-without-end", "continues-for-ever", "no-http", "no-http-line", "http-0.9",
         "status-line-broken", "header-without-colon", "header-with-nul", "tls-on-plain", "length-negative",
         "length-huge", "length-no-number", "length-twice"),
        replace(NOISE, load=("parse_error", "truncated", "unanswered", "reset_mid_stream")),
    ),
    # Chunks go before a length, so the body is whole: `{}`, and no answer.
    "length-and-chunked": replace(BODY, load=("parse_error",), blames=(*BODY.blames, *WHOLE, "chat.*")),
    **_same(("status-999", "status-0"), replace(BODY, spares=(), load=("parse_error",), blames=(*BODY.blames, "http.*", "chat.*"), says=f"{BODY.says}|{_NO_HTTP}|HTTP 999|HTTP 0")),
    **_same(
        ("length-short", "chunk-size-broken", "chunk-size-huge", "chunk-cut",
         "chunk-end-missing", "reset-after-headers", "reset-in-the-body", "cut-in-the-body", "half-closed"),
        TORN,
    ),
    # All was said, and the length was not true: the arrival is ok, and chat.stream.whole does not hold.
    **_same(
        ("length-long", "length-long-and-open"),
        replace(TORN, says=f"{_NO_END}|{_NO_HTTP}", load=("ok", *TORN.load, "timeout_idle")),
    ),
    **_same(
        ("chunk-extension-without-end", "trailers-without-end", "endless-json", "endless-stream-fast",
         "endless-stream-slow", "endless-comments", "line-200-mb", "event-100-mb", "body-200-mb",
         "stays-open-after-the-end"),
        LARGE,
    ),
    **_same(
        ("bomb-gzip", "bomb-deflate", "bomb-gzip-twice", "bomb-brotli", "bomb-zstd", "bomb-gzip-stream",
         "coding-false", "coding-unknown", "coding-brotli-false", "coding-zstd-false"),
        replace(CODED, load=("parse_error", "unanswered", "cut_by_end")),
    ),
    "coding-unsaid": replace(BODY, blames=(*BODY.blames, "http.encoding.valid")),
    **_same(
        ("json-deep", "json-deep-objects", "json-huge-number", "json-exponent", "json-nan", "json-surrogate",
         "json-nul", "json-cut", "json-empty", "json-null", "json-array", "json-doubles", "invalid-utf8", "utf16",
         "html-200", "binary", "models-5000", "ids-of-1-mb", "wrong-types", "header-latin1"),
        BODY,
    ),
    "echoes-the-key": Due(innocent=True),  # in events that are not as they should be
    "bom": Due(("http.json.utf8", "chat.stream.no-bom"), spares=SHAPES, innocent=False, load=("ok", "parse_error")),
    **_same(
        ("early-hints", "http-1-0", "headers-100-kb", "dead-kept-connection", "trailing-bytes",
         "unasked-second-answer"),
        FINE,
    ),
    **_same(
        ("redirect-to-itself", "redirect-on-the-host", "redirect-to-another-host", "redirect-to-tls",
         "redirect-to-file", "redirect-nowhere"),
        REDIRECT,
    ),
    **_same(
        ("limited-for-ever", "limited-with-a-date", "limited-with-nonsense"),
        replace(REFUSED, load=("http_429",), innocent=True),
    ),
    "limited-every-other": replace(REFUSED, load=("http_429",), innocent=True),
    **_same(("unavailable", "crashes"), replace(REFUSED, load=("http_5xx",))),
    "unavailable-flapping": replace(REFUSED, load=("http_5xx",), innocent=True),
    **_same(("tls-self-signed", "tls-expired", "tls-wrong-host"), TLS),
    **_same(("tls-cut-handshake", "tls-asked-of-plain"), replace(TLS, says="TLS", load=("tls_error", "connect_error", "reset_mid_stream", "timeout_connect"))),
    "plain-asked-of-tls": replace(GONE, says="begins with https", load=("truncated", "reset_mid_stream", "parse_error", "connect_error")),
    **_same(("name-unknown", "nobody-listens"), Due(says="cannot be reached", load=("connect_error",))),
    **_same(("tls-good", "ipv6-loopback"), FINE),
}  # fmt: skip
"""By case. A case that stands not here is a mistake of ours, see test_hostile."""
