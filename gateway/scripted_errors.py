"""Errors of a call that no plain prompt can bring, by the word of [[script NAME]]."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from gateway.errors import ApiError

_WAIT: Final = (("retry-after", "2"),)
_CAUSES: Final[Mapping[str, tuple[int, str, dict[str, Any]]]] = MappingProxyType({
    "upstream_500": (502, "The server had an error while processing your request. Sorry about that!",
        {"type": "server_error", "code": "upstream_error"}),
    "upstream_timeout": (504, "The model did not answer in time.",
        {"type": "server_error", "code": "upstream_timeout"}),
    # The gateway's own upstream key is broken: not the caller's fault, so never a 401.
    "upstream_401": (502, "The service cannot reach the model at the moment.",
        {"type": "server_error", "code": "upstream_error"}),
    "overload": (503, "The server is overloaded. Please try again later.",
        {"type": "service_unavailable_error", "code": "server_is_overloaded", "headers": _WAIT}),
    "slow_down": (429, "Requests are increasing too fast. Please slow down.",
        {"type": "rate_limit_error", "code": "slow_down", "headers": _WAIT}),
    "rate_limit": (429, "Rate limit reached. Please try again in 2s.",
        {"type": "requests", "code": "rate_limit_exceeded", "headers": _WAIT}),
    "spend_limit": (429, "Your organization has reached its spend limit.",
        {"type": "insufficient_quota", "code": "organization_spend_limit_exceeded"}),
    "content_policy": (400, "Your request was rejected by the content policy.",
        {"code": "content_policy_violation"}),
})  # fmt: skip

FAILURE: Final = ApiError(
    500,
    "The server had an error while processing your request.",
    type="server_error",
    code="server_error",
)


def raise_scripted(script: str | None) -> None:
    """Raises the error that a script asks for, if it asks for one."""
    if script is not None and script in _CAUSES:
        status, message, fields = _CAUSES[script]
        raise ApiError(status, message, **fields)


def out_of_credit() -> ApiError:
    return ApiError(
        402,
        "The credit of this key is used up. Top it up to go on.",
        type="insufficient_quota",
        code="insufficient_quota",
    )


def context_exceeded(param: str, limit: int, got: int) -> ApiError:
    return ApiError(
        400,
        f"This model's maximum context length is {limit} tokens. However, your request resulted "
        f"in {got} tokens. Please reduce the length of the input.",
        param=param,
        code="context_length_exceeded",
    )
