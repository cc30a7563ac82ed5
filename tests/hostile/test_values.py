"""No value that a server gives can break what is made of it; many of them: `python -m tests.hostile.values`."""

import pytest

from conformance.running.probe import Impossible, in_path
from tests.hostile.values import FEW, VALUES, check, tried


def test_a_few_lies_break_nothing():
    tried(2, derandomize=True, names=FEW)()


def test_ids_that_no_path_can_hold_are_not_put_in_one():
    lies = dict.fromkeys(("id", "call_id", "item_id"), "../�\x00\r\n?x#%")
    check(lies, FEW)
    assert in_path("resp_1-a:b=") == "resp_1-a:b="
    assert in_path("../x?#") == "..%2Fx%3F%23"
    assert in_path("\ud800\0\r\n") == "%ED%A0%80%00%0D%0A"
    for value in (None, 5, [], "", "..", "y" * 100_000):
        with pytest.raises(Impossible):
            in_path(value)


def test_counts_beyond_all_counting_break_no_rule():
    huge = next(value for value in VALUES if isinstance(value, int) and value > 2**64)
    check(
        dict.fromkeys(
            ("prompt_tokens", "completion_tokens", "total_tokens", "input_tokens", "created"), huge
        ),
        FEW,
    )
