"""The same request is treated in the same way, whoever of the servers gets it."""

from conformance.judging.finding import Finding, Findings
from conformance.judging.rule import run_rule
from conformance.judging.run import Run

_LIMITED = {401, 403, 408, 429, 500, 502, 503, 504}


@run_rule("chat.param.unknown.consistent", probes=("chat_params.either.unknown",))
def unknown_consistent(run: Run) -> Findings:
    answered = [x for x in run.all("chat_params.either.unknown") if x.reply.status not in _LIMITED]
    for x in answered[1:]:
        if x.reply.status != answered[0].reply.status:
            expected = f"{answered[0].reply.status} as for the same request before"
            yield Finding("status", expected, str(x.reply.status), exchange=x.id)
