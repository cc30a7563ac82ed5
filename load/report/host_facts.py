"""The machine that a run was made on: what its figures depend on beside the server."""

import os
import platform
import resource
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

PACKAGES: Final = ("openai-gateway-conformance", "locust", "gevent", "msgspec", "httptools")


def host_facts() -> dict[str, Any]:
    """Processor, cores that may be used, memory, load, limits; None where the system does not say."""
    try:
        load: list[float] | None = [round(one, 2) for one in os.getloadavg()]
    except OSError:
        load = None
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": _line("/proc/cpuinfo", "model name") or platform.processor() or None,
        "cores": os.cpu_count(),
        "cores_allowed": cores,
        "memory": _line("/proc/meminfo", "MemTotal"),
        "load_average": load,
        "open_files": resource.getrlimit(resource.RLIMIT_NOFILE)[1],
        "system": platform.platform(terse=True),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # a checkout that was never installed
            found[name] = "not installed"
    return found


def _line(path: str, name: str) -> str | None:
    try:
        lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), None)
