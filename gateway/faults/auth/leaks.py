"""Faults by which a key of somebody comes out: in cookies, headers, comments, lists and beside answers."""

from dataclasses import replace
from typing import Final

from gateway.faults.machinery.fault import Family, Fault, always
from gateway.faults.machinery.selection import (
    CHAT,
    CHAT_STREAM,
    MODELS,
    RESPONSES,
    RESPONSES_STREAM,
    When,
    either,
)
from gateway.faults.machinery.stream_edits import edit
from gateway.faults.machinery.transform import ReplyChange, on_all, on_body, on_success, put
from gateway.frames import Frame, GatewayReply
from wire.exchange import Request

# Keys that the vendors' pages show the form of; none of them opens anything.
KEY: Final = "sk-proj-Zq8Lr3vN5tYx0aW2bC4dE6fG8hJ1kM3nP5qR7sT9uV1wX3yZ5"
GOOGLE: Final = "AIza" + "SyA1bC2dE3fG4hI5jK6lM7nO8pQ9rS0tUvW"


def _adds(name: str, value: str) -> ReplyChange:
    return on_success(lambda _, r: replace(r, headers=(*r.headers, (name, value))))


def _own(request: Request, reply: GatewayReply) -> GatewayReply:
    token = (request.header("authorization") or "").removeprefix("Bearer ")
    cookie = ("set-cookie", f"token={token}; Path=/; HttpOnly")
    return replace(reply, headers=(*reply.headers, cookie)) if token else reply


def _fault(name: str, says: str, reply: ReplyChange, when: When = always) -> Fault:
    return Fault(f"auth.{name}", (), says, Family.LEAK, when, reply=reply)


_COMMENT: Final = edit(lambda frames: (Frame(0, "", f": upstream {KEY}\n\n".encode()), *frames))
FAULTS: tuple[Fault, ...] = (
    _fault("cookie-of-upstream-chat", "A cookie holds the key for what lies behind (chat).",
        _adds("set-cookie", f"upstream={KEY}; Path=/"), CHAT),
    _fault("cookie-of-upstream-responses", "A cookie holds the key for what lies behind (Responses).",
        _adds("set-cookie", f"upstream={KEY}; Path=/"), RESPONSES),
    _fault("cookie-bearer", "A cookie holds a bearer token with a key.",
        _adds("set-cookie", f"auth=Bearer%20{KEY}; Path=/")),
    _fault("cookie-google", "A cookie holds a key of Google's form.", _adds("set-cookie", f"k={GOOGLE}; Path=/")),
    _fault("cookie-own", "The caller's own key comes back in a cookie.", _own),
    _fault("header-of-upstream", "A header holds the key for what lies behind.",
        _adds("x-upstream-authorization", f"Bearer {KEY}"), either(CHAT, RESPONSES)),
    _fault("header-authorization", "An answer has an Authorization header.", _adds("authorization", f"Bearer {KEY}"),
        either(CHAT, RESPONSES)),
    _fault("comment-chat", "A comment in a stream holds the key for what lies behind (chat).", _COMMENT, CHAT_STREAM),
    _fault("comment-responses", "A comment in a stream holds the key for what lies behind (Responses).", _COMMENT,
        RESPONSES_STREAM),
    _fault("listed", "The list of models holds a key.", on_body(put("key", KEY)), MODELS),
    _fault("beside-chat", "A key stands beside an answer (chat).", on_all(put("upstream_key", KEY)), CHAT),
    _fault("beside-responses", "A key stands beside an answer (Responses).", on_body(put("upstream_key", KEY)), RESPONSES),
)  # fmt: skip
