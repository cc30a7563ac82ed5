"""A run that is over, as the report needs it."""

from typing import NamedTuple

from load.session.fleet import Fleet
from load.workload.plan import Plan


class FinishedRun(NamedTuple):
    plan: Plan
    fleet: Fleet
    planned: int | None
    started_at: float
    duration_s: float
