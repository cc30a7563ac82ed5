"""stop: the text ends before the first stop sequence."""

import re
from typing import Any, Final

from conformance.chat.choice import choices_of
from conformance.chat_params.accepted import LOW_PROBE
from conformance.chat_params.request import NINE, PATH, VALID, asking
from conformance.chat_params.selectors import SUCCESS
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.rule import rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import ok_probe
from conformance.judging.substance import succeeded
from conformance.running.probe import Impossible, Probe, ProbeContext, post
from wire.exchange import Exchange, Request

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


SAID: Final = (LOW_PROBE.name, "chat.echo")
"""What was said before, the one to use first: many engines refuse one of the parameters of the former."""


def _of_its_own(context: ProbeContext) -> Request:
    """The request of an earlier answer again, with a stop sequence from the middle of that answer."""
    first = next((x for group in context.earlier.values() for x in group if x.ok), None)
    text = next((c.content for c in choices_of(first)), None) if first else None
    word = own_stop(text)
    if first is None or word is None:
        raise Impossible("no earlier answer has a text to stop in")
    # What is said of the tokens of a text that ends within one differs from server to server.
    kept = {n: v for n, v in first.request.params.items() if n not in ("logprobs", "top_logprobs")}
    return post(PATH, {**kept, "stop": [word]})


def own_stop(text: object) -> str | None:
    """Three letters of a text that come no earlier in it, behind its first third."""
    if not isinstance(text, str):
        return None
    for start in range(max(2, len(text) // 3), len(text) - 3):
        word = text[start : start + 3]
        if word == word.strip() and word.isprintable() and text.index(word) == start:
            return word
    return None


OWN: Final = Probe(
    f"{VALID}stop-own", _of_its_own, after=SAID, feature="chat.stop", output_tokens=16
)
_BETWEEN: Final = re.compile(r"(?<=\d)[,;.]?\s+")
_UNTIL: Final = "1 2 3 4 5 6"
_UNTIL_STREAMED: Final = "1 2 3 4 5"


def words(x: Exchange) -> list[str]:
    given = x.request.params.get("stop")
    listed = given if isinstance(given, list) else [given]
    return [word for word in listed if isinstance(word, str) and word]


STOPPED: Final = SUCCESS.only("with stop", lambda x: bool(words(x)), f"{VALID}stop*")
COUNTED: Final = ok_probe(f"{VALID}stop", f"{VALID}stop-stream")


def _met(x: Exchange, _: str) -> bool:
    """Whether the answer came as far as the sequence; of others' traffic nobody can tell."""
    texts = [_counted(x, c.content) for c in choices_of(x)]
    return x.probe is None or any(t in (_UNTIL, _UNTIL_STREAMED) for t in texts)


def _counted(x: Exchange, text: object) -> str | None:
    """A text that counts, without its last blanks; None for another one.

    Where the sequence is a number alone, the numbers may stand apart by commas or lines.
    """
    if not isinstance(text, str):
        return None
    if not x.wants_stream:
        text = _BETWEEN.sub(" ", text)
    return text.rstrip() if text.startswith("1 2 3") else None


@run_rule("chat.param.stop.honoured", probes=(LOW_PROBE.name, OWN.name), sees=succeeded)
def own_honoured(run: Run) -> Findings:
    """A model that said a text says it again up to the sequence that it is to stop before."""
    before = [c.content for name in SAID for x in run.all(name) if x.ok for c in choices_of(x)]
    for x in run.all(OWN.name):
        texts = [c.content for c in choices_of(x) if isinstance(c.content, str)] if x.ok else []
        for word, text in ((w, t) for w in words(x) for t in texts):
            until = {
                t[: t.index(word)].rstrip() for t in before if isinstance(t, str) and word in t
            }
            if text.rstrip() not in until and word not in text:
                yield Unsure("the model said something else than before")
        if not texts:
            yield Unsure("the request was not answered with a text")


@run_rule(
    "chat.param.stop.cuts-there",
    "chat.param.stop.finish",
    probes=(LOW_PROBE.name, OWN.name),
    sees=succeeded,
)
def own_cut(run: Run) -> Findings:
    """What was said up to a sequence is said again, and ends there with finish_reason stop."""
    before = [c.content for name in SAID for x in run.all(name) if x.ok for c in choices_of(x)]
    for x in run.all(OWN.name):
        for choice in choices_of(x) if x.ok else ():
            until = {
                t[: t.index(word)].rstrip()
                for word in words(x)
                for t in before
                if isinstance(t, str) and word in t
            }
            again = isinstance(choice.content, str) and choice.content.rstrip() in until
            for name in ("cuts-there", "finish") if not again else ():
                yield Unsure("the model said something else than before", f"chat.param.stop.{name}")
            if again and choice.finish_reason != "stop":
                found = show(choice.finish_reason)
                yield Finding(
                    f"{choice.where}.finish_reason",
                    '"stop"',
                    found,
                    None,
                    "chat.param.stop.finish",
                    x.id,
                )
        if not (x.ok and choices_of(x)):
            for name in ("cuts-there", "finish"):
                yield Unsure("the request was not answered with a text", f"chat.param.stop.{name}")


@rule("chat.param.stop.honoured", on=STOPPED, sees=_met)
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
        counted = _counted(x, choice.content)
        if counted is None:
            yield Unsure("the model did not count")
        elif counted != wanted:
            yield Finding(f"{choice.where}.content", show(wanted), show(choice.content))


@rule("chat.param.stop.finish", on=COUNTED)
def finish(x: Exchange) -> Findings:
    for choice in choices_of(x):
        if _counted(x, choice.content) is None:
            yield Unsure("the model did not count")
        elif choice.finish_reason != "stop":
            yield Finding(f"{choice.where}.finish_reason", '"stop"', show(choice.finish_reason))
