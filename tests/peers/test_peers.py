"""The suite against real servers: it ends, it never breaks, and what it blames was looked at.

`expected/<server>.toml` lists the MUST requirements that the server was found to miss, each with one
line that says what it does instead. A line may begin with "sometimes:": chance decides. What is new
here is either a true deviation, which then gets its line, or a wrong accusation, which is a fault of
ours: `test_lessons.py` says what such taught us.
"""

import json
import os
import subprocess
import sys
import tomllib

import pytest

from tests.peers.servers import HERE, KEY, PEERS, ROOT

MINUTES = 30
SOMETIMES = "sometimes:"


def run(peer, folder):
    """The run document and the exit code of a whole run against the server."""
    with peer.running(folder) as url:
        words = ["--base-url", url, "--model", peer.model, "--report-dir", str(folder / "report")]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "--tb=no", *words],
            cwd=ROOT,
            env={**os.environ, "CONFORMANCE_API_KEY": KEY, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=MINUTES * 60,
            check=False,
        )
    assert done.returncode in {0, 1}, done.stdout[-3000:]
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
