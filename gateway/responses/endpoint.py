"""POST /v1/responses: one answer, plain, streamed or in the background."""

from dataclasses import replace
from typing import Final

from gateway.call import Call, Route
from gateway.errors import ApiError
from gateway.frames import GatewayReply
from gateway.model.answer import Answer, Hosted
from gateway.model.logprobs import logprobs
from gateway.responses.items import TOOL_SCRIPTS, Item
from gateway.responses.object import (
    TIERS,
    Outcome,
    ended,
    incomplete_reason,
    started,
)
from gateway.responses.output import output_items
from gateway.responses.parameters import CREATE
from gateway.responses.request import ResponseRequest, read
from gateway.responses.stored import QUEUED_S, WORKED_S, Stored, StoredResponses
from gateway.responses.stream import FAILURE, StreamOptions, completion_at, stream_frames

_BILLING: Final = {"payer": "developer"}
_BROKEN: Final = frozenset({"error_event", "midstream_error"})


def create(call: Call) -> GatewayReply:
    request = read(call, CREATE)
    body = request.body
    answer = _with_forced_tool(
        call.think(request.conversation, request.asked, param="input"), request
    )
    streamed = bool(body.get("stream"))
    if answer.script in _BROKEN and not streamed:
        raise ApiError(
            500,
            "The server had an error while processing your request. Sorry about that!",
            type="server_error",
            code="server_error",
        )
    begun = started(
        body,
        response_id=call.new_id("resp_"),
        created_at=call.now,
        model=request.model.snapshot,
        tools=request.tools.echo,
    )
    stored = Stored(
        owner=call.key.name,
        started=begun,
        full=ended(begun, _outcome(call, request, answer)),
        include=request.include,
        input_items=request.input_items,
        history=request.history + request.input_items,
        options=_stream_options(request, answer),
        made_by=call.request_id,
    )
    if begun["background"] and not streamed:  # who reads a stream sees the work end with it
        _schedule(call, answer, stored)
    _keep(call, request, stored)
    charge = None
    if stored.full["usage"] is not None and answer.script not in _BROKEN:
        tier = TIERS[begun["service_tier"]]
        searches = sum(item["type"] == "web_search_call" for item in stored.full["output"])
        due_at = stored.done_at or None
        charge = call.charge(request.model, tier, answer.usage, tool_calls=searches, due_at=due_at)
    if not streamed:
        return GatewayReply(body=billed(stored.seen(call.gateway.clock())), charge=charge)
    frames = stream_frames(begun, stored.response, stored.options)
    if charge is not None:
        charge = replace(charge, completion_at=completion_at(frames, answer.usage))
    return GatewayReply(frames=frames, charge=charge)


def billed(response: Item) -> Item:
    """A response outside a stream also says who pays."""
    head = ("id", "object", "created_at", "status", "background")
    rest = {name: value for name, value in response.items() if name not in head}
    return {**{name: response[name] for name in head}, "billing": _BILLING, **rest}


def _with_forced_tool(answer: Answer, request: ResponseRequest) -> Answer:
    """tool_choice may name a tool that the server runs; then it runs, whatever the text says."""
    kind = request.chosen.hosted
    if kind is None or any(isinstance(part, Hosted) for part in answer.parts):
        return answer
    return replace(answer, parts=(Hosted(TOOL_SCRIPTS[kind]), *answer.parts))


def _outcome(call: Call, request: ResponseRequest, answer: Answer) -> Outcome:
    wanted = "message.output_text.logprobs" in request.include
    top = request.body.get("top_logprobs") or 0
    items = output_items(
        answer,
        new_id=call.new_id,
        logprobs=(lambda text: logprobs(text, top)) if wanted else None,
    )
    if answer.script == "failed":
        return Outcome("failed", (), error=FAILURE)
    if reason := incomplete_reason(answer):
        return Outcome("incomplete", tuple(items), answer.usage, reason=reason)
    return Outcome("completed", tuple(items), answer.usage, completed_at=call.now)


def _stream_options(request: ResponseRequest, answer: Answer) -> StreamOptions:
    options = request.body.get("stream_options") or {}
    return StreamOptions(
        script=answer.script,
        ttft_ms=answer.ttft_ms or 0,
        itl_ms=answer.pace_ms or 0,
        obfuscated=options.get("include_obfuscation") is not False,
        queued=bool(request.body.get("background")) or answer.script == "queued",
    )


def _schedule(call: Call, answer: Answer, stored: Stored) -> None:
    now = call.gateway.clock()
    stored.queued_until = now + QUEUED_S
    work_ms = (answer.ttft_ms or 0) + (answer.pace_ms or 0) * answer.usage.completion
    stored.done_at = stored.queued_until + WORKED_S + work_ms / 1000
    if stored.full["completed_at"] is not None:
        stored.full["completed_at"] = max(call.now, int(stored.done_at))


def _keep(call: Call, request: ResponseRequest, stored: Stored) -> None:
    room = call.gateway.store(StoredResponses)
    output = tuple(stored.full["output"])
    stored.history += output
    if stored.full["store"]:
        room.put(stored)
    if conversation := stored.full.get("conversation"):
        room.extend(call.key.name, conversation["id"], request.input_items + output)


def decline_socket(call: Call) -> GatewayReply:
    """GET asks for a WebSocket or for a list; there is neither, and clients fall back on a 426."""
    if (call.request.header("upgrade") or "").lower() == "websocket":
        raise ApiError(
            426,
            "WebSockets are not served here. Use POST /v1/responses over HTTPS instead.",
            code="upgrade_required",
            headers=(("upgrade", "HTTP/1.1"),),
        )
    raise ApiError(
        405,
        "Not allowed to GET on /v1/responses (HINT: Perhaps you meant to make a different kind of "
        "request?)",
        code="method_not_allowed",
        headers=(("allow", "OPTIONS, POST"),),
    )


ROUTES: Final[tuple[Route, ...]] = (
    ("POST", "/responses", create),
    ("GET", "/responses", decline_socket),
)
