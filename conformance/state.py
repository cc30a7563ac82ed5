"""The state of one pytest process: settings, session, the rows that came in, and the document made of them."""

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from conformance import nightly
from conformance.authenticity.bill import bill
from conformance.judging.area import Catalogue, catalogue
from conformance.judging.profile import KEY_VARIABLES
from conformance.judging.requirement import Requirement
from conformance.lists import marks_of
from conformance.options import settings
from conformance.running.budget import Budget
from conformance.running.command_line import typed
from conformance.running.document import cost_row, result_row, run_document
from conformance.running.profiles import key_of
from conformance.running.sender import Target
from conformance.running.session import Session
from conformance.running.settings import Settings
from conformance.running.target import BadTarget, first_look

Progress = Callable[[int, int, str], None]


class Conformance:
    """State of one pytest process: the settings, the session, and the rows that came in."""

    def __init__(self, config: pytest.Config, progress: Progress) -> None:
        self.config = config
        self.progress = progress
        self.settings: Settings = settings(config)
        self.catalogue: Catalogue = catalogue()
        self.worker: dict[str, Any] | None = getattr(config, "workerinput", None)
        self.before = (
            nightly.before(self.settings.baseline) if self.settings.fail_on_regression else None
        )
        self.models = self.settings.models
        self.base_url = self.settings.base_url or ""
        self.started, self.started_at = time.monotonic(), datetime.now(UTC)
        self.rows: list[dict[str, Any]] = []
        self.items: list[tuple[Requirement, str]] = []
        self.session: Session | None = None
        self.could_not_run: str | None = None
        self.shared: Path | None = None
        self.document: dict[str, Any] | None = None
        self.written: list[Path] = []
        if self.worker is not None:
            self.models = tuple(self.worker["conformance_models"])
            self.base_url = self.worker["conformance_base_url"]
            self.shared = Path(self.worker["conformance_shared"])
        elif config.getoption("numprocesses", None):
            self._folder = tempfile.TemporaryDirectory(prefix="conformance-")
            self.shared = Path(self._folder.name)

    def open(self) -> Session:
        """The run's session, made from what was collected."""
        if self.session is None:
            chosen = replace(self.settings, base_url=self.base_url or None)
            ids = tuple(dict.fromkeys(row.id for row, _ in self.items))
            self.session = Session(
                chosen,
                self.catalogue,
                self.models,
                ids,
                self.shared,
                self.progress,
            )
        return self.session

    def look(self) -> None:
        """Look at a given target once, before collection: a run that cannot work ends here."""
        profile = self.settings.profile
        keys = {kind: key for kind in KEY_VARIABLES if (key := key_of(profile, kind))}
        target = Target(self.base_url, keys, min(profile.timeout_s, 30.0))
        seen = first_look(target, self.settings.given_url)
        self.base_url = seen.base_url
        if not self.models:
            if len(seen.models) != 1:
                listed = ", ".join(seen.models[:8]) or "none"
                raise BadTarget(f"name a model with --model (the target lists: {listed})")
            self.models = seen.models

    def parameters(self, area: str) -> Iterator[Any]:
        """One pytest parameter a requirement and model of an area."""
        for row in self.catalogue.requirements.values():
            if row.area != area or row.excluded:
                continue
            for model in self.models if row.per_model else ("",):
                marks = [getattr(pytest.mark, name) for name in marks_of(row)]
                name = f"{row.id}-{model}" if model else row.id
                yield pytest.param((row, model), id=name, marks=marks)

    def finish(self) -> None:
        """Write the run document and its pages; also when interrupted or when nothing could run."""
        session = self.session
        if session and session.interrupted:
            seen = {(row["requirement"], row["model"]) for row in self.rows}
            for requirement, model in self.items:
                if (requirement.id, model) not in seen:
                    self.rows.append(result_row(session.result(requirement, model)))
        if session is None and self.rows:
            session = self.open()
        if session and self.shared and not session.exchanges():
            session.load(self.shared)
        if not self.rows and not self.could_not_run:
            return
        profile = self.settings.profile
        budget = session.budget if session else Budget(profile, self.settings.max_cost_usd)
        estimate = float(session.estimate_usd()) if session and session.requirements else 0.0
        base_url = (session.base_url if session else "") or self.base_url
        self.rows.sort(key=lambda row: (row["area"], row["requirement"], row["model"]))
        exchanges = session.exchanges() if session else []
        self.document = run_document(
            target={
                "base_url": base_url,
                "profile": profile.name,
                "models": list(self.models),
                "keys": session.keys_present if session else {},
            },
            started_at=self.started_at.isoformat(timespec="seconds"),
            duration_s=time.monotonic() - self.started,
            cost={**cost_row(budget, estimate), **bill(exchanges, profile)},
            rows=self.rows,
            exchanges=exchanges,
            base_url=base_url,
            profile=profile,
            interrupted=bool(session and session.interrupted),
            could_not_run=self.could_not_run,
        )
        self.document["command"] = typed(self.config.invocation_params.args)
        self.document["strict_known"] = nightly.strict_known(self.config)
        self.document["seed"] = self.settings.seed
        self.document["baseline"] = self._baseline(self.document)
        from reports.folder import write_all

        self.written = write_all(self.document, self.settings.report_dir)
        nightly.write_files(self.config, self.document)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Rows arrive with the reports, also from other processes."""
        row = getattr(report, "conformance", None)
        if row is not None:
            self.rows.append(row)

    def _baseline(self, document: dict[str, Any]) -> dict[str, Any] | None:
        if self.settings.baseline is None:
            return None
        from reports.compare import since
        from reports.document import parse, read

        return since(read(self.settings.baseline), parse(document))
