"""Checks of single parameters that both endpoints share."""

import re
from typing import Any, Final

from gateway.errors import bad_value

EFFORTS: Final = ("none", "low", "medium", "high", "xhigh")
_OTHER_EFFORTS: Final = ("minimal", "max")  # of other models
NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


def metadata(value: dict[str, Any], path: str) -> None:
    for key, text in value.items():
        place = f"{path}.{key}"
        if len(key) > 64:
            raise bad_value(
                path,
                f"Invalid property name in '{path}': '{key[:64]}...' is too long. Expected a "
                f"string with maximum length 64, but got a string with length {len(key)} instead.",
                "property_name_above_max_length",
            )
        if not isinstance(text, str):
            message = f"Invalid type for '{place}': expected a string."
            raise bad_value(place, message, "invalid_type")
        if len(text) > 512:
            raise bad_value(
                place,
                f"Invalid '{place}': string too long. Expected a string with maximum length 512, "
                f"but got a string with length {len(text)} instead.",
                "string_above_max_length",
            )


def effort(value: str, path: str) -> None:
    known = ", ".join(f"'{word}'" for word in EFFORTS)
    if value in _OTHER_EFFORTS:
        raise bad_value(
            path,
            f"Unsupported value: '{value}' is not supported with this model. Supported values "
            f"are: {known}.",
            "unsupported_value",
        )
    if value not in EFFORTS:
        raise bad_value(path, f"Invalid value: '{value}'. Supported values are: {known}.")


def tool_name(value: str, path: str) -> None:
    if len(value) > 64:
        raise bad_value(
            path,
            f"Invalid '{path}': string too long. Expected a string with maximum length 64, but "
            f"got a string with length {len(value)} instead.",
            "string_above_max_length",
        )
    if not NAME.fullmatch(value):
        raise bad_value(
            path,
            f"Invalid '{path}': string does not match pattern. Expected a string that matches the "
            "pattern '^[a-zA-Z0-9_-]+$'.",
        )
