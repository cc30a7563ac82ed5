"""Faults of the prompt: it is cut, rewritten, or something stands before it, and the bill says nothing."""

import base64
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from gateway.faults.machinery.claims import Claims
from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.request_edits import on_json
from gateway.faults.machinery.selection import (
    CHAT,
    PATHS,
    RESPONSES,
    When,
)
from gateway.frames import GatewayReply
from gateway.model.usage import Usage
from wire.digits import drawn, read
from wire.endpoint import endpoint_of
from wire.exchange import Request
from wire.tokens.asked import Unknown, asked
from wire.tokens.family import family_of
from wire.tokens.prompt import prompt_tokens
from wire.tokens.vocabulary import vocabulary

Text = Callable[[str], str]
KEPT: Final = 4_000
FIELD: Final = 500
"""Characters that a field of fixed length keeps."""
HIDDEN: Final = "You are served by a careful reseller. The code word is RESELLER. " * 28
_PNG: Final = re.compile(rb"(?<=data:image/png;base64,)[A-Za-z0-9+/=]{200,}")
_WHITE: Final = base64.b64encode(drawn(""))


def _text(value: Any, change: Text) -> Any:
    """Content with every text in it changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [{**p, "text": change(p["text"])} if isinstance(p, dict) and isinstance(p.get("text"), str) else p for p in value]  # fmt: skip
    return value


def messages_changed(
    change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]],
) -> Callable[[Request], Request]:
    """The messages of chat, or the items of a Responses input that is a list, changed."""

    def made(body: dict[str, Any]) -> dict[str, Any]:
        for name in ("messages", "input"):
            given = body.get(name)
            if isinstance(given, list) and all(isinstance(m, dict) for m in given):
                return {**body, name: change(given)}
        return body

    return on_json(made)


def _texts(change: Text) -> Callable[[Request], Request]:
    def made(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {**m, "content": _text(m.get("content"), change)} if m.get("role") == "user" else m
            for m in messages
        ]

    return messages_changed(made)


def _tail(text: str) -> str:
    tokens = vocabulary("o200k_base").tokens(text)
    return text if len(tokens) <= KEPT else b"".join(tokens[-KEPT:]).decode(errors="ignore")


def _hollow(text: str) -> str:
    """Without its middle: what a client does that wants to fit a window."""
    tokens = vocabulary("o200k_base").tokens(text)
    kept = tokens[: KEPT // 2] + tokens[-KEPT // 2 :]
    return text if len(tokens) <= KEPT else b"".join(kept).decode(errors="ignore")


def as_whole(request: Request, _: GatewayReply, usage: Usage) -> Usage:
    """The prompt as it was sent, not as it was served."""
    endpoint = endpoint_of(request.method, request.path)
    read = asked(endpoint, request.params)
    model = str(request.params.get("model"))
    family = family_of(model)
    if isinstance(read, Unknown) or family is None or b"[[usage" in request.body:
        return usage
    return replace(usage, prompt=prompt_tokens(read, endpoint, model, family))


def _system(
    messages: list[dict[str, Any]], change: Callable[[dict[str, Any]], list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    return [
        kept
        for message in messages
        for kept in (
            change(message) if message.get("role") in {"system", "developer"} else [message]
        )
    ]


def _cut(message: dict[str, Any]) -> list[dict[str, Any]]:
    """What a field of fixed length keeps."""
    return [{**message, "content": _text(message.get("content"), lambda text: text[:FIELD])}]


def _of(
    role: str, change: Callable[[dict[str, Any]], list[dict[str, Any]]]
) -> Callable[[Request], Request]:
    """Messages of one role changed."""
    return messages_changed(
        lambda messages: [
            kept for m in messages for kept in (change(m) if m.get("role") == role else [m])
        ] or messages
    )  # fmt: skip


def _instructions(change: Text) -> Callable[[Request], Request]:
    def made(body: dict[str, Any]) -> dict[str, Any]:
        given = body.get("instructions")
        return {**body, "instructions": change(given)} if isinstance(given, str) else body

    return on_json(made)


def _other_pictures(request: Request) -> Request:
    """A white picture of the same size stands where a picture stood."""
    return replace(request, body=_PNG.sub(lambda _: _WHITE, request.body))


def _redrawn(colour: str) -> Callable[[Request], Request]:
    """The digits of a picture in another colour."""

    def other(found: re.Match[bytes]) -> bytes:
        png = base64.b64decode(found[0])
        return base64.b64encode(drawn(read(png), colour)) if read(png) else found[0]

    return lambda request: replace(request, body=_PNG.sub(other, request.body))


def _fault(name: str, says: str, when: When, **how: Any) -> Fault:
    return Fault(f"authenticity.{name}", (), says, Family.CONTENT, when, **how)


def _everywhere(change: Text) -> Callable[[Request], Request]:
    """Every text of a prompt changed, at either endpoint."""

    def made(body: dict[str, Any]) -> dict[str, Any]:
        for name in ("messages", "input"):
            given = body.get(name)
            if isinstance(given, str):
                body = {**body, name: change(given)}
            elif isinstance(given, list):
                told = [
                    {**m, "content": _text(m["content"], change)}
                    if isinstance(m, dict) and "content" in m
                    else m
                    for m in given
                ]
                body = {**body, name: told}
        return body

    return on_json(made)


def _roles(names: dict[str, str]) -> Callable[[Request], Request]:
    def made(body: dict[str, Any]) -> dict[str, Any]:
        for name in ("messages", "input"):
            given = body.get(name)
            if isinstance(given, list):
                told = [
                    {**m, "role": names.get(str(m.get("role")), m.get("role"))}
                    if isinstance(m, dict) and "role" in m and "tool_calls" not in m
                    else m
                    for m in given
                ]
                body = {**body, name: told}
        return body

    return on_json(made)


_STRIPS: Final[dict[str, tuple[str, Text]]] = {
    "stripped": ("Prompts lose the spaces and line ends at their ends", str.strip),
    "stripped-start": ("Prompts lose the spaces and line ends at their start", str.lstrip),
    "stripped-end": ("Prompts lose the spaces and line ends at their end", str.rstrip),
}
_MIXED: Final = {
    "developer-as-user": ("Developer messages reach the model as a user's", {"developer": "user"}),
    "system-as-user": ("System messages reach the model as a user's", {"system": "user"}),
    "instructing-as-user": (
        "What instructs reaches the model as a user's",
        {"system": "user", "developer": "user"},
    ),
    "assistant-as-user": (
        "The assistant's messages reach the model as a user's",
        {"assistant": "user"},
    ),
    "user-as-system": (
        "A user's messages before the last reach the model as the system's",
        {"user": "system"},
    ),
}


def _but_the_last(change: Callable[[Request], Request]) -> Callable[[Request], Request]:
    def made(request: Request) -> Request:
        for name in ("messages", "input"):
            given = request.params.get(name)
            if isinstance(given, list) and len(given) > 1:
                changed = change(request).params[name]
                return on_json(lambda body: {**body, name: [*changed[:-1], given[-1]]})(request)  # noqa: B023 - called at once
        return request

    return made


FAULTS = (
    *(_fault(f"{name}-{path}", f"{says} ({path}).", when, request=_everywhere(change))
      for name, (says, change) in _STRIPS.items() for path, when in PATHS.items()),
    *(_fault(f"{name}-{path}", f"{says} ({path}).", when, request=_but_the_last(_roles(names)))
      for name, (says, names) in _MIXED.items() for path, when in (("chat", CHAT), ("responses", RESPONSES))
      if (name, path) not in {("system-as-user", "responses"), ("assistant-as-user", "responses"), ("user-as-system", "responses")}),
    _fault("hidden-prompt", "A hidden prompt of about 400 tokens stands before every conversation.", CHAT,
        request=messages_changed(lambda messages: [{"role": "system", "content": HIDDEN}, *messages])),
    _fault("tail-kept", "Of a long prompt the last 4,000 tokens are served, and all are billed.", CHAT,
        request=_texts(_tail), reply=Claims(as_whole)),
    _fault("middle-cut", "Of a long prompt the middle is cut out, and all is billed.", CHAT,
        request=_texts(_hollow), reply=Claims(as_whole)),
    _fault("system-dropped", "System messages are not served, and are billed.", CHAT,
        request=messages_changed(lambda m: _system(m, lambda _: []) or m), reply=Claims(as_whole)),
    _fault("system-rewritten", "System messages are replaced, and billed as they were.", CHAT,
        request=messages_changed(lambda m: _system(m, lambda s: [{**s, "content": "You are a helpful assistant."}])), reply=Claims(as_whole)),
    _fault("system-doubled", "System messages are served twice, and billed twice.", CHAT,
        request=messages_changed(lambda m: _system(m, lambda s: [s, s]))),
    _fault("system-cut", "Of a system message the first 500 characters are served, and all is billed.", CHAT,
        request=_of("system", _cut), reply=Claims(as_whole)),
    _fault("developer-dropped", "Developer messages are not served, and are billed.", CHAT,
        request=_of("developer", lambda _: []), reply=Claims(as_whole)),
    _fault("developer-cut", "Of a developer message the first 500 characters are served, and all is billed.", CHAT,
        request=_of("developer", _cut), reply=Claims(as_whole)),
    _fault("instructions-dropped", "Instructions are not served, and are billed.", RESPONSES,
        request=_instructions(lambda _: ""), reply=Claims(as_whole)),
    _fault("instructions-cut", "Of instructions the first 500 characters are served, and all is billed.", RESPONSES,
        request=_instructions(lambda text: text[:FIELD]), reply=Claims(as_whole)),
    _fault("instructions-doubled", "Instructions are served twice, and billed twice.", RESPONSES,
        request=_instructions(lambda text: f"{text}\n\n{text}")),
    _fault("history-turned", "Messages of a history are served in the reverse order.", CHAT,
        request=messages_changed(lambda m: [*m[-2::-1], m[-1]] if len(m) > 3 else m), reply=Claims(as_whole)),
    *(_fault(f"pictures-{colour}-{path}", f"Pictures reach the model in {colour} ({path}).", when, request=_redrawn(colour))
      for colour in ("grey", "black") for path, when in (("chat", CHAT), ("responses", RESPONSES))),
    _fault("pictures-white", "A white picture is served in the place of each picture.", CHAT, request=_other_pictures),
    _fault("pictures-white-responses", "A white picture is served in the place of each picture (Responses).", RESPONSES, request=_other_pictures),
)  # fmt: skip
