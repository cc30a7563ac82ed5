"""Reads an answer that comes in one piece: a completion, a response, a list of models."""

from typing import Any

from load.transport.reader import BAD_FINISHES, Reader
from load.transport.usage_sums import usage_violations
from wire.endpoint import Endpoint
from wire.exchange import parse_json
from wire.usage import Usage


class BodyReader(Reader):
    """There is one content event at most: the body itself."""

    __slots__ = ("_body", "_endpoint")

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__()
        self._endpoint = endpoint
        self._body: Any = None

    def take(self, data: str, name: str, at_ns: int) -> None:  # noqa: ARG002 - a body has no name
        """The whole body."""
        self._body = parse_json(data)
        if not isinstance(self._body, dict):
            self.problem = "the body is not a JSON object"
            return
        self.error = self._body.get("error")
        self.limited = _finish(self._body) == "length" or self._body.get("status") == "incomplete"
        self.finish = _bad_finish(self._body)
        if self.whole:
            self.stamps.append(at_ns)
            self.visible_ns = at_ns

    @property
    def whole(self) -> bool:
        if not isinstance(self._body, dict):
            return False
        match self._endpoint:
            case Endpoint.CHAT:
                return isinstance(_finish(self._body), str)
            case Endpoint.RESPONSES:
                return self._body.get("status") in ("completed", "incomplete")
            case _:
                return isinstance(self._body.get("data"), list)

    @property
    def usage(self) -> Usage | None:
        return Usage.of(self._body.get("usage")) if isinstance(self._body, dict) else None

    def text(self) -> str:
        choice = _choice(self._body) if isinstance(self._body, dict) else {}
        message = choice.get("message")
        content = message.get("content") if isinstance(message, dict) else None
        return content if isinstance(content, str) else ""

    def violations(self) -> dict[str, str]:
        if self._endpoint is Endpoint.CHAT and self.whole:
            usage = self._body.get("usage")
            if isinstance(usage, dict):
                self.seen |= usage_violations(usage, "chat.response.usage")
            else:
                self.seen["chat.response.usage"] = "no usage"
        return self.seen


class EmbeddingsReader(BodyReader):
    """Of `/v1/embeddings`: a vector for each input, as numbers or in base64."""

    __slots__ = ()

    @property
    def whole(self) -> bool:
        rows = self._body.get("data") if isinstance(self._body, dict) else None
        return isinstance(rows, list) and bool(rows) and all(
            isinstance(row, dict) and isinstance(row.get("embedding"), list | str) and row["embedding"]
            for row in rows
        )  # fmt: skip


def _choice(body: dict[str, Any]) -> dict[str, Any]:
    choices = body.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else {}


def _finish(body: dict[str, Any]) -> Any:
    return _choice(body).get("finish_reason")


def _bad_finish(body: dict[str, Any]) -> str:
    details = body.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else _finish(body)
    return reason if isinstance(reason, str) and reason in BAD_FINISHES else ""
