"""That choices come to an end at all: clients wait for it, and survive an end that is told twice."""

from conformance.chat.choice import choices
from conformance.chat.selectors import STREAM, speaks_audio
from conformance.chat.stream import ends_by_itself, readable
from conformance.judging.finding import Finding, Findings
from conformance.judging.rule import rule
from wire.exchange import Exchange


@rule("chat.stream.finished", on=STREAM)
def finished(x: Exchange) -> Findings:
    if not ends_by_itself(x) or not readable(x) or speaks_audio(x):
        return
    ends: dict[int, bool] = {}
    for payload in x.reply.payloads:
        if isinstance(payload, dict) and "error" in payload:
            return
        for _, choice in choices(payload):
            index, ended = choice.get("index"), isinstance(choice.get("finish_reason"), str)
            if type(index) is int:
                ends[index] = ends.get(index, False) or ended
    for index in (index for index, ended in ends.items() if not ended):
        yield Finding(f"choice {index}", "a finish_reason in one of its chunks", "none")
