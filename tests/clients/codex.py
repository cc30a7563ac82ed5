"""Codex CLI: `codex exec` runs a command and a patch that the model asks for, and says the end."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

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
)

BINARY = MODULES / ".bin" / "codex"
INSTALL = f"npm install --prefix {HOME.name} @openai/codex@0.169.0"
SECONDS = 60
ADDED = "".join(f"+{line}\n" for line in SAID.split("\n"))
PATCH = f"*** Begin Patch\n*** Add File: pong.txt\n{ADDED}*** End Patch\n"
PROMPT = (
    f"Call the tool `apply_patch` with input {json.dumps(PATCH, ensure_ascii=False)}\n"
    f"Call the tool `exec_command` with arguments {json.dumps({'cmd': COMMAND}, ensure_ascii=False)}"
)
# Codex tells the model how long the command took; the rest is known.
ANSWER = re.compile(
    r"The tool said: Chunk ID: \w+\nWall time: [\d.]+ seconds\nProcess exited with code 0\n"
    r"Original token count: \d+\nOutput:\n" + re.escape(SAID) + r"\n"
)
# One attempt is what is judged; a retry that heals would hide that the stream is wrong.
COMMON = """\
model = "{model}"
approval_policy = "never"
sandbox_mode = "danger-full-access"
check_for_update_on_startup = false
web_search = "disabled"
"""
QUIETLY = """\
[features]
plugins = false
[analytics]
enabled = false
"""
PROVIDER = """\
[model_providers.judged]
name = "judged"
base_url = "{base_url}"
wire_api = "responses"
env_key = "JUDGED_KEY"
request_max_retries = 0
stream_max_retries = 0
"""


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
    text = config.format(model=MODEL, base_url=target.base_url)
    (folder / "config.toml").write_text(text, encoding="utf-8")
    return {"CODEX_HOME": str(folder)}


def run(target: Target) -> Outcome:
    return judged(execute(target, configured(target)), target.folder / "work")


def run_as_openai(target: Target) -> Outcome:
    return judged(execute(target, configured_as_openai(target)), target.folder / "work")


def execute(target: Target, env: Mapping[str, str], *options: str) -> Ended:
    """One `codex exec` with the prompt, after these options."""
    fixed = ["exec", "--skip-git-repo-check", "--json"]
    return run_program([str(BINARY), *fixed, *options, PROMPT], target, env, SECONDS)


def judged(ended: Ended, work: Path) -> Outcome:
    events = [json.loads(line) for line in ended.out.split("\n") if line.startswith("{")]
    items = [event["item"] for event in events if event["type"] == "item.completed"]
    complaints = [e.get("message") or str(e.get("error")) for e in events
                  if e["type"] in {"error", "turn.failed"}]  # fmt: skip
    if ended.code != 0:
        return Outcome(False, f"exit {ended.code}: {(complaints or [ended.err[-200:]])[0]}")
    return seen(
        [item["text"] for item in items if item["type"] == "agent_message"],
        [item["aggregated_output"] for item in items if item["type"] == "command_execution"],
        work,
    )


def seen(texts: list[str], outputs: list[str], work: Path) -> Outcome:
    """What the user is left with: one command run once, one file patched, one whole answer."""
    patched = work / "pong.txt"
    if outputs != [f"{SAID}\n"]:
        return Outcome(False, f"commands ran: {outputs}")
    if not patched.exists() or patched.read_text(encoding="utf-8") != f"{SAID}\n":
        return Outcome(False, "the patch was not applied")
    if len(texts) != 1 or not ANSWER.fullmatch(texts[0]):
        return Outcome(False, f"answers: {texts}")
    return Outcome(True)


DRIVER = Driver("Codex CLI", "0.169.0", BINARY, INSTALL, run, "a command and a patch in one turn")
