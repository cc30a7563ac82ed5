"""The state of one pytest process: settings, session, the rows that came in, and the document made of them."""

import pickle
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from conformance import client_trials, nightly
from conformance.authenticity.bill import bill
from conformance.authenticity.drift import drift, fingerprint
from conformance.judging.area import Catalogue, catalogue
from conformance.judging.requirement import Requirement
from conformance.lists import marks_of
from conformance.options import settings
from conformance.running.budget import Budget
from conformance.running.command_line import typed
from conformance.running.document import cost_row, result_row, run_document
from conformance.running.first_look import FirstLook, first_look
from conformance.running.report_folder import ReportFolder
from conformance.running.run_folder import RunFolder
from conformance.running.schedule import Progress
from conformance.running.session import Session
from conformance.running.settings import Settings
from conformance.running.signals import undisturbed
from conformance.running.target import Target
from conformance.running.verdict_on_run import why_no_verdict
from wire.last_pass import scan, without_secrets
from wire.redaction import Redactor

COMMAND: pytest.StashKey[tuple[str, Sequence[str]]] = pytest.StashKey()
"""Program and words as they were typed, where pytest was not what the user started."""


class Conformance:
    """State of one pytest process: the settings, the session, and the rows that came in."""

    def __init__(self, config: pytest.Config, progress: Progress) -> None:
        self.config = config
        self.progress = progress
        self.settings: Settings = settings(config)
        self._refuse_baseline()
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
        self.first_look: FirstLook | None = None
        self.could_not_run: str | None = None
        self.interrupted = False
        self.folder: ReportFolder | None = None
        self.shared: RunFolder | None = None
        self.document: dict[str, Any] | None = None
        self.written: list[Path] = []
        self.notes: list[str] = []
        """What is said once, in the header."""
        try:
            self.programs = client_trials.chosen(self.settings.clients)
        except client_trials.UnknownClientError as error:
            raise pytest.UsageError(str(error)) from error
        self.notes += [f"--clients: {p.missing}" for p in self.programs if p.missing]
        if self.worker is not None:
            self.models = tuple(self.worker["conformance_models"])
            self.base_url = self.worker["conformance_base_url"]
            self.shared = RunFolder(Path(self.worker["conformance_shared"]))
            self.first_look = pickle.loads(self.worker["conformance_look"])  # noqa: S301 - from our own process

    def redactor(self) -> Redactor:
        """Knows the secrets of this run, as far as this process does."""
        given = self.settings.target().header_secrets
        mine = self.session.secrets if self.session else {}
        return Redactor({**self.settings.keys, **given, **mine}, guesses=False)

    def open(self) -> Session:
        """The run's session, made from what was collected."""
        if self.session is None:
            chosen = replace(self.settings, base_url=self.base_url or None)
            self.session = Session(
                chosen,
                self.catalogue,
                self.models,
                self.shared,
                self.progress,
                self.first_look,
                tuple((row.id, model) for row, model in self.items),
            )
            self._let_clients_try(self.session)
        return self.session

    def _let_clients_try(self, session: Session) -> None:
        """Have the clients of --clients do their task when all probes are sent."""
        model = next(iter(self.models), "")
        if not self.programs or not model:
            return

        def tell(name: str) -> None:
            self.progress(*session.progressed, f"{name} does its task")

        trials = client_trials.Trials(
            self.programs, self.catalogue, self.settings.profile, session.budget, model, tell
        )

        def run(target: Target) -> list[dict[str, Any]]:
            trials.run(target)
            return [trial.as_json() for trial in trials.done]

        session.afterwards = run
        session.afterwards_usd = client_trials.most_usd(trials.there, session.budget, model)

    def claim(self) -> None:
        """Take the report folder, or a numbered sibling; make the report of a run that was killed."""
        self.folder = ReportFolder.claimed(self.settings.report_dir)
        self.notes += self.folder.notes
        self.settings = replace(self.settings, report_dir=self.folder.path)
        self.shared = self.folder.begin()

    def look(self) -> None:
        """Look at a given target once, before collection: a run that cannot work ends here."""
        budget = Budget(self.settings.profile, self.settings.max_cost_usd)
        target = replace(self.settings.target(), base_url=self.base_url)
        self.first_look = first_look(
            target, self.settings.given_url, self.settings.profile, self.models, budget
        )
        self.base_url = self.first_look.base_url
        self.models = self.models or self.first_look.models
        self.notes += self.first_look.lines()

    def parameters(self, area: str) -> Iterator[Any]:
        """One pytest parameter a requirement and model of an area."""
        for row in self.catalogue.requirements.values():
            if row.area != area or row.excluded:
                continue
            for model in self.models if row.per_model else ("",):
                marks = [getattr(pytest.mark, name) for name in marks_of(row)]
                name = f"{row.id}-{model}" if model else row.id
                yield pytest.param((row, model), id=name, marks=marks)

    @property
    def total(self) -> int:
        """So many verdicts a whole run gives."""
        rows = [row for row in self.catalogue.requirements.values() if not row.excluded]
        return sum(len(self.models) if row.per_model else 1 for row in rows)

    def finish(self) -> None:
        """Write the run document and its pages; also when interrupted or when nothing could run."""
        if self.config.option.collectonly:
            return
        try:
            with undisturbed():
                self._finish()
        finally:
            if self.folder is not None:
                self.folder.end(done=self.document is not None and bool(self.written))

    def _finish(self) -> None:
        session = self._closed()
        if not self.rows and not self.could_not_run:
            return
        profile = self.settings.profile
        budget = session.budget if session else Budget(profile, self.settings.max_cost_usd)
        plan_usd = float(session.plan_usd) if session and session.requirements else 0.0
        base_url = (session.base_url if session else "") or self.base_url
        self.rows.sort(key=lambda row: (row["area"], row["requirement"], row["model"]))
        exchanges = session.exchanges() if session else []
        selected = len(session.items) if session else 0
        if session and not self.could_not_run and not self.interrupted:
            self.could_not_run = why_no_verdict(session, self.rows)
        self.document = run_document(
            target={
                "base_url": base_url,
                "profile": profile.name,
                "models": list(self.models),
                "keys": session.keys_present if session else {},
            },
            started_at=self.started_at.isoformat(timespec="seconds"),
            duration_s=time.monotonic() - self.started,
            cost={**cost_row(budget, plan_usd), **bill(exchanges, profile)},
            rows=self.rows,
            exchanges=exchanges,
            base_url=base_url,
            profile=profile,
            interrupted=self.interrupted,
            could_not_run=self.could_not_run,
            selection=(selected, self.total) if selected else None,
            depth=self.settings.depth,
        )
        program, words = self.config.stash.get(
            COMMAND, ("pytest", self.config.invocation_params.args)
        )
        self.document["command"] = typed(words, program)
        self.document["strict_known"] = nightly.strict_known(self.config)
        self.document["seed"] = self.settings.seed
        tried = {trial["name"]: trial for trial in session.tried} if session else {}
        for client in self.document["clients"]:
            client["tried"] = tried.get(client["name"])
        rate = (self.document["speed"] or {}).get("tokens_per_s")
        self.document["fingerprint"] = fingerprint(exchanges, profile, rate)
        self.document["baseline"] = self._baseline(self.document)
        self._write(self.document)

    def _closed(self) -> Session | None:
        """The session as it ended, in whichever process; rows that no test told are added."""
        session = self.session
        if session is None and self.shared is not None and (run := self.shared.run()):
            rows = self.catalogue.requirements
            self.items = [(rows[name], model) for name, model in run["items"] if name in rows]
            session = self.open()
        if session is None:
            return None
        self.interrupted = self.interrupted or session.interrupted
        if session.traffic.exchanges or self.shared is None:
            ended = session.ended
        else:
            session.load(self.shared)
            ended = bool(self.shared.ledger())
            self.interrupted = self.interrupted or session.interrupted
        if self.interrupted or not ended:
            session.close("the run was interrupted")
            seen = {(row["requirement"], row["model"]) for row in self.rows}
            for requirement, model in self.items:
                if (requirement.id, model) not in seen:
                    self.rows.append(result_row(session.result(requirement, model)))
        return session

    def _write(self, document: dict[str, Any]) -> None:
        """The files of the report; what cannot be written is said in one line."""
        from reports.folder import write_all

        redactor = self.redactor()
        # Keys are out where bytes enter; this is the last pass, over what came by other ways.
        self.document = document = without_secrets(document, redactor)
        try:
            self.written = write_all(document, self.settings.report_dir)
            others = nightly.write_files(self.config, document)
            if held := scan([*self.written, *others], redactor):
                self.notes.append(f"secrets were taken out of {', '.join(map(str, held))}")
        except OSError as error:
            where = error.filename or self.settings.report_dir
            self.could_not_run = f"the report cannot be written: {where}: {error.strerror}"
            document["could_not_run"] = self.could_not_run

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Ctrl-C and the signals that are treated alike; `pytest.exit` is none."""
        self.interrupted = self.interrupted or excinfo.errisinstance(KeyboardInterrupt)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Rows arrive with the reports, also from other processes."""
        row = getattr(report, "conformance", None)
        if row is not None:
            self.rows.append(row)

    def _refuse_baseline(self) -> None:
        """A baseline is read at the end of a run, but must be readable before it."""
        from reports.document import read
        from reports.fields import UnreadableError

        if self.settings.baseline is not None:
            try:
                read(self.settings.baseline)
            except UnreadableError as error:
                raise pytest.UsageError(f"--baseline {error}") from error

    def _baseline(self, document: dict[str, Any]) -> dict[str, Any] | None:
        if self.settings.baseline is None:
            return None
        from reports.compare import since
        from reports.document import parse, read

        before = read(self.settings.baseline)
        changed = drift(document["fingerprint"], before.raw.get("fingerprint"), before.started_at)
        return {**since(before, parse(document)), "drift": changed}
