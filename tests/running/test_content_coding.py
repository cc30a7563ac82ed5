"""Content codings of live answers: undone with their stamps, and no answer grows without end."""

import gzip
import tracemalloc
import zlib

import pytest

from conformance.running.content_coding import BODY_LIMIT_BYTES, decoded
from wire.exchange import Chunk

TEXT = b'{"object": "list"}' * 100


def pieces(body, size=65536):
    return [Chunk(float(at), body[at : at + size]) for at in range(0, len(body), size)]


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(gzip.compress(TEXT), "gzip"), (gzip.compress(TEXT), "x-gzip"), (zlib.compress(TEXT), "deflate")],
)  # fmt: skip
def test_what_was_compressed_is_read_piece_by_piece(body, encoding):
    plain, complaint = decoded(pieces(body, 10), encoding)
    assert b"".join(chunk.data for chunk in plain) == TEXT
    assert plain[1].at_ms == 10.0
    assert not complaint


def test_what_is_cut_or_false_says_so():
    body = gzip.compress(TEXT)
    assert decoded(pieces(body[:-9]), "gzip")[1] == "content-encoding gzip is cut short"
    assert decoded(pieces(TEXT), "gzip")[0] == pieces(TEXT)
    assert decoded(pieces(TEXT), "br") == (pieces(TEXT), "content-encoding br was not asked for")


def test_a_small_answer_that_stands_for_a_gigabyte_stays_small():
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    part = bytes(2**20)
    bomb = b"".join([*(packer.compress(part) for _ in range(4 * BODY_LIMIT_BYTES // 2**20)), packer.flush()])  # fmt: skip
    tracemalloc.start()
    plain, complaint = decoded(pieces(bomb), "gzip")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert plain == pieces(bomb)
    assert complaint == f"content-encoding gzip grows past {BODY_LIMIT_BYTES} bytes"
    assert peak < 3 * BODY_LIMIT_BYTES
