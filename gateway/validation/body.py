"""From the bytes of a request to a JSON object, with a refusal for each way of not being one."""

import math
import re
import zlib
from typing import Any, Final

from gateway.errors import ApiError
from wire.exchange import Invalid, Request, parse_json

LIMIT: Final = 16 * 1024 * 1024
DEPTH: Final = 200
# What only a walk over the parsed value can tell apart: surrogates and numbers beyond a double.
# One by one, each begun with a sign: searched so they take half of the time, and bodies have megabytes.
_SUSPECT: Final = tuple(map(re.compile, (rb"\\u[dD][89a-fA-F]", rb"[eE]\+?\d{3}", rb"\d\d{308}")))
_UNPARSED: Final = (
    "We could not parse the JSON body of your request. (HINT: This likely means you aren't using "
    "your HTTP library correctly. The API expects a JSON payload, but what was sent was not valid "
    "JSON.)"
)
_JSON_TYPES: Final = re.compile(r"(application/([\w.+-]+\+)?json)?\s*(;.*)?", re.IGNORECASE)


def json_object(request: Request) -> dict[str, Any]:
    """The body as a JSON object that is safe to work with."""
    if len(request.body) > LIMIT:
        raise ApiError(
            413, f"The request body is larger than {LIMIT} bytes.", code="body_too_large"
        )
    media = request.header("content-type") or ""
    if not _JSON_TYPES.fullmatch(media.strip()):
        raise ApiError(
            415,
            f"Unsupported Content-Type '{media[:100]}'. Send the header "
            "'Content-Type: application/json'.",
            code="unsupported_content_type",
        )
    data = _decoded(request)
    value = parse_json(data) if data.strip() else Invalid("empty")
    if isinstance(value, Invalid):
        raise ApiError(400, _UNPARSED)
    if not isinstance(value, dict):
        raise ApiError(400, "The JSON body of the request must be an object.", code="invalid_type")
    if data.count(b"[") + data.count(b"{") > DEPTH or any(s.search(data) for s in _SUSPECT):
        _examine(value)
    return value


def _decoded(request: Request) -> bytes:
    encoding = (request.header("content-encoding") or "identity").lower()
    if encoding == "identity":
        return request.body
    if encoding not in {"gzip", "deflate"}:
        raise ApiError(415, f"Unsupported Content-Encoding '{encoding[:50]}'.")
    try:
        inflater = zlib.decompressobj(wbits=47)
        data = inflater.decompress(request.body, LIMIT + 1)
    except zlib.error:
        raise ApiError(400, f"The request body is not valid {encoding}.") from None
    if len(data) > LIMIT:
        raise ApiError(
            413, f"The request body is larger than {LIMIT} bytes.", code="body_too_large"
        )
    return data


def _examine(value: Any) -> None:
    """Iterative, because what it looks for would overflow a recursion."""
    level = [value]
    for _ in range(DEPTH):
        deeper: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                deeper += item.keys()
                deeper += item.values()
            elif isinstance(item, list):
                deeper += item
            elif isinstance(item, str):
                _check_text(item)
            elif isinstance(item, float) and not math.isfinite(item):
                raise ApiError(400, "The JSON body contains a number that is out of range.")
        if not deeper:
            return
        level = deeper
    raise ApiError(400, f"The JSON body is nested deeper than {DEPTH} levels.")


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        message = "The JSON body contains a lone surrogate, which is not valid Unicode."
        raise ApiError(400, message, code="invalid_unicode") from None
