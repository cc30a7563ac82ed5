"""Whether a usage adds up, whichever endpoint it comes from."""

from typing import Any, Final

_COUNTS: Final = (
    ("prompt_tokens", "completion_tokens", "total_tokens"),
    ("input_tokens", "output_tokens", "total_tokens"),
)


def usage_violations(usage: dict[str, Any], shape: str) -> dict[str, str]:
    """The three counts are there, and the total is the sum."""
    names = _COUNTS[0] if "prompt_tokens" in usage else _COUNTS[1]
    prompt, completion, total = (usage.get(name) for name in names)
    if type(prompt) is not int or type(completion) is not int or type(total) is not int:
        return {shape: "usage without its three counts"}
    if total != prompt + completion:
        return {
            f"usage.sum.{shape.partition('.')[0]}": f"total {total}, the sum is {prompt + completion}"
        }
    return {}
