"""Judges the recorded real answers with the rules that a single exchange can answer.

`python -m tests.recorded [GLOB]` prints, for each requirement that matches, how many exchanges
were judged and the findings with examples.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from conformance.judging.area import catalogue
from conformance.judging.finding import Finding
from conformance.judging.rule import Rule
from wire import jsonl

RECORDINGS = Path(__file__).parent.parent.parent / "shared/recordings/openai-dev.jsonl.gz"


def findings(path: Path, pattern: str = "*") -> Iterator[tuple[str, Finding | None]]:
    """(requirement, finding) for what fails, (requirement, None) for each judged exchange."""
    known = catalogue()
    rows = known.requirements
    rules = [
        r
        for r in known.rules
        if isinstance(r, Rule) and any(fnmatchcase(n, pattern) for n in r.requirements)
    ]
    for x in jsonl.iter_file(path):
        for rule in rules:
            if not rule.on.matches(x):
                continue
            for name in rule.requirements:
                yield name, None
            for said in rule.judge(x):
                row = rows[said.requirement]
                old = row.since and x.day and x.day < row.since
                if isinstance(said, Finding) and not old:
                    yield said.requirement, said


def main() -> None:
    pattern = sys.argv[1] if len(sys.argv) > 1 else "*"
    judged: Counter[str] = Counter()
    found: defaultdict[str, list[Finding]] = defaultdict(list)
    for name, finding in findings(RECORDINGS, pattern):
        if finding is None:
            judged[name] += 1
        else:
            found[name].append(finding)
    rows = catalogue().requirements
    for name in sorted(judged):
        if not fnmatchcase(name, pattern):
            continue
        mark = f"{rows[name].level} {len(found[name])} findings" if found[name] else ""
        print(f"{judged[name]:6} {name} {mark}")
        for finding in found[name][:3]:
            print(f"         {finding.exchange}: {finding.where}: {finding.message}")


if __name__ == "__main__":
    main()
