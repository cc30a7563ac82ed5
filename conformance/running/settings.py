"""What a run was told, after checking."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from conformance.judging.profile import Profile
from conformance.running.target import Target, proxy_for


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
    """`quick`: only what MUST rows need, no properties; `full`: also what a default run is too cheap for."""
    profile_name: str = ""
    """The profile as it was asked for: a name or a file."""
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The keys of the environment by kind."""
    by_chance: bool = False
    """The main key was not given for this suite but lies around for other programs."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    timeout_s: float | None = None
    max_time_s: float | None = None
    concurrency: int = 8
    insecure: bool = False
    cacert: str = ""
    clients: str = ""
    """Clients to try against the target, as they were named."""
    most_failures: int = 0
    """Nothing more is sent after so many requirements failed; 0 for no such end."""

    def target(self) -> Target:
        """Where requests go, without the keys of a reference gateway that is yet to be started."""
        base_url = self.base_url or ""
        return Target(
            base_url,
            self.keys,
            self.timeout_s or self.profile.timeout_s,
            self.headers,
            self.extra_body,
            proxy_for(base_url) if base_url else "",
            self.by_chance,
            self.insecure,
            self.cacert,
        )
