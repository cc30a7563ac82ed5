"""Continue CLI: runs a command that the model asks for; models named gpt-5… go through Responses."""

import json
from typing import Final

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

VERSION: Final = "1.5.47"
SECONDS: Final = 45  # it answers in two, or tries again and again for minutes
SECONDS_FOR_ANY_MODEL: Final = 90
CONFIG: Final = """\
name: judged
version: 0.0.1
schema: v1
models:
  - name: judged
    provider: openai
    model: {model}
    apiBase: {base_url}
    apiKey: {key}
    roles: [chat]
    capabilities: [tool_use]
"""


def prompt(task: Task) -> str:
    arguments = json.dumps({"command": task.command}, ensure_ascii=False)
    call = f"Call the tool `Bash` with arguments {arguments}"
    return call if task.is_exact else f"{call}, once. Then answer with what it printed."


def run(target: Target) -> Outcome:
    folder = target.folder / "continue"
    folder.mkdir(exist_ok=True)
    text = CONFIG.format(model=target.model, base_url=target.base_url, key=target.key)
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    env = {
        "CONTINUE_GLOBAL_DIR": str(folder),
        "CONTINUE_CLI_ENABLE_TELEMETRY": "0",
        "CONTINUE_METRICS_ENABLED": "0",
        "CONTINUE_CLI_AUTO_UPDATED": "1",
        "CONTINUE_API_BASE": "http://127.0.0.1:9/",
    }
    words = [binary("cn"), "-p", "--auto", "--config", str(folder / "config.yaml"),
             prompt(target.task)]  # fmt: skip
    seconds = SECONDS if target.task.is_exact else SECONDS_FOR_ANY_MODEL
    return judged(run_program(words, target, env, seconds), target.task)


def judged(ended: Ended, task: Task) -> Outcome:
    if ended.code is None:
        return Outcome(
            False,
            f"killed after {SECONDS if task.is_exact else SECONDS_FOR_ANY_MODEL} s: {(ended.err or ended.out)[-200:]}",
        )
    if ended.code != 0:
        return Outcome(False, f"exit {ended.code}: {(ended.err or ended.out)[-200:]}")
    answer = f"The tool said: {task.said}"
    whole = ended.out.strip() == answer if task.is_exact else task.said in ended.out
    return Outcome(whole, "" if whole else f"answer: {ended.out.strip()!r}")


PROGRAM: Final = Program(
    "Continue", "continue", f"{VERSION} (Responses for gpt-5 models)", "@continuedev/cli", ".bin/cn",
    npm(f"@continuedev/cli@{VERSION}"), run, "a command, and the answer to its output",
    frozenset({"chat", "responses"}), (10_000, 1_000),
)  # fmt: skip
