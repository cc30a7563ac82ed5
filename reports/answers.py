"""What a reader wants to know first, each answered in a line or two."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from reports.bill import bill_of
from reports.compare import drift_of, names_of
from reports.document import Document, Result
from reports.fields import number_in
from reports.obstacle import obstacles
from reports.outcome import DEVIATES
from reports.page import dollars, milliseconds, moment
from reports.text import listed, number_of, one_line

MONEY: Final = ("billing", "usage", "authenticity")
"""The areas that say whether the bill is right."""


@dataclass(frozen=True)
class Answer:
    """`tone` is a verdict word for the colour; `more` says on what the answer rests."""

    question: str
    text: str
    tone: str = ""
    more: str = ""
    link: str = ""
    """Where on the page the whole of it stands."""


def answers(document: Document) -> tuple[Answer, ...]:
    """In this order: worse than last time, clients, cost, bill, speed, what to do next."""
    return (
        _since(document),
        _clients(document),
        _cost(document),
        _bill(document),
        _speed(document),
        _next(document),
    )


def since_words(baseline: Mapping[str, Any]) -> str:
    """`since 26 November`, by the date of the baseline when it is told."""
    started = str(baseline.get("started_at") or "")
    return f"since {moment(started)}" if started else "since the baseline"


def _since(document: Document) -> Answer:
    question = "Worse than last time?"
    if not document.baseline:
        return Answer(question, "not compared", "", "give an earlier report.json with --baseline")
    counted = {name: len(names_of(document.baseline, name)) for name in ("regressed", "new", "fixed", "gone")}  # fmt: skip
    warnings = document.baseline.get("warnings")
    warned = f"not the same run: {brief(str(warnings[0]), 120)}" if isinstance(warnings, list) and warnings else ""  # fmt: skip
    bad = counted["regressed"]
    text = f"{'yes' if bad else 'no'}, {bad} regressed {since_words(document.baseline)}"
    drift = drift_of(document.baseline)
    drifted = brief(drift[0], 200) if drift else ""
    others = ", ".join(f"{n} {name}" for name, n in counted.items() if n and name != "regressed")
    more = "; ".join(part for part in (drifted, warned, others) if part)
    tone = "fail" if bad else "blocked" if drift else "pass"
    return Answer(question, text, tone, more, "since")


def _clients(document: Document) -> Answer:
    question = "Which clients work?"
    if not document.clients:
        return Answer(question, "not judged")
    by_state = {
        state: [c.name for c in document.clients if c.ready is state]
        for state in (False, True, None)
    }
    if not by_state[True] and not by_state[False]:
        return Answer(question, "not judged", "blocked", "no client is judged by a part of the requirements", "clients")  # fmt: skip
    signs = {False: "✗", True: "✓", None: "?"}
    parts = [f"{signs[state]} {', '.join(names)}" for state, names in by_state.items() if names]
    tone = "fail" if by_state[False] else "pass" if not by_state[None] else "blocked"
    number = len(by_state[True])
    return Answer(question, f"{number} of {len(document.clients)}", tone, " · ".join(parts), "clients")  # fmt: skip


def _cost(document: Document) -> Answer:
    cost = document.cost
    if "usd" not in cost:
        return Answer("What did it cost?", "not counted")
    text = dollars(cost["usd"])
    announced, limit = cost.get("announced_usd"), cost.get("limit_usd")
    if announced is not None:
        text += f" of at most {dollars(announced)} announced"
    elif limit:
        text += f" of {dollars(limit)}"
    requests = f"{cost.get('requests', 0):,.0f} requests, {cost.get('billable_requests', 0):,.0f} billable"  # fmt: skip
    tokens = f"{cost.get('prompt_tokens', 0):,.0f} + {cost.get('completion_tokens', 0):,.0f} tokens"
    over = announced is not None and cost["usd"] > announced
    return Answer("What did it cost?", text, "fail" if over else "", f"{requests}; {tokens}")


def _bill(document: Document) -> Answer:
    question = "Is the bill right?"
    rows = [result for result in document.results if result.area in MONEY]
    judged = _ids(rows, DEVIATES | {"pass"})
    wrong = _ids([row for row in rows if row.level == "MUST"], {"fail"})
    bill = bill_of(document)
    told = f"{bill.claimed:,} tokens claimed, {bill.counted:,} counted" if bill else ""
    claimed = f"{bill.sentence}: {told}" if bill else ""
    link = "bill" if bill and bill.rows else ""
    if not judged:
        return Answer(question, "not judged", "", claimed, link)
    if wrong:
        rules = f"{number_of(len(wrong), 'rule')} of {len(judged)} about tokens and money broken"
        if bill and bill.percent:
            return Answer(question, f"no: {bill.sentence}", "fail", f"{rules}; {told}", link)
        return Answer(question, f"no: {rules}", "fail", claimed or listed(wrong, 2), link or wrong[0])  # fmt: skip
    return Answer(question, f"as far as it can be seen: {len(judged)} rules about tokens and money hold", "pass", claimed, link)  # fmt: skip


def _speed(document: Document) -> Answer:
    question = "How fast did it stream?"
    speed = document.speed
    ttft, streams = number_in(speed, "ttft_ms"), number_in(speed, "streams")
    if ttft is None or not streams:
        return Answer(question, "no stream was timed")
    rate = number_in(speed, "tokens_per_s")
    text = f"TTFT {milliseconds(ttft)}" + (f", {rate:,.0f} tokens/s" if rate else "")
    span = speed.get("ttft_ms_range")
    spread = f", TTFT {milliseconds(span[0])} to {milliseconds(span[1])}" if isinstance(span, list) and len(span) == 2 else ""  # fmt: skip
    rated = number_in(speed, "rated_streams")
    of = f" ({rated:,.0f} for tokens/s)" if rated is not None and rated != streams else ""
    return Answer(question, text, "", f"medians of {number_of(int(streams), 'stream')}{of}{spread}; no load test")  # fmt: skip


def _next(document: Document) -> Answer:
    question = "What to do next?"
    steps = list(_steps(document))
    return Answer(question, steps[0][0], "", steps[1][0] if len(steps) > 1 else "", steps[0][1])


def _steps(document: Document) -> Iterator[tuple[str, str]]:
    if document.could_not_run:
        yield "See that the server can be reached, and run again.", ""
    causes = [cause for cause in document.causes if cause.level == "MUST"]
    if causes:
        number = document.causes.index(causes[0]) + 1
        yield f"Mend cause {number}: {brief(causes[0].sentence, 90)}", f"cause-{number}"
    elif any(result.outcome == "fail" for result in document.results):
        yield "Mend the first failure below.", "failures"
    # Beside what fails only what the run itself lacked is worth a word: the rest shows when that is mended.
    open_rows = [row for row in obstacles(document) if row.is_of_the_run or not causes]
    for row in open_rows[:1]:
        yield f"{len(row.requirements):,} not judged: {brief(row.reason, 60)}. {row.remedy}", "open"  # fmt: skip
    if document.stale:
        yield f"Take {number_of(len(document.stale), 'stale deviation')} out of the profile.", "known"  # fmt: skip
    advised = [cause for cause in document.causes if cause.level != "MUST"]
    if advised and not causes:
        yield f"Look at {number_of(len(advised), 'recommendation')} that is not followed." if len(advised) == 1 else f"Look at {len(advised)} recommendations that are not followed.", "causes"  # fmt: skip
    yield "Keep this report.json and run every night with --baseline.", ""


def brief(text: str, limit: int) -> str:
    """The start of a text, cut between words."""
    text = one_line(text, 2000)
    return text if len(text) <= limit else f"{text[:limit].rpartition(' ')[0] or text[:limit]} …"


def _ids(rows: list[Result], outcomes: frozenset[str] | set[str]) -> list[str]:
    return list(dict.fromkeys(row.requirement for row in rows if row.outcome in outcomes))
