"""The bill: claimed beside counted, per model, endpoint and way, in per cent and dollars."""

from dataclasses import replace

import pytest

from conformance.authenticity.bill import bill
from conformance.running.profiles import load_profile
from schemas.loader import check
from tests.direct import traffic

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
