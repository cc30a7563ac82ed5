"""Answers under a content coding, undone with their stamps kept and never beyond what memory is meant for."""

import zlib
from typing import Final

from wire.exchange import Chunk

BODY_LIMIT_BYTES: Final = 64 * 2**20
"""Of an answer, as it travels and as it is meant."""


def decoded(chunks: list[Chunk], encoding: str) -> tuple[list[Chunk], str]:
    """Chunks with gzip or deflate undone, stamps kept; the raw chunks and a complaint otherwise."""
    if encoding in {"", "identity"} or not chunks:
        return chunks, ""
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        return chunks, f"content-encoding {encoding} was not asked for"
    machine = zlib.decompressobj(wbits=47 if "gzip" in encoding else 15)
    out: list[Chunk] = []
    size = 0
    try:
        for at_ms, data in chunks:
            # A few compressed bytes can stand for any number of others.
            out.append(Chunk(at_ms, machine.decompress(data, BODY_LIMIT_BYTES - size + 1)))
            size += len(out[-1].data)
            if size > BODY_LIMIT_BYTES:
                return chunks, f"content-encoding {encoding} grows past {BODY_LIMIT_BYTES} bytes"
        tail = machine.flush()
    except zlib.error as error:
        return chunks, f"content-encoding {encoding} does not decode: {error}"
    if tail:
        out.append(Chunk(out[-1].at_ms, tail))
    return out, "" if machine.eof else f"content-encoding {encoding} is cut short"
