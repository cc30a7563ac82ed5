"""Whether a JSON Schema is strict: every object closed, every property required."""

from collections.abc import Mapping
from typing import Any


def looseness(schema: Any, where: tuple[str, ...] = ()) -> str | None:
    """Why a schema is not strict, in the API's words; None when it is."""
    if not isinstance(schema, Mapping):
        return None
    context = f"In context=({', '.join(repr(word) for word in where)}), "
    if schema.get("type") == "object" or "properties" in schema:
        if schema.get("additionalProperties") is not False:
            return context + "'additionalProperties' is required to be supplied and to be false."
        required = schema.get("required") or ()
        lacking = [name for name in schema.get("properties") or () if name not in required]
        if lacking:
            return (
                f"{context}'required' is required to be supplied and to be an array including "
                f"every key in properties. Missing '{lacking[0]}'."
            )
    inner = [
        (part, (*where, group, name))
        for group in ("properties", "$defs")
        for name, part in (schema.get(group) or {}).items()
    ]
    inner.append((schema.get("items"), (*where, "items")))
    inner += [(part, (*where, "anyOf", str(n))) for n, part in enumerate(schema.get("anyOf") or ())]
    return next(filter(None, (looseness(part, place) for part, place in inner)), None)
