"""Whether a usage adds up, whichever endpoint it comes from."""

from typing import Any, Final

from wire.usage import Usage

_COUNTS: Final = (
    ("prompt_tokens", "completion_tokens", "total_tokens"),
    ("input_tokens", "output_tokens", "total_tokens"),
)


MOST_TOKENS: Final = 10**9  # of one answer: more is no count


def believable(usage: Usage | None) -> Usage | None:
    """The usage where every count in it can be one, else None: sums must not be made of anything else."""
    if usage is None:
        return None
    for count in (
        usage.prompt_tokens, usage.completion_tokens, usage.total_tokens,
        usage.cached_tokens, usage.reasoning_tokens,
    ):  # fmt: skip
        if count is not None and not 0 <= count <= MOST_TOKENS:
            return None
    return usage


def usage_violations(usage: dict[str, Any], shape: str) -> dict[str, str]:
    """The three counts are there, and the total is the sum."""
    first, second, third = _COUNTS[0] if "prompt_tokens" in usage else _COUNTS[1]
    prompt, completion, total = usage.get(first), usage.get(second), usage.get(third)
    if type(prompt) is not int or type(completion) is not int or type(total) is not int:
        return {shape: "usage without its three counts"}
    if min(prompt, completion, total) < 0 or max(prompt, completion, total) > MOST_TOKENS:
        return {shape: "usage with counts that no answer can have"}
    if total != prompt + completion:
        return {
            f"usage.sum.{shape.partition('.')[0]}": f"total {total}, the sum is {prompt + completion}"
        }
    return {}
