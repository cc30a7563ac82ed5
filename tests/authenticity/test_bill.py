"""The bill: claimed beside counted, per model, endpoint and way, in per cent and dollars."""

import json
from dataclasses import replace
from fnmatch import fnmatchcase

import pytest

from conformance.__main__ import main
from conformance.authenticity.bill import Line, bill
from conformance.judging.area import catalogue
from conformance.running.planned import probes as planned_probes
from conformance.running.profiles import load_profile
from reports.document import parse
from reports.html import html
from reports.markdown import markdown
from schemas.loader import check
from tests.direct import traffic
from tests.reports.sample import document, result
from wire.jsonl import write_file

COST = {"requests": 9, "billable_requests": 9, "prompt_tokens": 1, "completion_tokens": 1, "usd": 0}

PROBES = (
    "authenticity.text-english",
    "authenticity.text-json",
    "authenticity.text-thai",
    "usage.small",
)


def billed(*faults, profile=None):
    profile = profile or load_profile("reference")
    sent, _ = traffic(faults, PROBES, profile=profile)
    return bill(sent.all(), profile)


def test_a_right_bill_says_so():
    found = billed()
    assert found["bill"]["sentence"] == "billed what was used, to the token"
    assert found["claimed"] == found["counted"]
    assert {(row["endpoint"], row["streamed"]) for row in found["bill"]["rows"]} == {
        ("chat", False), ("chat", True), ("responses", False),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [("prompt-2", "% more than was used ($"), ("output-2", "% more than was used ($"), ("plus-17", "more")],
)  # fmt: skip
def test_what_was_billed_too_much_is_told(fault, sentence):
    found = billed(f"authenticity.{fault}")
    assert sentence in found["bill"]["sentence"]
    assert found["bill"]["percent"] > 0
    assert found["claimed"]["usd"] > found["counted"]["usd"]


def test_streams_have_a_row_of_their_own():
    rows = billed("authenticity.streams-output-2")["bill"]["rows"]
    assert [row["percent"] > 0 for row in rows] == [row["streamed"] for row in rows]


def test_without_a_price_tokens_are_compared():
    found = billed("authenticity.prompt-2", profile=replace(load_profile("reference"), prices={}))
    assert found["claimed"]["usd"] is None
    assert 50 < found["bill"]["percent"] < 100


def test_nothing_is_said_of_models_that_nobody_counts():
    assert billed(profile=replace(load_profile("reference"), sold={})) == {}
    assert check("report", {}) != []


def test_the_balance_is_the_third_column():
    probes = ("usage.small", "usage.small-stream", "billing.*-small", "billing.*-small-stream")
    names = [name for name in planned_probes(catalogue()) if any(fnmatchcase(name, p) for p in probes)]  # fmt: skip
    for faults, times in (((), 1), (("billing.double",), 2)):
        profile = load_profile("reference")
        sent, _ = traffic(faults, names, profile=profile)
        rows = bill(sent.all(), profile)["bill"]["rows"]
        debits = [row["debit"] for row in rows if "debit" in row]
        assert [debit["answers"] for debit in debits] == [1, 1]
        assert all(debit["usd"] == times * debit["claimed_usd"] for debit in debits)
        page = html(parse({**document(result("usage.x")), "cost": {**COST, **bill(sent.all(), profile)}}))  # fmt: skip
        assert "Taken from the balance" in page


def test_strays_are_told_as_strays():
    line = Line(answers=100, off=2)
    assert line.sentence == "billed what was used, but for 2 of 100 answers"


def test_a_recording_has_a_bill(tmp_path, capsys):
    """The same sums offline, and one line of them first."""
    profile = load_profile("reference")
    sent, _ = traffic(("authenticity.prompt-2",), PROBES, profile=profile)
    file = tmp_path / "run.jsonl"
    write_file(file, sent.all())
    page = tmp_path / "run.json"
    assert main(["judge", str(file), "--profile", "reference", "--json", str(page)]) == 1
    told = json.loads(page.read_text())["cost"]
    live = bill(sent.all(), profile)
    assert (told["claimed"], told["counted"]) == (live["claimed"], live["counted"])
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("billed ")
    assert "% more than was used ($" in first


def test_the_page_has_the_bill():
    found = billed("authenticity.prompt-2")
    whole = {**document(result("usage.x", "fail")), "cost": {**COST, **found}}
    page, text = html(parse(whole)), markdown(parse(whole))
    assert "no: billed " in page
    assert page.count('<th scope="row">gpt-5.5-2026-04-23</th>') == len(found["bill"]["rows"])
    assert "**Bill:** billed " in text
    bad = {**whole, "cost": {**COST, "claimed": 3, "counted": [], "bill": {"rows": 7, "sentence": {}}}}  # fmt: skip
    assert "Is the bill right?" in html(parse(bad))
