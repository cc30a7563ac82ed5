"""Forms of other tools: each gives the same exchange, as far as it keeps one."""

import json
import zipfile

import pytest

from conformance.__main__ import main
from conformance.offline.form import all_forms, byte_forms
from conformance.offline.recordings import Reader
from tests.offline.forms import har, har_entry
from tests.offline.mocks import MOCKS, PLAIN_ONLY, curl_typed, curl_v, wiremock
from tests.offline.sample import (
    ANSWER,
    BODY,
    CHUNKS,
    JSON_TYPE,
    REQUEST_BODY,
    STREAM,
    STREAM_ASKED,
    STREAM_TYPE,
)

ASKED = {False: REQUEST_BODY, True: json.dumps(STREAM_ASKED).encode()}
WRONG = json.dumps({**ANSWER, "usage": {**ANSWER["usage"], "total_tokens": 99}}).encode()


def read(path, endpoint=""):
    troubles = []
    entries = list(Reader(str(path), troubles.append, endpoint).entries())
    return [entry.exchange for entry in entries], troubles


def written(path, name, stream, body=None):
    made = MOCKS[name][0]
    body = body or (STREAM if stream else BODY)
    path = path / name
    path.write_bytes(made(ASKED[stream], body, STREAM_TYPE[1] if stream else JSON_TYPE[1]))
    return path


@pytest.mark.parametrize(
    ("name", "stream"),
    [
        pytest.param(name, stream, id=f"{name}-{'stream' if stream else 'answer'}")
        for name in MOCKS
        for stream in (False, True)
        if not (stream and name in PLAIN_ONLY)
    ],
)
def test_forms_agree(tmp_path, name, stream):
    _, keeps_body, keeps_host = MOCKS[name]
    exchanges, troubles = read(written(tmp_path, name, stream))
    assert not [t for t in troubles if not t.left_out]
    x = exchanges[0]
    assert x.request.method == "POST"
    assert x.request.path.endswith("/v1/chat/completions")
    assert x.request.body_recorded is keeps_body
    assert not keeps_body or x.request.params == json.loads(ASKED[stream])
    assert x.connection.origin in {"https://api.example.com", "https://api.example.com:443"} if keeps_host else not x.connection.origin  # fmt: skip
    assert x.reply.status == 200
    assert x.reply.is_stream is stream
    if stream:
        assert list(x.reply.payloads[:-1]) == CHUNKS
        assert not x.reply.facts
    else:
        assert x.reply.json == ANSWER
    kind = (STREAM_TYPE if stream else JSON_TYPE)[1]
    assert x.reply.header("content-type") == kind or not x.reply.headers


@pytest.mark.parametrize("name", MOCKS)
def test_forms_are_judged_and_an_innocent_is_none_the_worse(tmp_path, capsys, name):
    few = ["--only", "usage.*", "--only", "chat.*", "--level", "must", "--quiet"]
    assert main(["judge", str(written(tmp_path, name, stream=False)), *few]) == 0, (
        capsys.readouterr().out
    )
    (tmp_path / "wrong").mkdir()
    wrong = written(tmp_path / "wrong", name, stream=False, body=WRONG)
    assert main(["judge", str(wrong), *few]) == 1, capsys.readouterr()
    if name not in PLAIN_ONLY:
        assert main(["judge", str(written(tmp_path, name, stream=True)), *few]) == 0, (
            capsys.readouterr().out
        )


def test_every_form_has_a_sample():
    """A form is found by lying in its folder; its sample is asked for here."""
    assert len(all_forms()) + len(byte_forms()) == len({form.name for form in (*all_forms(), *byte_forms())})  # fmt: skip
    tried = {made.__name__ for made, _, _ in MOCKS.values()}
    for form in (*all_forms(), *byte_forms()):
        name = form.records.__module__.rpartition(".")[2]
        known = {
            "har",
            "cassette",
            "event_stream",
            "curl",
            "answer",
            "azure_test_proxy",
            "wiremock",
        }
        assert name in tried | known, name


def test_a_raw_stream_and_what_was_asked(tmp_path):
    path = tmp_path / "out.sse"
    path.write_bytes(b": keep-alive\n\n" + STREAM)
    ((x,), troubles) = read(path)
    assert (x.request.path, x.reply.status, troubles) == ("/v1/chat/completions", 200, [])
    error = tmp_path / "error.json"
    error.write_text('{"error": {"message": "no"}}')
    exchanges, (trouble,) = read(error)
    assert not exchanges
    assert trouble.left_out
    assert "status" in trouble.reason or "--endpoint" in trouble.reason
    unclear = tmp_path / "unclear.sse"
    unclear.write_bytes(b'data: {"x": 1}\n\ndata: [DONE]\n\n')
    assert "--endpoint" in read(unclear)[1][0].reason
    ((x,), _) = read(tmp_path / "out.sse", endpoint="/v1/responses")
    assert x.request.path == "/v1/responses"


def test_an_empty_document_at_the_end_is_nothing(tmp_path):
    path = written(tmp_path, "httpmock.yaml", stream=False)
    path.write_bytes(path.read_bytes() + b"---\n")
    assert not read(path)[1]


def test_an_endpoint_of_the_command_line(tmp_path, capsys):
    path = tmp_path / "unclear.txt"
    path.write_bytes(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n" + b'{"id": "x"}')
    assert main(["judge", str(path), "--quiet"]) == 2
    assert main(["judge", str(path), "--quiet", "--endpoint", "chat"]) == 1
    assert main(["judge", str(path), "--quiet", "--endpoint", "chatt"]) == 2
    assert "--endpoint chatt: chat, responses, models, or a path" in capsys.readouterr().err


def test_several_commands_in_one_file(tmp_path):
    path = tmp_path / "session.txt"
    typed = curl_typed(ASKED[False], BODY + b"\n", JSON_TYPE[1])
    path.write_bytes(typed + typed.replace(b"HTTP/2 200", b"HTTP/2 401"))
    exchanges, troubles = read(path)
    assert [x.reply.status for x in exchanges] == [200, 401]
    assert all(x.request.params["model"] == "gpt-5.5" for x in exchanges)
    assert not troubles
    verbose = curl_v(ASKED[True], STREAM, STREAM_TYPE[1])
    path.write_bytes(verbose + verbose)
    exchanges, _ = read(path)
    assert [x.reply.body for x in exchanges] == [STREAM, STREAM]


def test_curl_says_how_it_ended(tmp_path):
    path = tmp_path / "cut.txt"
    path.write_bytes(curl_v(ASKED[True], STREAM[:-40], STREAM_TYPE[1]) + b"curl: (18) transfer closed with outstanding read data remaining\n")  # fmt: skip
    ((x,), _) = read(path)
    assert x.connection.ended == "cut"
    assert "transfer closed" in x.connection.error


def attached(entry_name, content_name):
    entry = har_entry(REQUEST_BODY, BODY, [JSON_TYPE], {"mimeType": "application/json", "_file": content_name})  # fmt: skip
    entry["request"]["postData"] = {"mimeType": "application/json", "_file": entry_name}
    return har([entry])


@pytest.mark.parametrize("zipped", [False, True])
def test_har_with_attached_files(tmp_path, zipped):
    members = {"har.har": attached("asked.json", "answer.json"), "asked.json": REQUEST_BODY, "answer.json": BODY}  # fmt: skip
    path = tmp_path / "har.har"
    if zipped:
        path = tmp_path / "har.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data)
    else:
        for name, data in members.items():
            (tmp_path / name).write_bytes(data)
    ((x,), troubles) = read(path)
    assert (x.reply.json, x.request.body, troubles) == (ANSWER, REQUEST_BODY, [])


@pytest.mark.parametrize("name", ["../secret.json", "/etc/hostname", "a/../../secret.json", "nowhere", ""])  # fmt: skip
def test_a_recording_reads_no_file_outside_of_its_folder(tmp_path, name):
    (tmp_path / "secret.json").write_bytes(BODY)
    (tmp_path / "in").mkdir()
    path = tmp_path / "in/a.har"
    path.write_bytes(attached("asked.json", name))
    exchanges, (trouble,) = read(path)
    assert not exchanges
    assert trouble.left_out


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    (tmp_path / "secret.json").write_bytes(BODY)
    (tmp_path / "in").mkdir()
    (tmp_path / "in/link.json").symlink_to(tmp_path / "secret.json")
    (tmp_path / "in/a.har").write_bytes(attached("asked.json", "link.json"))
    assert not read(tmp_path / "in/a.har")[0]


def test_wiremock_bodies_in_files(tmp_path, capsys):
    for folder in ("mappings", "__files"):
        (tmp_path / folder).mkdir()
    one = json.loads(wiremock(REQUEST_BODY, BODY, JSON_TYPE[1]))
    del one["response"]["body"]
    one["response"]["bodyFileName"] = "chat.json"
    (tmp_path / "mappings/chat.json").write_text(json.dumps(one))
    (tmp_path / "__files/chat.json").write_bytes(BODY)
    ((x,), troubles) = read(tmp_path / "mappings/chat.json")
    assert (x.reply.json, troubles) == (ANSWER, [])
    assert main(["judge", str(tmp_path), "--level", "must", "--quiet"]) == 0
    assert "1 exchanges judged" in capsys.readouterr().out, "the file is no second exchange"


@pytest.mark.parametrize(
    "change",
    [
        {"request": {"method": "POST"}},
        {"response": {"status": 200, "proxyBaseUrl": "http://x"}},
        {"response": {"status": 200, "body": "{{request.body}}", "transformers": ["response-template"]}},
        {"response": {"fault": "CONNECTION_RESET_BY_PEER"}},
    ],
)  # fmt: skip
def test_stubs_that_answer_nothing_of_their_own_are_left_out(tmp_path, change):
    one = {**json.loads(wiremock(REQUEST_BODY, BODY, JSON_TYPE[1])), **change}
    (tmp_path / "a.json").write_text(json.dumps(one))
    exchanges, (trouble,) = read(tmp_path / "a.json")
    assert not exchanges
    assert trouble.left_out
