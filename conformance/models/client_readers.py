"""What each SDK has in hand of the models: see the chat module of this name."""

from typing import Final

from conformance.clients.readers import models
from conformance.clients.readers.rules import Calls, Known, reader_rule
from conformance.judging.selector import probe
from conformance.models.selectors import listed
from wire.exchange import Exchange

_PYTHON: Final = "models.reader.openai-python"
_NODE: Final = "models.reader.openai-node"
_LIST: Final = probe("models.list")
_ONE: Final = probe("models.retrieve")


def _ids(x: Exchange) -> tuple[str, Calls]:
    return "\n".join(listed(x)), []


def _id(x: Exchange) -> tuple[str, Calls]:
    return x.model or "", []


READERS: Final = (
    reader_rule(_PYTHON, _LIST, {"list()": models.python_list}, lambda x: Known(_ids(x)[0], [], _ids)),
    reader_rule(_PYTHON, _ONE, {"retrieve()": models.python_one}, lambda x: Known(x.model, [], _id)),
    reader_rule(_NODE, _LIST, {"list()": models.node_list}, lambda x: Known(_ids(x)[0], [], _ids)),
    reader_rule(_NODE, _ONE, {"retrieve()": models.node_one}, lambda x: Known(x.model, [], _id)),
)  # fmt: skip
