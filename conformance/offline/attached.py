"""Files beside a recording that hold bodies: Playwright's attached ones, `__files` of WireMock."""

import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from conformance.offline.form import Attached
from conformance.offline.record import LeftOutError

MAX_BYTES: Final = 64 * 2**20
_FOLDERS: Final = ("__files", "../__files")


def beside(folder: Path) -> Attached:
    """Files in the folder of a recording, or in the `__files` in or beside it; none elsewhere."""

    def read(name: str) -> bytes:
        for path in _places(folder, name):
            if path.is_file():
                if path.stat().st_size > MAX_BYTES:
                    raise LeftOutError(f"the body in {name} is larger than {MAX_BYTES} bytes")
                return path.read_bytes()
        raise LeftOutError(f"the body lies in another file, {name}, which is not here")

    return read


def _places(folder: Path, name: str) -> Iterator[Path]:
    """Where the file may be. A recording does not decide which other files of a machine are read."""
    if not _stays_below(name):
        return
    for home in (*(folder / inner for inner in _FOLDERS), folder):
        path = home / name
        try:
            if path.resolve().is_relative_to(home.resolve()):
                yield path
        except (OSError, ValueError):
            continue


def _stays_below(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts and "\0" not in name


def member(archive: zipfile.ZipFile, recording: str) -> Attached:
    """Members of a zip that stand beside a recording in it, or at its root."""
    home = PurePosixPath(recording).parent

    def read(name: str) -> bytes:
        for path in dict.fromkeys((str(home / name), name)):
            try:
                info = archive.getinfo(path)
            except KeyError:
                continue
            if info.file_size > MAX_BYTES:
                raise LeftOutError(f"the body in {name} is larger than {MAX_BYTES} bytes")
            return archive.read(info)
        raise LeftOutError(f"the body lies in {name}, which is not in the zip")

    return read
