"""A small model behind another name: what is said of it is that the tokenizer is another, and nothing worse."""

import json
import os
import subprocess
import sys

import pytest

from tests.peers.servers import KEY, ROOT, SMOLLM2

pytestmark = pytest.mark.peers
CLAIMS = [
    "chat",
    "chat.stream",
    "chat.stream.usage",
    "usage",
    "models",
    "authenticity",
    "authenticity.logprobs",
]
SOLD = '[sold."{model}"]\ntokenizer = "o200k_base"\n[prices."{model}"]\ninput = "5"\ncached = "0.5"\noutput = "30"\n'


def judged(folder, url, more):
    """The rows of the area under a profile, in a run of `-m authenticity`."""
    profile = folder / "sold.toml"
    profile.write_text(f"models = [{json.dumps(SMOLLM2.model)}]\nclaims = {json.dumps(CLAIMS)}\nconcurrency = 1\ntimeout_s = 300\n{more}")  # fmt: skip
    words = ["--base-url", url, "--profile", str(profile), "-m", "authenticity", "--report-dir", str(folder / "report")]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "--tb=no", *words],
        cwd=ROOT, env={**os.environ, "CONFORMANCE_API_KEY": KEY, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=1200, check=False,
    )  # fmt: skip
    assert done.returncode in {0, 1}, done.stdout[-3000:]
    document = json.loads((folder / "report" / "report.json").read_text(encoding="utf-8"))
    return document, {row["requirement"]: row for row in document["results"]}


def test_not_this_tokenizer_and_nothing_worse(tmp_path):
    if SMOLLM2.missing:
        pytest.skip(SMOLLM2.missing)
    with SMOLLM2.running(tmp_path) as url:
        document, rows = judged(tmp_path, url, SOLD.format(model=SMOLLM2.model))
        bad = {name for name, row in rows.items() if row["outcome"] in {"fail", "advisory", "error"}}  # fmt: skip
        assert bad == {"authenticity.model.tokenizer"}
        said = rows["authenticity.model.tokenizer"]["findings"][0]["found"]
        assert said.startswith("the counts are not those of o200k_base")
        assert "bill" not in document["cost"], "of what another tokenizer counts nothing is known"

        document, rows = judged(tmp_path, url, "")
        assert {row["outcome"] for row in rows.values()} <= {"pass", "inconclusive", "not-claimed", "not-offered", "blocked"}  # fmt: skip
        assert "bill" not in document["cost"]
