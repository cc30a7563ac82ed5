"""Properties: requests made by a strategy, and the smallest one that does not hold.

A property sends what hypothesis makes, checks each answer, and lets hypothesis shrink a failure. The
exchange of the shrunk example (or, when all holds, one of each kind) becomes ordinary traffic under
the property's name, so rules, evidence and reports treat it like any other.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.database import DirectoryBasedExampleDatabase, ExampleDatabase
from hypothesis.errors import HypothesisException
from hypothesis.strategies import SearchStrategy

from conformance.running.probe import Probe
from wire.exchange import Ended, Exchange, Request

MOST_TRIES = 3
"""So many times its examples may a property send, when a failure is shrunk."""
DATABASE = Path(".hypothesis/conformance")


@dataclass(frozen=True)
class Property:
    """Requests that `strategy` makes for a model shall be answered so that `broken` is None."""

    probe: Probe
    """Name, feature, key and cost of each request; its `build` is not used."""
    strategy: Callable[[str], SearchStrategy[Request]]
    broken: Callable[[Exchange], str | None]
    """Why an answer does not hold, or None."""
    examples: int = 30

    @property
    def name(self) -> str:
        return self.probe.name


class _WrongAnswer(Exception):  # noqa: N818 - a word to hypothesis, nobody else sees it
    """An example was answered wrongly."""


class _ServerFailed(Exception):  # noqa: N818 - a word to hypothesis, nobody else sees it
    """An example made the server fail: another fault than a wrong answer, shrunk on its own."""


@dataclass
class Trial:
    """One property for one model: how many examples were sent, and which exchanges to keep."""

    sent: int = 0
    last: Exchange | None = None
    out_of_money: bool = False
    is_endless: bool = False
    """An example was not answered in time: to shrink it would cost as much time for each try."""
    failures: dict[type[Exception], Exchange] = field(default_factory=dict)
    """The last failure of each kind; after shrinking that is the smallest one."""

    @property
    def kept(self) -> list[Exchange]:
        """The shrunk failures when there are any, else the last answer that held."""
        if self.failures:
            return list(self.failures.values())
        return [self.last] if self.last is not None else []


async def attempt(
    prop: Property,
    model: str,
    send: Callable[[Request], Coroutine[Any, Any, Exchange | None]],
    *,
    number: int,
    keep: bool = True,
) -> Trial:
    """Run one property. `send` gives None when the budget is spent, which ends the trial."""
    loop = asyncio.get_running_loop()
    trial = Trial()

    def example(request: Request) -> None:
        if trial.out_of_money or trial.is_endless or trial.sent >= MOST_TRIES * prop.examples:
            return
        exchange = asyncio.run_coroutine_threadsafe(send(request), loop).result()
        if exchange is None:
            trial.out_of_money = True
            return
        trial.sent += 1
        trial.last = exchange
        trial.is_endless = exchange.connection.ended is Ended.TIMEOUT
        if prop.broken(exchange) is not None:
            failed = exchange.reply.status >= 500 or not exchange.reply.status
            kind = _ServerFailed if failed else _WrongAnswer
            trial.failures[kind] = exchange
            raise kind

    # Earlier failures are tried first; each property and model keeps its own.
    folder = DATABASE / prop.name / (model or "any")
    database: ExampleDatabase | None = DirectoryBasedExampleDatabase(folder) if keep else None
    run = settings(
        max_examples=prop.examples,
        database=database,
        deadline=None,
        phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=True,
        print_blob=False,
    )(given(prop.strategy(model))(example))
    await asyncio.to_thread(_quietly, seed(number)(run))
    return trial


def _quietly(run: Callable[[], None]) -> None:
    """Failures are kept in the trial; a target whose answers change is a failure like any other."""
    with contextlib.suppress(_WrongAnswer, _ServerFailed, HypothesisException, ExceptionGroup):
        run()
