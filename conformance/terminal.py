"""What a run prints: header, plan, progress, the table at the end."""

import contextlib
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from conformance.judging.judge import Outcome
from conformance.judging.requirement import Level
from conformance.running.profiles import key_of
from conformance.running.session import Session
from conformance.state import Conformance

OUTCOMES = tuple(outcome.value for outcome in Outcome)


def header(state: Conformance) -> list[str]:
    where = state.base_url or "the reference gateway (give --base-url to judge another server)"
    profile = state.settings.profile
    present = [kind for kind in profile.key_variables if key_of(profile, kind)]
    keys = "its own" if not state.base_url else (", ".join(present) or "none")
    models = ", ".join(state.models) or "to be asked"
    lines = [f"target: {where}", f"profile: {profile.name}, models: {models}, keys: {keys}"]
    return [*lines, *state.notes]


def plan_lines(session: Session, total: int) -> list[str]:
    """Shown after collection, before the first request of the plan."""
    steps = session.steps()
    trials = [(prop.probe, prop.examples) for prop, _ in session.trials()]
    sent = [(step.probe, step.probe.count) for step in steps] + trials
    requests = sum(number for _, number in sent)
    billable = sum(number for probe, number in sent if probe.billable)
    limit = session.settings.max_cost_usd
    cap = "no limit" if limit is None else f"limit ${limit}"
    whole = session.plan_usd
    more = f"; the whole plan up to ${whole:.4f}" if limit is not None and whole > limit else ""
    lines = []
    if len(session.items) < total:
        lines.append(
            f"selected: {len(session.items)} of {total} verdicts; no client is judged by a part"
        )
    return [
        *lines,
        (
            f"plan: {requests} requests, {billable} billable, "
            f"at most about ${session.announced_usd:.4f} ({cap}{more})"
        ),
    ]


LINE_S = 15.0
"""A log that is no terminal gets a line at least so often."""

FORESEEN_S = 3.0
"""So long must have passed before an end is foreseen."""


def progress(
    config: pytest.Config, session: Callable[[], Session | None]
) -> Callable[[int, int, str], None]:
    """A line that follows the requests: rewritten on a terminal, a new one now and then elsewhere."""
    if config.option.verbose < -1:
        return lambda _done, _total, _name: None
    started = last = time.monotonic()
    fifths = 0

    def write(text: str) -> None:
        # The requests are sent within a test, whose output pytest captures, down to the descriptors.
        capture = config.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
            if reporter := config.pluginmanager.getplugin("terminalreporter"):
                reporter._tw.write(text)  # noqa: SLF001 - no line of its own
                reporter._tw.flush()  # noqa: SLF001
            elif sys.__stderr__ is not None:  # a worker
                sys.__stderr__.write(text)
                sys.__stderr__.flush()

    def is_terminal() -> bool:
        reporter = config.pluginmanager.getplugin("terminalreporter")
        return reporter is not None and reporter.isatty

    def show(done: int, total: int, name: str) -> None:
        nonlocal started, last, fifths
        now = time.monotonic()
        if done <= 1 and name:
            started = now
        if is_terminal():
            end = "\n" if done == total else ""
            write(f"\r\x1b[2Ksent {done}/{total} {name[:60]}{end}")
        elif total and (
            (done == total and name) or done * 5 // total > fifths or now - last >= LINE_S
        ):
            last, fifths = now, done * 5 // total
            end = "\n" if done == total else ""
            write(f"\nsent {done}/{total}{_so_far(session(), done, total, now - started)}{end}")

    return show


def _so_far(session: Session | None, done: int, total: int, elapsed_s: float) -> str:
    """Answers by status, cost so far, and when it will be over."""
    if session is None:
        return ""
    statuses = session.traffic.statuses
    classes = Counter[str]()
    for status, number in statuses.items():
        classes[f"{status // 100}xx" if status else "no answer"] += number
    parts = [f"{name} {classes[name]}" for name in sorted(classes)]
    parts.append(f"about ${session.budget.spent_usd:.4f}")
    if 0 < done < total and elapsed_s >= FORESEEN_S:
        parts.append(f"about {elapsed_s / done * (total - done):.0f} s left")
    return ", " + ", ".join(parts)


def summary(reporter: Any, state: Conformance) -> None:
    """The table by area and level, what could not be judged, the clients, where the report lies."""
    document = state.document
    if document is None:
        return
    write = reporter.write_line
    reporter.write_sep("=", "conformance")
    if document["could_not_run"]:
        write(f"could not run: {document['could_not_run']}", red=True, bold=True)
    _baseline(write, document["baseline"])
    if bill := document["cost"].get("bill"):
        write(bill["sentence"], yellow=bool(bill["percent"]), bold=bool(bill["percent"]))
    rows = document["results"]
    if rows:
        _causes(write, document["causes"])
        _table(write, rows)
        _unjudged(write, rows)
        _clients(write, document["clients"])
    for entry in document["stale"]:
        write(f"stale: {entry['requirement']} no longer deviates; drop it from the profile")
    cost = document["cost"]
    if cost:
        write(
            f"{cost['requests']} requests, {cost['billable_requests']} billable, "
            f"{cost['prompt_tokens']}+{cost['completion_tokens']} tokens, about ${cost['usd']:.4f}"
            + (f" of ${cost['announced_usd']:.4f} announced" if cost["announced_usd"] else "")
        )
    for path in state.written:
        if path.suffix == ".html":
            write(f"report: {path}", bold=True)


def _causes(write: Any, causes: list[dict[str, Any]]) -> None:
    """What one mend each would remove, the gravest first."""
    for number, cause in enumerate(causes, 1):
        names = cause["requirements"]
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        hurt = f"; breaks {', '.join(cause['clients'][:4])}" if cause["clients"] else ""
        line = f"{number:>2}. {cause['level']} {cause['sentence'][:200]} [{names[0]}{more}]{hurt}"
        write(line, red=cause["level"] == "MUST", yellow=cause["level"] != "MUST")


def _table(write: Any, rows: list[dict[str, Any]]) -> None:
    counts: dict[tuple[str, str], Counter[str]] = {}
    for row in rows:
        counts.setdefault((row["area"], row["level"]), Counter())[row["outcome"]] += 1
    used = [name for name in OUTCOMES if any(c[name] for c in counts.values())]
    write(f"{'area':<18}{'level':<8}" + "".join(f"{name:>14}" for name in used))
    for area, level in sorted(counts, key=lambda k: (k[0], list(Level).index(Level(k[1])))):
        line = counts[area, level]
        cells = "".join(f"{line[name] or '.':>14}" for name in used)
        bad = bool(line["fail"] or line["error"])
        write(f"{area:<18}{level:<8}{cells}", red=bad, green=not bad)


def _unjudged(write: Any, rows: list[dict[str, Any]]) -> None:
    from reports.obstacle import SHALLOW, told

    for outcome in ("blocked", "not-offered", "inconclusive"):
        reasons = Counter(told(outcome, row["reason"]) for row in rows if row["outcome"] == outcome)
        shallow = reasons.pop(SHALLOW, 0)
        for reason, number in reasons.most_common(8):
            write(f"{outcome} {number}: {reason[:150]}", yellow=True)
        if shallow:
            write(f"{outcome} {shallow}: {SHALLOW} (--depth full asks it)")


def _clients(write: Any, clients: list[dict[str, Any]]) -> None:
    words = {True: "ready", False: "NOT ready", None: "not judged"}
    for client in clients:
        because = ", ".join(client["because"][:4])
        more = f" ({because})" if because else ""
        state = words[client["ready"]]
        write(f"{client['name']} {client['version']}: {state}{more}", red=client["ready"] is False)
        _tried(write, client.get("tried"))


def _tried(write: Any, trial: dict[str, Any] | None) -> None:
    """What became of the client itself, where it was let try."""
    if trial is None:
        return
    if trial["works"] is None:
        write(f"  tried: no, {trial['saw']}", yellow=True)
        return
    said = "did its task" if trial["works"] else f"did NOT do its task: {trial['saw'][:160]}"
    paid = f"{trial['requests']} requests, {trial['billable_requests']} paid, ${trial['usd']:.4f}"
    write(
        f"  tried {trial['version']}: {said} ({paid})", red=not trial["works"], green=trial["works"]
    )
    for finding in trial["findings"]:
        write(f"  its traffic: {finding['requirement']}: {finding['message'][:160]}", red=True)


def tried_badly(document: dict[str, Any]) -> bool:
    """Whether a client that was let try failed, or was answered with what breaks a MUST."""
    trials = [trial for client in document["clients"] if (trial := client.get("tried"))]
    return any(trial["works"] is False or trial["findings"] for trial in trials)


def _baseline(write: Any, baseline: dict[str, Any] | None) -> None:
    """What changed since the baseline, each requirement once; it stands before all else."""
    if baseline is None:
        return
    from reports.compare import drift_of, headline, names_of

    bad = bool(names_of(baseline, "regressed"))
    write(headline(baseline), red=bad, green=not bad, bold=True)
    for sentence in drift_of(baseline):
        write(sentence, yellow=True, bold=True)
    for warning in baseline["warnings"]:
        write(f"not quite the same run: {warning}", yellow=True)
    for word in ("regressed", "fixed", "new", "gone"):
        names = names_of(baseline, word)
        more = f" and {len(names) - 6} more" if len(names) > 6 else ""
        if names:
            write(f"  {word} {len(names)}: {', '.join(names[:6])}{more}", red=word == "regressed")
