"""The part of the contract test that imports locust; `tests/load/test_contract.py` runs it."""

import sys
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
    tally.histograms = {"e2e_ms": e2e, "ttft_ms": e2e}
    tally.counts["outcome:truncated"] = 2
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
runners_have_what_we_use()
