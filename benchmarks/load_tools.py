"""guidellm and aiperf on the paced server of `load_streams.py`; they install in virtualenvs of their own.

    LOAD_GUIDELLM=…/bin/guidellm LOAD_AIPERF=…/bin/aiperf python benchmarks/load_tools.py [--streams 1000]

Processor time is that of the whole tree, start included, over all events: an upper bound. Both want a
tokenizer, which is made here out of nothing.
"""

import argparse
import json
import os
import resource
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from load_streams import GAP_MS, TOKENS, TTFT_MS
from paced_server import CLIENT_CORE, paced, prefer, quantile


def tokenizer(folder: Path) -> None:
    """One word, one token."""
    vocabulary = {"<unk>": 0, "</s>": 1} | {f"w{n}": n + 2 for n in range(5000)}
    (folder / "tok").mkdir()
    body = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"}, "post_processor": None, "decoder": None,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "<unk>"},
    }  # fmt: skip
    (folder / "tok/tokenizer.json").write_text(json.dumps(body), encoding="utf-8")
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": "<unk>",
        "eos_token": "</s>",
    }
    (folder / "tok/tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")


def guidellm(root: str, streams: int, count: int, folder: Path) -> list[str]:
    lines = (
        json.dumps({"prompt": f"hello {n}", "output_tokens_count": TOKENS}) for n in range(count)
    )
    (folder / "data.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return [
        os.environ["LOAD_GUIDELLM"], "run", "--backend", f"kind=openai_http,target={root},model=gpt-5.5",
        "--profile", f"kind=concurrent,streams={streams}", "--constraint", f"kind=max_requests,count={count}",
        "--data", f"kind=json_file,path={folder}/data.jsonl", "--tokenizer", f"kind=huggingface_auto,model={folder}/tok",
        "--output", f"kind=json,path={folder}/out.json", "--disable-console",
    ]  # fmt: skip


def aiperf(root: str, streams: int, count: int, folder: Path) -> list[str]:
    return [
        os.environ["LOAD_AIPERF"], "profile", "-m", "gpt-5.5", "--url", root, "--endpoint-type", "chat", "--streaming",
        "--concurrency", str(streams), "--request-count", str(count), "--tokenizer", "tok", "--ui", "none",
        "--synthetic-input-tokens-mean", "10", "--output-tokens-mean", str(TOKENS), "--workers-max", "1",
        "--artifact-dir", str(folder / "out"),
    ]  # fmt: skip


def times(name: str, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Time to first token, and the time between tokens or chunks, as the tool reports them."""
    if name == "guidellm":
        metrics = json.loads((folder / "out.json").read_text(encoding="utf-8"))["benchmarks"][0][
            "metrics"
        ]
        return (
            metrics["time_to_first_token_ms"]["successful"]["percentiles"],
            metrics["inter_token_latency_ms"]["successful"]["percentiles"],
        )
    (path,) = (folder / "out").rglob("profile_export_aiperf.json")
    report = json.loads(path.read_text(encoding="utf-8"))
    return report["time_to_first_token"], report["inter_chunk_latency"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=1000)
    streams = parser.parse_args().streams
    count = 3 * streams
    for name, command in (("guidellm", guidellm), ("aiperf", aiperf)):
        if not os.environ.get(f"LOAD_{name.upper()}"):
            print(f"{name}: not run, LOAD_{name.upper()} does not name it")
            continue
        with tempfile.TemporaryDirectory() as at, paced(TTFT_MS, GAP_MS, TOKENS) as truth:
            folder = Path(at)
            tokenizer(folder)
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            process = subprocess.Popen(
                command(truth.base_url.removesuffix("/v1"), streams, count, folder),
                cwd=folder,
                env={**os.environ, "GUIDELLM__MAX_WORKER_PROCESSES": "1"},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            prefer(process.pid)
            os.sched_setaffinity(process.pid, {CLIENT_CORE})
            process.wait(300)
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            ttft, gap = times(name, folder)
        cpu_s = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
        events = len(truth.ttft_ms) * (TOKENS + 4)
        errors = [ttft[p] - quantile(truth.ttft_ms, n) for p, n in (("p50", 50), ("p99", 99))]
        errors += [gap[p] - quantile(truth.gap_ms, n) for p, n in (("p50", 50), ("p99", 99))]
        print(f"{name:10} µs/event {cpu_s * 1e6 / events:6.0f}   TTFT error p50 {errors[0]:.1f} p99 {errors[1]:.1f} ms   gap error p50 {errors[2]:.1f} p99 {errors[3]:.1f} ms")  # fmt: skip


if __name__ == "__main__":
    main()
