"""The first look at a target: what it is, what it offers, whether it stops where it is told to.

It comes before the plan. A run that can make no sense ends here, with what would make sense.
"""

import asyncio
import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

from conformance.causes.traits import error_text
from conformance.judging.answer import error_of, status_line
from conformance.judging.declined import AWAY
from conformance.judging.finding import show
from conformance.judging.profile import Profile
from conformance.judging.route import MISSING
from conformance.running.budget import Budget, usage_of
from conformance.running.first_answer import (
    LIMIT,
    THINKING,
    Looked,
    api,
    is_html,
    models_of,
    not_there,
    owner_of,
    said,
    unknown_model,
    what_came,
)
from conformance.running.greedy import Greedy
from conformance.running.offer import Offer
from conformance.running.output_limit import NAMES, OutputLimit, generates
from conformance.running.probe import Handling, Probe, get, post
from conformance.running.sender import Sender
from conformance.running.target import BadTarget, Target, likely
from wire.endpoint import Endpoint
from wire.exchange import Ended, Exchange, Request

LISTING: Final = Probe("first-look.models", lambda _: get("/models"), output_tokens=0)
ASKING: Final = Probe("first-look.asking", lambda _: get("/"), output_tokens=16)
REFUSED: Final = Probe("first-look.refused", lambda _: get("/"), output_tokens=0)
SCRIPTED: Final = "You said: Nine birds"
"""What only the reference gateway's model answers to it."""
PATHS: Final = {Endpoint.CHAT: "/chat/completions", Endpoint.RESPONSES: "/responses"}
NEAREST: Final = 8
SILENCE_S: Final = 30.0
DRIBBLE_S: Final = 10.0
"""What is asked here is written in a moment once it begins: so much longer may its bytes dribble in."""
_NEEDED: Final = (
    "--header 'NAME: VALUE' sends a header that it needs, --extra-body a member of the body"
)
_KEY: Final = "set CONFORMANCE_API_KEY to a key that may use the model"
REFUSALS: Final = {
    400: _NEEDED, 401: _KEY, 402: "the key has no credit left", 403: _KEY, 412: _NEEDED, 422: _NEEDED, 428: _NEEDED,
}  # fmt: skip
"""What to do about a status that answers everything."""


@dataclass(frozen=True)
class FirstLook:
    """What was seen. Plain values only, so that it can cross a process border."""

    base_url: str
    models: tuple[str, ...] = ()
    """The models that are listed."""
    server: str = ""
    owner: str = ""
    proxy: str = ""
    """The proxy that lies between, empty for none."""
    offer: Offer = field(default_factory=Offer)
    greedy: Greedy = field(default_factory=Greedy)
    limits: OutputLimit = field(default_factory=OutputLimit)
    prompt_ratio: Decimal = Decimal(1)
    excess_tokens: int = 0
    accepts_bad: bool = False
    first_s: float | None = None
    first_tokens: int = 0
    is_reference: bool = False
    """The scripted model of the reference gateway answered: what it will cost is known."""
    account: Mapping[str, Any] = field(default_factory=dict)
    """What the look itself cost, as `Budget.as_json`."""

    @property
    def spent_usd(self) -> Decimal:
        return Decimal(self.account.get("spent_usd", "0"))

    def teach(self, budget: Budget) -> None:
        """A budget learns what was seen, and takes over what was spent for it."""
        budget.limits = self.limits
        budget.prompt_ratio = self.prompt_ratio
        budget.excess_tokens = budget.unbounded_tokens = self.excess_tokens
        budget.accepts_bad = self.accepts_bad
        if self.account:
            budget.restore(dict(self.account))

    def lines(self) -> list[str]:
        """What it was, for the header of a run."""
        told = [word for word in (self.server, self.owner and f"models of {self.owner}") if word]
        lines = [f"first look: {', '.join(told)}"] if told else []
        if self.proxy:
            lines.append(
                f"proxy: {self.proxy} (NO_PROXY={urlsplit(self.base_url).hostname} goes past it)"
            )
        lines += [
            f"not offered: {endpoint.value}: {why}" for endpoint, why in self.offer.absent.items()
        ]
        if self.offer.keyless:
            lines.append(f"keys: {self.offer.keyless}; rows about keys are not offered")
        if self.greedy.taken:
            lines.append("temperature 0 is taken: what a model is told to repeat is asked with it")
        if self.excess_tokens:
            lines.append(
                f"limits of output are not kept: {self.excess_tokens} tokens where {LIMIT} were allowed"
            )
        return lines


class Looker:
    """Asks a target the few things that a plan depends on; raises `BadTarget` when none makes sense."""

    def __init__(
        self, sender: Sender, profile: Profile, models: tuple[str, ...], budget: Budget
    ) -> None:
        self._sender = sender
        self._profile = profile
        self._models = models
        self._budget = budget
        self._has_key = "main" in sender.target.keys
        self._last: Exchange | None = None

    async def look(self, given: str) -> FirstLook:
        """The whole first look; `given` is the address as it was typed."""
        listing = await self._send(LISTING, get("/models"))
        refuse_unreachable(listing, self._sender.target)
        if listing.reply.status in {401, 403} and self._has_key:
            await self._refuse_key(listing)
        listed = models_of(listing)
        models = self._models or (listed if len(listed) == 1 else ())
        absent: dict[Endpoint, str] = {}
        if listing.reply.status in MISSING or is_html(listing):
            absent[Endpoint.MODELS] = what_came(listing)
        if not models:
            if absent or not listing.ok or not listed:
                await self._refuse_address(given, listing, absent)
            known = ", ".join(listed[:NEAREST]) or "none"
            raise BadTarget(f"name a model with --model (the target lists: {known})")
        chat = await self._asked(Endpoint.CHAT, models[0])
        answers = {Endpoint.CHAT: chat}
        if self._profile.claims_feature("responses") or not chat.answer.ok:
            answers[Endpoint.RESPONSES] = await self._asked(Endpoint.RESPONSES, models[0])
        for endpoint, asked in answers.items():
            if not_there(asked.answer, models[0]):
                absent[endpoint] = what_came(asked.answer)
        self._refuse_endless([asked.answer for asked in answers.values()])
        self._refuse_away([listing, *(asked.answer for asked in answers.values())])
        self._refuse_redirection([listing, *(asked.answer for asked in answers.values())])
        if set(answers) <= set(absent) or all(not api(a.answer) for a in answers.values()):
            await self._refuse_address(given, chat.answer, absent)
        await self._refuse_models(models, listed, answers)
        self._refuse_refusal([a.answer for e, a in answers.items() if e not in absent])
        keyless = await self._keyless(answers, absent, models[0])
        offered = [asked for endpoint, asked in answers.items() if endpoint not in absent]
        # The very first may have waited for a model to be loaded.
        first = min((a for a in offered if a.whole), key=lambda a: a.seconds, default=None)
        bad = await self._bad(next(e for e in answers if e not in absent), models[0])
        greedy = await self._greedy([a for a in offered if a.whole], models)
        return FirstLook(
            base_url=self._sender.target.base_url,
            models=listed,
            server=(chat.answer.reply.header("server") or "")[:60],
            owner=owner_of(listing),
            proxy=self._sender.target.proxy_shown,
            offer=Offer(absent, keyless),
            greedy=greedy,
            limits=OutputLimit(
                {endpoint: asked.member for endpoint, asked in answers.items()},
                max((asked.thinking_tokens for asked in offered), default=0),
            ),
            prompt_ratio=max((asked.prompt_ratio for asked in offered), default=Decimal(1)),
            excess_tokens=max((asked.excess_tokens for asked in offered), default=0),
            accepts_bad=bad,
            first_s=first.seconds if first else None,
            first_tokens=first.tokens if first else 0,
            is_reference=first is not None and SCRIPTED in first.answer.reply.text,
            account=self._budget.as_json(),
        )

    async def _send(self, probe: Probe, request: Request, key: str = "main") -> Exchange:
        share = THINKING if generates(request) else None  # a list of models may be long
        silence_s = min(self._sender.target.timeout_s, SILENCE_S)
        probe = replace(
            probe, key=key, retry=probe.billable, per_model=False,
            handling=Handling(share_tokens=share, timeout_s=silence_s, whole_s=silence_s + DRIBBLE_S),
        )  # fmt: skip
        worst_usd = self._budget.worst_usd("", request, probe)
        if reason := self._budget.reserve(worst_usd, probe):
            self._refuse_price(reason)
        exchange = await self._sender.send(probe, request, "")
        self._last = exchange
        self._budget.settle(exchange, worst_usd, probe)
        return exchange

    def _refuse_price(self, reason: str) -> NoReturn:
        """No money for the next request: because of what came before, where that is nothing of the API."""
        last = self._last
        if last is not None and not api(last):
            size = len(last.reply.body)
            raise BadTarget(
                f"{self._sender.target.base_url} has nothing of the API ({what_came(last)}, {size:,} bytes that "
                f"are no answer and may cost ${self._budget.spent_usd:.2f}): is --base-url the API's address?"
            )
        if last is not None and usage_of(last) is None:
            size = len(last.reply.body)
            reason = f"{what_came(last)}, {size:,} bytes without a usage, which may cost ${self._budget.spent_usd:.2f}, and {reason}"
        raise BadTarget(f"not even the first look can be paid for: {reason}")

    def _refuse_endless(self, answers: list[Exchange]) -> None:
        """Every answer begins and none ends."""
        if all(x.reply.status and x.connection.ended is Ended.TIMEOUT for x in answers):
            raise BadTarget(
                f"{self._sender.target.base_url} gives no whole answer ({what_came(answers[0])}): every body "
                "begins and none ends, as its Content-Length, chunks or closing would say"
            )

    def _refuse_away(self, answers: list[Exchange]) -> None:
        """What lies before the API says that it is not there."""
        if all(x.reply.status in AWAY for x in answers):
            raise BadTarget(
                f"{self._sender.target.base_url} answers whatever is asked with HTTP {status_line(answers[-1])}: "
                "nothing can be judged before the server behind it is back"
            )

    async def _asked(self, endpoint: Endpoint, model: str) -> Looked:
        """One plain request with a limit, by the first of its names that the server knows and keeps."""
        found: list[Looked] = []
        for member in (*NAMES[endpoint], ""):
            body = {"model": model, **said(endpoint), **({member: LIMIT} if member else {})}
            looked = Looked(endpoint, member, await self._send(ASKING, post(PATHS[endpoint], body)))
            found.append(looked)
            if not (looked.refused_limit or looked.excess_tokens):
                break
            if looked.excess_tokens and found[0].answer.ok and member == NAMES[endpoint][-1]:
                break
        best = min(found, key=lambda looked: (not looked.answer.ok, looked.excess_tokens))
        if best.cut_thinking:
            more = {best.member: THINKING} if best.member else {}
            body = {"model": model, **said(endpoint), **more}
            again = Looked(
                endpoint, best.member, await self._send(ASKING, post(PATHS[endpoint], body))
            )
            best = replace(best, thinking_tokens=again.reasoning_tokens or THINKING)
        return best

    async def _bad(self, endpoint: Endpoint, model: str) -> bool:
        """Whether a request that nobody should answer is answered."""
        member = NAMES[endpoint][-1]
        body = {"model": model, **said(endpoint), member: LIMIT, "temperature": "hot"}
        return (await self._send(REFUSED, post(PATHS[endpoint], body))).ok

    async def _greedy(self, answers: list[Looked], models: tuple[str, ...]) -> Greedy:
        """Where temperature 0 is taken, by models that do not think and are not scripted."""
        taken: set[tuple[Endpoint, str]] = set()
        for looked in answers:
            if looked.reasoning_tokens or SCRIPTED in looked.answer.reply.text:
                continue
            limit = {looked.member: LIMIT} if looked.member else {}
            for model in models:
                body = {"model": model, **said(looked.endpoint), **limit, "temperature": 0}
                request = post(PATHS[looked.endpoint], body)
                if self._budget.spares(self._budget.worst_usd("", request, ASKING)):
                    answer = await self._send(ASKING, request)
                    if answer.ok and answer.connection.ended is Ended.COMPLETE:
                        taken.add((looked.endpoint, model))
        return Greedy(frozenset(taken))

    async def _keyless(
        self, answers: Mapping[Endpoint, Looked], absent: Mapping[Endpoint, str], model: str
    ) -> str:
        """How it was seen that no key is needed, or nothing.

        A key that was given for this suite says that keys matter: what then needs none is a fault. One
        that lies around for other programs says nothing.
        """
        endpoint = next((e for e, a in answers.items() if e not in absent and a.answer.ok), None)
        if endpoint is None:
            return ""
        if not self._has_key:
            return "the server answers without a key"
        if not self._sender.target.by_chance:
            return ""
        for key in ("", "sk-first-look-no-such-key"):
            body = {"model": model, **said(endpoint), NAMES[endpoint][-1]: LIMIT}
            headers = (("authorization", f"Bearer {key}"),) if key else ()
            probe = replace(ASKING, name="first-look.keyless")
            if not (await self._send(probe, post(PATHS[endpoint], body, *headers), "")).ok:
                return ""
        return "the server answers without a key and with any"

    async def _refuse_key(self, listing: Exchange) -> None:
        """A key that not even a malformed request gets past is no key."""
        chat = await self._send(LISTING, post(PATHS[Endpoint.CHAT], {}))
        if chat.reply.status in {401, 403}:
            raise BadTarget(
                f"{self._sender.target.base_url} refuses the key (HTTP {listing.reply.status}): "
                "set CONFORMANCE_API_KEY to a valid key"
            )

    def _refuse_redirection(self, answers: list[Exchange]) -> None:
        """Whatever is asked is sent elsewhere. A key must not go where a server points, so nothing follows."""
        if all(300 <= x.reply.status < 400 for x in answers):
            last = answers[-1]
            where = show(last.reply.header("location") or "nowhere", 120)
            raise BadTarget(
                f"{self._sender.target.base_url} redirects whatever is asked ({what_came(last)}, to {where}), "
                "and keys do not follow a redirection: give the address where it ends as --base-url"
            )

    def _refuse_refusal(self, answers: list[Exchange]) -> None:
        """The plainest request is refused, in the same words wherever it goes: something is amiss first."""
        words = {(x.reply.status, error_text(x)) for x in answers}
        if len(words) != 1 or answers[0].reply.status not in REFUSALS:
            return
        raise BadTarget(
            f"{self._sender.target.base_url} refuses even the plainest request "
            f"(HTTP {status_line(answers[0])}): {REFUSALS[answers[0].reply.status]}"
        )

    async def _refuse_models(
        self, models: tuple[str, ...], listed: tuple[str, ...], answers: Mapping[Endpoint, Looked]
    ) -> None:
        """Models that the target neither lists nor serves; at worst after one request for each."""
        answered = any(looked.answer.ok for looked in answers.values())
        for model in models:
            if model in listed or (answered and model == models[0]):
                continue
            if model == models[0]:
                tries = [looked.answer for looked in answers.values()]
            else:
                tries = [
                    (await self._asked(endpoint, model)).answer for endpoint in list(answers)[:1]
                ]
            refused = next((x for x in tries if unknown_model(x, model, listed)), None)
            if refused is not None:
                near = difflib.get_close_matches(model, listed, 1)
                hint = f" (did you mean {near[0]}?)" if near else ""
                known = ", ".join(listed[:NEAREST]) or "none"
                raise BadTarget(
                    f"the target does not serve the model {model!r} "
                    f"(HTTP {refused.reply.status}){hint}: it lists {known}"
                )

    async def _refuse_address(
        self, given: str, answer: Exchange, absent: Mapping[Endpoint, str]
    ) -> None:
        """Nothing of the API is there: say which address has it, when a likely one does."""
        for url in likely(given):
            if url == self._sender.target.base_url:
                continue
            other = replace(self._sender.target, base_url=url)
            async with self._sender.beside(other) as sender:
                probe = replace(LISTING, handling=Handling(timeout_s=10.0))
                listing = await sender.send(probe, get("/models"), "")
            if models_of(listing) or (listing.reply.status in {401, 403} and error_of(listing)):
                raise BadTarget(
                    f"{self._sender.target.base_url} has nothing of the API "
                    f"({what_came(answer)}): --base-url {url} would work"
                )
        seen = "; ".join(absent.values()) or what_came(answer)
        raise BadTarget(
            f"{self._sender.target.base_url} has nothing of the API ({seen}): "
            "is --base-url the API's address?"
        )


def refuse_unreachable(exchange: Exchange, target: Target) -> None:
    if exchange.connection.ended is Ended.LIMIT:
        asked = f"{exchange.request.method} {exchange.request.path}"
        raise BadTarget(
            f"{target.base_url} answers {asked} with {exchange.connection.error}: check --base-url"
        )
    if exchange.reply.status:
        return
    base_url, error = target.base_url, exchange.connection.error
    lower = error.lower()
    through = f" through the proxy {target.proxy_shown}" if target.proxy else ""
    if "certificate" in lower or "ssl" in lower or "tls" in lower:
        raise BadTarget(
            f"{base_url}: TLS failed{through} ({error}): check the scheme and the certificate "
            "(--cacert or SSL_CERT_FILE name extra authorities, --insecure checks nothing)"
        )
    secure = base_url.startswith("https")
    if exchange.connection.ended is Ended.TIMEOUT:
        scheme = " (does it speak TLS? if not, its address begins with http://)" if secure else ""
        raise BadTarget(f"{base_url} did not answer in time{through}: check --base-url{scheme}")
    if secure and error == "ConnectError":
        error = "the connection ended in the TLS handshake"
    if exchange.connection.ended is Ended.FAILED:
        raise BadTarget(f"{base_url} cannot be reached{through} ({error}): check --base-url")
    scheme = "" if secure else " (does it speak TLS? then its address begins with https://)"
    raise BadTarget(
        f"{base_url} does not speak HTTP as expected{through} ({error}): check --base-url{scheme}"
    )


def first_look(
    target: Target, given: str, profile: Profile, models: tuple[str, ...], budget: Budget
) -> FirstLook:
    """Look at a target. An address that is the API's without its version is taken as such."""
    return asyncio.run(_first_look(target, given, profile, models, budget))


async def _first_look(
    target: Target, given: str, profile: Profile, models: tuple[str, ...], budget: Budget
) -> FirstLook:
    bare = replace(target, base_url=given.strip().rstrip("/"))
    async with Sender(target) as sender:
        if bare.base_url != target.base_url:
            listing = await sender.send(LISTING, get("/models"), "")
            if listing.reply.status in {0, 404} or is_html(listing):
                async with Sender(bare) as other:
                    again = await other.send(LISTING, get("/models"), "")
                    if models_of(again) or again.reply.status in {401, 403}:
                        return await Looker(other, profile, models, budget).look(given)
        return await Looker(sender, profile, models, budget).look(given)
