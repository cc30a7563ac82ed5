"""What each client has in hand after a text, and after calls of tools: see the chat module of this name."""

from typing import Final

from conformance.clients.readers import continue_cli, node_responses, python_responses
from conformance.clients.readers.rules import Calls, Known, reader_rule
from conformance.judging.selector import Selector, probe
from conformance.responses.known import asked_calls, asked_text, made_calls
from conformance.responses.readers import text_of
from conformance.responses.selectors import final_items
from wire.exchange import Exchange
from wire.responses import fold_responses


def _of(*probes: str) -> Selector:
    return probe(*probes)


_STREAMS: Final = _of("responses.stream.echo", "responses.stream.tools")
_TEXTS: Final = _of("responses.stream.echo")
_PLAIN: Final = _of("responses.echo", "responses.tools")


def _sent(x: Exchange) -> tuple[str, Calls]:
    items = final_items(x)
    if x.reply.is_stream and not items:
        items = [shown.json for _, shown in sorted(fold_responses(x.reply).items.items())]
    return text_of(items), [(call.name, call.arguments) for call in made_calls(items)]


def _known(x: Exchange) -> Known | None:
    # What custom tools are told is a text; functions get values.
    calls = [(c.name, c.arguments) for c in asked_calls(x) if not isinstance(c.arguments, str)]
    text = asked_text(x)
    return Known(text, calls, _sent) if calls or text is not None else None


_PYTHON: Final = "responses.reader.openai-python"
_NODE: Final = "responses.reader.openai-node"
READERS: Final = (
    reader_rule("responses.reader.continue", _STREAMS, {"Continue": continue_cli.continue_cli}, _known),
    reader_rule(_PYTHON, _PLAIN, {"create()": python_responses.plain}, _known),
    reader_rule(_PYTHON, _TEXTS, {"create(stream=True)": python_responses.raw}, _known),
    reader_rule(_PYTHON, _STREAMS, {"stream()": python_responses.helper}, _known),
    reader_rule(_NODE, _PLAIN, {"create()": node_responses.plain}, _known),
    reader_rule(_NODE, _TEXTS, {"create({stream: true})": node_responses.raw}, _known),
    reader_rule(_NODE, _STREAMS, {"stream()": node_responses.helper}, _known),
)  # fmt: skip
