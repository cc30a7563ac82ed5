"""Building blocks of faults: what the gateway would refuse, and the request without that fault."""

import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any, Final

from gateway.core import Gateway
from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.request_edits import RequestChange, on_json
from gateway.faults.machinery.selection import CHAT, When, both, either, negated
from gateway.faults.machinery.transform import ReplyChange
from wire.exchange import Headers, Request

Error = dict[str, Any]
_MESSAGES: Final = [{"role": "user", "content": "Say hello."}]


@cache
def _judge() -> Gateway:
    """A gateway that is only asked what it would say; nothing is settled with it."""
    return Gateway(seed=3, per_minute=10**9)


def refusal_of(request: Request) -> Error:
    """The error that a gateway without faults answers; empty when it would not refuse."""
    others = tuple(pair for pair in request.headers if pair[0] != "authorization")
    return _refusal(request.method, request.path, others, request.body)


@lru_cache(maxsize=2048)
def _refusal(method: str, path: str, headers: Headers, body: bytes) -> Error:
    judge = _judge()
    key = ("authorization", f"Bearer {judge.keys.secrets['codex']}")
    reply = judge.handle(Request(method, path, (*headers, key), body))
    said = reply.body if reply.status >= 400 else None
    error = said.get("error") if isinstance(said, dict) else None
    return error if isinstance(error, dict) else {}


def refused_for(param: str, *, code: str = "", message: str = "") -> Callable[[Request], bool]:
    """Requests that are refused with this param, code and message (regular expressions)."""

    def when(request: Request) -> bool:
        error = refusal_of(request)
        return (
            bool(error)
            and re.fullmatch(param, str(error.get("param") or "")) is not None
            and re.search(code, error.get("code") or "") is not None
            and re.search(message, error["message"]) is not None
        )

    return when


def repaired(*names: str) -> RequestChange:
    """Without these parameters; those that a request must have get a value that is right."""

    def change(body: dict[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in body.items() if name not in names}
        if "model" in names:
            kept["model"] = "gpt-5.5"
        if "messages" in names:
            kept["messages"] = _MESSAGES
        if "input" in names:
            kept["input"] = "Say hello."
        return kept

    return on_json(change)


def ignoring(
    name: str,
    breaks: str,
    says: str,
    *,
    when: When = CHAT,
    family: Family = Family.PARAMETER,
    request: RequestChange | None = None,
    reply: ReplyChange | None = None,
) -> Fault:
    """A fault of `chat.param.` that does not do, or does otherwise, what a good request asks for."""
    rows = tuple(f"chat.param.{row}" for row in breaks.split())
    if request:
        # What has to be refused still is: that a value goes unchecked is another fault.
        when = both(when, either(negated(CHAT), negated(refused_for(".*"))))
    return Fault(f"chat.param.{name}", rows, says, family, when=when, request=request, reply=reply)
