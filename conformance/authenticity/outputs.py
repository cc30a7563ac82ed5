"""Rules about outputs of tools: what the model is given of them is what was sent.

How calls and their outputs are counted is not published, but two prompts that differ in texts alone differ
by the tokens of these texts.
"""

import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from conformance.authenticity.alterations import CHANGES
from conformance.authenticity.ledger import entries
from conformance.authenticity.tokens import change_of, nothing_known, prompts
from conformance.judging.finding import Finding, Findings, Unsure
from conformance.judging.rule import run_rule
from conformance.judging.run import Run
from conformance.responses_params.count import TOKENS
from conformance.running.budget import usage_of
from conformance.running.probe import Impossible, Probe, ProbeContext, post
from wire.exchange import Exchange, Request
from wire.tokens.asked import Asked, Message
from wire.tokens.prompt import text_tokens
from wire.tokens.vocabulary import CARRIED, Vocabulary, vocabulary

TAME, SHORT = "x", 60
CLEAR: Final = 3
"""Tokens by which a prompt of an unpublished form has to be off before it is told."""
_PROMPT_SIDE: Final = ("model", "input", "instructions", "tools", "tool_choice", "reasoning", "parallel_tool_calls")  # fmt: skip
_ROLES: Final = ("user", "system", "developer", "assistant")
_RESULT, _VERBATIM = "chat.tool-result", "chat.verbatim"


def _tamed(output: Any) -> Any:
    """An output whose wild or long texts are one letter each; the others and pictures stay as they are."""
    if isinstance(output, list):
        return [{**p, "text": TAME} if len(str(p.get("text"))) > SHORT else p for p in output]
    return TAME if len(output) > SHORT else output


def _is_output(item: Any) -> bool:
    return isinstance(item, dict) and str(item.get("type")).endswith("_call_output")


def _counted(base: str) -> Probe:
    """A count, which costs nothing, of the prompt of an earlier answer, its outputs but one letter each."""

    def build(context: ProbeContext) -> Request:
        x = context.earlier[base][0]
        given = x.request.params
        if not isinstance(given.get("input"), list):
            raise Impossible(f"{base} was not sent")
        tame = [{**i, "output": _tamed(i["output"])} if _is_output(i) else i for i in given["input"]]  # fmt: skip
        body = {name: given[name] for name in _PROMPT_SIDE if name in given}
        return post(TOKENS, {**body, "input": tame})

    name = base.removeprefix("responses_params.")
    return Probe(f"authenticity.count-{name}", build, after=(base,), feature="responses.input_tokens",
                 per_model=base == LAST, output_tokens=0)  # fmt: skip


LAST: Final = "responses_params.agent.last"
# An answer in a stream and two plain ones: outputs as strings and as parts.
COUNTS: Final = {
    base: _counted(base)
    for base in (LAST, "responses_params.history", "responses_params.accept.output-parts")
}
PROBES: Final = tuple(COUNTS.values())


class Texts(NamedTuple):
    """The texts of outputs of a request, and the others."""

    outputs: tuple[str, ...]
    others: tuple[Message, ...] = ()


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for part in value if isinstance(value, list) else ():
        if isinstance(part, dict) and isinstance(part.get("text"), str):
            yield part["text"]


def _chat(x: Exchange) -> Texts:
    outputs: list[str] = []
    others: list[Message] = []
    for m in x.request.params["messages"]:
        if m.get("role") == "tool":
            outputs.append("".join(_texts(m.get("content"))))
        elif not m.get("tool_calls"):
            others.append(Message(m["role"], "".join(_texts(m.get("content")))))
    return Texts(tuple(outputs), tuple(others))


def _outputs(x: Exchange) -> tuple[str, ...]:
    items = x.request.params["input"]
    return tuple("\n".join(_texts(item["output"])) for item in items if _is_output(item))


def _calls(x: Exchange) -> str:
    """The calls of a chat history, which have to be the same where two are compared."""
    return json.dumps([m.get("tool_calls") for m in x.request.params["messages"] if m.get("tool_calls")])  # fmt: skip


def _tokens(texts: tuple[str, ...], words: Vocabulary) -> int:
    return sum(words.count(text) for text in texts)


def _words(run: Run) -> Vocabulary | Unsure:
    """The vocabulary by which this model counts its prompts; else why nothing follows from its counts."""
    sold = run.profile.sells(run.model)
    if sold is None or sold.tokenizer not in CARRIED:
        return Unsure(
            "how this model counts is not said: name its tokenizer in the profile, "
            '[sold."MODEL"] tokenizer = "o200k_base"'
        )
    ledger = entries(run)
    points = prompts(ledger)
    if unknown := nothing_known(ledger, points):
        return unknown
    if change_of(ledger) is None and any(point.off for point in points):
        return Unsure("prompts of text alone are counted otherwise, which is told elsewhere")
    return vocabulary(sold.tokenizer)


def _told(
    off: int, wild: list[tuple[str, ...]], words: Vocabulary, x: Exchange, clear: int = CLEAR
) -> Findings:
    """What a difference says that is so many tokens off, by changes of the outputs of one request, or of both.

    `wild`: the outputs of each, the second ones counted less.
    """
    if abs(off) < clear:
        if off:
            yield Unsure(
                f"{off:+d} tokens, which may be the form of a prompt that nobody published"
            )
        return
    all_tokens = sum(_tokens(texts, words) for texts in wild)
    if likely := _explanations(off, wild, words):
        found = f"{off:+d} tokens, as where {' or '.join(likely[:3])}"
        yield Finding("outputs of tools", "counted as they were sent", found, exchange=x.id)
    elif off < -max(20, all_tokens // 20):
        found = f"{-off} of {all_tokens} tokens are missing"
        yield Finding("outputs of tools", "counted as they were sent", found, exchange=x.id)
    else:
        yield Unsure(f"{off:+d} tokens, which no change of the outputs explains")


def _explanations(off: int, wild: list[tuple[str, ...]], words: Vocabulary) -> list[str]:
    """The changes that cost so many tokens more or fewer: of one request's outputs, or of both's."""
    likely = []
    for name, change in CHANGES.items():
        made = [_tokens(tuple(map(change, texts)), words) - _tokens(texts, words) for texts in wild]
        if off in (made[0], *((-made[1], made[0] - made[1]) if made[1:] else ())):
            likely.append(name)
    return likely


@run_rule("authenticity.prompt.tool-results", probes=(_RESULT, _VERBATIM))
def tool_results(run: Run) -> Findings:
    """Two conversations with the same calls, whose outputs are wild once and thrice: what is done to both shows as well."""
    words = _words(run)
    if isinstance(words, Unsure):
        yield words
        return
    one, two = run.one(_RESULT), run.one(_VERBATIM)
    first, second = usage_of(one), usage_of(two)
    if not one.ok or not two.ok or not first or not second or _calls(one) != _calls(two):
        yield Unsure("two answers to the same calls with their usage are needed")
        return
    a, b = _chat(one), _chat(two)
    wanted = _tokens(b.outputs, words) - _tokens(a.outputs, words)
    wanted += text_tokens(Asked(b.others), words) - text_tokens(Asked(a.others), words)
    off = (second.prompt_tokens or 0) - (first.prompt_tokens or 0) - wanted
    yield from _told(off, [b.outputs, a.outputs], words, two)


@run_rule("authenticity.prompt.tool-outputs", probes=(LAST, COUNTS[LAST].name))
def tool_outputs(run: Run) -> Findings:
    """An answer beside the count of the same prompt with outputs of one letter each."""
    words = _words(run)
    if isinstance(words, Unsure):
        yield words
        return
    compared = False
    for base, count in COUNTS.items():
        for x, counted in zip(run.all(base), run.all(count.name), strict=False):
            usage = usage_of(x) if x.ok else None
            tame = counted.reply.json.get("input_tokens") if isinstance(counted.reply.json, dict) else None  # fmt: skip
            if not usage or not usage.prompt_tokens or type(tame) is not int or not counted.ok:
                continue
            compared = True
            outputs, bare = (_outputs(each) for each in (x, counted))
            wanted = _tokens(outputs, words) - _tokens(bare, words)
            # Of one text between marks of the form nothing but itself is counted; parts are joined somehow.
            joined = any(
                isinstance(i["output"], list) and _tamed(i["output"]) != i["output"]
                for i in x.request.params["input"]
                if _is_output(i)
            )
            off = usage.prompt_tokens - tame - wanted
            yield from _told(off, [outputs], words, x, CLEAR if joined else 1)
    if not compared:
        yield Unsure("no answer and no count of its prompt to compare")
