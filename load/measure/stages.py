"""What the stages of a run say together: which are worth having, and where the knee is."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

FEWEST: Final = 3  # stages, of which a knee can be told

Stage = Mapping[str, Any]


def throughput(stage: Stage) -> float:
    """Output tokens a second; completed requests where tokens are not known."""
    rates = stage["rates"]
    tokens = rates["output_tokens_per_s"]
    return float(tokens or rates["completed_per_s"])


def latency_ms(stage: Stage) -> float | None:
    """What a user waits for the whole of it, queue included: the median."""
    value = stage["metrics"].get("e2e_scheduled_ms", {}).get("p50")
    value = stage["metrics"]["e2e_ms"]["p50"] if value is None else value
    return None if value is None else float(value)


def pareto(stages: Sequence[Stage]) -> list[str]:
    """Labels of the stages that no other beats in throughput and latency at once, by throughput."""
    points = [
        (throughput(one), latency, one["label"])
        for one in stages
        if (latency := latency_ms(one)) is not None and throughput(one) > 0
    ]
    front = [
        (speed, label)
        for speed, latency, label in points
        if not any(
            other >= speed and ms <= latency and (other > speed or ms < latency)
            for other, ms, _ in points
        )
    ]
    return [label for _, label in sorted(front)]


def knee(stages: Sequence[Stage]) -> str | None:
    """The stage of the greatest power, throughput by latency (Kleinrock 1979); None where it is still to come.

    Beyond it latency grows faster than throughput does. Of stages that can be believed.
    """
    power = {
        one["label"]: throughput(one) / latency
        for one in _believed(stages)
        if (latency := latency_ms(one))
    }
    if len(power) < FEWEST:
        return None
    best = max(power, key=power.__getitem__)
    return best if best != list(power)[-1] else None


def sentence(stages: Sequence[Stage]) -> str:
    """Where the server begins to fall behind, and the knee."""
    behind = [one["label"] for one in stages if one["rates"]["saturated"]]
    said = [f"the server falls behind from {behind[0]} on"] if behind else []
    bend, believed = knee(stages), len(_believed(stages))
    if bend:
        said.append(f"the knee is at {bend}: beyond it latency grows faster than throughput")
    elif believed < FEWEST:
        said.append(f"{believed} of {len(stages)} stages can be believed: too few to tell a knee")
    elif not behind:
        said.append("no knee was seen: the server may take more")
    return "; ".join(said)


def _believed(stages: Sequence[Stage]) -> list[Stage]:
    return [one for one in stages if one["validity"]["stamp"] == "VALID"]
