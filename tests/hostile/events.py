"""Cases of answers whose text is odd: event streams and JSON that are well formed, or nearly, in ways servers rarely write."""

import json
import re
import socket
from collections.abc import Callable
from typing import Any, Final

from tests.hostile.cases import CASES, Asked, body_of, whole, with_headers

_OTHERS: Final = frozenset(CASES)
BOM: Final = b"\xef\xbb\xbf"


def _body(name: str, change: Callable[[bytes], bytes], *, streams: bool) -> None:
    """Good answers of one kind (streams, or JSON) with another body; the others are as they were."""

    def send(connection: socket.socket, asked: Asked) -> bool:
        body = body_of(asked.good)
        mine = body.startswith((b"data:", b"event:")) if streams else body.startswith(b"{")
        if mine:
            body = change(body)
            top = with_headers(asked.good, f"content-length: {len(body)}", without="content-length")
            connection.sendall(top.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + body)
        else:
            connection.sendall(asked.good)
        return True

    CASES[name] = send


def _stream(name: str, change: Callable[[bytes], bytes]) -> None:
    _body(name, change, streams=True)


def _each(text: bytes) -> Callable[[bytes], bytes]:
    """These lines in front of each event."""
    return lambda body: (
        b"\n\n".join(text + event for event in body.removesuffix(b"\n\n").split(b"\n\n")) + b"\n\n"
    )


# What the standard of event streams allows.
_stream("events-of-cr", lambda body: body.replace(b"\n", b"\r"))
_stream("events-of-crlf", lambda body: body.replace(b"\n", b"\r\n"))
_stream("events-without-space", lambda body: re.sub(rb"(?m)^data: ", b"data:", body))
_stream("events-of-two-lines", lambda body: re.sub(rb"(?m)^(data: \{)", rb"\1\ndata: ", body))
_stream("events-with-retry", _each(b"retry: 99999999999\n"))
_stream("events-with-retry-of-digits", _each(b"retry: " + b"9" * 5000 + b"\n"))
_stream("events-with-id-of-nul", _each(b"id: a\0b\n"))
_stream("events-with-unknown-fields", _each(b"x-field: 1\nnoise\n"))
_stream("events-with-comments", _each(b": " + b"y" * 3000 + b"\n\n"))
# And what it does not, or what means something else than its server thinks.
_stream("events-with-bom-each", _each(BOM))
_stream("events-of-data-without-colon", _each(b"data\n\n"))
_stream("events-named-all-alike", _each(b"event: message\n"))
_stream("events-after-done", lambda body: body + b'data: {"choices":[]}\n\ndata: [DONE]\n\n')
_stream("events-done-in-small-letters", lambda body: body.replace(b"[DONE]", b"[done]"))
_stream("events-without-last-line-end", lambda body: body.removesuffix(b"\n\n"))
_stream("events-none", lambda body: b"")
_stream("events-only-comments", lambda body: b": waiting\n\n" * 50)
_stream(
    "events-of-json-lines", lambda body: re.sub(rb"(?m)^data: |^event: .*\n|\n(?=\n)", b"", body)
)
_stream(
    "event-100-000-levels",
    lambda body: b"data: " + b"[" * 100_000 + b"]" * 100_000 + b"\n\n" + body,
)
_stream(
    "event-number-of-10-000-digits",
    lambda body: b'data: {"choices":[],"created":' + b"9" * 10_000 + b"}\n\n" + body,
)
_stream(
    "event-index-of-a-billion",
    lambda body: body.replace(b'"index":0', b'"index":1000000000').replace(
        b'"index": 0', b'"index": 1000000000'
    ),
)
_stream("event-names-of-1-mb", lambda body: _each(b"event: " + b"y" * 2**20 + b"\n")(body[:3000]))


def _values(name: str, **lies: Any) -> None:
    """These members have these values wherever they stand in a JSON answer; `raw` texts stand as they are."""

    def change(body: bytes) -> bytes:
        def told(value: Any) -> Any:
            if isinstance(value, dict):
                return {n: lies.get(n, told(v)) for n, v in value.items()}
            return [told(v) for v in value] if isinstance(value, list) else value

        text = json.dumps(told(json.loads(body)))
        return re.sub(r'"raw (.*?)"', r"\1", text).encode()

    _body(name, change, streams=False)


_COUNTS: Final = (
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "input_tokens",
    "output_tokens",
)
_values("usage-negative", **dict.fromkeys(_COUNTS, -5))
_values("usage-nan", **dict.fromkeys(_COUNTS, "raw NaN"))
_values("usage-of-infinity", **dict.fromkeys(_COUNTS, "raw 1e400"))
_values("usage-of-10-000-digits", **dict.fromkeys(_COUNTS, "raw " + "9" * 10_000))
_values("usage-huge", **dict.fromkeys(_COUNTS, 2**62))
_values("usage-of-fractions", **dict.fromkeys(_COUNTS, 1.5))
_values("created-as-text", created="2026-01-01T00:00:00Z", created_at="now")
_values("ids-equal", id="x")
_values("ids-empty", id="")
_values("ids-null", id=None)
_values("texts-of-keys", id="Bearer+" * 5000, owned_by="[redacted:" * 5000, content="sk-" * 5000)
_body("keys-doubled", lambda body: b'{"object":1,"id":null,"choices":5,' + body[1:], streams=False)
_body(
    "keys-100-000",
    lambda body: b"{" + b",".join(b'"k%d":0' % n for n in range(100_000)) + b"," + body[1:],
    streams=False,
)

_LISTS: Final = {
    "models-none": [], "models-null": [None, None], "models-of-text": ["gpt-5.5"], "models-equal": [{"id": "gpt-5.5"}] * 3,
    "models-of-surrogates": [{"id": "\ud800"}, {"id": "gpt-5.5"}],
}  # fmt: skip


def _list(name: str, rows: list[Any]) -> None:
    def send(connection: socket.socket, asked: Asked) -> bool:
        body = json.dumps({"object": "list", "data": rows}).encode()
        connection.sendall(whole(body) if asked.path.endswith("/models") else asked.good)
        return True

    CASES[name] = send


for _name, _rows in _LISTS.items():
    _list(_name, _rows)


NAMES: Final = frozenset(CASES) - _OTHERS
"""Of the cases here, which are tried by `tests.hostile.at_once`."""
