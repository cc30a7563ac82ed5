"""Codex CLI: `codex exec` runs a command and a patch that the model asks for, and says the end."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from conformance.clients.programs.program import (
    HARD,
    Ended,
    Outcome,
    Program,
    Target,
    Task,
    binary,
    npm,
    run_program,
)

VERSION: Final = "0.169.0"
INSTALL: Final = npm(f"@openai/codex@{VERSION}")
SECONDS: Final = 60
SECONDS_FOR_ANY_MODEL: Final = 180
ADDED: Final = "".join(f"+{line}\n" for line in HARD.said.split("\n"))
PATCH: Final = f"*** Begin Patch\n*** Add File: pong.txt\n{ADDED}*** End Patch\n"
# Codex tells the model how long the command took; the rest is known.
ANSWER: Final = re.compile(
    r"The tool said: Chunk ID: \w+\nWall time: [\d.]+ seconds\nProcess exited with code 0\n"
    r"Original token count: \d+\nOutput:\n" + re.escape(HARD.said) + r"\n"
)
# One attempt is what is judged; a retry that heals would hide that the stream is wrong.
COMMON: Final = """\
model = "{model}"
approval_policy = "never"
sandbox_mode = "danger-full-access"
check_for_update_on_startup = false
web_search = "disabled"
"""
QUIETLY: Final = """\
[features]
plugins = false
[analytics]
enabled = false
"""
PROVIDER: Final = """\
[model_providers.judged]
name = "judged"
base_url = "{base_url}"
wire_api = "responses"
env_key = "JUDGED_KEY"
request_max_retries = 0
stream_max_retries = 0
"""


def prompt(task: Task) -> str:
    """The command and, for a model that does exactly as it is told, a patch."""
    call = f"Call the tool `exec_command` with arguments {json.dumps({'cmd': task.command}, ensure_ascii=False)}"
    if not task.is_exact:
        return f"{call}, once. Then answer with what it printed, and nothing else."
    return f"Call the tool `apply_patch` with input {json.dumps(PATCH, ensure_ascii=False)}\n{call}"


def configured(target: Target) -> dict[str, str]:
    """The environment of a Codex whose provider is the target."""
    text = 'model_provider = "judged"\n' + COMMON + QUIETLY + PROVIDER
    return {**_home(target, text), "JUDGED_KEY": target.key}


def configured_as_openai(target: Target) -> dict[str, str]:
    """The environment of a Codex that takes the target for OpenAI, and tries a WebSocket first."""
    env = _home(target, 'openai_base_url = "{base_url}"\n' + COMMON + QUIETLY)
    login = {"OPENAI_API_KEY": target.key, "auth_mode": "apikey"}
    (Path(env["CODEX_HOME"]) / "auth.json").write_text(json.dumps(login), encoding="utf-8")
    return env


def _home(target: Target, config: str) -> dict[str, str]:
    folder = target.folder / "codex"
    folder.mkdir(exist_ok=True)
    text = config.format(model=target.model, base_url=target.base_url)
    (folder / "config.toml").write_text(text, encoding="utf-8")
    return {"CODEX_HOME": str(folder)}


def run(target: Target) -> Outcome:
    return judged(execute(target, configured(target)), target)


def run_as_openai(target: Target) -> Outcome:
    return judged(execute(target, configured_as_openai(target)), target)


def execute(target: Target, env: Mapping[str, str], *options: str) -> Ended:
    """One `codex exec` with the prompt, after these options."""
    fixed = ["exec", "--skip-git-repo-check", "--json"]
    words = [binary("codex"), *fixed, *options, prompt(target.task)]
    return run_program(words, target, env, seconds(target.task))


def seconds(task: Task) -> int:
    return SECONDS if task.is_exact else SECONDS_FOR_ANY_MODEL


def judged(ended: Ended, target: Target) -> Outcome:
    events = [json.loads(line) for line in ended.out.split("\n") if line.startswith("{")]
    items = [event["item"] for event in events if event["type"] == "item.completed"]
    complaints = [e.get("message") or str(e.get("error")) for e in events
                  if e["type"] in {"error", "turn.failed"}]  # fmt: skip
    if ended.code != 0:
        return Outcome(False, f"exit {ended.code}: {(complaints or [ended.err[-200:]])[0]}")
    return seen(
        [item["text"] for item in items if item["type"] == "agent_message"],
        [item["aggregated_output"] for item in items if item["type"] == "command_execution"],
        target,
    )


def seen(texts: list[str], outputs: list[str], target: Target) -> Outcome:
    """What the user is left with: one command run once, one file patched, one whole answer."""
    task = target.task
    if not task.is_exact:
        if not any(task.said in output for output in outputs):
            return Outcome(False, f"commands ran: {outputs}")
        return _answered(texts, any(task.said in text for text in texts))
    patched = target.folder / "work" / "pong.txt"
    if outputs != [f"{task.said}\n"]:
        return Outcome(False, f"commands ran: {outputs}")
    if not patched.exists() or patched.read_text(encoding="utf-8") != f"{task.said}\n":
        return Outcome(False, "the patch was not applied")
    return _answered(texts, len(texts) == 1 and bool(ANSWER.fullmatch(texts[0])))


def _answered(texts: list[str], whole: bool) -> Outcome:
    return Outcome(whole, "" if whole else f"answers: {texts}")


PROGRAM: Final = Program(
    "Codex CLI", "codex-cli", VERSION, "@openai/codex", ".bin/codex", INSTALL, run,
    "a command and a patch in one turn", frozenset({"responses"}), (30_000, 1_000),
)  # fmt: skip
