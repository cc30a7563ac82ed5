"""Kinds of exchanges that rules about honoured parameters read, and what was said in them."""

from typing import Any, Final

from conformance.judging.selector import Selector
from conformance.responses import selectors
from conformance.responses.selectors import Json, final
from conformance.responses_params.request import BROKEN, REFUSED
from wire.exchange import Exchange
from wire.responses import output_text


def _sound(x: Exchange) -> bool:
    """Not one of the requests that ought to be refused: what they bring is judged as such."""
    return not (x.probe or "").startswith(BROKEN) and final(x) is not None


def _answered(x: Exchange) -> bool:
    """One of them, or one that need not be answered but was."""
    return final(x) is not None and not (x.probe or "").startswith(REFUSED)


SUCCESS: Final[Selector] = selectors.CREATED.only("of a valid request", _sound)
ANSWERED: Final[Selector] = selectors.CREATED.only("of a request that may be answered", _answered)


def response_of(x: Exchange) -> Json:
    """The finished response; empty when there is none."""
    found = final(x)
    return found[2] if found else {}


def text_of(x: Exchange) -> str:
    return output_text(response_of(x))


def status_of(x: Exchange) -> Any:
    return response_of(x).get("status")


def calls_of(x: Exchange) -> list[Json]:
    """Calls of functions and of custom tools in the finished response."""
    wanted = ("function_call", "custom_tool_call")
    return [item for item in selectors.final_items(x) if item.get("type") in wanted]


def with_param(name: str, value: Any, *probes: str) -> Selector:
    """Answers to requests that set a parameter so."""
    return SUCCESS.only(
        f"with {name} {value}", lambda x: x.request.params.get(name) == value, *probes
    )
