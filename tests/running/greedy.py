"""A server that takes everything, keeps no limit, and is paid by the token."""

import asyncio
from collections.abc import Callable, Iterable
from decimal import Decimal

from conformance.judging.area import catalogue
from conformance.judging.profile import Profile
from conformance.running import planned
from conformance.running.announced import Announcement
from conformance.running.budget import Budget
from conformance.running.first_look import FirstLook, Looker
from conformance.running.planned import plan
from conformance.running.property import Property
from conformance.running.schedule import Schedule, Terms, Traffic
from gateway.frames import Frame, GatewayReply
from tests.direct import DirectSender
from wire.endpoint import Endpoint, endpoint_of
from wire.exchange import Request

JSON = (("content-type", "application/json"),)
STREAM = (("content-type", "text/event-stream"),)
TOKENS = 4_000
TEXT = "word " * TOKENS


class Greedy:
    """Answers each request with so many tokens for each choice, whatever it says."""

    def __init__(
        self, obeys: Callable[[Request], bool] = lambda _: False, unlimited: int = TOKENS
    ) -> None:
        self.unlimited = unlimited
        self.obeys = obeys
        self.billed = 0

    def handle(self, request: Request) -> GatewayReply:
        endpoint = endpoint_of(request.method, request.path)
        if endpoint is Endpoint.MODELS:
            listed = [{"id": "m", "object": "model", "created": 1, "owned_by": "us"}]
            return GatewayReply(200, JSON, {"object": "list", "data": listed})
        if request.method != "POST" or endpoint not in {Endpoint.CHAT, Endpoint.RESPONSES}:
            return GatewayReply(200, JSON, {"object": "model", "id": "m"})
        params = request.params
        limits = ("max_completion_tokens", "max_output_tokens", "max_tokens")
        limit = next((n for name in limits if type(n := params.get(name)) is int and n > 0), None)
        tokens = self.unlimited if limit is None else TOKENS
        tokens = min(tokens, limit) if limit and self.obeys(request) else tokens
        number = params.get("n")
        number = number if type(number) is int and 1 <= number <= 128 else 1
        self.billed += tokens * number
        if params.get("stream") is True:
            delta = {"choices": [{"index": 0, "delta": {"content": "word "}}]}
            frames = [Frame(0, "", delta) for _ in range(tokens)]
            return GatewayReply(200, STREAM, frames=(*frames, Frame(0, "", "[DONE]")))
        usage = {"prompt_tokens": 20, "completion_tokens": tokens * number}
        if endpoint is Endpoint.RESPONSES:
            usage = {"input_tokens": 20, "output_tokens": tokens}
            part = {"type": "output_text", "text": TEXT}
            item = {"type": "message", "role": "assistant", "content": [part]}
            body = {"id": "resp_1", "object": "response", "status": "completed", "output": [item]}
            return GatewayReply(200, JSON, {**body, "usage": usage})
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": TEXT},
            "finish_reason": "stop",
        }
        body = {"id": "1", "object": "chat.completion", "choices": [choice] * number}
        return GatewayReply(200, JSON, {**body, "usage": usage})

    def settle(self, reply: GatewayReply, sent: int) -> None:
        """Nothing is kept."""


def judged(
    server: Greedy,
    profile: Profile,
    *,
    limit_usd: Decimal | None = None,
    models: tuple[str, ...] = ("m",),
    probes: Iterable[str] | None = None,
) -> tuple[FirstLook, Budget, Traffic]:
    """A whole run against it: first look, plan, announcement, traffic."""

    async def run() -> tuple[FirstLook, Budget, Traffic]:
        async with DirectSender(server, {"main": "sk-" + "k" * 20}) as sender:
            look = await Looker(sender, profile, models, Budget(profile, limit_usd)).look(
                "http://g"
            )
            budget = Budget(profile, limit_usd)
            look.teach(budget)
            known = catalogue()
            every = planned.probes(known)
            steps = plan(every, every if probes is None else probes, profile, models)
            properties = planned.properties(known).values() if probes is None else ()
            trials = [(p, m) for p in properties for m in models]
            trials = [t for t in trials if profile.claims_feature(t[0].probe.feature)]
            whole = _announced(budget, profile, look, steps, trials) + look.spent_usd
            budget.announced_usd = whole if limit_usd is None else min(whole, limit_usd)
            terms = Terms(offer=look.offer)
            schedule = Schedule(sender, profile, budget, terms=terms)
            await schedule.run(steps)
            for prop, model in trials:
                await schedule.attempt(prop, model, number=0, keep=False)
            return look, budget, schedule.traffic

    return asyncio.run(run())


def _announced(
    budget: Budget,
    profile: Profile,
    look: FirstLook,
    steps: list,
    trials: list[tuple[Property, str]],
) -> Decimal:
    return Announcement(budget, profile, look.offer, frozenset({"main"})).usd(steps, trials)
