"""Makes flights ready before their time: which request, which reader, and whether its bytes are kept."""

from typing import Final

from load.transport.engine import reader_of
from load.transport.request import Flight, Shot
from load.transport.responses_reader import ResponsesReader
from load.workload.plan import Plan
from load.workload.prompts import FromFile, Lengths, Synthetic
from load.workload.scenario import Session

SAMPLE_EVERY: Final = 100
FIRST_KEPT: Final = 20
KEPT_AFTER_FINDING: Final = 50
CODEX_PREFIX: Final = 1500  # words of an agent's instructions


class Supply:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._writer = plan.writer()
        self._scenario_of = plan.scenario_of()
        prompts = self._writer.prompts
        self._period = len(prompts) if isinstance(prompts, FromFile) else 0
        self._shots: dict[tuple[str, int], Shot] = {}  # of a file's lines, which come again
        self._sessions: dict[Flight, Session] = {}
        self._to_keep = FIRST_KEPT
        self.sample_every = SAMPLE_EVERY  # 0: there are enough
        self._prefix = ""

    def flight(self, number: int) -> Flight:
        """Of arrival `number`."""
        name = self._scenario_of(number)
        if name != "agent":
            return self._made(self._shot(name, number), number)
        session = Session(self._writer, number, self._plan.turns, self._instructions())
        return self._turn(session)

    def _shot(self, name: str, number: int) -> Shot:
        if not self._period:
            return self._writer.shot(name, number)
        key = name, number % self._period
        found = self._shots.get(key)
        if found is None:
            found = self._shots[key] = self._writer.shot(name, number)
        return found

    def after(self, flight: Flight) -> Flight | None:
        """What follows a flight that has landed: the next turn of an agent, if there is one."""
        session = self._sessions.pop(flight, None)
        if session is None or not isinstance(flight.reader, ResponsesReader):
            return None
        return self._turn(session) if session.answered(flight, flight.reader.output) else None

    def keep_more(self) -> None:
        """A finding on a stream whose bytes were not kept: keep those of the next ones."""
        self._to_keep = max(self._to_keep, KEPT_AFTER_FINDING)

    def _turn(self, session: Session) -> Flight:
        flight = self._made(session.next(), session.number)
        self._sessions[flight] = session
        return flight

    def _made(self, shot: Shot, number: int) -> Flight:
        flight = Flight(shot, reader_of(shot), number)
        every = self.sample_every
        if self._to_keep > 0 or (every and number % every == 0):
            self._to_keep -= 1
            flight.kept = []
        return flight

    def _instructions(self) -> str:
        if not self._prefix:
            words = self._plan.shared_prefix or CODEX_PREFIX
            self._prefix = Synthetic(Lengths(), 0).words(0, words)
        return self._prefix
