"""The response object: the keys of the real API today, in its order, from request and answer."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.answer import Answer, Call, Finish, Hosted, Kind, Reasoning, Refusal, Text
from gateway.items import PREFIXES, Item, hosted_items
from gateway.usage import Usage

NewId = Callable[[str], str]

# Request parameters that are echoed as they came, with what stands there when they did not come.
_ECHO: Final[dict[str, Any]] = {
    "frequency_penalty": 0.0,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "parallel_tool_calls": True,
    "presence_penalty": 0.0,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "prompt_cache_retention": "24h",
    "safety_identifier": None,
    "temperature": 1.0,
    "tool_choice": "auto",
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
_FLOATS: Final = frozenset({"frequency_penalty", "presence_penalty", "temperature", "top_p"})

_INCOMPLETE: Final = {
    Finish.LENGTH: "max_output_tokens",
    Finish.CONTENT_FILTER: "content_filter",
}
TIERS: Final[Mapping[str, str]] = {
    "auto": "default",
    "default": "default",
    "flex": "flex",
    "scale": "default",
    "priority": "priority",
    "fast": "priority",
    "ultrafast": "priority",
}


@dataclass(frozen=True)
class Outcome:
    """How a response ended."""

    status: str
    output: tuple[Item, ...] = ()
    usage: Usage | None = None
    completed_at: int | None = None
    reason: str | None = None  # of an incomplete one
    error: Mapping[str, str] | None = None  # of a failed one


def started(
    body: Mapping[str, Any], *, response_id: str, created_at: int, model: str, tools: list[Item]
) -> Item:
    """The object at its creation: nothing came out yet, everything asked for is echoed."""
    echo = {
        name: default if body.get(name) is None else body[name] for name, default in _ECHO.items()
    }
    echo |= {name: float(echo[name]) for name in _FLOATS}
    response: Item = {
        "id": response_id,
        "object": "response",
        "created_at": created_at,
        "status": "in_progress",
        "background": bool(body.get("background")),
        "completed_at": None,
        "error": None,
        "incomplete_details": None,
        "model": model,
        "moderation": None,
        "output": [],
        "reasoning": _reasoning(body.get("reasoning") or {}),
        "service_tier": body.get("service_tier") or "auto",
        "store": body.get("store") is not False,
        "text": _text(body.get("text") or {}),
        "tool_usage": _tool_usage(0),
        "tools": tools,
        "usage": None,
        **echo,
    }
    if conversation := body.get("conversation"):
        name = conversation if isinstance(conversation, str) else conversation["id"]
        response["conversation"] = {"id": name}
    head = ("id", "object", "created_at", "status", "background")
    ordered = {name: response[name] for name in head}
    ordered |= {name: response[name] for name in sorted(response) if name not in head}
    ordered["metadata"] = body.get("metadata") or {}
    return ordered


def ended(response: Item, outcome: Outcome) -> Item:
    """The object with its outcome."""
    searches = sum(item["type"] == "web_search_call" for item in outcome.output)
    return {
        **response,
        "status": outcome.status,
        "completed_at": outcome.completed_at,
        "error": dict(outcome.error) if outcome.error else None,
        "incomplete_details": {"reason": outcome.reason} if outcome.reason else None,
        "output": list(outcome.output),
        "service_tier": TIERS.get(response["service_tier"], "default"),
        "tool_usage": _tool_usage(searches),
        "usage": usage_object(outcome.usage) if outcome.usage else None,
    }


def incomplete_reason(answer: Answer) -> str | None:
    return _INCOMPLETE.get(answer.finish)


def usage_object(usage: Usage) -> Item:
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": {
            "cache_write_tokens": usage.cache_write,
            "cached_tokens": usage.cached,
        },
        "output_tokens": usage.completion,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.total,
    }


def _reasoning(asked: Mapping[str, Any]) -> Item:
    context = asked.get("context")
    summary = asked.get("summary") or asked.get("generate_summary")
    return {
        "context": "current_turn" if context in {None, "auto"} else context,
        "effort": asked.get("effort") or "none",
        "mode": asked.get("mode") or "standard",
        # "auto" is answered with what it came to, the most detailed summary there is.
        "summary": {"auto": "detailed", "none": None}.get(summary, summary) if summary else None,
    }


def _text(asked: Mapping[str, Any]) -> Item:
    form = asked.get("format") or {"type": "text"}
    if form["type"] == "json_schema":
        form = {
            "type": "json_schema",
            "description": form.get("description"),
            "name": form["name"],
            "schema": form["schema"],
            "strict": bool(form.get("strict")),
        }
    return {"format": form, "verbosity": asked.get("verbosity") or "medium"}


def _tool_usage(searches: int) -> Item:
    details = {"image_tokens": 0, "text_tokens": 0}
    return {
        "image_gen": {
            "input_tokens": 0,
            "input_tokens_details": details,
            "output_tokens": 0,
            "output_tokens_details": details,
            "total_tokens": 0,
        },
        "web_search": {"num_requests": searches},
    }


_CITED: Final = "https://example.com/gateway"


def output_items(
    answer: Answer,
    *,
    new_id: NewId,
    logprobs: Callable[[str], list[Item]] | None = None,
) -> list[Item]:
    """The finished output items of an answer, with every detail that `include` may ask for."""
    calls = any(isinstance(part, Call) for part in answer.parts)
    made: list[Item] = []
    raw = ["The answer is plain."] if answer.script == "reasoning_text" else []
    if raw and not any(isinstance(part, Reasoning) for part in answer.parts):
        made.append(_thought(new_id, raw, ()))
    for part in answer.parts:
        match part:
            case Reasoning(text=_, summary=summary):
                made.append(_thought(new_id, raw, summary))
            case Hosted(script=script):
                made += hosted_items(script, new_id)
            case Text(text=text):
                phase = part.phase or ("commentary" if calls else "final_answer")
                notes = [dict(note) for note in part.annotations]
                if answer.script == "annotations":
                    notes = _citations(text)
                if answer.script == "phase":
                    made.append(_message(new_id, _output_text("One moment.", [], []), "commentary"))
                shown = _output_text(text, notes, logprobs(text) if logprobs else [])
                made.append(_message(new_id, shown, phase))
            case Refusal(text=text):
                made.append(_message(new_id, {"type": "refusal", "refusal": text}, "final_answer"))
            case Call():
                made.append(_call(new_id, part))
    if answer.finish in _INCOMPLETE and made:
        # What the limit cut is the last item, and says so.
        made[-1]["status"] = "incomplete"
    return made


def _thought(new_id: NewId, texts: list[str], summary: Collection[str]) -> Item:
    return {
        "id": new_id(PREFIXES["reasoning"]),
        "type": "reasoning",
        "content": [{"type": "reasoning_text", "text": text} for text in texts],
        "encrypted_content": "gAAAAAB" + new_id(""),
        "summary": [{"type": "summary_text", "text": text} for text in summary],
    }


def _output_text(text: str, annotations: list[Item], logprobs: list[Item]) -> Item:
    return {"type": "output_text", "annotations": annotations, "logprobs": logprobs, "text": text}


def _message(new_id: NewId, part: Item, phase: str) -> Item:
    return {
        "id": new_id(PREFIXES["message"]),
        "type": "message",
        "status": "completed",
        "content": [part],
        "phase": phase,
        "role": "assistant",
    }


def _citations(text: str) -> list[Item]:
    half = len(text) // 2
    return [
        {
            "type": "url_citation",
            "end_index": end,
            "start_index": start,
            "title": title,
            "url": f"{_CITED}/{number}",
        }
        for number, (start, end, title) in enumerate(
            ((0, half, "First source"), (half, len(text), "Second source")), start=1
        )
    ]


def _call(new_id: NewId, call: Call) -> Item:
    custom = call.kind is Kind.CUSTOM
    kind = "custom_tool_call" if custom else "function_call"
    item: Item = {
        "id": new_id(PREFIXES[kind]),
        "type": kind,
        "status": "completed",
        ("input" if custom else "arguments"): call.arguments,
        "call_id": new_id("call_")[:29],
        "name": call.name,
    }
    if call.namespace is not None:
        item["namespace"] = call.namespace
    return item
