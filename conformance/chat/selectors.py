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


def speaks_audio(x: Exchange) -> bool:
    """Whether audio was asked for; where that was not recorded, whether any came.

    Such a stream has chunks without choices, and its last one, which tells when the audio expires,
    may come after the usage and without finish_reason (types of the openai package, and recorded
    streams of gpt-audio models).
    """
    if x.request.body_recorded:
        asked = x.request.params.get("modalities")
        return isinstance(asked, list) and "audio" in asked
    return b'"audio":' in x.reply.body


def is_audio(choice: object) -> bool:
    """Whether a choice of a chunk brings audio, or something about it, and nothing else."""
    delta = choice.get("delta") if isinstance(choice, dict) else None
    if not isinstance(delta, dict) or not isinstance(delta.get("audio"), dict):
        return False
    others = {name for name, value in delta.items() if value is not None}
    return others <= {"audio", "role"}


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
