"""More of what right servers do: other words for the same bytes, other ids, other cuts, less than could be there.

Each stands alone here; `TOGETHER` puts many into one run. `python -m tests.innocents.more [NAME …]` runs each by
itself and says what it is accused of.
"""

import copy
import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from gateway.faults.machinery.fault import Handler
from gateway.frames import Frame, GatewayReply, Piece, encode
from tests.innocents.doings import DOINGS, Doing, Front, adds, changing, frames, payloads
from tests.innocents.fronts import FRONTS
from wire.exchange import Request


class Rewritten(Front):
    """The bytes of each event change, their number does not: the gateway counts as before."""

    def settle(self, reply: GatewayReply, sent: int | None = None) -> None:
        whole = reply.frames is not None
        self._inner.settle(replace(reply, pieces=None) if whole else reply, sent)


def _bytes(change: Callable[[bytes], bytes]) -> Doing:
    """The bytes of each event, written otherwise; what they say stays."""

    def made(_: Request, reply: GatewayReply) -> GatewayReply:
        if reply.frames is None:
            return reply
        pieces = tuple(Piece(p.delay_ms, change(p.data)) for p in encode(reply))
        return replace(reply, pieces=pieces)

    return lambda inner: Rewritten(inner, made)


def _written(dumps: Callable[[Any], str]) -> Doing:
    """JSON in another hand: spaces, escapes, order of members."""

    def text(value: Any) -> Any:
        return dumps(value) if isinstance(value, dict) else value

    def made(_: Request, reply: GatewayReply) -> GatewayReply:
        if reply.frames is not None:
            told = tuple(f._replace(payload=text(f.payload)) for f in reply.frames)
            return replace(reply, pieces=encode(replace(reply, frames=told)))
        if isinstance(reply.body, dict):
            return replace(reply, body=text(reply.body))
        return reply

    return lambda inner: Rewritten(inner, made)


def _escaped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True).replace("/", "\\/")


def _sorted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _without_headers(*names: str) -> Doing:
    return changing(
        lambda _, reply: replace(
            reply, headers=tuple(h for h in reply.headers if h[0] not in names)
        )
    )


def _deltas(change: Callable[[tuple[Frame, ...]], list[Frame]]) -> Doing:
    """Chat streams told in other pieces."""

    def made(given: tuple[Frame, ...]) -> tuple[Frame, ...]:
        chat = any(isinstance(f.payload, dict) and "choices" in f.payload for f in given)
        return tuple(change(given)) if chat else given

    return frames(made)


def _only(frame: Frame) -> dict[str, Any] | None:
    """The one choice of a chunk."""
    choices = frame.payload.get("choices") if isinstance(frame.payload, dict) else None
    return choices[0] if isinstance(choices, list) and len(choices) == 1 else None


def _first_text_with_role(given: tuple[Frame, ...]) -> list[Frame]:
    """The role comes beside the first text, as many engines send it."""
    told: list[Frame] = []
    roles: dict[int, dict[str, Any]] = {}
    for frame in given:
        choice = _only(frame)
        delta = choice["delta"] if choice else {}
        alone = not any(delta.get(name) for name in ("content", "tool_calls"))
        if choice and delta.get("role") and alone and choice.get("finish_reason") is None:
            roles[choice["index"]] = delta
            continue
        if choice and choice["index"] in roles:
            payload = copy.deepcopy(frame.payload)
            payload["choices"][0]["delta"] = {**roles.pop(choice["index"]), **delta}
            told.append(frame._replace(payload=payload))
            continue
        told.append(frame)
    return told


def _end_with_text(given: tuple[Frame, ...]) -> list[Frame]:
    """finish_reason comes in the chunk of the last text."""
    told: list[Frame] = []
    for frame in given:
        choice, last = _only(frame), _only(told[-1]) if told else None
        if (
            choice
            and last
            and choice.get("finish_reason")
            and not choice["delta"]
            and last["index"] == choice["index"]
            and last["delta"].get("content")
        ):
            payload = copy.deepcopy(told[-1].payload)
            payload["choices"][0]["finish_reason"] = choice["finish_reason"]
            told[-1] = told[-1]._replace(payload=payload)
            continue
        told.append(frame)
    return told


def _empty_between(given: tuple[Frame, ...]) -> list[Frame]:
    """A delta that says nothing after each that does."""
    told: list[Frame] = []
    for frame in given:
        told.append(frame)
        choice = _only(frame)
        if choice and choice["delta"].get("content") and choice.get("finish_reason") is None:
            payload = copy.deepcopy(frame.payload)
            payload["choices"][0] = {
                "index": choice["index"], "delta": {"content": ""}, "finish_reason": None, "logprobs": None
            }  # fmt: skip
            told.append(frame._replace(payload=payload, delay_ms=0))
    return told


def _letters(given: tuple[Frame, ...]) -> list[Frame]:
    """A letter a delta, where no log probabilities stand beside it."""
    told: list[Frame] = []
    for frame in given:
        choice = _only(frame)
        text = choice["delta"].get("content") if choice else None
        if choice is None or not text or choice.get("logprobs") or choice.get("finish_reason"):
            told.append(frame)
            continue
        for n, letter in enumerate(text):
            payload = copy.deepcopy(frame.payload)
            delta = payload["choices"][0]["delta"]
            payload["choices"][0]["delta"] = {**(delta if n == 0 else {}), "content": letter}
            told.append(frame._replace(payload=payload, delay_ms=frame.delay_ms if n == 0 else 0))
    return told


def _reasons_aloud(given: tuple[Frame, ...]) -> list[Frame]:
    """Thoughts in reasoning_content before the answer, where the model thought."""
    thought = any(
        ((f.payload.get("usage") or {}).get("completion_tokens_details") or {}).get(
            "reasoning_tokens"
        )
        for f in given
        if isinstance(f.payload, dict)
    )
    told: list[Frame] = []
    for frame in given:
        told.append(frame)
        choice = _only(frame)
        if thought and choice and "role" in choice["delta"]:
            payload = copy.deepcopy(frame.payload)
            payload["choices"][0]["delta"] = {"reasoning_content": "The user wants this."}
            told.append(frame._replace(payload=payload))
    return told


def _calls_at_once(given: tuple[Frame, ...]) -> list[Frame]:
    """Each call in one delta, with all of its arguments."""
    texts: dict[tuple[int, int], str] = {}
    for frame in given:
        choice = _only(frame)
        for call in (choice["delta"].get("tool_calls") or []) if choice else ():
            key = (choice["index"], call["index"])  # type: ignore[index]
            texts[key] = texts.get(key, "") + (call.get("function", {}).get("arguments") or "")
    told: list[Frame] = []
    for frame in given:
        choice = _only(frame)
        calls = choice["delta"].get("tool_calls") if choice else None
        if not choice or not calls:
            told.append(frame)
            continue
        payload = copy.deepcopy(frame.payload)
        delta = payload["choices"][0]["delta"]
        heads = [c for c in delta["tool_calls"] if c.get("id")]
        for call in heads:
            call["function"]["arguments"] = texts[choice["index"], call["index"]]
        delta["tool_calls"] = heads
        if not heads:
            del delta["tool_calls"]
        if delta or choice.get("finish_reason"):
            told.append(frame._replace(payload=payload))
    return told


class Renaming(Front):
    """Ids of other forms; what a client gives back is understood."""

    def __init__(self, inner: Handler, names: dict[str, str]) -> None:
        super().__init__(inner, lambda _, reply: reply)
        self._names = names

    def handle(self, request: Request) -> GatewayReply:
        path, body = request.path, request.body
        for own, other in self._names.items():
            path = path.replace(other, own)
            body = body.replace(other.encode(), own.encode())
        reply = self._inner.handle(replace(request, path=path, body=body))

        def renamed(value: Any) -> Any:
            if isinstance(value, dict):
                return {n: renamed(v) for n, v in value.items()}
            if isinstance(value, list):
                return [renamed(v) for v in value]
            if isinstance(value, str):
                for own, other in self._names.items():
                    if value.startswith(own):
                        return other + value.removeprefix(own)
            return value

        if reply.frames is not None:
            told = tuple(
                f._replace(payload=renamed(f.payload)) if isinstance(f.payload, dict) else f
                for f in reply.frames
            )
            return replace(reply, frames=told)
        return replace(reply, body=renamed(reply.body))


def renaming(**names: str) -> Doing:
    return lambda inner: Renaming(inner, {f"{own}": other for own, other in names.items()})


def _asked(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Doing:
    """A request is served otherwise than it was asked, and the answer says so."""

    class Asking(Front):
        def handle(self, request: Request) -> GatewayReply:
            if isinstance(request.json, dict) and request.method == "POST":
                body = change(request.json)
                if body != request.json:
                    request = replace(request, body=json.dumps(body).encode())
            return self._inner.handle(request)

    return lambda inner: Asking(inner, lambda _, reply: reply)


def _default_tier(body: dict[str, Any]) -> dict[str, Any]:
    given = body.get("service_tier")
    return {**body, "service_tier": "default"} if given in ("flex", "priority", "fast") else body


def _snapshot(value: Any) -> Any:
    """The snapshot that an alias stands for."""
    for holder in (value, value.get("response")):
        if isinstance(holder, dict) and holder.get("model") in ("gpt-5.5", "gpt-5.4"):
            holder["model"] += "-2026-04-23"
    return value


def _events_of_others(given: tuple[Frame, ...]) -> tuple[Frame, ...]:
    """Events that a client skips: pings, limits of the account, notes of a router."""
    if not any(isinstance(f.payload, dict) and "response" in f.payload for f in given):
        return given
    told: list[Frame] = []
    for n, frame in enumerate(given):
        told.append(frame)
        if n == 1:
            told += [
                Frame(0, kind, {"type": kind, **more})
                for kind, more in (
                    ("keepalive", {}),
                    ("codex.rate_limits", {"plan_type": "plus", "rate_limits": {"allowed": True}}),
                    ("response.metadata", {"metadata": {"router": "a"}}),
                )
            ]
    return tuple(told)


def _vendors(value: Any) -> Any:
    """Members that nobody documented, at every level."""
    for holder in (value, value.get("response")):
        if not isinstance(holder, dict):
            continue
        if "choices" in holder or "output" in holder:
            holder |= {"request_id": "r-1", "x_route": {"tries": 1}, "latency_ms": 12}
        for choice in holder.get("choices") or []:
            choice["token_ids"] = None
            for name in ("message", "delta"):
                if isinstance(choice.get(name), dict) and choice[name]:
                    choice[name]["x_cost"] = None
        for item in holder["output"] if holder.get("object") == "response" else ():
            item["x_origin"] = "a"
        if isinstance(holder.get("usage"), dict):
            holder["usage"] |= {"queue_time": 0.01, "prompt_cache_hit_tokens": 0, "num_sources": 0}
    if isinstance(value.get("item"), dict):
        value["item"]["x_origin"] = "a"
    return value


def _models(request: Request, reply: GatewayReply, turn: Any = itertools.count()) -> GatewayReply:  # noqa: B008
    """Resellers' lists: old times, members of other APIs, another order each time."""
    body = reply.body
    if reply.status != 200 or not isinstance(body, dict) or "/models" not in request.path:
        return reply
    body = copy.deepcopy(body)
    entries = body["data"] if isinstance(body.get("data"), list) else [body]
    for entry in entries:
        entry |= {"created": 1_626_777_600, "owned_by": "custom", "permission": [], "root": entry.get("id"),
                  "parent": None, "supported_endpoint_types": ["openai"]}  # fmt: skip
    if isinstance(body.get("data"), list):
        at = next(turn) % max(1, len(entries))
        body |= {"data": entries[at:] + entries[:at], "success": True}
    return replace(reply, body=body)


def _noted_errors(_: Request, reply: GatewayReply) -> GatewayReply:
    """Refusals with the number of the request behind their words, and beside them."""
    error = reply.body.get("error") if isinstance(reply.body, dict) else None
    if reply.status < 400 or not isinstance(error, dict):
        return reply
    note = {**error, "message": f"{error.get('message')} (request id: 20261127224501a8Kd03Lq)"}
    return replace(reply, body={"error": note, "request_id": "20261127224501a8Kd03Lq"})


def _uncached(value: Any) -> Any:
    for holder in (value, value.get("response")):
        usage = holder.get("usage") if isinstance(holder, dict) else None
        for name in ("prompt_tokens_details", "input_tokens_details"):
            if isinstance(usage, dict) and isinstance(usage.get(name), dict):
                usage[name]["cached_tokens"] = 0
    return value


class NoCache(Front):
    """Nothing is ever cached, and nothing billed as if it were."""

    def handle(self, request: Request) -> GatewayReply:
        reply = payloads(_uncached)(self._inner).handle(request)
        if reply.charge is None:
            return reply
        usage = replace(reply.charge.usage, cached=0)
        return replace(reply, charge=replace(reply.charge, usage=usage))


class SharedBalance(Front):
    """The balance is used by others at the same time: every so many readings something is gone."""

    def __init__(self, inner: Handler, one_in: int) -> None:
        super().__init__(inner, self._less)
        self._one_in, self._read, self._gone = one_in, 0, Decimal(0)

    def _less(self, request: Request, reply: GatewayReply) -> GatewayReply:
        body = reply.body
        if not (
            request.path.endswith("/credits") and isinstance(body, dict) and "balance_usd" in body
        ):
            return reply
        self._read += 1
        if self._read % self._one_in == 0:
            self._gone += Decimal("0.000315") * (self._read % 5 + 1)
        left = Decimal(str(body["balance_usd"])) - self._gone
        return replace(reply, body={**body, "balance_usd": f"{left:.12f}"})


class RoundedBalance(Front):
    """A balance that is shown with so many decimals; the books are exact."""

    def __init__(self, inner: Handler, decimals: int, number: bool = False) -> None:
        super().__init__(inner, lambda _, reply: reply)
        self._decimals, self._number = decimals, number

    def handle(self, request: Request) -> GatewayReply:
        reply = self._inner.handle(request)
        body = reply.body
        if request.path.endswith("/credits") and isinstance(body, dict) and "balance_usd" in body:
            shown = round(float(body["balance_usd"]), self._decimals)
            value: Any = shown if self._number else f"{shown:.{self._decimals}f}"
            return replace(reply, body={**body, "balance_usd": value})
        return reply


class Moderated(Front):
    """A guard before the model blocks a prompt that asks for a refusal."""

    def handle(self, request: Request) -> GatewayReply:
        reply = self._inner.handle(request)
        if reply.status < 400 and b"Refuse this request." in request.body:
            error = {"message": "Your prompt was flagged by our usage policy.", "type": "invalid_request_error",
                     "param": None, "code": "content_policy_violation"}  # fmt: skip
            kept = tuple(h for h in reply.headers if h[0] in ("date", "x-request-id"))
            return GatewayReply(
                400, (("content-type", "application/json"), *kept), {"error": error}
            )
        return reply


def stacked(*doings: Doing) -> Doing:
    def made(inner: Handler) -> Handler:
        for doing in doings:
            inner = doing(inner)
        return inner

    return made


FRAMING: Final[dict[str, Doing]] = {
    "crlf": _bytes(lambda data: data.replace(b"\n", b"\r\n")),
    "no-space-after-data": _bytes(lambda data: data.replace(b"data: ", b"data:", 1)),
    "space-after-json": _bytes(
        lambda data: data[:-2] + b" \n\n" if data.startswith(b"data: {") else data
    ),
    "retry-field": _bytes(
        lambda data: b"retry: 3000\n" + data if data.startswith((b"data", b"event")) else data
    ),
}
WRITING: Final[dict[str, Doing]] = {
    "ascii-escapes": _written(_escaped),
    "sorted-members": _written(_sorted),
    "indented": changing(lambda _, r: replace(r, body=json.dumps(r.body, indent=2) + "\n") if isinstance(r.body, dict) else r),
}  # fmt: skip
CUTS: Final[dict[str, Doing]] = {
    "role-with-text": _deltas(_first_text_with_role),
    "end-with-text": _deltas(_end_with_text),
    "empty-deltas": _deltas(_empty_between),
    "letters": _deltas(_letters),
    "calls-at-once": _deltas(_calls_at_once),
    "reasoning-content": _deltas(_reasons_aloud),
}
NAMES: Final[dict[str, Doing]] = {
    "ids": lambda inner: Renaming(inner, {"chatcmpl-": "gen-1764-", "call_": "toolu_01", "resp_": "resp-0a-", "msg_": "item-"}),
    "snapshot": payloads(_snapshot),
    "models": changing(_models),
}  # fmt: skip
ADDED: Final[dict[str, Doing]] = {
    "events-of-others": frames(_events_of_others),
    "vendors": payloads(_vendors),
    "noted-errors": changing(_noted_errors),
    "closes": adds(("connection", "close")),
    "proxied": adds(("x-new-api-version", "v1"), ("server-timing", "app;dur=12"), ("x-oneapi-request-id", "2026112722"),
                    ("pragma", "no-cache"), ("expires", "0")),
}  # fmt: skip
LESS: Final[dict[str, Doing]] = {
    "no-rate-headers": _without_headers(
        *(f"x-ratelimit-{a}-{b}" for a in ("limit", "remaining", "reset") for b in ("requests", "tokens")),
        "openai-processing-ms", "openai-version"),
    "tier-downgraded": _asked(_default_tier),
    "never-cached": lambda inner: NoCache(inner, lambda _, reply: reply),
    "balance-6-decimals": lambda inner: RoundedBalance(inner, 6),
    "balance-number": lambda inner: RoundedBalance(inner, 10, number=True),
    "balance-4-decimals": lambda inner: RoundedBalance(inner, 4),
    "balance-of-a-team": lambda inner: SharedBalance(inner, 7),
    "balance-of-a-company": lambda inner: SharedBalance(inner, 2),
    "balance-of-two": lambda inner: SharedBalance(inner, 23),
    "balance-cents": lambda inner: RoundedBalance(inner, 2),
    "moderated": lambda inner: Moderated(inner, lambda _, reply: reply),
}  # fmt: skip
ALL: Final[dict[str, Doing]] = {**FRAMING, **WRITING, **CUTS, **NAMES, **ADDED, **LESS}
_ALONE: Final = {**DOINGS, **FRAMING, **WRITING, **CUTS, **NAMES, **ADDED, **LESS, **FRONTS}


def together(*names: str) -> Doing:
    return stacked(*(_ALONE[name] for name in names))


# Refusals and delays change the way of a run, so that they stand by themselves.
APART: Final = (
    "headers-limited-by-a-front", "slow", "one-of-ten-503", "one-of-seven-429", "one-of-nine-concurrency",
    "one-of-twelve-500", "book-2-s-late", "book-5-s-late", "reserves-and-refunds", "reserves-long",
)  # fmt: skip
TOGETHER: Final[dict[str, Doing]] = {
    "front": together(
        "cookies", "organization", "cloudflare", "hops", "azure-prompt-filter", "vendor-members", "obfuscation", "comments",
        "small-segments", "413-over-4-mib", "firewall-on-odd-bodies", "routes-of-a-front", "methods-of-a-front",
        "limits-of-a-front", "timing-headers", "date-6-s-ahead", "charset", "fingerprints",
    ),
    "bad-days": together(
        "one-of-hundred-520", "one-of-twenty-502-page", "one-of-thirty-529", "a-deployment", "clock-7-s-behind",
        "one-of-fifty-10-s-slow", "whole-numbers", "closes-now-and-then", "should-retry",
    ),
    "other-hand": together(
        "letters", "end-with-text", "reasoning-content", "ids", "snapshot", "models", "vendors", "events-of-others",
        "noted-errors", "proxied", "no-rate-headers", "balance-4-decimals", "ascii-escapes", "crlf",
    ),
    "other-cuts": together(
        "role-with-text", "empty-deltas", "calls-at-once", "tier-downgraded", "never-cached", "moderated", "closes",
        "balance-number", "sorted-members", "space-after-json", "retry-field",
    ),
    "two-events-a-segment": _ALONE["two-events-a-segment"],
    **{name: _ALONE[name] for name in APART},
}  # fmt: skip
"""What the tests try: many at once, as they come in life too. `--every-fault` tries each alone."""
ALL: Final = _ALONE


def main() -> None:
    import sys

    from tests.innocents.test_innocents import accused, judged

    for name in sys.argv[1:] or ALL:
        said = accused(judged((TOGETHER | ALL)[name]))
        print(f"{name}: {len(said)} accusations", *said, sep="\n  ", flush=True)


if __name__ == "__main__":
    main()
