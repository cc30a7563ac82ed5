"""Usage of both endpoints in one shape."""

import pytest

from wire.usage import Usage


@pytest.mark.parametrize(
    ("json", "want"),
    [
        (None, None),
        ("x", None),
        ({}, Usage()),
        (
            {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13, "prompt_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 1}, "completion_tokens_details": {"reasoning_tokens": 2}},
            Usage(9, 4, 13, 8, 1, 2),
        ),
        (
            {"input_tokens": 9, "output_tokens": 4, "total_tokens": 13, "input_tokens_details": {"cached_tokens": 8}, "output_tokens_details": {"reasoning_tokens": 2}},
            Usage(9, 4, 13, 8, None, 2),
        ),
        ({"prompt_tokens": "9", "completion_tokens": True, "total_tokens": 1.5, "prompt_tokens_details": [1]}, Usage()),
        ({"prompt_tokens": None, "input_tokens": 3}, Usage(3)),
    ],
)  # fmt: skip
def test_usage(json: object, want: Usage | None) -> None:
    assert Usage.of(json) == want
