"""stop: the text ends before the first stop sequence."""

from typing import Any, Final

from conformance.chat.choice import Choice, choices_of
from conformance.chat_params.request import NINE, VALID, asking
from conformance.chat_params.selectors import SUCCESS
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.rule import rule
from conformance.judging.selector import ok_probe
from conformance.running.probe import Probe
from wire.exchange import Exchange

# The second sequence spans several tokens, and is not the first of the list.
STREAMED: Final[dict[str, Any]] = {
    "stop": ["8 9", "zebra", "6 7", "quagga"],
    "stream": True,
    "stream_options": {"include_usage": False},
}
PROBES: Final = (
    Probe(f"{VALID}stop", asking(NINE, stop="7"), feature="chat.stop", output_tokens=25),
    Probe(f"{VALID}stop-stream", asking(NINE, **STREAMED), feature="chat.stop", output_tokens=25),
)
_UNTIL: Final = "1 2 3 4 5 6"
_UNTIL_STREAMED: Final = "1 2 3 4 5"


def words(x: Exchange) -> list[str]:
    given = x.request.params.get("stop")
    listed = given if isinstance(given, list) else [given]
    return [word for word in listed if isinstance(word, str) and word]


STOPPED: Final = SUCCESS.only("with stop", lambda x: bool(words(x)), f"{VALID}stop*")
COUNTED: Final = ok_probe(f"{VALID}stop*")


@rule("chat.param.stop.honoured", on=STOPPED)
def honoured(x: Exchange) -> Findings:
    for choice in choices_of(x):
        if not isinstance(choice.content, str):
            continue
        for word in words(x):
            if word in choice.content:
                where = f"{choice.where}.content"
                yield Finding(where, f"no {show(word)}", show(choice.content[-60:]))


@rule("chat.param.stop.cuts-there", on=COUNTED)
def cuts_there(x: Exchange) -> Findings:
    """All that comes before the sequence is there, and nothing that comes after it."""
    wanted = _UNTIL_STREAMED if x.wants_stream else _UNTIL
    for choice in choices_of(x):
        text = choice.content if isinstance(choice.content, str) else ""
        if not text.startswith("1 2 3"):
            yield Unsure("the model did not count")
        elif text.rstrip() != wanted:
            yield Finding(f"{choice.where}.content", show(wanted), show(text))


@rule("chat.param.stop.finish", on=COUNTED)
def finish(x: Exchange) -> Findings:
    for choice in choices_of(x):
        if not _counted(choice):
            yield Unsure("the model did not count")
        elif choice.finish_reason != "stop":
            yield Finding(f"{choice.where}.finish_reason", '"stop"', show(choice.finish_reason))


def _counted(choice: Choice) -> bool:
    return isinstance(choice.content, str) and choice.content.startswith("1 2 3")
