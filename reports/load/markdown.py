"""load.md: a load run for a CI step summary or a pull request."""

from collections.abc import Iterator

from reports.fields import number_in, object_in, objects_in
from reports.load import comparison, facts
from reports.load.document import POINTS, Load, shown_ms, tokens_shown
from reports.load.html import percent
from reports.load.stages import COLUMNS, headline, rows
from reports.markdown import code, plain


def markdown(load: Load) -> str:
    return "\n".join(_parts(load)).rstrip() + "\n"


def _parts(load: Load) -> Iterator[str]:
    lead, rest = load.sentence
    yield f"# {lead} {plain(rest)}\n"
    for reason in load.reasons:
        yield f"- not to be believed: {plain(reason)}"
    yield f"\n{code(load.base_url)} · {plain(load.plan)} · {plain(load.model)}\n"
    ended = ", ".join(f"{n:,} {name}" for name, n in load.outcomes.items() if n)
    yield f"**{load.happened:,} arrivals:** {ended}\n"
    goodput = object_in(load.data, "goodput")
    figures = [
        f"{load.rate('completed_per_s') or 0:,.1f} requests/s",
        tokens_shown(load),
        f"goodput {percent(goodput, 'attainment')}",
        f"${load.spent_usd:,.4f}",
    ]
    yield f"{facts.window(load)}: " + " · ".join(figures) + "\n"
    yield "| ms | n | " + " | ".join(POINTS) + " |\n|---" * 1 + "|---" * (len(POINTS) + 1) + "|"
    for _, title, _, points, count in load.rows():
        yield f"| {title} | {count:,} | " + " | ".join(shown_ms(point) for point in points) + " |"
    yield ""
    if facts.claims(load):
        yield f"- {plain(facts.claims(load))}"
    for gate in load.gates:
        value = gate.get("value")
        shown = (
            f"cannot be judged: {plain(str(gate.get('why') or 'too few samples'))}"
            if value is None
            else f"{value:g} {gate.get('unit', '')}"
        )
        yield f"- gate {code(str(gate.get('gate', '')))}: {'passed' if gate.get('passed') else '**failed**'} ({shown})"  # fmt: skip
    stages = rows(load)
    if stages:
        yield f"\n## Stages\n\n{plain(headline(load))}\n"
        yield (
            "| stage | window | "
            + " | ".join(COLUMNS)
            + " | |\n"
            + "|---" * (len(COLUMNS) + 3)
            + "|"
        )
        for label, valid, span, figures, said in stages:
            verdict = f"{'VALID' if valid else 'INVALID'}{': ' if said else ''}{said}"
            yield f"| {plain(label)} | {span} | {' | '.join(figures)} | {plain(verdict)} |"
    trials = objects_in(object_in(load.data, "search"), "trials")
    if trials:
        search = object_in(load.data, "search")
        low, high = (number_in(search, name) for name in ("low_per_s", "high_per_s"))
        bounds = [f"{word} {rate:.4g}/s" for word, rate in (("at least", low), ("below", high)) if rate is not None]  # fmt: skip
        yield f"\n## Highest rate that meets the targets: {', '.join(bounds) or 'not known'}\n"
        yield "| rate | good | TTFT p50 | |\n|---|---|---|---|"
        for one in trials:
            good = f"{one['attainment']:.1%}" if one.get("attainment") is not None else "n/a"
            yield f"| {one['rate']:.4g} | {good} | {shown_ms(one.get('ttft_p50_ms'))} | {plain(one.get('why') or 'meets the targets')} |"  # fmt: skip
    found = object_in(load.data, "conformance")
    if found:
        yield "\n## Requirements violated under load\n\n| requirement | streams |\n|---|---|"
        yield from (f"| {code(name)} | {n:,} |" for name, n in found.items())
    command = load.data.get("command")
    if isinstance(command, str):
        yield f"\nRun again: {code(command)}\n"
    compared = comparison.rows(load)
    if compared:
        yield "\n## Compared with the earlier run\n"
        for warning in comparison.warnings(load):
            yield f"- {plain(warning)}"
        yield "\n| | | before | now | change | 95 % | |\n|---|---|---|---|---|---|---|"
        for row in compared:
            yield f"| {' | '.join(row[:6])} | {f'**{row.tone}**' if row.tone else ''} |"
