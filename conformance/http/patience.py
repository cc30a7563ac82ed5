"""A stream that is silent for half a minute, as reasoning models are: who stands in front must not close it.

Only the scripted model can be told to wait, so this is asked of what stands in front of it, in `--depth full`.
"""

from typing import Final

from conformance.errors.probes import CHAT, RESPONSES
from conformance.judging.answer import status_line
from conformance.judging.finding import Finding, Findings
from conformance.judging.rule import rule
from conformance.judging.selector import probe
from conformance.running.probe import Handling, Probe, sends
from wire.chat import fold_chat
from wire.endpoint import Endpoint
from wire.exchange import Ended, Exchange
from wire.responses import fold_responses

SILENT_MS: Final = 31_000
_ORDER: Final = f"[[ttft {SILENT_MS}]] [[pace 500]] Count from 1 to 4"
PROBES: Final = (
    Probe("http.patient-chat", sends(CHAT, {"messages": [{"role": "user", "content": _ORDER}], "stream": True}),
          feature="scripted", per_model=False, output_tokens=20, depth="full", retry=False, handling=Handling(timeout_s=90)),
    Probe("http.patient-responses", sends(RESPONSES, {"input": _ORDER, "stream": True}),
          feature="scripted", per_model=False, output_tokens=20, depth="full", retry=False, handling=Handling(timeout_s=90)),
)  # fmt: skip


def _whole(x: Exchange) -> bool:
    if x.connection.ended is not Ended.COMPLETE:
        return False
    if x.endpoint is Endpoint.CHAT:
        return any(choice.finish_reason for choice in fold_chat(x.reply).choices.values())
    return fold_responses(x.reply).terminal is not None


@rule("http.stream.patient", on=probe("http.patient-*"))
def patient(x: Exchange) -> Findings:
    said = f"a whole stream, whose first token takes {SILENT_MS // 1000} s"
    if x.reply.status != 200:
        yield Finding("status", said, status_line(x))
    elif not _whole(x):
        waited = (x.connection.total_ms or 0.0) / 1000
        at = f" after {waited:.0f} s" if waited else ""
        yield Finding(
            "stream", said, f"the end of the connection{at}, {len(x.reply.events)} events were read"
        )
