"""`--clients`: a client is let do its task through the tap; what it asked is counted, paid and judged."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from conformance import client_trials
from conformance.clients.programs import PROGRAMS
from conformance.clients.programs.program import Outcome, Program, run_program
from conformance.judging.area import catalogue
from conformance.running.budget import Budget
from conformance.running.profiles import load_profile
from conformance.running.target import Target
from tests.clients.stand import stand

# A client of two requests: a stream that it reads to its end, and then says what it read.
CLIENT = """\
import json, sys, urllib.request
words = json.loads(sys.stdin.read())
times = words["times"]
body = {"model": words["model"], "messages": [{"role": "user", "content": words["prompt"]}],
        "stream": True, "stream_options": {"include_usage": True}}
for _ in range(times):
    request = urllib.request.Request(
        words["base_url"] + "/chat/completions", json.dumps(body).encode(),
        {"content-type": "application/json", "authorization": "Bearer " + words["key"]})
    text = ""
    for line in urllib.request.urlopen(request, timeout=20):
        if line.startswith(b"data: {"):
            choices = json.loads(line[6:])["choices"]
            text += (choices[0]["delta"].get("content") or "") if choices else ""
print(text)
"""


def program(times=2, **changes):
    def run(target):
        script = target.folder / "client.py"
        script.write_text(CLIENT, encoding="utf-8")
        prompt = f"Repeat the text between the markers.\n<<<\n{target.task.said}\n>>>"
        words = {"base_url": target.base_url, "key": target.key, "model": target.model,
                 "prompt": prompt, "times": times}  # fmt: skip
        ended = run_program([sys.executable, str(script)], target, {}, 30, json.dumps(words))
        if ended.code != 0:
            return Outcome(False, f"exit {ended.code}: {ended.err.strip()[-80:]}")
        return Outcome(target.task.said in ended.out, ended.out)

    fields = {
        "name": "Cline", "slug": "stand-in", "version": "1", "package": "pytest", "file": "",
        "install": "pip install stand-in", "run": run, "task": "a text", "endpoints": frozenset({"chat"}),
        "tokens": (2_000, 500),
    }  # fmt: skip
    return Program(**{**fields, **changes})


@pytest.fixture(scope="module")
def here():
    with stand() as running:
        yield running


def tried(here, *programs, limit="1", faults=(), unclaimed=(), **target):
    here.use(*faults)
    chosen = replace(load_profile("reference"), unclaimed=unclaimed)
    budget = Budget(chosen, Decimal(limit))
    trials = client_trials.Trials(programs, catalogue(), chosen, budget, "gpt-5.5")
    trials.run(Target(here.base_url, {"main": here.key}, **target))
    return [*trials.done, budget]


def test_a_client_that_works_is_counted_and_paid(here):
    trial, budget = tried(here, program())
    assert (trial.works, trial.findings) == (True, [])
    assert (trial.requests, trial.billable_requests) == (2, 2)
    assert trial.usd == pytest.approx(float(budget.spent_usd))
    assert 0 < trial.usd < 0.01
    assert (budget.requests, budget.billable_requests) == (2, 2)
    assert len(here.asked) == 2


def test_its_traffic_is_judged(here):
    trial, _ = tried(here, program(), faults=["chat.stream.usage-missing"])
    assert trial.works
    assert "chat.stream.usage-last" in {f["requirement"] for f in trial.findings} or trial.findings
    assert all(f["message"] for f in trial.findings)


def test_a_client_that_breaks_is_tried_twice_and_paid_twice(here):
    trial, budget = tried(here, program(), faults=["chat.stream.delta-lost"])
    assert trial.works is False
    assert trial.requests == budget.requests == 4
    assert trial.billable_requests == budget.billable_requests == 4


def test_who_cannot_be_paid_is_not_started(here):
    trial, budget = tried(here, program(), limit="0.001")
    assert trial.works is None
    assert trial.saw.startswith("not started: --max-cost 0.001 is less than $")
    assert here.asked == []
    assert budget.spent_usd == 0


def test_who_goes_in_circles_is_ended(here):
    trial, _ = tried(here, program(times=10_000, tokens=(50_000, 50_000)), limit="20")
    assert trial.works is False
    assert trial.saw.startswith("ended, because it asked more than 30 times")
    assert client_trials.MOST_REQUESTS < len(here.asked) < 4_000


def test_what_is_not_claimed_or_not_there_is_not_tried(here):
    lacking = program(package="no-such-package-of-anybody", install="pip install it")
    first, second, _ = tried(here, lacking, program(), unclaimed=("chat",))
    assert (first.works, first.saw) == (None, "Cline is not installed: pip install it")
    assert (second.works, second.saw) == (None, "the profile claims no chat")
    third, _ = tried(here, program(), insecure=True)
    assert third.works is None
    assert here.asked == []


def test_names_of_clients():
    assert client_trials.chosen("") == ()
    assert client_trials.chosen("all") == PROGRAMS
    assert [p.slug for p in client_trials.chosen("cline, codex-cli,cline")] == [
        "cline",
        "codex-cli",
    ]
    with pytest.raises(client_trials.UnknownClientError, match="codex-cli, codex-extension"):
        client_trials.chosen("emacs")


@pytest.mark.clients
@pytest.mark.parametrize("client", PROGRAMS, ids=[p.slug for p in PROGRAMS])
def test_real_clients_do_the_task_for_any_model(here, client):
    if client.missing:
        pytest.skip(client.missing)
    trial, budget = tried(here, client)
    assert (trial.works, trial.findings) == (True, []), trial
    assert trial.billable_requests == budget.billable_requests > 1
    prompt, output = client.tokens
    assert budget.prompt_tokens <= prompt, "what is held back for it is too little"
    assert budget.completion_tokens <= output


def test_a_run_tells_what_was_tried(pytester_run):
    """The option itself, from the command line to the report: with nothing installed, it says so."""
    result, document = pytester_run
    assert "--clients: Cline is not installed: npm install --prefix .clients" in result
    (cline,) = [c for c in document["clients"] if c["name"] == "Cline"]
    assert cline["tried"]["works"] is None
    assert "is not installed" in cline["tried"]["saw"]
    assert next(c for c in document["clients"] if c["name"] == "Roo Code")["tried"] is None


@pytest.fixture
def pytester_run(tmp_path):
    env = {**os.environ, "CLIENTS_HOME": str(tmp_path), "PATH": str(Path(sys.executable).parent)}
    words = [
        sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--clients", "cline",
        "--report-dir", str(tmp_path / "out"), "conformance/chat", "-k", "chat.offered",
    ]  # fmt: skip
    folder = Path(__file__).parents[2]
    ended = subprocess.run(words, capture_output=True, text=True, env=env, cwd=folder, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    return ended.stdout, report
