"""Making an answer shorter: stop sequences, token limits, a filter that cuts in."""

from dataclasses import replace

from gateway.model import tokens
from gateway.model.answer import Call, Part, Reasoning, Refusal, Text


def part_tokens(part: Part) -> int:
    """Tokens of a part that are shown; a reasoning part is counted by its effort instead."""
    match part:
        case Text(text=text) | Refusal(text=text):
            return tokens.count(text)
        case Call(name=name, arguments=arguments):
            return tokens.count(name) + tokens.count(arguments)
    return 0


def halved(part: Part) -> Part:
    if isinstance(part, Text):
        words = tokens.tokenize(part.text)
        return replace(part, text="".join(words[: max(1, len(words) // 2)]))
    return part


def stopped(parts: tuple[Part, ...], stop: tuple[str, ...]) -> tuple[Part, ...]:
    """Text ends before the first stop sequence."""

    def cut(part: Part) -> Part:
        if not isinstance(part, Text):
            return part
        places = [at for word in stop if word and (at := part.text.find(word)) >= 0]
        return replace(part, text=part.text[: min(places)]) if places else part

    return tuple(cut(part) for part in parts) if stop else parts


def limited(
    parts: tuple[Part, ...], reasoning: int, limit: int | None
) -> tuple[tuple[Part, ...], int, bool]:
    """The parts that fit into `limit` tokens, the tokens used, and whether something was cut."""
    used = reasoning
    if limit is not None and reasoning >= limit:
        return tuple(part for part in parts if isinstance(part, Reasoning)), limit, True
    kept: list[Part] = []
    for part in parts:
        size = part_tokens(part)
        room = size if limit is None else limit - used
        if size <= room:
            kept.append(part)
            used += size
            continue
        if room > 0:
            kept.append(_shortened(part, room))
        return tuple(kept), used + room, True
    return tuple(kept), used, False


def _shortened(part: Part, room: int) -> Part:
    match part:
        case Text() | Refusal():
            return replace(part, text=tokens.first(part.text, room))
        case Call():
            room = max(0, room - tokens.count(part.name))
            return replace(part, arguments=tokens.first(part.arguments, room))
    return part
