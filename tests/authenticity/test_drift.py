"""Drift: the same model on two nights has one fingerprint; another has another, and a sentence."""

from functools import cache

import pytest

from conformance.authenticity.drift import drift, fingerprint
from tests.direct import traffic

THEN = "2026-11-03T04:00:00+00:00"


@cache
def taken(*faults):
    names = ("english", "chinese", "arabic", "hindi", "thai", "emoji", "mixed")
    sent, profile = traffic(faults, [f"authenticity.text-{name}" for name in names])
    return fingerprint(sent.all(), profile, 50.0)


def test_the_same_model_does_not_drift():
    (row,) = taken()
    assert (row["tokenizer"], row["prompt_offset"]) == ("o200k_base", 2)
    assert row["answered"] == ["gpt-5.5-2026-04-23"]
    assert len(row["system_fingerprints"]) == 1
    assert drift(taken(), [dict(row)], THEN) == []


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("plus-17", "a prompt costs +17 tokens"),
        ("cl100k", "it counts with cl100k_base, then with o200k_base"),
        ("openly-5.4", "it answers as gpt-5.4-2026-03-05, then gpt-5.5-2026-04-23"),
    ],
)
def test_another_model_is_said_with_its_day(fault, said):
    (sentence,) = drift(taken(f"authenticity.{fault}"), taken(), THEN)
    assert sentence.startswith("since 3 November gpt-5.5 is not the same model: ")
    assert said in sentence


def test_pace_counts_only_when_it_is_another_class():
    (row,) = taken()
    assert drift(taken(), [{**row, "tokens_per_s": 30.0}], THEN) == []
    assert "10.0 times as fast" in drift(taken(), [{**row, "tokens_per_s": 5.0}], THEN)[0]


@pytest.mark.parametrize("then", [None, [], [3], [{"model": "gpt-5.5"}], "x", [{"model": "gpt-5.5", "answered": [3]}]])  # fmt: skip
def test_old_reports_have_no_fingerprint(then):
    assert [s for s in drift(taken(), then, "") if "tokens" in s] == []
