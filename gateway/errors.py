"""The error that every refusal is raised as, and its envelope."""

from typing import Any

INVALID_REQUEST = "invalid_request_error"


class ApiError(Exception):
    """A refusal with an HTTP status; `headers` are added to the reply."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str = INVALID_REQUEST,  # noqa: A002 - the field's name on the wire
        param: str | None = None,
        code: str | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.type = type
        self.param = param
        self.code = code
        self.headers = headers

    @property
    def body(self) -> dict[str, Any]:
        return {
            "error": {
                "message": self.message,
                "type": self.type,
                "param": self.param,
                "code": self.code,
            }
        }


def bad_value(param: str, message: str, code: str = "invalid_value") -> ApiError:
    """A 400 about one parameter."""
    return ApiError(400, message, param=param, code=code)


def missing(param: str) -> ApiError:
    return bad_value(param, f"Missing required parameter: '{param}'.", "missing_required_parameter")


def unsupported(param: str) -> ApiError:
    return bad_value(
        param,
        f"Unsupported parameter: '{param}' is not supported with this model.",
        "unsupported_parameter",
    )
