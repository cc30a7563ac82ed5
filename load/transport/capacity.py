"""How many requests this machine lets one process have in flight: descriptors, ports, memory."""

import resource
from pathlib import Path
from typing import Final, NamedTuple

SPARE_FILES: Final = 16  # for what opens a file while the run goes on: pages, modules, a resolver
REQUEST_KB: Final = 48  # of memory, a connection with its parser and its reader
MEMORY_SHARE: Final = 0.8  # of what is free
_PORTS: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_MEMORY: Final = Path("/proc/meminfo")


class Capacity(NamedTuple):
    """The most requests in flight, and what limits them."""

    in_flight: int
    because: str


def capacity(wanted: int) -> Capacity:
    """Of this process; `wanted` where nothing is in the way."""
    files = raise_file_limit()
    ports, free_kb = _ports(), _free_kb()
    limits = (
        Capacity(wanted, "--max-in-flight"),
        Capacity(files - _open_files() - SPARE_FILES, f"open files (ulimit -n {files})"),
        Capacity(ports, f"{ports:,} local ports ({_PORTS})"),
        Capacity(int(MEMORY_SHARE * free_kb) // REQUEST_KB, f"{free_kb // 1024:,} MB of memory"),
    )
    return min(limits, key=lambda one: one.in_flight)


def raise_file_limit() -> int:
    """As many open files as the system lets this process have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def _open_files() -> int:
    try:
        return sum(1 for _ in Path("/proc/self/fd").iterdir())
    except OSError:
        return 32


def _ports() -> int:
    try:
        low, high = map(int, _PORTS.read_text().split())
    except (OSError, ValueError):
        return 28_000
    return high - low + 1


def _free_kb() -> int:
    try:
        lines = _MEMORY.read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        return 2**30
