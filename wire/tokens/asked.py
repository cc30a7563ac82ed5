"""What a request gives the model to read, where its cost is known; else why it is not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from wire.endpoint import Endpoint


class Message(NamedTuple):
    """One message of the prompt, its parts joined."""

    role: str
    text: str


class Unknown(NamedTuple):
    """Nothing can be said of a count, and why."""

    reason: str


@dataclass(frozen=True)
class Asked:
    """A prompt of plain text, with what is declared beside it."""

    messages: tuple[Message, ...]
    functions: tuple[Mapping[str, Any], ...] = ()
    schema: Mapping[str, Any] | None = None
    """Name, description and schema of a `json_schema` response format."""
    directed: bool = False
    """How tools may be called is said, too: forced, one at a time."""

    @property
    def instructed(self) -> bool:
        """Whether a system or developer message stands first."""
        return bool(self.messages) and self.messages[0].role in {"system", "developer"}

    @property
    def answers(self) -> int:
        """Assistant messages in the history."""
        return sum(message.role == "assistant" for message in self.messages)


# Fields that put something else than the messages into the prompt, or take something out of it.
_CHAT_UNKNOWN: Final = ("audio", "prediction", "web_search_options")
_RESPONSES_UNKNOWN: Final = (
    "previous_response_id", "conversation", "prompt", "context_management",
)  # fmt: skip
_TEXT_PARTS: Final = {"text", "input_text", "output_text"}


def asked(endpoint: Endpoint, params: Mapping[str, Any]) -> Asked | Unknown:
    """The prompt of a chat or Responses request."""
    if endpoint is Endpoint.CHAT:
        return _chat(params)
    if endpoint is Endpoint.RESPONSES:
        return _responses(params)
    return Unknown(f"{endpoint} is not counted")


def _chat(params: Mapping[str, Any]) -> Asked | Unknown:
    if field := next((name for name in _CHAT_UNKNOWN if params.get(name)), None):
        return Unknown(f"{field} is not plain text")
    if "audio" in _listed(params.get("modalities")):
        return Unknown("audio is not plain text")
    messages = params.get("messages")
    if not isinstance(messages, list):
        return Unknown("there are no messages")
    found = []
    for message in messages:
        read = _message(message)
        if isinstance(read, Unknown):
            return read
        found.append(read)
    declared = params.get("tools") or [
        {"type": "function", "function": function} for function in _listed(params.get("functions"))
    ]
    form = params.get("response_format")
    named = None
    if isinstance(form, dict) and form.get("type") == "json_schema":
        named = form.get("json_schema")
    return _whole(found, declared, "function", named, params)


def _responses(params: Mapping[str, Any]) -> Asked | Unknown:
    if field := next((name for name in _RESPONSES_UNKNOWN if params.get(name)), None):
        return Unknown(f"{field}: the prompt is more than the request shows")
    reasoning = params.get("reasoning")
    if isinstance(reasoning, dict) and reasoning.get("mode") not in (None, "standard"):
        return Unknown(f"reasoning.mode {reasoning['mode']} adds to the prompt")
    found = []
    if isinstance(params.get("instructions"), str) and params["instructions"]:
        found.append(Message("system", params["instructions"]))
    given = params.get("input")
    for item in [{"role": "user", "content": given}] if isinstance(given, str) else _listed(given):
        if not isinstance(item, dict) or item.get("type", "message") != "message":
            kind = item.get("type") if isinstance(item, dict) else type(item).__name__
            return Unknown(f"an input item of type {kind} is not plain text")
        read = _message(item)
        if isinstance(read, Unknown):
            return read
        found.append(read)
    text = params.get("text")
    form = text.get("format") if isinstance(text, dict) else None
    named = form if _is(form, "json_schema") else None
    return _whole(found, params.get("tools") or [], "", named, params)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _whole(
    messages: list[Message],
    declared: Any,
    inner: str,
    schema: Any,
    params: Mapping[str, Any],
) -> Asked | Unknown:
    functions = []
    for tool in declared if isinstance(declared, list) else ():
        function = tool.get(inner) if inner and isinstance(tool, dict) else tool
        if not _is(tool, "function") or not isinstance(function, dict):
            return Unknown("a tool that is no function")
        functions.append(function)
    if schema is not None and not isinstance(schema, dict):
        return Unknown("the schema is no object")
    choice = params.get("tool_choice", params.get("function_call"))
    said = choice not in (None, "auto", "none") or params.get("parallel_tool_calls") is False
    return Asked(tuple(messages), tuple(functions), schema, bool(functions) and said)


def _message(message: Any) -> Message | Unknown:
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        return Unknown("a message without a role")
    if message["role"] not in {"system", "developer", "user", "assistant"}:
        return Unknown("results of tools are counted in a way that nobody published")
    for field in ("tool_calls", "function_call", "name", "audio", "refusal"):
        if message.get(field):
            return Unknown(f"{field} in a message is counted in a way that nobody published")
    content = message.get("content")
    if content is None or isinstance(content, str):
        return Message(message["role"], content or "")
    if isinstance(content, list) and all(
        isinstance(part, dict)
        and isinstance(part.get("type"), str)
        and part["type"] in _TEXT_PARTS
        and isinstance(part.get("text"), str)
        for part in content
    ):
        return Message(message["role"], "".join(part["text"] for part in content))
    return Unknown("a part that is not text")


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, dict) and value.get("type") == kind
