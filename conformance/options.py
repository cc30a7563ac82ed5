"""The command line of a conformance run, and what it settles before anything is sent."""

from decimal import Decimal, InvalidOperation
from pathlib import Path

import pytest

from conformance.running.profiles import ProfileError, load_profile, profile_for
from conformance.running.settings import Settings
from conformance.running.target import BadTarget, is_loopback, normalised

DEFAULT_MAX_COST_USD = Decimal("1.00")


def add_options(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", "conformance of OpenAI-compatible servers")
    add = group.addoption
    add("--base-url", metavar="URL", help="server to judge, with or without /v1; without it the reference gateway is started and judged")  # fmt: skip
    add("--profile", metavar="NAME|FILE", help="what the target claims: reference, codex, openai, or a TOML file (default: by host)")  # fmt: skip
    add("--model", metavar="M", action="append", help="model to use, may be repeated (default: the profile's models)")  # fmt: skip
    add("--report-dir", metavar="DIR", default="reports/out", help="where report.json, report.html, summary.md and junit.xml go (default: reports/out)")  # fmt: skip
    add("--max-cost", metavar="USD", help="stop sending billable requests before this is passed (default: 1.00, no limit on loopback)")  # fmt: skip
    add("--fail-on", choices=("must", "should", "regression"), default="must", help="lowest level whose violation fails the run, or only what held in the --baseline (default: must)")  # fmt: skip
    add("--baseline", metavar="FILE", help="an earlier report.json; the report says what regressed since")  # fmt: skip
    add("--record", metavar="FILE", help="write every exchange as JSON Lines (gzipped when FILE ends in .gz), keys removed")  # fmt: skip
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
    option = config.getoption
    given = option("--base-url") or ""
    try:
        base_url = normalised(given) if given else None
        name = option("--profile")
        if name:
            profile = load_profile(name)
        else:
            profile = profile_for(base_url) if base_url else load_profile("reference")
    except (BadTarget, ProfileError) as error:
        raise pytest.UsageError(str(error)) from error
    baseline = Path(option("--baseline")) if option("--baseline") else None
    if baseline and not baseline.is_file():
        raise pytest.UsageError(f"--baseline {baseline}: no such file")
    if given and option("--gateway-fault"):
        raise pytest.UsageError("--gateway-fault breaks the reference gateway: drop --base-url")
    return Settings(
        base_url=base_url,
        given_url=given,
        profile=profile,
        models=tuple(option("--model") or profile.models),
        report_dir=Path(option("--report-dir")),
        max_cost_usd=_max_cost(option("--max-cost"), base_url),
        fail_on_should=option("--fail-on") == "should",
        fail_on_regression=option("--fail-on") == "regression",
        baseline=baseline,
        record=Path(option("--record")) if option("--record") else None,
        gateway_faults=tuple(option("--gateway-fault")),
        seed=option("--property-seed"),
    )


def _max_cost(text: str | None, base_url: str | None) -> Decimal | None:
    if text is None:
        remote = base_url is not None and not is_loopback(base_url)
        return DEFAULT_MAX_COST_USD if remote else None
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(-1)
    if not value.is_finite() or value < 0:
        raise pytest.UsageError(f"--max-cost {text!r} is not an amount of dollars")
    return value
