"""The files that arguments of a command name: files, folders, patterns, `-`."""

from collections import Counter
from collections.abc import Iterable
from glob import glob, has_magic
from pathlib import Path
from typing import Final

STDIN: Final = "-"
SUFFIXES: Final = (
    ".jsonl", ".ndjson", ".har", ".json", ".yaml", ".yml", ".sse", ".httprr", ".flow", ".flows", ".mitm", ".zip",
)  # fmt: skip


class NoSuchFileError(ValueError):
    """An argument that names no file."""


def files(arguments: Iterable[str]) -> list[str]:
    """The files that arguments name: files, folders (all recordings below), globs, `-`."""
    found: list[str] = []
    for argument in arguments:
        path = Path(argument)
        if argument == STDIN or path.is_file():
            found.append(argument)
        elif path.is_dir():
            found += [str(p) for p in sorted(path.rglob("*")) if _is_recording(p, path)]
        elif has_magic(argument) and (matches := _matches(argument)):
            found += [m for m in matches if Path(m).is_file()]
        elif path.exists():  # a pipe
            found.append(argument)
        else:
            raise NoSuchFileError(f"{argument}: no such file")
    return list(dict.fromkeys(found))


def short_names(paths: Iterable[str]) -> dict[str, str]:
    """For each of them as much of its end as no other one has: tests of many models have files of one name."""
    short = {path: Path(path).name for path in paths}
    for depth in range(2, max((len(Path(path).parts) for path in short), default=0) + 1):
        taken = Counter(short.values())
        for path, name in short.items():
            if taken[name] > 1:
                short[path] = "/".join(Path(path).parts[-depth:])
    return short


def _matches(pattern: str) -> list[str]:
    return sorted(glob(pattern, recursive=True))  # noqa: PTH207 - patterns may be absolute


def _is_recording(path: Path, below: Path) -> bool:
    inside = path.relative_to(below).parts
    hidden = any(part.startswith(".") or part in {"node_modules", "__files"} for part in inside)
    return not hidden and named_as_recording(path.name) and path.is_file()


def named_as_recording(name: str) -> bool:
    return name.removesuffix(".gz").endswith(SUFFIXES)
