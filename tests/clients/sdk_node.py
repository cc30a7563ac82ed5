"""OpenAI SDK for Node: the story of the Python one, told by `sdk_node.mjs`."""

import json
from pathlib import Path

from tests.clients.driver import HOME, MODEL, MODULES, SAID, Driver, Outcome, Target, run_program
from tests.clients.sdk_python import ANSWER, ARGUMENTS, CALL, ECHO, PARAMETERS

SDK = MODULES / "openai" / "index.mjs"
STORY = Path(__file__).with_suffix(".mjs")
SECONDS = 120


def run(target: Target) -> Outcome:
    words = {
        "sdk": str(SDK), "base_url": target.base_url, "key": target.key, "model": MODEL, "ms": 30_000,
        "echo": ECHO, "said": SAID, "call": CALL, "arguments": ARGUMENTS, "answer": ANSWER,
        "parameters": PARAMETERS,
    }  # fmt: skip
    return told(["node", str(STORY)], words, target, SECONDS)


def told(program: list[str], words: dict[str, object], target: Target, seconds: float) -> Outcome:
    """The outcome of a script that reads `words` and prints a list of complaints."""
    ended = run_program(program, target, {}, seconds, json.dumps(words))
    if ended.code != 0:
        return Outcome(False, f"exit {ended.code}: {ended.err[-200:]}")
    complaints = json.loads(ended.out.strip().split("\n")[-1])
    return Outcome(not complaints, "; ".join(complaints))


DRIVER = Driver(
    "OpenAI SDK (Node)", "6.49.0", SDK, f"npm install --prefix {HOME.name} openai@6.49.0", run,
    "models, chat and Responses, plain, streamed and with the stream helpers, tool rounds, errors",
)  # fmt: skip
