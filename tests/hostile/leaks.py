"""Looks for a secret in files and texts, in eight forms; it shares no code with what takes secrets out."""

import base64
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote_to_bytes

PIECES = re.compile(r'\\?"(?:content|delta|text|arguments)\\?"\s*:\s*\\?"([^"\\]*)\\?"')


def leaks(data: bytes, secret: str) -> Iterator[str]:
    """The forms in which a secret stands in these bytes."""
    raw, text = secret.encode(), data.decode("utf-8", "replace")
    if raw in data:
        yield "plain"
    if raw in unquote_to_bytes(data.replace(b"%25", b"%")) and raw not in data:
        yield "percent"
    if raw.hex().encode() in data.lower():
        yield "hex"
    if any(core in data for core in _base64(raw)):
        yield "base64"
    unescaped = re.sub(r"\\{1,4}u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), text)
    if secret in unescaped and secret not in text:
        yield "u-escapes"
    unmarked = html.unescape(text)
    if secret in unmarked and secret not in text:
        yield "html"
    if json.dumps(secret)[1:-1] in text.replace("\\/", "/") and secret not in text:
        yield "json"
    if secret in "".join(PIECES.findall(unmarked)) and secret not in unmarked:
        yield "split"


def _base64(raw: bytes) -> Iterator[bytes]:
    for before in range(3):
        padded = b"\0" * before + raw
        first, last = -(-before * 8 // 6), len(padded) * 8 // 6
        yield base64.b64encode(padded)[first:last]
        yield base64.urlsafe_b64encode(padded)[first:last]


def leaking(folder: Path, secret: str) -> list[str]:
    """Every file below a folder that holds the secret, and in which form."""
    return [
        f"{path.relative_to(folder)}: {form}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for form in leaks(path.read_bytes(), secret)
    ]
