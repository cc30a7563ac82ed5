"""The part of the contract test that imports locust; `tests/load/test_contract.py` runs it."""

import sys
import time
from pathlib import Path

from locust.env import Environment
from locust.runners import STATE_MISSING, LocalRunner, MasterRunner, WorkerRunner
from locust.stats import StatsError

sys.path.insert(0, str(Path(__file__).parents[2]))

from load.measure.histogram import Histogram
from load.measure.tally import Tally
from load.report.locust_stats import LocustStats


def statistics_have_the_fields_that_we_fill():
    environment = Environment()
    tally = Tally()
    e2e = Histogram()
    e2e.add_all([100_000] * 8)
    failed = Histogram()
    failed.add_all([100_000] * 2)
    tally.histograms = {"e2e_ms": e2e, "ttft_ms": e2e, "time_to_failure_ms": failed}
    tally.counts["steady:truncated"] = 2
    LocustStats(environment, "chat-stream", live=True).add(tally, 1000.0)
    total = environment.stats.total
    assert (total.num_requests, total.num_failures) == (10, 2)
    entry = environment.stats.get("TTFT", "stream")
    assert entry.num_requests == 8
    assert abs(entry.get_response_time_percentile(0.5) - 100) <= 1
    assert round(entry.avg_response_time) == 100
    (error,) = environment.stats.errors.values()
    assert isinstance(error, StatsError)
    assert error.occurrences == 2
    assert environment.stats.serialize_stats()


def the_final_table_has_the_figures_of_the_report():
    environment = Environment()
    stats = LocustStats(environment, "chat-stream", live=False)
    tally, warm_up = Tally(), Tally()
    tally.histogram("e2e_ms").add_all([100_000] * 40)
    warm_up.histogram("e2e_ms").add_all([900_000] * 40)
    stats.add(warm_up, 1000.0)
    stats.close(tally, 27.1, 1010.0)
    total = environment.stats.total
    assert total.num_requests == 40
    assert abs(total.total_rps - 27.1) < 0.01
    assert abs(environment.stats.get("chat-stream", "POST").total_rps - 27.1) < 0.01


def the_chart_of_the_web_ui_does_not_fall_to_nothing():
    environment = Environment()
    stats = LocustStats(environment, "chat-stream", live=True)
    now = time.time()
    for second in range(20):
        tally = Tally()
        tally.histogram("e2e_ms").add_all([100_000] * 5)
        stats.add(tally, now - 20 + second)
    assert environment.stats.total.get_current_response_time_percentile(0.5) == 100


def runners_have_what_we_use():
    assert STATE_MISSING == "missing"
    for runner in (LocalRunner, MasterRunner, WorkerRunner):
        assert callable(runner.register_message)
    assert MasterRunner.send_message.__code__.co_varnames[:4] == (
        "self",
        "msg_type",
        "data",
        "client_id",
    )
    assert WorkerRunner.send_message.__code__.co_varnames[:3] == ("self", "msg_type", "data")
    clients = MasterRunner(Environment(), "127.0.0.1", 50571).clients
    assert list(clients.all) == []
    assert clients.get("nobody") is None


statistics_have_the_fields_that_we_fill()
the_final_table_has_the_figures_of_the_report()
the_chart_of_the_web_ui_does_not_fall_to_nothing()
runners_have_what_we_use()
