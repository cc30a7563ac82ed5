"""What an effort is worth: the reasoning tokens that show whether it reached the model as it was asked."""

from collections.abc import Mapping
from typing import Final

from conformance.judging.finding import Finding, Findings

SHARES: Final[Mapping[str, int]] = {"low": 16, "medium": 32, "high": 64, "xhigh": 128}
"""Reasoning tokens of the reference gateway by effort. Real models think as long as they need."""


def lowered(where: str, effort: str, told: object, limit: object) -> Findings:
    """A finding where fewer tokens were thought than the effort is worth, or its limit has room for."""
    wanted = min(SHARES[effort], limit if type(limit) is int and limit > 0 else SHARES[effort])
    if type(told) is int and told < wanted:
        likely = [name for name, share in SHARES.items() if share <= told]
        as_if = f", as with effort {likely[-1]}" if likely else ""
        yield Finding(where, f"{wanted} with effort {effort}", f"{told}{as_if}")
