"""Parameters that clients send beside each other: all in one request, taken apart only where that is refused."""

from typing import Any, Final

from conformance.chat.choice import choices_of, intact
from conformance.chat.probes import PATH, USAGE, chat
from conformance.chat.probes_tools import ONE, TOOLS
from conformance.chat.prompts import echo
from conformance.chat.wild import STOP
from conformance.judging.answer import status_line
from conformance.judging.finding import Finding, Findings, Unsure
from conformance.judging.refusal import names, refuses
from conformance.judging.route import Silence
from conformance.judging.rule import run_rule
from conformance.judging.run import Run
from conformance.running.probe import Probe, sends
from conformance.running.resend import without_each
from wire.exchange import Exchange

# Everything that clients send beside each other; tests/chat/test_pairs.py holds that no pair is left out.
MANY: Final[dict[str, Any]] = {
    "n": 2, "tools": TOOLS, "tool_choice": "auto", "parallel_tool_calls": False, "seed": 7, "user": "conformance",
    "temperature": 1, "top_p": 1, "frequency_penalty": 0, "presence_penalty": 0, "stop": [STOP],
    "response_format": {"type": "text"}, "service_tier": "default", "store": True, "metadata": {"run": "conformance"},
    "prompt_cache_key": "conformance", **USAGE,
}  # fmt: skip
COMBINED: Final = Probe(
    "chat.combined",
    sends(PATH, chat(echo("alpha beta"), logprobs=True, top_logprobs=2, **MANY)),
    feature="chat.combined",
    per_model=False,
    output_tokens=40,
)
COMBINED_CALLS: Final = Probe(
    "chat.combined-calls",
    sends(PATH, chat(ONE, **MANY)),
    feature="chat.combined",
    per_model=False,
    depth="full",
    output_tokens=90,
)
_PARTS: Final = (
    "n", "logprobs", "tools", "tool_choice", "parallel_tool_calls", "seed", "user", "temperature", "top_p",
    "frequency_penalty", "presence_penalty", "stop", "response_format", "service_tier", "store", "metadata",
    "prompt_cache_key", "stream",
)  # fmt: skip
APART: Final = without_each(COMBINED, _PARTS)


@run_rule("chat.param.combined", probes=("chat.combined*",), silence=(Silence.LACKING,))
def combined(run: Run) -> Findings:
    """All at once; only where that is refused, again without each, so that the culprits are named."""
    for x in (*run.all(COMBINED.name), *run.all(COMBINED_CALLS.name)):
        if refuses(x):
            yield from _refused_together(run, x)
            continue
        found = len(choices_of(x)) if x.ok and intact(x) and choices_of(x) else 2
        if found != 2:
            yield Finding(
                "choices", "2, as n says, beside other parameters", str(found), exchange=x.id
            )


def _refused_together(run: Run, x: Exchange) -> Findings:
    """What names one parameter may be about that one; what names two, or none, is about the pair."""
    named = [n for n in x.request.params if n not in ("model", "messages") and names(x, n)]
    taken = [
        name for name in _PARTS
        if any(y.ok for y in run.all(f"{COMBINED.name}-without-{name.replace('_', '-')}"))
    ]  # fmt: skip
    if len(named) == 1 and len(taken) < 2:
        yield Unsure(f"{named[0]} may be refused by itself: {status_line(x)}")
        return
    said = "200: each parameter is taken alone"
    if taken:
        said += f"; without {' or '.join(taken)} the same request is taken"
    yield Finding("status", said, status_line(x), exchange=x.id)
