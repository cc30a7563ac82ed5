"""That what is there of a chunk has its type: readers with a schema take no other, and miss nothing."""

from typing import Any, Final

from conformance.chat.choice import choices, member, objects
from conformance.chat.selectors import STREAM
from conformance.judging.finding import Finding, Findings, show
from conformance.judging.rule import rule
from wire.exchange import Exchange

_TEXT: Final = (str, type(None))
_NUMBER: Final = (int, float, type(None))
_MEMBERS: Final = {"id": _TEXT, "created": _NUMBER, "model": _TEXT}
_WORDS: Final = {"created": "a number or null", "delta.role": '"assistant" or null'}
_A_STRING: Final = "a string or null"


def _is_role(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value in {"assistant", ""})


@rule("chat.chunk.types", on=STREAM)
def types(x: Exchange) -> Findings:
    for event, value in objects(x):
        for name, kinds in _MEMBERS.items():
            if not isinstance(value.get(name), kinds):
                yield Finding(
                    f"event {event}, {name}", _WORDS.get(name, _A_STRING), show(value[name]), event
                )
        for path, choice in choices(value):
            yield from _choice(event, path, choice)


def _choice(event: int | None, path: str, choice: dict[str, Any]) -> Findings:
    delta = member(choice, "delta")
    for name, found, fits in (
        ("delta.role", delta.get("role"), _is_role(delta.get("role"))),
        ("delta.content", delta.get("content"), isinstance(delta.get("content"), _TEXT)),
        (
            "finish_reason",
            choice.get("finish_reason"),
            isinstance(choice.get("finish_reason"), _TEXT),
        ),
    ):
        if not fits:
            yield Finding(
                f"event {event}, {path}.{name}", _WORDS.get(name, _A_STRING), show(found), event
            )
