"""Bytes of anybody through all that reads them: `python -m tests.hostile.fuzz [--seconds 60] [TARGET …]`.

With atheris installed the bytes are led by coverage, each target in a process of its own; without it they
are mutations of the seeds by chance. A target that raises anything has broken. The corpus that is kept is
`SEEDS`: what broke once is added there. CI tries some of each (test_fuzz).
"""

import argparse
import contextlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from conformance.offline.recordings import Reader
from conformance.running.content_coding import ReceivedBody
from conformance.running.profiles import ProfileError, load_profile
from gateway.core import Gateway
from load.transport.batched_events import BatchDecoder
from load.transport.http_response import HttpResponse
from load.transport.request import Arrival
from load.transport.request import Request as Sent
from load.transport.target import ROOT
from wire.chat import fold_chat
from wire.endpoint import Endpoint
from wire.exchange import Chunk, Exchange, Reply, Request
from wire.redaction import Redactor
from wire.responses import fold_responses
from wire.sse import Decoder

SSE: Final = (("content-type", "text/event-stream"),)


def _stream(path: str) -> bytes:
    gateway = Gateway()
    body = {
        "/v1/chat/completions": b'{"model":"gpt-5.5","messages":[{"role":"user","content":"Hi"}],"stream":true}',
        "/v1/responses": b'{"model":"gpt-5.5","input":"Hi","stream":true}',
    }[path]
    key = gateway.keys.secrets["codex"]
    headers = (("authorization", f"Bearer {key}"), ("content-type", "application/json"))
    return gateway.handle(Request("POST", path, headers, body)).data


CHAT, RESPONSES = _stream("/v1/chat/completions"), _stream("/v1/responses")
HEAD: Final = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
PROFILE: Final = b'extends = "openai"\n[prices."m*"]\ninput = 1\ncached = 0.5\noutput = 2\n[[known]]\nrequirement = "chat.tools.*"\nreason = "x"\n'
SEEDS: Final[dict[str, tuple[bytes, ...]]] = {
    "decoder": (CHAT, RESPONSES, b"\xef\xbb\xbfdata: x\r\rid: 1\nretry: 5\n\n", b": c\ndata\n\n"),
    "folds": (CHAT, RESPONSES, b'data: {"choices":[{"index":1e999,"delta":{"tool_calls":[{"index":[]}]}}]}\n\n'),
    "readers": (b'{"log":{"entries":[]}}', CHAT, b"PK\x03\x04", b"interactions:\n- request: {}\n", b'{"request":5}\n'),
    "profiles": (PROFILE, b"concurrency = 0\n", b'[[levels]]\nrequirements = ["x"]\nlevel = "MAY"\nreason = ""\n'),
    "load": (HEAD + CHAT, HEAD + RESPONSES, b"HTTP/1.1 101 x\r\n\r\n", HEAD + b"data: " + b"9" * 5000 + b"\n\n"),
    "codings": (b"\x1f\x8b\x08\0\0\0\0\0\0\x03\0\0", b"x\x9c\x03\0\0\0\0\x01"),
    "redaction": (b'data: {"choices":[{"delta":{"content":"sk-"}}]}\n\ndata: {"choices":[{"delta":{"content":"k1"}}]}\n\n',),
}  # fmt: skip
_REDACTOR: Final = Redactor({"main": "sk-k1-0123456789/+"})
_REFUSED: Final = (ValueError, RecursionError)  # what the connection turns into a class


def _pieces(data: bytes) -> list[bytes]:
    """The bytes in pieces whose sizes they say themselves."""
    size = 1 + (data[0] if data else 0)
    return [data[at : at + size] for at in range(0, len(data), size)]


def decoder(data: bytes) -> None:
    whole, split = Decoder(), Decoder()
    once = [*whole.feed(data), *whole.close()]
    again = [event for piece in _pieces(data) for event in split.feed(piece)]
    again += split.close()
    assert [(e.data, e.name) for e in once] == [(e.data, e.name) for e in again]
    batch = BatchDecoder(2**20)
    for piece in _pieces(data):
        batch.feed(piece)


def folds(data: bytes) -> None:
    reply = Reply(200, SSE, tuple(Chunk(float(n), piece) for n, piece in enumerate(_pieces(data))))
    chat, responses = fold_chat(reply), fold_responses(reply)
    _ = chat.as_completion(), chat.usage, chat.whole
    _ = responses.response, responses.usage, responses.output_text, responses.whole


def readers(data: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=_FOLDER) as file:
        file.write(data)
        file.flush()
        for _ in Reader(file.name, lambda _trouble: None).entries():
            pass


def profiles(data: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=_FOLDER, suffix=".toml") as file:
        file.write(data)
        file.flush()
        with contextlib.suppress(ProfileError):
            load_profile(file.name)


def load(data: bytes) -> None:
    import httptools

    from load.transport.engine import reader_of

    for endpoint in (Endpoint.CHAT, Endpoint.RESPONSES):
        for stream in (True, False):
            request = Sent("a", endpoint, "/x", b"{}", stream)
            arrival = Arrival(request, reader_of(request))
            response = HttpResponse()
            response.begin(arrival)
            with contextlib.suppress(
                *_REFUSED, httptools.HttpParserError, httptools.HttpParserUpgrade
            ):
                for n, piece in enumerate(_pieces(data)):
                    response.feed(piece, n + 1)
                response.finish(10**6)
                _ = arrival.reader.usage, arrival.reader.text(), arrival.reader.violations()
            response.close()


def codings(data: bytes) -> None:
    for encoding in ("", "gzip", "deflate", "br"):
        body = ReceivedBody(encoding)
        for n, piece in enumerate(_pieces(data)):
            body.take(float(n), piece)
        body.end()


def redaction(data: bytes) -> None:
    once = _REDACTOR.bytes(data)
    assert _REDACTOR.bytes(once) == once
    assert b"sk-k1-0123456789/+" not in once
    pieces = tuple(Chunk(float(n), piece) for n, piece in enumerate(_pieces(data)))
    clean = _REDACTOR.exchange(Exchange("a", Request("GET", "/"), Reply(200, SSE, pieces)))
    assert b"sk-k1-0123456789/+" not in clean.reply.body


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    f.__name__: f for f in (decoder, folds, readers, profiles, load, codings, redaction)
}
_FOLDER: Final = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112


def mutated(seed: bytes, chance: random.Random) -> bytes:
    """A seed with a few places changed, cut, doubled, or taken from elsewhere."""
    data = bytearray(seed)
    for _ in range(chance.randint(1, 8)):
        place = chance.randrange(len(data) + 1)
        size = chance.choice((1, 1, 2, 8, 64))
        match chance.randrange(5):
            case 0:
                data[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                del data[place : place + size]
            case 2:
                data[place:place] = data[place : place + size]
            case 3:
                data[place:place] = chance.choice((b"\n\n", b"data: ", b'"', b"{", b"[", b"null", b"1e999", b"\\ud800", b"\r", b"\0", b"-1", b"9" * 400))  # fmt: skip
            case _:
                other = chance.randrange(len(data) + 1)
                data[place:place] = data[other : other + size]
    return bytes(data)


def by_chance(name: str, seconds: float, seed: int = 14) -> int:
    """So many executions as the time allows."""
    chance, end, number = random.Random(seed), time.monotonic() + seconds, 0
    while time.monotonic() < end:
        TARGETS[name](mutated(chance.choice(SEEDS[name]), chance))
        number += 1
    return number


LED: Final = """
import sys, atheris
with atheris.instrument_imports(include=["wire", "load", "conformance"]):
    from tests.hostile import fuzz
fuzz.led(sys.argv[1], int(sys.argv[2]))
"""


def led(name: str, seconds: int) -> None:
    """This process runs the target under atheris, from the seeds; it exits by itself."""
    import atheris  # type: ignore[import-not-found,unused-ignore]

    with tempfile.TemporaryDirectory() as corpus:
        for n, seed in enumerate(SEEDS[name]):
            (Path(corpus) / str(n)).write_bytes(seed)
        words = ["fuzz", corpus, f"-max_total_time={seconds}", "-max_len=20000", "-print_final_stats=1"]  # fmt: skip
        atheris.Setup(words, TARGETS[name])
        atheris.Fuzz()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", nargs="*", default=sorted(TARGETS))
    parser.add_argument("--seconds", type=int, default=60)
    arguments = parser.parse_args()
    try:
        import atheris  # noqa: F401
    except ImportError:
        atheris_there = False
    else:
        atheris_there = True
    broke = 0
    for name in arguments.target:
        if not atheris_there:
            print(f"{name:12}{by_chance(name, arguments.seconds):>9} executions by chance, 0 broke")
            continue
        words = [sys.executable, "-c", LED, name, str(arguments.seconds)]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
        lines = done.stderr.splitlines()
        found = next((x.split()[-1] for x in lines if "number_of_executed_units" in x), "?")
        print(f"{name:12}{found:>9} executions by coverage, exit {done.returncode}", flush=True)
        broke += done.returncode != 0
        if done.returncode:
            print("\n".join(lines[-30:]))
    raise SystemExit(int(broke > 0))


if __name__ == "__main__":
    main()
