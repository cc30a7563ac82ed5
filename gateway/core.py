"""The gateway without sockets: a request in, a reply out, and money settled afterwards.

The order of checks is part of the contract: path outside /v1, preflight, key, tier, path, method,
rate limit, credit, and only then the body, so that strangers learn nothing from our parser.
"""

from dataclasses import replace
from email.utils import formatdate
from typing import Final

from gateway import routes
from gateway.accounts.charge import Charge
from gateway.accounts.keys import TIER, Key
from gateway.accounts.limits import admit, headers
from gateway.call import Call
from gateway.errors import ApiError
from gateway.frames import GatewayReply
from gateway.scripted_errors import out_of_credit
from gateway.state import State
from wire.exchange import Request

_HEADER_LIMIT: Final = 80 * 1024
_ANY_TIER: Final = frozenset({"/credits"})
_CORS: Final = (
    ("access-control-allow-origin", "*"),
    ("access-control-expose-headers", "X-Request-ID"),
)
_PREFLIGHT: Final = (
    ("access-control-allow-methods", "GET, POST, DELETE, OPTIONS"),
    ("access-control-max-age", "600"),
)


class Gateway(State):
    """A request in, a reply out; `settle` books what it costs once it was sent."""

    def handle(self, request: Request) -> GatewayReply:
        if self.seed is not None:
            # By number of the request, so that one answered otherwise does not move the others' ids.
            self.handled += 1
            self.ids.seed(f"{self.seed} {self.handled}")
        self._book_what_is_done()
        request_id = "req_" + self.hex(32)
        started = self.clock()
        try:
            reply = self._answer(request, request_id)
        except ApiError as error:
            reply = GatewayReply(error.status, error.headers, error.body)
        except RecursionError:
            reply = GatewayReply(400, (), ApiError(400, "The request is nested too deeply.").body)
        return self._dressed(request, reply, request_id, started)

    def settle(self, reply: GatewayReply, sent: int | None = None) -> None:
        """Debits a reply of which `sent` frames went out (None: all). Call it once for a reply."""
        charge = reply.charge
        if charge is None or charge.times == 0:
            return
        if sent is not None:
            frames = reply.pieces if reply.pieces is not None else reply.frames
            charge = charge.sent(sent, len(frames) if frames else 1)
        done = self.called_off.pop(charge.request_id, None)
        if done is not None:
            charge = charge.worked(done)
        if charge.due_at is not None and charge.due_at > self.clock():
            self.pending[charge.request_id] = charge
            return
        self._debit(charge)

    def _debit(self, charge: Charge) -> None:
        self.ledger.debit(charge, self.clock())
        window = self.limits.window(charge.key, None)
        window.tokens += charge.usage.total

    def _book_what_is_done(self) -> None:
        now = self.clock()
        for name, charge in list(self.pending.items()):
            if charge.due_at is None or charge.due_at <= now:
                del self.pending[name]
                self._debit(charge)

    def _answer(self, request: Request, request_id: str) -> GatewayReply:
        if sum(len(name) + len(value) for name, value in request.headers) > _HEADER_LIMIT:
            raise ApiError(431, f"The headers are larger than {_HEADER_LIMIT} bytes.")
        path = request.path.partition("?")[0]
        inside = path.startswith(routes.PREFIX + "/")
        if request.method == "OPTIONS" and request.header("origin"):
            return _preflight(request)
        if not inside:
            raise _unknown(request.method, path)
        below = path.removeprefix(routes.PREFIX)
        key = self.keys.authenticate(request, x_api_key=below.startswith("/messages"))
        if key.kind.tier != TIER and below not in _ANY_TIER:
            raise ApiError(
                403,
                f"This key belongs to the {key.kind.tier} tier and may not use the {TIER} tier.",
                code="tier_not_allowed",
            )
        match = routes.find(request.method, below)
        if match is None:
            raise _unknown(request.method, path)
        if match.endpoint is None:
            raise _not_allowed(request.method, path, match.allowed)
        call = Call(self, request, request_id, key, match.path)
        if request.method != "POST" or "{" in match.pattern:
            return match.endpoint(call)
        limit = self._admit(key)
        reply = match.endpoint(call)
        return replace(reply, headers=reply.headers + limit)

    def _admit(self, key: Key) -> tuple[tuple[str, str], ...]:
        """Lets a call that may cost something in, and says what is left of the limits."""
        now = self.clock()
        window = self.limits.window(key.name, key.kind.per_minute)
        admit(window, now)
        if self.ledger.balance(key.name) <= 0:
            raise out_of_credit()
        return headers(window, now)

    def _dressed(
        self, request: Request, reply: GatewayReply, request_id: str, started: float
    ) -> GatewayReply:
        """The headers that every reply has."""
        now = self.clock()
        media = "text/event-stream; charset=utf-8" if reply.frames is not None else None
        if reply.body is not None:
            media = "application/json"
        common: list[tuple[str, str]] = [
            ("date", formatdate(now, usegmt=True)),
            ("x-request-id", request_id),
            ("openai-version", "2020-10-01"),
            ("openai-processing-ms", str(max(1, round((now - started) * 1000)))),
            ("x-content-type-options", "nosniff"),
        ]
        if media and reply.header("content-type") is None:
            common.insert(0, ("content-type", media))
        if reply.frames is not None:
            common.append(("cache-control", "no-cache"))
        if request.header("origin"):
            common += _CORS
        reply = replace(reply, headers=(*common, *reply.headers), request_id=request_id)
        if request.method == "HEAD" and reply.body is not None:
            size = len(reply.data)
            length = ("content-length", str(size))
            return replace(reply, body=None, headers=(*reply.headers, length))
        return reply


def _preflight(request: Request) -> GatewayReply:
    wanted = request.header("access-control-request-headers") or "authorization, content-type"
    return GatewayReply(204, (*_PREFLIGHT, ("access-control-allow-headers", wanted)))


def _unknown(method: str, path: str) -> ApiError:
    return ApiError(404, f"Invalid URL ({method} {path[:200]})", code="unknown_url")


def _not_allowed(method: str, path: str, allowed: tuple[str, ...]) -> ApiError:
    return ApiError(
        405,
        f"Not allowed to {method} on {path[:200]} (HINT: Perhaps you meant to make a different "
        "kind of request?)",
        code="method_not_allowed",
        headers=(("allow", ", ".join(allowed)),),
    )
