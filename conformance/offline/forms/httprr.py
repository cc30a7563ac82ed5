"""Traces of Go's httprr: requests and responses as HTTP messages, each with its length."""

import re
from collections.abc import Iterator
from typing import IO

from conformance.offline.form import ByteForm
from conformance.offline.http_text import message, parsed_request
from conformance.offline.json_stream import TornError
from conformance.offline.record import Record

_SIZES = re.compile(rb"(\d{1,10}) (\d{1,10})\r?\n?", re.ASCII)


def _records(file: IO[bytes]) -> Iterator[tuple[int, Record]]:
    at = len(file.readline())
    while line := file.readline(40):
        sizes = _SIZES.fullmatch(line)
        if sizes is None:
            raise TornError(at, f"two sizes should stand where {line[:30]!r} does")
        asked, came = (file.read(int(size)) for size in sizes.groups())
        if len(asked) < int(sizes[1]) or len(came) < int(sizes[2]):
            raise TornError(at, "the file ends within a message")
        yield at, _record(asked, came)
        at += len(line) + len(asked) + len(came)


def _record(asked: bytes, came: bytes) -> Record:
    method, url, request = parsed_request(message(asked))
    response = message(came)
    return Record(
        method=method,
        url=url,
        request_headers=request.headers,
        request_body=request.body or None,
        status=response.start,
        headers=response.headers,
        body=response.body,
    )


FORM = ByteForm("traces of Go's httprr", re.compile(rb"httprr trace v1\r?\n"), _records)
