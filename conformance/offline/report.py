"""What `judge` says at the end: findings by requirement with their places, and the run document."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from conformance.judging.judge import Outcome
from conformance.judging.requirement import Level
from conformance.offline.tally import Tally
from conformance.offline.verdicts import OfflineJudge
from conformance.running.document import result_row, run_document

SHOWN = 3
WIDTH = 160
NO_COST = {
    "requests": 0,
    "billable_requests": 0,
    "prompt_tokens": 0,
    "completion_tokens": 0,
    "usd": 0.0,
}


def lines(
    offline: OfflineJudge, tallies: list[Tally], unread: int, left_out: int, foreign: int = 0
) -> Iterator[str]:
    """The report on the terminal: the bill on one line, then findings, the counts last."""
    if told := offline.bill.as_json():
        of = told["bill"]["answers"]
        claimed, counted = (_tokens(told[side]) for side in ("claimed", "counted"))
        yield f"{told['bill']['sentence']}: {claimed:,} tokens claimed, {counted:,} counted in {of} answers"
        yield ""
    for level in Level:
        for tally in tallies:
            if tally.level is level and (tally.findings or tally.error):
                yield from _finding_lines(tally)
    yield from _counts(offline, tallies, unread, left_out, foreign)


def _tokens(side: dict[str, Any]) -> int:
    return int(side["prompt_tokens"]) + int(side["completion_tokens"])


def _finding_lines(tally: Tally) -> Iterator[str]:
    row = tally.requirement
    model = f" on {tally.model}" if tally.model else ""
    if tally.error:
        yield f"ERROR {row.id}{model}: a fault of the suite: {tally.error}"
        return
    many = f"{tally.findings} finding{'s' * (tally.findings != 1)}"
    yield f"{tally.level} {row.id}{model}: {many} in {tally.guilty} of {tally.judged} exchanges"
    yield f"    {row.text}"
    yield f"    source: {row.source}"
    for finding, place in tally.shown[:SHOWN]:
        line = f"{finding.where}: {finding.message}".replace("\n", "\\n")
        yield f"    {place or finding.exchange}: {line[:WIDTH]}"
    if (more := tally.findings - SHOWN) > 0:
        yield f"    … and {more} more"
    yield ""


def _counts(
    offline: OfflineJudge, tallies: list[Tally], unread: int, left_out: int, foreign: int
) -> Iterator[str]:
    alone = "".join(f", {n} {why} left alone" for why, n in offline.skipped.items())
    alone += f", {left_out} without a recorded body" if left_out else ""
    alone += f", {unread} not readable" if unread else ""
    alone += f", {foreign} file{'s' * (foreign != 1)} of no form that is read" if foreign else ""
    hosts = ", ".join(host for host, _ in offline.seen_hosts.most_common(4))
    yield f"{offline.judged} exchanges judged{f' ({hosts})' if hosts else ''}{alone}"
    for level in Level:
        count = Counter(t.outcome for t in tallies if t.level is level)
        if count:
            words = (
                f"{count[o]} {o.value}" for o in Outcome if count[o] and o is not Outcome.BLOCKED
            )
            silent = f", {count[Outcome.BLOCKED]} not in these recordings" * bool(
                count[Outcome.BLOCKED]
            )
            yield f"{level}: {', '.join(words) or 'nothing judged'}{silent}"


def document(
    offline: OfflineJudge,
    tallies: Iterable[Tally],
    sources: list[str],
    *,
    started_at: float,
    duration_s: float,
    could_not: str | None = None,
) -> dict[str, Any]:
    """The run document of an offline judgement. Exchanges carry the place where they stand."""
    hosts = [host for host, _ in offline.seen_hosts.most_common(5)]
    name = offline.profile.name if offline.profile else "by host"
    rows = []
    for tally in tallies:
        row = result_row(tally.result())
        if tally.findings > len(row["findings"]):
            row["reason"] = (
                f"{tally.findings} findings in {tally.guilty} exchanges; the first stand here"
            )
        rows.append(row)
    whole = run_document(
        target={
            "base_url": f"recordings of {', '.join(hosts)}" if hosts else "recordings",
            "profile": name,
            "models": list(offline.seen_models),
            "recordings": sources,
        },
        started_at=datetime.fromtimestamp(started_at, UTC).isoformat(timespec="seconds"),
        duration_s=duration_s,
        cost={**NO_COST, **offline.bill.as_json()},
        rows=rows,
        exchanges=offline.evidence.kept.values(),
        base_url="$BASE_URL",
        profile=offline.profile,
        could_not_run=could_not,
    )
    for name, transcript in whole["exchanges"].items():
        place = offline.evidence.places[name]
        transcript["place"] = place
        transcript["probe"] = transcript["probe"] or place
    return whole
