"""What this client runs out of, or does wrong itself, is counted as its own."""

import errno
import os

import pytest

from load.measure.arrival_log import ArrivalLog
from load.measure.outcome import Outcome
from load.transport import nonblocking_socket
from load.transport.chat_reader import ChatReader
from tests.load.streams import (
    WHOLE,
    ended,
    saying,
    serving,
    session,
)
from tests.load.test_outcomes import send_requests


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS])
def test_what_this_machine_has_run_out_of_is_not_the_servers_fault(monkeypatch, code):
    def no_more(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(nonblocking_socket, "_socket", no_more)
    done, _ = send_requests("http://127.0.0.1:1/v1")
    assert done[0].outcome is Outcome.CLIENT_ERROR
    assert done[0].detail == os.strerror(code)


def test_an_error_of_ours_is_counted_as_ours(monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("a fault of this client")

    monkeypatch.setattr(ChatReader, "take", broken)
    with serving(saying(WHOLE)) as base_url:
        done, _ = send_requests(base_url, 3)
        document, code = session(base_url, rate=40.0, duration=0.5)
    assert [arrival.outcome for arrival in done] == [Outcome.CLIENT_ERROR] * 3
    assert ended(document) == {"client_error": 20}
    assert "20 arrivals failed in this client: ZeroDivisionError" in " ".join(document["validity"]["reasons"])  # fmt: skip
    assert code == 2


def test_an_error_while_an_arrival_is_counted_loses_none(monkeypatch):
    monkeypatch.setattr(ArrivalLog, "_times", lambda *_: 1 / 0)
    with serving(saying(WHOLE)) as base_url:
        document, _ = session(base_url, rate=40.0, duration=0.5)
    assert sum(document["outcomes"].values()) == document["arrivals"]["happened"] == 20
    assert document["validity"]["stamp"] == "INVALID"
