"""The pytest side: hooks only. What they do lives in `options`, `session`, `terminal`, `verdict`."""

import contextlib
import pickle
import signal
from pathlib import Path
from typing import Any

import pytest

from conformance import lists, nightly, terminal
from conformance.judging.judge import Outcome
from conformance.judging.requirement import CatalogueError, Requirement
from conformance.options import add_options
from conformance.running.document import result_row
from conformance.running.reference import NotStartedError
from conformance.running.target import BadTarget
from conformance.state import Conformance
from conformance.verdict import Verdict
from wire.last_pass import RedactedStream
from wire.redaction import Redactor

MARKERS = ("must", "should", "may", "stream", "tools", "usage", "costs")


KEY: pytest.StashKey[Conformance] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    try:
        add_options(parser)
        nightly.add_options(parser)
    except ValueError as error:  # pytest's word for an option that is there already
        what = f"another plugin of pytest has an option of ours: {error}"
        raise pytest.UsageError(
            f"{what} (leave it out with -p no:NAME, or use oaiconf run)"
        ) from None


def pytest_configure(config: pytest.Config) -> None:
    try:
        config.stash[KEY] = Conformance(
            config, terminal.progress(config, lambda: config.stash[KEY].session)
        )
    except CatalogueError as error:
        raise pytest.UsageError(f"the catalogue is broken: {error}") from error
    config.pluginmanager.register(config.stash[KEY], "conformance-state")
    for number in (signal.SIGTERM, signal.SIGHUP):
        with contextlib.suppress(ValueError):  # not the main thread
            signal.signal(number, _end)
    names = {*MARKERS, *(area.name for area in config.stash[KEY].catalogue.areas)}
    for name in sorted(names):
        config.addinivalue_line("markers", f"{name}: conformance requirements of this kind")


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    return lists.answer(config)


def pytest_sessionstart(session: pytest.Session) -> None:
    state = session.config.stash[KEY]
    _print_no_secrets(session.config, state)
    if state.worker is not None or session.config.option.collectonly:
        return
    try:
        state.claim()
    except OSError as error:
        reason = f"--report-dir {error.filename}: {error.strerror}"
        raise pytest.UsageError(reason) from error
    if not state.base_url:
        return
    try:
        state.look()
    except BadTarget as reason:
        state.could_not_run = str(reason)
        state.finish()  # pytest does not finish a session that did not start
        pytest.exit(str(reason), returncode=2)


def _print_no_secrets(config: pytest.Config, state: Conformance) -> None:
    """What pytest prints of a crash, locals and all, goes through the redactor like everything else."""
    reporter: Any = config.pluginmanager.getplugin("terminalreporter")
    if reporter is not None and state.redactor().knows:
        writer = reporter._tw  # noqa: SLF001 - pytest has no hook for what it writes
        writer._file = RedactedStream(writer._file, state.redactor())  # noqa: SLF001


def _end(number: int, _: object) -> None:
    """A signal that ends the run ends it as Ctrl-C does: with the report."""
    raise KeyboardInterrupt(signal.Signals(number).name)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    state = node.config.stash[KEY]
    node.workerinput["conformance_models"] = list(state.models)
    node.workerinput["conformance_base_url"] = state.base_url
    node.workerinput["conformance_shared"] = str(state.shared.path) if state.shared else ""
    node.workerinput["conformance_look"] = pickle.dumps(state.first_look)


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
    return terminal.plan_lines(state.open(), state.total) if state.items else []


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
    return Verdict(result, session, state.settings.fail_on_should, state.before)


ROW: pytest.StashKey[dict[str, Any]] = pytest.StashKey()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report = yield
    if not report.passed and report.longrepr is not None:
        _take_secrets_out(report, item.config.stash[KEY].redactor())
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


def _take_secrets_out(report: pytest.TestReport, redactor: Redactor) -> None:
    """Of a failure as it is printed, written as JUnit and sent to other processes."""
    if not redactor.knows or isinstance(report.longrepr, tuple):
        return
    text = str(report.longrepr)
    clean = redactor.text(text)
    if clean != text:
        report.longrepr = clean


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    state = session.config.stash.get(KEY, None)
    if state is None or state.worker is not None:
        return
    state.finish()
    if (
        state.document
        and state.document["stale"]
        and state.document["strict_known"]
        and exitstatus == pytest.ExitCode.OK
    ):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    if state.document and exitstatus == pytest.ExitCode.OK and terminal.tried_badly(state.document):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    judged = {"pass", "fail", "advisory"}
    silent = state.rows and not any(row["outcome"] in judged for row in state.rows)
    if (silent and not exitstatus) or (state.could_not_run and exitstatus in {0, 1}):
        session.exitstatus = pytest.ExitCode.INTERRUPTED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    terminal.summary(terminalreporter, config.stash[KEY])
