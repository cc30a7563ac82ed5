"""Messages of a chat request: checked by tables, then read as turns of a conversation."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from gateway.errors import ApiError, bad_value, missing
from gateway.model.answer import Conversation, Role, Turn
from gateway.validation.parameters import Param, validate_value

Message = Mapping[str, Any]

_CONTENT: Final = Param("content", ("string", "array"), required=True, min_items=1)
_OPTIONAL: Final = Param("content", ("string", "array", "null"))
_NAME: Final = Param("name", ("string", "null"))
_CALLED: Final = Param(
    "function",
    ("object",),
    fields=(
        Param("name", ("string",), required=True),
        Param("arguments", ("string",), required=True),
    ),
    closed=False,
)
_INPUT: Final = Param(
    "custom",
    ("object",),
    fields=(
        Param("name", ("string",), required=True),
        Param("input", ("string",), required=True),
    ),
    closed=False,
)
_CALLS: Final = Param(
    "tool_calls",
    ("array", "null"),
    min_items=1,
    items=Param(
        "",
        ("object",),
        fields=(
            Param("id", ("string",), required=True),
            Param("type", ("string",), enum=("function", "custom"), required=True),
            _CALLED,
            _INPUT,
        ),
        closed=False,
    ),
)

# Role -> members. Open to more: clients give back what they were given, and add their own.
MESSAGES: Final[dict[str, tuple[Param, ...]]] = {
    "system": (_CONTENT, _NAME),
    "assistant": (_OPTIONAL, _NAME, _CALLS, Param("refusal", ("string", "null"))),
    "user": (_CONTENT, _NAME),
    "function": (_OPTIONAL, Param("name", ("string",), required=True)),
    "tool": (_CONTENT, Param("tool_call_id", ("string",), required=True)),
    "developer": (_CONTENT, _NAME),
}

_TEXT: Final = Param("text", ("string",), required=True)
_IMAGE: Final = Param(
    "image_url",
    ("object",),
    required=True,
    fields=(
        Param("url", ("string",), required=True),
        Param("detail", ("string", "null"), enum=("auto", "low", "high", "original")),
    ),
    closed=False,
)
# Part type -> members; None for what these models cannot read.
PARTS: Final[dict[str, tuple[Param, ...] | None]] = {
    "text": (_TEXT,),
    "image_url": (_IMAGE,),
    "input_audio": None,
    "refusal": (Param("refusal", ("string",), required=True),),
    "audio": None,
    "file": None,
}


def read(messages: list[Any]) -> Conversation:
    """The conversation that the messages tell; raises an `ApiError` that names the message."""
    turns: list[Turn] = []
    for index, message in enumerate(messages):
        _check(message, f"messages[{index}]")
        turns += _turns(message)
    _check_calls(messages)
    return Conversation(tuple(turns))


def _check(message: Any, path: str) -> None:
    validate_value(message, Param("", ("object",)), path)
    if "role" not in message:
        raise missing(f"{path}.role")
    validate_value(message["role"], Param("", ("string",), enum=tuple(MESSAGES)), f"{path}.role")
    table = Param("", ("object",), fields=MESSAGES[message["role"]], closed=False)
    validate_value(message, table, path)
    content = message.get("content")
    if isinstance(content, list):
        for index, part in enumerate(content):
            _check_part(part, f"{path}.content[{index}]")
    if message["role"] == "assistant":
        _check_assistant(message, path)


def _check_assistant(message: Message, path: str) -> None:
    said = ("content", "tool_calls", "function_call", "refusal", "audio")
    if all(message.get(name) is None for name in said):
        raise bad_value(
            f"{path}.content",
            f"Invalid value for '{path}.content': expected a string, got null.",
            "invalid_type",
        )
    for index, call in enumerate(message.get("tool_calls") or ()):
        if call["type"] not in call:
            raise missing(f"{path}.tool_calls[{index}].{call['type']}")


def _check_part(part: Any, path: str) -> None:
    validate_value(part, Param("", ("object",)), path)
    if "type" not in part:
        raise missing(f"{path}.type")
    validate_value(part["type"], Param("", ("string",), enum=tuple(PARTS)), f"{path}.type")
    fields = PARTS[part["type"]]
    if fields is None:
        raise bad_value(
            path, f"Invalid content type. {part['type']} is not supported by this model."
        )
    validate_value(part, Param("", ("object",), fields=fields, closed=False), path)
    if part["type"] == "image_url":
        _check_image(part["image_url"]["url"], f"{path}.image_url.url")


def _check_image(url: str, path: str) -> None:
    if url.startswith(("http://", "https://")):
        return
    head, _, data = url.partition(",")
    if not head.startswith("data:image/") or not head.endswith(";base64"):
        raise bad_value(
            path,
            f"Invalid '{path}'. Expected a base64-encoded data URL with an image MIME type (e.g. "
            "'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU='), but got something else.",
            "invalid_image_url",
        )
    try:
        found = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if not found:
        raise bad_value(
            path, "The image data you provided is not valid base64.", "invalid_base64_image"
        )


def _check_calls(messages: list[Message]) -> None:
    """Every tool message answers a call just before it, and every call is answered."""
    open_calls: dict[str, None] = {}
    for index, message in enumerate(messages):
        if message["role"] == "tool":
            if message["tool_call_id"] not in open_calls:
                raise ApiError(
                    400,
                    "Invalid parameter: messages with role 'tool' must be a response to a "
                    "preceding message with 'tool_calls'.",
                    param=f"messages[{index}].role",
                )
            del open_calls[message["tool_call_id"]]
            continue
        _refuse_open(open_calls, index)
        open_calls = {call["id"]: None for call in message.get("tool_calls") or ()}
    _refuse_open(open_calls, len(messages))


def _refuse_open(open_calls: dict[str, None], index: int) -> None:
    if open_calls:
        raise ApiError(
            400,
            "An assistant message with 'tool_calls' must be followed by tool messages responding "
            "to each 'tool_call_id'. The following tool_call_ids did not have response messages: "
            + ", ".join(open_calls),
            param=f"messages[{index}].role" if index else "messages",
        )


def _name(message: Message) -> str:
    """Who writes a message; a tool's result has the name of the tool there."""
    return message.get("name") or "" if message["role"] not in {"tool", "function"} else ""


def _turns(message: Message) -> list[Turn]:
    role = Role.TOOL if message["role"] == "function" else Role(message["role"])
    content = message.get("content")
    found: list[Turn] = []
    if isinstance(content, list):
        texts = tuple(part.get("text") or part.get("refusal") or "" for part in content)
        pictures = tuple(p["image_url"]["url"] for p in content if p["type"] == "image_url")
        text = "\n".join(texts).removesuffix("\n")
        found.append(Turn(role, text, len(pictures), texts, pictures, name=_name(message)))
    elif content is not None:
        found.append(Turn(role, content, name=_name(message)))
    elif message.get("refusal"):
        found.append(Turn(role, message["refusal"]))
    for call in message.get("tool_calls") or ():
        called = call[call["type"]]
        given = called["arguments"] if call["type"] == "function" else called["input"]
        found.append(Turn(Role.ASSISTANT, f"{called['name']} {given}"))
    return found
