"""One authenticated call, as the functions of the endpoint modules see it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs

from gateway.accounts.charge import Charge
from gateway.accounts.keys import Key
from gateway.accounts.prices import Model, models
from gateway.frames import GatewayReply
from gateway.model import script
from gateway.model.answer import Answer, Conversation, Generation
from gateway.model.usage import Usage
from gateway.scripted_errors import context_exceeded, raise_scripted
from gateway.state import State
from gateway.validation import body as request_body
from wire.exchange import Request


@dataclass(frozen=True)
class Call:
    """`path` holds what the placeholders of the route's pattern matched."""

    gateway: State
    request: Request
    request_id: str
    key: Key
    path: Mapping[str, str]

    @property
    def now(self) -> int:
        """The time in whole seconds, as the API's timestamps are."""
        return int(self.gateway.clock())

    @cached_property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(self.request.path.partition("?")[2], keep_blank_values=True)

    @cached_property
    def body(self) -> dict[str, Any]:
        """The JSON object that was sent; raises the refusal when it is none."""
        return request_body.json_object(self.request)

    def new_id(self, prefix: str, digits: int = 48) -> str:
        """A fresh id, for instance `call.new_id("chatcmpl-", 32)`."""
        return prefix + self.gateway.hex(digits)

    def think(self, conversation: Conversation, asked: Generation, *, param: str) -> Answer:
        """The scripted model's answer, with what the cache knew; raises scripted errors.

        `param` is what the prompt is called here (messages, input), for the overflow error.
        """
        answer = script.answer(conversation, replace(asked, salt=self.request_id))
        raise_scripted(answer.script)
        usage = answer.usage
        model = models()[asked.model]
        if usage.prompt > model.context:
            raise context_exceeded(param, model.context, usage.prompt)
        if "cached" not in answer.scripted_usage:
            cached = self.gateway.cache.cached(self.key.name, conversation, asked, usage.prompt)
            usage = replace(usage, cached=cached)
        return replace(
            answer,
            usage=usage,
            pace_ms=self.gateway.itl_ms if answer.pace_ms is None else answer.pace_ms,
            ttft_ms=self.gateway.ttft_ms if answer.ttft_ms is None else answer.ttft_ms,
        )

    def charge(self, model: Model, tier: str, usage: Usage, **more: Any) -> Charge:
        """What this call will cost; put it into the reply."""
        return Charge(self.key.name, self.request_id, model.id, tier, usage, **more)


Endpoint = Callable[[Call], GatewayReply]
Route = tuple[str, str, Endpoint]  # method, pattern below /v1 such as /models/{id}, function
