"""The grammar walker: runs symbols through transition tables and says where they do not fit.

Theory of operation. A stream is read as a sequence of steps. Each step belongs to one machine (the
stream itself, one choice, one output item, one content part …), named by its kind and a key; all
machines of a kind share a table `state -> symbol -> next state`. A symbol without an entry in the
machine's state is a violation; the grammar says which requirement it breaks. To go on sensibly the
machine then moves to where that symbol normally leads (`landing`), so that one lost event is
reported once and not again at every event that follows. When the input ends, a machine outside its
accepting states is a violation as well.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

START = "start"
END = "(end)"
ANY = "*"

Table = Mapping[str, Mapping[str, str]]


class Step(NamedTuple):
    """One symbol for one machine; `event` is the index of the stream event it comes from."""

    kind: str
    key: Hashable
    symbol: str
    event: int


class Violation(NamedTuple):
    """A symbol that the machine's state does not allow; `END` when the input ended too early."""

    requirement: str
    kind: str
    key: Hashable
    state: str
    symbol: str
    event: int
    allowed: tuple[str, ...]


@dataclass(frozen=True)
class Grammar:
    """Transition tables by kind of machine, accepting states, and whom to blame.

    `blame` maps (kind, state, symbol) to a requirement; `ANY` stands for every state or symbol, and
    the most specific entry wins: exact, then any state, then any symbol, then both.
    """

    tables: Mapping[str, Table]
    accepting: Mapping[str, frozenset[str]]
    blame: Mapping[tuple[str, str, str], str]
    landing: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    """(kind, symbol) or, first, (kind, state, symbol) to the state after a violation."""
    words: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(kind, symbol) to what the API calls it, for messages; a symbol without words is its own."""

    def called(self, kind: str, symbol: str) -> str:
        """What the API calls a symbol."""
        return self.words.get((kind, symbol), symbol)

    def expected(self, violation: Violation) -> str:
        """What could have come instead, each in the API's words; where it ended too early, what ends it."""
        row = self.tables[violation.kind].get(violation.state, {})
        ends = [s for s in violation.allowed if row.get(s) in self.accepting[violation.kind]]
        due = ends if violation.symbol == END and ends else violation.allowed
        words = dict.fromkeys(self.called(violation.kind, s) for s in due)
        return " or ".join(words) or "nothing more"

    def blamed(self, kind: str, state: str, symbol: str) -> str:
        for key in ((kind, state, symbol), (kind, ANY, symbol), (kind, state, ANY)):
            if key in self.blame:
                return self.blame[key]
        return self.blame[kind, ANY, ANY]


def walk(grammar: Grammar, steps: Iterable[Step], *, ended: bool = True) -> Iterator[Violation]:
    """Violations in order. `ended=False`: the stream was cut on purpose, its end says nothing."""
    states: dict[tuple[str, Hashable], str] = {}
    last = -1
    for kind, key, symbol, event in steps:
        last = max(last, event)
        state = states.get((kind, key), START)
        row = grammar.tables[kind].get(state, {})
        following = row.get(symbol)
        if following is None:
            requirement = grammar.blamed(kind, state, symbol)
            yield Violation(requirement, kind, key, state, symbol, event, tuple(row))
            usual = grammar.landing.get((kind, symbol), state)
            following = grammar.landing.get((kind, state, symbol), usual)
        states[kind, key] = following
    if not ended:
        return
    for (kind, key), state in states.items():
        if state not in grammar.accepting[kind]:
            requirement = grammar.blamed(kind, state, END)
            row = grammar.tables[kind].get(state, {})
            yield Violation(requirement, kind, key, state, END, last, tuple(row))
