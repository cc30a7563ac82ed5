"""load.html: a load run as one file that works offline."""

from typing import Any, Final

from reports.fields import number_in, object_in, objects_in
from reports.load import comparison, facts, stages
from reports.load.charts import (
    length_charts,
    percentile_charts,
    search_charts,
    server_charts,
    time_charts,
)
from reports.load.document import POINTS, UNJUDGED, WHOLE, Load, shown_ms
from reports.page import render

TRANSCRIPTS: Final = 24  # shown in full
FRAMES: Final = 40  # of a transcript


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
        server_charts=server_charts(load),
        server=objects_in(load.data, "server"),
        length_charts=length_charts(load),
        lengths=facts.lengths(load),
        compared=comparison.rows(load),
        differs=list(comparison.warnings(load)),
        window=facts.window(load),
        configuration=facts.configuration(load),
        host=facts.host(load),
        claims=facts.claims(load),
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
