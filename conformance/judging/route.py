"""Routes: which operations a server offers at all, read from everything that it answered.

Where nothing is served, every request gets the same 404. That is one absence, told once (`*.offered`),
and no answer to anything else that a rule asks: a request for what is not there is not refused for what
is wrong in it. The same holds of a route that lets the right key in never, or that always breaks.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final

from conformance.judging.torn import packed, torn
from wire.endpoint import BELOW, Endpoint
from wire.exchange import Ended, Exchange

Route = tuple[str, Endpoint]

MISSING: Final = frozenset({404, 405, 501})
CLOSED: Final = frozenset({401, 403})
BUSY: Final = frozenset({408, 429})
ENOUGH: Final = 3
"""So many probes have to meet nothing but failures before a route counts as broken."""

_TOLD_APART: Final = frozenset(
    {Endpoint.CHAT, Endpoint.RESPONSES, Endpoint.MODELS, Endpoint.MODEL, Endpoint.COMPACT, Endpoint.INPUT_TOKENS}
)  # fmt: skip
_MAIN: Final = frozenset({Endpoint.CHAT, Endpoint.RESPONSES, Endpoint.MODELS})
_METHODS: Final = {
    Endpoint.MODELS: "GET", Endpoint.MODEL: "GET", Endpoint.RESPONSE: "GET",
    Endpoint.INPUT_ITEMS: "GET", Endpoint.STORED_CHAT: "GET",
}  # fmt: skip
_RIGHT_PROBES: Final = (
    "*.accept.*", "chat_params.either.images", "chat.echo*", "chat.tool*", "chat.small*", "chat.choices*",
    "responses.echo", "responses.tools", "responses.stream.echo", "responses.stream.tools",
)  # fmt: skip
_TO_BE_REFUSED: Final = "*.refuse.*"
_BESIDE: Final = frozenset({"max_completion_tokens", "max_output_tokens", "max_tokens", "stream"})
"""Parameters of most requests: to have one in common tells nothing."""
_EVERYWHERE: Final = frozenset({"model", "messages", "input"})
_PARTS: Final = ("image_url", "input_image", "input_audio", "file", "input_file")
"""Kinds of content beside text, which whole models do not take."""
_LATER: Final = (
    ("GET", Endpoint.RESPONSE), ("DELETE", Endpoint.RESPONSE), ("GET", Endpoint.INPUT_ITEMS),
    ("POST", Endpoint.CANCEL), ("GET", Endpoint.STORED_CHAT), ("DELETE", Endpoint.STORED_CHAT),
)  # fmt: skip
"""Operations on what was answered before, where a 404 may be about the id as well."""
_UNKNOWN_PATH: Final = "errors.path-unknown*"
_RIGHT: Final = "Bearer [redacted:main]"
NOT_KEPT: Final = "not kept whole"
"""How the error of an answer begins of which a run holds no more than its head."""
_POOR: Final = ("[redacted:no_credit]", "[redacted:low_limit]")
_MADE_UP: Final = "conformance"
"""Stands in every id that the suite makes up: not to know it says nothing of a route."""


class Silence(StrEnum):
    """Why nothing that a route answered tells of a request."""

    ABSENT = "absent"
    BELOW = "below"  # an absent route, or another method to it
    CLOSED = "closed"
    BUSY = "busy"
    LATE = "late"  # no answer came in time, to this one request
    LACKING = "lacking"  # a parameter that is refused whatever it says, to requests that have it
    ELSE = "else"  # what is to be refused, in the words that right requests with its parameters get
    OPEN = "open"  # to whoever asks: a key is not looked at
    BROKEN = "broken"
    TORN = "torn"  # a plain answer that did not arrive whole
    PACKED = "packed"  # an answer whose content coding could not be undone
    NOT_KEPT = "not-kept"  # an answer beyond the memory of the run


@dataclass(frozen=True)
class Routes:
    """The silent routes of a run."""

    silent: dict[Route, tuple[Silence, str]]
    """Why, and one answer in words."""

    no_key: tuple[Silence, str] | None = None
    """Set when strangers are answered like everybody: what they are told tells nothing of keys."""
    speaking: frozenset[Route] = frozenset()
    """Routes that do say something, also below a silent one."""
    lacking: Mapping[tuple[Route, str], frozenset[str]] = field(default_factory=dict)
    """Parameters that no request may have, with the refusals that say so."""
    elsewhere: Mapping[tuple[Route, str], frozenset[str]] = field(default_factory=dict)
    """Refusals that right requests got, by the parameters that these have."""
    everything: tuple[Silence, str] | None = None
    """Set when no route that was asked says anything: then the host's other answers tell nothing either."""

    def silence(self, x: Exchange) -> tuple[Silence, str] | None:
        """Why the answer to this request tells nothing of it, or None."""
        if not x.reply.status and x.connection.ended is Ended.TIMEOUT:
            return Silence.LATE, "no answer came in time, which tells nothing of the request"
        if x.connection.error.startswith(NOT_KEPT):
            return Silence.NOT_KEPT, f"the answer was {x.connection.error}"
        if not_whole := unreadable(x):
            return not_whole
        stranger = self.no_key if self.no_key and _stranger(x) else None
        own = self.silent.get((x.request.method, x.endpoint))
        return self._above(x) or own or self.everything or self._lacking(x) or stranger

    def heard(self, exchanges: Iterable[Exchange], *also: Silence) -> tuple[Exchange, ...]:
        """Those that tell something, and those whose silence is what is asked about."""
        return tuple(x for x in exchanges if (why := self.silence(x)) is None or why[0] in also)

    def _lacking(self, x: Exchange) -> tuple[Silence, str] | None:
        """Refused for a parameter, as right requests with it are: not for what else is wrong in the request."""
        if not (self.lacking or self.elsewhere) or x.ok or _is_right(x):
            return None
        route, said = (x.request.method, x.endpoint), _refusal(x)
        given = sorted(_given(x))
        for name in given:
            if said in self.lacking.get((route, name), ()):
                return Silence.LACKING, f"{name} is always refused: {said}"
        if fnmatchcase(x.probe or "", _TO_BE_REFUSED):
            for name in given:
                if name not in _BESIDE and said in self.elsewhere.get((route, name), ()):
                    return (
                        Silence.ELSE,
                        f"right requests with {name} are refused in the same words: {said}",
                    )
        return None

    def _above(self, x: Exchange) -> tuple[Silence, str] | None:
        if (x.request.method, x.endpoint) in self.speaking:
            return None
        for endpoint in (BELOW.get(x.endpoint), x.endpoint):
            route = (_METHODS.get(endpoint, "POST"), endpoint) if endpoint else None
            if route and (route[1] is not x.endpoint or route[0] != x.request.method):
                found = self.silent.get(route)
                if found and found[0] is Silence.ABSENT:
                    return Silence.BELOW, found[1]
        return None


def unreadable(x: Exchange) -> tuple[Silence, str] | None:
    """Why nothing can be said of what a body says, whatever else the run brought, or None."""
    if why := torn(x):
        return Silence.TORN, why
    if why := packed(x):
        return Silence.PACKED, why
    return None


def routes(exchanges: Iterable[Exchange]) -> Routes:
    """What all answers together tell; recordings of others tell nothing of what is not offered."""
    groups: dict[Route, list[Exchange]] = {}
    exchanges = tuple(exchanges)
    for x in exchanges:
        route = (x.request.method, x.endpoint)
        mine = x.endpoint in _TOLD_APART and route[0] == _METHODS.get(x.endpoint, "POST")
        if mine and x.source is None and x.probe and x.reply.status:
            groups.setdefault(route, []).append(x)
    found = {route: _silence(group) for route, group in groups.items()}
    found |= _later(exchanges)
    silent = {route: why for route, why in found.items() if why}
    main = [why for (_, endpoint), why in found.items() if endpoint in _MAIN]
    nothing = len(main) > 1 and all(main)
    everything = next(iter(silent.values())) if nothing else None
    speaking = frozenset(route for route, why in found.items() if not why)
    elsewhere: dict[tuple[Route, str], frozenset[str]] = {}
    lacking: dict[tuple[Route, str], frozenset[str]] = {}
    for route, group in groups.items():
        served = {name for x in group if x.ok for name in _given(x)}
        for name, said in _rightly_asked(group).items():
            elsewhere[route, name] = said
            if name not in served:
                lacking[route, name] = said
    return Routes(silent, _no_key(exchanges), speaking, lacking, elsewhere, everything)


def _rightly_asked(group: list[Exchange]) -> dict[str, frozenset[str]]:
    """The refusals that right requests got, by each of their parameters."""
    refused: dict[str, set[str]] = {}
    for x in group:
        status = x.reply.status
        if _is_right(x) and 400 <= status < 500 and status not in CLOSED | BUSY:
            for name in _given(x):
                refused.setdefault(name, set()).add(_refusal(x))
    return {name: frozenset(said) for name, said in refused.items()}


def _given(x: Exchange) -> set[str]:
    """What a request has that another may not have: parameters, and kinds of content beside text."""
    params = x.request.params
    given = {name for name, value in params.items() if value and name not in _EVERYWHERE}
    body = x.request.body
    return given | {kind for kind in _PARTS if f'"{kind}"'.encode() in body}


def _later(exchanges: tuple[Exchange, ...]) -> dict[Route, tuple[Silence, str] | None]:
    """Operations on earlier answers; absent are those answered as any path that nobody serves, whatever the id."""
    nowhere = {
        _worded(x) for x in exchanges
        if x.probe and fnmatchcase(x.probe, _UNKNOWN_PATH) and x.reply.status in MISSING
    }  # fmt: skip
    groups: dict[Route, list[Exchange]] = {}
    for x in exchanges:
        route = (x.request.method, x.endpoint)
        if route in _LATER and x.source is None and x.probe and x.reply.status and _ours(x):
            groups.setdefault(route, []).append(x)
    return {
        route: (Silence.ABSENT, f"{route[0]} {_path(group[0])} is answered {group[0].reply.status}, as a path that nobody serves")
        if _nobody(group, nowhere) else None
        for route, group in groups.items()
        if _nobody(group, nowhere) or any(x.ok for x in group)
    }  # fmt: skip


def _nobody(group: Sequence[Exchange], nowhere: set[str]) -> bool:
    return all(x.reply.status in (405, 501) or _worded(x) in nowhere for x in group)


def _worded(x: Exchange) -> str:
    """An answer without the path that it may repeat."""
    text = x.reply.text.replace(x.request.path, "").replace(_path(x), "")
    return f"{x.reply.status} {text.strip()}"


def _refusal(x: Exchange) -> str:
    return f"{x.reply.status} {x.reply.text[:200]}"


def _is_right(x: Exchange) -> bool:
    """Whether a probe's request has nothing wrong in it."""
    return any(fnmatchcase(x.probe or "", pattern) for pattern in _RIGHT_PROBES)


def _no_key(exchanges: tuple[Exchange, ...]) -> tuple[Silence, str] | None:
    """Whether requests without the right key are answered as those with it, on every route that was asked."""
    if not any(x.request.header("authorization") == _RIGHT for x in exchanges):
        return None
    strangers = [x for x in exchanges if _stranger(x)]
    let_in = [x for x in strangers if _tells(x) and x.endpoint in _MAIN]
    if (
        not let_in
        or any(x.reply.status in CLOSED for x in strangers)
        or _kept_out(exchanges, strangers)
    ):
        return None
    x = let_in[0]
    return (
        Silence.OPEN,
        f"no key is needed: {x.request.method} {_path(x)} is answered {x.reply.status}",
    )


def _kept_out(exchanges: tuple[Exchange, ...], strangers: Sequence[Exchange]) -> bool:
    """Whether the right key reads the models and no stranger does, with whatever status they are sent away."""
    read = [x for x in exchanges if x.endpoint is Endpoint.MODELS and x.request.method == "GET"]
    mine = [x for x in read if x.request.header("authorization") == _RIGHT]
    theirs = [x for x in read if x in strangers]
    return any(x.ok for x in mine) and bool(theirs) and not any(x.ok for x in theirs)


def _stranger(x: Exchange) -> bool:
    """Sent by a probe of ours without the right key, on purpose: not with one that has no credit, or a low limit."""
    given = (x.request.header("authorization") or "").lower()
    known = given == _RIGHT.lower() or any(mark in given for mark in _POOR)
    return x.source is None and x.probe is not None and not known


def _silence(group: list[Exchange]) -> tuple[Silence, str] | None:
    known = [x for x in group if not _made_up(x)]
    if not known or any(_tells(x) for x in group):
        return None
    answered: dict[Silence, list[Exchange]] = {}
    for why, statuses in (
        (Silence.ABSENT, MISSING), (Silence.CLOSED, CLOSED), (Silence.BUSY, BUSY),
    ):  # fmt: skip
        mine = [x for x in known if x.reply.status in statuses and _ours(x)]
        if not mine and why is Silence.ABSENT and all(x.reply.status in MISSING for x in known):
            mine = known  # strangers' requests alone, as where a run ended early
        answered[why] = mine
    # An odd path in its place is not there on any server: what most requests meet is the route's word.
    why, mine = max(answered.items(), key=lambda row: len(row[1]))
    if mine:
        return why, f"{mine[0].request.method} {_path(mine[0])} is answered {mine[0].reply.status}"
    failed = [x for x in known if x.reply.status >= 500]
    if len({x.probe for x in failed}) >= ENOUGH:
        return Silence.BROKEN, (
            f"every {failed[0].request.method} {_path(failed[0])} fails, with {failed[0].reply.status}"
        )
    return None


def _tells(x: Exchange) -> bool:
    """Whether an answer shows that somebody read the request."""
    status = x.reply.status
    if status in MISSING:
        return status == 404 and _names_model(x)
    return status not in CLOSED | BUSY and status < 500


def _names_model(x: Exchange) -> bool:
    """A 404 about the model that was asked for comes from the operation itself."""
    model = x.request.params.get("model")
    text = x.reply.text
    return "model_not_found" in text or (isinstance(model, str) and bool(model) and model in text)


def _ours(x: Exchange) -> bool:
    """Sent as a client sends it: with the right key, or with none because there is none."""
    own = x.request.header("authorization") == _RIGHT
    return own or not (x.probe or "").startswith("auth.")


def _made_up(x: Exchange) -> bool:
    model = x.request.params.get("model")
    return _MADE_UP in x.request.path or (isinstance(model, str) and _MADE_UP in model)


def _path(x: Exchange) -> str:
    return x.request.path.partition("?")[0]
