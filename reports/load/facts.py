"""What a load run was made with, for its pages: windows, configuration, versions, the host, the lengths."""

from collections.abc import Mapping
from typing import Any, Final

from reports.fields import number_in, object_in, shown, text_in
from reports.load.document import Load

# Of all options these say most; the rest stands folded.
GROUPS: Final = {
    "Sent": ("scenario", "mix", "model", "max_tokens", "prompts", "header", "extra_body", "requests", "stop_after", "insecure", "cacert",
             "input_tokens", "output_tokens", "spread", "shared_prefix", "turns", "think"),
    "When": ("arrivals", "rate", "rates", "concurrencies", "duration", "warm_up", "drain", "concurrency", "seed", "shape", "start_rate",
             "spike_factor", "trace", "trace_stretch", "max_in_flight"),
    "Good enough": ("ttft_slo", "tpot_slo", "slo_share", "trial", "gate", "max_cost"),
    "Waited for": ("connect_timeout", "first_token_timeout", "idle_timeout", "total_timeout"),
}  # fmt: skip
REST: Final = "Reports and gateway"


def window(load: Load) -> str:
    """`5 s to 60 s`: the steady window of every figure that no other one is named at."""
    span = object_in(object_in(load.data, "rates"), "window")
    first, last = number_in(span, "from_s"), number_in(span, "to_s")
    return "" if first is None or last is None else f"{first:g} s to {last:g} s"


def configuration(load: Load) -> list[tuple[str, list[tuple[str, str]]]]:
    """Every option with its value, by groups."""
    options = object_in(load.data, "configuration")
    if not options:
        return []
    known = {name for names in GROUPS.values() for name in names}
    groups = {**GROUPS, REST: tuple(name for name in options if name not in known)}
    return [
        (title, [(f"--{name.replace('_', '-')}", value_of(options[name])) for name in names if name in options])
        for title, names in groups.items()
    ]  # fmt: skip


def value_of(value: Any) -> str:
    if value is None or value in ("", []):
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(shown(one) for one in value)
    return f"{value:g}" if isinstance(value, float) else shown(value)


def host(load: Load) -> list[tuple[str, str]]:
    """The machine, and the versions of what ran on it."""
    facts = object_in(load.data, "host")
    found = [(name.replace("_", " "), value_of(value)) for name, value in facts.items()]
    versions: Mapping[str, Any] = object_in(load.data, "versions")
    return found + [(str(name), value_of(value)) for name, value in versions.items()]


def lengths(load: Load) -> list[tuple[str, int, list[float | None]]]:
    """Of input and output in tokens: name, count, points."""
    found = []
    for name in ("input", "output"):
        one = object_in(object_in(load.data, "token_lengths"), name)
        count = number_in(one, "count")
        if count:
            points = ("mean", "p50", "p90", "p95", "p99", "p999", "max")
            found.append((name, int(count), [number_in(one, point) for point in points]))
    return found


def claims(load: Load) -> str:
    """`claimed 1,400, counted 1,400 (o200k_base), difference +0`; empty where nothing was compared."""
    one = object_in(load.data, "claims")
    if not number_in(one, "answers"):
        return ""
    counted = one.get("counted")
    words = " to ".join(f"{n:,}" for n in (counted if isinstance(counted, list) else [counted]) if isinstance(n, int))  # fmt: skip
    off = [
        f"{number_in(one, key) or 0:,.0f} claim {word} than their text can have cost"
        for key, word in (("answers_above", "more"), ("answers_below", "less"))
        if number_in(one, key)
    ]
    said = (
        f"{number_in(one, 'answers'):,.0f} answers claim {number_in(one, 'claimed') or 0:,.0f} tokens, counted {words} "
        f"({text_in(one, 'vocabulary')}), difference {number_in(one, 'difference') or 0:+,.0f}"
    )
    return "; ".join([said, *off])
