"""Kinds of chat exchanges, for selectors: by what was asked and what came back, not by probe."""

from conformance.judging.selector import Selector
from conformance.running.unexpected_success import unexpected_success
from wire.endpoint import Endpoint
from wire.exchange import Exchange


def is_chat(x: Exchange) -> bool:
    return x.endpoint is Endpoint.CHAT and x.request.method == "POST"


def answered(x: Exchange) -> bool:
    """With success, to a request that was not made to be refused."""
    return x.ok and not unexpected_success(x)


def options(x: Exchange) -> dict[str, object]:
    given = x.request.params.get("stream_options")
    return given if isinstance(given, dict) else {}


def wants_usage(x: Exchange) -> bool:
    return options(x).get("include_usage") is True


def wanted_choices(x: Exchange) -> int:
    n = x.request.params.get("n")
    return n if type(n) is int and 0 < n <= 128 else 1  # more is refused


CHAT = Selector("a chat call", is_chat, ("chat.echo",))
SUCCESS = CHAT.only(
    "answered with success",
    answered,
    "chat.echo",
    "chat.echo-stream",
    "chat.echo-stream-usage",
)
PLAIN = CHAT.only(
    "answered without streaming",
    lambda x: answered(x) and not x.wants_stream and not x.reply.is_stream,
    "chat.echo",
)
ASKED_STREAM = CHAT.only(
    "that asked for a stream and succeeded",
    lambda x: answered(x) and x.wants_stream,
    "chat.echo-stream",
    "chat.echo-stream-usage",
)
STREAM = ASKED_STREAM.only("and was streamed", lambda x: x.reply.is_stream)
STREAM_WITH_USAGE = STREAM.only("with usage", wants_usage, "chat.echo-stream-usage")
STREAM_WITHOUT_USAGE = STREAM.only(
    "without usage", lambda x: not wants_usage(x), "chat.echo-stream"
)
