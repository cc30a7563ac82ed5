"""`python -m conformance judge` as users type it."""

import json
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import jsonschema
import pytest

from conformance.__main__ import main
from conformance.offline.files import short_names
from tests.offline.forms import FORMS, har, har_entry
from tests.offline.sample import ANSWER, BODY, JSON_TYPE, REQUEST_BODY
from wire import jsonl
from wire.exchange import Exchange, Reply, Request

ROOT = Path(__file__).parents[2]
WRONG = json.dumps({**ANSWER, "usage": {**ANSWER["usage"], "total_tokens": 99}}).encode()
FEW = ["--only", "usage.*", "--only", "chat.response.*"]


def entry(body, url="https://api.example.com/v1/chat/completions"):
    content = {"text": body.decode(), "mimeType": "application/json"}
    made = har_entry(REQUEST_BODY, body, [JSON_TYPE], content)
    made["request"]["url"] = url
    return made


@pytest.fixture
def clean(tmp_path):
    path = tmp_path / "clean.har"
    path.write_bytes(har([entry(BODY)]))
    return str(path)


@pytest.fixture
def wrong(tmp_path):
    path = tmp_path / "wrong.har"
    path.write_bytes(har([entry(BODY), entry(WRONG, "https://other.example/v1/chat/completions")]))
    return str(path)


def run(capsys, *words):
    try:
        code = main(["judge", *words])
    except SystemExit as stop:
        code = stop.code
    told = capsys.readouterr()
    return code, told.out, told.err


def test_clean(capsys, clean):
    code, out, err = run(capsys, clean)
    assert (code, err) == (0, "")
    assert "1 exchanges judged (api.example.com)" in out
    assert "not in these recordings" in out


def test_a_violation_with_its_place(capsys, wrong):
    code, out, _ = run(capsys, wrong, *FEW)
    assert code == 1
    assert "MUST usage." in out
    assert "wrong.har, entry 2: " in out
    assert "source: " in out


def test_host_leaves_the_rest_alone(capsys, wrong):
    code, out, _ = run(capsys, wrong, *FEW, "--host", "api.example.com")
    assert code == 0
    assert "1 of another host left alone" in out


def test_level(capsys, tmp_path):
    path = tmp_path / "a.har"
    lacking = {k: v for k, v in deepcopy(ANSWER).items() if k != "service_tier"}
    del lacking["choices"][0]["logprobs"]
    path.write_bytes(har([entry(json.dumps(lacking).encode())]))
    _, everything, _ = run(capsys, str(path))
    code, musts, _ = run(capsys, str(path), "--level", "must")
    assert "MAY" in everything
    assert "MAY" not in musts
    assert "SHOULD" not in musts
    assert code == 0


def test_reports(capsys, wrong, tmp_path):
    code, _, _ = run(
        capsys,
        wrong,
        *FEW,
        "--json",
        str(tmp_path / "o/o.json"),
        "--html",
        str(tmp_path / "o.html"),
    )
    assert code == 1
    document = json.loads((tmp_path / "o/o.json").read_text())
    jsonschema.validate(document, json.loads((ROOT / "schemas/report.json").read_text()))
    (finding,) = [
        f for row in document["results"] if row["outcome"] == "fail" for f in row["findings"]
    ][:1]
    assert document["exchanges"][finding["exchange"]]["place"].endswith("wrong.har, entry 2")
    page = (tmp_path / "o.html").read_text()
    assert "usage." in page
    assert "wrong.har" in page


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere.har"], "judge: nowhere.har: no such file"),
        (["{clean}", "--only", "chta.*"], "no requirement has such an id"),
        (["{clean}", "--profile", "nobody"], "no such file, and no built-in profile"),
        (["{clean}", "--level", "high"], "invalid choice"),
        ([], "the following arguments are required: FILE"),
        (["{clean}", "--host", "nobody.example"], "nothing to judge"),
        (["{clean}", "--json", "/proc/no/o.json"], "/proc/no"),
        (["{folder}"], "no recordings in"),
    ],
)
def test_errors_are_one_line(capsys, clean, tmp_path, words, message):
    folder = tmp_path / "empty"
    folder.mkdir()
    code, _, err = run(capsys, *(w.format(clean=clean, folder=folder) for w in words))
    assert code == 2
    assert message in err
    assert err.count("\n") == 1
    assert "Traceback" not in err


def test_torn_and_foreign_files_are_named_and_the_rest_is_judged(capsys, wrong, tmp_path):
    torn = tmp_path / "torn.jsonl"
    line = jsonl.dump(Exchange("a", Request("GET", "/v1/models"), Reply(200)))
    torn.write_text(f"{line}\n{line[:40]}")
    (tmp_path / "package.json").write_text('{"name": "x"}')
    code, out, err = run(capsys, str(tmp_path), *FEW)
    assert code == 2
    assert "MUST usage." in out
    assert f"torn.jsonl, line 2 (byte {len(line) + 1}): " in err
    assert "package.json" not in err
    assert "1 part could not be read" in err
    assert "1 file of no form that is read" in out


def test_exchanges_of_files_with_one_name_are_told_apart(capsys, clean, tmp_path):
    """Else a finding is shown with the transcript of another file."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "clean.har").write_bytes(har([entry(BODY.replace(b"chatcmpl-", b"x-"))]))
    out = tmp_path / "out.json"
    run(capsys, clean, str(tmp_path / "b"), "--only", "chat.answer.id-prefix", "--json", str(out))
    document = json.loads(out.read_text())
    (found,) = [f for row in document["results"] for f in row["findings"]]
    assert found["exchange"] == "b/clean.har#1"
    assert '"x-' in document["exchanges"][found["exchange"]]["response"]["body_text"]
    assert short_names(["a/x.har", "b/x.har", "b/y.har"]) == {
        "a/x.har": "a/x.har", "b/x.har": "b/x.har", "b/y.har": "y.har",
    }  # fmt: skip


def test_a_foreign_file_beside_a_cassette_is_passed_over(capsys, clean, tmp_path):
    (tmp_path / "package.json").write_text('{"name": "x"}')
    (tmp_path / "list.json").write_text("[1, 2]")
    (tmp_path / "compose.yml").write_text("services: {web: {image: nginx}}")
    (tmp_path / "grpc.yaml").write_text(
        "interactions:\n- {request_sample: {}, response_sample: {}}\n"
    )
    code, out, err = run(capsys, str(tmp_path), *FEW)
    assert (code, err) == (0, "")
    assert "1 exchanges judged (api.example.com), 4 files of no form that is read" in out
    code, out, err = run(capsys, clean, str(tmp_path / "package.json"), *FEW)
    assert code == 2
    assert "package.json, entry 1 (byte 0): no form of recording" in err
    assert "--help` lists the forms" in err
    (tmp_path / "clean.har").unlink()
    assert run(capsys, str(tmp_path), *FEW)[0] == 2, "nothing at all was judged"


def test_many_troubles_are_counted_not_shown(capsys, clean, tmp_path):
    bad = tmp_path / "bad.jsonl"
    bad.write_text("{}\n" * 500)
    code, out, err = run(capsys, clean, str(bad), *FEW)
    assert code == 2
    assert err.count("\n") < 30
    assert "500 not readable" in out


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_judged(capsys, tmp_path, form):
    path = tmp_path / form
    path.write_bytes(FORMS[form](REQUEST_BODY, WRONG, [JSON_TYPE]))
    code, out, err = run(capsys, str(path), *FEW)
    assert code == 1, out + err
    assert "MUST usage." in out


def test_as_a_program(wrong):
    command = [sys.executable, "-m", "conformance"]
    help_text = subprocess.run(
        [*command, "judge", "--help"], capture_output=True, text=True, check=True
    ).stdout
    for word in ("--json", "--html", "--only", "--level", "--host", "exit code", "HAR", "examples"):
        assert word in help_text
    done = subprocess.run([*command], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    data = Path(wrong).read_bytes()
    done = subprocess.run(
        [*command, "judge", "-", *FEW], input=data, capture_output=True, check=False
    )
    assert done.returncode == 1
    assert b"standard input, entry 2" in done.stdout
