"""Compaction: a conversation made shorter, which the next turn can be built on."""

from typing import Any, Final

from conformance.judging.answer import error_of, status_line
from conformance.judging.code_word import ASK, knows, told
from conformance.judging.finding import ABSENT, Finding, Findings, Unsure, show
from conformance.judging.refusal import refused, unjudged
from conformance.judging.route import Silence
from conformance.judging.rule import rule
from conformance.judging.selector import ok_probe, probe
from conformance.responses.selectors import dicts
from conformance.responses_params.request import HELLO, PATH, message
from conformance.responses_params.selectors import text_of
from conformance.running.probe import Probe, ProbeContext, post, sends
from wire.exchange import Exchange, Request
from wire.usage import Usage

COMPACT: Final = f"{PATH}/compact"
_WORD: Final = "DUNLIN-35"
_FEATURE: Final = "responses.compact"
_TURNS: Final = [
    message("user", HELLO),
    message("assistant", told(_WORD)),
    message("user", "Thank you."),
]
MADE: Final = Probe("responses_params.compact.made", sends(COMPACT, {"input": _TURNS}),
                    feature=_FEATURE, per_model=False, output_tokens=60, retry=False)  # fmt: skip
MODELLESS: Final = Probe(
    "responses_params.compact.modelless",
    lambda _: post(COMPACT, {"input": _TURNS}),
    feature=_FEATURE,
    per_model=False,
    output_tokens=0,
)


def _follow(context: ProbeContext) -> Request:
    kept = context.reply(MADE.name).get("output")
    given = [*kept, message("user", ASK)] if isinstance(kept, list) else ASK
    return post(PATH, {"model": context.model, "input": given})


FOLLOWED: Final = Probe("responses_params.compact.followed", _follow, after=(MADE.name,),
                        feature=_FEATURE, per_model=False, output_tokens=20)  # fmt: skip


def _body(x: Exchange) -> dict[str, Any]:
    return x.reply.json if isinstance(x.reply.json, dict) else {}


@rule("responses.compact.answered", on=probe(MADE.name), silence=[Silence.ABSENT])
def answered(x: Exchange) -> Findings:
    """A server that does not compact says so in the form of an error."""
    if not x.ok and not unjudged(x) and (x.reply.status not in (404, 405, 501) or not error_of(x)):
        yield Finding("status", "200, or 404 or 501 with an error object", status_line(x))


@rule("responses.compact.shape", on=ok_probe(MADE.name))
def shape(x: Exchange) -> Findings:
    body = _body(x)
    if body.get("object") != "response.compaction":
        yield Finding("object", '"response.compaction"', show(body.get("object", ABSENT)))
    for name, kind, words in (("id", str, "a string"), ("created_at", (int, float), "a number"),
                              ("output", list, "an array")):  # fmt: skip
        if not isinstance(body.get(name), kind) or isinstance(body.get(name), bool):
            yield Finding(name, words, show(body.get(name)))
    usage = Usage.of(body.get("usage"))
    if usage is None or usage.prompt_tokens is None or usage.completion_tokens is None:
        yield Finding(
            "usage",
            "an object with input_tokens and output_tokens",
            show(body.get("usage", ABSENT)),
        )


@rule("responses.compact.usage", on=ok_probe(MADE.name))
def usage_of_compaction(x: Exchange) -> Findings:
    told = _body(x).get("usage")
    usage = told if isinstance(told, dict) else {}
    counts = [usage.get("input_tokens"), usage.get("output_tokens")]
    total = sum(n for n in counts if type(n) is int)
    if usage.get("total_tokens") != total:
        yield Finding("usage.total_tokens", str(total), show(usage.get("total_tokens", ABSENT)))
    for name, member in (("input_tokens_details", "cached_tokens"),
                         ("output_tokens_details", "reasoning_tokens")):  # fmt: skip
        details = usage.get(name)
        if not isinstance(details, dict) or type(details.get(member)) is not int:
            yield Finding(f"usage.{name}.{member}", "a whole number", show(details))


@rule("responses.compact.item", on=ok_probe(MADE.name))
def item(x: Exchange) -> Findings:
    sealed = [i for i in dicts(_body(x).get("output")) if i.get("type") == "compaction"]
    if len(sealed) != 1 or not isinstance(sealed[0].get("encrypted_content"), str):
        kinds = [i.get("type") for i in dicts(_body(x).get("output"))]
        yield Finding("output", "one compaction item with encrypted_content", show(kinds))


@rule("responses.compact.items", on=ok_probe(MADE.name))
def items(x: Exchange) -> Findings:
    """What is kept beside it are messages as they were sent."""
    given = {row["content"] for row in _TURNS}
    output = _body(x).get("output")
    for n, kept in enumerate(output if isinstance(output, list) else ()):
        if not isinstance(kept, dict) or not all(
            isinstance(kept.get(name), str) for name in ("id", "type")
        ):
            yield Finding(f"output[{n}]", "an item with id and type", show(kept, 60))
        elif kept["type"] == "message":
            parts = dicts(kept.get("content"))
            text = "".join(t for part in parts if isinstance(t := part.get("text"), str))
            if text not in given or kept.get("role") not in ("user", "assistant"):
                yield Finding(f"output[{n}]", "a message that was sent", show(kept, 60))
        elif kept["type"] != "compaction":
            yield Finding(f"output[{n}].type", "message or compaction", show(kept["type"]))


@rule("responses.compact.remembers", on=probe(FOLLOWED.name))
def remembers(x: Exchange) -> Findings:
    if x.ok:
        yield from knows("output", text_of(x), _WORD)
    elif unjudged(x):
        yield Unsure(status_line(x))
    else:
        yield Finding("status", "200 for what the compaction brought", status_line(x))


@rule("responses.compact.model-required", on=probe(MODELLESS.name))
def modelless(x: Exchange) -> Findings:
    if not unjudged(x) and x.reply.status != 404:
        yield from refused(x, "no model is named")
