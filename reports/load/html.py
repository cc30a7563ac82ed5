"""load.html: a load run as one file that works offline."""

from typing import Any, Final

from reports.fields import number_in, object_in, objects_in
from reports.load import stages
from reports.load.charts import percentile_charts, search_charts, time_charts
from reports.load.document import METRICS, POINTS, UNJUDGED, WHOLE, Load, change, shown_ms
from reports.page import render

TRANSCRIPTS: Final = 24  # shown in full
FRAMES: Final = 40  # of a transcript
COMPARED: Final = ("ttft_ms", "ttft_scheduled_ms", "ict_ms", "tpot_ms", "e2e_ms")


def html(load: Load, before: Load | None = None) -> str:
    """The whole page."""
    return render(
        "load",
        load=load,
        lead=load.sentence[0],
        rest=load.sentence[1],
        outcomes=_outcomes(load),
        points=POINTS,
        rows=load.rows(),
        percentile_charts=percentile_charts(load, before),
        time_charts=time_charts(load),
        search_charts=search_charts(load),
        stage_charts=stages.charts(load) if stages.stages_in(load) else [],
        stage_rows=stages.rows(load),
        stage_columns=stages.COLUMNS,
        stages_said=stages.headline(load),
        trials=objects_in(object_in(load.data, "search"), "trials"),
        compared=_compared(load, before) if before is not None else [],
        before=before,
        violations=_violations(load),
        sample=object_in(load.data, "sample"),
        failures=_failures(load),
        client=object_in(load.data, "client"),
        usage=object_in(load.data, "usage"),
        goodput=object_in(load.data, "goodput"),
        ms=shown_ms,
        frames=FRAMES,
    )


def _outcomes(load: Load) -> list[tuple[str, int, str]]:
    """Class, count and tone, the whole ones first."""
    tones = dict.fromkeys(WHOLE, "pass") | dict.fromkeys(UNJUDGED, "blocked")
    return [
        (name, n, "advisory" if name in WHOLE[1:] else tones.get(name, "fail"))
        for name, n in load.outcomes.items()
        if n
    ]


def _compared(load: Load, before: Load) -> list[tuple[str, str, str, str, str]]:
    rows = []
    for name in COMPARED:
        for point in ("p50", "p99"):
            was, now = before.metric(name, point), load.metric(name, point)
            if was is not None and now is not None:
                rows.append((METRICS[name][0], point, f"{shown_ms(was)} ms", f"{shown_ms(now)} ms", change(was, now)))  # fmt: skip
    for name, title in (("completed_per_s", "Completed"), ("output_tokens_per_s", "Output tokens")):
        was, now = before.rate(name), load.rate(name)
        if was is not None and now is not None:
            rows.append((title, "per second", f"{was:,.1f}", f"{now:,.1f}", change(was, now)))
    return rows


def _violations(load: Load) -> list[tuple[str, int, list[dict[str, Any]]]]:
    kept = object_in(load.data, "transcripts")
    found = object_in(load.data, "conformance")
    return [
        (name, n, _listed(kept.get(name)))
        for name, n in sorted(found.items(), key=lambda pair: -pair[1])
    ]


def _failures(load: Load) -> list[tuple[str, int, list[dict[str, Any]]]]:
    kept = object_in(load.data, "transcripts")
    return [
        (name, n, _listed(kept.get(f"outcome:{name}")))
        for name, n in load.outcomes.items()
        if n and name not in WHOLE + UNJUDGED
    ]


def _listed(kept: Any) -> list[dict[str, Any]]:
    return [one for one in kept if isinstance(one, dict)] if isinstance(kept, list) else []


def percent(part: Any, name: str) -> str:
    value = number_in(part, name)
    return "n/a" if value is None else f"{value:.1%}"
