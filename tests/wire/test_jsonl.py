"""Exchanges survive their trip through a file; torn files say where."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire import jsonl
from wire.exchange import Attempt, Chunk, Connection, Ended, Exchange, Reply, Request

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
TIMES = st.floats(0, 1e7, allow_nan=False)
NAMES = st.sampled_from(["content-type", "set-cookie", "x-request-id", "date"])
HEADERS = st.lists(st.tuples(NAMES, TEXTS), max_size=4).map(tuple)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
BODIES = st.one_of(
    st.binary(max_size=30),
    VALUES.map(jsonl.canonical),
    VALUES.map(lambda value: json.dumps(value, indent=1).encode()),
    st.sampled_from([b"null", b'"text"', b'{"a":1,"a":2}', b"NaN", b"1e5", b'"\\ud800"', b"\xef\xbb\xbf{}", b"[" * 3000]),
)  # fmt: skip
EXCHANGES = st.builds(
    Exchange,
    id=TEXTS,
    request=st.builds(
        Request, method=st.sampled_from(["GET", "POST"]), path=TEXTS, headers=HEADERS, body=BODIES
    ),
    reply=st.builds(
        Reply,
        status=st.integers(0, 599),
        headers=HEADERS,
        chunks=st.lists(st.builds(Chunk, TIMES, st.binary(max_size=12)), max_size=4).map(tuple),
        headers_at_ms=st.none() | TIMES,
        timed=st.booleans(),
    ),
    connection=st.builds(
        Connection,
        ended=st.sampled_from(Ended),
        reused=st.none() | st.booleans(),
        error=TEXTS,
        total_ms=st.none() | TIMES,
        origin=TEXTS,
    ),
    started_at=st.none() | st.floats(0, 4e9),
    probe=st.none() | TEXTS,
    model=st.none() | TEXTS,
    source=st.none() | TEXTS,
    attempts=st.lists(st.builds(Attempt, st.integers(400, 599), TIMES), max_size=2).map(tuple),
)


@given(EXCHANGES)
def test_nothing_is_lost(exchange: Exchange) -> None:
    line = jsonl.dump(exchange)
    assert line.isascii()
    assert "\n" not in line
    assert jsonl.read(line) == exchange
    assert jsonl.read(json.loads(line)) == exchange


def test_the_form_of_the_contract() -> None:
    exchange = Exchange(
        "one",
        Request("POST", "/v1/responses", (("accept", "*/*"),), b'{"model":"m"}'),
        Reply(200, (("set-cookie", "a"), ("set-cookie", "b")), (Chunk(5.0, b"data: 1\n\n"),)),
        started_at=1_700_000_000.0,
    )
    value = json.loads(jsonl.dump(exchange))
    assert value["request"]["headers"] == {"accept": "*/*"}
    assert value["request"]["body"] == {"model": "m"}
    assert value["response"]["headers"] == [["set-cookie", "a"], ["set-cookie", "b"]]
    assert value["response"]["body_text"] == "data: 1\n\n"
    assert value["streaming"] is True
    assert value["recorded_at"] == "2023-11-14T22:13:20+00:00"
    assert value["frames"] == [[5.0, "data: 1\n\n"]]


def recorded(**changes: object) -> dict:
    line = {
        "id": "r",
        "source": {"repo": "a/b", "commit": "c", "path": "p.yaml", "index": 3},
        "request": {"method": "POST", "path": "/v1/responses", "headers": {"Accept": "x"}, "body": {"model": "m", "n": [1, 2]}},
        "response": {"status": 200, "headers": [["Set-Cookie", "a"]], "body_text": '{"created_at": 1700000000}'},
        "streaming": False,
        "recorded_at": None,
    }  # fmt: skip
    return line | changes


def test_a_recording_is_read() -> None:
    exchange = jsonl.read(recorded())
    assert exchange.request.body == b'{"model":"m","n":[1,2]}'
    assert exchange.request.header("accept") == "x"
    assert exchange.reply.header("set-cookie") == "a"
    assert exchange.source == "a/b p.yaml 3"
    assert not exchange.reply.timed
    assert exchange.connection.ended is Ended.UNKNOWN


@pytest.mark.parametrize(
    ("recorded_at", "body", "want"),
    [
        ("2023-11-14T22:13:20Z", "", 1_700_000_000.0),
        ("2023-11-14T22:13:20", "", 1_700_000_000.0),
        ("2023-11-14T23:13:20+01:00", '{"created": 5}', 1_700_000_000.0),
        (None, '{"created": 5}', 5.0),
        ("yesterday", '{"created_at": 6}', 6.0),
        (None, 'data: {"response": {"created_at": 7}}\n\n', 7.0),
        (None, 'data: {"created": 8}\n\ndata: [DONE]\n\n', 8.0),
        (None, "no JSON", None),
        (None, "", None),
    ],
)
def test_when_a_recording_was_made(recorded_at: str, body: str, want: float) -> None:
    response = {"status": 200, "headers": {}, "body_text": body}
    assert jsonl.read(recorded(recorded_at=recorded_at, response=response)).started_at == want


GOOD = jsonl.dump(Exchange("good", Request("GET", "/"))).encode() + b"\n"
BAD = [b"{", b"[]", b'{"id": 1}', b'{"request": {}, "response": {}}', b"\xff", b'{"request": {"method": "GET", "path": "/", "headers": 5}, "response": {"status": 200}}', b'{"request": {"method": "GET", "path": "/"}, "response": {"status": "200"}}', b"[" * 100_000]  # fmt: skip


@pytest.mark.parametrize("bad", BAD, ids=range(len(BAD)))
@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
def test_a_bad_line_is_named_and_passed_over(tmp_path: Path, bad: bytes, zipped: bool) -> None:
    file = tmp_path / "file"
    data = GOOD + b"\n" + bad + b"\n" + GOOD
    file.write_bytes(gzip.compress(data) if zipped else data)
    with pytest.raises(jsonl.BadLineError, match=r"line 3 \(byte \d+\)") as caught:
        list(jsonl.iter_file(file))
    assert (caught.value.line, caught.value.offset) == (3, len(GOOD) + 1)
    complaints: list[jsonl.BadLineError] = []
    exchanges = list(jsonl.iter_file(file, complaints.append))
    assert [exchange.id for exchange in exchanges] == ["good", "good"]
    assert [complaint.line for complaint in complaints] == [3]


def test_torn_ends(tmp_path: Path) -> None:
    plain, zipped = tmp_path / "a.jsonl", tmp_path / "a.jsonl.gz"
    plain.write_bytes(GOOD + GOOD[:40])
    with pytest.raises(jsonl.BadLineError, match=r"line 2 .*the last line is torn"):
        list(jsonl.iter_file(plain))
    zipped.write_bytes(gzip.compress(GOOD * 3)[:-12])
    complaints: list[jsonl.BadLineError] = []
    list(jsonl.iter_file(zipped, complaints.append))
    assert "the file is torn" in complaints[0].reason


@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz"])
def test_write_and_iterate(tmp_path: Path, name: str) -> None:
    exchanges = [Exchange(str(number), Request("GET", "/é")) for number in range(3)]
    jsonl.write_file(tmp_path / name, exchanges)
    assert list(jsonl.iter_file(tmp_path / name)) == exchanges
