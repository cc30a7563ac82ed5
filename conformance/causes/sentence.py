"""A cause in plain words: what the server does, and what is due."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from conformance.causes.grouping import Group
from conformance.causes.member import EVENT, is_nothing, missing
from conformance.causes.survey import Survey
from conformance.causes.trait import Kind, Sight, Trait
from conformance.causes.traits import LACKING, error_words, lacking, payload_of, unreadable
from wire.exchange import Exchange

Seen = Mapping[str, Exchange]
LONGEST = 110


def sentence(group: Group, seen: Seen, survey: Survey) -> str:
    """One sentence for a group of failures."""
    trait = group.trait
    sights = [s for f in group.failures for s in f.sights if trait is None or trait in s.traits]
    if trait and trait.kind is Kind.READER:
        sights = [s for f in group.failures for s in f.sights]
    writer = WRITERS.get(trait.kind) if trait else None
    if trait is None or writer is None or not sights:
        return _single(group)
    return writer(trait, sights, group, Words(seen, survey))


class Words:
    """Looks up what a sentence names."""

    def __init__(self, seen: Seen, survey: Survey) -> None:
        self.seen, self.survey = seen, survey

    def exchanges(self, sights: Iterable[Sight]) -> list[Exchange]:
        names = dict.fromkeys(s.exchange for s in sights)
        return [self.seen[name] for name in names if name in self.seen]

    def payload(self, sight: Sight) -> Any:
        x = self.seen.get(sight.exchange)
        return payload_of(x, sight.event) if x else None

    def operations(self, sights: Iterable[Sight]) -> str:
        names = Counter(self.survey.name(x) for x in self.exchanges(sights))
        shown = [name for name, _ in names.most_common(3)]
        return " and ".join(shown[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")


def _single(group: Group) -> str:
    """The requirement's own sentence with what was found in its stead."""
    failure = group.failures[0]
    sight = failure.sights[0]
    place = f"{sight.where}: " if sight.where and sight.where != "status" else ""
    said = f"expected {short(sight.expected)}, found {short(sight.found)}" if sight.expected else short(sight.found)  # fmt: skip
    return f"Does not hold: {failure.text} ({place}{said})"


def _route(_t: Trait, sights: list[Sight], _g: Group, words: Words) -> str:
    x = words.exchanges(sights)[0]
    name = words.survey.name(x)
    told = next((s for s in sights if s.where == "route"), None)
    if told is None:
        return f"{name} is not served: every request was answered {x.reply.status}"
    use = told.expected.partition(", ")[2]
    return f"{name} is not served: {short(told.found)}{f' ({use})' if use else ''}"


def _silent(_t: Trait, sights: list[Sight], _g: Group, _w: Words) -> str:
    return f"{sights[0].found[:1].upper()}{short(sights[0].found[1:], 2 * LONGEST)}"


def _connection(trait: Trait, sights: list[Sight], _g: Group, words: Words) -> str:
    how = {
        "timeout": "left without an answer until the time was over",
        "reset": "answered with a reset of the connection",
        "cut": "answered with a connection that closed before the message was whole",
        "limit": "answered without end",
        "failed": "refused a connection",
    }[trait.about[0]]
    number = len(words.exchanges(sights))
    return (
        f"{number} request{'s were' if number != 1 else ' was'} {how} ({words.operations(sights)})"
    )


def _crash(_t: Trait, sights: list[Sight], _g: Group, words: Words) -> str:
    x = words.exchanges(sights)[0]
    return f"Requests fail with {x.reply.status}, e.g. {quoted(error_words(x))} ({words.operations(sights)})"


def _bad_request(_t: Trait, sights: list[Sight], _g: Group, words: Words) -> str:
    x = next((x for x in words.exchanges(sights) if x.reply.status >= 500), None)
    example = f", e.g. {x.reply.status} {quoted(error_words(x))}" if x else ""
    return f"Bad requests are answered with a server error where 400 is due{example}"


def _good_request(_t: Trait, sights: list[Sight], _g: Group, words: Words) -> str:
    x = words.exchanges(sights)[0]
    return f"Good requests are answered with a server error, e.g. {x.reply.status} {quoted(error_words(x))}"


def _unreadable(trait: Trait, sights: list[Sight], _g: Group, words: Words) -> str:
    told = ((unreadable(x, s.event), s) for s in sights if (x := words.seen.get(s.exchange)))
    why = next((why for why, _ in told if why), "")
    if trait.about[0] == "text":
        texts = (x.reply.text.strip() for x in words.exchanges(sights) if unreadable(x, None))
        return (
            f"Error answers are no JSON, but {quoted(next(texts, ''))} ({words.operations(sights)})"
        )
    return f"What should be JSON cannot be read as JSON ({words.operations(sights)}): {short(why)}"


def _framing(trait: Trait, sights: list[Sight], _g: Group, words: Words) -> str:
    if trait.about[1] == "stream":
        return f"{words.operations(sights)} answers with a stream where stream is left out or false"
    return f"{words.operations(sights)} answers with one JSON body where stream is true"


def _reader(_t: Trait, sights: list[Sight], group: Group, words: Words) -> str:
    first = sights[0]
    who = f" ({', '.join(group.failures[0].clients[:3])})" if group.failures[0].clients else ""
    return (
        f"Client programs do not come to the end of answers of {words.operations(sights)}{who}: "
        f"expected {short(first.expected)}, found {short(first.found)}"
    )


def _unended(_t: Trait, sights: list[Sight], _g: Group, words: Words) -> str:
    return f"Streams of {words.operations(sights)} end without the event that ends them: nothing of what it carries arrives"


def _tokens(_t: Trait, sights: list[Sight], _g: Group, words: Words) -> str:
    first = next((s for s in sights if "balance" not in s.where), sights[0])
    name = EVENT.sub("", first.where)
    said = f"{name}: expected {short(first.expected)}, found {short(first.found)}"
    if len({s.path for s in sights}) == 1:
        return _wrong(words.operations(sights), sights, words)
    return f"The numbers of tokens of {words.operations(sights)} are wrong ({said})"


def _door(_t: Trait, sights: list[Sight], _g: Group, words: Words) -> str:
    return f"Requests with a missing or wrong key are answered ({words.operations(sights)})"


def _model(_t: Trait, sights: list[Sight], _g: Group, words: Words) -> str:
    return f"A model that is not there is answered all the same ({words.operations(sights)})"


def _accepted(_t: Trait, sights: list[Sight], group: Group, words: Words) -> str:
    number = len(words.exchanges(sights))
    return (
        f"What must be refused is accepted by {words.operations(sights)}: {number} bad requests "
        f"of {len(group.failures)} kinds were answered with 200"
    )


def _unchecked(trait: Trait, sights: list[Sight], _g: Group, words: Words) -> str:
    why = "; ".join(dict.fromkeys(s.expected.partition("because ")[2] for s in sights if "because " in s.expected))  # fmt: skip
    told = f" ({short(why)})" if why else ""
    return f"{trait.about[0] or 'A parameter'} is not checked: wrong values are accepted by {words.operations(sights)}{told}"


def _refused(_t: Trait, sights: list[Sight], _g: Group, words: Words) -> str:
    x = words.exchanges(sights)[0]
    return f"Good requests to {words.operations(sights)} are refused with {x.reply.status} {quoted(error_words(x))}"


def _status(trait: Trait, sights: list[Sight], _g: Group, words: Words) -> str:
    due, found = trait.about
    return f"Status {found} where {due} is due ({words.operations(sights)})"


def _header(trait: Trait, sights: list[Sight], _g: Group, words: Words) -> str:
    nothing = all(s.found.lower() in {"null", "none", "missing", ""} for s in sights)
    if nothing:
        return f"Header {trait.about[0]} is missing ({words.operations(sights)})"
    return f"Header {trait.about[0]} is {short(sights[0].found)} where {short(sights[0].expected)} is due"


def _member(trait: Trait, sights: list[Sight], _g: Group, words: Words) -> str:
    if trait.about[0].endswith(" streams"):
        return (
            f"{trait.about[1]} is missing in streams of {words.operations(sights)} that ask for it"
        )
    return f"{trait.about[1]} is missing in {_of(trait.about[0], sights, words)}"


def _of(family: str, sights: list[Sight], words: Words) -> str:
    if family == "error":
        return "error answers"
    events = any(s.event is not None for s in sights)
    bodies = any(s.event is None for s in sights)
    what = "answers and events" if events and bodies else "events of streams" if events else "answers"  # fmt: skip
    return f"{what} of {words.operations(sights)}"


def _container(trait: Trait, sights: list[Sight], _g: Group, words: Words) -> str:
    names: list[str] = []
    for sight in sights:
        lacking = missing(words.payload(sight), sight.where)
        names += [lacking[-1]] if lacking else []
    unique = list(dict.fromkeys(names))
    more = f" and {len(unique) - 5} more" if len(unique) > 5 else ""
    holder = f"{trait.about[2]} of " if trait.about[2] else ""
    return f"Members are missing in {holder}{_of(trait.about[0], sights, words)}: {', '.join(unique[:5])}{more}"


def _event(trait: Trait, sights: list[Sight], _g: Group, words: Words) -> str:
    first = sights[0]
    if trait.about[1] == LACKING:
        found = (
            n for s in sights if (x := words.seen.get(s.exchange)) for n in lacking(s.expected, x)
        )
        return (
            f"Streams of {words.operations(sights)} lack events: {', '.join(dict.fromkeys(found))}"
        )
    return f"Streams of {words.operations(sights)}: expected {short(first.expected)}, found {short(first.found)}"


def _named(_t: Trait, sights: list[Sight], _g: Group, words: Words) -> str:
    return _wrong(words.operations(sights), sights, words)


def _value(trait: Trait, sights: list[Sight], _g: Group, words: Words) -> str:
    return _wrong(_of(trait.about[0], sights, words), sights, words)


def _wrong(place: str, sights: list[Sight], words: Words) -> str:
    first = sights[0]
    name = re.sub(r"\[\d*\]", "[]", EVENT.sub("", first.where))
    if is_nothing(first.found) and missing(words.payload(first), first.where):
        return f"{name} is missing in {place}"
    said = f"expected {short(first.expected)}, found {short(first.found)}"
    be = "are not as they should be" if name.endswith(" tokens") else "is not as it should be"
    return f"{name} {be} in {place}: {said}"


def _choices(_t: Trait, sights: list[Sight], _g: Group, words: Words) -> str:
    first = next((s for s in sights if "choices" in s.expected), sights[0])
    return f"n is not honoured by {words.operations(sights)}: expected {short(first.expected)}, found {short(first.found)}"


def _types(_t: Trait, sights: list[Sight], group: Group, words: Words) -> str:
    names = dict.fromkeys(f.requirement.split(".")[-2].replace("-", "_") for f in group.failures)
    return f"Values of a wrong type are accepted by {words.operations(sights)}: {short(', '.join(names))}"


def _call(_t: Trait, sights: list[Sight], _g: Group, words: Words) -> str:
    first = sights[0]
    return f"No tool is called where a call is due ({words.operations(sights)}): expected {short(first.expected)}"


WRITERS: Mapping[Kind, Callable[[Trait, list[Sight], Group, Words], str]] = {
    Kind.ROUTE: _route,
    Kind.SILENT: _silent,
    Kind.CONNECTION: _connection,
    Kind.CRASH: _crash,
    Kind.BAD_REQUEST: _bad_request,
    Kind.GOOD_REQUEST: _good_request,
    Kind.UNREADABLE: _unreadable,
    Kind.FRAMING: _framing,
    Kind.READER: _reader,
    Kind.UNENDED: _unended,
    Kind.TOKENS: _tokens,
    Kind.DOOR: _door,
    Kind.MODEL: _model,
    Kind.ACCEPTED: _accepted,
    Kind.UNCHECKED: _unchecked,
    Kind.REFUSED: _refused,
    Kind.STATUS: _status,
    Kind.HEADER: _header,
    Kind.MEMBER: _member,
    Kind.CONTAINER: _container,
    Kind.NAMED: _named,
    Kind.EVENT: _event,
    Kind.VALUE: _value,
    Kind.CALL: _call,
    Kind.CHOICES: _choices,
    Kind.TYPES: _types,
}


def short(text: str, limit: int = LONGEST) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def quoted(text: str) -> str:
    return f'"{short(text)}"' if text else "and an empty body"
