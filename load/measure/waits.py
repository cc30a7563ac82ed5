"""How long answers are waited for: whether one that is still open at the end says something about the server."""

from typing import Final

from load.transport.request import Arrival

# How long an answer is waited for at least before its absence at the end says something.
LEAST_NS: Final = 1_000_000_000
NOTHING_CAME_NS: Final = 2_000_000_000  # where no answer ever came, to compare with
STALLED_NS: Final = 2_000_000_000


class Waits:
    """Keeps the slowest first content and the slowest end of each scenario. `target_ms`: for a first token."""

    def __init__(self, target_ms: float | None) -> None:
        self._target_ns = round((target_ms or 0) * 1e6)
        self._slowest: dict[str, tuple[int, int]] = {}

    def ended(self, arrival: Arrival) -> None:
        """One that came back whole."""
        sent, name = arrival.sent_ns, arrival.request.scenario
        first, end = self._slowest.get(name, (0, 0))
        came, ended = arrival.reader.stamps[0] - sent, arrival.end_ns - sent
        if came > first or ended > end:
            self._slowest[name] = max(came, first), max(ended, end)

    def why_unanswered(self, arrival: Arrival, now_ns: int) -> str:
        """Why an arrival that is still open at the end of the drain counts against the server.

        It has waited longer than the slowest that came back, or, where none did, than the target or a
        while. What still streams, or has not waited longer than others, says nothing: empty.
        """
        waited = now_ns - (arrival.sent_ns or arrival.started_ns)
        first, end = self._slowest.get(arrival.request.scenario, (0, 0))
        stamps = arrival.reader.stamps
        if not stamps:
            if waited <= max(first or self._target_ns or NOTHING_CAME_NS, LEAST_NS):
                return ""
            others = f"the slowest that came back began after {first / 1e9:.1f} s" if first else "none came back"  # fmt: skip
            return f"no answer in {waited / 1e9:.1f} s, {others}"
        idle = now_ns - max(arrival.last_ns, stamps[-1])
        if waited > end and idle > max(first, STALLED_NS):
            return f"nothing more came for {idle / 1e9:.1f} s"
        return ""
