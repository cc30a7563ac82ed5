"""What a run was told, after checking."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from conformance.judging.profile import Profile


@dataclass(frozen=True)
class Settings:
    """The options after checking. `base_url` is None for the reference gateway."""

    base_url: str | None
    given_url: str
    profile: Profile
    models: tuple[str, ...]
    report_dir: Path
    max_cost_usd: Decimal | None
    fail_on_should: bool
    baseline: Path | None
    record: Path | None
    gateway_faults: tuple[str, ...]
    seed: int = 0
    fail_on_regression: bool = False
    depth: str = "default"
    """`full`: also the probes that are too dear for a default run."""
