"""Tokens that answers claim, held against those that their texts must cost: once the schedule is over.

What is kept for it is bounded; the counting is done by a process of its own, so that no stream is read late.
"""

import json
import sys
from array import array
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

import gevent
from gevent import subprocess

from load.measure.outcome import Outcome
from load.measure.tally import Tally
from load.transport.request import Arrival
from load.transport.responses_reader import ResponsesReader
from wire.endpoint import Endpoint

ROOT: Final = Path(__file__).parents[2]
# That are kept; what comes later is not compared.
MOST_LETTERS: Final = 4_000_000
MOST_ANSWERS: Final = 20_000
BATCH: Final = 200
JUDGED: Final = frozenset({Outcome.OK, Outcome.WITHOUT_DONE, Outcome.INCOMPLETE_LENGTH})
ENDPOINTS: Final = frozenset({Endpoint.CHAT, Endpoint.RESPONSES})
PLAIN: Final = frozenset({"message", "reasoning"})


class Claims:
    """Takes whole answers of plain text with a usage."""

    def __init__(self, model: str, asked: Collection[str] = ()) -> None:
        """`asked`: names of parameters that any request may have beside its messages."""
        self._model = model
        self._tools, self._schema = "tools" in asked, bool({"response_format", "text"} & set(asked))
        # Of several choices nobody says which claims what.
        self._room = 0 if "n" in asked else MOST_LETTERS
        # Column by column: a tuple an answer would take more memory than its text.
        self._texts: list[str] = []
        self._endpoints: list[str] = []
        self._cut: list[bool] = []
        self._reasoning, self._claimed = array("q"), array("q")

    def add(self, arrival: Arrival) -> None:
        if self._room <= 0 or arrival.outcome not in JUDGED:
            return
        usage, endpoint = arrival.usage, arrival.request.endpoint
        if usage is None or usage.completion_tokens is None or endpoint not in ENDPOINTS:
            return
        text = arrival.reader.text()
        if not text or not _plain(arrival):
            return
        self._room = self._room - len(text) if len(self._texts) + 1 < MOST_ANSWERS else 0
        self._texts.append(text)
        self._endpoints.append(endpoint.value)
        self._cut.append(arrival.outcome is Outcome.INCOMPLETE_LENGTH)
        self._reasoning.append(usage.reasoning_tokens or 0)
        self._claimed.append(usage.completion_tokens)

    def into(self, tally: Tally, within_s: float) -> None:
        """Count, for at most so long; what was counted by then goes into the tally."""
        if not self._texts:
            return
        process = None
        try:
            with gevent.Timeout(within_s, False):
                process = subprocess.Popen(
                    [sys.executable, "-m", "load.measure.count_claims", self._model],
                    cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                )  # fmt: skip
                vocabulary = json.loads(process.stdout.readline() or b'""')
                if vocabulary:
                    tally.counts[f"claims:vocabulary:{vocabulary}"] = 1
                    self._compare(process, tally)
        except (OSError, ValueError):
            tally.counts["claims:failed"] += 1
        finally:
            if process is not None:
                process.stdin.close()
                process.stdout.close()
                process.terminate()
                process.wait()

    def _compare(self, process: Any, tally: Tally) -> None:
        counts = tally.counts
        for start in range(0, len(self._texts), BATCH):
            part = slice(start, start + BATCH)
            columns = (
                self._texts[part],
                self._endpoints[part],
                self._reasoning[part],
                self._cut[part],
            )
            asked = [[*one, self._tools, self._schema] for one in zip(*columns, strict=True)]
            process.stdin.write(json.dumps(asked).encode() + b"\n")
            process.stdin.flush()
            bounds = json.loads(process.stdout.readline())
            for claimed, bound in zip(self._claimed[part], bounds, strict=True):
                if bound is None:
                    continue
                low, high = bound
                counts["claims:streams"] += 1
                counts["claims:claimed"] += claimed
                counts["claims:low"] += low
                counts["claims:high"] += high
                counts["claims:more"] += claimed > high
                counts["claims:less"] += claimed < low


def _plain(arrival: Arrival) -> bool:
    """Whether the text is all that was answered: what was thought aloud or called is counted, too."""
    reader = arrival.reader
    if isinstance(reader, ResponsesReader):
        messages = [item for item in reader.output if item.get("type") == "message"]
        # Of several texts it was never measured what stands between them.
        one = len(messages) == 1 and len(messages[0].get("content") or ()) == 1
        return one and all(item.get("type") in PLAIN for item in reader.output)
    return not arrival.request.stream or len(reader.texts) == len(reader.stamps)


def claims_in(total: Tally) -> dict[str, Any] | None:
    """What a document says of it; None where nothing was compared."""
    counts = total.counts
    streams = counts["claims:streams"]
    if not streams:
        return None
    claimed, low, high = (counts[f"claims:{name}"] for name in ("claimed", "low", "high"))
    difference = claimed - high if claimed > high else min(0, claimed - low)
    vocabularies = [name.rpartition(":")[2] for name in counts if name.startswith("claims:vocabulary:")]  # fmt: skip
    return {
        "answers": streams,
        "claimed": claimed,
        "counted": low if low == high else [low, high],
        "difference": difference,
        "share": round(difference / (high if difference > 0 else low), 4) if low > 0 else None,
        "answers_above": counts["claims:more"],
        "answers_below": counts["claims:less"],
        "vocabulary": ", ".join(sorted(vocabularies)),
    }


def sentence(claims: dict[str, Any]) -> str:
    """`tokens of 40 answers: claimed 1,400, counted 1,400 (o200k_base), difference 0`."""
    counted = claims["counted"]
    shown = f"{counted[0]:,} to {counted[1]:,}" if isinstance(counted, list) else f"{counted:,}"
    share = f" ({claims['share']:+.1%})" if claims["difference"] and claims["share"] is not None else ""  # fmt: skip
    off = [
        f"{n} answers claim {word} than their text can have cost"
        for n, word in ((claims["answers_above"], "more"), (claims["answers_below"], "less"))
        if n
    ]
    return (
        f"tokens of {claims['answers']:,} answers: claimed {claims['claimed']:,}, counted {shown} "
        f"({claims['vocabulary']}), difference {claims['difference']:+,}{share}{'; ' if off else ''}{'; '.join(off)}"
    )
