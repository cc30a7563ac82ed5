"""`locust -f load/locustfile.py`: a streaming load run on Locust's processes, messages and web UI."""

import atexit
import os
import signal
import sys
import traceback
from pathlib import Path
from time import time
from typing import Any

import gevent
from locust import User, events, task
from locust.env import Environment
from locust.runners import LocalRunner, MasterRunner, WorkerRunner

COULD_NOT_RUN = 2


def _interrupted_early(*_: Any) -> None:
    """Ctrl-C while the session is being put together: there is nothing to report yet."""
    print("load: interrupted before anything was sent", file=sys.stderr)
    raise SystemExit(COULD_NOT_RUN)


if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, _interrupted_early)

ROOT = str(Path(__file__).parent.parent)
# Before the working directory, where a `wire.py` may be the user's; the first entry is Locust's, for now.
sys.path[1:] = [ROOT, *(entry for entry in sys.path[1:] if entry != ROOT)]

from load.options import add_options, gateway_arguments  # noqa: E402
from load.report.locust_stats import LocustStats  # noqa: E402
from load.session.metrics_page import AddressError  # noqa: E402
from load.session.parent import end_with_parent  # noqa: E402
from load.session.processes import LocalProcess, Processes, WorkerProcesses, packed, unpacked  # noqa: E402
from load.session.session import LoadSession  # noqa: E402
from load.session.worker import Worker  # noqa: E402
from load.transport.target import Gateway, Target, TargetError, redactor_of, target_of  # noqa: E402
from load.workload.plan import plan_of  # noqa: E402
from load.workload.refusals import PlanError  # noqa: E402
from wire.last_pass import redact_output  # noqa: E402
from wire.redaction import Redactor  # noqa: E402

MISSING_S = 60  # for workers that are to come
SILENCE_S = 10.0  # of the master, after which it is taken for lost


os.register_at_fork(after_in_child=end_with_parent)


class LoadUser(User):
    """In a closed loop each user sends one request after the other; else the schedule sends."""

    worker: Worker | None = None

    @task
    def send(self) -> None:
        if self.worker is None or not self.worker.run_user():
            gevent.sleep(0.2)


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def _options(parser: Any) -> None:
    add_options(parser)


@events.init.add_listener  # type: ignore[untyped-decorator]
def _init(environment: Environment, runner: Any, **_: Any) -> None:
    if isinstance(runner, WorkerRunner):
        _worker(environment, runner)
    elif isinstance(runner, LocalRunner | MasterRunner):
        _leader(environment, runner)


def _worker(environment: Environment, runner: WorkerRunner) -> None:
    def send(report: dict[str, Any]) -> None:
        runner.send_message("load_report", packed(report))

    _print_no_secrets(redactor_of(Target("http://worker"), os.environ))
    worker = LoadUser.worker = Worker(send, os.environ, keep=True)
    parent = os.getppid()
    runner.register_message("load_start", lambda msg, **_: worker.obey(msg.data))
    runner.register_message("load_stop", lambda msg, **_: worker.interrupt(msg.data["why"]))

    def quitting(**_: Any) -> None:
        heard = runner.last_heartbeat_timestamp
        orphaned = (
            bool(getattr(environment.parsed_options, "processes", 0)) and os.getppid() != parent
        )
        lost = orphaned or (heard is not None and time() - heard > SILENCE_S)
        worker.interrupt("the master was lost" if lost else "interrupted")
        if lost:
            print(f"load: the master was lost; see {worker.write_own_document()}", file=sys.stderr)
        environment.process_exit_code = 0  # the master speaks for the run

    def interrupted() -> None:
        worker.interrupt("interrupted")
        runner.quit()

    gevent.signal_handler(signal.SIGINT, interrupted)
    environment.events.quitting.add_listener(quitting)  # type: ignore[no-untyped-call]


def _print_no_secrets(redactor: Redactor) -> None:
    """Nothing that is printed or logged from here on holds a secret, not even the text of a crash."""
    redact_output(redactor)


def _leader(environment: Environment, runner: Any) -> None:
    options = environment.parsed_options
    assert options is not None
    gateway: Gateway | None = None
    _take_locusts_own(options)
    try:
        plan = plan_of(options)
        if environment.host:
            target = target_of(environment.host, os.environ)
        else:
            gateway = Gateway(gateway_arguments(options))
            atexit.register(gateway.stop)
            target = gateway.target
        _print_no_secrets(redactor_of(target, os.environ, plan.secrets))
        plan.report_dir.mkdir(parents=True, exist_ok=True)
    except (PlanError, TargetError) as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"--report-dir {error.filename}: {error.strerror}")
    environment.host = target.base_url
    # A worker that died before it said anything is not waited for without end.
    options.expect_workers_max_wait = options.expect_workers_max_wait or MISSING_S
    options.only_summary = not options.print_stats
    options.num_users = options.num_users or (plan.concurrency if plan.closed else 1)
    options.spawn_rate = options.spawn_rate or max(options.num_users, 1)

    def take_report(report: dict[str, Any]) -> None:
        session.runner.take_report(report)

    processes: Processes
    if isinstance(runner, MasterRunner):
        processes = WorkerProcesses(runner)
        runner.register_message("load_report", lambda msg, **_: take_report(unpacked(msg.data)))
    else:
        worker = LoadUser.worker = Worker(take_report, os.environ)

        def handle(kind: str, data: dict[str, Any]) -> None:
            if kind == "load_start":
                worker.obey(data)
            else:
                worker.interrupt(data["why"])

        processes = LocalProcess(handle)
    # The history that --csv writes each second needs them each second, too.
    watched = not options.headless or bool(options.csv_prefix)
    stats = LocustStats(environment, plan.scenario, live=watched, forget=options.headless)

    def new_session() -> LoadSession:
        """By what the web UI's form says now, if there is one."""
        if options.arrivals == "closed" and runner.target_user_count:
            options.concurrency = runner.target_user_count
        own = gateway is not None and environment.host == gateway.target.base_url
        key = gateway.target.key if gateway is not None and own else ""
        return LoadSession(
            plan_of(options),
            gateway.target
            if gateway is not None and own
            else target_of(environment.host or "", os.environ),
            options=vars(options),
            key=key,
            processes=processes,
            stats=stats,
        )

    session = new_session()
    state = {"running": False}

    def run_session() -> None:
        nonlocal session
        state["running"] = True
        environment.process_exit_code = COULD_NOT_RUN  # until something better is known
        try:
            session = new_session()
            environment.process_exit_code = session.run().exit_code
        except (TargetError, PlanError, AddressError) as error:
            print(f"load: {error}", file=sys.stderr)
        except OSError as error:
            where = error.filename or options.report_dir
            print(f"load: the report cannot be written: {where}: {error.strerror}", file=sys.stderr)
        except Exception:  # noqa: BLE001 - a session that hangs says nothing at all
            traceback.print_exc()
        state["running"] = False
        if options.headless:
            runner.quit()
            return
        runner.stop()
        if options.autostart and options.autoquit != -1:
            gevent.sleep(options.autoquit)
            runner.quit()
            if environment.web_ui is not None:
                environment.web_ui.stop()  # type: ignore[no-untyped-call]

    def start(**_: Any) -> None:
        gevent.spawn(run_session)

    def stopping(**_: Any) -> None:
        if state["running"] and session.result is None:
            result = session.interrupt("interrupted")
            environment.process_exit_code = result.exit_code

    def quitting(**_: Any) -> None:
        stopping()
        if gateway is not None:
            gateway.stop()

    def interrupted() -> None:
        if not state["running"] and session.result is None:
            gevent.get_hub().parent.throw(KeyboardInterrupt)  # still waits for workers
        stopping()
        runner.quit()

    if options.headless:
        # Python's own handler raises wherever it happens to be, also in the middle of a report.
        gevent.signal_handler(signal.SIGINT, interrupted)
    else:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    environment.events.test_start.add_listener(start)  # type: ignore[no-untyped-call]
    environment.events.test_stopping.add_listener(stopping)  # type: ignore[no-untyped-call]
    environment.events.quitting.add_listener(quitting)  # type: ignore[no-untyped-call]


def _take_locusts_own(options: Any) -> None:
    """`-u` is the concurrency of a closed loop, `-t` ends the schedule; what is in flight then is drained."""
    if options.arrivals == "closed" and options.num_users:
        options.concurrency = options.num_users
    if options.run_time and options.arrivals != "search":
        options.duration = min(options.run_time, options.duration or options.run_time)
        options.run_time = None  # or Locust would stop the run in the middle of its drain


def _refuse(why: str) -> None:
    print(f"load: {why}", file=sys.stderr)
    raise SystemExit(COULD_NOT_RUN)
