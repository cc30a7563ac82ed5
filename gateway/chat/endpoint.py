"""POST /v1/chat/completions."""

from dataclasses import replace
from typing import Any, Final, NamedTuple

from gateway.accounts.prices import Model, models
from gateway.call import Call, Route
from gateway.chat.messages import read
from gateway.chat.object import FINGERPRINT, calls_of, choice_object, usage_object
from gateway.chat.parameters import CREATE, check_together
from gateway.chat.store import StoredChats
from gateway.chat.stream import BROKEN, chunks
from gateway.chat.tools import read_choice, read_tools
from gateway.errors import ApiError, bad_value
from gateway.faults.machinery.strictness import unfit
from gateway.frames import GatewayReply
from gateway.model.answer import Answer, Conversation, Format, FormatType, Generation, Role
from gateway.model.brevity import part_tokens
from gateway.model.usage import Usage
from gateway.scripted_errors import FAILURE
from gateway.validation.parameters import validate

# service_tier as asked -> as used.
USED_TIER: Final = {"flex": "flex", "priority": "priority", "fast": "priority"}


class Told(NamedTuple):
    """What the plain and the streamed form of an answer have in common."""

    head: dict[str, Any]
    answer: Answer
    call_ids: list[list[str]]  # one list a choice
    usage: Usage  # of all choices together


def create(call: Call) -> GatewayReply:
    body = call.body
    validate(body, CREATE)
    check_together(body)
    model = _model(body)
    conversation = read(body["messages"])
    asked = _asked(body, model)
    _check_json_mode(asked.format, conversation)
    answer = call.think(conversation, asked, param="messages")
    n = int(body.get("n") or 1)
    usage = replace(
        answer.usage,
        completion=answer.usage.completion * n,
        reasoning=answer.usage.reasoning * n,
    )
    tier = USED_TIER.get(body.get("service_tier") or "", "default")
    head = {
        "id": call.new_id("chatcmpl-", 32),
        "object": "chat.completion",
        "created": call.now,
        "model": model.snapshot,
        "service_tier": tier,
        "system_fingerprint": FINGERPRINT,
    }
    ids = [[call.new_id("call_", 24) for _ in calls_of(answer)] for _ in range(n)]
    told = Told(head, answer, ids, usage)
    whole = _whole(body, told)
    if body.get("store") is True:
        call.gateway.store(StoredChats).keep(call.key.name, whole, body["messages"])
    if body.get("stream") is True:
        return _streamed(call, body, told, model)
    if answer.script in BROKEN:
        raise FAILURE
    # As long as the stream would take: usage may be scripted, so what is shown counts.
    shown = sum(part_tokens(part) for part in answer.parts)
    wait = (answer.ttft_ms or 0) + (answer.pace_ms or 0) * max(0, shown - 1)
    return GatewayReply(body=whole, delay_ms=wait, charge=call.charge(model, tier, usage))


def _model(body: dict[str, Any]) -> Model:
    model = models().get(body["model"])
    if model is None:
        raise ApiError(
            404,
            f"The model `{body['model'][:100]}` does not exist or you do not have access to it.",
            param="model",
            code="model_not_found",
        )
    for name in ("max_tokens", "max_completion_tokens"):
        asked = body.get(name)
        if asked is not None and asked > model.max_output:
            raise bad_value(
                name,
                f"{name} is too large: {asked}. This model supports at most {model.max_output} "
                "completion tokens.",
            )
    return model


def _asked(body: dict[str, Any], model: Model) -> Generation:
    tools = read_tools(body.get("tools") or [])
    stop = body.get("stop") or ()
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    return Generation(
        model=model.id,
        tools=tools,
        choice=read_choice(body.get("tool_choice"), tools),
        parallel=body.get("parallel_tool_calls") is not False,
        format=_format(body.get("response_format")),
        effort=body.get("reasoning_effort"),
        temperature=body.get("temperature"),
        max_tokens=None if limit is None else int(limit),
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        cache_key=body.get("prompt_cache_key") or "",
    )


def _format(given: dict[str, Any] | None) -> Format:
    if given is None:
        return Format()
    wanted = given.get("json_schema") or {}
    schema = wanted.get("schema") or {}
    if reason := unfit(schema, strict=wanted.get("strict") is True):
        raise bad_value(
            "response_format",
            f"Invalid schema for response_format '{wanted['name']}': {reason}",
            "invalid_json_schema",
        )
    return Format(
        FormatType(given["type"]),
        schema,
        wanted.get("name") or "",
        wanted.get("description") or "",
    )


def _check_json_mode(wanted: Format, conversation: Conversation) -> None:
    if wanted.type is not FormatType.JSON_OBJECT:
        return
    if not any(
        "json" in turn.text.lower() for turn in conversation.turns if turn.role != Role.TOOL
    ):
        raise ApiError(
            400,
            "'messages' must contain the word 'json' in some form, to use 'response_format' of "
            "type 'json_object'.",
            param="messages",
        )


def _top(body: dict[str, Any]) -> int | None:
    return int(body.get("top_logprobs") or 0) if body.get("logprobs") is True else None


def _whole(body: dict[str, Any], told: Told) -> dict[str, Any]:
    top = _top(body)
    choices = [choice_object(told.answer, n, names, top) for n, names in enumerate(told.call_ids)]
    whole = {**told.head, "choices": choices, "usage": usage_object(told.usage)}
    if body.get("store") is True:
        whole["metadata"] = body.get("metadata") or {}
    return whole


def _streamed(call: Call, body: dict[str, Any], told: Told, model: Model) -> GatewayReply:
    options = body.get("stream_options") or {}
    usage = told.usage
    made = chunks(
        {**told.head, "object": "chat.completion.chunk"},
        told.answer,
        told.call_ids,
        top=_top(body),
        usage=usage_object(usage) if options.get("include_usage") is True else None,
        obfuscate=options.get("include_obfuscation") is not False,
    )
    if told.answer.script in BROKEN:
        usage = replace(usage, completion=made.completion_at[-1])
    tier = told.head["service_tier"]
    charge = call.charge(model, tier, usage, completion_at=made.completion_at)
    return GatewayReply(frames=made.frames, charge=charge)


ROUTES: Final[tuple[Route, ...]] = (("POST", "/chat/completions", create),)
