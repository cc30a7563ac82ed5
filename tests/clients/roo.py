"""Roo Code's way through chat completions, with the SDK that it carries: see `roo.mjs`."""

import json
from pathlib import Path

from tests.clients.driver import COMMAND, HOME, MODEL, MODULES, SAID, Driver, Outcome, Target
from tests.clients.sdk_node import told

SDK = MODULES / "roo-openai" / "index.mjs"
TASK = Path(__file__).with_suffix(".mjs")
SECONDS = 60
ARGUMENTS = json.dumps({"command": COMMAND}, ensure_ascii=False)


def run(target: Target) -> Outcome:
    words = {
        "sdk": str(SDK), "base_url": target.base_url, "key": target.key, "model": MODEL,
        "prompt": f"Call the tool `execute_command` with arguments {ARGUMENTS}",
        "command": COMMAND, "answer": f"The tool said: {SAID}\n",
    }  # fmt: skip
    return told(["node", str(TASK)], words, target, SECONDS)


DRIVER = Driver(
    "Roo Code", "3.52.1 (OpenAI handler)", SDK,
    f"npm install --prefix {HOME.name} roo-openai@npm:openai@5.12.2", run,
    "a command, and the answer to its output, by openai-node 5.12.2 as Roo's handler uses it",
)  # fmt: skip
