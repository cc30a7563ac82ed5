"""What the areas plan to send: their probes and properties, found in their modules, and the steps of a run."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import translate
from functools import cache

from conformance.judging.area import Area, Catalogue, catalogue, refuse_doubles
from conformance.judging.profile import Profile
from conformance.judging.selector import MAGIC
from conformance.running.probe import Probe
from conformance.running.property import Property


def probes(known: Catalogue) -> dict[str, Probe]:
    """Every probe by its name; a name that stands twice is an error of the suite."""
    return _probes(known.areas)


def properties(known: Catalogue) -> dict[str, Property]:
    """Every property by its name."""
    return _properties(known.areas)


@cache
def _probes(areas: tuple[Area, ...]) -> dict[str, Probe]:
    found = [probe for area in areas for probe in area.things(Probe)]
    refuse_doubles([probe.name for probe in found], "probe")
    return {probe.name: probe for probe in found}


@cache
def _properties(areas: tuple[Area, ...]) -> dict[str, Property]:
    return {prop.name: prop for area in areas for prop in area.things(Property)}


@cache
def generates_nothing() -> frozenset[str]:
    """Names of the probes that generate nothing when the server does as it should."""
    known = catalogue()
    sent = (*probes(known).values(), *(p.probe for p in properties(known).values()))
    return frozenset(probe.name for probe in sent if not probe.billable)


@dataclass(frozen=True)
class Step:
    """A probe for a model; the model is empty for probes that need none."""

    probe: Probe
    model: str

    @property
    def key(self) -> tuple[str, str]:
        return self.probe.name, self.model


def wanted_probes(catalogue: Catalogue, requirements: Iterable[str]) -> list[str]:
    """Names of the probes that the rules of these requirements read."""
    ids = set(requirements)
    globs = {
        glob for rule in catalogue.rules if not ids.isdisjoint(rule.requirements) for glob in rule.reads
    }  # fmt: skip
    # A thousand rules name a thousand probes: most by their very names, which are looked up.
    patterns = [re.compile(translate(glob)) for glob in globs if MAGIC.intersection(glob)]
    return [
        name
        for name in probes(catalogue)
        if name in globs or any(pattern.match(name) for pattern in patterns)
    ]


def plan(
    probes: Mapping[str, Probe],
    wanted: Iterable[str],
    profile: Profile,
    models: Iterable[str],
    depth: str = "full",
) -> list[Step]:
    """Steps for the wanted probes and all they build on, those that others wait for first."""
    order: dict[str, Probe] = {}
    wanted, models = list(wanted), list(models)

    def sent(probe: Probe) -> bool:
        return profile.claims_feature(probe.feature) and depth in (probe.depth, "full")

    pairs = {name: pair for name in wanted if sent(probes[name]) and (pair := probes[name].frames)}
    before = {inner: first for first, inner in pairs.values()}
    behind = {inner: name for name, (_, inner) in pairs.items()}

    def visit(name: str) -> None:
        if name not in order:
            framed = name in before
            for earlier in (*probes[name].after, *((before[name],) if framed else ())):
                visit(earlier)
            order[name] = replace(probes[name], alone=True) if framed else probes[name]
            if framed:
                visit(behind[name])

    for name in wanted:
        visit(name)
    return [
        Step(probe, model)
        for probe in order.values()
        if sent(probe)
        for model in (models if probe.per_model else models[:1])
    ]
