"""OpenAI SDK for Node: the story of the Python one, told by `sdk_node.mjs`."""

import json
from pathlib import Path
from typing import Any, Final

from conformance.clients.programs.program import Outcome, Program, Target, module, npm, run_program
from conformance.clients.programs.sdk_python import PARAMETERS, Words

VERSION: Final = "6.49.0"
SDK: Final = "openai/index.mjs"
STORY: Final = Path(__file__).with_suffix(".mjs")
SECONDS: Final = 120


def run(target: Target) -> Outcome:
    story = Words(target.task)
    words = {
        "sdk": str(module(SDK)), "base_url": target.base_url, "key": target.key,
        "model": target.model, "ms": 30_000, "echo": story.echo, "said": target.task.said,
        "call": story.call, "arguments": story.arguments, "answer": story.answer,
        "parameters": PARAMETERS, "exact": target.task.is_exact,
        "endpoints": sorted(target.endpoints),
    }  # fmt: skip
    return told(["node", str(STORY)], words, target, SECONDS)


def told(program: list[str], words: dict[str, Any], target: Target, seconds: float) -> Outcome:
    """The outcome of a script that reads `words` and prints a list of complaints."""
    ended = run_program(program, target, {}, seconds, json.dumps(words))
    if ended.code != 0:
        return Outcome(False, f"exit {ended.code}: {ended.err[-200:]}")
    complaints = json.loads(ended.out.strip().split("\n")[-1])
    return Outcome(not complaints, "; ".join(complaints))


PROGRAM: Final = Program(
    "OpenAI SDK (Node)", "openai-node", VERSION, "openai", SDK, npm(f"openai@{VERSION}"), run,
    "models, chat and Responses, plain, streamed and with the stream helpers, tool rounds, errors",
    frozenset({"chat", "responses"}), (2_000, 2_000),
)  # fmt: skip
