"""The response object: the keys of the real API today, in its order, from request and answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.model.answer import Answer, Finish
from gateway.model.usage import Usage
from gateway.responses.items import Item

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

INCOMPLETE: Final = {
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
    return INCOMPLETE.get(answer.finish)


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
