"""A raw event stream, as `curl -N` prints it and browsers save it (.sse)."""

import re
from collections.abc import Iterator
from typing import IO

from conformance.offline.form import ByteForm
from conformance.offline.record import LeftOutError, Record

MAX_BYTES = 64 * 2**20
_BEGINS = re.compile(
    rb"(\xef\xbb\xbf)?\s*(data: ?(\{|\[DONE\])|event: ?[\w.]+\r?\n|: ?[^\n]*\r?\n\s*(data|event|:)|"
    rb"retry: ?\d+\r?\n|id: ?[^\n]*\r?\n(data|event):)"
)


def _records(file: IO[bytes]) -> Iterator[tuple[int, Record]]:
    body = file.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise LeftOutError(f"a stream of more than {MAX_BYTES} bytes")
    yield 0, Record(body=body)


FORM = ByteForm("a raw event stream (curl -N, .sse)", _BEGINS, _records)
