"""The client's own condition: what it must be for its numbers to be believed."""

import gc
import resource
from time import perf_counter_ns
from typing import Final

import gevent

from load.measure.histogram import Histogram
from load.measure.tally import Tally

PROBE_S: Final = 0.01
THRESHOLDS: Final = (20_000, 20, 50)  # arrivals are no cycles: there is little to find


class Health:
    """Loop lag, pauses of the garbage collector, processor time, memory."""

    def __init__(self) -> None:
        self.lag = Histogram()
        self.pauses = Histogram()
        self._started_ns = 0
        self._cpu_s = 0.0
        self._pause_ns = 0
        self._thresholds = gc.get_threshold()
        self._probe: gevent.Greenlet | None = None

    def start(self) -> None:
        gc.collect()
        gc.freeze()  # what stands at the start is not walked again and again
        self._thresholds = gc.get_threshold()
        gc.set_threshold(*THRESHOLDS)
        gc.callbacks.append(self._collected)
        self._started_ns, self._cpu_s = perf_counter_ns(), cpu_s()
        self._probe = gevent.spawn(self._run)

    def stop(self) -> None:
        if self._probe is not None:
            self._probe.kill(block=False)
            self._probe = None
            gc.callbacks.remove(self._collected)
            gc.set_threshold(*self._thresholds)
            gc.unfreeze()

    def into(self, tally: Tally) -> None:
        """Hand over what was seen since the last time."""
        tally.histogram("loop_lag_ms").merge(self.lag)
        tally.histogram("gc_pause_ms").merge(self.pauses)
        self.lag, self.pauses = Histogram(), Histogram()

    @property
    def cpu_share(self) -> float:
        """Of one core, since the start."""
        wall_s = (perf_counter_ns() - self._started_ns) / 1e9
        return (cpu_s() - self._cpu_s) / wall_s if wall_s > 0 else 0.0

    @property
    def used_s(self) -> float:
        return cpu_s() - self._cpu_s

    def _run(self) -> None:
        before = perf_counter_ns()
        while True:
            gevent.sleep(PROBE_S)
            now = perf_counter_ns()
            self.lag.add(max(0, now - before - int(PROBE_S * 1e9)) // 1000)
            before = now

    def _collected(self, phase: str, _info: dict[str, int]) -> None:
        if phase == "start":
            self._pause_ns = perf_counter_ns()
        else:
            self.pauses.add((perf_counter_ns() - self._pause_ns) // 1000)


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
