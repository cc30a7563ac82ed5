"""load-requests.jsonl.gz: a line a request, written while the run goes on."""

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

NAME: Final = "load-requests.jsonl.gz"
LEVEL: Final = 1  # of compression: this process may have streams to read


class RequestFile:
    """`run` is told with each line: a search or a sweep has several."""

    def __init__(self, folder: Path) -> None:
        self._file = gzip.open(folder / NAME, "wt", compresslevel=LEVEL, encoding="utf-8")  # noqa: SIM115
        self.lines = 0
        self._run = json.dumps("")

    def begin(self, run: str) -> None:
        """The name of the run, or stage, that the next lines are of."""
        self._run = json.dumps(run.strip())

    def write(self, records: Iterable[str]) -> None:
        if self._file.closed:
            return
        for record in records:
            self._file.write(f'{{"run":{self._run},{record[1:]}\n')
            self.lines += 1

    def close(self) -> None:
        self._file.close()
