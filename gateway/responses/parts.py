"""Content parts of Responses input: checked by tables, and read as text."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Final

from gateway.errors import ApiError, bad_value, missing
from gateway.responses.items import Item
from gateway.validation.parameters import Param, validate_value

_NULLABLE: Final = ("string", "null")
DETAILS: Final = ("auto", "low", "high", "original")
_PART_TEXT: Final = (Param("text", ("string",), required=True),)
_IMAGE: Final = (
    Param("image_url", _NULLABLE),
    Param("file_id", _NULLABLE),
    Param("detail", _NULLABLE, enum=DETAILS),
)
_FILE: Final = (
    Param("file_data", _NULLABLE),
    Param("file_id", _NULLABLE),
    Param("file_url", _NULLABLE),
    Param("filename", _NULLABLE),
)
# Part type -> its members.
PARTS: Final[dict[str, tuple[Param, ...]]] = {
    "input_text": _PART_TEXT,
    "input_image": _IMAGE,
    "input_file": _FILE,
    "output_text": _PART_TEXT,
    "refusal": (Param("refusal", ("string",), required=True),),
}
GIVEN: Final = ("input_text", "input_image", "input_file")
# What a message of a role may hold: the assistant's words are outputs, all others are inputs.
_BY_ROLE: Final = {"assistant": ("output_text", "refusal")}


def read_content(item: Item, path: str) -> list[Item]:
    content = item["content"]
    kinds = _BY_ROLE.get(item["role"], GIVEN)
    if isinstance(content, str):
        return [{"type": kinds[0], "text": content}]
    for index, part in enumerate(content):
        check_part(part, f"{path}.content[{index}]", kinds)
    return list(content)


def check_part(part: Any, path: str, kinds: Sequence[str]) -> None:
    validate_value(
        part,
        Param("", ("object",), fields=(Param("type", ("string",), required=True),), closed=False),
        path,
    )
    if part["type"] not in kinds:
        listed = " and ".join(f"'{name}'" for name in kinds)
        raise bad_value(path, f"Invalid value: '{part['type']}'. Supported values are: {listed}.")
    validate_value(part, Param("", ("object",), fields=PARTS[part["type"]], closed=False), path)
    if part["type"] == "input_image":
        _check_image(part, path)
    if part["type"] == "input_file":
        _check_file(part, path)


def _check_image(part: Item, path: str) -> None:
    url = part.get("image_url")
    if url is None:
        if part.get("file_id"):
            raise _no_file(part["file_id"], f"{path}.file_id")
        raise missing(f"{path}.image_url")
    if url.startswith("data:"):
        head, _, data = url.partition(",")
        if not head.startswith("data:image/") or ";base64" not in head or _decoded(data) is None:
            raise bad_value(
                f"{path}.image_url",
                f"Invalid '{path}.image_url'. Expected a base64-encoded data URL with an image "
                "MIME type (e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU='), but got an "
                "unsupported or malformed one.",
                "invalid_value",
            )
    elif not url.startswith(("http://", "https://")):
        raise bad_value(
            f"{path}.image_url",
            f"Invalid '{path}.image_url'. Expected a valid URL, but got a value with an invalid "
            "format.",
            "invalid_value",
        )


_READABLE: Final = ("text/", "application/json", "application/xml")
_FILE_TYPES: Final = (
    *_READABLE,
    "application/pdf",
    "application/msword",
    "application/rtf",
    "application/vnd.ms-",
    "application/vnd.oasis.",
    "application/vnd.openxmlformats-",
)


def _check_file(part: Item, path: str) -> None:
    given = [name for name in ("file_data", "file_id", "file_url") if part.get(name)]
    if len(given) != 1:
        raise bad_value(
            path, "Exactly one of 'file_data', 'file_id' and 'file_url' must be provided."
        )
    if given == ["file_id"]:
        raise _no_file(part["file_id"], f"{path}.file_id")
    if given == ["file_url"]:
        # Nothing is fetched from here: better said than silently left out of the prompt.
        raise bad_value(
            f"{path}.file_url", f"Error while downloading {part['file_url']}.", "invalid_file_url"
        )
    head, _, data = part["file_data"].partition(",")
    mime = head.removeprefix("data:").partition(";")[0]
    if (
        not head.startswith("data:")
        or not mime.startswith(_FILE_TYPES)
        or ";base64" not in head
        or _decoded(data) is None
    ):
        raise bad_value(
            f"{path}.file_data",
            f"Invalid file data: '{path}.file_data'. Expected a base64-encoded data URL with a "
            "valid file MIME type (e.g. 'data:text/plain;base64,SGVsbG8sIFdvcmxkIQ=='), but got "
            f"unsupported MIME type '{mime}'.",
        )


def _no_file(name: str, path: str) -> ApiError:
    return bad_value(path, f"No such File object: {name}", "not_found")


def _decoded(data: str) -> bytes | None:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return None


def part_text(part: Mapping[str, Any]) -> str:
    match part["type"]:
        case "input_text" | "output_text":
            return str(part["text"])
        case "refusal":
            return str(part["refusal"])
        case "input_file":
            head, _, data = part["file_data"].partition(",")
            if head.removeprefix("data:").startswith(_READABLE):
                return (_decoded(data) or b"").decode("utf-8", "replace")
    return ""
