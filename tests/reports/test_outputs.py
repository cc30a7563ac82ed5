"""Summary, JUnit, badge, comparison, the folder and the command."""

import json
import re
import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest

from reports import badge, write_all
from reports.__main__ import main, parser
from reports.compare import compare, report
from reports.document import parse
from reports.junit import junit
from reports.markdown import code, fenced, markdown, plain
from tests.reports.sample import HOSTILE, document, finding, full, result


@pytest.fixture(scope="module")
def run():
    return parse(full())


def test_summary_has_it_all_in_order(run):
    text = markdown(run)
    parts = ["# Does not conform:", "## Causes (4)", "1. **MUST** Streams of POST", "## Clients", "## By area", "## Failures", "### MUST `chat.stream.usage-last`",
             "Where: chunk 1, usage", "expected `null or no usage", "```sh\ncurl", "## Advisories", "## What could not"]  # fmt: skip
    assert [text.index(part) for part in parts] == sorted(text.index(part) for part in parts)
    assert len(text) < 100_000


def test_summary_of_everything_broken_fits_a_step_summary():
    made = full()
    for row in made["results"]:
        row |= {"outcome": "fail", "findings": [finding("body", "a" * 3000, "b" * 3000, "u0")]}
    assert len(markdown(parse(made)).encode()) < 500_000


def test_summary_keeps_hostile_text_in_its_place():
    bad = result(
        "chat.a",
        "fail",
        text=HOSTILE,
        source=HOSTILE,
        findings=[finding(HOSTILE, HOSTILE, HOSTILE)],
    )
    text = markdown(
        parse(
            document(bad, clients=[{"name": HOSTILE, "version": "1", "ready": True, "because": []}])
        )
    )
    outside = re.sub(r"(`+).*?[^`]\1(?!`)", "", text)
    assert not re.search(r"(?<!\\)<(script|img|!--)", outside)
    table_rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in table_rows} == {5}


def test_markdown_spans_cannot_be_left():
    assert code("a`b``c") == "```a`b``c```"
    assert code("`") == "`` ` ``"
    assert fenced("```\nx").startswith("````\n")
    assert plain("[a](b) @me <i>") == r"\[a\](b) \@me \<i\>"


def test_junit_counts_and_properties(run):
    root = ET.fromstring(junit(run))
    cases = root.findall("./testsuite/testcase")
    assert len(cases) == len(run.results) == int(root.get("tests"))
    by_name = {case.get("name"): case for case in cases}
    failed = by_name["chat.stream.usage-last[gpt-5.5]"]
    properties = {p.get("name"): p.get("value") for p in failed.findall("./properties/property")}
    assert properties["requirement"] == "chat.stream.usage-last"
    assert properties["level"] == "MUST"
    assert properties["source"].startswith("OpenAPI")
    assert "curl" in failed.find("failure").text
    assert by_name["chat.stream.burst[gpt-5.5]"].find("system-out").text.startswith("advisory:")
    for outcome, tag in (
        ("blocked", "skipped"),
        ("inconclusive", "skipped"),
        ("not-claimed", "skipped"),
        ("error", "error"),
        ("fail", "failure"),
    ):
        assert len(root.findall(f".//{tag}")) >= sum(r.outcome == outcome for r in run.results)
    for suite in root.findall("testsuite"):
        assert int(suite.get("tests")) == len(suite.findall("testcase"))
        assert int(suite.get("skipped")) == len(suite.findall("testcase/skipped"))


def test_junit_begins_with_what_to_mend(run):
    root = ET.fromstring(junit(run))
    names = [case.get("name") for case in root.findall("./testsuite/testcase")]
    assert {name.partition("[")[0] for name in names[:4]} == set(run.causes[0].requirements)
    first = root.find("./testsuite/testcase/properties/property[@name='cause']")
    assert first.get("value") == run.causes[0].sentence


def test_junit_is_xml_whatever_a_server_says():
    bad = result(HOSTILE, "fail", text=HOSTILE, findings=[finding(HOSTILE, HOSTILE, HOSTILE)])
    root = ET.fromstring(junit(parse(document(bad, could_not_run=HOSTILE))).encode())
    assert root.find(".//testcase/error") is not None


def test_compare_knows_a_regression_from_a_check_that_did_not_run():
    before = document(
        result("a.1"),
        result("a.2", "fail"),
        result("a.3", "blocked"),
        result("a.4"),
        result("a.5", "fail"),
        result("a.6", "advisory", "SHOULD"),
        result("a.7"),
    )
    now = document(
        result("a.1", "fail"),
        result("a.2"),
        result("a.3", "fail"),
        result("a.4", "blocked", reason="no key"),
        result("a.5", "fail"),
        result("a.6", "advisory", "SHOULD"),
        result("a.8"),
    )
    found = compare(parse(before), parse(now))
    names = {
        name: [change["requirement"] for change in changes]
        for name, changes in found.as_json().items()
    }
    assert names == {
        "regressed": ["a.1"],
        "fixed": ["a.2"],
        "new": ["a.3"],
        "gone": ["a.4", "a.7"],
        "still": ["a.5", "a.6"],
    }
    assert found.failed()
    assert "pass → blocked  no key" in report(found)


def test_an_advisory_regresses_only_when_asked():
    found = compare(
        parse(document(result("a.1", level="SHOULD"))),
        parse(document(result("a.1", "advisory", "SHOULD"))),
    )
    assert not found.failed()
    assert found.failed(strict=True)


def test_models_are_compared_each_on_its_own(run):
    assert report(compare(run, run)).startswith("0 regressed, ")
    empty = parse(document())
    assert report(compare(empty, empty)) == "no difference\n"


@pytest.mark.parametrize(
    ("results", "message", "colour"),
    [
        ([result("chat.a")], "conforms", "brightgreen"),
        ([result("chat.a", "fail")], "1 MUST fails", "red"),
        ([result("chat.a"), result("chat.b", "blocked")], "1 MUST not judged", "yellow"),
        ([], "not judged", "lightgrey"),
    ],
)
def test_badge(results, message, colour):
    run = parse(document(*results))
    assert json.loads(badge.endpoint(run)) == {
        "schemaVersion": 1,
        "label": "OpenAI API",
        "message": message,
        "color": colour,
    }
    drawn = ET.fromstring(badge.svg(run))
    assert drawn.get("aria-label") == f"OpenAI API: {message}"


def test_the_folder_is_written_whole(tmp_path):
    folder = tmp_path / "deep" / "out"
    paths = write_all(full(), folder)
    assert sorted(path.name for path in paths) == [
        "junit.xml",
        "report.html",
        "report.json",
        "summary.md",
    ]
    assert sorted(folder.iterdir()) == sorted(paths)
    assert json.loads(paths[0].read_text(encoding="utf-8")) == json.loads(json.dumps(full()))
    write_all(full(), folder)
    assert len(list(folder.iterdir())) == 4


def test_the_evidence_is_written_even_when_it_cannot_be_shown(tmp_path):
    with pytest.raises(ValueError, match="schema_version"):
        write_all(document() | {"schema_version": 9}, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


@pytest.fixture
def files(tmp_path):
    (tmp_path / "good.json").write_text(json.dumps(document(result("chat.a"))))
    (tmp_path / "bad.json").write_text(json.dumps(document(result("chat.a", "fail"))))
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "code", "start"),
    [
        (["html", "bad.json"], 0, "<!doctype html>"),
        (["markdown", "bad.json"], 0, "# Does not conform"),
        (["junit", "bad.json"], 0, "<?xml"),
        (["badge", "bad.json"], 0, "{"),
        (["badge", "--svg", "bad.json"], 0, "<svg"),
        (["compare", "good.json", "bad.json"], 1, "1 regressed"),
        (["compare", "bad.json", "good.json", "--json"], 0, "{"),
        (["html", "none.json"], 2, ""),
    ],
)
def test_command(files, monkeypatch, capfdbinary, arguments, code, start):
    monkeypatch.chdir(files)
    assert main(arguments) == code
    written = capfdbinary.readouterr()
    assert written.out.decode().lstrip().startswith(start)
    assert bool(written.err) == (code == 2)
    assert written.err.count(b"\n") <= 1


def test_command_writes_a_file_or_says_why_not(files, capsys):
    assert main(["badge", str(files / "bad.json"), "-o", str(files / "badge.svg")]) == 0
    assert (files / "badge.svg").read_text().startswith("<svg")
    assert main(["html", str(files / "bad.json"), "-o", str(files / "no" / "x.html")]) == 2
    assert "No such file or directory" in capsys.readouterr().err


def test_usage(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["hmtl", "x"])
    assert caught.value.code == 4
    assert "compare" in parser().format_help()


def test_runs_as_a_module(files):
    command = [sys.executable, "-m", "reports", "markdown", str(files / "good.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.startswith("# Conforms")
