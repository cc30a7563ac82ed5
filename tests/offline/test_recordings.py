"""Each recorder's form gives the same exchange; torn and foreign files are said and passed over."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.offline.files import NoSuchFileError, files
from conformance.offline.json_stream import JsonStream, TornError
from conformance.offline.recordings import Reader
from tests.offline.forms import FORMS, TIMELESS, chrome, go_vcr_1, har, har_entry, vcrpy
from tests.offline.sample import (
    ASKED,
    BODY,
    JSON_TYPE,
    REQUEST_BODY,
    STREAM,
    STREAM_ASKED,
    STREAM_TYPE,
)
from tests.recorded import RECORDINGS
from wire import jsonl
from wire.exchange import Exchange, Reply, Request


def read(path):
    troubles = []
    return list(Reader(str(path), troubles.append).entries()), troubles


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("stream", [False, True], ids=["answer", "stream"])
@pytest.mark.parametrize("form", FORMS)
def test_forms_agree(tmp_path, form, stream, zipped):
    asked, body, kind = (
        (json.dumps(STREAM_ASKED).encode(), STREAM, STREAM_TYPE)
        if stream
        else (REQUEST_BODY, BODY, JSON_TYPE)
    )
    path = tmp_path / (f"{form}.gz" if zipped else form)
    data = FORMS[form](asked, body, [kind])
    path.write_bytes(gzip.compress(data) if zipped else data)
    entries, troubles = read(path)
    assert not troubles
    ((x, place),) = entries
    assert (x.request.method, x.request.path) == ("POST", "/openai/v1/chat/completions")
    assert x.request.params == json.loads(asked)
    assert x.request.header("host") == "api.example.com"
    assert not [name for name, _ in x.request.headers if name.startswith(":")]
    assert x.reply.status == 200
    assert x.reply.media_type == kind[1].partition(";")[0]
    if form == "req.json" or "parsed" in form:
        assert x.reply.json == json.loads(body) if not stream else x.reply.body == body
    else:
        assert x.reply.body == body
    assert x.reply.is_stream is stream
    assert not x.reply.timed
    assert x.connection.origin == "https://api.example.com"
    assert x.source
    assert x.probe is None
    assert str(path) in place
    assert x.started_at == 1772359200, "the recorded time, or the answer's own"
    if not form.startswith(TIMELESS):
        assert str(x.day) == "2026-03-01"


# Line ends of YAML that JSON does not know are folded by the recorder already.
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=12)
BODIES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | TEXT
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["1.0", "-1", "1e5", "0x1", "010", "null", "yes", "2026-01-01", ".5", "1_0", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(st.text("abc", min_size=1), BODIES, min_size=1, max_size=4))
@settings(deadline=None)
def test_a_body_that_the_recorder_parsed_comes_back_as_it_was(tmp_path_factory, body):
    made = {"interactions": [{"request": {"method": "POST", "uri": "http://h/v1/chat/completions"},
                              "response": {"status": {"code": 200}, "parsed_body": body}}]}  # fmt: skip
    path = tmp_path_factory.mktemp("parsed") / "cassette.yaml"
    path.write_text(yaml.safe_dump(made, allow_unicode=True), encoding="utf-8")
    ((x, _),), troubles = read(path)
    assert not troubles
    assert x.reply.json == body


def test_own_lines_keep_everything(tmp_path):
    from wire.exchange import Chunk, Connection, Ended

    x = Exchange(
        "a-1",
        Request("POST", "/chat/completions", (("x", "y"),), b"{}"),
        Reply(
            200, (("content-type", "application/json"),), (Chunk(1.5, b"\xff"), Chunk(2.5, b"}"))
        ),
        Connection(Ended.CUT, True, "cut", 3.0, "http://127.0.0.1:1"),
        1.0,
        probe="chat.echo",
        model="m",
    )
    jsonl.write_file(tmp_path / "a.jsonl.gz", [x, x])
    entries, troubles = read(tmp_path / "a.jsonl.gz")
    assert [e.exchange for e in entries] == [x, x]
    assert entries[1].place.endswith("a.jsonl.gz, line 2")
    assert not troubles


LINE = jsonl.dump(Exchange("a", Request("GET", "/v1/models"), Reply(200))).encode() + b"\n"


@pytest.mark.parametrize("ending", [".jsonl", ""])
def test_bad_lines_are_said_with_their_offset_and_passed_over(tmp_path, ending):
    path = tmp_path / f"a{ending}"
    path.write_bytes(LINE + b"{not json}\n" + b"[]\n" + b"\n" + LINE + b"5\n" + LINE[:-20])
    entries, troubles = read(path)
    assert [e.place.rpartition(" ")[2] for e in entries] == ["1", "5"]
    assert [t.place.partition(", ")[2] for t in troubles] == [
        f"line 2 (byte {len(LINE)})",
        f"line 3 (byte {len(LINE) + 11})",
        f"line 6 (byte {2 * len(LINE) + 15})",
        f"line 7 (byte {2 * len(LINE) + 17})",
    ]
    assert "torn" in troubles[-1].reason


def test_a_torn_first_line_does_not_hide_the_others(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(LINE[:-30] + b"\n" + LINE)
    entries, troubles = read(path)
    assert len(entries) == len(troubles) == 1


def test_torn_gzip(tmp_path):
    path = tmp_path / "a.jsonl.gz"
    data = gzip.compress(b"".join(LINE.replace(b'"a"', b'"%d"' % n) for n in range(5000)))
    path.write_bytes(data[: len(data) // 2])
    entries, troubles = read(path)
    assert len(entries) > 100
    assert len(troubles) == 1
    assert "torn" in troubles[0].reason


def test_torn_har_keeps_what_stands_before_the_tear(tmp_path):
    entry = har_entry(
        REQUEST_BODY, BODY, [JSON_TYPE], {"text": BODY.decode(), "mimeType": "application/json"}
    )
    data = har([entry] * 3)
    path = tmp_path / "a.har"
    path.write_bytes(data[:-700])
    entries, troubles = read(path)
    assert len(entries) == 2
    assert len(troubles) == 1
    assert "byte " in troubles[0].place


def test_torn_yaml_keeps_what_stands_before_the_tear(tmp_path):
    one = vcrpy(REQUEST_BODY, BODY, [JSON_TYPE]).decode()
    item = one[one.index("- request") : one.index("version:")]
    path = tmp_path / "a.yaml"
    path.write_text("interactions:\n" + item * 2 + item[:300] + "\n  \t: [")
    entries, troubles = read(path)
    assert len(entries) == 2
    assert len(troubles) == 1
    assert "not YAML" in troubles[0].reason


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("image.har", b"\x89PNG\r\n\x1a\n\0\0\0"),
        ("empty.json", b""),
        ("package.json", b'{"name": "x", "version": "1.0.0"}'),
        ("list.json", b"[1, 2]"),
        ("compose.yml", b"services:\n  web:\n    image: nginx\n"),
        ("prose.txt", b"Dear support,\nit is broken.\n"),
        ("page.html", b"<html><body>no</body></html>"),
        ("text.jsonl", b"hello\n"),
        ("null.json", b"null"),
        ("deep.json", b"[" * 100_000),
    ],
)
def test_foreign_files_are_one_line(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data)
    entries, troubles = read(path)
    assert not entries
    assert len(troubles) <= 2
    assert all(str(path) in t.place and "\n" not in str(t) for t in troubles)
    assert troubles


def cassette(path, status, headers, body, asked=None):
    response = {"status": {"code": status}, "headers": headers, "body": {"string": body}}
    asked = asked or {"model": "gpt-5.5", "messages": []}
    request = {"method": "POST", "uri": "https://api.openai.com/v1/chat/completions", "headers": {},
               "body": json.dumps(asked)}  # fmt: skip
    path.write_text(yaml.safe_dump({"interactions": [{"request": request, "response": response}]}))
    return read(path)


@pytest.mark.parametrize(
    ("status", "headers", "kept"),
    [
        (200, {"Content-Length": ["0"], "Transfer-Encoding": ["chunked"]}, False),
        (500, {"Date": ["Mon, 14 Aug 2023 15:02:13 GMT"]}, False),
        (500, {"Content-Length": ["0"]}, True),
        (502, {"Content-Type": ["text/html"]}, True),
    ],
)
def test_empty_bodies_of_cassettes(tmp_path, status, headers, kept):
    entries, troubles = cassette(tmp_path / "a.yaml", status, headers, "")
    assert (len(entries), len(troubles)) == ((1, 0) if kept else (0, 1))


@pytest.mark.parametrize(
    "value", ["X-RATELIMIT-LIMIT-REQUESTS-XXX", "REDACTED", "[FILTERED]", "<ORG_ID>", "***", "xxxx"]
)
def test_a_header_that_was_scrubbed_says_nothing(tmp_path, value):
    headers = {"X-RateLimit-Limit-Requests": [value], "Content-Type": ["application/json"]}
    ((x, _),), _ = cassette(tmp_path / "a.yaml", 200, headers, "{}")
    assert x.reply.header("x-ratelimit-limit-requests") is None
    assert x.reply.media_type == "application/json"


def test_bodies_left_out_are_not_blamed_and_not_torn(tmp_path):
    path = tmp_path / "a.har"
    entry = har_entry(REQUEST_BODY, b"", [JSON_TYPE], {"size": 812, "mimeType": "application/json"})
    path.write_bytes(har([entry]))
    entries, (trouble,) = read(path)
    assert not entries
    assert trouble.left_out


@pytest.mark.parametrize(
    ("content", "headers", "kept"),
    [
        ({"size": 0, "mimeType": "text/event-stream"}, [STREAM_TYPE], False),
        ({"size": 0, "mimeType": "", "text": ""}, [STREAM_TYPE], False),
        ({"size": 0, "mimeType": "", "text": ""}, [JSON_TYPE, ("Content-Length", "0")], True),
    ],
)
def test_an_empty_success_is_only_believed_when_the_server_said_so(
    tmp_path, content, headers, kept
):
    path = tmp_path / "a.har"
    path.write_bytes(har([har_entry(REQUEST_BODY, b"", headers, content)]))
    entries, troubles = read(path)
    assert len(entries) == kept
    assert all(trouble.left_out for trouble in troubles)


def test_an_aborted_request_of_a_browser(tmp_path):
    path = tmp_path / "a.har"
    entry = har_entry(REQUEST_BODY, b"", [], {"size": 0, "mimeType": "x-unknown"})
    entry["response"] |= {"status": 0, "_error": "net::ERR_ABORTED"}
    path.write_bytes(har([entry]))
    ((x, _),), _ = read(path)
    assert x.reply.status == 0
    assert x.connection.ended == "aborted"


def test_a_coding_nobody_knows(tmp_path):
    path = tmp_path / "a.yaml"
    data = vcrpy(REQUEST_BODY, b"\\u0001", [JSON_TYPE, ("Content-Encoding", "snappy")])
    path.write_bytes(data)
    entries, (trouble,) = read(path)
    assert not entries
    assert "snappy" in trouble.reason


def test_a_decoder_that_is_not_installed_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "brotli", None)
    path = tmp_path / "a.yaml"
    path.write_bytes(FORMS["vcrpy-br.yaml"](REQUEST_BODY, BODY, [JSON_TYPE]))
    _, (trouble,) = read(path)
    assert "pip install brotli" in trouble.reason


def test_folders_globs_and_names(tmp_path):
    for name in (
        "a.har",
        "sub/b.yaml",
        "sub/c.jsonl.gz",
        "notes.txt",
        ".git/d.har",
        "node_modules/e.har",
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    found = [os.path.relpath(name, tmp_path) for name in files([str(tmp_path)])]
    assert found == ["a.har", "sub/b.yaml", "sub/c.jsonl.gz"]
    assert files([str(tmp_path / "*.har"), str(tmp_path / "a.har")]) == [str(tmp_path / "a.har")]
    assert [Path(n).name for n in files([str(tmp_path / "**/*.yaml")])] == ["b.yaml"]
    with pytest.raises(NoSuchFileError, match="no such file"):
        files(["nowhere.har"])
    with pytest.raises(NoSuchFileError):
        files([str(tmp_path / "*.nothing")])


def test_standard_input():
    program = (
        "from conformance.offline.recordings import Reader\n"
        "print([e.place for e in Reader('-', print).entries()])"
    )
    data = go_vcr_1(REQUEST_BODY, BODY, [JSON_TYPE])
    for given_data in (data, gzip.compress(data), LINE):
        done = subprocess.run(
            [sys.executable, "-c", program], input=given_data, capture_output=True, check=True
        )
        assert b"standard input, " in done.stdout


def test_a_byte_order_mark(tmp_path):
    for name, data in (("a.har", chrome(REQUEST_BODY, BODY, [JSON_TYPE])), ("b.jsonl", LINE)):
        (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + data)
        entries, troubles = read(tmp_path / name)
        assert len(entries) == 1, name
        assert not troubles


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


class Slow:
    """A file that gives a few bytes at a time."""

    def __init__(self, data, size):
        self._data, self._size = data, size

    def read(self, _):
        piece, self._data = self._data[: self._size], self._data[self._size :]
        return piece


@settings(max_examples=150, deadline=None)
@given(values=st.lists(JSON), size=st.integers(1, 9), ascii_only=st.booleans())
def test_elements_of_a_document_that_comes_in_pieces(values, size, ascii_only):
    text = json.dumps({"a": [1], "b": values}, ensure_ascii=ascii_only)
    data = text.encode("utf-8", "surrogatepass" if ascii_only else "backslashreplace")
    stream = JsonStream(Slow(data, size))
    found = []
    for key in stream.members():
        if key == "b":
            for offset, value in stream.elements():
                found.append(value)
                assert data[offset : offset + 1].strip()
        else:
            stream.value()
    assert found == json.loads(data)["b"]


@settings(max_examples=100, deadline=None)
@given(cut=st.integers(1, 5000), size=st.integers(1, 400))
def test_a_document_cut_anywhere_ends_in_an_error(cut, size):
    data = har([har_entry(REQUEST_BODY, BODY, [JSON_TYPE], {"text": BODY.decode()})])
    cut = min(cut, len(data) - 1)
    stream = JsonStream(Slow(data[:-cut], size))
    with pytest.raises(TornError):
        for _ in stream.members():
            for inner in stream.members():
                if inner == "entries":
                    list(stream.elements())
                else:
                    stream.value()


def test_real_recordings_have_no_trouble():
    if not RECORDINGS.is_file():
        pytest.skip(f"no recordings at {RECORDINGS}")
    entries, troubles = read(RECORDINGS)
    assert len(entries) == 2977
    assert not troubles
    assert ASKED
