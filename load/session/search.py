"""Finds between which two rates the highest one lies that keeps the targets, and how sure that is.

A trial of ten seconds tells little near the limit: bad moments come in clusters, and a server without one has
been lucky. So rates are bracketed by doubling and bisected, and the bounds are put only where the trials at
and near a rate leave little doubt, together: the lower one where good requests are enough with all but 2.5 %
certainty, the upper one where they are not, or where the queue grew by more than chance lets it. What
the lower bound says is what was delivered there from the start of the trial, when nothing was in flight, to its end:
no server completes more than it can.
A trial that this client disturbed counts for nothing: it is repeated, then another rate near it is tried.
What disturbs the server for a moment cannot be seen from here, and makes a queue as a rate does that is too high:
the upper bound is put only where it stands also without any one of the trials.
"""

from math import sqrt
from typing import Final

from load.session.trial import UNJUDGEABLE, Trial

CLOSE: Final = 1.1  # ratio of the bounds that is close enough
TRIALS: Final = 18
DOUBTS: Final = 3  # of a rate, before another one near it is tried
MOST_DOUBTS: Final = 9  # of a whole search
NEAR: Final = 1.25  # rates within this ratio say something of each other
SURE: Final = 1.96  # deviations
CONFIDENCE: Final = 0.95
# Of the requests of a slice that was not seen, missed: bad moments are rare, not absent.
UNLUCKY: Final = 0.3
# Times the root of what arrived: so far a queue grows by chance in 6 of 1,000 trials, and many are looked at.
GREW: Final = 1.6
GREW_PERHAPS: Final = 0.7
REPEATS: Final = 3
STEP: Final = 1.15


class Search:
    """Says which rate to try next, until `next` is None; then `low`, `high` and `sentence` are the answer."""

    def __init__(self, first: float, share: float) -> None:
        self.share = share  # of good requests, that a rate must have
        self.trials: list[Trial] = []
        self.next: float | None = first
        self._turns = 0

    def add(self, trial: Trial) -> None:
        """Take a trial at the rate that was asked for."""
        self.trials.append(trial)
        self.next = self._following()

    @property
    def best(self) -> float | None:
        """The highest rate that meets the targets for sure."""
        return max((rate for rate in self._rates if self._surely_met(rate)), default=None)

    @property
    def low(self) -> float | None:
        """What is met for sure, requests a second: as much as was delivered at the best rate."""
        best = self.best
        if best is None:
            return None
        delivered = [one.delivered_per_s for one in self._at(best)]
        return min(best, sum(delivered) / len(delivered))

    @property
    def high(self) -> float | None:
        """The lowest rate that misses the targets for sure."""
        return min((rate for rate in self._rates if self._surely_missed(rate)), default=None)

    @property
    def _perhaps_high(self) -> float | None:
        """The lowest rate that misses the targets, as far as it was tried."""
        once = [one for one in self._rates if len(self._at(one)) == 1]
        perhaps = {one for one in once if self._missed(one, self._believed)} | {self.high}
        return min((one for one in perhaps if one is not None), default=None)

    @property
    def sentence(self) -> str:
        if self.trials and self.trials[-1].why.startswith(UNJUDGEABLE):
            return self.trials[-1].why
        low, high, n = self.low, self.high, len(self._believed)
        sure = f"{CONFIDENCE:.0%} sure of each end, {n} trials"
        if low is not None and high is not None:
            return f"the highest rate that meets the targets lies between {low:.4g}/s and {high:.4g}/s ({sure})"
        if low is not None:
            return (
                f"{low:.4g}/s meets the targets; no rate was seen that surely misses them ({sure})"
            )
        if high is not None:
            return (
                f"{high:.4g}/s misses the targets; no rate was seen that surely meets them ({sure})"
            )
        return (
            f"nothing can be said of any rate: {n} of {len(self.trials)} trials could be believed"
        )

    # The evidence.

    @property
    def _believed(self) -> list[Trial]:
        return [one for one in self.trials if not one.doubt and not one.why.startswith(UNJUDGEABLE)]

    @property
    def _rates(self) -> list[float]:
        return sorted({one.rate for one in self._believed})

    def _at(self, rate: float) -> list[Trial]:
        return [one for one in self._believed if one.rate == rate]

    def _surely_met(self, rate: float) -> bool:
        """Also what is met at a higher rate is met here."""
        slices = _slices(self._believed, rate, rate * NEAR)
        if not slices or self._grew(self._at(rate), GREW_PERHAPS):
            return False
        usual = sum(judged for _, judged in slices) / len(slices)
        share, deviation = _share([*slices, (usual * (1 - UNLUCKY), usual)])
        return share - SURE * deviation >= self.share

    def _surely_missed(self, rate: float) -> bool:
        """Missed, whichever one of the trials is left out."""
        near = [one for one in self._believed if rate / NEAR <= one.rate <= rate]
        return all(
            self._missed(rate, [one for one in near if one is not left_out]) for left_out in near
        )

    def _missed(self, rate: float, trials: list[Trial]) -> bool:
        """Also what is missed at a lower rate is missed here."""
        if self._grew([one for one in trials if one.rate == rate], GREW):
            return True
        slices = _slices(trials, rate / NEAR, rate)
        if not slices:
            return False
        usual = sum(judged for _, judged in slices) / len(slices)
        share, deviation = _share([*slices, (usual, usual)])
        return share + SURE * deviation < self.share

    def _grew(self, trials: list[Trial], times: float) -> bool:
        """Whether more was left in flight than a server without a queue has, beyond chance."""
        unloaded_s = min((one.unloaded_s for one in self._believed if one.unloaded_s), default=0.0)
        left = sum(one.left - one.rate * unloaded_s for one in trials)
        return left > max(2.0, times * sqrt(sum(one.arrived for one in trials)))

    def _seems_met(self, rate: float) -> bool:
        trials = self._at(rate)
        good = sum(good for one in trials for good, _ in one.slices)
        judged = sum(judged for one in trials for _, judged in one.slices)
        return judged > 0 and good >= self.share * judged and not self._grew(trials, GREW_PERHAPS)

    # Where to go.

    def _following(self) -> float | None:
        last = self.trials[-1]
        if last.why.startswith(("every answer", "the limit of", "interrupted", UNJUDGEABLE)):
            return None
        doubts = len(self.trials) - len(self._believed)
        if len(self._believed) >= TRIALS or doubts >= MOST_DOUBTS:
            return None
        if last.doubt:
            same = [one for one in self.trials if one.rate == last.rate and one.doubt]
            return last.rate if len(same) < DOUBTS else _rounded(last.rate / STEP)
        met = [rate for rate in self._rates if self._seems_met(rate)]
        missed = [rate for rate in self._rates if rate not in met]
        if not missed:
            return _rounded(2 * max(met))
        if not met:
            lowest, sure = min(missed), self.high is not None
            return lowest if len(missed) >= REPEATS and not sure else _rounded(lowest / 2)
        return self._between(met, missed)

    def _between(self, met: list[float], missed: list[float]) -> float | None:
        low, high = self.best, self._perhaps_high
        if low is None:
            rate = max((one for one in met if one < min(missed)), default=min(met))
            return rate if len(self._at(rate)) < REPEATS else _rounded(rate / STEP)
        if high is None:
            rate = min((one for one in missed if one > max(met)), default=max(missed))
            return rate if len(self._at(rate)) < REPEATS else _rounded(rate * STEP)
        few_left = len(self._believed) >= TRIALS - REPEATS
        if high != self.high and (high / low <= NEAR or few_left):
            return high
        if high / low <= CLOSE:
            return None
        part = (1 / 2, 1 / 3, 2 / 3)[self._turns % 3]
        self._turns += 1
        return _rounded(low ** (1 - part) * high**part)


def _slices(trials: list[Trial], lowest: float, highest: float) -> list[tuple[int, int]]:
    near = (one for one in trials if lowest <= one.rate <= highest)
    return [one for trial in near for one in trial.slices if one[1]]


def _share(slices: list[tuple[float, float]]) -> tuple[float, float]:
    """The share of good ones, and its standard deviation by what differs between the slices."""
    n = sum(judged for _, judged in slices)
    share = sum(good for good, _ in slices) / n
    spread = sum((good - share * judged) ** 2 for good, judged in slices)
    m = len(slices)
    return share, sqrt(spread * m / (m - 1)) / n if m > 1 else 1.0


def _rounded(rate: float) -> float:
    return float(f"{rate:.3g}")
