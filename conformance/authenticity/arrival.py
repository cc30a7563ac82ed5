"""Rules about the prompt: what was sent arrives whole, once, and in its order."""

import re
from collections.abc import Sequence
from typing import Final

from conformance.authenticity.ledger import entries
from conformance.authenticity.prompts import (
    CANARIES,
    DEVELOPER,
    INSTRUCTIONS,
    MESSAGES,
    NEEDLE,
    NEEDLES,
    PICTURES,
    ROLES,
    codes_sent,
    colour_sent,
    digits_sent,
)
from conformance.authenticity.said import text_of
from conformance.judging.answer import status_line
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.rule import run_rule
from conformance.judging.run import Run
from conformance.running.budget import usage_of
from wire.chat import fold_chat
from wire.digits import COLOURS
from wire.endpoint import Endpoint
from wire.exchange import Ended, Exchange
from wire.responses import fold_responses

LISTS: Final = (NEEDLE.name, CANARIES.name, DEVELOPER.name)


@run_rule("authenticity.prompt.needles", probes=LISTS)
def needles_found(run: Run) -> Findings:
    x = run.one(NEEDLE.name)
    sent, said = codes_sent(x), text_of(x)
    if cannot := _cannot(run, x):
        yield cannot
        return
    usage = usage_of(x)
    billed = f", {usage.prompt_tokens} tokens billed" if usage and usage.prompt_tokens else ""
    for place, word in zip(NEEDLES, sent, strict=True):
        if word not in said:
            found = f"not known to the model{billed}"
            yield Finding("the prompt", f"the code word at its {place} read", found, exchange=x.id)


@run_rule("authenticity.prompt.messages", probes=LISTS)
def messages(run: Run) -> Findings:
    yield from _listed(run, run.one(CANARIES.name))


@run_rule("authenticity.prompt.developer", probes=LISTS)
def developer(run: Run) -> Findings:
    yield from _listed(run, run.one(DEVELOPER.name))


@run_rule("authenticity.prompt.instructions", probes=(*LISTS, INSTRUCTIONS.name))
def instructions(run: Run) -> Findings:
    yield from _listed(run, run.one(INSTRUCTIONS.name))


def _listed(run: Run, x: Exchange) -> Findings:
    if cannot := _cannot(run, x):
        yield cannot
        return
    sent, said = codes_sent(x), text_of(x)
    for name, word in zip(MESSAGES[x.probe or ""], sent, strict=True):
        if (times := said.count(word)) != 1:
            found = f"{times} times" if times else "not known to the model"
            yield Finding(name, "its code word once", found, exchange=x.id)
    if not _ordered(sent, said):
        yield Finding("messages", "in the order in which they were sent", show(said), exchange=x.id)


@run_rule("authenticity.prompt.roles", probes=LISTS)
def roles(run: Run) -> Findings:
    """Developer and system are one role, by whatever name; what a user or the assistant said is none of theirs."""
    for name, expected in ROLES.items():
        for x in run.all(name):
            said = dict(word.split(":", 1)[::-1] for word in text_of(x).split() if ":" in word)
            words = codes_sent(x)
            if not x.ok or not run.profile.scripted or not said.keys() & set(words):
                yield Unsure("only the scripted model tells who told it what")
                continue
            if not said.keys() >= set(words):
                yield Unsure("not all code words were told with a role")
            for place, word, role in zip(MESSAGES[name], words, expected, strict=True):
                told = said.get(word, "").replace("developer", "system")
                if told and told != role:
                    found = f"read as {said[word]}"
                    yield Finding(place, f"the role {role}", found, exchange=x.id)


def _ordered(sent: Sequence[str], said: str) -> bool:
    places = [said.find(word) for word in sent if word in said]
    return places == sorted(places)


def _cannot(run: Run, x: Exchange) -> Unsure | None:
    """Why an answer says nothing of what arrived: a model that lists no words was not cut off."""
    if not x.ok:
        return Unsure(f"answered {status_line(x)}")
    if _all_listed(x):
        return None
    if not _ended(x) or not text_of(x).strip():
        return Unsure("the answer has no text, or did not come to its end")
    mine = next((e for e in entries(run) if e.id == x.id and e.output is not None), None)
    if mine and mine.output and mine.output.off(mine.output_claimed):
        # Words that were lost on the way back were not lost on the way there.
        return Unsure(f"{mine.output_claimed} tokens were written, and others arrived: {show(text_of(x), 60)}")  # fmt: skip
    names = (*LISTS, INSTRUCTIONS.name)
    others = [y for name in names if name != x.probe for y in run.all(name) if y.ok]
    able = sum(_all_listed(y) for y in others)
    if 2 * able < max(len(others), 1):
        return Unsure(
            f"the model does not list code words that it was told, in {able} of {len(others)} other "
            f"answers: {show(text_of(x), 60)}"
        )
    return None


def _ended(x: Exchange) -> bool:
    if x.connection.ended is not Ended.COMPLETE:
        return False
    if x.endpoint is Endpoint.RESPONSES:
        return not x.reply.is_stream or fold_responses(x.reply).terminal is not None
    return not x.reply.is_stream or any(
        c.finish_reason for c in fold_chat(x.reply).choices.values()
    )


def _all_listed(x: Exchange) -> bool:
    said = text_of(x)
    return all(word in said for word in codes_sent(x))


@run_rule("authenticity.prompt.picture", probes=tuple(probe.name for probe in PICTURES))
def picture(run: Run) -> Findings:
    """Three digits are not guessed; other digits are those of another picture."""
    for probe in PICTURES:
        x = run.one(probe.name)
        sent, said = digits_sent(x), text_of(x)
        shown = "".join(sign for sign in said if sign.isdigit())
        if not x.ok:
            yield Unsure(f"answered {status_line(x)}")
        elif shown != sent and not said.strip():
            yield Unsure("the answer has no text")
        elif shown != sent:
            yield Finding(
                f"the picture at {x.endpoint}",
                f"the digits {sent}, which are drawn in it",
                show(said),
                exchange=x.id,
            )


@run_rule("authenticity.prompt.colour", probes=tuple(probe.name for probe in PICTURES))
def colour(run: Run) -> Findings:
    """Who reads the digits and names another colour was given another picture of them."""
    for probe in PICTURES:
        x = run.one(probe.name)
        sent, said = colour_sent(x), text_of(x).lower()
        named = [name for name in (*COLOURS, "gray", "white") if re.search(rf"\b{name}\b", said)]
        if not x.ok or digits_sent(x) not in said.replace(" ", "") or not named:
            yield Unsure("the digits were not read, or no colour was named")
        elif sent not in named:
            found = f"{named[0]}: {show(said, 60)}"
            yield Finding(f"the picture at {x.endpoint}", f"digits in {sent}", found, exchange=x.id)
