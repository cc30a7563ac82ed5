"""Figures against a server's own log: of one that is overloaded, counts nothing, keeps back, or ends badly."""

import pytest

from tests.load.server import logged
from tests.load.streams import doubts, ended, quiet, session

SLOTS, SERVICE_S = 8, 0.1
CAPACITY = SLOTS / SERVICE_S
WINDOW_S = 2.0


def in_window(log, document):
    """How many the server says ended in the steady window."""
    window = document["rates"]["window"]
    start = document["started_at_s"]
    return sum(start + window["from_s"] <= one.ended[0] < start + window["to_s"] for one in log)


def bounds_ms(log, tokens):
    """The least and the most that the median time per token can be, 5 % and 0.5 ms beside them."""
    spans = [one.span_s() for one in log]
    least, most = (sorted(span[at] for span in spans)[len(log) // 2] for at in (0, 1))
    return 950 * least / tokens - 0.5, 1050 * most / tokens + 0.5


@pytest.mark.parametrize("factor", [0.5, 0.9, 1.2, 2.0])
def test_completions_are_those_that_ended_in_the_window(factor):
    with logged(slots=SLOTS, service_s=SERVICE_S) as server:
        document, _ = session(
            server.base_url, rate=factor * CAPACITY, duration=0.5 + WINDOW_S, warm_up=0.5, gate=["requests_per_s:1"]
        )  # fmt: skip
        log = server.log()
    rates = document["rates"]
    truth = in_window(log, document) / WINDOW_S
    assert rates["completed_per_s"] == pytest.approx(truth, rel=0.03, abs=1.01 / WINDOW_S)
    assert rates["completed_per_s"] <= 1.03 * CAPACITY
    assert document["gates"][0]["value"] == rates["completed_per_s"]
    assert rates["offered_per_s"] == pytest.approx(factor * CAPACITY, rel=0.01)
    if factor != 0.9 or quiet(document):  # a busy machine makes the server itself slower
        assert rates["saturated"] is (factor > 1)
    phases = rates["phases"]
    assert sum(phase["arrived"] for phase in phases.values()) == document["arrivals"]["happened"]
    assert (
        sum(phase["completed"] for phase in phases.values())
        == len(log)
        == document["outcomes"]["ok"]
    )


def run(server, **more):
    return session(server.base_url, rate=40.0, duration=1.0, **more)


@pytest.mark.parametrize("tokens_a_chunk", [1, 4])
def test_the_first_chunks_tokens_are_not_free(tokens_a_chunk):
    with logged(tokens_a_chunk=tokens_a_chunk, service_s=0.16) as server:
        document, _ = run(server)
        log = server.log()
    least, most = bounds_ms(log, 7 * tokens_a_chunk)
    assert least <= document["metrics"]["tpot_ms"]["p50"] <= most
    assert len(log) == 40
    if quiet(
        document
    ):  # on a busy machine a stream may come all at once, and has no time per token
        assert document["metrics"]["tpot_ms"]["count"] == 40


def test_without_usage_chunks_stand_in_by_name_and_a_target_cannot_be_judged():
    with logged(usage=False) as server:
        document, code = run(server, model="llama", tpot_slo=1.0, gate=["goodput:95%", "tokens_per_s:1", "tpot:p50:1s"])  # fmt: skip
    rates = document["rates"]
    assert rates["output_tokens_per_s"] is None
    assert rates["chunks_per_s"] > 200
    assert document["metrics"]["tpot_ms"]["count"] == 0
    assert document["goodput"]["attainment"] is None
    assert "no usage" in document["goodput"]["cannot_be_judged"]
    assert [gate["passed"] for gate in document["gates"]] == [False] * 3
    assert all("no usage" in gate["why"] for gate in document["gates"])
    assert any("--tpot-slo cannot be judged" in why for why in doubts(document))
    assert code == 4


def test_without_usage_a_tokenizer_counts_where_one_fits_the_model():
    with logged(usage=False, tokens_a_chunk=2, service_s=0.2) as server:
        document, _ = run(server, model="gpt-5.5", tpot_slo=1000.0)
        log = server.log()
    usage = document["usage"]
    assert (usage["requests_with_count"], usage["counted_tokens"]) == (40, 40 * 16)
    assert usage["completion_tokens"] == 0
    assert document["rates"]["tokens_by"] == "tokenizer"
    assert document["client"]["vocabulary"] == "o200k_base"
    assert document["goodput"]["attainment"] > 0.9
    least, most = bounds_ms(log, 14)
    assert least <= document["metrics"]["tpot_ms"]["p50"] <= most
    assert doubts(document) == []


def test_what_is_kept_back_and_sent_at_once_is_said():
    with logged(buffered=True) as server:
        document, code = run(server, tpot_slo=1.0, gate=["goodput:95%", "tpot:p50:1ms"])
    assert ended(document) == {"ok": 40}
    assert document["streaming"]["at_once"] == 40
    assert document["metrics"]["tpot_ms"]["count"] == 0
    assert "came all at once" in document["goodput"]["cannot_be_judged"]
    assert [gate["passed"] for gate in document["gates"]] == [False, False]
    assert "came all at once" in document["gates"][1]["why"]
    assert code == 4


@pytest.mark.parametrize(("how", "outcome", "passed"), [
    ({"finish": "error"}, "error_finish", False), ({"done": False}, "without_done", True),
    ({"finish": "content_filter"}, "content_filter", True), ({"finish": "length"}, "length_early", True),
])  # fmt: skip
def test_each_bad_end_has_its_outcome_and_gates_see_it(how, outcome, passed):
    with logged(**how) as server:
        document, code = run(server, ttft_slo=5000.0, gate=["error_rate:1%", "goodput:95%"])
    assert ended(document) == {outcome: 40}
    good = outcome == "without_done"
    assert [gate["passed"] for gate in document["gates"]] == [passed, good]
    assert document["metrics"]["ttft_ms"]["count"] == (40 if passed else 0)
    assert doubts(document) == []
    assert code == (4 if not quiet(document) else 0 if good else 3)


def test_lengths_are_held_against_usage():
    with logged() as server:
        document, _ = run(server)
    assert document["lengths"]["input"] == {"asked": 40 * 64, "counted": 40 * 9, "deviation": round(9 / 64 - 1, 4)}  # fmt: skip
