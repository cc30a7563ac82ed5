"""What no run can do, said before anything is sent: numbers, headers, parameters, gates, a baseline."""

import json
import re
from argparse import Namespace
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from load.measure.gate import STREAM_METRICS, Gate, samples_for
from load.workload.rows import InputError, text_of
from load.workload.scenario import NAMES, STREAMS
from load.workload.schedule import Schedule

OURS: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "accept-encoding"}
)
OTHERS: Final = {
    "stream": "--scenario", "model": "--model", "messages": "--prompts", "input": "--prompts", "prompt": "--prompts",
}  # fmt: skip
_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
MARGIN: Final = 1.3  # a random schedule may have more arrivals than its mean
POSITIVE: Final = (
    "rate", "duration", "trial", "shape", "trace_stretch", "spike_factor", "input_tokens",
    "output_tokens", "connect_timeout", "first_token_timeout", "idle_timeout", "total_timeout",
    "ttft_slo", "tpot_slo", "concurrency", "turns", "max_tokens", "max_in_flight",
)  # fmt: skip
NOT_NEGATIVE: Final = ("warm_up", "drain", "start_rate", "spread", "shared_prefix", "think", "slo_share", "max_cost")  # fmt: skip
STEADY_KINDS: Final = frozenset({"constant", "poisson", "gamma", "soak", "trace"})


class PlanError(ValueError):
    """The options ask for something that cannot be; the message is one line."""


def check_numbers(options: Namespace) -> None:
    for names, least in ((POSITIVE, "above 0"), (NOT_NEGATIVE, "0 or more")):
        for name in names:
            value = getattr(options, name, None)
            if value is not None and not (
                0 <= value < float("inf") and (value or names is NOT_NEGATIVE)
            ):
                raise PlanError(f"--{name.replace('_', '-')} must be {least}")


def header_of(text: str) -> tuple[str, str]:
    """`Name: value`; ValueError says what is wrong with it, without its value."""
    name, colon, value = (part.strip() for part in text.partition(":"))
    if not colon or not _NAME.fullmatch(name) or not value.isascii() or not value.isprintable():
        raise ValueError(f"--header {name or 'without a name'}: expected NAME:VALUE, in printable ASCII")  # fmt: skip
    if name.lower() in OURS:
        raise ValueError(f"--header {name}: this one says how the request is carried, and is ours")
    return name, value


def bodies_of(given: str | Sequence[str]) -> dict[str, dict[str, Any]]:
    """Each `--extra-body` by its scenario; the empty name is for all. ValueError says where it is none."""
    found: dict[str, dict[str, Any]] = {}
    for text in [given] if isinstance(given, str) else given:
        name, equals, rest = text.partition("=")
        if equals and not name.lstrip().startswith(("{", "[")):
            _check_scenario("--extra-body", name.strip())
            found.setdefault(name.strip(), {}).update(body_of(rest))
        elif text:
            found.setdefault("", {}).update(body_of(text))
    return found


def stops_of(given: str | int | None) -> dict[str, int]:
    """`5` or `chat-stream=5,agent=20` of `--stop-after`, by scenario; the empty name is for all others."""
    found = {}
    for part in str(given).split(",") if given is not None else ():
        name, equals, number = part.strip().rpartition("=")
        if equals:
            _check_scenario("--stop-after", name)
        if not number.isdecimal() or not int(number):
            raise ValueError(f"--stop-after must be above 0, a number of chunks: {given}")
        found[name] = int(number)
    return found


def _check_scenario(option: str, name: str) -> None:
    if name not in NAMES or name == "mix":
        known = ", ".join(one for one in NAMES if one != "mix")
        raise ValueError(f"{option}: {name or 'nothing'} is no scenario; one of {known}")


def body_of(text: str) -> dict[str, Any]:
    """The object of one `--extra-body`."""
    try:
        value = json.loads(text) if text else {}
    except json.JSONDecodeError as error:
        raise ValueError(f"--extra-body: column {error.colno}: not JSON: {error.msg}") from None
    if not isinstance(value, dict):
        raise ValueError("--extra-body: expected a JSON object")  # noqa: TRY004
    for name, option in OTHERS.items():
        if name in value:
            raise ValueError(f"--extra-body: {name} is what {option} says")
    return value


def numbers_of(name: str, text: str, *, whole: bool = False) -> tuple[float, ...]:
    """`1,2,4` of `--rates` or `--concurrencies`; ValueError says what is wrong with it."""
    try:
        found = tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        found = (0.0,)
    if not all(0 < one < float("inf") and (not whole or one % 1 == 0) for one in found):
        kind = "whole numbers" if whole else "numbers"
        raise ValueError(f"--{name} {text}: expected {kind} above 0, such as 1,2,4,8")
    if len(set(found)) < len(found):
        raise ValueError(f"--{name} {text}: the same stage twice")
    return found


def percent_of(name: str, text: str) -> float | None:
    """`10%` as 0.1: without the sign it could be either."""
    if not text:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text.strip())
    if found is None:
        raise ValueError(f"--{name} {text}: expected PCT%, such as 10%")
    return float(found[1]) / 100


def check_sweep(kind: str, rates: tuple[float, ...], concurrencies: tuple[float, ...]) -> None:
    if kind == "sweep" and bool(rates) == bool(concurrencies):
        raise PlanError("--arrivals sweep needs either --rates or --concurrencies, such as 1,2,4,8")
    if kind != "sweep" and (rates or concurrencies):
        name = "rates" if rates else "concurrencies"
        raise PlanError(f"--{name}: of --arrivals sweep, and this is --arrivals {kind}")


def check_scrape(url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and parts.hostname and (parts.port or 1)
    except ValueError:
        good = False
    if not good:
        raise PlanError("--scrape: expected http://HOST:PORT/metrics")


def check_gate(
    gate: Gate, kinds: Collection[str], schedule: Schedule, warm_up_s: float, *, targets: bool
) -> None:
    """A gate that this plan can never judge is refused before it costs anything."""
    if gate.metric == "goodput" and not targets:
        raise PlanError(
            f"--gate {gate.text}: what a good request is, --ttft-slo or --tpot-slo must say"
        )
    if gate.metric in STREAM_METRICS and not set(kinds) & STREAMS:
        raise PlanError(f"--gate {gate.text}: {', '.join(sorted(kinds))} has no streams to measure")
    if schedule.kind not in STEADY_KINDS or schedule.exact:
        return
    needed = samples_for(gate.point)
    planned = schedule.rate * (schedule.duration_s - warm_up_s)
    if schedule.kind == "trace":
        planned = schedule.planned
    if planned * MARGIN < needed:
        raise PlanError(
            f"--gate {gate.text}: {gate.point} needs {needed} requests, about {planned:.0f} are planned: "
            "raise --rate or --duration, or gate a lower percentile"
        )


def check_baseline(path: Path) -> None:
    """A comparison that cannot be made is refused before the run, not after it."""
    try:
        document = json.loads(text_of(path))
    except json.JSONDecodeError as error:
        raise InputError(
            f"--baseline {path}:{error.lineno}:{error.colno}: not JSON: {error.msg}"
        ) from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"--baseline {error}") from None
    if not (
        isinstance(document, dict)
        and document.get("schema_version") == 1
        and isinstance(document.get("outcomes"), dict)
    ):
        raise InputError(f"--baseline {path}: not a load.json of this suite, version 1")
