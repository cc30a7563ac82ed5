"""Roo Code's way through chat completions, with the SDK that it carries: see `roo.mjs`."""

import json
from pathlib import Path
from typing import Final

from conformance.clients.programs.program import Outcome, Program, Target, Task, module, npm
from conformance.clients.programs.sdk_node import told

SDK: Final = "roo-openai/index.mjs"
SCRIPT: Final = Path(__file__).with_suffix(".mjs")
SECONDS: Final = 60


def prompt(task: Task) -> str:
    arguments = json.dumps({"command": task.command}, ensure_ascii=False)
    call = f"Call the tool `execute_command` with arguments {arguments}"
    return call if task.is_exact else f"{call}, once. Then answer with what it printed."


def run(target: Target) -> Outcome:
    task = target.task
    words = {
        "sdk": str(module(SDK)), "base_url": target.base_url, "key": target.key,
        "model": target.model, "prompt": prompt(task), "command": task.command,
        "exact": task.is_exact,
        "answer": f"The tool said: {task.said}\n" if task.is_exact else task.said,
    }  # fmt: skip
    return told(["node", str(SCRIPT)], words, target, SECONDS if task.is_exact else 2 * SECONDS)


PROGRAM: Final = Program(
    "Roo Code", "roo", "3.52.1 (OpenAI handler)", "roo-openai", SDK,
    npm("roo-openai@npm:openai@5.12.2"), run,
    "a command, and the answer to its output, by openai-node 5.12.2 as Roo's handler uses it",
    frozenset({"chat"}), (2_000, 1_000),
)  # fmt: skip
