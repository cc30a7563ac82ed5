"""Drift: the same model on two nights has one fingerprint; another has another, and a sentence."""

import json
from dataclasses import replace
from functools import cache

import pytest

from conformance.authenticity.drift import drift, fingerprint
from tests.direct import traffic
from wire.exchange import Chunk

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
        ("authenticity.plus-17", "+17 tokens for the same prompt"),
        ("usage.chat.doubled", "2 times the tokens for the same prompt"),
    ],
)
def test_a_wrong_count_is_called_one_and_no_other_model(fault, said):
    assert drift(taken(fault), taken(), THEN) == [
        f"since 3 November gpt-5.5 counts otherwise: {said}"
    ]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("qwen", "it counts with qwen, then with o200k_base"),
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
    assert drift(taken(), [{**row, "tokens_per_s": 5.0}], THEN) == [
        "since 3 November gpt-5.5 is served otherwise: it streams 10.0 times as fast"
    ]


def test_another_fingerprint_of_the_server_is_no_other_model():
    (row,) = taken()
    (said,) = drift(taken(), [{**row, "system_fingerprints": ["fp_1"]}], THEN)
    assert said.startswith("since 3 November gpt-5.5 is served otherwise: it has the fingerprint ")


@pytest.mark.parametrize("then", [None, [], [3], [{"model": "gpt-5.5"}], "x", [{"model": "gpt-5.5", "answered": [3]}]])  # fmt: skip
def test_old_reports_have_no_fingerprint(then):
    assert [s for s in drift(taken(), then, "") if "tokens" in s] == []


def likely(*faults, shift=0.0, model="gpt-5.5"):
    """The row of a model that was asked the fixed prompt twice; `shift` makes another of it."""
    sent, profile = traffic(faults, ["authenticity.logprobs"], models=(model,))
    exchanges = [moved(x, shift) for x in sent.all()]
    (row,) = fingerprint(exchanges, profile, None)
    return row


def moved(x, shift):
    body = x.reply.json
    for index, row in enumerate(body["choices"][0]["logprobs"]["content"]):
        row["logprob"] -= shift * (index % 3)
    data = json.dumps(body).encode()
    return replace(x, reply=replace(x.reply, chunks=(Chunk(0.0, data),)))


def test_log_probabilities_of_a_fixed_prompt():
    row = likely()
    assert row["logprobs"]["noise"] == 0
    assert len(row["logprobs"]["tokens"]) >= 3
    assert drift([row], [likely()], THEN) == []
    assert drift([row], [likely(shift=0.02)], THEN) == []
    (said,) = drift([row], [likely(shift=0.4)], THEN)
    assert "log probabilities of a fixed prompt are 0.38 off" in said
    noisy = {**row, "logprobs": {**row["logprobs"], "noise": 0.2}}
    assert drift([noisy], [likely(shift=0.4)], THEN) == []


def test_a_continuation_of_which_both_were_sure():
    def row(*words):
        return {"model": "m", "logprobs": {"tokens": [[w, -0.01] for w in words], "noise": 0.0},
                "tokenizer": "", "answered": [], "system_fingerprints": [], "prompt_offset": None,
                "tokens_per_s": None}  # fmt: skip

    assert drift([row("A", " b", " c", " d")], [row("A", " b", " c", " e")], THEN) == [
        "since 3 November m is not the same model: it continues a fixed prompt with ' d', then with ' e', each time sure"
    ]


@pytest.mark.parametrize("then", [3, {}, {"tokens": 7, "noise": 0}, {"tokens": [[1, 2], ["a"], "x"], "noise": 0.1}, {"noise": "x"}])  # fmt: skip
def test_logprobs_that_cannot_be_read_are_none(then):
    row = likely()
    assert drift([row], [{**row, "logprobs": then}], THEN) == []
