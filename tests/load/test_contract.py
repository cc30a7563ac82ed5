"""What we use of libraries beyond their documented surface: a new version that changes it fails here."""

import subprocess
import sys
from pathlib import Path

import gevent
import httptools
import msgspec
import pytest
from gevent.monkey import get_original

from load.transport.chat_reader import ChatReader


def test_gevent_loop_has_the_watchers_that_we_drive():
    loop = gevent.get_hub().loop
    left, right = get_original("socket", "socketpair")()
    seen = []
    watcher = loop.io(left.fileno(), 1)
    watcher.start(seen.append, "readable")
    prepared = loop.prepare()
    prepared.start(seen.append, "prepare")
    loop.run_callback(seen.append, "called")
    right.send(b"x")
    gevent.sleep(0.02)
    watcher.stop()
    watcher.close()
    prepared.stop()
    prepared.close()
    assert {"readable", "prepare", "called"} <= set(seen)
    left.close()
    right.close()


def test_original_functions_are_not_the_patched_ones():
    assert get_original("time", "sleep").__module__ == "time"
    assert get_original("socket", "socket").__module__ == "socket"


def test_httptools_reads_one_response_after_the_other_with_one_parser():
    seen = []

    class Protocol:
        def on_body(self, body):
            seen.append(body)

        def on_message_complete(self):
            seen.append(parser.should_keep_alive())

    parser = httptools.HttpResponseParser(Protocol())
    one = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    parser.feed_data(one)
    parser.feed_data(one)
    assert seen == [b"ok", True, b"ok", True]


def test_an_error_of_a_callback_comes_out_as_a_parser_error():
    class Protocol:
        def on_body(self, _body):
            raise ValueError("too much")

    with pytest.raises(httptools.HttpParserError):
        httptools.HttpResponseParser(Protocol()).feed_data(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        )


def test_msgspec_says_decode_error_for_json_and_for_types():
    assert issubclass(msgspec.ValidationError, msgspec.DecodeError)
    reader = ChatReader()
    reader.take('{"choices": 1}', "", 1)
    assert "chat.stream.heartbeat" in reader.seen


def test_locust_has_what_we_use():
    """In a process of its own: importing locust patches the standard library."""
    script = Path(__file__).with_name("locust_contract.py")
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=False, cwd=script.parents[2]
    )
    assert done.returncode == 0, done.stderr
