"""Whole runs of the `locust` command: processes, interruption, exit codes, the table, the pages."""

import csv
import gzip
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from tests.load.streams import (
    CHAT,
    HEAD,
    LOCUST,
    ROOT,
    WHOLE,
    chunked,
    ended,
    finish,
    fleet_ports,
    run,
    saying,
    serving,
    sse,
    start,
)

FAST = ("--rate", 60, "--duration", 1, "--drain", 10)


def test_one_process_and_two_count_the_same(tmp_path):
    """Also: the pages are written, the table of Locust counts each request once, keys stay out."""
    seen = []

    def answer(connection, request):
        seen.append(request.lower())
        connection.sendall(WHOLE)

    key = {"CONFORMANCE_API_KEY": "sk-secret-123456"}
    with serving(answer) as base_url:
        common = (*FAST, "--host", base_url)
        first = start(tmp_path / "1", *common, environ=key)
        second = start(tmp_path / "2", *common, "--processes", 2, environ=key)
        one, _, said = finish(first, tmp_path / "1")
        two, _, _ = finish(second, tmp_path / "2")
    assert two["client"]["processes"] == 2
    assert ended(one) == ended(two) == {"ok": 60}
    assert {k: v for k, v in one["usage"].items() if k != "received_bytes"} == {
        k: v for k, v in two["usage"].items() if k != "received_bytes"
    }
    for name in ("ttft_ms", "ict_ms", "tpot_ms"):
        assert one["metrics"][name]["count"] == two["metrics"][name]["count"]
    files = {"load.json", "load.html", "load.md", "load.csv", "load-junit.xml"}
    assert files <= {path.name for path in (tmp_path / "1").iterdir()}
    first_table = said.partition("Response time percentiles")[0]
    lines = [
        line.split() for line in first_table.splitlines() if line.startswith(("POST", "stream"))
    ]
    rows = {line[1]: line for line in lines}
    assert rows["chat-stream"][2] == "60"
    assert "TTFT" in rows
    assert next(line for line in said.splitlines() if "Aggregated" in line).split()[1] == "60"
    assert all(b"authorization: bearer sk-secret-123456" in request for request in seen)
    assert b"accept-encoding: identity" in seen[0]
    assert all("sk-secret" not in path.read_text() for path in tmp_path.glob("*/*"))
    assert one["configuration"]["rate"] == 60
    assert one["configuration"]["seed"] == 1
    assert "--rate 60 --duration 1" in one["command"]
    assert "--rate 60 --duration 1" in (tmp_path / "1" / "load.md").read_text()


def test_a_sample_of_a_server_on_loopback_is_judged_as_that_of_any_other(tmp_path):
    """Only the gateway that the run itself starts claims what the reference gateway claims."""
    with serving(saying(HEAD + chunked(sse((*CHAT[:4], "[DONE]"))))) as base_url:
        document, _, said = run(tmp_path, *FAST, "--host", base_url)
    assert document["sample"]["exchanges"] > 0, said
    assert "billing.usage-present" not in document["sample"]["failed"]  # no bill is claimed


@pytest.mark.parametrize("more", [(), ("--processes", 2)])
def test_an_interrupted_run_is_reported(tmp_path, more):
    with start(tmp_path, "--rate", 20, "--duration", 60, "--gateway-itl-ms", 500, *more) as process:
        for line in process.stdout:
            if " in flight " in line and "in flight     0" not in line:
                break
        os.killpg(process.pid, signal.SIGINT)
        said, _ = process.communicate(timeout=30)
    document = json.loads((tmp_path / "load.json").read_text())
    assert document["outcomes"]["cut_by_end"] > 0, said
    happened, sent = (document["arrivals"][name] for name in ("happened", "sent"))
    assert sum(document["outcomes"].values()) == happened
    assert happened - 2 <= sent <= happened  # one of each process may have been connecting
    assert document["validity"]["stamp"] == "INVALID"
    assert process.returncode == 2


def test_an_interruption_while_the_gateway_starts_is_one_line(tmp_path):
    with start(tmp_path, "--rate", 20, "--duration", 60) as process:
        while not _children(process.pid):
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "Traceback" not in said
    assert "interrupted" in said


def test_a_lost_worker_is_named(tmp_path):
    with (
        serving(saying(WHOLE)) as base_url,
        start(
            tmp_path, "--rate", 20, "--duration", 3, "--processes", 2, "--host", base_url
        ) as process,
    ):
        for line in process.stdout:
            if " in flight " in line:
                break
        children = _children(process.pid)
        workers = [
            int(one.name) for one in children if b"locustfile" in (one / "cmdline").read_bytes()
        ]
        os.kill(workers[0], signal.SIGKILL)
        said, _ = process.communicate(timeout=40)
    document = json.loads((tmp_path / "load.json").read_text())
    assert len(document["client"]["lost"]) == 1, said
    assert any(reason.startswith("lost: worker") for reason in document["validity"]["reasons"])
    assert sum(document["outcomes"].values()) == document["arrivals"]["happened"] > 0


def test_the_options_of_locust_do_what_its_users_expect(tmp_path):
    """`-u` is the number of users of a closed loop, `-t` the length of the run, which then ends well."""
    with serving(saying(WHOLE)) as base_url:
        arguments = (
            "--arrivals",
            "closed",
            "-u",
            3,
            "-t",
            "3s",
            "--duration",
            60,
            "--host",
            base_url,
            "--csv",
            tmp_path / "locust",
        )
        document, code, said = run(tmp_path, *arguments)
    assert document["arrivals"]["concurrency"] == 3, said
    with (tmp_path / "locust_stats.csv").open() as file:
        totals = next(row for row in csv.DictReader(file) if row["Name"] == "Aggregated")
    assert int(totals["Request Count"]) == document["steady"]["arrivals"]
    with (tmp_path / "locust_stats_history.csv").open() as file:
        seen = {int(row["Total Request Count"]) for row in csv.DictReader(file)}
    assert len(seen - {0}) > 1, "the history grows while it runs"
    assert document["client"]["connections"] == 3
    assert document["arrivals"]["duration_s"] == 3.0
    assert document["client"]["ended_early"] == ""
    assert code in {0, 4}
    row = next(line.split() for line in said.splitlines() if line.startswith("POST"))
    assert float(row[-2]) == pytest.approx(document["rates"]["completed_per_s"], rel=0.01)
    assert int(row[2]) == document["steady"]["arrivals"]


def test_the_form_of_the_web_ui_says_where_requests_go(tmp_path):
    """And `--autoquit` ends what `--autostart` began."""
    asked = {"shown": 0, "typed": 0}

    def counting(name):
        def answer(connection, _request):
            asked[name] += 1
            connection.sendall(WHOLE)

        return answer

    with serving(counting("shown")) as shown, serving(counting("typed")) as typed:
        port = fleet_ports()[1]
        ui = f"http://127.0.0.1:{port}"
        command = [
            LOCUST,
            "-f",
            "load/locustfile.py",
            "--web-host",
            "127.0.0.1",
            "--web-port",
            port,
            "--host",
            shown,
        ]
        options = ["--rate", "20", "--duration", "1", "--report-dir", str(tmp_path)]
        process = subprocess.Popen([*command, *options], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip
        try:
            form = urlencode({"user_count": 1, "spawn_rate": 1, "host": typed}).encode()
            _until(lambda: _answers(f"{ui}/swarm", form))
            _until((tmp_path / "load.html").exists)
        finally:
            process.terminate()
            process.communicate(timeout=20)
        assert asked == {"shown": 0, "typed": 20}
        assert json.loads((tmp_path / "load.json").read_text())["target"]["base_url"] == typed
        asked["shown"] = 0
        process = subprocess.Popen([*command, *options, "--autostart", "--autoquit", "0"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip
        said, _ = process.communicate(timeout=40)
        assert asked["shown"] == 20, said


def _until(what, seconds=40.0):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.1)


def _answers(url, form):
    try:
        with urlopen(Request(url, form), timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def on_two_hosts(folder, *arguments):
    """A master in a folder of its own and a worker in another: what it said, its exit code."""
    with serving(saying(WHOLE)) as base_url:
        ports = fleet_ports()
        common = [LOCUST, "--headless", "--skip-log", "-f", str(ROOT / "load/locustfile.py")]
        master = subprocess.Popen(
            [*common, "--master", *ports[:2], "--expect-workers", "1", "--host", base_url, "--report-dir", str(folder), *arguments],
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        worker = subprocess.Popen(
            [*common, "--worker", *ports[2:]],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            said, _ = master.communicate(timeout=40)
        finally:
            for process in (master, worker):
                process.terminate()
                process.wait(20)
    return said, master.returncode


def test_a_worker_without_its_prompts_ends_the_run(tmp_path):
    """The master has the file, the worker, on another host, has not."""
    (tmp_path / "prompts.jsonl").write_text('{"prompt": "Hi"}\n')
    said, code = on_two_hosts(tmp_path, "--prompts", "prompts.jsonl", "--duration", "30")
    assert "could not start: prompts.jsonl: No such file or directory" in said
    assert code == 2


def test_what_only_the_master_reads_need_not_be_where_the_workers_are(tmp_path):
    (tmp_path / "last.json").write_text('{"schema_version": 1, "outcomes": {}}')
    said, _ = on_two_hosts(tmp_path, "--baseline", "last.json", "--records", "--requests", "40", "--rate", "60")  # fmt: skip
    document = json.loads((tmp_path / "load.json").read_text())
    assert document["outcomes"]["ok"] == 40, said
    assert document["comparison"]["rows"] == []
    with gzip.open(tmp_path / "load-requests.jsonl.gz", "rt") as file:
        assert len(file.readlines()) == document["records"]["lines"] == 40


def _children(pid):
    return [one for one in Path("/proc").iterdir() if one.name.isdigit() and _parent(one) == pid]


def _parent(process):
    try:
        return int((process / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    except OSError:
        return -1


@pytest.mark.parametrize(("arguments", "code", "why"), [
    (("--gate", "ttft:p99"), 2, "no limit"),
    (("--gateway-fault", "nope"), 2, "unknown fault: nope"),
    (("--report-dir", "/proc/nope"), 2, "--report-dir /proc/nope: "),
    (("--host", "http://127.0.0.1:1", "--rate", 50, "--duration", 2), 2, "every answer"),
])  # fmt: skip
def test_what_cannot_run_says_so(tmp_path, arguments, code, why):
    _, found, said = run(tmp_path, *arguments)
    assert found == code, said
    assert why in said
    assert "Traceback" not in said


def test_a_proxy_of_the_environment_is_said_not_to_be_used(tmp_path):
    environ = {"HTTPS_PROXY": "http://127.0.0.1:9"}
    _, code, said = run(tmp_path, "--host", "http://0.0.0.0:1", "--rate", 20, "--duration", 1, environ=environ)  # fmt: skip
    assert "HTTPS_PROXY not used: requests go straight to the target" in said
    assert code == 2
