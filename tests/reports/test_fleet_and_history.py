"""Three targets side by side and five nights in a row, made with faults: from the command to the page."""

import json
import os
import re
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from conformance.authenticity.bill import bill
from conformance.authenticity.drift import fingerprint
from conformance.clients.readiness import readiness
from conformance.judging.area import catalogue
from conformance.judging.judge import Judge
from conformance.running.budget import Budget
from conformance.running.document import cost_row, result_row, run_document
from conformance.running.planned import wanted_probes
from reports.__main__ import main
from reports.folder import write_all
from tests.direct import traffic

ROOT = Path(__file__).parents[2]
AREAS = ("models", "authenticity")
FIRST = datetime(2026, 11, 23, 3, tzinfo=UTC)
NIGHTS = (
    (),
    ("models.entry.created-float",),
    ("models.entry.created-float", "authenticity.plus-17"),
    ("authenticity.plus-17",),
    (),
)


def run_of(night, faults):
    """The run document of one night of the reference gateway with these faults, of two areas."""
    known = catalogue()
    rows = [row for row in known.requirements.values() if row.area in AREAS and not row.excluded]
    sent, profile = traffic(faults, wanted_probes(known, [row.id for row in rows]), known=known)
    judge = Judge(known, profile, tuple(sent.all()), sent.unsent)
    results = [result_row(judge.result(row, "gpt-5.5" if row.per_model else "")) for row in rows]
    budget = Budget(profile)
    document = run_document(
        target={"base_url": "https://staging.example.com/v1", "profile": "reference", "models": ["gpt-5.5"], "keys": {}},
        started_at=(FIRST + timedelta(days=night)).isoformat(timespec="seconds"),
        duration_s=9.0,
        cost={**cost_row(budget, 0.0), **bill(sent.all(), profile)},
        rows=results,
        exchanges=sent.all(),
        base_url="https://staging.example.com/v1",
        profile=profile,
    )  # fmt: skip
    document["fingerprint"] = fingerprint(sent.all(), profile, 50.0)
    assert readiness(results)
    return json.loads(json.dumps(document))


@pytest.fixture(scope="module")
def nights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nights")
    for number, faults in enumerate(NIGHTS):
        write_all(run_of(number, faults), folder / f"night{number}")
    return folder


def test_five_nights_on_one_page(nights):
    assert main(["history", str(nights)]) == 0
    page = (nights / "history.html").read_text()
    causes = page[page.index("Causes that came and went") : page.index("Verdict by night")]
    assert causes.count("<b>gone</b>") + causes.count(">gone<") == 2
    assert "+17 tokens in " in causes
    assert "data[].created" in causes
    assert "gpt-5.5 counts with o200k_base, +19 a prompt" in page
    assert all(f'href="night{n}/report.html"' in page for n in range(5))
    verdicts = page[page.index("Verdict by night") :]
    words = re.findall(r'<tr class="(\w+)"><th scope="row"', verdicts)
    assert words[::-1] == ["conforms", "fails", "fails", "fails", "conforms"] or words == [
        "conforms", "fails", "fails", "fails", "conforms",
    ]  # fmt: skip


def test_what_regressed_between_two_nights(nights, capsys):
    names = [str(nights / f"night{n}/report.json") for n in (0, 2)]
    assert main(["compare", *names]) == 1
    told = capsys.readouterr().out
    assert "authenticity.tokens.prompt-constant" in told
    assert "models.entry.created" in told


@contextmanager
def gateway(*faults):
    """The reference gateway as a process of its own: what it says when it is ready."""
    words = [word for fault in faults for word in ("--fault", fault)]
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


TARGETS = {"good": (), "dear": ("authenticity.prompt-1.05",), "odd": ("models.entry.created-float",)}  # fmt: skip


def test_three_targets_side_by_side(tmp_path):
    """`fleet` judges each in a process and a folder of its own, with its own key, and writes one page."""
    lines, keys = ['profile = "reference"\nmodel = ["gpt-5.5"]\nk = "models or authenticity.tokens"\n'], {}  # fmt: skip
    with ExitStack() as stack:
        for name, faults in TARGETS.items():
            ready = stack.enter_context(gateway(*faults))
            keys[f"KEY_OF_{name.upper()}"] = ready["keys"]["codex"]
            lines.append(f'[targets.{name}]\nbase-url = "{ready["base_url"]}"\nkeys = {{ CONFORMANCE_API_KEY = "KEY_OF_{name.upper()}" }}\n')  # fmt: skip
        (tmp_path / "fleet.toml").write_text("\n".join(lines))
        done = subprocess.run(
            [sys.executable, "-m", "oaiconf", "fleet", str(tmp_path / "fleet.toml"), "--report-dir", str(tmp_path / "runs")],
            cwd=ROOT, env={**os.environ, **keys}, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
    assert done.returncode == 1, done.stdout[-3000:] + done.stderr[-2000:]
    assert "good: exit 0, dear: exit 1, odd: exit 1" in done.stdout
    page = (tmp_path / "runs/fleet.html").read_text()
    for name in TARGETS:
        assert f'href="{name}/report.html"' in page
        report = json.loads((tmp_path / f"runs/{name}/report.json").read_text())
        assert not [key for key in keys.values() if key in json.dumps(report)]
    assert "0 of 3 targets conform." in page, "a part of the requirements is no verdict"
    assert "billed what was used, to the token" in page
    assert re.search(r"billed [\d.]+ % more than was used", page)
