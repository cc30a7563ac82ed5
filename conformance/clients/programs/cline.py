"""Cline CLI: runs a command that the model asks for through chat completions, and says the end."""

import json
from typing import Any, Final

from conformance.clients.programs.program import (
    Ended,
    Outcome,
    Program,
    Target,
    Task,
    binary,
    npm,
    run_program,
)

VERSION: Final = "3.0.65"
SECONDS: Final = 90
PROVIDER: Final = "openai-compatible"


def prompt(task: Task) -> str:
    arguments = json.dumps({"commands": [task.command]}, ensure_ascii=False)
    call = f"Call the tool `run_commands` with arguments {arguments}"
    return call if task.is_exact else f"{call}, once. Then answer with what it printed."


def configured(target: Target) -> str:
    """The folder of settings, as `cline auth` leaves them."""
    folder = target.folder / "cline"
    (folder / "settings").mkdir(parents=True, exist_ok=True)
    settings = {
        "provider": PROVIDER, "apiKey": target.key, "model": target.model, "baseUrl": target.base_url,
    }  # fmt: skip
    entry = {"settings": settings, "updatedAt": "2026-01-01T00:00:00.000Z", "tokenSource": "manual"}
    document = {"version": 1, "lastUsedProvider": PROVIDER, "modes": {},
                "providers": {PROVIDER: entry}}  # fmt: skip
    (folder / "settings" / "providers.json").write_text(json.dumps(document), encoding="utf-8")
    return str(folder)


def run(target: Target) -> Outcome:
    folder = configured(target)
    work = target.folder / "work"
    words = [binary("cline"), "--json", "--data-dir", folder, "--config", folder, "-P", PROVIDER,
             "-m", target.model, "-c", str(work), prompt(target.task)]  # fmt: skip
    return judged(run_program(words, target, {"CLINE_NO_AUTO_UPDATE": "1"}, SECONDS), target.task)


def judged(ended: Ended, task: Task) -> Outcome:
    events = [json.loads(line) for line in ended.out.split("\n") if line.startswith("{")]
    result: dict[str, Any] = next(
        (event for event in events if event.get("type") == "run_result"), {}
    )
    text = str(result.get("text", ""))
    if ended.code != 0 or result.get("finishReason") != "completed":
        said = text or next(
            (str(e["message"]) for e in events if e.get("message")), ended.err[-200:]
        )
        return Outcome(False, f"exit {ended.code}, {result.get('finishReason')}: {said}")
    if not task.is_exact:
        whole = task.said in text
        return Outcome(whole, "" if whole else f"answer: {text}")
    answer = [{"query": task.command, "result": f"{task.said}\n", "success": True}]
    said, _, shown = text.partition(": ")
    try:
        whole = said == "The tool said" and json.loads(shown) == answer
    except ValueError:
        whole = False
    return Outcome(whole, "" if whole else f"answer: {text}")


PROGRAM: Final = Program(
    "Cline", "cline", VERSION, "cline", ".bin/cline", npm(f"cline@{VERSION}"), run,
    "a command, and the answer to its output", frozenset({"chat"}), (20_000, 1_000),
)  # fmt: skip
