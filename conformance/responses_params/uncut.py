"""Answers without a limit, to their end; and the next stream after one that was left."""

from typing import Final

from conformance.chat.prompts import echo
from conformance.judging.ability import COUNT as ABILITY
from conformance.judging.ability import counted
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.rule import Rule, rule
from conformance.judging.selector import ok_probe
from conformance.responses_params.request import COUNT, PATH
from conformance.responses_params.selectors import response_of, status_of, text_of
from conformance.running.probe import Handling, Probe, sends
from wire.exchange import Exchange

COUNTED: Final = 1_100
CLEAN: Final = "Clean after the other left."
_LONG: Final = (
    f"Count from 1 to {COUNTED}, with one space between the numbers, and write nothing else."
)
_LEFT: Final = "Count from 1 to 120, with one space between the numbers, and write nothing else."
UNCUT: Final = (
    Probe("responses_params.uncut", sends(PATH, {"input": COUNT, "stream": True}), feature="responses.stream",
          output_tokens=420, unlimited=True, per_model=False),
    Probe("responses_params.uncut-long", sends(PATH, {"input": _LONG}), feature="responses",
          output_tokens=2_400, unlimited=True, per_model=False, depth="full"),
    Probe("responses_params.uncut-stream", sends(PATH, {"input": _LONG, "stream": True}), feature="responses.stream",
          output_tokens=2_400, unlimited=True, per_model=False, depth="full"),
)  # fmt: skip
LEFT: Final = (
    Probe("responses_params.left", sends(PATH, {"input": _LEFT, "stream": True}), feature="responses.stream",
          output_tokens=250, depth="full", per_model=False, alone=True, handling=Handling(abort_after_events=8)),
    Probe("responses_params.after-left", sends(PATH, {"input": echo(CLEAN), "stream": True}),
          after=("responses_params.left",), feature="responses.stream", output_tokens=20, depth="full",
          per_model=False, alone=True),
)  # fmt: skip


def _uncut(name: str, last: int) -> Rule:
    whole = " ".join(str(n) for n in range(1, last + 1))

    @rule("responses.answer.uncut", on=ok_probe(name))
    def check(x: Exchange) -> Findings:
        details = response_of(x).get("incomplete_details")
        reason = details.get("reason") if isinstance(details, dict) else None
        text = text_of(x)
        if status_of(x) == "incomplete" and reason == "max_output_tokens":
            found = f'"incomplete" because of max_output_tokens after {len(text)} characters'
            yield Finding("status", "an answer without a limit that nobody set", found)
        elif counted(text, whole):
            # A model that counts as it is told to was ended by somebody else; a small one stops by itself.
            found = f"{len(text)} characters, ending {show(text[-20:])}"
            yield Finding("output[].content[].text", f"all {last} numbers", found, ability=ABILITY)
        elif text.strip() != whole:
            yield Unsure("the model did not count to the end")

    return check


UNCUT_RULES: Final = (_uncut(UNCUT[0].name, 200), *(_uncut(p.name, COUNTED) for p in UNCUT[1:]))


@rule("responses.stream.after-left", on=ok_probe(LEFT[1].name))
def clean_after(x: Exchange) -> Findings:
    text = text_of(x)
    if "3 4 5" in text or CLEAN in text.replace(CLEAN, "", 1):
        yield Finding(
            "output[].content[].text", show(CLEAN), f"the other answer: {show(text[:60])}"
        )
    elif text.strip() != CLEAN:
        yield Unsure("the model did not repeat the text")
