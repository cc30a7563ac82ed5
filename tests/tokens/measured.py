"""What recorded answers of the real API claim, beside what we count: one row an exchange."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.recorded import RECORDINGS
from wire import jsonl
from wire.endpoint import Endpoint
from wire.exchange import Exchange
from wire.tokens.asked import Unknown
from wire.tokens.claim import Claim, claim
from wire.tokens.prompt import Bounds


@dataclass(frozen=True)
class Row:
    """One side of one exchange. `off` is how far the claim lies outside of the bounds."""

    side: str
    kind: str
    endpoint: str
    family: str
    id: str
    source: str
    exact: bool
    above: int
    off: int
    """How far the claim lies outside of the bounds; `above` how far above their lower end."""


def rows(path: Path = RECORDINGS) -> Iterator[Row | str]:
    """A row for each count that can be judged; for each exchange that cannot, why."""
    for x in jsonl.iter_file(path):
        if x.endpoint in {Endpoint.CHAT, Endpoint.RESPONSES} and x.request.method == "POST":
            found = claim(x)
            if isinstance(found, Unknown):
                yield found.reason
            else:
                yield from _sides(x, found)


def _sides(x: Exchange, found: Claim) -> Iterator[Row | str]:
    usage = found.answered.usage
    kind = "tools" if found.asked.functions else "schema" if found.asked.schema else "text"
    for side, bounds, said in (
        ("prompt", found.prompt, usage.prompt_tokens),
        ("output", found.output, usage.completion_tokens),
    ):
        if isinstance(bounds, Bounds) and said is not None:
            yield Row(
                side,
                kind,
                str(x.endpoint),
                found.family.name,
                x.id,
                x.source or "",
                bounds.exact,
                said - bounds.low,
                bounds.off(said),
            )
        elif isinstance(bounds, Unknown):
            yield f"{side}: {bounds.reason}"
