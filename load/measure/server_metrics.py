"""What an inference server says of itself in Prometheus text: requests running and waiting, the KV cache in use.

https://prometheus.io/docs/instrumenting/exposition_formats/. Names as vLLM, SGLang, llama.cpp and TGI have them.
"""

from collections.abc import Mapping
from typing import Final

RUNNING, WAITING, KV_USE = "running", "waiting", "kv_use"
FAMILIES: Final[Mapping[str, str]] = {
    "vllm:num_requests_running": RUNNING,
    "sglang:num_running_reqs": RUNNING,
    "llamacpp:requests_processing": RUNNING,
    "tgi_batch_current_size": RUNNING,
    "vllm:num_requests_waiting": WAITING,
    "sglang:num_queue_reqs": WAITING,
    "llamacpp:requests_deferred": WAITING,
    "tgi_queue_size": WAITING,
    "vllm:kv_cache_usage_perc": KV_USE,
    "vllm:gpu_cache_usage_perc": KV_USE,
    "sglang:token_usage": KV_USE,
    "llamacpp:kv_cache_usage_ratio": KV_USE,
}


def read_metrics(text: str) -> dict[str, float]:
    """The figures that are known: of several engines the requests add up, and the fullest cache counts."""
    found: dict[str, float] = {}
    for line in text.split("\n"):
        name = line[: min(n for n in (line.find("{"), line.find(" "), len(line)) if n >= 0)]
        # SGLang and vLLM behind some collectors write the colon as an underscore.
        figure = FAMILIES.get(name) or FAMILIES.get(name.replace("_", ":", 1))
        if figure is None:
            continue
        try:
            value = float(line.rpartition("}")[2].removeprefix(name).split()[0])
        except (ValueError, IndexError):
            continue
        if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - not a number
            continue
        before = found.get(figure, 0.0)
        found[figure] = max(before, value) if figure == KV_USE else before + value
    return found
