"""What tools cost that a server runs itself: a fee for each call, apart from tokens.

Dollars a call, from OpenAI's pricing page, read in November 2026.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from wire.endpoint import Endpoint, endpoint_of
from wire.exchange import Exchange, Request
from wire.responses import fold_responses

SEARCH: Final = "web_search_call"
FEES: Final[Mapping[str, Decimal]] = MappingProxyType({
    SEARCH: Decimal("0.01"),
    "file_search_call": Decimal("0.0025"),
    "code_interpreter_call": Decimal("0.03"),  # a container, which may serve several calls
})  # fmt: skip
"""By the type of the item that shows the call."""
TOOLS: Final[Mapping[str, str]] = MappingProxyType({
    "web_search": SEARCH, "web_search_preview": SEARCH, "file_search": "file_search_call",
    "code_interpreter": "code_interpreter_call",
})  # fmt: skip
"""Types of tools, and the items of their calls."""
CALLS: Final = 2
"""So many calls are reckoned with where a tool is offered: nothing that the suite asks needs more."""


def hosted_calls(x: Exchange) -> Iterator[str]:
    """The types of the items by which an answer of the Responses API shows calls with a fee."""
    if x.endpoint not in {Endpoint.RESPONSES, Endpoint.RESPONSE}:
        return
    body = fold_responses(x.reply).response if x.reply.is_stream else x.reply.json
    output = body.get("output") if isinstance(body, dict) else None
    for item in output if isinstance(output, list) else ():
        kind = item.get("type") if isinstance(item, dict) else None
        if isinstance(kind, str) and kind in FEES:
            yield kind


def fees_usd(x: Exchange) -> Decimal:
    """Dollars for the calls that an answer shows; what the scripted model plays costs nothing but searches."""
    played = b"[[script " in x.request.body
    return sum((FEES[k] for k in hosted_calls(x) if not played or k == SEARCH), Decimal(0))


def scripted_fees_usd(request: Request) -> Decimal:
    """What the searches cost that are ordered of the scripted model; its other tools are played, and it makes no other calls."""
    if endpoint_of(request.method, request.path) is not Endpoint.RESPONSES:
        return Decimal(0)
    return request.text.count("[[script web_search]]") * FEES[SEARCH]


def most_fees_usd(request: Request) -> Decimal:
    """The most that an answer may cost beside its tokens, by the tools that are offered or ordered."""
    params, most = request.params, scripted_fees_usd(request)
    number = params.get("max_tool_calls")
    calls = min(CALLS, number) if type(number) is int and number >= 0 else CALLS
    tools = params.get("tools")
    for tool in tools if isinstance(tools, list) else ():
        most += calls * _fee(tool.get("type") if isinstance(tool, dict) else None)
    if isinstance(params.get("web_search_options"), dict):
        most += FEES[SEARCH]
    return most


def _fee(tool: Any) -> Decimal:
    return FEES[TOOLS[tool]] if isinstance(tool, str) and tool in TOOLS else Decimal(0)
