"""Continue CLI: runs a command that the model asks for; models named gpt-5… go through Responses."""

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

BINARY = MODULES / ".bin" / "cn"
SECONDS = 15  # it answers in two, or tries again and again for minutes
PROMPT = (
    f"Call the tool `Bash` with arguments {json.dumps({'command': COMMAND}, ensure_ascii=False)}"
)
CONFIG = """\
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


def run(target: Target) -> Outcome:
    folder = target.folder / "continue"
    folder.mkdir(exist_ok=True)
    text = CONFIG.format(model=MODEL, base_url=target.base_url, key=target.key)
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    env = {
        "CONTINUE_GLOBAL_DIR": str(folder),
        "CONTINUE_CLI_ENABLE_TELEMETRY": "0",
        "CONTINUE_METRICS_ENABLED": "0",
        "CONTINUE_CLI_AUTO_UPDATED": "1",
        "CONTINUE_API_BASE": "http://127.0.0.1:9/",
    }
    words = [str(BINARY), "-p", "--auto", "--config", str(folder / "config.yaml"), PROMPT]
    return judged(run_program(words, target, env, SECONDS))


def judged(ended: Ended) -> Outcome:
    if ended.code is None:
        return Outcome(False, f"killed after {SECONDS} s: {(ended.err or ended.out)[-200:]}")
    if ended.code != 0:
        return Outcome(False, f"exit {ended.code}: {(ended.err or ended.out)[-200:]}")
    whole = ended.out.strip() == f"The tool said: {SAID}"
    return Outcome(whole, "" if whole else f"answer: {ended.out.strip()!r}")


DRIVER = Driver(
    "Continue", "1.5.47 (Responses for gpt-5 models)", BINARY,
    f"npm install --prefix {HOME.name} @continuedev/cli@1.5.47", run,
    "a command, and the answer to its output",
)  # fmt: skip
