"""When a request is sent again, and after how long: what is no answer yet is asked for once more."""

from typing import Final

from conformance.running.probe import Probe
from wire.exchange import Attempt, Reply

RETRYABLE: Final = frozenset({408, 409, 429, 500, 502, 503, 504, *range(520, 531)})
"""What the SDKs ask again after, as far as it comes in life: Cloudflare's 520 to 530, and 529 of who is overloaded."""
MAX_RETRIES: Final = 3
MAX_RETRIES_FREE: Final = 2
MAX_WAIT_S: Final = 30.0
VAIN_S: Final = 60.0
"""So long may be waited for a server that refuses all the same; then it is asked again only once, and soon."""
SOON_S: Final = 0.25


def asks_again(probe: Probe, status: int, tries: int) -> bool:
    """Whether an answer is no answer yet: less patience for what must be refused in any case."""
    wanted = probe.retries and status in RETRYABLE and status not in probe.asks_for
    return wanted and tries < (MAX_RETRIES if probe.billable else MAX_RETRIES_FREE)


class Retries:
    """How long this run waits: less for a server that has let it wait for nothing."""

    def __init__(self) -> None:
        self._vain_s = 0.0

    def wait_s(self, probe: Probe, reply: Reply, tries: int) -> float | None:
        """Seconds before the next try; None when there is none."""
        if not asks_again(probe, reply.status, tries):
            return None
        wait_s = wait_after(reply, tries)
        if wait_s > MAX_WAIT_S:
            return None
        if self._vain_s <= VAIN_S:
            return wait_s
        return None if tries else min(wait_s, SOON_S)

    def ended(self, status: int, waited_s: float) -> None:
        """What the last try brought, after so many seconds of waiting."""
        if waited_s and status in RETRYABLE:
            self._vain_s += waited_s
        elif waited_s:
            self._vain_s = 0.0


def tries_before(probe: Probe, reply: Reply) -> tuple[Attempt, ...]:
    """The earlier tries of a request to which a server always says the same."""
    attempts: list[Attempt] = []
    while asks_again(probe, reply.status, len(attempts)):
        wait_s = wait_after(reply, len(attempts))
        if wait_s > MAX_WAIT_S:
            break
        attempts.append(Attempt(reply.status, wait_s))
    return tuple(attempts)


def wait_after(reply: Reply, tries: int) -> float:
    """Seconds to wait: retry-after-ms, Retry-After in seconds, else 0.5 s doubling."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = reply.header(name)
        if value is not None:
            try:
                return max(0.0, float(value) * unit)
            except ValueError:
                break  # an HTTP date: the default pause is kinder than parsing clocks
    return float(0.5 * 2**tries)
