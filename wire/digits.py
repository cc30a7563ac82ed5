"""Pictures of digits: drawn as a PNG on the spot, in a colour, and read again from one that was drawn so."""

import struct
import zlib
from typing import Final

_GLYPHS: Final = {
    "0": "01110 10001 10011 10101 11001 10001 01110",
    "1": "00100 01100 00100 00100 00100 00100 01110",
    "2": "01110 10001 00001 00110 01000 10000 11111",
    "3": "11111 00010 00100 00010 00001 10001 01110",
    "4": "00010 00110 01010 10010 11111 00010 00010",
    "5": "11111 10000 11110 00001 00001 10001 01110",
    "6": "00110 01000 10000 11110 10001 10001 01110",
    "7": "11111 00001 00010 00100 01000 01000 01000",
    "8": "01110 10001 10001 01110 10001 10001 01110",
    "9": "01110 10001 10001 01111 00001 00010 01100",
}
_CELL: Final = 16  # pixels of one dot of a glyph
_WIDTH, _HEIGHT, _MARGIN = 5, 7, 2  # dots
COLOURS: Final = {
    "red": (220, 20, 20), "green": (20, 150, 40), "blue": (20, 60, 220), "grey": (110, 110, 110), "black": (0, 0, 0),
}  # fmt: skip
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"


def drawn(digits: str, colour: str = "black") -> bytes:
    """A PNG of digits on white, from left to right. Raises KeyError for what is no digit or no colour."""
    step = _WIDTH + _MARGIN
    columns = _MARGIN + step * len(digits)
    dots = [bytearray(columns) for _ in range(_HEIGHT + 2 * _MARGIN)]
    for place, digit in enumerate(digits):
        for y, row in enumerate(_GLYPHS[digit].split()):
            for x, dot in enumerate(row):
                dots[_MARGIN + y][_MARGIN + place * step + x] = dot == "1"
    lines = []
    for dotted in dots:
        line = b"".join((b"\0" if dot else b"\1") * _CELL for dot in dotted)
        lines += [b"\0" + line] * _CELL
    head = struct.pack(">IIBBBBB", columns * _CELL, len(dots) * _CELL, 8, 3, 0, 0, 0)
    palette = bytes((*COLOURS[colour], 255, 255, 255))
    parts = (
        (b"IHDR", head),
        (b"PLTE", palette),
        (b"IDAT", zlib.compress(b"".join(lines), 9)),
        (b"IEND", b""),
    )
    return _SIGNATURE + b"".join(_chunk(kind, data) for kind, data in parts)


def read(png: bytes) -> str:
    """The digits of a picture as `drawn` makes it; empty for any other picture."""
    try:
        return _read(png)
    except (struct.error, zlib.error, IndexError):
        return ""


def colour_of(png: bytes) -> str:
    """The colour of the digits in a picture as `drawn` makes it; empty for any other picture."""
    at = png.find(b"PLTE")
    inks = {ink: name for name, ink in COLOURS.items()}
    return inks.get((*png[at + 4 : at + 7],), "") if at >= 0 and png.startswith(_SIGNATURE) else ""


def _read(png: bytes) -> str:
    if not png.startswith(_SIGNATURE):
        return ""
    at, width, data = len(_SIGNATURE), 0, b""
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at : at + 8])
        if kind == b"IHDR":
            width, _, *form = struct.unpack(">IIBBBBB", png[at + 8 : at + 8 + size])
            if form != [8, 3, 0, 0, 0] or not 0 < width <= 4096:
                return ""
        if kind == b"IDAT":
            data += png[at + 8 : at + 8 + size]
        at += size + 12
    pixels = zlib.decompressobj().decompress(data, 2**22)
    step, found = _WIDTH + _MARGIN, ""
    known = {glyph: digit for digit, glyph in _GLYPHS.items()}
    for place in range((width // _CELL - _MARGIN) // step):
        rows = []
        for y in range(_HEIGHT):
            line = (_MARGIN + y) * _CELL * (width + 1) + 1
            first = line + (_MARGIN + place * step) * _CELL
            dots = (pixels[first + x * _CELL + _CELL // 2] for x in range(_WIDTH))
            rows.append("".join("1" if dot == 0 else "0" for dot in dots))
        found += known.get(" ".join(rows), "")
    return found


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
