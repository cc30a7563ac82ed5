"""The stages of a load run on its pages: throughput against latency, the Pareto front, a row each."""

from collections.abc import Mapping
from typing import Any, Final

from markupsafe import Markup

from reports.charts import Point, Words, line
from reports.fields import list_in, number_in, object_in, objects_in, text_in
from reports.load.document import Load, shown_ms

SECOND_MS: Final = 1000.0


def stages_in(load: Load) -> list[dict[str, Any]]:
    return objects_in(object_in(load.data, "stages"), "stages")


def headline(load: Load) -> str:
    """What the stages say together, and whose figures the page has."""
    said = object_in(load.data, "stages")
    front = ", ".join(str(one) for one in list_in(said, "pareto"))
    parts = [text_in(said, "sentence"), f"Pareto front: {front}" if front else ""]
    shown = text_in(said, "shown")
    parts.append(f"the figures below are of the stage at {shown}" if shown else "")
    return "; ".join(part for part in parts if part)


def charts(load: Load) -> list[Markup]:
    """Throughput against latency, and speed for each against speed for all."""
    stages = stages_in(load)
    front = {str(one) for one in list_in(object_in(load.data, "stages"), "pareto")}
    tokens = all(rate(one, "output_tokens_per_s") for one in stages)
    name, unit = ("output_tokens_per_s", "output tokens") if tokens else ("completed_per_s", "completed requests")  # fmt: skip

    def points(metric: str, point: str) -> list[Point]:
        return [(rate(one, name) or 0.0, ms(one, metric, point)) for one in stages]

    found = [
        line(
            {"p50": points("ttft_scheduled_ms", "p50"), "p99": points("ttft_scheduled_ms", "p99")},
            Words("Throughput against latency", f"{unit} per second", "ms to the first token, from the planned arrival", read=True),
            log=True, marked=True,
        ),
        line(
            {"whole request, p50": points("e2e_scheduled_ms", "p50")},
            Words("Throughput against the whole request", f"{unit} per second", "ms", read=True),
            log=True, marked=True,
        ),
    ]  # fmt: skip
    if tokens:
        speeds = [(one, speed) for one in stages if (speed := user_speed(one)) is not None]
        all_of = [(speed, rate(one, name)) for one, speed in speeds]
        best = sorted(
            (speed, rate(one, name)) for one, speed in speeds if text_in(one, "label") in front
        )
        if all_of:
            words = Words(
                "Speed for each against speed for all",
                "tokens per second of one user",
                "tokens per second",
                read=True,
            )
            found.append(line({"stages": all_of, "Pareto front": best}, words, marked=True))
    return found


def rows(load: Load) -> list[tuple[str, bool, str, list[str], str]]:
    """Label, whether it is believed, its window, its figures, and what is to be said of it."""
    found = []
    for one in stages_in(load):
        window = object_in(object_in(one, "rates"), "window")
        attainment = number_in(object_in(one, "goodput"), "attainment")
        slo = object_in(object_in(one, "goodput"), "slo")
        targets = number_in(slo, "ttft_ms") or number_in(slo, "tpot_ms")
        errors = rate(one, "error_share")
        speed = user_speed(one)
        figures = [
            f"{rate(one, 'offered_per_s') or 0:.4g}",
            f"{rate(one, 'completed_per_s') or 0:.4g}",
            _whole(rate(one, "output_tokens_per_s")),
            _whole(speed),
            *(shown_ms(ms(one, metric, point)) for metric, point in (
                ("ttft_ms", "p50"), ("ttft_ms", "p99"), ("tpot_ms", "p50"), ("e2e_ms", "p50"),
            )),
            "n/a" if errors is None else f"{errors:.1%}",
            f"{attainment:.1%}" if attainment is not None and targets else "n/a",
        ]  # fmt: skip
        reasons = [str(why) for why in list_in(object_in(one, "validity"), "reasons")]
        broken = [str(gate.get("gate")) for gate in objects_in(one, "gates") if not gate.get("passed")]  # fmt: skip
        said = ["falls behind"] if object_in(one, "rates").get("saturated") else []
        said += [f"gate {name} failed" for name in broken] + reasons
        span = f"{number_in(window, 'from_s') or 0:g} s to {number_in(window, 'to_s') or 0:g} s"
        found.append((text_in(one, "label"), not reasons, span, figures, "; ".join(said)))
    return found


COLUMNS: Final = (
    "offered/s", "completed/s", "tokens/s", "tokens/s a user", "TTFT p50 ms", "TTFT p99 ms", "TPOT p50 ms",
    "whole p50 ms", "errors", "good",
)  # fmt: skip


def rate(stage: Mapping[str, Any], name: str) -> float | None:
    return number_in(object_in(stage, "rates"), name)


def ms(stage: Mapping[str, Any], metric: str, point: str) -> float | None:
    return number_in(object_in(object_in(stage, "metrics"), metric), point)


def user_speed(stage: Mapping[str, Any]) -> float | None:
    """Tokens a second that one user sees, once the first is there: the median."""
    tpot = ms(stage, "tpot_ms", "p50")
    return SECOND_MS / tpot if tpot else None


def _whole(value: float | None) -> str:
    return "n/a" if value is None else f"{value:,.0f}"
