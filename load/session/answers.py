"""What becomes of an arrival that has ended: its cost, its text, its evidence, its place in the tally."""

from time import perf_counter_ns
from typing import Final

from load.measure.claims import Claims
from load.measure.cost import Budget, estimate_usd, price_of
from load.measure.outcome import REFUSED, UNJUDGED, WHOLE, Outcome
from load.measure.sample import clean
from load.measure.token_counter import TokenCounter
from load.measure.waits import Waits
from load.session.recorder import Recorder
from load.session.request_factory import RequestFactory
from load.transport.request import Arrival
from load.workload.oracle import Likeness, likeness_of
from load.workload.plan import Plan
from wire.redaction import Redactor

REFUSED_IN_A_ROW: Final = 5  # answers, all refused or no connection at all: stop
CLAIMS_S: Final = 20.0  # for tokens that were claimed
COUNT_S: Final = 5.0  # for tokens that are still to be counted
_UNREACHED: Final = frozenset({Outcome.CONNECT_ERROR, Outcome.TLS_ERROR, Outcome.TIMEOUT_CONNECT})


class Answers:
    """`stopped` says why nothing more needs to be asked; empty while there is hope."""

    def __init__(
        self, plan: Plan, workers: int, redactor: Redactor, factory: RequestFactory
    ) -> None:
        self.recorder = Recorder(plan, workers, redactor)
        limit = None if plan.max_cost is None else plan.max_cost / workers
        self.budget = Budget(limit, price_of(plan.model))
        self.stopped = ""
        self._redactor = redactor
        self._factory = factory
        # A trial or a stage is one of many: what they claim is not counted.
        one_of_many = plan.schedule.exact or plan.own_users
        self._claims = None if one_of_many else Claims(plan.model, plan.asked)
        self._counter = TokenCounter(plan.model, self.recorder.record_late)
        self._waits = Waits(plan.ttft_slo_ms)
        self._refused = 0

    @property
    def hopeless(self) -> bool:
        return self._refused >= REFUSED_IN_A_ROW

    @property
    def vocabulary(self) -> str:
        """That counted tokens where the server says no usage."""
        return self._counter.vocabulary or ""

    def take(self, arrival: Arrival) -> None:
        if arrival.request.usage:
            self._settle(arrival)
        if arrival.outcome in WHOLE and arrival.request.expected is not None:
            self._compare(arrival, arrival.request.expected)
        if arrival.violations and arrival.kept is None:
            self._factory.keep_more()
        if arrival.detail or arrival.violations or arrival.kept is not None:
            clean(arrival, self._redactor)
        if arrival.outcome in WHOLE and arrival.request.usage and arrival.output_tokens is None:
            self._counter.count(arrival)
        else:
            self.recorder.record(arrival)
        if arrival.kept is not None and not self.recorder.sample(arrival):
            self._factory.sample_every = 0
        if arrival.outcome in WHOLE:
            self._waits.ended(arrival)
            if self._claims is not None:
                self._claims.add(arrival)
        if arrival.outcome not in UNJUDGED:
            self._stop_if_refused(arrival)

    def why_unanswered(self, arrival: Arrival) -> str:
        """Why one that is still open at the end counts against the server; empty where it does not."""
        return self._waits.why_unanswered(arrival, perf_counter_ns())

    def finish(self, *, whole: bool) -> None:
        """Count what is still to be counted; claims only of a run that came to its end."""
        self._counter.finish(COUNT_S)
        if self._claims is not None and whole:
            self._claims.into(self.recorder.tally, CLAIMS_S)

    def _settle(self, arrival: Arrival) -> None:
        budget = self.budget
        charged = 200 <= arrival.status < 300
        if charged and arrival.usage is None and not arrival.reserved_usd:
            # Without a limit nothing was reserved; what an answer cost is estimated all the same.
            request = arrival.request
            guess = estimate_usd(budget.price, request.body, request.most_tokens)
            budget.reserved_usd += guess
            arrival.reserved_usd = guess
        cost = budget.settle(arrival.reserved_usd, arrival.usage, charged=charged)
        self.recorder.tally.gain("usd", cost)

    def _compare(self, arrival: Arrival, expected: str) -> None:
        likeness = likeness_of(arrival.reader.text(), expected)
        self.recorder.tally.counts[f"text:{likeness}"] += 1
        if likeness is Likeness.NEAR:
            arrival.violations["text.as-asked"] = (
                "nearly the text that was asked for: not all of it, or more"
            )

    def _stop_if_refused(self, arrival: Arrival) -> None:
        """Stop at once when every answer is 401 or 402, or nobody answers at all."""
        if arrival.status not in REFUSED and arrival.outcome not in _UNREACHED:
            self._refused = -(2**62)
            return
        self._refused += 1
        if self._refused >= REFUSED_IN_A_ROW and not self.stopped:
            what = f"HTTP {arrival.status}" if arrival.status else arrival.detail
            self.stopped = f"every answer was {what}"
