"""A rate limit that comes to one kind of request alone is none: it says "later", and later it says so again.

A limit on rates, and a pool that is empty now and then, do not depend on what is asked. So a kind of which
every request was refused, asked again and again over some seconds, while others were served all along, is
a kind that is not served.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from conformance.judging.answer import status_line
from conformance.judging.declined import declined, lasting
from conformance.judging.finding import Finding, Findings
from conformance.judging.route import Silence
from conformance.judging.rule import RunRule, run_rule
from conformance.judging.run import Run
from wire.endpoint import Endpoint
from wire.exchange import Exchange

SERVED: Final = 20
"""So many other requests were served meanwhile, …"""
REFUSED_SHARE: Final = 0.1
"""… and no more than this share of them was refused: else the limit is one for all."""
_MAIN: Final = "[redacted:main]"
Test = Callable[[Exchange], bool]


@dataclass(frozen=True)
class Kind:
    """Requests that have something in common, in the API's words."""

    says: str
    of: Test
    of_agents: bool = False
    """What clients live on: all that is plain, all streams, and tools. Others may be another pool's bad day."""


def _has(*names: str) -> Test:
    return lambda x: all(x.request.params.get(name) not in (None, [], False) for name in names)


def _named(word: bytes) -> Test:
    return lambda x: word in x.request.body


def _several(x: Exchange) -> bool:
    number = x.request.params.get("n")
    return type(number) is int and number > 1


def _streams(x: Exchange) -> bool:
    return x.request.params.get("stream") is True


def _plain(x: Exchange) -> bool:
    return not _streams(x)


def _both(first: Test, second: Test) -> Test:
    return lambda x: first(x) and second(x)


TOOLS: Final = "with tools"
_WAYS: Final = (("streamed", _streams), ("plain", _plain))
_MEMBERS: Final[tuple[tuple[str, Test], ...]] = (
    (TOOLS, _has("tools")),
    ("with an image", _named(b'"image_url"')),
    ("for JSON by a schema", _named(b'"json_schema"')),
    ("with reasoning effort", lambda x: bool({"reasoning", "reasoning_effort"} & x.request.params.keys())),
    ("for several choices", _several),
    ("in the background", _has("background")),
    ("with previous_response_id", _has("previous_response_id")),
)  # fmt: skip


def kinds() -> Iterable[Kind]:
    """The widest first: who refuses all streams is not told of tools."""
    yield Kind("every request", lambda _: True, of_agents=True)
    for way, test in _WAYS:
        yield Kind(f"every {way} request", test, of_agents=True)
    for says, member in _MEMBERS:
        tools = says == TOOLS
        yield Kind(f"every request {says}", member, tools)
        for way, test in _WAYS:
            yield Kind(f"every {way} request {says}", _both(member, test), tools)


KINDS: Final = tuple(kinds())


def _asked(run: Run) -> list[Exchange]:
    """What a key with credit asked and would have paid for."""
    return [
        x for x in run.exchanges
        if x.probe is not None and x.request.method == "POST" and _MAIN in (x.request.header("authorization") or "")
        and x.endpoint in (Endpoint.CHAT, Endpoint.RESPONSES) and (x.ok or _limited(x))
    ]  # fmt: skip


def _limited(x: Exchange) -> bool:
    return x.reply.status == 429 and declined(x)


def served_by_kind(requirement: str, endpoint: Endpoint, *, of_agents: bool) -> RunRule:
    """A rule: no such kind of request at an endpoint is refused for its rate alone."""

    @run_rule(requirement, probes=("models.list",), silence=Silence)
    def check(run: Run) -> Findings:
        asked = _asked(run)
        here = [x for x in asked if x.endpoint is endpoint]
        told: set[str] = set()
        for kind in KINDS:
            mine = [x for x in here if kind.of(x)]
            ids = {x.id for x in mine}
            others = [x for x in asked if x.id not in ids]
            refused = sum(map(_limited, others))
            if (
                not mine or ids <= told or any(x.ok for x in mine) or not lasting(mine)
                or len(others) < SERVED or refused > REFUSED_SHARE * len(others)
            ):  # fmt: skip
                continue
            told |= ids
            if kind.of_agents is not of_agents:
                continue
            tries = sum(1 + len(x.attempts) for x in mine)
            found = (
                f"{kind.says} at {endpoint} refused, {tries} of {tries} times, while {len(others) - refused} of "
                f"{len(others)} others were served: {status_line(mine[0])}"
            )
            yield Finding(
                "status", "limits on rates for all requests alike", found, exchange=mine[0].id
            )

    return check


RULES: Final = tuple(
    served_by_kind(f"errors.served.{endpoint}-{word}", endpoint, of_agents=of_agents)
    for endpoint in (Endpoint.CHAT, Endpoint.RESPONSES)
    for word, of_agents in (("streams", True), ("kinds", False))
)
