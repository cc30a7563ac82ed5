"""Which Responses requests a fault is about: by what stands in their input and tools."""

from collections.abc import Callable
from typing import Any

from gateway.faults.machinery.selection import RESPONSES, When
from wire.exchange import Request


def having(test: Callable[[Any], bool]) -> When:
    """Requests to /v1/responses one of whose input items passes a test."""

    def when(request: Request) -> bool:
        items = request.params.get("input")
        found = items if isinstance(items, list) else []
        return RESPONSES(request) and any(isinstance(i, dict) and test(i) for i in found)

    return when


def with_item(*kinds: str) -> When:
    return having(lambda item: item.get("type") in kinds)


def with_tool(*kinds: str) -> When:
    def when(request: Request) -> bool:
        tools = request.params.get("tools")
        found = tools if isinstance(tools, list) else []
        return RESPONSES(request) and any(
            isinstance(tool, dict) and tool.get("type") in kinds for tool in found
        )

    return when


def with_content(test: Callable[[Any], bool]) -> When:
    return having(
        lambda item: (
            isinstance(item.get("content"), list)
            and any(isinstance(part, dict) and test(part) for part in item["content"])
        )
    )


def with_part(kind: str) -> When:
    return with_content(lambda part: part.get("type") == kind)
