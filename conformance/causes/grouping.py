"""Which failures belong together: the trait that joins most of them first, each failure once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from conformance.causes.member import is_nothing
from conformance.causes.trait import LEAST, RANK, Kind, Sight, Trait

MOST = 0.5
"""The share of its findings that must have a trait for a failure to count as explained by it."""
SOME = 0.25
"""The share that is enough where a cause stands already and nothing else explains the failure."""


SEVERAL = 3
"""So many members have to be missing in an object before it is the object that is called poor."""
READS = ".reader."
"""Part of the names of requirements that hand an answer to the reader of a client."""
LOCAL = 12
"""Of so few answers it means something that two failures are about the same ones."""


@dataclass(frozen=True)
class Failure:
    """One requirement that does not hold, over all models, with its findings."""

    requirement: str
    level: str
    text: str
    clients: tuple[str, ...]
    sights: tuple[Sight, ...]

    @property
    def weight(self) -> float:
        return 1.0 if self.level == "MUST" else 0.6

    @property
    def follows(self) -> bool:
        """Whether it is about a program that reads an answer, and not about the answer itself."""
        return READS in self.requirement

    def share(self, trait: Trait) -> float:
        return sum(trait in sight.traits for sight in self.sights) / len(self.sights)

    @property
    def lacks(self) -> bool:
        return is_nothing(self.sights[0].found)

    @property
    def missing(self) -> set[str]:
        """Members that are not there."""
        traits = {trait for sight in self.sights for trait in sight.traits}
        return {trait.about[-1] for trait in traits if trait.kind is Kind.MEMBER}

    def places(self) -> frozenset[str]:
        return frozenset(sight.exchange for sight in self.sights)


@dataclass(frozen=True)
class Group:
    """Failures with one cause; `trait` is None for a failure that shares it with no other."""

    trait: Trait | None
    failures: tuple[Failure, ...]


def grouped(failures: Sequence[Failure], *, few: bool) -> list[Group]:
    """The causes of all failures: each of them in exactly one.

    What a client's program makes of an answer follows from what is wrong in it: such a failure is put
    where most of its answers are at fault.
    """
    own = [failure for failure in failures if not failure.follows]
    found = joined(groups(own), few=few)
    after = [failure for failure in failures if failure.follows]
    members: dict[int, list[Failure]] = defaultdict(list)
    rest: list[Failure] = []
    for failure in after:
        at = _source(failure, found) if len(found) > 1 or not few else 0 if found else None
        if at is None and few and found:
            # Findings are kept up to a number: what is wrong in most answers stands for all of them.
            at = max(range(len(found)), key=lambda n: _reach(found[n]))
        (rest if at is None else members[at]).append(failure)
    made = [
        Group(group.trait, (*group.failures, *members[at])) if members[at] else group
        for at, group in enumerate(found)
    ]
    return [*made, Group(Trait(Kind.READER, ()), tuple(rest))] if rest else made


def _reach(group: Group) -> int:
    return len({place for failure in group.failures for place in failure.places()})


def _source(failure: Failure, found: Sequence[Group]) -> int | None:
    """The group with something against most of these answers, and against as little else as may be."""
    own = failure.places()
    best, least = None, (0.0, 0)
    for at, group in enumerate(found):
        theirs = frozenset(place for member in group.failures for place in member.places())
        share = len(own & theirs) / len(own)
        if share and (best is None or (share, -len(theirs)) > least):
            best, least = at, (share, -len(theirs))
    return best


def groups(failures: Sequence[Failure]) -> list[Group]:
    """Every failure in exactly one group."""
    open_: dict[str, Failure] = {failure.requirement: failure for failure in failures}
    candidates = _candidates(failures)
    found: dict[Trait, list[Failure]] = {}
    while open_ and (best := _best(candidates, open_)):
        taken = [open_.pop(name) for name in candidates[best] if name in open_]
        found[best] = taken
    for failure in list(open_.values()):
        shares = {trait: failure.share(trait) for trait in found}
        nearest = max(shares, key=lambda trait: (shares[trait], -RANK[trait.kind]), default=None)
        if nearest and shares[nearest] >= SOME:
            found[nearest].append(open_.pop(failure.requirement))
    made = [Group(trait, _ordered(members, trait)) for trait, members in found.items()]
    return made + [Group(None, (failure,)) for failure in open_.values()]


def _candidates(failures: Sequence[Failure]) -> Mapping[Trait, list[str]]:
    """Each trait with the requirements that it explains; what is too few for its kind is left out."""
    explained: dict[Trait, list[str]] = defaultdict(list)
    for failure in failures:
        for trait in {trait for sight in failure.sights for trait in sight.traits}:
            if failure.share(trait) >= MOST:
                explained[trait].append(failure.requirement)
    return explained


def _best(candidates: Mapping[Trait, list[str]], open_: Mapping[str, Failure]) -> Trait | None:
    best, most = None, (0.0, 0)
    for trait, names in candidates.items():
        members = [open_[name] for name in names if name in open_]
        if len(members) < LEAST.get(trait.kind, 2):
            continue
        if (
            trait.kind is Kind.CONTAINER
            and len(set().union(*(m.missing for m in members))) < SEVERAL
        ):
            continue
        score = (sum(member.weight for member in members), -RANK[trait.kind])
        if best is None or score > most:
            best, most = trait, score
    return best


def _ordered(members: Iterable[Failure], trait: Trait) -> tuple[Failure, ...]:
    """MUST before SHOULD; what says that something is not there; what the trait explains best."""
    return tuple(sorted(members, key=lambda m: (m.level != "MUST", not m.lacks, -m.share(trait))))


def joined(found: Iterable[Group], *, few: bool) -> list[Group]:
    """Failures that share no trait, put where the same answers are at fault.

    A failure belongs to a group that points into the same place of the same answers, or to the only
    group that has anything against the answers which it is about. Where much fails (not `few`), a
    group that stands on many answers tells nothing of one of them.
    """
    stand = [group for group in found if group.trait is not None]
    alone = [group.failures[0] for group in found if group.trait is None]
    groups_of: list[list[Failure]] = [list(group.failures) for group in stand]
    traits: list[Trait | None] = [group.trait for group in stand]
    for failure in sorted(alone, key=lambda f: (f.level != "MUST", -len(f.places()))):
        at = _neighbour(failure, groups_of, few=few)
        if at is None:
            groups_of.append([failure])
            traits.append(None)
        else:
            groups_of[at].append(failure)
            traits[at] = traits[at] or Trait(Kind.EXCHANGE, tuple(sorted(failure.places())))
    return [
        Group(trait, _ordered(members, trait) if trait else tuple(members))
        for trait, members in zip(traits, groups_of, strict=True)
    ]


def _neighbour(failure: Failure, groups_of: list[list[Failure]], *, few: bool) -> int | None:
    for at, members in enumerate(groups_of):
        spots = {(s.exchange, s.event): s.path for m in members for s in m.sights}
        touching = sum(
            _nested(s.path, spots.get((s.exchange, s.event)), few=few) for s in failure.sights
        )
        if touching >= MOST * len(failure.sights):
            return at
    own = failure.places()
    touched = [at for at, ms in enumerate(groups_of) if any(own & member.places() for member in ms)]
    if len(touched) == 1 and "" not in own:
        theirs = frozenset(place for member in groups_of[touched[0]] for place in member.places())
        # Where much fails, that a group has something against this answer too is no accident only
        # when it has against nearly no other.
        if not few and (len(theirs) > LOCAL or len(own & theirs) < MOST * len(theirs)):
            return None
        if own <= theirs or theirs <= own or len(own & theirs) >= MOST * len(own):
            return touched[0]
    return None


def _nested(one: tuple[str, ...], other: tuple[str, ...] | None, *, few: bool) -> bool:
    """Whether two places are the same, or, where little fails, one holds the other."""
    if not one or not other:
        return False
    if not few:
        return one == other
    least = min(len(one), len(other))
    return one[:least] == other[:least]
