"""A run beside an earlier one: what is worse beyond chance, what chance may be, and what cannot be compared."""

import copy
import json
import random

import pytest

from load.measure.comparison import compared, differing, worse_than
from load.measure.histogram import Histogram
from load.workload.refusals import PlanError
from schemas.loader import check
from tests.load.server import logged
from tests.load.streams import plan_with, run, session


def document(seed, *, ms=100.0, n=2000, failed=20, per_s=20.0, model="m"):
    source = random.Random(seed)
    histogram = Histogram()
    for _ in range(n):
        histogram.add(round(source.lognormvariate(0, 0.3) * ms * 1000))
    return {
        "schema_version": 1, "outcomes": {"ok": n}, "started_at": "2026-01-01T00:00:00", "target": {"base_url": "http://x/v1", "model": model},
        "scenario": {"name": "chat-stream"}, "arrivals": {"kind": "poisson", "rate": 20.0}, "validity": {"stamp": "VALID", "reasons": []},
        "metrics": {"e2e_ms": histogram.as_distribution()}, "histograms": {"e2e_ms": {"hdr": histogram.encode()}},
        "rates": {"completed_per_s": per_s, "window_s": n / 20.0, "error_share": failed / n}, "goodput": {"attainment": 1 - failed / n, "judged": n, "slo": {}},
    }  # fmt: skip


def words(before, now):
    return {f"{row['name']} {row['point']}".strip(): row["worse"] for row in compared(before, now)["rows"]}  # fmt: skip


def test_what_is_worse_and_what_is_better_have_their_direction():
    found = words(document(1), document(2, ms=130, failed=200, per_s=15.0))
    assert found == dict.fromkeys(["e2e_ms p50", "e2e_ms p90", "e2e_ms p99", "completed_per_s per second", "error_share", "goodput"], "worse")  # fmt: skip
    found = words(document(1, ms=130, failed=200, per_s=15.0), document(2))
    assert set(found.values()) == {"better"}


def test_two_runs_of_one_server_differ_by_chance_alone():
    """Each interval is 95 % sure: of 40 comparisons few may say anything."""
    said = sum(words(document(n), document(n + 100))["e2e_ms p50"] != "" for n in range(40))
    assert said <= 6
    intervals = [compared(document(n), document(n + 100, ms=110))["rows"][0] for n in range(40)]
    assert sum(row["low"] <= 0.1 <= row["high"] for row in intervals) >= 34


def test_few_samples_have_no_interval_and_no_direction():
    rows = compared(document(1, n=20, failed=0), document(2, n=20, ms=200, failed=0))["rows"]
    high = next(row for row in rows if row["point"] == "p90")
    assert (high["low"], high["worse"]) == (None, "")


@pytest.mark.parametrize(("now", "passed", "why"), [
    (document(2), True, ""), (document(2, ms=130), False, ""), (document(2, ms=105), True, ""), (document(2, per_s=10.0), False, ""),
    (document(2, failed=600), False, ""), (document(2, ms=70), True, ""), (document(2, model="other"), False, "the model: m, now other"),
])  # fmt: skip
def test_the_gate(now, passed, why):
    worst, worse, said = worse_than(document(1), now, 0.1)
    assert (not worse and not said) is passed
    assert said == why
    assert (worst is None) is bool(why)


def test_another_kind_of_run_is_named():
    other = copy.deepcopy(document(1))
    other["target"]["base_url"] = "http://y/v1"
    other["arrivals"]["rate"] = 5.0
    assert differing(document(1), other) == ["the target: http://x/v1, now http://y/v1", "the rate: 20.0, now 5.0"]  # fmt: skip
    assert "the rate" in worse_than(document(1), other, 0.1)[2]
    other = document(1) | {"validity": {"stamp": "INVALID"}}
    assert worse_than(other, document(1), 0.1)[2] == "the earlier run is INVALID"


@pytest.mark.parametrize(("options", "what"), [
    ({"fail_if_worse": "10%"}, "--baseline must say"), ({"fail_if_worse": "0.1", "baseline": "x"}, "No such file"),
])  # fmt: skip
def test_a_gate_without_a_baseline_is_refused(options, what):
    with pytest.raises(PlanError, match=what):
        plan_with(**options)


def test_a_share_needs_its_sign(tmp_path):
    path = tmp_path / "last.json"
    path.write_text(json.dumps(document(1)))
    assert plan_with(baseline=str(path), fail_if_worse="10%").fail_if_worse == 0.1
    with pytest.raises(PlanError, match="expected PCT%"):
        plan_with(baseline=str(path), fail_if_worse="0.1")


def test_a_run_that_is_worse_fails(tmp_path):
    """Against a faster server: the gate, the exit code, the page."""
    plan = ["--rate", 40, "--duration", 2, "--model", "m"]
    with logged(service_s=0.06) as server:
        before, _ = session(server.base_url, rate=40.0, duration=2.0, model="m")
    before["validity"] = {"stamp": "VALID", "reasons": []}
    (tmp_path / "last.json").write_text(json.dumps(before))
    with logged(service_s=0.15) as server:
        now, code, said = run(
            tmp_path, "--host", server.base_url, *plan, "--baseline", tmp_path / "last.json", "--fail-if-worse", "20%"
        )  # fmt: skip
    assert any(one.startswith("the target: ") for one in now["comparison"]["differs"])
    (gate,) = now["gates"]
    assert gate["passed"] is False
    if now["validity"]["stamp"] == "VALID":
        assert "e2e_ms p50" in gate["why"]
        assert code == 3
    else:
        assert "this run is INVALID" in gate["why"]
    assert "worse: e2e_ms p50" in said
    assert set(now["host"]) >= {"processor", "cores", "memory", "load_average", "open_files"}
    assert now["versions"]["locust"]
    assert check("load_report", now) == []
    page = (tmp_path / "load.html").read_text()
    assert "Compared with the earlier run" in page
    assert 'class="worse"' in page
