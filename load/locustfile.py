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
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from load.options import add_options, gateway_arguments  # noqa: E402
from load.report.locust_stats import Rows  # noqa: E402
from load.session.processes import Alone, Crew, Workers, packed, unpacked  # noqa: E402
from load.session.session import Conductor  # noqa: E402
from load.session.worker import Station  # noqa: E402
from load.transport.target import Gateway, TargetError, target_of  # noqa: E402
from load.workload.plan import PlanError, plan_of  # noqa: E402

SILENCE_S = 10.0  # of the master, after which it is taken for lost


class Traffic(User):
    """In a closed loop each user sends one request after the other; else the schedule sends."""

    station: Station | None = None

    @task
    def send(self) -> None:
        if self.station is None or not self.station.occupy():
            gevent.sleep(0.2)


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def _options(parser: Any) -> None:
    add_options(parser)


@events.init.add_listener  # type: ignore[untyped-decorator]
def _init(environment: Environment, runner: Any, **_: Any) -> None:
    if isinstance(runner, WorkerRunner):
        _worker(environment, runner)
    elif isinstance(runner, LocalRunner | MasterRunner):
        _lead(environment, runner)


def _worker(environment: Environment, runner: WorkerRunner) -> None:
    def send(part: dict[str, Any]) -> None:
        runner.send_message("load_part", packed(part))

    station = Traffic.station = Station(send, os.environ, keep=True)
    runner.register_message("load_go", lambda msg, **_: station.go(msg.data))
    runner.register_message("load_stop", lambda msg, **_: station.interrupt(msg.data["why"]))

    def quitting(**_: Any) -> None:
        heard = runner.last_heartbeat_timestamp
        lost = heard is not None and time() - heard > SILENCE_S
        station.interrupt("the master was lost" if lost else "interrupted")
        if lost:
            print(f"load: the master was lost; see {station.report_alone()}", file=sys.stderr)
        environment.process_exit_code = 0  # the master speaks for the run

    def interrupted() -> None:
        station.interrupt("interrupted")
        runner.quit()

    gevent.signal_handler(signal.SIGINT, interrupted)
    environment.events.quitting.add_listener(quitting)  # type: ignore[no-untyped-call]


def _lead(environment: Environment, runner: Any) -> None:
    options = environment.parsed_options
    assert options is not None
    gateway: Gateway | None = None
    try:
        plan = plan_of(options)
        if environment.host:
            target = target_of(environment.host, os.environ)
        else:
            gateway = Gateway(gateway_arguments(options))
            atexit.register(gateway.stop)
            target = gateway.target
        plan.report_dir.mkdir(parents=True, exist_ok=True)
    except (PlanError, TargetError) as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"--report-dir {error.filename}: {error.strerror}")
    environment.host = target.base_url
    options.only_summary = not options.print_stats
    options.num_users = options.num_users or (plan.concurrency if plan.closed else 1)
    options.spawn_rate = options.spawn_rate or max(options.num_users, 1)

    def take(part: dict[str, Any]) -> None:
        conductor.lead.take(part)

    crew: Crew
    if isinstance(runner, MasterRunner):
        crew = Workers(runner)
        runner.register_message("load_part", lambda msg, **_: take(unpacked(msg.data)))
    else:
        station = Traffic.station = Station(take, os.environ)

        def handle(kind: str, data: dict[str, Any]) -> None:
            if kind == "load_go":
                station.go(data)
            else:
                station.interrupt(data["why"])

        crew = Alone(handle)
    rows = Rows(environment, plan.scenario, live=not options.headless)
    key = gateway.target.key if gateway is not None else ""

    def new_conductor() -> Conductor:
        return Conductor(
            plan_of(options), target, options=vars(options), key=key, crew=crew, rows=rows
        )

    conductor = new_conductor()
    state = {"conducting": False}

    def conduct() -> None:
        nonlocal conductor
        if conductor.result is not None:
            conductor = new_conductor()
        state["conducting"] = True
        environment.process_exit_code = COULD_NOT_RUN  # until something better is known
        try:
            environment.process_exit_code = conductor.conduct().exit_code
        except (TargetError, PlanError) as error:
            print(f"load: {error}", file=sys.stderr)
        except Exception:  # noqa: BLE001 - a session that hangs says nothing at all
            traceback.print_exc()
        state["conducting"] = False
        if options.headless:
            runner.quit()
        else:
            runner.stop()

    def start(**_: Any) -> None:
        gevent.spawn(conduct)

    def stopping(**_: Any) -> None:
        if state["conducting"] and conductor.result is None:
            result = conductor.interrupt("interrupted")
            environment.process_exit_code = result.exit_code

    def quitting(**_: Any) -> None:
        stopping()
        if gateway is not None:
            gateway.stop()

    def interrupted() -> None:
        if not state["conducting"] and conductor.result is None:
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


def _refuse(why: str) -> None:
    print(f"load: {why}", file=sys.stderr)
    raise SystemExit(COULD_NOT_RUN)
