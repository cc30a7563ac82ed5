"""Events of 64 KiB and of 1 MiB: what a request says comes back in each response of a stream, in one line.

Readers of lines have limits that nobody set (64 KiB in several libraries). The parameter user is echoed and
costs no token; only the reference gateway takes it at any length, so this is asked of what stands in front
of it, in `--depth full`.
"""

from typing import Final

from conformance.judging.answer import status_line
from conformance.judging.finding import Finding, Findings
from conformance.judging.rule import rule
from conformance.judging.selector import probe
from conformance.responses.selectors import final
from conformance.running.probe import Probe, sends
from wire.exchange import Ended, Exchange

SIZES: Final = {"64kib": (70_000, 16), "1mib": (2**20 + 5_000, 800)}
"""Characters of user, and the limit of output: an answer longer than its limit allows is hung up on."""
PROBES: Final = tuple(
    Probe(
        f"responses.lines-{name}",
        sends("/responses", {"input": "Count from 1 to 3", "user": "u" * size, "stream": True}),
        feature="scripted", per_model=False, output_tokens=tokens, depth="full",
    )
    for name, (size, tokens) in SIZES.items()
)  # fmt: skip


@rule("responses.stream.long-lines", on=probe("responses.lines-*"))
def long_lines(x: Exchange) -> Findings:
    asked = str(x.request.params.get("user"))
    said = f"whole events, each in a line of about {len(asked) // 1024} KiB"
    found = final(x)
    if x.reply.status != 200:
        yield Finding("status", said, status_line(x))
    elif x.connection.ended is not Ended.COMPLETE or found is None:
        yield Finding(
            "stream", said, f"the end of the connection, {len(x.reply.events)} events were read"
        )
    elif found[2].get("user") != asked:
        shown = found[2].get("user")
        yield Finding(
            "response.user",
            said,
            f"{len(shown) if isinstance(shown, str) else 'no'} characters of it",
        )
