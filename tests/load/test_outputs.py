"""What a run leaves beside its page: a line a request, OpenMetrics while it runs and at its end, the server's own metrics."""

import gzip
import json
import re
import socket
import threading
import time
import urllib.request

import pytest

from load.measure.server_metrics import read_metrics
from load.options import configuration
from load.session.metrics_page import AddressError, serve
from load.session.scraper import Scraper, fetcher, shown
from load.workload.refusals import PlanError
from schemas.loader import check
from tests.load.streams import (
    CHAT,
    HEAD,
    WHOLE,
    chunked,
    finish,
    plan_with,
    saying,
    serving,
    session,
    sse,
    start,
)

VLLM = """# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="a}b"} 3.0
vllm:num_requests_running{engine="1",model_name="a}b"} 2.0
vllm:num_requests_waiting{engine="0",model_name="a}b"} 7.0
vllm:kv_cache_usage_perc{engine="0"} 0.25
vllm:kv_cache_usage_perc{engine="1"} 0.5
vllm:num_requests_waiting_by_reason{engine="0"} 99
"""
SGLANG = 'sglang:num_running_reqs{model_name="m"} 4\nsglang:num_queue_reqs 1 1700000000000\nsglang:token_usage 0.1\n'
LLAMA = "llamacpp:requests_processing 2\r\nllamacpp:requests_deferred 0\r\nllamacpp:kv_cache_usage_ratio NaN\r\n"


@pytest.mark.parametrize(("text", "found"), [
    (VLLM, {"running": 5.0, "waiting": 7.0, "kv_use": 0.5}), (SGLANG, {"running": 4.0, "waiting": 1.0, "kv_use": 0.1}),
    (LLAMA, {"running": 2.0, "waiting": 0.0}), ("sglang_num_running_reqs 4", {"running": 4.0}), ("", {}), ("<html>{} x", {}),
    ("vllm:num_requests_running", {}),
])  # fmt: skip
def test_each_servers_words(text, found):
    assert read_metrics(text) == found


def metrics(text, status=b"200 OK", more=b""):
    return b"HTTP/1.1 %b\r\n%bContent-Length: %d\r\n\r\n%b" % (
        status,
        more,
        len(text),
        text.encode(),
    )


@pytest.mark.parametrize(("answer", "problem"), [
    (metrics("go 1\n"), "none of the known figures"), (metrics("", b"404 Not Found"), "HTTP Error 404"), (b"SSH-2.0\r\n", "could not be read"),
    (metrics("", b"302 Found", b"Location: http://127.0.0.1:1/\r\n"), "HTTP Error 302"),
])  # fmt: skip
def test_what_cannot_be_scraped_is_said_once_and_ends_nothing(answer, problem):
    with serving(saying(answer, keep=False)) as base_url:
        scraper = Scraper([f"{base_url}?token=x"], fetcher())
        scraper.begin(time.time())
        import gevent

        gevent.sleep(0.3)
        (series,) = scraper.end()
    assert problem in series["problem"]
    assert series["at_s"] == []
    assert "token" not in series["url"]


def test_no_secret_of_an_address_is_shown():
    assert shown("http://me:pw@h:1/metrics?key=abc") == "http://h:1/metrics"
    assert "pw" not in str(configuration({"scrape": ["http://me:pw@h:1/metrics"]}))


def test_a_user_of_an_address_is_sent_and_not_shown():
    seen = []

    def answer(connection, request):
        seen.append(request)
        connection.sendall(metrics(VLLM))

    with serving(answer) as base_url:
        assert fetcher()(base_url.replace("//", "//me:p%40w@") + "/metrics") == VLLM
    assert b"Authorization: Basic bWU6cEB3" in seen[0]
    assert b"me:p" not in seen[0]


@pytest.mark.parametrize("address", ["x", "70000", "127.0.0.1:", "1.2.3.4:80"])
def test_an_address_that_cannot_be_listened_at_is_refused(address):
    with pytest.raises(AddressError, match="--metrics-port"):
        serve(address, str)


def test_a_scrape_that_is_no_url_is_refused():
    with pytest.raises(PlanError, match="--scrape: expected"):
        plan_with(scrape=["localhost/metrics"])


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """One run with all outputs: its folder, its document, and what stood at its address while it ran."""
    folder = tmp_path_factory.mktemp("outputs")
    number = 0

    def answer(connection, request):
        nonlocal number
        if request.startswith(b"GET /v1/metrics"):
            connection.sendall(metrics(VLLM))
            return
        number += 1
        if number % 5 == 0:
            connection.sendall(b"HTTP/1.1 503 X\r\nContent-Length: 2\r\n\r\n{}")
            return
        connection.sendall(HEAD)
        for one in (CHAT[0], CHAT[1], CHAT[2], *CHAT[3:]):
            time.sleep(0.01)
            connection.sendall(chunked(sse([one]), end=False))
        connection.sendall(b"0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    seen = []

    def look():
        until = time.monotonic() + 20
        while time.monotonic() < until and not (seen and "load_requests_total" in seen[-1]):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2) as page:
                    seen.append(page.read().decode())
            except OSError:
                pass
            time.sleep(0.1)

    looking = threading.Thread(target=look)
    looking.start()
    with serving(answer) as base_url:
        process = start(
            folder, "--host", base_url, "--rate", 20, "--duration", 3, "--records", "--metrics-port", port,
            "--scrape", f"{base_url}/metrics", "--model", "m",
        )  # fmt: skip
        document, _, said = finish(process, folder)
    looking.join()
    assert document is not None, said
    return folder, document, seen, said


def test_each_request_has_its_line(everything):
    folder, document, _, _ = everything
    with gzip.open(folder / "load-requests.jsonl.gz", "rt") as file:
        lines = [json.loads(line) for line in file]
    assert document["records"] == {"file": "load-requests.jsonl.gz", "lines": 60}
    assert sorted(one["number"] for one in lines) == list(range(60))
    outcomes = [one["outcome"] for one in lines]
    for name in ("ok", "http_5xx"):
        assert outcomes.count(name) == document["outcomes"][name]
    whole = [one for one in lines if one["whole"]]
    assert sorted(one["ttft_ms"] for one in whole)[(len(whole) - 1) // 2] == pytest.approx(document["metrics"]["ttft_ms"]["p50"], rel=0.01)  # fmt: skip
    assert all(
        one["end_ms"] >= one["last_ms"] >= one["ttft_ms"] >= one["headers_ms"] for one in whole
    )
    assert all(one["completion_tokens"] == 2 and one["chunks"] == 2 for one in whole)
    refused = next(one for one in lines if one["outcome"] == "http_5xx")
    assert (refused["status"], refused["ttft_ms"], refused["detail"]) == (503, None, "HTTP 503")
    assert [one["at_s"] for one in sorted(lines, key=lambda one: one["number"])] == pytest.approx([n / 20 for n in range(60)], abs=1e-3)  # fmt: skip


FAMILY = re.compile(r"# TYPE (\S+) (gauge|counter|histogram)")


def samples(text):
    assert text.endswith("# EOF\n")
    found, family = {}, None
    for line in text.splitlines()[:-1]:
        if line.startswith("# TYPE"):
            family = FAMILY.fullmatch(line)
            continue
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            assert name.startswith(family[1]), line
            assert family[2] != "counter" or name.startswith(f"{family[1]}_total{{"), line
            assert name not in found, name
            found[name] = float(value)
    return found


def test_the_metrics_of_the_end_are_those_of_the_document(everything):
    folder, document, seen, said = everything
    found = samples((folder / "load-metrics.txt").read_text())
    own = next(name for name in found if name.startswith("load_valid"))[len("load_valid") :]
    assert found[f'load_requests_total{own[:-1]},outcome="ok"}}'] == document["outcomes"]["ok"]
    assert found[f"load_completed_per_second{own}"] == document["rates"]["completed_per_s"]
    assert found[f"load_valid{own}"] == (document["validity"]["stamp"] == "VALID")
    count = document["metrics"]["ttft_ms"]["count"]
    assert found[f"load_ttft_seconds_count{own}"] == count == found[f'load_ttft_seconds_bucket{own[:-1]},le="+Inf"}}']  # fmt: skip
    buckets = [n for name, n in found.items() if name.startswith("load_ttft_seconds_bucket")]
    assert buckets == sorted(buckets)
    live = samples(seen[-1])
    assert any(name.startswith("load_requests_total") for name in live)
    assert not any(name.startswith("load_valid") for name in live)
    assert "metrics: http://127.0.0.1:" in said


def test_what_the_server_says_of_itself_stands_on_the_axis_of_the_run(everything):
    _, document, _, said = everything
    (server,) = document["server"]
    assert server["problem"] == ""
    assert server["running"] == [5.0] * len(server["at_s"])
    assert server["kv_use"] == [0.5] * len(server["at_s"])
    assert 2 <= len(server["at_s"]) <= 5
    assert 0 <= server["at_s"][0] < server["at_s"][-1] < 6
    assert "running at most 5" in said


def test_the_series_have_failures_by_class_and_lengths_are_distributions(everything):
    folder, document, _, _ = everything
    assert check("load_report", document) == []
    table = (folder / "load.csv").read_text().splitlines()
    assert next(line for line in table if line.startswith("at_s")).endswith(
        "tpot_p50_ms,failed:http_5xx"
    )
    series = document["series"]
    assert sum(series["failed_by_class"]["http_5xx"]) == document["outcomes"]["http_5xx"] == 12
    assert len(series["tpot_p50_ms"]) == len(series["at_s"])
    assert any(series["tpot_p50_ms"])
    assert document["token_lengths"]["output"]["p50"] == 2
    assert document["token_lengths"]["input"]["count"] == 48
    rates = document["rates"]
    assert rates["total_tokens_per_s"] == pytest.approx(rates["input_tokens_per_s"] + rates["output_tokens_per_s"], abs=0.01)  # fmt: skip
    assert rates["tokens_per_s_a_user"] == pytest.approx(1000 / document["metrics"]["tpot_ms"]["p50"], rel=0.01)  # fmt: skip


def test_no_line_is_made_where_none_is_asked_for():
    with serving(saying(WHOLE)) as base_url:
        document, _ = session(base_url, rate=40.0, duration=0.5)
    assert "records" not in document
