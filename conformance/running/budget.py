"""Money: what a request may cost at most, what it cost, and the limits that hold."""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from conformance.judging.fees import fees_usd, most_fees_usd
from conformance.judging.profile import Price, Profile
from conformance.running.output_limit import OutputLimit, choices, generates
from conformance.running.probe import Probe
from wire.exchange import Ended, Exchange, Request
from wire.usage import Usage

# The dearest common rate stands in for a model without a price: an estimate must not be too low.
DEAREST = Price(Decimal(5), Decimal("0.5"), Decimal(30))
MILLION = Decimal(1_000_000)
BYTES_A_TOKEN = 4
FRAME_TOKENS = 20
_SPACES: Final = re.compile(rb" {100,}")
SPACES_A_TOKEN: Final = 64
"""Every published vocabulary has tokens for long runs of spaces, most of them for 128 at once."""
OBJECT_TOKENS: Final = 800
"""What the object around an answer takes, by its bytes."""
LARGEST: Final = 5
"""So many of the dearest answers are named in the report."""
MOST_TOKENS: Final = 10_000_000
"""More than any answer can use: a usage beyond it is no number to reckon with."""


def guessed_tokens(body: bytes) -> int:
    """Tokens of a request that nobody has counted, by its length."""
    spaces = sum(len(found) for found in _SPACES.findall(body))
    return (len(body) - spaces) // BYTES_A_TOKEN + spaces // SPACES_A_TOKEN + FRAME_TOKENS


def cost_usd(price: Price, usage: Usage) -> Decimal:
    """Dollars for a usage: cached tokens are part of the prompt, reasoning part of the output."""
    prompt, cached = _bounded(usage.prompt_tokens), _bounded(usage.cached_tokens)
    output = _bounded(usage.completion_tokens)
    cached = min(cached, prompt)
    return (
        (prompt - cached) * price.input + cached * price.cached + output * price.output
    ) / MILLION


def _bounded(tokens: int | None) -> int:
    return max(0, min(tokens or 0, MOST_TOKENS))


@dataclass(frozen=True)
class Spent:
    """One answer and what it cost."""

    usd: Decimal
    exchange: str
    model: str
    completion_tokens: int

    def as_json(self) -> dict[str, Any]:
        return {
            "exchange": self.exchange,
            "model": self.model,
            "usd": round(float(self.usd), 6),
            "completion_tokens": self.completion_tokens,
        }


@dataclass
class Budget:
    """What was spent, what is in flight, and the limits. The one mutable account of a run."""

    profile: Profile
    limit_usd: Decimal | None = None
    """What the user allows."""
    announced_usd: Decimal | None = None
    """What was said before the first request of the plan: it holds like a limit."""
    limits: OutputLimit = field(default_factory=OutputLimit)
    prompt_ratio: Decimal = Decimal(1)
    """Tokens of a prompt as the server counts them, by our own count of them."""
    excess_tokens: int = 0
    """The most output of one choice that passed its limit: who did it once may do it again."""
    unbounded_tokens: int = 0
    """The same where the limit was no limit: out of bounds, or none."""
    accepts_bad: bool = False
    """A request that had to be refused was answered: from now on they are reckoned with."""
    spent_usd: Decimal = Decimal(0)
    reserved_usd: Decimal = Decimal(0)
    requests: int = 0
    billable_requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    largest: list[Spent] = field(default_factory=list)

    def worst_usd(self, model: str, request: Request, probe: Probe) -> Decimal:
        """The most that a request can cost: all output that it allows, or that such answers had."""
        if not generates(request) and not probe.billable:
            return Decimal(0)
        number = choices(request.params)
        bounded = self.limits.is_limited(request)
        seen = self.excess_tokens if bounded else self.unbounded_tokens
        output = max(self.limits.share(request, probe), seen * number)
        return self.cost_usd(model, request, output) + most_fees_usd(request)

    def cost_usd(self, model: str, request: Request, output_tokens: int) -> Decimal:
        """Dollars for a request's own prompt, four bytes a token, and so much output."""
        prompt_tokens = self.prompt_ratio * guessed_tokens(request.body)
        return self.tokens_usd(model, prompt_tokens, output_tokens)

    def tokens_usd(self, model: str, prompt_tokens: Decimal | int, output_tokens: int) -> Decimal:
        """Dollars for tokens that nothing was cached of."""
        price = self.profile.price(model) or DEAREST
        return (prompt_tokens * price.input + output_tokens * price.output) / MILLION

    def reserve(self, worst_usd: Decimal, probe: Probe) -> str:
        """Hold back what a request may cost until it is settled; the reason when it must not go out.

        What must be refused costs nothing, and is not held back before a server has accepted such.
        """
        if worst_usd and (probe.billable or self.accepts_bad):
            after = self.spent_usd + self.reserved_usd + worst_usd
            if self.limit_usd is not None and after > self.limit_usd:
                return f"--max-cost {self.limit_usd} would be passed: raise it"
            if self.announced_usd is not None and after > self.announced_usd:
                return (
                    f"the announced maximum of ${self.announced_usd:.4f} would be passed, because "
                    "answers cost more than their limits allow or bad requests were answered: "
                    "a higher --max-cost lifts it"
                )
        self.reserved_usd += worst_usd
        return ""

    def spares(self, worst_usd: Decimal) -> bool:
        """Whether so much is a hundredth of what is left at most: for what can be done without."""
        return self.limit_usd is None or 100 * worst_usd <= self.limit_usd - self.spent_usd

    def settle(
        self, exchange: Exchange, worst_usd: Decimal, probe: Probe, *, scripted: bool = False
    ) -> None:
        """Book what an answered request really cost by its usage; by its length if it has none.

        `scripted`: the usage was dictated by the probe, so it is no measure of anything.
        """
        self.reserved_usd -= worst_usd
        self.requests += 1 + len(exchange.attempts)
        if not worst_usd:
            return
        if not exchange.ok:
            # Nobody can say whether work that was given up is billed: the promise counts it.
            if probe.billable and exchange.connection.ended is Ended.TIMEOUT:
                self._book(exchange, worst_usd, Usage())
            return
        self.accepts_bad = self.accepts_bad or not probe.billable
        usage = None if scripted else usage_of(exchange)
        if usage is None:
            guess = self.guess(exchange, probe)
            usd = cost_usd(self._price(exchange), guess) + fees_usd(exchange)
            self._book(exchange, min(worst_usd, usd) if scripted else usd, Usage())
            return
        self._book(exchange, cost_usd(self._price(exchange), usage) + fees_usd(exchange), usage)
        number = choices(exchange.request.params)
        output = _bounded(usage.completion_tokens)
        if output > self.limits.share(exchange.request, probe):
            each = -(-output // number)
            self.unbounded_tokens = max(self.unbounded_tokens, each)
            if self.limits.is_limited(exchange.request):
                self.excess_tokens = max(self.excess_tokens, each)

    def foreign_usd(self, exchange: Exchange, model: str) -> Decimal:
        """What an answer cost that no probe asked for: by its usage, or by its length."""
        usage = self._foreign_usage(exchange)
        price = self.profile.price(exchange.model or model) or DEAREST
        return cost_usd(price, usage) + fees_usd(exchange) if usage else Decimal(0)

    def book_foreign(self, exchange: Exchange, model: str) -> None:
        """Book a request that a client of its own made, like one of ours."""
        self.requests += 1 + len(exchange.attempts)
        if usage := self._foreign_usage(exchange):
            self._book(exchange, self.foreign_usd(exchange, model), usage)

    def _foreign_usage(self, exchange: Exchange) -> Usage | None:
        if not exchange.ok or not generates(exchange.request):
            return None
        reply = exchange.reply
        written = len(reply.events) if reply.is_stream else len(reply.body) // BYTES_A_TOKEN
        prompt = guessed_tokens(exchange.request.body)
        return usage_of(exchange) or Usage(prompt_tokens=prompt, completion_tokens=written)

    def as_json(self) -> dict[str, Any]:
        """The account as plain values, for other processes."""
        return {
            "announced_usd": None if self.announced_usd is None else str(self.announced_usd),
            "spent_usd": str(self.spent_usd),
            "requests": self.requests,
            "billable_requests": self.billable_requests,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "largest": [
                [str(s.usd), s.exchange, s.model, s.completion_tokens] for s in self.largest
            ],
        }

    def restore(self, values: dict[str, Any]) -> None:
        """Take over the account of another process."""
        announced = values["announced_usd"]
        self.announced_usd = None if announced is None else Decimal(announced)
        self.spent_usd = Decimal(values["spent_usd"])
        self.requests = values["requests"]
        self.billable_requests = values["billable_requests"]
        self.prompt_tokens = values["prompt_tokens"]
        self.completion_tokens = values["completion_tokens"]
        self.largest = [Spent(Decimal(row[0]), *row[1:]) for row in values["largest"]]

    def _book(self, exchange: Exchange, usd: Decimal, usage: Usage) -> None:
        output = _bounded(usage.completion_tokens)
        self.spent_usd += usd
        self.billable_requests += 1
        self.prompt_tokens += _bounded(usage.prompt_tokens)
        self.completion_tokens += output
        self.largest.append(Spent(usd, exchange.id, exchange.model or "", output))
        self.largest.sort(key=lambda spent: -spent.usd)
        del self.largest[LARGEST:]

    def _price(self, exchange: Exchange) -> Price:
        return self.profile.price(exchange.model or "") or DEAREST

    def guess(self, exchange: Exchange, probe: Probe) -> Usage:
        """What an answer without usage may have used: an event is a token, or what its limit allows."""
        prompt = guessed_tokens(exchange.request.body)
        reply, share = exchange.reply, self.limits.share(exchange.request, probe)
        written = len(reply.body) // BYTES_A_TOKEN
        output = share if written <= share + OBJECT_TOKENS else written
        return Usage(
            prompt_tokens=prompt,
            completion_tokens=len(reply.events) if reply.is_stream else output,
        )


def usage_of(exchange: Exchange) -> Usage | None:
    """The last usage that an answer reports, plain or streamed, chat or Responses.

    Some servers send one with every event, of what they have written so far.
    """
    found = None
    for _, value in exchange.objects():
        if not isinstance(value, dict):
            continue
        for holder in (value, value.get("response")):
            if isinstance(holder, dict):
                found = Usage.of(holder.get("usage")) or found
    return found
