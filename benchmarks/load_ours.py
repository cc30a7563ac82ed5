"""Runs `locust -f load/locustfile.py` for the benchmarks and reads its load.json."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from paced_server import prefer

ROOT = Path(__file__).parents[1]
PROMPT = {"messages": [{"role": "user", "content": "hello world"}], "max_completion_tokens": 100}


def ours(
    base_url: str | None,
    *arguments: str,
    core: int | None = None,
    prompt: bool = True,
    first: bool = False,
) -> dict[str, Any]:
    """The load document of one run. `core` pins it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "prompts.jsonl").write_text(json.dumps(PROMPT), encoding="utf-8")
        command = [
            str(Path(sys.executable).with_name("locust")), "-f", "load/locustfile.py", "--headless",
            "--skip-log", "--report-dir", name, *arguments,
        ]  # fmt: skip
        if base_url:
            command += ["--host", base_url]
        if prompt:
            command += ["--prompts", str(folder / "prompts.jsonl")]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        prefer(process.pid, first=first)
        if core is not None:
            os.sched_setaffinity(process.pid, {core})
        _, said = process.communicate(timeout=600)
        path = folder / "load.json"
        assert path.exists(), said[-2000:]
        document = json.loads(path.read_text(encoding="utf-8"))
        document["exit_code"] = process.returncode
        return document
