"""Members put into a JSON object that stays byte for byte as it was."""

import json
from collections.abc import Mapping
from typing import Any


def splice(body: bytes, members: Mapping[str, Any]) -> bytes:
    """The bytes of a JSON object with members before its last brace; other bytes as they are."""
    start = body.rstrip()
    if not members or not start.endswith(b"}"):
        return body
    inside = start[:-1].rstrip()
    comma = b"" if inside.endswith(b"{") else b", "
    return inside + comma + json.dumps(dict(members))[1:-1].encode() + b"}" + body[len(start) :]
