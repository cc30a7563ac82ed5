"""The comparison with an earlier run as its pages show it: rows with direction and interval, and what differs."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from reports.fields import list_in, number_in, object_in, objects_in, text_in
from reports.load.document import METRICS, Load, shown_ms

NAMES = {
    "completed_per_s": "Completed", "output_tokens_per_s": "Output tokens", "chunks_per_s": "Chunks", "error_share": "Error rate",
    "goodput": "Goodput", "ntpot_ms": "Whole request by its tokens", "e2e_scheduled_ms": "Whole request from the planned arrival",
}  # fmt: skip
SHARES = ("error_share", "goodput")


class Row(NamedTuple):
    title: str
    point: str
    before: str
    now: str
    change: str
    interval: str
    tone: str  # better, worse, or empty where chance may be all there is


def rows(load: Load) -> list[Row]:
    return [_row(one) for one in objects_in(object_in(load.data, "comparison"), "rows")]


def warnings(load: Load) -> Iterator[str]:
    """What the two runs do not have in common."""
    comparison = object_in(load.data, "comparison")
    if not comparison:
        return
    before = object_in(comparison, "before")
    if text_in(before, "stamp") != "VALID":
        yield "the earlier run is INVALID"
    yield from (str(one) for one in list_in(comparison, "differs"))


def _row(one: dict[str, Any]) -> Row:
    name = text_in(one, "name")
    title = METRICS[name][0] if name in METRICS else NAMES.get(name, name)
    was, now = number_in(one, "before"), number_in(one, "now")
    low, high, change = (number_in(one, end) for end in ("low", "high", "change"))
    share = name in SHARES
    unit = " points" if share else " %"
    interval = "too few samples" if low is None or high is None else f"{100 * low:+.1f} to {100 * high:+.1f}{unit}"  # fmt: skip
    tone = text_in(one, "worse")
    return Row(
        title,
        text_in(one, "point"),
        _shown(was, name, share=share),
        _shown(now, name, share=share),
        "n/a" if change is None else f"{100 * change:+.1f}{unit}",
        interval,
        tone if tone in {"better", "worse"} else "",
    )


def _shown(value: float | None, name: str, *, share: bool) -> str:
    if value is None:
        return "n/a"
    if share:
        return f"{value:.2%}"
    return f"{shown_ms(value)} ms" if name.endswith("_ms") else f"{value:,.1f}"
