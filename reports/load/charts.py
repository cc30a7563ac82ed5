"""The charts of a load report, from the document's curves and series."""

from collections.abc import Sequence
from typing import Any, Final

from markupsafe import Markup

from reports.charts import Words, bars, line, percentiles
from reports.fields import list_in, number_in, object_in, objects_in, text_in
from reports.load.document import Load

COLUMNS: Final = 60  # of a stacked chart


def percentile_charts(load: Load, before: Load | None) -> list[Markup]:
    """Latency by percentile: the streaming metrics, each with the earlier run beside it."""
    limits = object_in(object_in(load.data, "goodput"), "slo")
    asked = (
        ("ttft_scheduled_ms", "Time to first token, from the planned arrival", number_in(limits, "ttft_ms")),
        ("tpot_ms", "Time per output token", number_in(limits, "tpot_ms")),
        ("ict_ms", "Inter-chunk time", None),
        ("e2e_ms", "Whole request", None),
    )  # fmt: skip
    found = []
    for name, title, limit in asked:
        series = {"this run": _curve(load, name)}
        if before is not None and _curve(before, name):
            series["before"] = _curve(before, name)
        if not series["this run"]:
            continue
        words = Words(title, "percentile", "ms", limit, "target" if limit else "", read=True)
        found.append(percentiles(series, words))
    return found


def time_charts(load: Load) -> list[Markup]:
    """What happened over the seconds of the run."""
    series = object_in(load.data, "series")
    at = [float(one) for one in list_in(series, "at_s")]
    if not at:
        return []
    width = number_in(series, "bin_s") or 1

    def points(name: str, share: float = 1.0) -> list[tuple[float, float | None]]:
        values = list_in(series, name)
        return [(x, None if y is None else y / share) for x, y in zip(at, values, strict=False)]

    flying = [(float(x), float(n)) for x, n in list_in(series, "in_flight")]
    # The highest of few samples is no p99, so it is not drawn as one.
    high = "p99" if any(list_in(series, "ttft_p99_ms")) else "max"
    charts = [
        line(
            {"p50": points("ttft_p50_ms"), high: points(f"ttft_{high}_ms")},
            Words(
                "Time to first token", "seconds from the start, by planned arrival", "ms", read=True
            ),
        ),
        line(
            {"arrivals": points("arrivals", width), "completed": points("completed", width)},
            Words("Requests", "seconds from the start", "per second", read=True),
        ),
    ]
    if any(list_in(series, "tokens")):
        charts.append(line({"tokens": points("tokens", width)}, Words("Output tokens", "seconds from the start", "per second", read=True), area=True))  # fmt: skip
    if flying:
        charts.append(line({"in flight": flying}, Words("In flight", "seconds from the start", "requests", read=True), area=True))  # fmt: skip
    if any(list_in(series, "tpot_p50_ms")):
        words = Words(
            "Time per output token", "seconds from the start, by planned arrival", "ms", read=True
        )
        charts.insert(1, line({"p50": points("tpot_p50_ms")}, words))
    if any(list_in(series, "failed")):
        charts.append(_ends(series, at))
    return charts


def server_charts(load: Load) -> list[Markup]:
    """What the server said of itself, on the time axis of the run."""
    charts = []
    for one in objects_in(load.data, "server"):
        at = [float(x) for x in list_in(one, "at_s")]
        if not at:
            continue
        lines = {
            name: list(zip(at, list_in(one, name), strict=False))
            for name in ("running", "waiting")
            if list_in(one, name)
        }
        url = text_in(one, "url")
        if lines:
            charts.append(
                line(lines, Words(f"Requests by {url}", "seconds from the start", "", read=True))
            )
        use = list_in(one, "kv_use")
        if use:
            percent = [(x, None if y is None else 100 * y) for x, y in zip(at, use, strict=False)]
            charts.append(
                line(
                    {"KV cache": percent},
                    Words("KV cache in use", "seconds from the start", "%", read=True),
                    area=True,
                )
            )
    return charts


def length_charts(load: Load) -> list[Markup]:
    """Lengths of prompts and answers by percentile."""
    lengths = object_in(load.data, "token_lengths")
    curves = {
        name: [(float(p), float(n)) for p, n in list_in(object_in(lengths, key), "curve") if n > 0]
        for key, name in (("input", "prompts"), ("output", "answers"))
    }
    curves = {name: curve for name, curve in curves.items() if len(curve) > 1}
    return (
        [percentiles(curves, Words("Lengths", "percentile", "tokens", read=True))] if curves else []
    )


def search_charts(load: Load) -> list[Markup]:
    """Goodput and latency against the offered rate."""
    trials = objects_in(object_in(load.data, "search"), "trials")
    if not trials:
        return []
    # What was offered is random around what was asked for: lines run along what was offered.
    trials = sorted(trials, key=lambda one: float(one["offered_per_s"]))

    def points(name: str) -> list[tuple[float, float | None]]:
        return [(float(one["offered_per_s"]), one.get(name)) for one in trials]

    limit = number_in(object_in(object_in(load.data, "goodput"), "slo"), "ttft_ms")
    return [
        line(
            {"goodput": points("goodput_per_s"), "completed": points("completed_per_s")},
            Words("Goodput against rate", "offered requests per second", "per second", read=True),
        ),
        line(
            {"p50": points("ttft_p50_ms"), "p99": points("ttft_p99_ms")},
            Words("Time to first token against rate", "offered requests per second", "ms, from the planned arrival", limit, "target" if limit else "", read=True),
            log=True,
        ),
    ]  # fmt: skip


def _ends(series: dict[str, Any], at: Sequence[float]) -> Markup:
    """How requests ended over time, failures by class; neighbouring bins are put together where there are many."""
    classes = object_in(series, "failed_by_class")
    lines = {"whole": list_in(series, "completed")}
    lines |= {str(name): list_in(classes, name) for name in classes} or {
        "failed": list_in(series, "failed")
    }
    group = -(-len(at) // COLUMNS)
    stacks = {
        f"{at[start]:g}": {
            name: float(sum(values[start : start + group])) for name, values in lines.items()
        }
        for start in range(0, len(at), group)
    }
    return bars(
        stacks, Words("How requests ended", "seconds from the start", "requests", read=True)
    )


def _curve(load: Load, name: str) -> list[tuple[float, float]]:
    return [(float(p), float(ms)) for p, ms in list_in(object_in(load.data, "curves"), name)]
