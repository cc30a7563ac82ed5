"""Events of 64 KiB and of 1 MiB in a chat stream: the filler of one chunk is as long.

Readers of lines have limits that nobody set (64 KiB in several libraries). Only the scripted model can be
told to fill up a chunk, so this is asked of what stands in front of it, in `--depth full`; it costs no tokens.
"""

from typing import Final

from conformance.chat.choice import choices_of, intact
from conformance.chat.probes import PATH, USAGE, chat
from conformance.judging.answer import status_line
from conformance.judging.finding import Finding, Findings, show
from conformance.judging.rule import rule
from conformance.judging.selector import probe
from conformance.running.probe import Probe, sends
from wire.exchange import Ended, Exchange

SIZES: Final = {"64kib": (70_000, 16), "1mib": (2**20 + 5_000, 800)}
"""Characters of filler, and the limit of output: an answer longer than its limit allows is hung up on."""
TEXT: Final = "1 2 3"
PROBES: Final = tuple(
    Probe(f"chat.lines-{name}", sends(PATH, chat(f"[[script line_{name}]] Count from 1 to 3", **USAGE)), feature="scripted",
          per_model=False, output_tokens=tokens, depth="full")
    for name, (_, tokens) in SIZES.items()
)  # fmt: skip


@rule("chat.stream.long-lines", on=probe("chat.lines-*"))
def long_lines(x: Exchange) -> Findings:
    size = SIZES[str(x.probe).rpartition("-")[2]][0]
    said = f"whole events, one of them in a line of about {size // 1024} KiB"
    longest = max((len(chunk.get("obfuscation") or "") for _, chunk in x.objects() if isinstance(chunk, dict)
                   and isinstance(chunk.get("obfuscation"), str)), default=0)  # fmt: skip
    texts = [choice.content for choice in choices_of(x)] if x.ok and intact(x) else []
    if x.reply.status != 200:
        yield Finding("status", said, status_line(x))
    elif x.connection.ended is not Ended.COMPLETE:
        found = f"the end of the connection, {len(x.reply.events)} events were read"
        yield Finding("stream", said, found)
    elif longest < size:
        yield Finding("obfuscation", said, f"{longest} characters of filler in the longest")
    elif texts != [TEXT]:
        yield Finding("choices[0] delta.content", f"{TEXT}, around the long line", show(texts))
