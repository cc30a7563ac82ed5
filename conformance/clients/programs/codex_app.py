"""The server behind the Codex extension: JSON-RPC by lines, and what its user sees while it streams."""

import json
import subprocess
import threading
from typing import Any, Final

from conformance.clients.programs.codex import INSTALL, VERSION, configured, prompt, seconds, seen
from conformance.clients.programs.program import (
    QUIET,
    Outcome,
    Program,
    Target,
    binary,
    kept_environment,
    kill,
)


class Session:
    """One app-server: asks, and keeps every notification until the turn is over."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.notes: list[dict[str, Any]] = []
        self._number = 0

    def tell(self, method: str, **params: Any) -> None:
        self._write({"method": method, "params": params})

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        self._write({"id": self._number, "method": method, "params": params})
        while message := self._read():
            if message.get("id") == self._number and "method" not in message:
                return message
        raise EOFError(f"no answer to {method}")

    def until(self, method: str) -> None:
        while not any(note["method"] == method for note in self.notes):
            if not self._read():
                raise EOFError(f"no {method}")

    def _write(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def _read(self) -> dict[str, Any] | None:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            return None
        message: dict[str, Any] = json.loads(line)
        if "method" in message:
            self.notes.append(message)
        return message


def run(target: Target) -> Outcome:
    env = configured(target)
    work = target.folder / "work"
    work.mkdir(exist_ok=True)
    with (target.folder / "stderr").open("wb") as complaints:
        process = subprocess.Popen(  # noqa: S603 - a client that the user named
            [binary("codex"), "app-server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=complaints, text=True, encoding="utf-8", cwd=work, start_new_session=True,
            env={**kept_environment(), **QUIET, **env, "HOME": str(target.folder)},
        )  # fmt: skip
        limit = seconds(target.task)
        late = threading.Timer(limit, kill, [process])
        late.start()
        try:
            session = Session(process)
            talk(session, str(work), prompt(target.task))
            return judged(session, target)
        except (EOFError, BrokenPipeError) as error:
            return Outcome(False, f"killed after {limit} s: {error}")
        finally:
            late.cancel()
            kill(process)
            process.communicate()


def talk(session: Session, work: str, words: str) -> None:
    session.ask("initialize", clientInfo={"name": "codex_vscode", "title": "t", "version": "1"})
    session.tell("initialized")
    started = session.ask("thread/start", cwd=work)
    thread = started["result"]["thread"]["id"]
    session.ask("turn/start", threadId=thread, input=[{"type": "text", "text": words}])
    session.until("turn/completed")


def judged(session: Session, target: Target) -> Outcome:
    """The text as it grew on the screen, and the text that stays there, must be the same."""
    notes = [(note["method"], note["params"]) for note in session.notes]
    end = next(params["turn"] for name, params in notes if name == "turn/completed")
    if end["status"] != "completed":
        errors = [params["error"]["message"] for name, params in notes if name == "error"]
        return Outcome(False, f"turn {end['status']}: {(errors or [end.get('error')])[0]}")
    items = [params["item"] for name, params in notes if name == "item/completed"]
    texts = [item["text"] for item in items if item["type"] == "agentMessage"]
    outputs = [i["aggregatedOutput"] for i in items if i["type"] == "commandExecution"]
    outcome = seen(texts, outputs, target)
    grown = "".join(params["delta"] for name, params in notes if name == "item/agentMessage/delta")
    if outcome.works and grown != "".join(texts):
        return Outcome(False, f"the text as it streamed: {grown!r}")
    return outcome


PROGRAM: Final = Program(
    "Codex extension", "codex-extension", f"app-server {VERSION}", "@openai/codex", ".bin/codex",
    INSTALL, run, "a command and a patch in one turn, the answer shown as it streams",
    frozenset({"responses"}), (30_000, 1_000),
)  # fmt: skip
