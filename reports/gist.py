"""What an event of a stream says, without the members that every event repeats."""

from typing import Any, Final

from reports.json_lines import flat, loads

REPEATED: Final = frozenset(
    {"id", "object", "created", "model", "system_fingerprint", "service_tier", "obfuscation", "type", "sequence_number", "item_id", "output_index", "content_index", "event_id"}
)  # fmt: skip


def gist(data: str) -> str:
    """`{"content": " fox"}` for a chunk, `" fox"` for a delta event; empty when all of it matters."""
    try:
        value = loads(data)
    except ValueError:
        return ""
    if not isinstance(value, dict):
        return ""
    choices = value.get("choices")
    if isinstance(choices, list):
        parts = [_choice(choice) for choice in choices if isinstance(choice, dict)]
        rest = {k: v for k, v in value.items() if k not in REPEATED and k != "choices" and v is not None}  # fmt: skip
        return "  ".join([*parts, *([flat(rest)] if rest else [])]) or "choices: []"
    if isinstance(value.get("delta"), str):
        return flat(value["delta"])
    if "response" in value or "item" in value or "part" in value:
        return ""
    rest = {k: v for k, v in value.items() if k not in REPEATED}
    return flat(rest) if rest and len(rest) < len(value) else ""


def _choice(choice: dict[str, Any]) -> str:
    index = str(choice.get("index", ""))
    start = "" if index in {"", "0"} else f"choice {index} "
    delta = choice.get("delta")
    rest = {k: v for k, v in choice.items() if k not in {"index", "delta", "message"} and v is not None}  # fmt: skip
    return f"{start}{flat(delta)}" + (f" {flat(rest)}" if rest else "")


def speaks(data: str) -> bool:
    """Whether an event carries the first sort of thing a reader waits for: a piece of the answer."""
    try:
        value = loads(data)
    except ValueError:
        return False
    if not isinstance(value, dict):
        return False
    if str(value.get("type", "")).endswith(".delta"):
        return True
    choices = value.get("choices")
    deltas = [c.get("delta") for c in choices if isinstance(c, dict)] if isinstance(choices, list) else []  # fmt: skip
    return any(v for d in deltas if isinstance(d, dict) for k, v in d.items() if k != "role")
