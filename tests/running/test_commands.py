"""The command as a user types it: exit codes, clear lines, reports, whatever the target does."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.canned import canned, http

ROOT = Path(__file__).parent.parent.parent
QUICK = ("-k", "models.list", "-p", "no:cacheprovider")


def environment(**more):
    kept = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("CONFORMANCE_", "OPENAI_", "PYTEST_"))
    }
    return {**kept, **more}


def run(*arguments, folder, **variables):
    return subprocess.run(
        [sys.executable, "-m", "pytest", "--report-dir", str(folder), *arguments],
        cwd=ROOT, env=environment(**variables), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def document(folder):
    return json.loads((folder / "report.json").read_text())


def output(done):
    return done.stdout + done.stderr


def test_the_reference_gateway_is_judged_when_no_url_is_given(tmp_path):
    done = run(*QUICK, folder=tmp_path)
    assert done.returncode == 0, output(done)
    assert {p.name for p in tmp_path.iterdir()} >= {
        "report.json",
        "report.html",
        "summary.md",
        "junit.xml",
    }
    assert "plan: " in done.stdout
    # A log that is no terminal says how far the run is, although pytest captures what tests print.
    assert re.search(r"^sent \d+/\d+.*2xx \d+", done.stdout, re.MULTILINE), output(done)
    assert str(tmp_path / "report.html") in done.stdout
    assert all(row["outcome"] == "pass" for row in document(tmp_path)["results"])


def test_workers_share_one_set_of_requests(tmp_path):
    both, one = tmp_path / "both", tmp_path / "one"
    assert run(*QUICK, "-n", "2", folder=both).returncode == 0
    assert run(*QUICK, folder=one).returncode == 0
    assert document(both)["cost"]["requests"] == document(one)["cost"]["requests"]
    assert len(document(both)["results"]) == len(document(one)["results"]) > 0


def test_a_dead_host_is_one_line_and_exit_2(tmp_path):
    done = run("--base-url", "http://127.0.0.1:9", folder=tmp_path)
    assert done.returncode == 2
    assert "--base-url" in output(done)
    assert "Traceback" not in output(done)
    assert "cannot be reached" in document(tmp_path)["could_not_run"]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (http("200 OK", b"<!doctype html><title>hi</title>", "text/html"), "HTML"),
        (
            http(
                "401 Unauthorized",
                b'{"error":{"message":"no","type":"x","param":null,"code":null}}',
            ),
            "CONFORMANCE_API_KEY",
        ),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "--base-url"),
        (b"", "--base-url"),
    ],
    ids=["html", "wrong key", "not http", "closed"],
)
def test_a_target_that_cannot_be_judged_is_one_line_and_exit_2(tmp_path, answer, says):
    with canned(answer) as url:
        done = run(
            "--base-url",
            url,
            "--model",
            "m",
            folder=tmp_path,
            CONFORMANCE_API_KEY="sk-wrong-0123456789",
        )
    assert done.returncode == 2, output(done)
    assert says in output(done)
    assert "Traceback" not in output(done)
    assert "sk-wrong-0123456789" not in output(done) + (tmp_path / "report.json").read_text()


def test_https_to_a_plain_port_says_tls(tmp_path):
    with canned(http("200 OK", b"{}")) as url:
        done = run("--base-url", url.replace("http:", "https:"), folder=tmp_path)
    assert done.returncode == 2
    assert "TLS" in output(done)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--base-url", "nonsense"),
        ("--profile", "no-such"),
        ("--max-cost", "much"),
        ("--baseline", "no-such.json"),
    ],
)
def test_wrong_usage_is_exit_4_and_names_the_option(tmp_path, arguments):
    done = run(*arguments, folder=tmp_path)
    assert done.returncode == 4
    assert arguments[0] in output(done)
    assert "Traceback" not in output(done)


def test_several_listed_models_need_a_choice(tmp_path):
    models = json.dumps({"object": "list", "data": [{"id": "a"}, {"id": "b"}]}).encode()
    with canned(http("200 OK", models)) as url:
        done = run("--base-url", url, folder=tmp_path)
    assert done.returncode == 2
    assert "--model" in output(done)
    assert "a, b" in output(done)


def test_the_catalogue_is_listed():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--list-requirements"],
        cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert re.search(r"\d+ requirements, \d+ judged", done.stdout)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_signals_that_end_a_run_still_write_the_report(tmp_path, end):
    models = json.dumps({"object": "list", "data": [{"id": "m"}]}).encode()
    with canned(http("200 OK", models), hang=True) as url:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "pytest", f"--report-dir={tmp_path}", "--base-url", url,
             "-p", "no:cacheprovider"],
            cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        said = ""
        while "collected" not in said:
            said += process.stdout.readline()
        time.sleep(2)
        process.send_signal(end)
        text, _ = process.communicate(timeout=60)
    assert process.returncode == 2, text
    written = document(tmp_path)
    assert written["interrupted"]
    assert {row["outcome"] for row in written["results"]} - {"pass"}
    assert "interrupted" in json.dumps(written["results"])
