"""The command line of a conformance run, and what it settles before anything is sent."""

import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pytest

from conformance.judging.area import catalogue
from conformance.judging.profile import KEY_VARIABLES, Profile
from conformance.running.profiles import (
    ProfileError,
    key_of,
    load_profile,
    profile_for,
    refuse_unknown,
)
from conformance.running.settings import Settings
from conformance.running.target import BadTarget, is_loopback, normalised

DEFAULT_MAX_COST_USD = Decimal("1.00")
DEFAULT_MAX_TIME_S = 1800.0
HEADERS = "CONFORMANCE_HEADERS"
"""The variable with further headers, one a line."""
ANSWER_TOKENS = 1_000  # room in a window for the answer, and for what counts are off by
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:\s*([^\r\n\0]*)")


def add_options(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", "conformance of OpenAI-compatible servers")
    add = group.addoption
    add("--base-url", metavar="URL", help="server to judge, with or without /v1; without it the reference gateway is started and judged")  # fmt: skip
    add("--profile", metavar="NAME|FILE", help="what the target claims: reference, codex, openai, or a TOML file (default: by host)")  # fmt: skip
    add("--model", metavar="M", action="append", help="model to use, may be repeated (default: the profile's models)")  # fmt: skip
    add("--report-dir", metavar="DIR", default="reports/out", help="where report.json, report.html, summary.md and junit.xml go (default: reports/out)")  # fmt: skip
    add("--max-cost", metavar="USD", help="stop sending billable requests before this is passed (default: 1.00, no limit on loopback)")  # fmt: skip
    add("--max-time", metavar="S", help="send nothing more after so many seconds; what is left is blocked (default: 1800, no limit on loopback)")  # fmt: skip
    add("--timeout", metavar="S", help="seconds without a byte after which a request is given up (default: by what the server showed)")  # fmt: skip
    add("--concurrency", metavar="N", help="requests in flight at most (default: the profile's, 8)")
    add("--context", metavar="N", help="tokens of the long prompt in which code words are hidden, up to the window that is sold; they are paid for (default: 5000)")  # fmt: skip
    add("--header", metavar="'NAME: VALUE'", action="append", default=[], help="send this header with every request, may be repeated; values are removed from reports like keys")  # fmt: skip
    add("--extra-body", metavar="JSON", help="an object whose members go into every request that generates: switches of a vendor")  # fmt: skip
    add("--cacert", metavar="FILE", help="trust the authorities in this PEM file, too")
    add("--insecure", action="store_true", help="do not check certificates")
    add("--fail-on", choices=("must", "should", "regression"), default="must", help="lowest level whose violation fails the run, or only what held in the --baseline (default: must)")  # fmt: skip
    add("--baseline", metavar="FILE", help="an earlier report.json; the report says what regressed since")  # fmt: skip
    add("--record", metavar="FILE", help="write every exchange as JSON Lines (gzipped when FILE ends in .gz), keys removed")  # fmt: skip
    add("--depth", choices=("quick", "default", "full"), default="default", help="how much is asked: quick (what MUST rows need, no properties), default, full (also what is dear: every form singly; default: default)")  # fmt: skip
    add("--clients", metavar="NAMES", help="let installed clients do a task against the target, through the tap: all, or of codex-cli, codex-extension, cline, roo, continue, openai-python, openai-node, with commas between")  # fmt: skip
    add("--property-seed", metavar="N", type=int, default=0, help="seed of the property-based probes; the same seed repeats a failure (default: 0)")  # fmt: skip
    add(
        "--list-requirements",
        action="store_true",
        help="print the catalogue, or what -k and -m select of it, and stop",
    )
    add(
        "--list-faults",
        action="store_true",
        help="print the faults of the reference gateway and stop",
    )
    add("--gateway-fault", metavar="NAME", action="append", default=[], help="without --base-url: break the reference gateway by this named fault, may be repeated")  # fmt: skip


def settings(config: pytest.Config) -> Settings:
    """Check the options; whatever is wrong is a `pytest.UsageError` of one line (exit 4)."""
    try:
        return _settings(config)
    except (BadTarget, ProfileError) as error:
        raise pytest.UsageError(str(error)) from error


def _settings(config: pytest.Config) -> Settings:
    option = config.getoption
    given = option("--base-url") or ""
    base_url = normalised(given) if given else None
    name = option("--profile")
    if name:
        profile = load_profile(name)
    else:
        profile = profile_for(base_url) if base_url else load_profile("reference")
    refuse_unknown(profile, catalogue())
    profile = replace(profile, context_tokens=_context(option("--context"), profile))
    if given and option("--gateway-fault"):
        raise pytest.UsageError("--gateway-fault breaks the reference gateway: drop --base-url")
    loopback = base_url is None or is_loopback(base_url)
    keys = {kind: key for kind in KEY_VARIABLES if (key := key_of(profile, kind))} if given else {}
    return Settings(
        base_url=base_url,
        given_url=given,
        profile=profile,
        models=tuple(dict.fromkeys(option("--model") or profile.models)),
        report_dir=_folder(option("--report-dir")),
        max_cost_usd=_max_cost(option("--max-cost"), loopback=loopback),
        fail_on_should=option("--fail-on") == "should",
        fail_on_regression=option("--fail-on") == "regression",
        baseline=_baseline(option("--baseline")),
        record=_writable(option("--record"), "--record"),
        gateway_faults=tuple(option("--gateway-fault")),
        seed=option("--property-seed"),
        depth=option("--depth"),
        clients=option("--clients") or "",
        profile_name=name or profile.name,
        keys=keys,
        by_chance=_by_chance(profile),
        headers=_headers(profile, option("--header"), os.environ),
        extra_body={**profile.extra_body, **_extra_body(option("--extra-body"))},
        timeout_s=_seconds(option("--timeout"), "--timeout"),
        max_time_s=_max_time(option("--max-time"), loopback=loopback),
        concurrency=_concurrency(option("--concurrency"), profile),
        insecure=bool(option("--insecure")),
        cacert=_cacert(option("--cacert")),
        most_failures=int(option("maxfail", 0) or 0),
    )


def _max_cost(text: str | None, *, loopback: bool) -> Decimal | None:
    if text is None:
        return None if loopback else DEFAULT_MAX_COST_USD
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(-1)
    if not value.is_finite() or value < 0:
        raise pytest.UsageError(f"--max-cost {text!r} is not an amount of dollars")
    return value


def _seconds(text: str | None, option: str) -> float | None:
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value <= 0:
        raise pytest.UsageError(f"{option} {text!r} is not a number of seconds above 0")
    return value


def _max_time(text: str | None, *, loopback: bool) -> float | None:
    if text is None:
        return None if loopback else DEFAULT_MAX_TIME_S
    return _seconds(text, "--max-time")


def _concurrency(text: str | None, profile: Profile) -> int:
    if text is None:
        return profile.concurrency
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 256:
        raise pytest.UsageError(f"--concurrency {text!r} is not a whole number from 1 to 256")
    return int(text)


def _context(text: str | None, profile: Profile) -> int:
    if text is None:
        return profile.context_tokens
    if not text.isascii() or not text.isdigit() or not 1_000 <= int(text) <= 10_000_000:
        raise pytest.UsageError(f"--context {text!r} is not a whole number of tokens from 1000 on")
    for model in profile.models:
        sold = profile.sells(model)
        if sold and sold.context and int(text) + ANSWER_TOKENS > sold.context:
            raise pytest.UsageError(f"--context {text}: {model} is sold with {sold.context} tokens, answer included")  # fmt: skip
    return int(text)


def _headers(
    profile: Profile, given: list[str], environment: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    """Headers of the profile, the environment and the command line; the later ones win."""
    found = {}
    for name, value in profile.headers.items():
        variable = value.removeprefix("$")
        if value.startswith("$") and variable not in environment:
            raise ProfileError(f"profile {profile.name}: headers.{name}: {variable} is not set")
        found[name] = environment[variable] if value.startswith("$") else value
    lines = [line for line in environment.get(HEADERS, "").splitlines() if line.strip()]
    for source, line in (*((HEADERS, line) for line in lines), *(("--header", g) for g in given)):
        match = _HEADER.fullmatch(line.strip())
        if match is None:
            # The line may hold a key: it is not repeated.
            raise pytest.UsageError(f"{source} needs the form 'NAME: VALUE'")
        found[match[1].lower()] = match[2].strip()
    if wrong := next((name for name, value in found.items() if not value.isascii()), None):
        raise pytest.UsageError(f"the value of the header {wrong} has characters beyond ASCII")
    return tuple(found.items())


def _extra_body(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        value = json.loads(text)
    except ValueError as error:
        raise pytest.UsageError(f"--extra-body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise pytest.UsageError("--extra-body is not a JSON object")
    return value


def _by_chance(profile: Profile) -> bool:
    """Whether the main key comes from a variable that other programs read, too."""
    first, *others = profile.key_variables.get("main", ("",))
    return not os.environ.get(first, "").strip() and any(os.environ.get(o) for o in others)


def _baseline(text: str | None) -> Path | None:
    if not text:
        return None
    path = Path(text)
    if not path.is_file():
        raise pytest.UsageError(f"--baseline {path}: no such file")
    return path


def _folder(text: str) -> Path:
    """The report folder, which has to be one that can be written to."""
    path = Path(text)
    above = next(p for p in (path, *path.parents) if p.exists() or p == p.parent)
    if not above.is_dir():
        raise pytest.UsageError(f"--report-dir {path}: {above} is a file")
    if not os.access(above, os.W_OK | os.X_OK):
        raise pytest.UsageError(f"--report-dir {path}: no permission to write in {above}")
    return path


def _writable(text: str | None, option: str) -> Path | None:
    if not text:
        return None
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        raise pytest.UsageError(f"{option} {path}: not a file in a folder that exists")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise pytest.UsageError(f"{option} {path}: no permission to write")
    return path


def _cacert(text: str | None) -> str:
    if not text:
        return ""
    import ssl

    try:
        ssl.create_default_context().load_verify_locations(cafile=text)
    except (OSError, ssl.SSLError) as error:
        raise pytest.UsageError(f"--cacert {text}: {error}") from error
    return text
