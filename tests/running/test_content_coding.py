"""Content codings of live answers: undone with their stamps, and no answer grows without end."""

import gzip
import tracemalloc
import zlib

import pytest

from conformance.running.content_coding import (
    BODY_LIMIT_BYTES,
    HEAD_BYTES,
    RATIO_LIMIT,
    ReceivedBody,
    decoded,
)
from wire.exchange import Chunk

TEXT = b'{"object": "list"}' * 100


def pieces(body, size=65536):
    return [Chunk(float(at), body[at : at + size]) for at in range(0, len(body), size)]


@pytest.mark.parametrize(
    ("compress", "encoding"),
    [(gzip.compress, "gzip"), (gzip.compress, "x-gzip"), (zlib.compress, "deflate")],
)
def test_what_was_compressed_is_read_piece_by_piece(compress, encoding):
    # Compressed here: gzip writes the time into its header, and workers would call the test differently.
    plain, complaint = decoded(pieces(compress(TEXT), 10), encoding)
    assert b"".join(chunk.data for chunk in plain) == TEXT
    assert plain[1].at_ms == 10.0
    assert not complaint


@pytest.mark.parametrize("size", [10, 65536])
def test_gzip_may_come_in_several_members(size):
    body = gzip.compress(TEXT[:700]) + gzip.compress(b"") + gzip.compress(TEXT[700:])
    plain, complaint = decoded(pieces(body, size), "gzip")
    assert b"".join(chunk.data for chunk in plain) == TEXT
    assert not complaint
    assert decoded(pieces(body[:-9], size), "gzip")[1] == "content-encoding gzip is cut short"
    assert "does not decode" in decoded(pieces(body + b"more of it", size), "gzip")[1]
    assert "more than 1000 members" in decoded(pieces(gzip.compress(b"") * 2000), "gzip")[1]


def test_what_is_cut_or_false_says_so():
    body = gzip.compress(TEXT)
    assert decoded(pieces(body[:-9]), "gzip")[1] == "content-encoding gzip is cut short"
    assert decoded(pieces(TEXT), "gzip")[0] == pieces(TEXT)
    assert decoded(pieces(TEXT), "br") == (pieces(TEXT), "content-encoding br was not asked for")


def bomb(megabytes):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    part = bytes(2**20)
    return b"".join([*(packer.compress(part) for _ in range(megabytes)), packer.flush()])


def test_a_small_answer_that_stands_for_a_gigabyte_stays_small_and_ends_at_once():
    packed = pieces(bomb(1024))
    tracemalloc.start()
    body, taken = ReceivedBody("gzip"), 0
    for at_ms, data in packed:
        taken += 1
        if said := body.take(at_ms, data):
            break
    plain, _ = body.end()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken == 1
    assert said == f"content-encoding gzip makes 65536 bytes grow past {RATIO_LIMIT * 65536}"
    assert sum(len(chunk.data) for chunk in plain) == HEAD_BYTES
    assert peak < 3 * BODY_LIMIT_BYTES
    assert decoded(packed, "gzip") == (plain, said)


def test_what_packs_well_is_no_bomb():
    event = b'data: {"choices":[{"index":0,"delta":{"content":"x"}}]}\n\n'
    text = b"".join(event.replace(b"x", b"word%d" % (n % 9)) for n in range(40_000))
    plain, complaint = decoded(pieces(gzip.compress(text), 1400), "gzip")
    assert b"".join(chunk.data for chunk in plain) == text
    assert not complaint


def test_of_an_answer_without_end_only_the_head_is_kept():
    body = ReceivedBody("")
    said = [body.take(1.0, b"x" * 2**20) for _ in range(BODY_LIMIT_BYTES // 2**20 + 1)]
    assert [*filter(None, said)] == ["more than 16 MB"]
    assert sum(len(chunk.data) for chunk in body.end()[0]) == HEAD_BYTES
