"""Content codings: bodies as they were meant, from bytes as they travelled.

Recorders differ in what they keep: compressed bytes, decoded text under a header that still says
gzip, or both at different times. So bytes that are not in the coding their header names are taken
as decoded already. Stamps of chunks stay.
"""

import zlib
from collections.abc import Callable, Iterable
from typing import Any, Final

from wire.exchange import Chunk

_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
MAX_BYTES: Final = 256 * 2**20  # a few compressed bytes can stand for any number of others
PIECE_BYTES: Final = 2**16  # of gzip, which is a thousand times as many at the most


class CodingError(ValueError):
    """A body that cannot be decoded here; the message says what is missing or broken."""


def undone(chunks: Iterable[Chunk], encoding: str | None) -> tuple[Chunk, ...]:
    """The chunks with all codings of a content-encoding header undone, the last applied first."""
    out = tuple(chunks)
    for name in reversed((encoding or "").lower().split(",")):
        out = _undone(out, name.strip())
    return out


def undone_bytes(data: bytes, encoding: str | None) -> bytes:
    """One body with its codings undone."""
    return b"".join(chunk.data for chunk in undone((Chunk(0.0, data),), encoding)) if data else b""


def _undone(chunks: tuple[Chunk, ...], name: str) -> tuple[Chunk, ...]:
    body = b"".join(chunk.data for chunk in chunks)
    if name in {"", "identity", "none"} or not body or not _in_coding(body, name):
        return chunks
    feed, finished = _machine(name)
    out, size, broken = [], 0, ""
    for at_ms, data in chunks:
        try:
            plain = _plain(feed, data, MAX_BYTES - size)
        except Exception as error:  # noqa: BLE001 - each decoder has an error class of its own
            broken = f"does not decode: {error}"
            break
        size += len(plain)
        if size > MAX_BYTES:
            broken = f"grows past {MAX_BYTES} bytes"
            break
        if plain:
            out.append(Chunk(at_ms, plain))
    if name == "br" and _is_text(body) and (broken or not finished()):
        return chunks
    if broken:
        raise CodingError(f"content-encoding {name} {broken}")
    return tuple(out)


def _plain(feed: Callable[[bytes], bytes], data: bytes, most: int) -> bytes:
    """What a chunk decodes to, as far as it is needed to see that it grows past `most` bytes."""
    plain = b""
    for at in range(0, len(data), PIECE_BYTES):
        plain += feed(data[at : at + PIECE_BYTES])
        if len(plain) > most:
            break
    return plain


def _in_coding(body: bytes, name: str) -> bool:
    """Whether the bytes can be in the coding at all. Brotli has no sign of its own: try it."""
    if name in {"gzip", "x-gzip"}:
        return body.startswith(_GZIP)
    if name == "zstd":
        return body.startswith(_ZSTD)
    if name == "deflate":
        return not _is_text(body)
    return True


def _is_text(body: bytes) -> bool:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return text.lstrip()[:1] in {"{", "[", '"', "d", "e", ":", "<"} and "\0" not in text


def _machine(name: str) -> tuple[Callable[[bytes], bytes], Callable[[], bool]]:
    """What decodes piece by piece, and whether it has come to the end."""
    machine: Any
    if name in {"gzip", "x-gzip"}:
        machine = zlib.decompressobj(wbits=31)
        return machine.decompress, lambda: machine.eof
    if name == "deflate":
        return _Deflate().feed, lambda: True
    if name == "br":
        brotli = _module("brotli", name)
        machine = brotli.Decompressor()
        return machine.process, machine.is_finished
    if name == "zstd":
        machine = _module("zstandard", name).ZstdDecompressor().decompressobj()
        return machine.decompress, lambda: True
    raise CodingError(f"content-encoding {name} is not known")


class _Deflate:
    """`deflate` is zlib by the standard and bare deflate by many servers."""

    def __init__(self) -> None:
        self._machine: Any = None

    def feed(self, data: bytes) -> bytes:
        if self._machine is None:
            # RFC 1950: method 8 in the low half of the first byte.
            zlib_form = bool(data) and data[0] & 0x0F == 8 and data[0] >> 4 <= 7
            self._machine = zlib.decompressobj(wbits=15 if zlib_form else -15)
        plain: bytes = self._machine.decompress(data)
        return plain


def _module(module: str, coding: str) -> Any:
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise CodingError(
            f"a body with content-encoding {coding} needs `pip install {module}`"
        ) from error
