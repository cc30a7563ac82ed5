"""The gateway driven in process: plain calls, and the OpenAI client on top of it."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import openai

from gateway.core import Gateway
from gateway.frames import GatewayReply, encode
from wire.exchange import Request


class Clock:
    """A time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


class Desk:
    """One gateway with a clock of its own; `handler` may be a faulty one around it."""

    def __init__(self, wrap: Callable[[Gateway], Any] = lambda gateway: gateway) -> None:
        self.clock = Clock()
        self.gateway = Gateway(seed=7, clock=self.clock)
        self.handler = wrap(self.gateway)

    def ask(
        self,
        path: str,
        body: Any = None,
        *,
        method: str | None = None,
        key: str = "codex",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> GatewayReply:
        given = (
            ("authorization", f"Bearer {self.gateway.keys.secrets[key]}"),
            ("content-type", "application/json"),
        )
        data = b"" if body is None else json.dumps(body).encode()
        verb = method or ("GET" if body is None else "POST")
        return self.handler.handle(Request(verb, f"/v1{path}", given + headers, data))

    def respond(self, given: Any = "Say hello.", /, **more: Any) -> GatewayReply:
        """POST /v1/responses with an input and parameters."""
        return self.ask("/responses", {"model": "gpt-5.5", "input": given, **more})

    def events(self, given: Any = "Say hello.", /, **more: Any) -> list[dict[str, Any]]:
        """The payloads of a streamed response."""
        reply = self.respond(given, stream=True, **more)
        assert reply.status == 200, reply.body
        return [frame.payload for frame in reply.frames or ()]

    def client(self) -> openai.OpenAI:
        """The real client, with this gateway where the network would be."""
        return openai.OpenAI(
            api_key=self.gateway.keys.secrets["codex"],
            base_url="http://gateway/v1",
            max_retries=0,
            http_client=httpx.Client(transport=httpx.MockTransport(self._answer)),
        )

    def _answer(self, asked: httpx.Request) -> httpx.Response:
        headers = tuple((name.lower(), value) for name, value in asked.headers.items())
        path = asked.url.raw_path.decode()
        reply = self.handler.handle(Request(asked.method, path, headers, asked.read()))
        data = b"".join(piece.data for piece in encode(reply))
        return httpx.Response(reply.status, headers=list(reply.headers), content=data)


def echo(text: str) -> str:
    """The prompt that the scripted model answers with exactly this text."""
    return f"Repeat the text between the markers exactly, and write nothing else.\n<<<\n{text}\n>>>"
