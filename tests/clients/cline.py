"""Cline CLI: runs a command that the model asks for through chat completions, and says the end."""

import json

from tests.clients.driver import (
    COMMAND,
    HOME,
    MODEL,
    MODULES,
    SAID,
    Driver,
    Ended,
    Outcome,
    Target,
    run_program,
)  # fmt: skip

BINARY = MODULES / ".bin" / "cline"
SECONDS = 90
ARGUMENTS = json.dumps({"commands": [COMMAND]}, ensure_ascii=False)
PROMPT = f"Call the tool `run_commands` with arguments {ARGUMENTS}"
PROVIDER = "openai-compatible"


def configured(target: Target) -> str:
    """The folder of settings, as `cline auth` leaves them."""
    folder = target.folder / "cline"
    (folder / "settings").mkdir(parents=True, exist_ok=True)
    settings = {
        "provider": PROVIDER, "apiKey": target.key, "model": MODEL, "baseUrl": target.base_url,
    }  # fmt: skip
    entry = {"settings": settings, "updatedAt": "2026-01-01T00:00:00.000Z", "tokenSource": "manual"}
    document = {"version": 1, "lastUsedProvider": PROVIDER, "modes": {},
                "providers": {PROVIDER: entry}}  # fmt: skip
    (folder / "settings" / "providers.json").write_text(json.dumps(document), encoding="utf-8")
    return str(folder)


def run(target: Target) -> Outcome:
    folder = configured(target)
    work = target.folder / "work"
    words = [str(BINARY), "--json", "--data-dir", folder, "--config", folder, "-P", PROVIDER,
             "-m", MODEL, "-c", str(work), PROMPT]  # fmt: skip
    return judged(run_program(words, target, {"CLINE_NO_AUTO_UPDATE": "1"}, SECONDS))


def judged(ended: Ended) -> Outcome:
    events = [json.loads(line) for line in ended.out.split("\n") if line.startswith("{")]
    result = next((event for event in events if event.get("type") == "run_result"), {})
    text = str(result.get("text", ""))
    if ended.code != 0 or result.get("finishReason") != "completed":
        said = text or next(
            (str(e["message"]) for e in events if e.get("message")), ended.err[-200:]
        )
        return Outcome(False, f"exit {ended.code}, {result.get('finishReason')}: {said}")
    answer = [{"query": COMMAND, "result": f"{SAID}\n", "success": True}]
    said, _, shown = text.partition(": ")
    try:
        whole = said == "The tool said" and json.loads(shown) == answer
    except ValueError:
        whole = False
    return Outcome(whole, "" if whole else f"answer: {text}")


DRIVER = Driver("Cline", "3.0.65", BINARY, f"npm install --prefix {HOME.name} cline@3.0.65", run,
                "a command, and the answer to its output")  # fmt: skip
