"""`python -m tests.clients.held_out SEED COUNT`: foretells drawn faults, and tries them with the real clients.

A table cannot show how well it foretells what it was written after; a fault that was drawn can. Of the faults
of the seeds after SEED those count that change what a client receives. `--record NAME` keeps the outcome in
`held_out.toml`, from which docs/clients.md is made.
"""

import argparse
import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.clients.programs import PROGRAMS
from conformance.clients.programs.program import Outcome, Program
from conformance.clients.readiness import clients, readiness
from conformance.judging.area import catalogue
from gateway.faults.machinery.fault import all_faults
from tests.clients.bench import Reach, drive
from tests.clients.drawn import Drawing
from tests.clients.measured import lasting
from tests.clients.stand import Stand, stand
from tests.direct import results
from wire.exchange import Request

TABLE = Path(__file__).with_suffix(".toml")
WORDS = {True: "ready", False: "not ready", None: "not judged"}
HEAD = """\
# Faults that were drawn by seed, what was foretold of real clients with them, and what the clients did.
# Made by `python -m tests.clients.held_out SEED COUNT --record NAME`.
"""


@dataclass(frozen=True)
class Trial:
    """One client with one drawn fault: what was said of it, and what broke it (nothing where it works)."""

    set: str
    seed: int
    says: str
    client: str
    said: str
    """`ready`, `not ready` or `not judged`."""
    saw: str

    @property
    def is_judged(self) -> bool:
        return self.said != "not judged"

    @property
    def agrees(self) -> bool:
        return self.said == ("not ready" if self.saw else "ready")


def read() -> list[Trial]:
    text = TABLE.read_text(encoding="utf-8") if TABLE.exists() else ""
    return [
        Trial(row["set"], row["seed"], row["says"], client, said, saw)
        for row in tomllib.loads(text).get("fault", [])
        for client, (said, saw) in row["clients"].items()
    ]


def write(trials: Sequence[Trial]) -> None:
    """One fault after the other, in the order of their sets and seeds."""
    rows: dict[tuple[str, int, str], list[Trial]] = {}
    for trial in sorted(trials, key=lambda t: (t.set, t.seed)):
        rows.setdefault((trial.set, trial.seed, trial.says), []).append(trial)
    TABLE.write_text(HEAD + "".join(_lines(*key, row) for key, row in rows.items()), "utf-8")


def _lines(name: str, seed: int, says: str, trials: Sequence[Trial]) -> str:
    quoted = [f"{_text(t.client)} = [{_text(t.said)}, {_text(t.saw)}]" for t in trials]
    head = f"set = {_text(name)}\nseed = {seed}\nsays = {_text(says)}\n[fault.clients]\n"
    return f"\n[[fault]]\n{head}" + "\n".join(quoted) + "\n"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def drawn(
    asked: Mapping[Program, Sequence[Request]], seed: int, count: int
) -> Iterator[tuple[str, list[Program]]]:
    """Names of `count` faults after a seed, with the clients that receive something else with them."""
    reaches = {program: Reach(requests) for program, requests in asked.items()}
    drawing = Drawing([request for requests in asked.values() for request in requests])
    told: set[str] = set()
    while len(told) < count:
        seed += 1
        fault = drawing.fault(seed)
        if fault.says in told:
            continue
        all_faults()[fault.name] = fault
        if touched := [program for program, reach in reaches.items() if reach.touches(fault.name)]:
            told.add(fault.says)
            yield fault.name, touched


def foretold(fault: str) -> dict[str, str]:
    """What a whole run with a fault says of each client."""
    rows = [
        row for row in catalogue().requirements if any(c.needs_requirement(row) for c in clients())
    ]
    judged = results([fault], requirements=rows)
    told = readiness([{"requirement": n, "outcome": str(r.outcome)} for n, r in judged.items()])
    return {row["name"]: WORDS[row["ready"]] for row in told}


def tried(program: Program, here: Stand, fault: str) -> Outcome:
    """What seems to break a client is tried a second time."""
    first = drive(program, here, fault)
    return first if first.works else drive(program, here, fault)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.clients.held_out", description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("--record", metavar="NAME", default="")
    options = parser.parse_args()
    kept = [trial for trial in read() if trial.set != options.record]
    found: list[Trial] = []
    with stand() as here:
        asked: dict[Program, Sequence[Request]] = {}
        for program in PROGRAMS:
            if program.missing:
                raise SystemExit(program.missing)
            if not (clean := drive(program, here)).works:
                raise SystemExit(
                    f"{program.name} does not work with the clean gateway: {clean.saw}"
                )
            asked[program] = tuple(here.asked)
        for name, touched in drawn(asked, options.seed, options.count):
            told = foretold(name)
            for program in touched:
                said = told[program.name]
                outcome = tried(program, here, name)
                saw = "" if outcome.works else lasting(outcome.saw) or "breaks"
                says = all_faults()[name].says
                trial = Trial(
                    options.record, int(name.split(".")[1]), says, program.name, said, saw
                )
                found.append(trial)
                print(f"{'ok ' if trial.agrees else 'NOT'} {name} {says}: {program.name}: "
                      f"{said}, {saw or 'works'}", flush=True)  # fmt: skip
                if options.record:
                    write([*kept, *found])
    for program in PROGRAMS:
        mine = [trial for trial in found if trial.client == program.name]
        known = sum(t.is_judged for t in mine)
        print(
            f"{program.name}: {sum(t.agrees for t in mine)} of {known} foretold, {len(mine) - known} not judged"
        )


if __name__ == "__main__":
    main()
