"""What the load part's reader makes of a broken server's bytes, without a session: one class, and no exception."""

import contextlib
import json
import socket
import threading
from typing import Final

import httptools

from load.measure.outcome import Outcome
from load.transport.classification import classify
from load.transport.engine import reader_of
from load.transport.http_response import HttpResponse
from load.transport.request import Arrival, Request
from tests.hostile.cases import Asked
from tests.hostile.server import HostileServer, good_answer
from wire import exchange
from wire.endpoint import Endpoint

PATH: Final = "/v1/chat/completions"
MOST_S: Final = 2.0


def outcome(case: str, server: HostileServer, *, stream: bool) -> str:
    """The class of one arrival that got the case's bytes, and the connection's end after them."""
    body = json.dumps(
        {"model": "gpt-5.5", "messages": [{"role": "user", "content": "Hi"}], "stream": stream}
    ).encode()
    key = server.gateway.keys.secrets["codex"]
    headers = (("authorization", f"Bearer {key}"), ("content-type", "application/json"))
    good = good_answer(server.gateway, exchange.Request("POST", PATH, headers, body))
    request = Request("hostile", Endpoint.CHAT, PATH, body, stream)
    arrival = Arrival(request, reader_of(request))
    response = HttpResponse()
    response.begin(arrival)
    mine, theirs = socket.socketpair()
    mine.settimeout(MOST_S)

    def send() -> None:
        with theirs, contextlib.suppress(OSError):
            server.case(theirs, Asked("POST", PATH, stream, good, key))

    threading.Thread(target=send, daemon=True).start()
    with mine:
        try:
            at_ns = 0
            while not response.whole and (data := mine.recv(8192)):
                at_ns += 1000
                arrival.received_bytes += len(data)
                response.feed(data, at_ns)
        except TimeoutError:
            return "waits"
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            if not response.whole:
                return str(Outcome.PARSE_ERROR)
        except OSError:
            return str(Outcome.RESET_MID_STREAM)
    if arrival.headers_ns and not response.sized:
        response.whole = True
    try:
        response.finish(at_ns)
        classify(arrival, at_ns, None if response.whole else Outcome.TRUNCATED, "")
    except (ValueError, RecursionError):
        return str(Outcome.PARSE_ERROR)
    finally:
        response.close()
    return str(arrival.outcome)
