"""Probes: the requests that a run plans to send, as data with a little code for their bodies."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from conformance.judging.finding import show
from conformance.judging.profile import Profile
from wire.exchange import Exchange, Reply, Request

LONGEST_ID: Final = 2000


class Impossible(Exception):  # noqa: N818 - it is an answer, not an error
    """A request cannot be built, because an earlier answer lacks what it needs. Says what."""


@dataclass(frozen=True)
class ProbeContext:
    """What a probe may use to build its request."""

    profile: Profile
    model: str
    index: int
    """0 for the first of a repeated probe, then 1, 2, …"""
    earlier: Mapping[str, Sequence[Exchange]]
    """Exchanges of the probes named in `after`."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Keys by kind, for probes that write their own Authorization header."""
    run: str = "0"
    """A mark of this run, for texts that no earlier run may have sent."""

    def reply(self, probe: str) -> Any:
        """The JSON of an earlier probe's success; `Impossible` when there is none."""
        exchange = self.earlier[probe][0]
        if not exchange.ok or not isinstance(exchange.reply.json, dict):
            raise Impossible(f"{probe} was answered {exchange.reply.status or 'not at all'}")
        return exchange.reply.json


@dataclass(frozen=True)
class Handling:
    """How the sender treats the connection."""

    abort_after_events: int | None = None
    """Close the connection after so many stream events, on purpose."""
    chunked: bool = False
    """Send the body without a Content-Length."""
    pause_ms: float = 0.0
    """Wait so long between reads: a slow client."""
    fresh: bool = False
    """Use a new connection."""
    timeout_s: float | None = None
    """So long may nothing come."""
    whole_s: float | None = None
    """So long may the whole answer take; None for what follows from `timeout_s`."""
    lane: str = ""
    """Send on the one connection of this name, which carries no other probes."""
    padding_bytes: int = 0
    """So many spaces follow the body, which JSON allows; they are not recorded."""
    share_tokens: int | None = None
    """Output tokens that the answer may bring; beyond what they can fill, the suite hangs up."""


@dataclass(frozen=True)
class Probe:
    """One planned request (or `count` of them). `name` reads `area.what-it-asks`."""

    name: str
    build: Callable[[ProbeContext], Request]
    after: tuple[str, ...] = ()
    count: int = 1
    per_model: bool = True
    feature: str = ""
    """Sent only when the profile claims it."""
    key: str = "main"
    """Kind of key: main, other_tier, no_credit, revoked, low_limit; empty sends none."""
    output_tokens: int = 60
    """What the answer needs at most: the limit that is sent; 0 when the request must be refused."""
    unlimited: bool = False
    """The requirement is about a request without any limit of output, so none is put in."""
    alone: bool = False
    """Nothing else is in flight meanwhile (balance readings, timing)."""
    frames: tuple[str, str] | None = None
    """A probe that is sent right before another, and that other: then it runs alone, between the two."""
    first: bool = False
    """Sent before all others."""
    last: bool = False
    """A server that takes it may work on it without end, so it goes out after all others."""
    retry: bool | None = None
    """Ask again after 408, 429 and 5xx; not where such an answer is what the probe asks for."""
    asks_for: frozenset[int] = frozenset()
    """Statuses that the probe is there to bring: they are an answer, and not asked for again."""
    handling: Handling = Handling()
    until: Callable[[Reply], bool] | None = None
    """Sent again every half second, for a while, until a reply passes; only the last one is kept."""
    settles: Callable[[ProbeContext], Callable[[Reply], bool]] | None = None
    """Makes `until` from earlier answers."""
    polls: int = 60
    """How often `until` is asked at most."""
    wait: Callable[[ProbeContext], float] | None = None
    """Seconds to let pass before it is sent, from earlier answers."""
    depth: str = "default"
    """`full`: too dear for a default run."""

    @property
    def billable(self) -> bool:
        return self.output_tokens > 0

    @property
    def retries(self) -> bool:
        return self.retry is not False


JSON_HEADERS = (("content-type", "application/json"), ("accept", "application/json"))


def post(path: str, body: Any, *headers: tuple[str, str]) -> Request:
    """A POST of a JSON body (bytes and str go as they are). The path counts from the API's root."""
    data = body if isinstance(body, bytes) else (body if isinstance(body, str) else None)
    encoded = json.dumps(body).encode() if data is None else data
    raw = encoded.encode() if isinstance(encoded, str) else encoded
    given = {name for name, _ in headers}
    return Request("POST", path, (*headers, *(h for h in JSON_HEADERS if h[0] not in given)), raw)


def get(path: str, *headers: tuple[str, str], method: str = "GET") -> Request:
    """A request without a body. A path that starts with //root/ counts from the host's root."""
    accept = () if any(name == "accept" for name, _ in headers) else (JSON_HEADERS[1],)
    return Request(method, path, (*accept, *headers))


def in_path(value: Any) -> str:
    """An id that an answer gave, as one piece of a path or query; `Impossible` where no path can hold it."""
    if not isinstance(value, str) or not value.strip("."):
        raise Impossible(f"an earlier answer has {show(value)} for an id: no path can hold it")
    if len(value) > LONGEST_ID:
        raise Impossible(
            f"an earlier answer has an id of {len(value)} characters: too long for a path"
        )
    return quote(value, safe=":=@+,~", errors="surrogatepass")


def sends(
    path: str, body: Mapping[str, Any], *headers: tuple[str, str]
) -> Callable[[ProbeContext], Request]:
    """A builder that posts `body` with the run's model filled in where the body names none."""

    def build(context: ProbeContext) -> Request:
        return post(path, {"model": context.model, **body}, *headers)

    return build
