"""Where two values part, in few words."""

from typing import Any

from conformance.judging.finding import apart, show

_BEFORE = 12
_AFTER = 28
_SHORT = 60
_LONG = 160
_WHOLE = 100_000


def differ(expected: str, found: str) -> tuple[str, str]:
    """Both texts from shortly before the first place where they differ."""
    same = next((n for n, (a, b) in enumerate(zip(expected, found, strict=False)) if a != b), None)
    at = min(len(expected), len(found)) if same is None else same
    return _shown(expected, at), _shown(found, at)


def told(expected: Any, found: Any) -> tuple[str, str]:
    """Any two values for a finding: texts by their difference, others whole."""
    if isinstance(expected, str) and isinstance(found, str):
        return differ(expected, found)
    one, two = show(expected, _WHOLE), show(found, _WHOLE)
    if max(len(one), len(two)) <= _SHORT:
        return one, two
    one, two = (
        text if len(text) <= _LONG else f"{text[:_LONG]}…" for text in apart(one, two, _AFTER)
    )
    return one, two


def _shown(text: str, at: int) -> str:
    start = max(0, at - _BEFORE)
    piece = text[start : at + _AFTER]
    # Lone surrogates cannot be written to a report.
    plain = piece.encode("utf-8", "backslashreplace").decode()
    dots = "…" if start else ""
    rest = "…" if at + _AFTER < len(text) else ""
    return f"{dots}{plain!r}{rest} (of {len(text)} characters)"
