"""What the real API puts into every response although the types call it optional."""

from datetime import date
from typing import Final

from conformance.judging.finding import Finding, Findings, show
from conformance.judging.rule import rule
from conformance.responses.object import CURRENT
from conformance.responses.selectors import OBJECT, dicts, place, responses
from wire.exchange import Exchange

# Field -> the day from which no recorded answer lacks it.
USUAL: Final = {
    "max_output_tokens": date(2025, 3, 6),
    "previous_response_id": date(2025, 3, 6),
    "reasoning": date(2025, 3, 6),
    "store": date(2025, 3, 6),
    "text": date(2025, 3, 6),
    "truncation": date(2025, 3, 6),
    "user": date(2025, 3, 6),
    "background": date(2025, 6, 10),
    "service_tier": date(2025, 6, 10),
    "max_tool_calls": date(2025, 8, 1),
    "prompt_cache_key": date(2025, 8, 1),
    "safety_identifier": date(2025, 8, 1),
    "top_logprobs": date(2025, 8, 1),
    "prompt_cache_retention": date(2025, 11, 10),
    "completed_at": date(2025, 12, 26),
    "frequency_penalty": date(2026, 1, 13),
    "presence_penalty": date(2026, 1, 13),
    "moderation": date(2026, 4, 27),
    "tool_usage": date(2026, 6, 30),
}


@rule("responses.object.usual", on=CURRENT)
def usual(x: Exchange) -> Findings:
    expected = [name for name, since in USUAL.items() if x.day is None or x.day >= since]
    for event, path, response in responses(x):
        if not isinstance(response, dict):
            continue
        for name in expected:
            if name not in response:
                yield Finding(place(event, path + name), "the field, or null", "missing", event)


@rule("responses.object.web-searches", on=OBJECT)
def web_searches(x: Exchange) -> Findings:
    for event, path, response in responses(x):
        usage = response.get("tool_usage") if isinstance(response, dict) else None
        search = usage.get("web_search") if isinstance(usage, dict) else None
        told = search.get("num_requests") if isinstance(search, dict) else None
        if told is None or response.get("status") != "completed":
            continue
        made = [i for i in dicts(response.get("output")) if i.get("type") == "web_search_call"]
        if told != len(made):
            where = place(event, path + "tool_usage.web_search.num_requests")
            yield Finding(where, f"{len(made)}, the calls of the output", show(told), event)
