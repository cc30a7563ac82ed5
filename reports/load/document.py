"""A load document, read for its pages: rows, sentences and comparisons, in the words of the report."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from reports.fields import UnreadableError, list_in, number_in, object_in, objects_in, text_in

POINTS: Final = ("mean", "p50", "p90", "p95", "p99", "p999", "max")
METRICS: Final = {
    "ttft_ms": ("Time to first token", "send to first content, reasoning included"),
    "ttft_scheduled_ms": (
        "First token from the planned arrival",
        "what a user waits, also while the client or a queue does",
    ),
    "ttfot_ms": ("Time to first visible token", "after reasoning"),
    "ict_ms": ("Inter-chunk time", "between two events with content; not per token"),
    "tpot_ms": (
        "Time per output token",
        "last - first content, by the tokens that came after the first content",
    ),
    "stall_max_ms": ("Longest stall", "of each stream"),
    "done_lag_ms": ("Tail", "last content to the end of the message"),
    "e2e_ms": ("Whole request", "send to end"),
    "headers_ms": ("Headers", "send to status and headers"),
    "first_event_ms": ("First event", "of any kind"),
    "connect_ms": ("Connect", "new connections only"),
    "dispatch_delay_ms": ("Dispatch delay", "planned arrival to send"),
    "loop_lag_ms": ("Loop lag", "of the client"),
    "kernel_lag_ms": ("Kernel to client", "received bytes waiting to be read"),
    "retry_after_ms": ("Retry-After", "that refusals asked for"),
    "time_to_failure_ms": ("Time to failure", "of failed requests"),
}
WHOLE: Final = (
    "ok",
    "incomplete_length",
    "without_done",
    "length_early",
    "content_filter",
    "stopped",
)
UNJUDGED: Final = ("client_saturated", "client_error", "cut_by_end")


@dataclass(frozen=True)
class Load:
    """The document itself, and what its pages ask of it."""

    data: Mapping[str, Any]
    outcomes: Mapping[str, int] = field(default_factory=dict)

    @property
    def valid(self) -> bool:
        return text_in(object_in(self.data, "validity"), "stamp") == "VALID"

    @property
    def reasons(self) -> list[str]:
        return [str(one) for one in list_in(object_in(self.data, "validity"), "reasons")]

    @property
    def base_url(self) -> str:
        return text_in(object_in(self.data, "target"), "base_url")

    @property
    def model(self) -> str:
        return text_in(object_in(self.data, "target"), "model")

    @property
    def happened(self) -> int:
        return sum(self.outcomes.values())

    @property
    def failed(self) -> int:
        return sum(n for name, n in self.outcomes.items() if name not in WHOLE + UNJUDGED)

    def metric(self, name: str, point: str) -> float | None:
        return number_in(object_in(object_in(self.data, "metrics"), name), point)

    def rate(self, name: str) -> float | None:
        return number_in(object_in(self.data, "rates"), name)

    @property
    def spent_usd(self) -> float:
        """By all runs: the trials of a search, the stages of a sweep."""
        of_one = number_in(object_in(self.data, "usage"), "usd") or 0.0
        return max(number_in(self.data, "spent_usd") or 0.0, of_one)

    @property
    def gates(self) -> list[dict[str, Any]]:
        return objects_in(self.data, "gates")

    @property
    def plan(self) -> str:
        """`chat-stream, poisson, 20/s for 30 s`."""
        arrivals = object_in(self.data, "arrivals")
        scenario = text_in(object_in(self.data, "scenario"), "name")
        stages = object_in(self.data, "stages")
        if text_in(stages, "by") in {"rate", "concurrency"}:
            shown = ", ".join(text_in(one, "label") for one in objects_in(stages, "stages"))
            return (
                f"{scenario}, a sweep: {shown}, {number_in(arrivals, 'duration_s') or 0:g} s each"
            )
        if text_in(arrivals, "kind") == "closed":
            return f"{scenario}, {number_in(arrivals, 'concurrency'):g} at a time for {number_in(arrivals, 'duration_s'):g} s"
        return f"{scenario}, {text_in(arrivals, 'kind')}, {number_in(arrivals, 'rate') or 0:g}/s for {number_in(arrivals, 'duration_s') or 0:g} s"

    @property
    def sentence(self) -> tuple[str, str]:
        """The verdict: whether to believe it, then what was found."""
        lead = "VALID." if self.valid else "INVALID."
        if not self.happened:
            return lead, "Nothing was sent."
        parts = []
        said = text_in(object_in(self.data, "stages"), "sentence")
        if said:
            parts.append(f"{said[:1].upper()}{said[1:]}.")
            shown = text_in(object_in(self.data, "stages"), "shown")
            parts += [f"At {shown}:"] if shown else []
        search = object_in(self.data, "search")
        if search:
            best = number_in(search, "best_rate")
            sentence = text_in(search, "sentence")
            parts.append(f"{sentence[:1].upper()}{sentence[1:]}." if sentence else f"{best or 0:.4g}/s is the highest rate that meets the targets.")  # fmt: skip
            parts.append("The trial at that rate:" if best else "The last trial:")
        if self.failed:
            parts.append(f"{self.failed:,} of {self.happened:,} requests failed.")
        elif sum(self.outcomes.get(name, 0) for name in WHOLE) == self.happened:
            parts.append(f"All {self.happened:,} requests came back whole.")
        p50, p99 = self.metric("ttft_ms", "p50"), self.metric("ttft_ms", "p99")
        if p50 is not None:
            high = f", {p99:,.0f} ms at p99" if p99 is not None else ""
            parts.append(f"First token after {p50:,.0f} ms (median){high}.")
        rates = object_in(self.data, "rates")
        if rates.get("saturated"):
            parts.append(f"The server falls behind: it completes {self.rate('completed_per_s') or 0:,.1f}/s of {self.rate('offered_per_s') or 0:,.1f}/s.")  # fmt: skip
        streaming = object_in(self.data, "streaming")
        if number_in(streaming, "at_once"):
            parts.append(f"{number_in(streaming, 'at_once'):,.0f} of {number_in(streaming, 'streams') or 0:,.0f} streams came all at once.")  # fmt: skip
        if rates and self.rate("output_tokens_per_s") is None:
            parts.append("No usage was sent and no tokenizer is known for the model: tokens are not known.")  # fmt: skip
        broken = [gate for gate in self.gates if not gate.get("passed")]
        if broken:
            parts.append(f"{len(broken)} of {len(self.gates)} gates failed.")
        return lead, " ".join(parts)

    def rows(self) -> list[tuple[str, str, str, list[float | None], int]]:
        """Name, title, meaning, points and count of each metric that was measured."""
        found = []
        for name, (title, meaning) in METRICS.items():
            count = self.metric(name, "count")
            if count:
                points = [self.metric(name, point) for point in POINTS]
                found.append((name, title, meaning, points, int(count)))
        return found


def read_load(path: Path) -> Load:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnreadableError(f"{path}: {error}") from error
    return parse_load(data)


def parse_load(data: Any) -> Load:
    if not isinstance(data, dict) or data.get("schema_version") != 1 or "outcomes" not in data:
        raise UnreadableError("not a load document of version 1")
    outcomes = {
        str(name): n
        for name, n in object_in(data, "outcomes").items()
        if isinstance(n, int) and not isinstance(n, bool)
    }
    return Load(data, outcomes)


def shown_ms(value: float | None) -> str:
    """`n/a`, `0.123`, `12.3`, `1,234`: three digits that count."""
    if value is None:
        return "n/a"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def tokens_shown(load: Load) -> str:
    """`1,234 output tokens/s`; chunks by their own name where tokens are not known."""
    rate = load.rate("output_tokens_per_s")
    if rate is None:
        return f"{load.rate('chunks_per_s') or 0:,.0f} chunks/s"
    return f"{rate:,.0f} output tokens/s"
