"""Figures against the truth: a server that logs when it really sent what, in every dress a stream can wear."""

import json
import threading
import time
from itertools import pairwise

import pytest

from tests.load.streams import CHAT, chunk, chunked, ended, quiet, reached, serving, session, sse

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = PLAIN + b"Transfer-Encoding: chunked\r\n\r\n"
TOKENS, FIRST_S, GAP_S = 8, 0.06, 0.012
ROLE = sse(CHAT[:1])
WORDS = [sse([chunk({"content": f" é{n}"})]).replace(b"\\u00e9", "é".encode()) for n in range(TOKENS)]  # fmt: skip
USAGE = {"prompt_tokens": 9, "completion_tokens": 3 * TOKENS, "total_tokens": 9 + 3 * TOKENS}
END = sse([chunk(finish="stop"), chunk(usage=USAGE), "[DONE]"])


def framed(data):
    return chunked(data, end=False)


def steps(*first, words=WORDS, frame=framed, end=b"0\r\n\r\n", tail=END):
    """(pause before, bytes, contents in them) of a whole answer."""
    paused = [(GAP_S, frame(word), 1) for word in words]
    paused[0] = (FIRST_S, *paused[0][1:])
    return [(0.0, data, 0) for data in first] + [*paused, (GAP_S, frame(tail) + end, 0)]


def crlf(data):
    return framed(data.replace(b"\n", b"\r\n"))


def as_is(data):
    return data


def delta(kind, number, text):
    body = {"type": f"response.{kind}.delta", "sequence_number": number, "delta": text}
    return f"event: response.{kind}.delta\ndata: {json.dumps(body)}\n\n".encode()


def event(kind, number, **response):
    body = {"type": f"response.{kind}", "sequence_number": number, "response": {"id": "r"} | response}  # fmt: skip
    return f"event: response.{kind}\ndata: {json.dumps(body)}\n\n".encode()


HALVES = [
    (pause if not at else 0.003, part, n if at else 0)
    for pause, data, n in steps(CHUNKED, framed(ROLE))[2:-1]
    for at, part in enumerate((data[:40], data[40:]))
]
THOUGHTS = [delta("reasoning_summary_text", 1 + n, "hm") for n in range(3)]
SPOKEN = [delta("output_text", 4 + n, " w") for n in range(TOKENS)]
OUTPUT = [{"type": "message", "content": [{"type": "output_text", "text": " w" * TOKENS}]}]
COUNTED = {"input_tokens": 9, "output_tokens": 3 * TOKENS, "total_tokens": 9 + 3 * TOKENS}
DONE = event("completed", 4 + TOKENS, usage=COUNTED, output=OUTPUT)
SCRIPTS = {
    "an event a chunk": steps(CHUNKED, framed(ROLE)),
    "CRLF": steps(CHUNKED, crlf(ROLE), frame=crlf),
    "comments": steps(CHUNKED, framed(b": hi\n\n"), framed(ROLE), frame=lambda data: framed(b": ping\n\n" + data)),
    "with a length": steps(PLAIN + b"Content-Length: %d\r\n\r\n" % len(ROLE + b"".join(WORDS) + END), ROLE, frame=as_is, end=b""),
    "to the end of the connection": steps(PLAIN.replace(b"1.1", b"1.0") + b"\r\n", ROLE, frame=as_is, end=b""),
    "halves of events": [*steps(CHUNKED, framed(ROLE))[:2], *HALVES, steps(b"")[-1]],
    "bursts": [
        *steps(CHUNKED, framed(ROLE))[:2],
        (FIRST_S, b"".join(map(framed, WORDS[:4])), 4), (3 * GAP_S, framed(b"".join(WORDS[4:])), 4), steps(b"")[-1],
    ],
    "thoughts first": steps(CHUNKED, framed(event("created", 0)), words=[*THOUGHTS, *SPOKEN], tail=DONE),
}  # fmt: skip


TRIES = 4


def acting(script, log):
    """Logs when the kernel had the request, and two stamps around each send: what is sent reaches it in between."""

    def answer(connection, _request):
        sent = []
        for pause, data, contents in script:
            if pause:
                time.sleep(pause)
            before = time.time()
            connection.sendall(data)
            sent += [(before, time.time())] * contents
        with lock:
            log.append((reached.at_s, sent))
        return b"HTTP/1.0" not in script[0][1]

    lock = threading.Lock()
    return answer


def between(one, other):
    """The least and the most that can lie between two sends."""
    return other[0] - one[1], other[1] - one[0]


def gaps(sent):
    """Between contents; those of one send come at once."""
    return [(0.0, 0.0) if a == b else between(a, b) for a, b in pairwise(sent)]


def per_token(sent, responses):
    """Behind the first moment: the first chunk's tokens took no time that could be measured."""
    at_once = 1 if responses else sent.count(sent[0])
    tokens = 3 * TOKENS * (1 - at_once / len(sent))
    return tuple(span / tokens for span in between(sent[0], sent[-1]))


def run(name):
    """One session: its document, and the figures that are not what the server logged."""
    log = []
    responses = name == "thoughts first"
    with serving(acting(SCRIPTS[name], log)) as base_url:
        document, _ = session(
            base_url, rate=30.0, duration=0.5, scenario="responses-stream" if responses else "chat-stream"
        )  # fmt: skip
    served, metrics = len(log), document["metrics"]
    contents = TOKENS + 3 * responses
    assert ended(document) == {"ok": served} == {"ok": 15}
    assert document["usage"]["completion_tokens"] == served * 3 * TOKENS
    assert document["usage"]["content_events"] == served * contents
    assert metrics["ict_ms"]["count"] == served * (contents - 1)
    assert document["conformance"] == {}

    def far(metric, point, truths):
        lows, highs = zip(*truths, strict=True)
        middle = (len(truths) - 1) // 2
        least, most = (
            1000 * (sorted(ends)[middle] if point == "p50" else sum(ends) / len(ends))
            for ends in (lows, highs)
        )
        said = metrics[metric][point]
        near = said is not None and 0.95 * least - 4 <= said <= 1.05 * most + 4
        return [] if near else [f"{metric} {point}: {said}, not {least:.2f} to {most:.2f}"]

    def since_asked(n):
        return [(sent[n][0] - asked, sent[n][1] - asked) for asked, sent in log]

    return document, [
        *far("ttft_ms", "p50", since_asked(0)),
        *far("ict_ms", "mean", [gap for _, sent in log for gap in gaps(sent)]),
        *far("stall_max_ms", "p50", [tuple(max(gap[n] for gap in gaps(sent)) for n in (0, 1)) for _, sent in log]),
        *far("tpot_ms", "p50", [per_token(sent, responses) for _, sent in log]),
        *far("ttfot_ms", "p50", since_asked(3 if responses else 0)),
    ]  # fmt: skip


@pytest.mark.parametrize("name", SCRIPTS)
def test_what_is_reported_is_what_was_sent(name):
    """A run that doubts itself is tried again, and skipped in the end; one that does not, and is wrong, fails at once."""
    for _ in range(TRIES):
        document, wrong = run(name)
        if not wrong:
            return
        assert not quiet(document), wrong
    pytest.skip(f"INVALID: {'; '.join(document['validity']['reasons'])}")
