"""What each client has in hand after the answers on which all hangs: a text, and the call of a tool.

The readers do as the clients do (`conformance/clients/readers`). A client that stops there, or shows
another text than was sent, breaks, whatever else is right.
"""

from typing import Final

from conformance.chat.choice import choices_of
from conformance.chat.prompts import calls_asked, text_asked
from conformance.chat.selectors import CHAT
from conformance.chat.tools import choice_asked
from conformance.clients.readers import ai_sdk, node_chat, python_chat, roo
from conformance.clients.readers.rules import Calls, Known, reader_rule
from conformance.judging.selector import probe
from wire.exchange import Exchange, parse_json

# SDKs are used with nothing but a model and messages; agents send more, which other rows speak of.
_ASKED: Final = CHAT & probe("chat.echo", "chat.small", "chat.tool")
# A client goes by the status: an error that comes with 200 is an answer to it.
_STREAMED: Final = CHAT.only(
    "that asked for a stream and got 200", lambda x: x.wants_stream and x.reply.status == 200
)
_TEXTS: Final = _STREAMED & probe("chat.echo-stream", "chat.echo-stream-usage")
_STREAMS: Final = _STREAMED & probe(
    "chat.echo-stream", "chat.echo-stream-usage", "chat.tool-stream"
)


def _sent(x: Exchange) -> tuple[str, Calls]:
    for choice in choices_of(x):
        texts = [(call.name, call.text) for call in choice.calls]
        made = [(name, parse_json(text) if isinstance(text, str) else text) for name, text in texts]
        return choice.content if isinstance(choice.content, str) else "", made
    return "", []


def _known(x: Exchange) -> Known | None:
    ordered = [(call.name, call.wanted) for call in calls_asked(x) if call.kind == "function"]
    calls = ordered if choice_asked(x) == "auto" else []
    text = text_asked(x)
    return Known(text, calls, _sent) if calls or text is not None else None


# tool_choice auto in so many words, and one call at a time: as Cline and Roo Code ask.
_OF_ITS_OWN_WILL: Final = _STREAMED & probe("chat_params.accept.tools-one-stream")


def _any_call(x: Exchange) -> Known | None:  # noqa: ARG001
    return Known(None, [], _sent, is_any_call=True)


READERS: Final = (
    reader_rule("chat.reader.cline", _OF_ITS_OWN_WILL, {"Cline": ai_sdk.cline}, _any_call),
    reader_rule("chat.reader.roo", _OF_ITS_OWN_WILL, {"Roo Code": roo.roo}, _any_call),
    reader_rule("chat.reader.cline", _STREAMS, {"Cline": ai_sdk.cline}, _known),
    reader_rule("chat.reader.roo", _STREAMS, {"Roo Code": roo.roo}, _known),
    reader_rule("chat.reader.openai-python", _ASKED, {"create()": python_chat.plain}, _known),
    reader_rule("chat.reader.openai-python", _TEXTS, {"create(stream=True)": python_chat.raw}, _known),
    reader_rule("chat.reader.openai-python", _STREAMS, {"stream()": python_chat.helper}, _known),
    reader_rule("chat.reader.openai-node", _ASKED, {"create()": node_chat.plain}, _known),
    reader_rule("chat.reader.openai-node", _TEXTS, {"create({stream: true})": node_chat.raw}, _known),
    reader_rule("chat.reader.openai-node", _STREAMS, {"stream()": node_chat.helper}, _known),
)  # fmt: skip
