"""Money: what a request may cost at most, and a limit that holds."""

from dataclasses import dataclass, field
from decimal import Decimal

from conformance.judging.profile import Price, Profile
from wire.exchange import Exchange, Request
from wire.usage import Usage

# The dearest common rate stands in for a model without a price: an estimate must not be too low.
DEAREST = Price(Decimal(5), Decimal("0.5"), Decimal(30))
MILLION = Decimal(1_000_000)
BYTES_A_TOKEN = 4
FRAME_TOKENS = 20


def cost_usd(price: Price, usage: Usage) -> Decimal:
    """Dollars for a usage: cached tokens are part of the prompt, reasoning part of the output."""
    prompt, cached = usage.prompt_tokens or 0, usage.cached_tokens or 0
    output = usage.completion_tokens or 0
    return (
        (prompt - cached) * price.input + cached * price.cached + output * price.output
    ) / MILLION


def estimate_usd(profile: Profile, model: str, request: Request, output_tokens: int) -> Decimal:
    """The most that a request is expected to cost: four bytes a prompt token, all output used."""
    if not output_tokens:
        return Decimal(0)
    price = profile.price(model) or DEAREST
    prompt_tokens = len(request.body) // BYTES_A_TOKEN + FRAME_TOKENS
    return (prompt_tokens * price.input + output_tokens * price.output) / MILLION


@dataclass
class Budget:
    """What was spent, what is in flight, and the limit. The one mutable account of a run."""

    profile: Profile
    limit_usd: Decimal | None = None
    spent_usd: Decimal = Decimal(0)
    reserved_usd: Decimal = Decimal(0)
    requests: int = 0
    billable_requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    refused: list[str] = field(default_factory=list)

    def reserve(self, probe: str, estimate: Decimal) -> bool:
        """Whether a request may be sent; its estimate is held back until it is settled."""
        if (
            self.limit_usd is not None
            and estimate
            and self.spent_usd + self.reserved_usd + estimate > self.limit_usd
        ):
            self.refused.append(probe)
            return False
        self.reserved_usd += estimate
        return True

    def settle(self, exchange: Exchange, estimate: Decimal, *, scripted: bool = False) -> None:
        """Book what an answered request really cost by its usage; by its estimate if it has none.

        `scripted`: the usage was dictated by the probe, so it is no measure of anything.
        """
        self.reserved_usd -= estimate
        self.requests += 1 + len(exchange.attempts)
        if not exchange.ok or exchange.request.method != "POST":
            return
        usage = None if scripted else usage_of(exchange)
        if usage is None:
            if estimate:
                self.billable_requests += 1
                self.spent_usd += min(estimate, self._guess(exchange))
            return
        self.billable_requests += 1
        self.prompt_tokens += usage.prompt_tokens or 0
        self.completion_tokens += usage.completion_tokens or 0
        self.spent_usd += cost_usd(self.profile.price(exchange.model or "") or DEAREST, usage)

    def _guess(self, exchange: Exchange) -> Decimal:
        """What a stream without usage may have cost: an event is a token, or less."""
        prompt = len(exchange.request.body) // BYTES_A_TOKEN + FRAME_TOKENS
        usage = Usage(prompt_tokens=prompt, completion_tokens=len(exchange.reply.events) or prompt)
        return cost_usd(self.profile.price(exchange.model or "") or DEAREST, usage)


def usage_of(exchange: Exchange) -> Usage | None:
    """The usage that an answer reports, plain or streamed, chat or Responses."""
    for _, value in exchange.objects():
        if not isinstance(value, dict):
            continue
        for holder in (value, value.get("response")):
            if isinstance(holder, dict) and isinstance(holder.get("usage"), dict):
                return Usage.of(holder["usage"])
    return None
