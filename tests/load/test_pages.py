"""The pages of a load document: what they say, and that nothing a server says gets out of its place."""

import csv
import io
import json
import re
from html import unescape
from xml.etree import ElementTree as ET

import pytest

from load.measure import outcome
from load.measure.comparison import compared
from reports.fields import UnreadableError
from reports.load.document import UNJUDGED, WHOLE, parse_load
from reports.load.html import html
from reports.load.markdown import markdown
from reports.load.tables import junit, table
from tests.load.streams import gateway, session


@pytest.fixture(scope="module")
def document():
    with gateway("chat.stream.usage-missing") as (base_url, key):
        return session(
            base_url,
            key,
            rate=60.0,
            duration=1.0,
            gate=["e2e:p50:1us", "error_rate:1%"],
            ttft_slo=500.0,
        )[0]


def test_the_stamp_comes_first(document):
    load = parse_load(document)
    stamp = document["validity"]["stamp"]
    assert markdown(load).startswith(f"# {stamp}.")
    assert f"<h1><em>{stamp}.</em>" in html(load)


def test_the_page_is_one_file_with_its_charts_and_its_evidence(document):
    page = html(
        parse_load(document | {"comparison": compared(document, document)}), parse_load(document)
    )
    assert page.count('<svg class="chart"') >= 5
    assert "chat.stream.usage-last" in page
    assert "Compared with the earlier run" in page
    assert "http://" not in page.replace(document["target"]["base_url"], "").replace(
        "http://www.w3.org", ""
    )


def test_charts_bring_their_values_along(document):
    page = html(parse_load(document))
    charts = [json.loads(unescape(one)) for one in re.findall(r'data-read="([^"]*)"', page)]
    assert len(charts) >= 5
    for chart in charts:
        assert len(chart["at"]) == len(chart["x"]) > 0
        for series in chart["series"]:
            assert len(series["v"]) == len(series["y"]) == len(chart["at"])
    assert page.count('tabindex="0"') == len(charts)


def test_the_page_has_the_windows_and_what_the_run_was_made_with(document):
    rest = {
        "command": "locust --rate 5 --header 'X: [redacted]'", "host": {"processor": "EPYC", "load_average": [1.0, 2.0]}, "versions": {"locust": "2.47"},
        "configuration": {"rate": 5.0, "seed": 1, "gate": ["a", "b"], "extra_body": "", "report_dir": "out"},
        "claims": {"answers": 5, "claimed": 100, "counted": [90, 95], "difference": 5, "answers_above": 5, "vocabulary": "o200k_base"},
        "server": [{"url": "http://x/metrics", "at_s": [0.1, 1.1], "running": [1, 2], "kv_use": [0.1, None], "problem": ""}, {"url": "http://y", "at_s": [], "problem": "could not be read"}],
    }  # fmt: skip
    page = html(parse_load(document | rest))
    for text in ("--rate", "--seed", "not set", "EPYC", "1.0, 2.0", "2.47", "locust --rate 5", "KV cache in use", "could not be read", "5 answers claim 100 tokens, counted 90 to 95 (o200k_base), difference +5; 5 claim more"):  # fmt: skip
        assert text in page, text
    assert page.count("0 s to 1 s") >= 3


def test_what_a_server_says_stays_text(document):
    hostile = "</pre><script>alert(1)</script>| a | b |"
    changed = document | {
        "target": {"base_url": hostile, "model": hostile},
        "conformance": {hostile: 3},
    }
    changed["validity"] = {"stamp": "INVALID", "reasons": [hostile]}
    load = parse_load(changed)
    assert "<script>alert" not in html(load)
    outside_of_code = re.sub("`[^`]*`", "", markdown(load))
    assert "<script>" not in outside_of_code.replace("\\<", "")
    ET.fromstring(junit(load))


def test_the_pages_know_every_outcome():
    """The readers import nothing of the load part: the two lists must not drift apart."""
    assert set(WHOLE) == outcome.WHOLE
    assert set(UNJUDGED) == outcome.UNJUDGED


def test_tables_hold_the_figures(document):
    rows = list(csv.reader(io.StringIO(table(parse_load(document)))))
    assert rows[0][:3] == ["metric", "count", "mean"]
    assert any(row and row[0] == "ttft_ms" and row[1] == "60" for row in rows)
    root = ET.fromstring(junit(parse_load(document)))
    assert [case.get("name") for case in root.iter("testcase")] == [
        "validity",
        "e2e:p50:1us",
        "error_rate:1%",
    ]
    assert len(list(root.iter("failure"))) == 1


@pytest.mark.parametrize(
    "data", [[], {}, {"schema_version": 2, "outcomes": {}}, {"schema_version": 1}]
)
def test_what_is_no_load_document_is_refused(data):
    with pytest.raises(UnreadableError):
        parse_load(data)
