"""Faults of chat parameters that are right: refused though they are allowed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from gateway.errors import ApiError
from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.selection import CHAT, When, both
from gateway.frames import GatewayReply
from wire.exchange import Request

Test = Callable[[Any], bool]


def _refusal(param: str, status: int = 400, code: str | None = "unsupported_value") -> Any:
    """A reply that refuses a request that would have been answered."""
    message = f"Unsupported value: '{param}' does not support this value with this model."
    body = ApiError(status, message, param=param, code=code).body

    def made(_: Request, reply: GatewayReply) -> GatewayReply:
        if reply.status >= 400:
            return reply
        return replace(reply, status=status, body=body, frames=None, pieces=None, charge=None,
                       headers=_without_type(reply))  # fmt: skip

    return made


def _without_type(reply: GatewayReply) -> tuple[tuple[str, str], ...]:
    others = tuple(
        pair for pair in reply.headers if pair[0] not in {"content-type", "cache-control"}
    )
    return (("content-type", "application/json"), *others)


def having(name: str, test: Test = lambda value: value is not None) -> When:
    return lambda request: name in request.params and test(request.params[name])


def _is(*values: Any) -> Test:
    return lambda value: value in values


# Parameter -> what is wrongly refused, and in which words that stands in the fault's name.
_REFUSED: Final[tuple[tuple[str, str, Test], ...]] = (
    ("temperature", "zero", _is(0)),
    ("temperature", "above-one", lambda v: isinstance(v, (int, float)) and v > 1),
    ("top_p", "zero", _is(0)),
    ("frequency_penalty", "two", _is(2)),
    ("presence_penalty", "minus-two", _is(-2)),
    ("n", "one", _is(1)),
    ("max_completion_tokens", "any", lambda v: v is not None),
    ("max_tokens", "any", lambda v: v is not None),
    ("stop", "array", lambda v: isinstance(v, list)),
    ("seed", "negative", lambda v: isinstance(v, int) and v < 0),
    ("seed", "beyond-32-bits", lambda v: isinstance(v, int) and abs(v) > 2**31),
    ("logprobs", "true", _is(True)),
    ("top_logprobs", "above-five", lambda v: isinstance(v, int) and v > 5),
    ("logit_bias", "any", lambda v: isinstance(v, dict)),
    ("reasoning_effort", "none", _is("none")),
    ("reasoning_effort", "xhigh", _is("xhigh")),
    ("verbosity", "medium", _is("medium")),
    ("modalities", "text", lambda v: v is not None),
    ("response_format", "json-schema", lambda v: isinstance(v, dict) and v.get("type") == "json_schema"),
    ("response_format", "text", lambda v: isinstance(v, dict) and v.get("type") == "text"),
    ("store", "false", lambda v: v is False),
    ("metadata", "sixteen", lambda v: isinstance(v, dict) and len(v) > 10),
    ("service_tier", "fast", _is("fast")),
    ("user", "any", lambda v: v is not None),
    ("safety_identifier", "any", lambda v: v is not None),
    ("prompt_cache_key", "any", lambda v: v is not None),
    ("prompt_cache_retention", "any", lambda v: v is not None),
    ("stream_options", "obfuscation", lambda v: isinstance(v, dict) and "include_obfuscation" in v),
    ("tools", "without-parameters", lambda v: isinstance(v, list)
        and any(isinstance(tool, dict) and isinstance(tool.get("function"), dict)
                and "parameters" not in tool["function"] for tool in v)),
    ("tools", "long-names", lambda v: isinstance(v, list) and any(
        len(str((tool.get("function") or {}).get("name"))) > 32 for tool in v if isinstance(tool, dict)
        and isinstance(tool.get("function"), dict))),
    ("response_format", "long-name", lambda v: isinstance(v, dict)
        and len(str((v.get("json_schema") or {}).get("name"))) > 32),
    ("service_tier", "priority", _is("priority")),
    ("tool_choice", "auto", _is("auto")),
    ("tool_choice", "allowed-tools",
        lambda v: isinstance(v, dict) and v.get("type") == "allowed_tools"),
    ("parallel_tool_calls", "false", lambda v: v is False),
)  # fmt: skip
_EITHER: Final = (
    ("prediction", "prediction"), ("moderation", "moderation"),
    ("prompt_cache_options", "prompt-cache-options"), ("web_search_options", "web-search-options"),
    ("functions", "functions"), ("parallel_tool_calls", "parallel-without-tools"),
)  # fmt: skip


def _crash(_: Request, reply: GatewayReply) -> GatewayReply:
    body = ApiError(500, "An unexpected error occurred.", type="server_error").body
    return replace(reply, status=500, body=body, frames=None, charge=None,
                   headers=_without_type(reply))  # fmt: skip


def _any_message(test: Callable[[dict[str, Any]], bool]) -> When:
    def when(request: Request) -> bool:
        messages = request.params.get("messages")
        rows = messages if isinstance(messages, list) else []
        return any(test(message) for message in rows if isinstance(message, dict))

    return when


def _is_image(part: Any, detail: str | None = None) -> bool:
    image = part.get("image_url") if isinstance(part, dict) else None
    return isinstance(image, dict) and (detail is None or image.get("detail") == detail)


def _parts(message: dict[str, Any]) -> list[Any]:
    content = message.get("content")
    return content if isinstance(content, list) else []


# Messages that are wrongly refused.
_MESSAGES: Final[tuple[tuple[str, tuple[str, ...], When], ...]] = (
    ("system", ("messages.system", "messages.assistant-parts"), _any_message(lambda m: m.get("role") == "system")),
    ("developer", ("messages.developer",), _any_message(lambda m: m.get("role") == "developer")),
    ("assistant", ("messages.history", "messages.assistant-parts"),
        _any_message(lambda m: m.get("role") == "assistant" and m.get("content") is not None)),
    ("name", ("messages.history",), _any_message(lambda m: "name" in m)),
    ("text-parts", ("messages.parts", "messages.assistant-parts"),
        _any_message(lambda m: bool(_parts(m)) and not any(map(_is_image, _parts(m))))),
    ("null-content", ("tool-messages.accepted",),
        _any_message(lambda m: m.get("role") == "assistant" and m.get("content", 0) is None)),
    ("image", ("images.accepted",), _any_message(lambda m: any(map(_is_image, _parts(m))))),
    ("image-original", ("images.accepted",),
        _any_message(lambda m: any(_is_image(p, "original") for p in _parts(m)))),
)  # fmt: skip


def _is_minimal(request: Request) -> bool:
    """Nothing but a model and one text."""
    messages = request.params.get("messages")
    if set(request.params) != {"model", "messages"} or not isinstance(messages, list):
        return False
    first = messages[0] if len(messages) == 1 else None
    return isinstance(first, dict) and isinstance(first.get("content"), str)


def _is_long(request: Request) -> bool:
    messages = request.params.get("messages")
    return isinstance(messages, list) and len(messages) > 500


def _fault(name: str, breaks: tuple[str, ...], says: str, when: When, reply: Any) -> Fault:
    rows = tuple(f"chat.param.{row}" for row in breaks)
    return Fault(
        f"chat.param.{name}", rows, says, Family.STATUS, when=both(CHAT, when), reply=reply
    )


FAULTS = (
    *(
        _fault(f"{name.replace('_', '-')}.refuses-{word}", (f"{name.replace('_', '-')}.accepted",),
               f"{name} is refused: {word}.", having(name, test), _refusal(name))
        for name, word, test in _REFUSED
    ),
    *(
        _fault(f"{slug}.crash", (f"{slug}.clear",), f"{name} is an error of the server.",
               both(having(name), lambda r: not r.params.get("tools")), _crash)
        for name, slug in _EITHER
    ),
    *(
        _fault(f"messages.refuses-{name}", rows, f"Messages are refused: {name}.", when,
               _refusal("messages"))
        for name, rows, when in _MESSAGES
    ),
    _fault("null-refused", ("null",), "null is refused.",
           lambda r: any(value is None for value in r.params.values()), _refusal("n", code="invalid_type")),
    _fault("minimal-refused", ("messages.minimal",), "A limit has to be given.",
           _is_minimal, _refusal("max_tokens")),
    _fault("refuses-nameless", ("valid-accepted",), "Many parameters at once are refused.",
           lambda r: sum(value is not None for value in r.params.values()) > 12, _refusal("")),
    _fault("refuses-without-code", ("temperature.accepted", "unsupported-code"),
           "A parameter is refused without a code.", having("temperature"),
           _refusal("temperature", code=None)),
    _fault("messages.many-crash", ("messages.thousand",), "500 messages are too many to bear.",
           _is_long, _crash),
)  # fmt: skip
