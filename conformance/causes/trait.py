"""What findings can have in common: the traits by which failures are grouped into causes."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Kinds of traits, the most telling first: where two explain as much, the earlier one is named."""

    ROUTE = "route"  # every request of an operation is answered as an unknown path
    SILENT = "silent"  # a request after which the server answers nothing more
    CONNECTION = "connection"  # no answer, or a torn one
    CRASH = "crash"  # the same exception text in answers of the class 5xx
    UNREADABLE = "unreadable"  # what should be JSON is none
    FRAMING = "framing"  # a stream where one body is due, or the other way round
    UNENDED = "unended"  # streams without the event that ends them
    TOKENS = "tokens"  # numbers of tokens, against texts, limits, each other and the balance
    DOOR = "door"  # answered without a good key
    MODEL = "model"  # answered for a model that is not there
    REFUSED = "refused"  # good requests refused with the same words
    HEADER = "header"  # the same header
    MEMBER = "member"  # the same member missing
    EVENT = "event"  # the same event lacking or out of place
    CHOICES = "choices"  # another number of choices than n asks for
    CALL = "call"  # no tool called where a call is due
    VALUE = "value"  # the same member with a value that is not due
    NAMED = "named"  # the same name, whatever the operation
    STATUS = "status"  # the same status where another one is due
    UNCHECKED = "unchecked"  # wrong values of one parameter accepted
    TYPES = "types"  # values of a wrong type accepted, of whatever parameter
    SAME = "same"  # expected and found are the same but for their numbers
    CONTAINER = "container"  # several members of one object missing
    BAD_REQUEST = "bad-request"  # bad requests answered with 5xx
    GOOD_REQUEST = "good-request"  # good requests answered with 5xx
    ACCEPTED = "accepted"  # what must be refused is accepted, whatever is wrong in it
    EXCHANGE = "exchange"  # the very same answers are found at fault
    READER = "reader"  # programs that read what nothing else is found wrong in


RANK = {kind: rank for rank, kind in enumerate(Kind)}

LEAST = {Kind.ROUTE: 1, Kind.SILENT: 1, Kind.CONTAINER: 3, Kind.ACCEPTED: 5, Kind.EXCHANGE: 2}
"""How many requirements a trait must join before it counts as a cause of its own."""


@dataclass(frozen=True)
class Trait:
    """A kind and what it is about; two findings with an equal trait have the same cause."""

    kind: Kind
    about: tuple[str, ...]


@dataclass(frozen=True)
class Sight:
    """One finding of a requirement, as the run document has it, with its traits."""

    where: str
    expected: str
    found: str
    exchange: str
    event: int | None
    path: tuple[str, ...]
    traits: frozenset[Trait]
