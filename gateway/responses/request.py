"""A Responses request, read: checked, its history found, and put into the model's words."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.accounts.prices import Model, models
from gateway.call import Call
from gateway.errors import ApiError, bad_value, missing
from gateway.faults.machinery.strictness import unfit
from gateway.model.answer import Conversation, Format, FormatType, Generation, Role, Turn
from gateway.model.tokens import prompt_tokens
from gateway.responses.input import check_calls, read_items, turns
from gateway.responses.items import PREFIXES, Item
from gateway.responses.stored import StoredResponses
from gateway.responses.tool_choice import ToolChoice, read_choice
from gateway.responses.tools import Toolbox, read_tools
from gateway.validation.parameters import Param, validate
from wire.endpoint import Endpoint

Body = dict[str, Any]


@dataclass(frozen=True)
class ResponseRequest:
    body: Body
    model: Model
    tools: Toolbox
    chosen: ToolChoice
    input_items: tuple[Item, ...]
    history: tuple[Item, ...]  # what came before the input
    conversation: Conversation
    asked: Generation

    @property
    def include(self) -> frozenset[str]:
        return frozenset(self.body.get("include") or ())


def read(call: Call, table: tuple[Param, ...], *, default_model: str = "") -> ResponseRequest:
    """Reads the body of a call by a table of parameters; raises the refusal of what is wrong."""
    body = call.body
    validate(body, table)
    body = _whole(body, table)
    model = read_model(body.get("model") or default_model)
    _check_combinations(body)
    store = call.gateway.store(StoredResponses)
    tools = read_tools(body)
    chosen = read_choice(body, tools)
    history = _history(body, store, call.key.name)
    given = read_items(body.get("input"), lambda name: store.item(call.key.name, name))
    items = tuple(_identified(item, call.new_id) for item in given)
    if not items and not history:
        raise missing("input")
    check_calls((*history, *items))
    asked = _asked(body, model, tools, chosen)
    conversation = _conversation(body, (*history, *items))
    _check_json_word(asked, conversation)
    if body.get("truncation") == "auto":
        conversation = _truncated(conversation, asked, model)
    return ResponseRequest(body, model, tools, chosen, items, history, conversation, asked)


def _whole(body: Body, table: tuple[Param, ...]) -> Body:
    """With 16.0 as 16 where an integer is meant: some languages write no other number."""
    whole = {param.name for param in table if "integer" in param.types}
    found = {name: int(body[name]) for name in whole if isinstance(body.get(name), float)}
    return {**body, **found} if found else body


def read_model(name: str) -> Model:
    model = models().get(name)
    if model is None:
        raise ApiError(
            400,
            f"The requested model '{name[:200]}' does not exist.",
            param="model",
            code="model_not_found",
        )
    return model


def _check_combinations(body: Body) -> None:
    """What no table can say: parameters that need or exclude each other."""
    previous, conversation = body.get("previous_response_id"), body.get("conversation")
    if previous and conversation:
        raise bad_value(
            "previous_response_id",
            "Mutually exclusive parameters: 'previous_response_id' and 'conversation'. Ensure you "
            "are only providing one of them.",
            "mutually_exclusive_parameters",
        )
    if body.get("input") is None and not previous and not conversation:
        raise bad_value(
            "input",
            "Missing required parameter: one of 'input', 'previous_response_id', 'prompt' or "
            "'conversation' must be provided.",
            "missing_required_parameter",
        )
    if body.get("background") and body.get("store") is False:
        raise bad_value("background", "Background mode requires 'store' to be true.")
    options = body.get("background_options") or {}
    if options.get("completion_window") and body.get("stream"):
        raise bad_value(
            "background_options.completion_window",
            "A completion window cannot be used together with 'stream'.",
        )
    if body.get("stream_options") and not body.get("stream"):
        raise bad_value(
            "stream_options",
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
        )
    _check_format((body.get("text") or {}).get("format") or {})


def _check_format(form: Body) -> None:
    if form.get("type") != "json_schema":
        return
    for name in ("name", "schema"):
        if name not in form:
            raise missing(f"text.format.{name}")
    reason = unfit(form["schema"], strict=bool(form.get("strict")))
    if reason:
        raise bad_value(
            "text.format.schema",
            f"Invalid schema for response_format '{form['name']}': {reason}",
            "invalid_json_schema",
        )


def _check_json_word(asked: Generation, conversation: Conversation) -> None:
    """A model that is not told to write JSON goes on writing spaces."""
    told = any("json" in turn.text.lower() for turn in conversation.turns)
    if asked.format.type is FormatType.JSON_OBJECT and not told:
        raise bad_value(
            "input",
            "Response input messages must contain the word 'json' in some form to use "
            "'text.format' of type 'json_object'.",
        )


def _history(body: Body, store: StoredResponses, owner: str) -> tuple[Item, ...]:
    if previous := body.get("previous_response_id"):
        stored = store.get(owner, previous)
        if stored is None:
            raise bad_value(
                "previous_response_id",
                f"Previous response with id '{previous[:100]}' not found.",
                "previous_response_not_found",
            )
        return stored.history
    if conversation := body.get("conversation"):
        name = conversation if isinstance(conversation, str) else conversation["id"]
        if not name.startswith("conv_"):
            raise ApiError(
                404, f"Conversation with id '{name[:100]}' not found.", param="conversation"
            )
        return store.conversation(owner, name)
    return ()


def _identified(item: Item, new_id: Callable[[str], str]) -> Item:
    if item.get("id"):
        return item
    return {**item, "id": new_id(PREFIXES.get(item["type"], "item_"))}


def _conversation(body: Body, items: tuple[Item, ...]) -> Conversation:
    spoken = turns(items)
    if instructions := body.get("instructions"):
        spoken.insert(0, Turn(Role.SYSTEM, instructions))
    return Conversation(tuple(spoken))


def _truncated(conversation: Conversation, asked: Generation, model: Model) -> Conversation:
    """Leaves the oldest turns out until the rest fits; the last one always stays."""
    while prompt_tokens(conversation, asked) > model.context and len(conversation.turns) > 1:
        half = max(1, len(conversation.turns) // 2)
        conversation = Conversation(conversation.turns[half:])
    return conversation


def _asked(body: Body, model: Model, tools: Toolbox, chosen: ToolChoice) -> Generation:
    form = (body.get("text") or {}).get("format") or {"type": "text"}
    reasoning = body.get("reasoning") or {}
    summary = reasoning.get("summary") or reasoning.get("generate_summary")
    return Generation(
        model=model.id,
        tools=tools.callable,
        choice=chosen.choice,
        parallel=body.get("parallel_tool_calls") is not False,
        format=Format(
            FormatType(form["type"]),
            form.get("schema"),
            form.get("name") or "",
            form.get("description") or "",
        ),
        effort=reasoning.get("effort"),
        temperature=body.get("temperature"),
        summary=None if summary == "none" else summary,
        max_tokens=body.get("max_output_tokens"),
        max_calls=body.get("max_tool_calls"),
        cache_key=body.get("prompt_cache_key") or "",
        compacts=_compacts(body.get("input")),
        endpoint=Endpoint.RESPONSES,
    )


def _compacts(given: Any) -> bool:
    """Whether the input ends with a trigger of compaction."""
    last = given[-1] if isinstance(given, list) and given else None
    return isinstance(last, dict) and last.get("type") == "compaction_trigger"
