"""The sender: puts a request on the wire and makes an `Exchange` of what comes back.

Traffic enters the suite here and nowhere else, so here keys are taken out of it.
"""

import asyncio
import math
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from itertools import count
from typing import Self

import httpx

from conformance.running.content_coding import ReceivedBody
from conformance.running.head_limit import (
    CARRIER,
    CountedStream,
    count_heads,
    head_is_whole,
    is_too_long,
    left_over,
    was_reused,
)
from conformance.running.lateness import Lateness
from conformance.running.output_limit import generates
from conformance.running.pace import whole_s
from conformance.running.probe import Handling, Probe
from conformance.running.retries import Retries
from conformance.running.share import complaint, passes
from conformance.running.splice import splice
from conformance.running.target import Target
from wire.exchange import Attempt, Connection, Ended, Exchange, Headers, Reply, Request
from wire.redaction import Redactor
from wire.secret import revealed
from wire.sse import Decoder

SETTLE_S = 0.5
PIECE_BYTES = 2**16
POLL_S = 0.5


class Sender:
    """Sends requests over one pooled HTTP/1.1 client. Use as an async context manager."""

    def __init__(
        self,
        target: Target,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], object] = asyncio.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.target = target
        self._sleep = sleep
        self._clock = clock
        self._ids = count(1)
        self._addresses: set[object] = set()
        self._transport = transport
        self._lateness = Lateness()
        self._retries = Retries()
        self._lanes: dict[str, httpx.AsyncClient] = {}
        self._jars: dict[str, httpx.Cookies] = {}
        self._redactors: dict[frozenset[tuple[str, str]], Redactor] = {}  # few: one a wrong key
        self._context: ssl.SSLContext | None = None
        self.ends_at = math.inf
        """When the run's time is over, by `time.monotonic`: nothing is waited for past it."""

    async def __aenter__(self) -> Self:
        if self._transport is None:
            self._lateness.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._lateness.stop()
        for client in self._lanes.values():
            await client.aclose()

    def _new_client(self, limits: httpx.Limits) -> httpx.AsyncClient:
        wait_s = self.target.timeout_s
        client = httpx.AsyncClient(
            transport=self._transport,
            timeout=httpx.Timeout(wait_s, connect=min(10.0, wait_s)),
            limits=limits,
            follow_redirects=False,
            # A jar a key, below: what a server gave to one key it never gets from another.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            # What the environment says of proxies and authorities, the target knows.
            trust_env=False,
            proxy=self.target.proxy or None if self._transport is None else None,
            verify=self._verify(),
        )
        count_heads(client)
        return client

    def _verify(self) -> ssl.SSLContext | bool:
        """How certificates are checked; made once, because reading the authorities is slow."""
        if self._transport is not None or not self.target.base_url.startswith("https"):
            return False
        if self._context is None:
            self._context = self.target.context()
        return self._context

    def beside(self, target: Target) -> "Sender":
        """A sender like this one, to another address."""
        return Sender(target, transport=self._transport, sleep=self._sleep, clock=self._clock)

    def _lane(self, name: str) -> httpx.AsyncClient:
        """The client of a lane: a named one has a single connection, the nameless one has many."""
        if name not in self._lanes:
            # Servers close what was idle for five seconds; a request must not meet that moment.
            many = httpx.Limits(
                max_connections=64, max_keepalive_connections=16, keepalive_expiry=2.0
            )
            self._lanes[name] = self._new_client(httpx.Limits(max_connections=1) if name else many)
        return self._lanes[name]

    async def send(self, probe: Probe, request: Request, model: str, index: int = 0) -> Exchange:
        """Send a probe's request, and again as long as the answer is not what it waits for."""
        exchange = await self._answered(probe, request, model, index)
        for _ in range(probe.polls if probe.until else 0):
            if not exchange.ok or (probe.until and probe.until(exchange.reply)):
                break
            await self.let_pass(POLL_S)
            exchange = await self._answered(probe, request, model, index)
        if exchange.connection.ended is Ended.ABORTED:
            # A server learns late that nobody listens, and books late; what follows reads balances.
            await self.let_pass(SETTLE_S)
        return exchange

    async def let_pass(self, seconds: float) -> None:
        """Wait for the target to get on with its work."""
        await self._sleep(seconds)  # type: ignore[misc]

    async def _answered(self, probe: Probe, request: Request, model: str, index: int) -> Exchange:
        """Send a request, again after a retryable answer as Retry-After says."""
        attempts: list[Attempt] = []
        waited_s, replaced = 0.0, False
        while True:
            exchange = await self._once(probe, request, model, index)
            status = exchange.reply.status
            # In a lane of one connection this, too, is only its end: the rules see that a new one was needed.
            in_lane = bool(probe.handling.lane) and not exchange.connection.reused
            # Servers close a connection after an answer that failed: the next request on it may meet that.
            if not replaced and not in_lane and _met_its_end(exchange):
                replaced = True
                attempts.append(Attempt(status, 0.0))
                continue
            wait_s = self._retries.wait_s(probe, exchange.reply, len(attempts))
            if wait_s is None or time.monotonic() + wait_s > self.ends_at:
                break
            attempts.append(Attempt(status, wait_s))
            slept = time.perf_counter()
            await self._sleep(wait_s)  # type: ignore[misc]
            waited_s += time.perf_counter() - slept
        self._retries.ended(exchange.reply.status, waited_s)
        return replace(exchange, attempts=tuple(attempts)) if attempts else exchange

    async def _once(
        self,
        probe: Probe,
        request: Request,
        model: str,
        index: int,  # noqa: ARG002 - for subclasses
    ) -> Exchange:
        request = self._addressed(request, probe.key, probe.handling)
        started_at, start = self._clock(), time.perf_counter()
        reply, connection = await self._exchange(request, probe.handling, start)
        total_ms = (time.perf_counter() - start) * 1000
        suffix = f"-{model}" if model else ""
        exchange = Exchange(
            id=f"{probe.name}{suffix}-{next(self._ids)}",
            request=request,
            reply=reply,
            connection=replace(
                connection, total_ms=round(total_ms, 3), late_ms=self._lateness.since(start)
            ),
            started_at=started_at,
            probe=probe.name,
            model=model or None,
        )
        return self._clean(exchange)

    def as_sent(self, request: Request, probe: Probe) -> Request:
        """A request as it goes out, without its keys: for what was never answered."""
        sent = self._addressed(request, probe.key, probe.handling)
        return self._clean(Exchange("", sent)).request

    def _clean(self, exchange: Exchange) -> Exchange:
        """The exchange without keys. Nothing that holds one leaves this class."""
        clean = self._redactor(exchange.request).exchange(exchange)
        mine = {name for name, _ in self.target.headers}
        if not mine:
            return clean
        # Short values are not searched for in texts, but in their own header they are a secret.
        headers = tuple(
            (name, f"[redacted:header:{name}]" if name in mine else value)
            for name, value in clean.request.headers
        )
        return replace(clean, request=replace(clean.request, headers=headers))

    def _addressed(self, request: Request, key_kind: str, handling: Handling) -> Request:
        """The request as sent: with the key, unless the probe wrote its own Authorization."""
        names = {name for name, _ in request.headers}
        headers = list(request.headers)
        key = self.target.keys.get(key_kind)
        if key and not names & {"authorization", "x-api-key", "-authorization"}:
            headers.append(("authorization", f"Bearer {revealed(key)}"))
        headers = [(name, value) for name, value in headers if not name.startswith("-")]
        if "accept-encoding" not in names:
            headers.append(("accept-encoding", "identity"))
        if "user-agent" not in names:
            headers.append(("user-agent", "openai-gateway-conformance"))
        if handling.fresh:
            headers.append(("connection", "close"))
        headers += [(name, value) for name, value in self.target.headers if name not in names]
        body = request.body
        if self.target.extra_body and generates(request):
            known = request.params
            more = {n: v for n, v in self.target.extra_body.items() if n not in known}
            body = splice(body, more) if known else body
        return replace(request, headers=tuple(headers), body=body)

    def _redactor(self, request: Request) -> Redactor:
        """Knows the run's keys, and a key that this request alone presents (a wrong one)."""
        secrets = {**self.target.keys, **self.target.header_secrets}
        for name, value in request.headers:
            if name in {"authorization", "x-api-key"}:
                token = value.split(" ")[-1].strip()
                if len(token) >= 8 and token not in secrets.values():
                    secrets["presented"] = token
        known = frozenset(secrets.items())
        if known not in self._redactors:
            self._redactors[known] = Redactor(secrets)
        return self._redactors[known]

    async def _exchange(
        self, request: Request, handling: Handling, start: float
    ) -> tuple[Reply, Connection]:
        body = ReceivedBody("")
        status = 0
        headers: Headers = ()
        headers_at: float | None = None
        reused: bool | None = None
        ended, error = Ended.COMPLETE, ""
        # Bytes may come one by one; the answer as a whole has an end, too.
        deadline_s = handling.whole_s or whole_s(handling.timeout_s or self.target.timeout_s)
        carrier: list[CountedStream] = []
        CARRIER.set(carrier)
        try:
            async with asyncio.timeout(deadline_s):
                async with self._response(request, handling) as response:
                    headers_at = _ms_since(start)
                    head_is_whole(response)
                    status = response.status_code
                    headers = tuple(
                        (k.decode("latin-1").lower(), v.decode("latin-1"))
                        for k, v in response.headers.raw
                    )
                    reused = self._seen(response)
                    body = ReceivedBody(dict(headers).get("content-encoding", "").lower())
                    ended, error = await self._read(response, body, handling, start)
        except httpx.TimeoutException as failure:
            ended, error = Ended.TIMEOUT, _say(failure)
        except httpx.RemoteProtocolError as failure:
            ended = Ended.LIMIT if is_too_long(failure) else Ended.CUT
            error = _say(failure)
            if not status and "disconnected" not in error and ended is Ended.CUT:
                error = f"no HTTP: {error}"
        except (httpx.ReadError, httpx.WriteError) as failure:
            ended, error = Ended.RESET, _say(failure)
        except TimeoutError:
            ended, error = Ended.TIMEOUT, f"no whole answer within {deadline_s:.0f} s"
        # A proxy of a kind that nothing here speaks is an ImportError of httpx.
        except (httpx.TransportError, httpx.InvalidURL, ImportError, ValueError) as failure:
            shown = self.target.proxy_shown
            said = _say(failure).replace(self.target.proxy, shown) if shown else _say(failure)
            ended, error = Ended.FAILED, said + (f" (through the proxy {shown})" if shown else "")
        if reused is None and not status:
            reused = was_reused(carrier)
        plain, complaint = body.end()
        if ended is Ended.ABORTED and body.undecodable:
            error = complaint  # that its bytes are no text says more than how many there were
        reply = Reply(status, headers, tuple(plain), headers_at)
        return reply, Connection(ended, reused, error or complaint, origin=self.target.origin)

    @asynccontextmanager
    async def _response(
        self, request: Request, handling: Handling
    ) -> AsyncIterator[httpx.Response]:
        """The answer as it begins, with the cookies of the key that asks and of no other."""
        client, timeout = self._lane(handling.lane), handling.timeout_s
        asked = client.build_request(
            request.method,
            self.target.url(request.path),
            headers=[(k.encode(), v.encode("utf-8")) for k, v in _headers(request, handling)],
            content=_content(request.body, handling),
            **({"timeout": timeout} if timeout else {}),  # type: ignore[arg-type]
        )
        holder = request.header("authorization") or request.header("x-api-key") or ""
        jar = self._jars.setdefault(holder, httpx.Cookies())
        jar.set_cookie_header(asked)
        response = await client.send(asked, stream=True)
        try:
            jar.extract_cookies(response)
            yield response
        finally:
            await response.aclose()

    def _seen(self, response: httpx.Response) -> bool | None:
        """Whether the connection carried an earlier exchange, by its local address."""
        stream = response.extensions.get("network_stream")
        address = stream.get_extra_info("client_addr") if stream is not None else None
        if address is None:
            return None
        known = address in self._addresses
        self._addresses.add(address)
        return known

    async def _read(
        self, response: httpx.Response, body: ReceivedBody, handling: Handling, start: float
    ) -> tuple[Ended, str]:
        size, events, decoder = 0, 0, Decoder()
        share = handling.share_tokens
        streamed = "event-stream" in response.headers.get("content-type", "")
        counts = handling.abort_after_events is not None or (share is not None and streamed)
        async for data in response.aiter_raw():
            at_ms = _ms_since(start)
            size += len(data)
            if too_much := body.take(at_ms, data):
                return Ended.LIMIT, too_much
            if counts:
                events += len(decoder.feed(data))
            if handling.abort_after_events is not None and events >= handling.abort_after_events:
                return Ended.ABORTED, ""
            if share is not None and passes(share, events, size):
                return Ended.ABORTED, complaint(share, events, size)
            if handling.pause_ms:
                await asyncio.sleep(handling.pause_ms / 1000)
        left = left_over(response)
        if left and not left.startswith(b"HTTP/1.") and body.is_cut(streamed=streamed):
            return (
                Ended.CUT,
                f"{len(left)} bytes or more came behind its end as Content-Length gives it",
            )
        return Ended.COMPLETE, ""


def _ms_since(start: float) -> float:
    return round((time.perf_counter() - start) * 1000, 3)


def _say(failure: Exception) -> str:
    return str(failure) or type(failure).__name__


def _headers(request: Request, handling: Handling) -> Headers:
    """With the length of a body that is sent piece by piece, where it is not chunked."""
    if not handling.padding_bytes or handling.chunked:
        return request.headers
    return (*request.headers, ("content-length", str(len(request.body) + handling.padding_bytes)))


def _content(body: bytes, handling: Handling) -> bytes | AsyncIterator[bytes] | None:
    if handling.chunked or handling.padding_bytes:
        return _pieces(body, handling.padding_bytes)
    return body or None


async def _pieces(body: bytes, spaces: int) -> AsyncIterator[bytes]:
    """A body and its padding. What is large never stands in memory as a whole."""
    yield body
    for at in range(0, spaces, PIECE_BYTES):
        yield b" " * min(PIECE_BYTES, spaces - at)


def _met_its_end(exchange: Exchange) -> bool:
    """Whether a kept connection was closed just when the request went out, as servers may."""
    ended, error = exchange.connection.ended, exchange.connection.error
    # What came instead of an answer is no end of a connection.
    gone = ended is Ended.RESET or (ended is Ended.CUT and "no HTTP" not in error)
    return gone and not exchange.reply.status and exchange.connection.reused is not False
