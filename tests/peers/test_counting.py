"""A small model stops counting by itself: only of one that counts far is it known that somebody cut it."""

import pytest

from conformance.chat_params.request import COUNT
from conformance.judging.judge import Outcome
from tests.peers.hand_made import completion, said, verdict

FAR = "Count from 1 to 80, with one space between the numbers, and write nothing else."


def numbers(last):
    return " ".join(str(number) for number in range(1, last + 1))


def chat(text, finish="stop"):
    message = {"role": "assistant", "content": text, "refusal": None}
    return completion(choices=[{"index": 0, "message": message, "finish_reason": finish}])


def streamed(text):
    part = {"type": "output_text", "text": text, "annotations": []}
    item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [part]}  # fmt: skip
    body = {"id": "resp_1", "object": "response", "status": "completed", "output": [item]}
    return [{"type": "response.completed", "sequence_number": 0, "response": body}]


def counted_to(last):
    body = {"messages": [{"role": "user", "content": FAR}]}
    return said("chat.paced", body, chat(numbers(last)))


def response(last):
    body = {"input": COUNT, "stream": True}
    return said("responses_params.uncut", body, streamed(numbers(last)), path="/responses")


def completed(last, finish="stop"):
    body = {"messages": [{"role": "user", "content": COUNT}]}
    return said("chat.uncut", body, chat(numbers(last), finish))


@pytest.mark.parametrize(
    ("row", "cut", "whole"),
    [
        ("responses.answer.uncut", response(128), response(200)),
        ("chat.answer.uncut", completed(128), completed(200)),
    ],
)
def test_who_counts_far_was_cut_and_who_does_not_stopped(row, cut, whole):
    assert verdict(row, cut, counted_to(80)).outcome is Outcome.FAIL
    assert verdict(row, cut, counted_to(20)).outcome is Outcome.INCONCLUSIVE
    assert verdict(row, cut).outcome is Outcome.INCONCLUSIVE
    assert verdict(row, whole).outcome is Outcome.PASS


def test_a_count_that_its_own_limit_cut_says_nothing_of_the_model():
    body = {"messages": [{"role": "user", "content": FAR}], "max_completion_tokens": 16}
    short = said("chat.paced", body, chat(numbers(8), "length"))
    assert verdict("chat.answer.uncut", completed(128), short).outcome is Outcome.INCONCLUSIVE
    assert verdict("chat.answer.uncut", completed(128), short, counted_to(80)).outcome is Outcome.FAIL  # fmt: skip


def test_the_word_length_needs_no_model_that_counts():
    assert verdict("chat.answer.uncut", completed(20, "length")).outcome is Outcome.FAIL
