"""What a message of a finding must not be: empty, or in the words of our own code."""

import re

from conformance.judging.finding import Finding

# What Python prints of its own values, and symbols of our tables.
_OURS = re.compile(
    r"<[\w. ]+ (object|at 0x)|\bInvalid\b(?! value|'| type| URL| API)|\bUsage\(|\bNone\b|\bDecimal\(|\bExchange\("
    r"|\bfinding\b|\(0, \d+\)|no such key"
)
_SYMBOLS = re.compile(r"^(?:\w+ or ){2,}\w+$")
_KNOWN = re.compile(r"^(?:\d{3}( or |, )?)+$")


def wrong_words(finding: Finding) -> str:
    """What is wrong with the words of a finding, or nothing."""
    for name in ("where", "expected", "found"):
        text = getattr(finding, name)
        if not isinstance(text, str) or not text.strip():
            return f"{name} is empty"
    for name in ("where", "expected"):
        text = getattr(finding, name)
        if hit := _OURS.search(text):
            return f"{name} says {hit.group()!r}: {text[:120]}"
    if finding.found.startswith(("None", "Invalid", "<", "Usage(")):
        return f"found says {finding.found[:120]}"
    if len(finding.message) > 1200:
        return f"{len(finding.message)} characters long"
    return ""
