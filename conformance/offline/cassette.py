"""Interactions of cassettes as exchanges: vcrpy, VCR for Ruby and R, go-vcr, Betamax, ExVCR, and kin.

The family agrees on a request beside a response and differs in the rest, so each part is looked
for under all the names it goes by, whatever the tool that wrote it.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, Final

from conformance.offline.transcription import LeftOutError, headers_of, made, moment, text_of
from wire.exchange import Exchange
from wire.jsonl import canonical

_BODY_NAMES: Final = ("body", "parsed_body", "content", "body_text", "request_body", "postData")
_TIME_NAMES: Final = ("recorded_at", "recordedAt", "started_at", "startedDateTime")


def exchange_of(interaction: Mapping[str, Any], name: str, source: str) -> Exchange:
    """The exchange of one interaction. Raises ValueError where parts are missing."""
    asked, came = interaction.get("request"), interaction.get("response")
    if not isinstance(asked, Mapping) or not isinstance(came, Mapping):
        raise ValueError("an interaction without request or response")  # noqa: TRY004
    times = (moment(part.get(n)) for part in (interaction, came) for n in _TIME_NAMES)
    return made(
        name=name,
        source=source,
        method=_method(asked.get("method")),
        url=_url(asked),
        request_headers=headers_of(asked.get("headers")),
        request_body=_body(asked) or b"",
        status=_status(came),
        headers=headers_of(came.get("headers")),
        body=_body(came) or b"",
        started_at=next((at for at in times if at is not None), None),
    )


def _method(value: Any) -> Any:
    return text_of(value) if value is not None else None


def _url(request: Mapping[str, Any]) -> Any:
    url = next((request[n] for n in ("uri", "url", "path") if request.get(n)), None)
    query = request.get("query_string")
    if isinstance(url, str) and isinstance(query, str) and query and "?" not in url:
        return f"{url}?{query}"
    return url


def _status(response: Mapping[str, Any]) -> Any:
    """A number, an object with `code`, or a status line."""
    for name in ("status_code", "statusCode", "code", "status"):
        value = response.get(name)
        if isinstance(value, Mapping):
            value = value.get("code")
        if isinstance(value, str) and (match := re.match(r"(?:HTTP/\S+ )?(\d{3})\b", value)):
            return int(match[1])
        if type(value) is int:
            return value
    return None


def _body(part: Mapping[str, Any]) -> bytes | None:
    kind = part.get("body_type")
    if kind == "json" and "body_json" in part:
        return canonical(part["body_json"])
    if kind == "blob" and isinstance(part.get("body_blob"), str):
        return _from_base64(part["body_blob"])
    name = next((n for n in _BODY_NAMES if part.get(n) not in (None, "", b"")), "")
    return _bytes(part[name], name) if name else None


def _bytes(value: Any, name: str) -> bytes | None:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, Mapping) and name != "parsed_body":
        for key in ("base64_string", "base64"):
            if isinstance(value.get(key), str | bytes):
                return _from_base64(value[key])
        if value.get("file"):
            raise LeftOutError(f"the body lies in another file, {value['file']}")
        for key in ("string", "text"):
            if key in value:
                text = value[key]
                if value.get("encoding") == "base64" and isinstance(text, str):
                    return _from_base64(text)
                return _bytes(text, key) if text is not None else None
        if set(value) == {"encoding"}:
            return None
    return canonical(value)  # a recorder that parses JSON bodies


def _from_base64(text: str | bytes) -> bytes:
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"a body that is not base64: {error}") from error
