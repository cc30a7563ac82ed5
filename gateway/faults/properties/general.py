"""Faults that only odd requests bring out: text that crashes, values that are bent into shape."""

import json
from collections.abc import Callable
from dataclasses import replace

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.selection import CHAT, RESPONSES
from gateway.faults.machinery.transform import with_body
from gateway.frames import Ending, GatewayReply
from wire.exchange import Invalid, Request

_CRASHED = {
    "error": {"message": "Internal error", "type": "server_error", "param": None, "code": None}
}


def _crash(_: Request, reply: GatewayReply) -> GatewayReply:
    return replace(reply, status=500, body=_CRASHED, frames=None, charge=None)


def _says(request: Request, test: Callable[[str], bool]) -> bool:
    """Whether a small task ("Say OK.") carries text that passes the test.

    Other tasks are left alone, so that only the property-based probes can notice.
    """
    text = json.dumps(request.params, ensure_ascii=False)
    return "Say OK." in text and test(text)


def _beyond_the_first_plane(request: Request) -> bool:
    return CHAT(request) and _says(request, lambda text: any(ord(c) > 0xFFFF for c in text))


def _line_separator(request: Request) -> bool:
    return RESPONSES(request) and _says(request, lambda text: "\u2028" in text)


def _numbers_from_text(*names: str) -> Callable[[Request], Request]:
    """Reads numbers out of strings, as lenient parsers do."""

    def change(request: Request) -> Request:
        body = dict(request.params)
        for name in names:
            value = body.get(name)
            if isinstance(value, str) and value.replace(".", "").isdigit():
                body[name] = float(value) if "." in value else int(value)
        return replace(request, body=json.dumps(body).encode()) if body else request

    return change


def _torn(request: Request) -> bool:
    return request.method == "POST" and bool(request.body) and isinstance(request.json, Invalid)


def _cut(_: Request, reply: GatewayReply) -> GatewayReply:
    return replace(reply, status=400, body={"error": None}, ending=Ending.CUT)


FAULTS = (
    Fault("properties.chat.emoji-crash", ("properties.chat.valid-accepted", "properties.chat.broken-handled"),
        "Chat fails on characters outside the first Unicode plane.", Family.STATUS,
        _beyond_the_first_plane, reply=_crash),
    Fault("properties.responses.separator-crash", ("properties.responses.valid-accepted", "properties.responses.broken-handled"),
        "Responses fails on a line separator in a text.", Family.STATUS,
        _line_separator, reply=_crash),
    Fault("properties.chat.number-as-text", ("properties.chat.broken-refused",),
        "Chat reads numbers out of strings.", Family.PARAMETER,
        CHAT, request=_numbers_from_text("temperature", "top_p")),
    Fault("properties.responses.number-as-text", ("properties.responses.broken-refused",),
        "Responses reads numbers out of strings.", Family.PARAMETER,
        RESPONSES, request=_numbers_from_text("temperature", "top_p")),
    Fault("properties.torn-html", ("properties.torn-refused",),
        "A body that does not parse is refused with a page of HTML.", Family.SHAPE,
        _torn, reply=with_body("<html><body>Bad Request</body></html>", "text/html")),
    Fault("properties.torn-cut", ("properties.torn-refused",),
        "A body that does not parse ends the connection.", Family.TRUNCATION,
        _torn, reply=_cut),
)  # fmt: skip
