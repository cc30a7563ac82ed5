"""Keys planted in every place a key can be; no file that the suite writes holds one."""

import base64
import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from conformance.__main__ import main
from tests.offline.forms import har, har_entry, vcrpy
from tests.offline.sample import ANSWER, JSON_TYPE, STREAM_ASKED, STREAM_TYPE, URL, _chunk

HEADER = "sk-proj-PLANTEDheader0123456789abcdef"
PLAIN = "cs_live/PLANTED+plain:0123456789"  # nothing like the keys that everybody knows
QUERY = "PLANTEDquery0123456789"
BODY = "sk-PLANTEDbody0123456789abcdefgh"
COOKIE = "PLANTEDcookie0123456789"
ORGANISATION = "org-PLANTEDorganisation0123"
PROJECT = "proj_PLANTEDproject0123456789"
SECRETS = (HEADER, PLAIN, QUERY, BODY, COOKIE)
IDS = (ORGANISATION, PROJECT)


def forms(secret):
    plain = secret.encode()
    return {
        plain,
        quote(secret, safe="").encode(),
        json.dumps(secret)[1:-1].replace("/", "\\/").encode(),
        base64.b64encode(plain).rstrip(b"=")[:-2],
    }


def assert_clean(folder, *more):
    """No file below the folder holds any secret in any form."""
    files = [p for p in Path(folder).rglob("*") if p.is_file()]
    assert files
    for path in files:
        data = path.read_bytes()
        for secret in (*SECRETS, *more):
            for form in forms(secret):
                assert form not in data, f"{secret} in {path.name}"


REQUEST_HEADERS = [
    {"name": "Authorization", "value": f"Bearer {HEADER}"},
    {"name": "api-key", "value": PLAIN},
    {"name": "Cookie", "value": f"session={COOKIE}; theme=dark"},
    {"name": "OpenAI-Organization", "value": ORGANISATION},
    {"name": "Content-Type", "value": "application/json"},
]
REPLY_HEADERS = [
    JSON_TYPE,
    ("set-cookie", f"__cf={COOKIE}; Path=/; HttpOnly"),
    ("openai-organization", ORGANISATION),
    ("openai-project", PROJECT),
    ("x-debug", f"key was {PLAIN}"),
]


def planted_har():
    """An answer, an error, a stream, all of them deviant so that they become evidence."""
    asked = json.dumps(
        {
            **STREAM_ASKED,
            "user": BODY,
            "messages": [{"role": "user", "content": f"my key is {PLAIN}"}],
        }
    ).encode()
    echo = json.dumps({**ANSWER, "object": f"x {HEADER}", "id": PLAIN, "model": BODY}).encode()
    error = json.dumps(
        {"error": {"message": f"bad key {HEADER} of {ORGANISATION}", "type": PLAIN}}
    ).encode()
    # The key in two deltas: no file has it in one piece, but a fold would put it together.
    deltas = [
        _chunk({"role": "assistant", "content": PLAIN[:14]}),
        _chunk({"content": PLAIN[14:]}),
        _chunk({"content": HEADER}),
    ]
    stream = "".join(f"data: {json.dumps(c)}\n\n" for c in deltas).encode()
    entries = []
    for body, kind, status in (
        (echo, "application/json", 200),
        (error, "application/json", 401),
        (stream, STREAM_TYPE[1], 200),
    ):
        content = {"mimeType": kind, "text": base64.b64encode(body).decode(), "encoding": "base64"}
        one = har_entry(asked, body, [("Content-Type", kind), *REPLY_HEADERS[1:]], content)
        one["request"]["url"] = f"{URL}?api_key={QUERY}&x=1"
        one["request"]["headers"] = REQUEST_HEADERS
        one["request"]["queryString"] = [{"name": "api_key", "value": QUERY}]
        one["request"]["cookies"] = [{"name": "session", "value": COOKIE}]
        one["response"]["status"] = status
        one["response"]["cookies"] = [{"name": "__cf", "value": COOKIE}]
        entries.append(one)
    return har(entries)


def test_the_reports_of_a_judgement(tmp_path, capsys):
    path = tmp_path / "in.har"
    path.write_bytes(planted_har())
    out = tmp_path / "out"
    assert (
        main(["judge", str(path), "--json", str(out / "r.json"), "--html", str(out / "r.html")])
        == 1
    )
    told = capsys.readouterr()
    (out / "terminal.txt").write_text(told.out + told.err)
    assert_clean(out)
    document = json.loads((out / "r.json").read_text())
    assert len(document["exchanges"]) == 3


def scrubbed(path, *words):
    code = main(["scrub", str(path), *words])
    assert code == 0


def test_scrub_keeps_a_har_file_a_har_file(tmp_path, capsys):
    path = tmp_path / "in.har"
    path.write_bytes(planted_har())
    scrubbed(path, "-o", str(tmp_path / "out/clean.har"))
    assert_clean(tmp_path / "out", *IDS)
    told = capsys.readouterr().err
    for word in (
        "4 keys" if "4 keys" in told else "keys",
        "cookie",
        "1 organisation id",
        "1 project id",
    ):
        assert word in told
    before, after = (json.loads(p.read_text()) for p in (path, tmp_path / "out/clean.har"))
    assert len(after["log"]["entries"]) == 3
    kept = after["log"]["entries"][0]["response"]["content"]
    body = json.loads(base64.b64decode(kept["text"]))
    assert body["choices"] == ANSWER["choices"]
    assert before["log"]["creator"] == after["log"]["creator"]
    scrubbed(tmp_path / "out/clean.har", "-o", str(tmp_path / "again.har"))
    assert json.loads((tmp_path / "again.har").read_text()) == after
    assert "nothing to take" in capsys.readouterr().err


def test_scrub_makes_json_lines_of_cassettes(tmp_path, capsys):
    body = json.dumps({"error": {"message": f"{PLAIN} and {PROJECT}"}}).encode()
    data = vcrpy(
        json.dumps({"user": BODY}).encode(), body, [*REPLY_HEADERS, ("authorization", HEADER)]
    )
    path = tmp_path / "in.yaml"
    path.write_bytes(
        data.replace(
            b"api.example.com\n",
            b"api.example.com\n      api-key: ['" + PLAIN.encode() + b"']\n",
            1,
        )
    )
    scrubbed(path)
    (tmp_path / "out").mkdir()
    (tmp_path / "in.scrubbed.jsonl").rename(tmp_path / "out/in.jsonl")
    assert_clean(tmp_path / "out", *IDS)
    assert "-> " in capsys.readouterr().err
    assert main(["judge", str(tmp_path / "out/in.jsonl")]) in {0, 1}


def test_scrub_says_what_it_cannot_read(tmp_path, capsys):
    path = tmp_path / "in.jsonl"
    path.write_text(
        '{"request": {"method": "GET", "path": "/v1/models"}, "response": {"status": 200}}\n{torn'
    )
    assert main(["scrub", str(path), "-o", str(tmp_path / "out.jsonl")]) == 2
    assert "not in the output" in capsys.readouterr().err
    assert main(["scrub", str(tmp_path / "nowhere")]) == 2
    assert "no such file" in capsys.readouterr().err


def test_a_key_over_the_border_of_two_chunks(tmp_path):
    from wire import jsonl
    from wire.exchange import Chunk, Exchange, Reply, Request

    chunks = tuple(
        Chunk(float(n), part)
        for n, part in enumerate(
            (b'data: {"a":"' + PLAIN[:9].encode(), PLAIN[9:].encode() + b'"}\n\n')
        )
    )
    asked = Request("POST", "/v1/chat/completions", (("authorization", f"Bearer {PLAIN}"),), b"{}")
    early = Exchange(
        "early", Request("GET", "/v1/models"), Reply(500, (), (Chunk(0.0, PLAIN.encode()),))
    )
    path = tmp_path / "in.jsonl"
    jsonl.write_file(
        path,
        [early, Exchange("x", asked, Reply(200, (("content-type", "text/event-stream"),), chunks))],
    )
    scrubbed(path, "-o", str(tmp_path / "out/out.jsonl"))
    assert_clean(tmp_path / "out")
    x = list(jsonl.iter_file(tmp_path / "out/out.jsonl"))[1]
    assert [c.at_ms for c in x.reply.chunks] == [0.0, 1.0]
    assert PLAIN[9:] not in x.reply.text
    main(
        [
            "judge",
            str(path),
            "--json",
            str(tmp_path / "judged/r.json"),
            "--html",
            str(tmp_path / "judged/r.html"),
        ]
    )
    assert_clean(tmp_path / "judged")


def test_help_suffices():
    command = [sys.executable, "-m", "conformance", "scrub", "--help"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for word in ("cookies", "organisation", "exit code", "examples", "-o"):
        assert word in told


@pytest.mark.parametrize("name", ["in.har", "in.jsonl"])
def test_the_input_is_not_touched(tmp_path, name):
    path = tmp_path / name
    data = (
        planted_har()
        if name.endswith("har")
        else b'{"request":{"method":"GET","path":"/"},"response":{"status":1}}\n'
    )
    path.write_bytes(data)
    scrubbed(path)
    assert path.read_bytes() == data
    assert len(list(tmp_path.iterdir())) == 2
