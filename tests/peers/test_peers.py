"""The suite against real servers: it ends, it never breaks, and what it blames was looked at.

`expected/<server>.toml` lists the MUST requirements that the server was found to miss, each with one
line that says what it does instead. A line may begin with "sometimes:": chance decides. What is new
here is either a true deviation, which then gets its line, or a wrong accusation, which is a fault of
ours: `test_lessons.py` says what such taught us.
"""

import contextlib
import json
import os
import subprocess
import sys
import tomllib

import pytest

from tests.peers import page
from tests.peers.servers import HERE, KEY, PEERS, ROOT

MINUTES = 30
SOMETIMES = "sometimes:"


def run(peer, folder):
    """The run document of a whole run against the server, and against the one beneath it."""
    below = next((p for p in PEERS if p.name == peer.beneath), None)
    with contextlib.ExitStack() as stack:
        beneath = ""
        if below is not None:
            (folder / "beneath").mkdir()
            beneath = stack.enter_context(below.running(folder / "beneath"))
        url = stack.enter_context(peer.running(folder))
        words = ["--base-url", url, "--model", peer.model, "--report-dir", str(folder / "report")]
        words += [word.format(beneath=beneath) for word in peer.arguments]
        key = {} if peer.keyless else {"CONFORMANCE_API_KEY": KEY}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "--tb=no", *words],
            cwd=ROOT,
            env={**os.environ, **key, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=MINUTES * 60,
            check=False,
        )
    # 2: some of them stop answering on the way, which is a finding of its own.
    assert done.returncode in {0, 1, 2}, done.stdout[-3000:]
    return json.loads((folder / "report" / "report.json").read_text(encoding="utf-8"))


@pytest.mark.peers
@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_peer(peer, tmp_path):
    if peer.missing:
        pytest.skip(peer.missing)
    document = run(peer, tmp_path)
    rows = document["results"]
    assert [(r["requirement"], r["reason"]) for r in rows if r["outcome"] == "error"] == []
    missed = {r["requirement"] for r in rows if r["outcome"] == "fail"}
    expected = tomllib.loads((HERE / "expected" / f"{peer.name}.toml").read_text(encoding="utf-8"))
    always = {name for name, why in expected.items() if not why.startswith(SOMETIMES)}
    new, gone = missed - expected.keys(), always - missed
    assert (sorted(new), sorted(gone)) == ([], [])


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_expected_deviations_are_requirements_with_a_reason(peer):
    from conformance.judging.area import catalogue

    path = HERE / "expected" / f"{peer.name}.toml"
    for name, why in tomllib.loads(path.read_text(encoding="utf-8")).items():
        assert name in catalogue().requirements
        assert len(why) > len(SOMETIMES)


def test_the_page_is_made_of_what_was_measured():
    assert page.PAGE.read_text(encoding="utf-8") == page.page(json.loads(page.MEASURED.read_text()))
