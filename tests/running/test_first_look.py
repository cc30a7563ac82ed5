"""The first look: what a target offers, and runs that make no sense refused with what would work."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from conformance.judging.area import catalogue
from conformance.judging.judge import Judge, Outcome
from conformance.running.budget import Budget
from conformance.running.first_look import Looker
from conformance.running.offer import Offer
from conformance.running.planned import wanted_probes
from conformance.running.profiles import load_profile
from conformance.running.schedule import Schedule, Terms
from conformance.running.target import BadTarget, likely, proxy_for
from gateway.core import Gateway
from gateway.frames import GatewayReply
from tests.direct import DirectSender
from wire.endpoint import Endpoint, endpoint_of
from wire.exchange import Ended

PROFILE = load_profile("openai")
JSON = (("content-type", "application/json"),)
NOT_FOUND = GatewayReply(404, JSON, {"error": {"message": "Not found", "code": None}})


class Without:
    """The reference gateway without some endpoints, or without keys."""

    def __init__(self, *absent, keyless=False, says=None):
        self.gateway = Gateway()
        self.absent = absent
        self.keyless = keyless
        self.says = says

    @property
    def keys(self):
        return {"main": self.gateway.keys.secrets["codex"]}

    def handle(self, request):
        if self.says is not None:
            return self.says
        if any(f"/{name}" in request.path for name in self.absent):
            return NOT_FOUND
        if self.keyless:
            others = tuple(h for h in request.headers if h[0] != "authorization")
            key = ("authorization", f"Bearer {self.keys['main']}")
            request = replace(request, headers=(*others, key))
        return self.gateway.handle(request)

    def settle(self, reply, sent):
        self.gateway.settle(reply, sent)


def look(server, models=("gpt-5.5",), keys=None, given="http://gateway"):
    async def run():
        async with DirectSender(server, server.keys if keys is None else keys) as sender:
            looker = Looker(sender, PROFILE, models, Budget(PROFILE))
            return await looker.look(given)

    return asyncio.run(run())


def test_a_whole_server_offers_everything():
    seen = look(Without())
    assert not seen.offer.absent
    assert not seen.offer.keyless
    assert not seen.excess_tokens
    assert not seen.accepts_bad
    assert seen.is_reference
    assert {"gpt-5.5", "gpt-5.4"} <= set(seen.models)


@pytest.mark.parametrize(
    ("absent", "endpoint"), [("responses", Endpoint.RESPONSES), ("models", Endpoint.MODELS)]
)
def test_what_is_absent_is_found_and_nothing_of_it_passes(absent, endpoint):
    server = Without(absent)
    seen = look(server)
    assert set(seen.offer.absent) == {endpoint}
    known = catalogue()
    mine = [r for r in known.requirements.values() if r.area == absent and not r.excluded]
    # How chat refuses a model that is not listed is a matter of chat.
    rows = [r for r in mine if not r.id.startswith("models.unlisted.")]
    assert not [r.id for r in rows if verdicts(server, seen, rows)[r.id] is Outcome.PASS]


def verdicts(server, seen, rows):
    from conformance.running.planned import plan, probes

    async def run():
        known = catalogue()
        async with DirectSender(server, server.keys) as sender:
            wanted = wanted_probes(known, [row.id for row in rows])
            steps = plan(probes(known), wanted, PROFILE, ["gpt-5.5"])
            schedule = Schedule(sender, PROFILE, Budget(PROFILE), terms=Terms(offer=seen.offer))
            return await schedule.run(steps)

    if not hasattr(server, "judged"):
        traffic = asyncio.run(run())
        server.judged = Judge(
            catalogue(), PROFILE, tuple(traffic.all()), traffic.unsent, traffic.absent
        )
    return {r.id: server.judged.result(r, "gpt-5.5" if r.per_model else "").outcome for r in rows}


def test_a_server_without_keys_is_a_mode():
    seen = look(Without(keyless=True), keys={})
    assert seen.offer.keyless
    assert seen.offer.lacks_feature("auth")
    assert not seen.offer.lacks_feature("chat")


def test_a_key_given_for_this_suite_says_that_keys_matter():
    server = Without(keyless=True)
    assert not look(server, keys={"main": "sk-given-0123456789"}).offer.keyless


@pytest.mark.parametrize("model", ["gpt-nope", "gpt-5.55"])
def test_a_wrong_model_is_refused_with_those_that_are_listed(model):
    with pytest.raises(BadTarget) as caught:
        look(Without(), models=(model,))
    assert model in str(caught.value)
    assert "gpt-5.5" in str(caught.value)


def test_the_second_model_is_looked_at_too():
    with pytest.raises(BadTarget, match="gpt-nope"):
        look(Without(), models=("gpt-5.5", "gpt-nope"))


@pytest.mark.parametrize(
    "says",
    [
        GatewayReply(200, JSON, {"ok": True}),
        GatewayReply(200, (("content-type", "text/html"),), "<html>"),
    ],
    ids=["yes to everything", "page"],
)
def test_a_target_that_says_yes_to_everything_is_refused(says, monkeypatch):
    monkeypatch.setattr("conformance.running.first_look.likely", lambda _: [])
    with pytest.raises(BadTarget, match="nothing of the API"):
        look(Without(says=says))


def test_a_target_that_sends_everybody_elsewhere_is_told_where_to():
    says = GatewayReply(307, (("location", "https://other.example/v1/x"),), "")
    with pytest.raises(
        BadTarget, match=r'redirects whatever is asked .* to "https://other\.example'
    ) as caught:
        look(Without(says=says))
    assert "keys do not follow" in str(caught.value)


@pytest.mark.parametrize(
    "given",
    ["http://h/v2", "http://h/v1/chat/completions", "http://h/v1/models", "http://h/v1/responses/"],
)
def test_likely_addresses_are_tried(given):
    assert "http://h/v1" in likely(given)


def test_no_proxy_for_this_machine(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:1")
    monkeypatch.setenv("http_proxy", "http://proxy:1")
    monkeypatch.setenv("no_proxy", "inside.example")
    assert proxy_for("http://127.0.0.1:8000/v1") == ""
    assert proxy_for("http://[::1]:8000/v1") == ""
    assert proxy_for("http://inside.example/v1") == ""
    assert proxy_for("http://outside.example/v1") == "http://proxy:1"


def test_an_offer_of_everything_lacks_nothing():
    from conformance.running.probe import get

    assert not Offer().lacks(get("/responses/resp_1"))
    lacking = Offer({Endpoint.RESPONSES: "gone"})
    assert lacking.lacks(get("/responses/resp_1/input_items")) == "gone"
    assert endpoint_of("GET", "/models") is Endpoint.MODELS
    assert not lacking.lacks(get("/models"))


class Demanding(Without):
    """Refuses whatever lacks a header of its own, as gateways in front of many providers do."""

    def handle(self, request):
        if request.path.endswith("/models"):
            return self.gateway.handle(request)
        body = {"status": "failure", "message": "Either x-config or x-provider header is required"}
        return GatewayReply(400, JSON, body)


def test_a_target_that_refuses_everything_alike_says_what_it_lacks():
    with pytest.raises(BadTarget) as refused:
        look(Demanding())
    assert "x-provider header is required" in str(refused.value)
    assert "--header 'NAME: VALUE'" in str(refused.value)


def test_an_account_without_credit_is_no_target():
    empty = GatewayReply(402, JSON, {"error": {"message": "No credit left.", "code": None}})
    listing = Without()

    def handle(request):
        return listing.gateway.handle(request) if request.path.endswith("/models") else empty

    listing.handle = handle
    with pytest.raises(BadTarget, match=r"402 \"No credit left.\"\): the key has no credit left"):
        look(listing)


class Ending(Without):
    """All is answered so: with a status, a body, and an end."""

    def __init__(self, status, body, ended=Ended.COMPLETE):
        super().__init__(says=GatewayReply(status, JSON, body))
        self.ended = ended


@pytest.mark.parametrize(
    ("server", "says"),
    [
        (Ending(503, {"error": {"message": "no healthy upstream"}}), "whatever is asked with HTTP 503"),
        (Ending(200, {"a": "x" * 1_000_000}), "bytes that are no answer and may cost"),
        (Ending(200, {"object": "x" * 1_000_000}), "bytes without a usage, which may cost"),
        (Ending(200, {"choices": []}, Ended.TIMEOUT), "every body begins and none ends"),
    ],
)  # fmt: skip
def test_a_look_that_ends_names_what_was_seen(server, says):
    async def run():
        async with DirectSender(server, server.keys) as sender:
            once = sender._once

            async def ending(*given):
                x = await once(*given)
                return replace(x, connection=replace(x.connection, ended=server.ended))

            sender._once = ending
            budget = Budget(PROFILE, limit_usd=Decimal(1))
            return await Looker(sender, PROFILE, ("gpt-5.5",), budget).look("http://gateway")

    with pytest.raises(BadTarget) as refused:
        asyncio.run(run())
    assert says in str(refused.value)
