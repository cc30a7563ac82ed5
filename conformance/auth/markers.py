"""Several calls at once, each with a text of its own, to see whose answer comes to whom."""

from conformance.auth.selectors import text_of
from conformance.judging.answer import status_line
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.rule import rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import probe
from conformance.running.probe import Probe, ProbeContext, post
from wire.exchange import Exchange, Request

WORDS = ("amber é", "cobalt 世界", "jade 👩‍🚀", "umber שלום")


def _text(index: int) -> str:
    return f"marker {index}: {WORDS[index % len(WORDS)]}"


def _prompt(index: int) -> str:
    return (
        "Repeat the text between the markers exactly, and write nothing else.\n"
        f"<<<\n{_text(index)}\n>>>"
    )


def _chat(context: ProbeContext) -> Request:
    body = {
        "model": context.model,
        "messages": [{"role": "user", "content": _prompt(context.index)}],
    }
    return post("/chat/completions", {**body, "stream": True} if context.index % 2 else body)


def _responses(context: ProbeContext) -> Request:
    body = {"model": context.model, "input": _prompt(context.index + 2)}
    return post("/responses", {**body, "stream": True} if context.index % 2 else body)


MARKERS = (
    Probe("auth.marker-chat", _chat, feature="chat", count=2, output_tokens=20),
    Probe("auth.marker-responses", _responses, feature="responses", count=2, output_tokens=20),
)


@rule("auth.concurrent", on=probe("auth.marker-*"))
def concurrent(x: Exchange) -> Findings:
    if not x.ok:
        yield Unsure(f"{x.probe} was answered {status_line(x)}")
        return
    asked, answer = x.request.text, text_of(x)
    own = [n for n in range(len(WORDS)) if f"marker {n}: " in asked]
    # A model that counts on makes "marker 3:" of "marker 2:" by itself, but not the words behind it.
    foreign = [n for n in range(len(WORDS)) if n not in own and _text(n) in answer]
    if foreign:
        yield Finding(
            "text", f"{_text(own[0])}, which was sent" if own else "no marker", show(answer)
        )
    elif not any(f"marker {n}:" in answer for n in own):
        yield Unsure("the model did not repeat its text")


@run_rule("auth.one-key", "tiers.key-accepted", probes=("models.list", "auth.marker-*"))
def one_key(run: Run) -> Findings:
    for x in run.where(probe("models.list", "auth.marker-*")):
        if x.reply.status in (401, 403):
            for name in ("auth.one-key", "tiers.key-accepted"):
                yield Finding(
                    "status",
                    "a success: the key is right",
                    status_line(x),
                    requirement=name,
                    exchange=x.id,
                )


@run_rule("tiers.pairs", probes=("auth.marker-chat", "auth.marker-responses"))
def pairs(run: Run) -> Findings:
    for x in run.where(probe("auth.marker-*")):
        if x.reply.status != 200:
            yield Finding(
                "status", f"200 for {x.model} at {x.request.path}", status_line(x), exchange=x.id
            )
