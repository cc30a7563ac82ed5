"""Temperature 0 goes into requests that tell the words, where it is taken, and nowhere else."""

import asyncio
from decimal import Decimal

import pytest

from conformance.running.budget import Budget
from conformance.running.first_look import Looker
from conformance.running.greedy import Greedy
from conformance.running.probe import Probe, post
from conformance.running.profiles import load_profile
from gateway.frames import GatewayReply
from tests.direct import DirectSender
from wire.endpoint import Endpoint, endpoint_of

CHAT = "/chat/completions"
GREEDY = Greedy(frozenset({(Endpoint.CHAT, "m")}))
SPEAKING = Probe("a.b", lambda _: post(CHAT, {}))
TOLD = {"model": "m", "messages": [{"role": "user", "content": "Count from 1 to 9"}]}


def temperature(body, probe=SPEAKING, *headers, path=CHAT):
    return GREEDY.applied(post(path, body, *headers), probe, "m").params.get("temperature")


def test_only_what_tells_the_words_and_leaves_the_drawing_open():
    assert temperature(TOLD) == 0
    assert temperature({**TOLD, "temperature": 1}) == 1
    for drawn in ({"n": 2}, {"seed": 1}, {"top_p": 1}):
        assert temperature({**TOLD, **drawn}) is None, drawn
    assert temperature({**TOLD, "messages": [{"role": "user", "content": "Say hello."}]}) is None
    assert temperature(TOLD, SPEAKING, ("user-agent", "a client")) is None
    assert temperature({**TOLD, "input": "Count from 1 to 9"}, path="/responses") is None
    assert temperature({**TOLD, "model": "other"}) == 0, "the model is the step's"
    for probe in (
        Probe("a.refused", lambda _: post(CHAT, {}), output_tokens=0),
        Probe("a.uncut", lambda _: post(CHAT, {}), unlimited=True),
    ):
        assert temperature(TOLD, probe) is None, probe.name


class Server:
    """Answers both endpoints; refuses temperature on one, where it is told to."""

    def __init__(self, refuses=(), reasoning=0):
        self.refuses, self.reasoning, self.asked = refuses, reasoning, 0

    def handle(self, request):
        endpoint = endpoint_of(request.method, request.path)
        headers = (("content-type", "application/json"),)
        body = {"object": "list", "data": [{"id": "m"}]}
        status = 200
        if request.params.get("temperature") == 0:
            self.asked += 1
        if endpoint is Endpoint.CHAT:
            usage = {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}
            body = {
                "object": "chat.completion",
                "choices": [{"message": {"content": "Nine."}}],
                "usage": usage,
            }
        elif endpoint is Endpoint.RESPONSES:
            usage = {"input_tokens": 9, "output_tokens": 5, "total_tokens": 14,
                     "output_tokens_details": {"reasoning_tokens": self.reasoning}}  # fmt: skip
            body = {"object": "response", "output": [], "usage": usage}
        if "temperature" in request.params and endpoint in self.refuses:
            status, body = 400, {"error": {"message": "temperature", "param": "temperature"}}
        return GatewayReply(status, headers, body)

    def settle(self, reply, sent):
        """It keeps no books."""


def looked(server, limit="1.00"):
    profile = load_profile("openai")
    budget = Budget(profile, Decimal(limit))

    async def look():
        async with DirectSender(server, {"main": "sk-given-0123456789"}) as sender:
            return await Looker(sender, profile, ("m",), budget).look("http://gateway")

    return asyncio.run(look()).greedy.taken


@pytest.mark.parametrize(
    ("server", "taken"),
    [
        (Server(), {Endpoint.CHAT, Endpoint.RESPONSES}),
        (Server({Endpoint.RESPONSES}), {Endpoint.CHAT}),
        (Server({Endpoint.CHAT, Endpoint.RESPONSES}), set()),
        (Server(reasoning=4), {Endpoint.CHAT}),
    ],
)
def test_the_first_look_asks_each_endpoint(server, taken):
    assert {endpoint for endpoint, _ in looked(server)} == taken


def test_what_can_be_done_without_is_not_asked_with_a_few_cents():
    server = Server()
    assert not looked(server, "0.04")
    assert not server.asked
