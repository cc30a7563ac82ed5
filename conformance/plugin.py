"""The pytest side: hooks only. What they do lives in `options`, `session`, `terminal`, `verdict`."""

import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from conformance import terminal
from conformance.judging.area import Catalogue, catalogue
from conformance.judging.judge import Outcome
from conformance.judging.requirement import CatalogueError, Requirement
from conformance.options import Settings, add_options, settings
from conformance.running.budget import Budget
from conformance.running.document import cost_row, result_row, run_document
from conformance.running.profile import KEY_VARIABLES
from conformance.running.reference import NotStartedError
from conformance.running.session import Session
from conformance.running.target import BadTarget, first_look
from conformance.verdict import Verdict, allure_attach

MARKERS = ("must", "should", "may", "stream", "tools", "usage", "costs")


class Conformance:
    """State of one pytest process: the settings, the session, and the rows that came in."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.settings: Settings = settings(config)
        self.catalogue: Catalogue = catalogue()
        self.worker: dict[str, Any] | None = getattr(config, "workerinput", None)
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
            from dataclasses import replace

            chosen = replace(self.settings, base_url=self.base_url or None)
            ids = tuple(dict.fromkeys(row.id for row, _ in self.items))
            self.session = Session(
                chosen,
                self.catalogue,
                self.models,
                ids,
                self.shared,
                terminal.progress(self.config),
            )
        return self.session

    def look(self) -> None:
        """Look at a given target once, before collection: a run that cannot work ends here."""
        from conformance.running.sender import Target

        profile = self.settings.profile
        keys = {kind: key for kind in KEY_VARIABLES if (key := profile.key(kind))}
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
                marks = [getattr(pytest.mark, name) for name in _marker_names(row)]
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
        self.document = run_document(
            target={
                "base_url": base_url,
                "profile": profile.name,
                "models": list(self.models),
                "keys": session.keys_present if session else {},
            },
            started_at=self.started_at.isoformat(timespec="seconds"),
            duration_s=time.monotonic() - self.started,
            cost=cost_row(budget, estimate),
            rows=self.rows,
            exchanges=session.exchanges() if session else (),
            base_url=base_url,
            profile=profile,
            interrupted=bool(session and session.interrupted),
            could_not_run=self.could_not_run,
        )
        self.document["baseline"] = self._baseline(self.document)
        from reports.folder import write_all

        self.written = write_all(self.document, self.settings.report_dir)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Rows arrive with the reports, also from other processes."""
        row = getattr(report, "conformance", None)
        if row is not None:
            self.rows.append(row)

    def _baseline(self, document: dict[str, Any]) -> dict[str, Any] | None:
        if self.settings.baseline is None:
            return None
        from reports.compare import compare
        from reports.document import parse, read

        before = read(self.settings.baseline)
        return compare(before, parse(document)).as_json()


def _marker_names(row: Requirement) -> list[str]:
    return [row.level.lower(), row.area, *row.tags]


KEY: pytest.StashKey[Conformance] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    try:
        config.stash[KEY] = Conformance(config)
    except CatalogueError as error:
        raise pytest.UsageError(f"the catalogue is broken: {error}") from error
    config.pluginmanager.register(config.stash[KEY], "conformance-state")
    names = {*MARKERS, *(area.name for area in config.stash[KEY].catalogue.areas)}
    for name in sorted(names):
        config.addinivalue_line("markers", f"{name}: conformance requirements of this kind")


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    if config.getoption("--list-requirements"):
        terminal.list_requirements(catalogue())
        return 0
    return None


def pytest_sessionstart(session: pytest.Session) -> None:
    state = session.config.stash[KEY]
    if state.worker is not None or not state.base_url or session.config.option.collectonly:
        return
    try:
        state.look()
    except BadTarget as reason:
        state.could_not_run = str(reason)
        state.finish()  # pytest does not finish a session that did not start
        pytest.exit(str(reason), returncode=2)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    state = node.config.stash[KEY]
    node.workerinput["conformance_models"] = list(state.models)
    node.workerinput["conformance_base_url"] = state.base_url
    node.workerinput["conformance_shared"] = str(state.shared)


def pytest_report_header(config: pytest.Config) -> list[str]:
    return terminal.header(config.stash[KEY])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "verdict" in metafunc.fixturenames:
        area = Path(str(metafunc.module.__file__)).parent.name
        state = metafunc.config.stash[KEY]
        metafunc.parametrize("verdict", list(state.parameters(area)), indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if subject := _subject(item):
            item.user_properties.append(("requirement", subject[0].id))
            item.user_properties.append(("level", subject[0].level.value))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    state = session.config.stash[KEY]
    state.items = [s for item in session.items if (s := _subject(item)) is not None]


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    state = config.stash[KEY]
    return terminal.plan_lines(state.open()) if state.items else []


def _subject(item: pytest.Item) -> tuple[Requirement, str] | None:
    callspec = getattr(item, "callspec", None)
    subject = callspec.params.get("verdict") if callspec else None
    # An area without rows has one empty test, which is nobody's subject.
    return subject if isinstance(subject, tuple) else None


@pytest.fixture
def verdict(request: pytest.FixtureRequest) -> Verdict:
    """The verdict on one requirement for one model."""
    state = request.config.stash[KEY]
    requirement, model = request.param
    session = state.open()
    try:
        result = session.result(requirement, model)
    except NotStartedError as reason:
        state.could_not_run = str(reason)
        pytest.exit(str(reason), returncode=2)
    if session.interrupted:
        raise KeyboardInterrupt
    request.node.stash[ROW] = result_row(result)
    allure_attach(result, session)
    return Verdict(result, session, state.settings.fail_on_should)


ROW: pytest.StashKey[dict[str, Any]] = pytest.StashKey()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report = yield
    if call.when == "call" and ROW in item.stash:
        report.conformance = item.stash[ROW]
    elif call.when == "setup" and call.excinfo and _subject(item) and not report.passed:
        requirement, model = _subject(item) or (None, "")
        if requirement and not call.excinfo.errisinstance(KeyboardInterrupt):
            from conformance.judging.judge import Result

            reason = f"the suite broke: {call.excinfo.typename}: {call.excinfo.value}"
            report.conformance = result_row(
                Result(requirement, model, Outcome.ERROR, reason=reason)
            )
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    state = session.config.stash.get(KEY, None)
    if state is None or state.worker is not None:
        return
    state.finish()
    judged = {"pass", "fail", "advisory"}
    if state.rows and not any(row["outcome"] in judged for row in state.rows) and not exitstatus:
        session.exitstatus = pytest.ExitCode.INTERRUPTED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    terminal.summary(terminalreporter, config.stash[KEY])
