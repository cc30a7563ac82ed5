"""The reference gateway with something taken away, in this process, judged as anybody's server."""

import asyncio
import json
from collections.abc import Callable
from functools import cache

from conformance.judging.area import catalogue
from conformance.judging.judge import Judge, Result
from conformance.running.budget import Budget
from conformance.running.planned import plan, probes
from conformance.running.profiles import load_profile
from conformance.running.schedule import Schedule
from gateway.core import Gateway
from gateway.frames import GatewayReply, Piece
from tests.direct import DirectSender
from wire.exchange import Request

Given = tuple[int, str, bytes] | None
"""Status, media type and body of an answer, or None where the gateway answers."""
MODEL = "gpt-5.5"
JSON = "application/json"


def refusal(status: int, message: str, code: str | None = None) -> tuple[int, str, bytes]:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return status, JSON, json.dumps({"error": error}).encode()


def below(path: str) -> Callable[[Request], Given]:
    """Nothing is served there."""
    return lambda r: (
        refusal(404, "Not Found") if r.path.partition("?")[0].startswith(f"/v1{path}") else None
    )


def always(status: int, body: bytes, media_type: str = JSON) -> Callable[[Request], Given]:
    return lambda _: (status, media_type, body)


def without(*members: str, message: str) -> Callable[[Request], Given]:
    """Requests with one of these members are refused."""
    return lambda r: refusal(400, message) if any(r.params.get(name) for name in members) else None


SERVERS: dict[str, Callable[[Request], Given]] = {
    "no responses": below("/responses"),
    "no models": below("/models"),
    "no chat": below("/chat"),
    "nothing": lambda _: refusal(404, "Not Found"),
    "no entrance": lambda _: refusal(401, "Incorrect API key", "invalid_api_key"),
    "always broken": lambda _: refusal(500, "oops"),
    "empty objects": always(200, b"{}"),
    "empty bodies": always(200, b""),
    "empty streams": always(200, b"data: [DONE]\n\n", "text/event-stream"),
    "no streams": without("stream", message="streaming is not supported"),
    "no tools": without("tools", message="tools are not supported"),
}


class Lacking:
    """A gateway that answers some requests with what it is given."""

    def __init__(self, lacks: Callable[[Request], Given]) -> None:
        self.gateway, self.lacks = Gateway(seed=1), lacks

    def handle(self, request: Request) -> GatewayReply:
        reply = self.gateway.handle(request)
        given = self.lacks(request)
        if given is None:
            return reply
        status, media_type, body = given
        kept = tuple(h for h in reply.headers if h[0] in {"date", "x-request-id"})
        headers = (*kept, ("content-type", media_type), ("content-length", str(len(body))))
        return GatewayReply(status, headers, pieces=(Piece(0, body),))

    def settle(self, reply: GatewayReply, sent: int | None = None) -> None:
        """Nothing is booked."""


@cache
def results(name: str) -> dict[str, Result]:
    """Verdicts of a whole run by requirement, under profile `openai`."""
    handler, known, profile = Lacking(SERVERS[name]), catalogue(), load_profile("openai")
    keys = {"main": handler.gateway.keys.secrets["codex"]}
    everything = probes(known)
    steps = plan(everything, everything, profile, (MODEL,))

    async def sent():
        async with DirectSender(handler, keys) as sender:
            schedule = Schedule(sender, profile, Budget(profile))
            await schedule.run(steps)
            return schedule.traffic

    traffic = asyncio.run(sent())
    judge = Judge(known, profile, tuple(traffic.all()), traffic.unsent)
    rows = [row for row in known.requirements.values() if not row.excluded]
    return {row.id: judge.result(row, MODEL if row.per_model else "") for row in rows}
