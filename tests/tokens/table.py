"""Writes docs/token-truth.md from the recordings: `python -m tests.tokens.table`."""

import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.tokens.measured import Row, rows

HERE = Path(__file__).parent
PAGE = HERE.parent.parent / "docs/token-truth.md"


def page() -> str:
    """The whole page."""
    told = tomllib.loads((HERE / "told.toml").read_text(encoding="utf-8"))
    found = list(rows())
    measured = [row for row in found if isinstance(row, Row)]
    silent = Counter(row for row in found if isinstance(row, str))
    return "\n".join([
        "# Token truth",
        "",
        "Made by `python -m tests.tokens.table` from the recorded answers of api.openai.com; a test holds it.",
        "",
        told["about"].strip(),
        "",
        "## Prompts",
        "",
        *_prompts(measured),
        "",
        "## Answers in plain text",
        "",
        *_outputs(measured),
        "",
        "## Exceptions",
        "",
        *_exceptions(measured, told["exceptions"]),
        "",
        "## What is not counted",
        "",
        *(f"- {number}: {reason}" for reason, number in silent.most_common()),
        "",
        told["after"].strip(),
        "",
    ])  # fmt: skip


def text_prompts(measured: list[Row]) -> tuple[int, int]:
    """Prompts of plain text, without tools and schema: (counted to the token, all)."""
    plain = [row for row in measured if (row.side, row.kind) == ("prompt", "text")]
    return sum(not row.off for row in plain), len(plain)


def _prompts(measured: list[Row]) -> Iterator[str]:
    hits, all_ = text_prompts(measured)
    yield f"Text alone, all families: {hits} of {all_} to the token ({100 * hits / all_:.2f} %)."
    yield ""
    yield "| family | endpoint | prompt | to the token | within bounds | otherwise |"
    yield "|---|---|---|---|---|---|"
    groups: defaultdict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in measured:
        if row.side == "prompt":
            groups[row.family, row.endpoint, row.kind].append(row)
    for (family, endpoint, kind), some in sorted(groups.items()):
        exact = sum(row.exact and not row.off for row in some)
        wide = sum(not row.exact and not row.off for row in some)
        other = len(some) - exact - wide
        yield f"| {family} | {endpoint} | {kind} | {exact} | {wide or ''} | {other or ''} |"


def _outputs(measured: list[Row]) -> Iterator[str]:
    yield "Tokens above the text and the declared reasoning; the figure in brackets is how often."
    yield ""
    yield "| family | endpoint | beside the text | tokens above the least | otherwise |"
    yield "|---|---|---|---|---|"
    groups: defaultdict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in measured:
        if row.side == "output":
            groups[row.family, row.endpoint, row.kind].append(row)
    for (family, endpoint, kind), some in sorted(groups.items()):
        above = Counter(row.above for row in some if not row.off)
        shown = ", ".join(f"+{n} ({times})" for n, times in sorted(above.items())[:8])
        more = f", … +{max(above)}" if len(above) > 8 else ""
        other = sum(bool(row.off) for row in some)
        yield f"| {family} | {endpoint} | {kind} | {shown}{more} | {other or ''} |"


def _exceptions(measured: list[Row], reasons: dict[str, Any]) -> Iterator[str]:
    yield "| exchange | source | count | off by | reason |"
    yield "|---|---|---|---|---|"
    for row in measured:
        if row.off:
            where = row.source.rpartition("/")[2]
            yield f"| `{row.id}` | {where} | {row.side}, {row.kind} | {row.off:+} | {reasons.get(row.id, 'unknown')} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
