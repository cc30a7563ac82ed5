"""A conversation as clients keep it, in one input: each place of it tells a code word, all of them are asked for."""

import re
from typing import Any, Final

from conformance.judging.answer import status_line
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.refusal import refuses, too_long
from conformance.judging.rule import rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import probe
from conformance.judging.wild_text import framed
from conformance.responses_params.request import PATH, function, message_with_parts
from conformance.responses_params.selectors import text_of
from conformance.running.probe import Probe, sends
from wire.exchange import Exchange


def _told(word: str) -> str:
    return f"The code word is {word}."


# What each place tells that only it tells, in their order.
WORDS: Final = {
    "onyx-1": "the first developer message",
    "pumice-2": "the second part of the second message",
    "schist-3": "the first of two user messages",
    "tuff-4": "the second of two user messages",
    "marl-5": "the assistant's message",
    "chert-6": "the arguments of the second call",
    "loess-7": "the first output",
    "shale-8": "the second part of the second output",
    "gneiss-9": "a developer message behind the outputs",
}
# A model need not take what it called with for what it was told.
_HIDDEN: Final = frozenset({"marl-5", "chert-6"})


def _call(name: str, asked: str) -> dict[str, Any]:
    return {
        "type": "function_call",
        "call_id": f"call_{name}",
        "name": "find",
        "arguments": f'{{"key":"{asked}"}}',
    }


INPUT: Final[list[dict[str, Any]]] = [
    {"role": "developer", "content": f"Be brief. {_told('onyx-1')}"},
    message_with_parts("user", "Hello.", _told("pumice-2")),
    {"role": "user", "content": _told("schist-3")},
    {"role": "user", "content": f"{_told('tuff-4')} Keep it."},
    message_with_parts("assistant", f"Kept. {_told('marl-5')}"),
    {"role": "user", "content": "Find one and two."},
    _call("one", "one"),
    _call("two", f"two. {_told('chert-6')}"),
    {"type": "function_call_output", "call_id": "call_one", "output": framed(f"found 1. {_told('loess-7')}")},
    {"type": "function_call_output", "call_id": "call_two", "output": [
        {"type": "input_text", "text": "found 2."}, {"type": "input_text", "text": _told("shale-8")}]},
    {"role": "developer", "content": f"The user is at work. {_told('gneiss-9')}"},
    {"role": "user", "content": "List all code words that you were told in their order, separated by spaces, and nothing else."},
]  # fmt: skip
HISTORY: Final = Probe(
    "responses_params.history",
    sends(PATH, {"input": INPUT, "tools": [function("find", key="string")], "store": False}),
    feature="responses.tools", output_tokens=80, per_model=False,
)  # fmt: skip


@rule("responses.history.accepted", on=probe(HISTORY.name))
def accepted(x: Exchange) -> Findings:
    if refuses(x) and not too_long(x):
        yield Finding("status", "200 for a conversation as clients keep it", status_line(x))


@run_rule("responses.history.heard", probes=(HISTORY.name,))
def heard(run: Run) -> Findings:
    for x in run.all(HISTORY.name):
        text = text_of(x) if x.ok else ""
        wanted = [word for word in WORDS if run.profile.scripted or word not in _HIDDEN]
        found = [word for word in re.findall(r"[a-z]+-\d+", text) if word in wanted]
        missing = [word for word in wanted if word not in found]
        if not text or (missing and not run.profile.scripted):
            yield Unsure("the model did not say all code words")
        elif missing:
            said = f"{missing[0]}, as told in {WORDS[missing[0]]}"
            yield Finding("output[].content[].text", said, show(text), exchange=x.id)
        elif run.profile.scripted and found != wanted:
            said = f"{' '.join(wanted)}: the items in their order, each once"
            yield Finding("output[].content[].text", said, show(text), exchange=x.id)
