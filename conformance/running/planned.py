"""What the areas plan to send: their probes and properties, found in their modules."""

from functools import cache

from conformance.judging.area import Area, Catalogue, catalogue, refuse_doubles
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
