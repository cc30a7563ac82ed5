"""Sweeps, and runs whose rate changes on the way: each stage its own window, table and verdict."""

import re
from itertools import pairwise

import pytest

from load.measure.stages import knee, pareto, sentence
from load.report.stages import parts
from load.workload.refusals import PlanError
from schemas.loader import check
from tests.load.server import logged
from tests.load.streams import measured, plan_with, run

SLOTS, SERVICE_S = 4, 0.1
CAPACITY = SLOTS / SERVICE_S


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    with logged(slots=SLOTS, service_s=SERVICE_S) as server:
        found = run(
            folder, "--host", server.base_url, "--arrivals", "sweep", "--rates", "10,30,60", "--duration", 2.5,
            "--warm-up", 0.5, "--drain", 10, "--gate", "e2e:p50:400ms",
        )  # fmt: skip
        return *found, server.log(), folder


def test_each_stage_has_what_the_server_says_it_completed(swept):
    document, _, _, log, _ = swept
    stages = document["stages"]["stages"]
    assert [one["label"] for one in stages] == ["10/s", "30/s", "60/s"]
    assert sum(one["outcomes"]["ok"] for one in stages) == len(log) == 250
    for one, rate in zip(stages, (10, 30, 60), strict=True):
        assert one["arrivals"]["happened"] == rate * 2.5
        assert one["rates"]["completed_per_s"] == pytest.approx(min(rate, CAPACITY), rel=0.12)
        assert one["rates"]["window"] == {"from_s": 0.5, "to_s": 2.5}
    assert [one["rates"]["saturated"] for one in stages] == [False, False, True]


def test_no_doubt_and_no_failed_gate_of_a_stage_is_lost(swept):
    document, code, said, _, folder = swept
    assert check("load_report", document) == []
    assert [gate["gate"] for gate in document["gates"]] == [f"e2e:p50:400ms at {rate}/s" for rate in (10, 30, 60)]  # fmt: skip
    assert [gate["passed"] for gate in document["gates"]] == [True, True, False]
    doubted = [one for one in document["stages"]["stages"] if one["validity"]["reasons"]]
    assert (document["validity"]["stamp"] == "INVALID") is bool(doubted)
    assert all(why.startswith("at ") for why in document["validity"]["reasons"])
    assert code == (4 if doubted else 3)
    assert said.count("stage ") >= 6
    assert "the server falls behind from 60/s on" in document["stages"]["sentence"]
    assert document["spent_usd"] == pytest.approx(sum(one["usage"]["usd"] for one in document["stages"]["stages"]))  # fmt: skip
    shown = next(
        one for one in document["stages"]["stages"] if one["label"] == document["stages"]["shown"]
    )
    assert shown["outcomes"] == document["outcomes"]
    ended = re.search(
        r'load_requests_total\{[^}]*outcome="ok"\} (\d+)', (folder / "load-metrics.txt").read_text()
    )
    assert int(ended[1]) == document["outcomes"]["ok"]
    page = (folder / "load.html").read_text()
    assert "Throughput against latency" in page
    assert "60/s" in (folder / "load.md").read_text()


def test_a_sweep_of_concurrencies(tmp_path):
    with logged(slots=SLOTS, service_s=SERVICE_S) as server:
        document, _, _ = run(tmp_path, "--host", server.base_url, "--arrivals", "sweep", "--concurrencies", "1,12", "--duration", 1.5)  # fmt: skip
        log = server.log()
    stages = document["stages"]["stages"]
    assert [one["arrivals"]["concurrency"] for one in stages] == [1, 12]
    assert sum(one["arrivals"]["happened"] for one in stages) == len(log)
    for one, most in zip(stages, (10, 40), strict=True):
        assert 0.6 * most < one["rates"]["completed_per_s"] <= 1.05 * most + 1
    assert stages[1]["metrics"]["e2e_ms"]["p50"] > 250  # two wait for each slot


@pytest.mark.parametrize(("kind", "labels"), [
    ("steps", ["12/s", "24/s", "36/s", "48/s", "60/s"]), ("spike", ["before 60/s", "spike 120/s", "after 60/s"]),
    ("ramp", ["0 to 12/s", "12 to 24/s", "24 to 36/s", "36 to 48/s", "48 to 60/s"]), ("constant", []),
])  # fmt: skip
def test_stages_have_their_names_and_no_warm_up(kind, labels):
    plan = plan_with(arrivals=kind, rate=60.0, spike_factor=2.0, duration=10.0, warm_up=1.0)
    assert [part.label for part in plan.parts()] == labels
    assert not labels or plan.parts()[0].from_s == 1.0


def test_a_rate_that_changes_is_told_by_stage():
    with logged() as server:
        plan, fleet, about = measured(server.base_url, arrivals="steps", rate=60.0, duration=2.5)  # fmt: skip
    stages = parts(plan, fleet, about)
    assert [one["label"] for one in stages] == ["12/s", "24/s", "36/s", "48/s", "60/s"]
    offered = [one["rates"]["offered_per_s"] * one["rates"]["window_s"] for one in stages]
    assert round(sum(offered)) == fleet.total.counts["arrivals"]
    ended = sum(one["rates"]["phases"]["steady"]["completed"] for one in stages)
    late = stages[-1]["rates"]["phases"]["drain"]["completed"]
    assert ended + late == fleet.total.counts["outcome:ok"]
    assert fleet.total.counts["arrivals"] == fleet.total.counts["steady"]
    ends = [one["rates"]["window"] for one in stages]
    assert ends[-1]["to_s"] == 2.5
    assert all(a["to_s"] == b["from_s"] for a, b in pairwise(ends))


def stage(label, tokens, ms, *, saturated=False, valid=True):
    return {
        "label": label, "metrics": {"e2e_scheduled_ms": {"p50": ms}},
        "rates": {"output_tokens_per_s": tokens, "completed_per_s": 1.0, "saturated": saturated},
        "validity": {"stamp": "VALID" if valid else "INVALID"},
    }  # fmt: skip


CURVE = [stage("1/s", 10, 100), stage("2/s", 20, 101), stage("4/s", 40, 110), stage("8/s", 45, 400), stage("16/s", 44, 900, saturated=True)]  # fmt: skip


def test_the_front_and_the_knee():
    assert pareto(CURVE) == ["1/s", "2/s", "4/s", "8/s"]
    assert knee(CURVE) == "4/s"
    assert sentence(CURVE).startswith("the server falls behind from 16/s on; the knee is at 4/s")
    assert knee(CURVE[:3]) is None
    assert "may take more" in sentence(CURVE[:3])
    doubted = [stage("1/s", 10, 100, valid=False), *CURVE[1:3]]
    assert sentence(doubted) == "2 of 3 stages can be believed: too few to tell a knee"


@pytest.mark.parametrize(("options", "what"), [
    ({"arrivals": "sweep"}, "needs either"), ({"arrivals": "sweep", "rates": "1,2", "concurrencies": "3"}, "needs either"),
    ({"rates": "1,2"}, "of --arrivals sweep"), ({"arrivals": "sweep", "rates": "1,x"}, "expected numbers above 0"),
    ({"arrivals": "sweep", "rates": "1,0"}, "expected numbers above 0"), ({"arrivals": "sweep", "rates": "1,1"}, "twice"),
    ({"arrivals": "sweep", "concurrencies": "1.5"}, "expected whole numbers"), ({"arrivals": "sweep", "rates": "nan"}, "expected numbers"),
    ({"arrivals": "sweep", "rates": "1,50", "gate": ["ttft:p99:1s"]}, "p99 needs 100 requests, about 30"),
])  # fmt: skip
def test_what_is_no_sweep_is_refused(options, what):
    with pytest.raises(PlanError, match=what):
        plan_with(**options)
