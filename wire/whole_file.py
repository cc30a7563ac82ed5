"""A file that is there whole or not at all."""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile


def write(path: Path, text: str) -> Path:
    """Put the whole text in place at once; a reader sees the old file or the new one."""
    # A lone surrogate, which a server can send as \ud800, is an escape in JSON and has no UTF-8.
    data = text.encode("utf-8", "backslashreplace")
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        temporary = Path(file.name)
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    temporary.chmod(0o644)
    temporary.replace(path)
    return path
