"""Cookies: what a server gave to one key it gets back with that key, and with no other."""

import asyncio

import httpx

from conformance.running.probe import Probe, get
from conformance.running.sender import Sender
from conformance.running.target import Target

KEYS = {"main": "sk-main-0123456789", "other_tier": "sk-other-0123456789"}


def test_each_key_has_a_jar_of_its_own():
    seen = []

    def answer(request):
        key = request.headers.get("authorization", "none").rpartition(" ")[2]
        seen.append((key, request.headers.get("cookie")))
        headers = {"set-cookie": f"session=of-{key}"}
        return httpx.Response(200, headers=headers, stream=httpx.ByteStream(b"{}"))

    async def ask():
        transport = httpx.MockTransport(answer)
        async with Sender(Target("http://t.example/v1", KEYS), transport=transport) as sender:
            for kind in ("main", "other_tier", "", "main", "other_tier", ""):
                await sender.send(
                    Probe("a", lambda _: get("/models"), key=kind), get("/models"), ""
                )

    asyncio.run(ask())
    assert seen[:3] == [(KEYS["main"], None), (KEYS["other_tier"], None), ("none", None)]
    assert seen[3:] == [
        (KEYS["main"], f"session=of-{KEYS['main']}"),
        (KEYS["other_tier"], f"session=of-{KEYS['other_tier']}"),
        ("none", "session=of-none"),
    ]
