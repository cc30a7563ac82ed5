"""Each fault of chat parameters is found, by exactly the requirements that it declares."""

from functools import cache

import pytest

from conformance.area import Catalogue, catalogue
from conformance.judge import Judge
from gateway.fault import all_faults
from tests.direct import traffic

PREFIX = "chat.param."
FAULTS = [name for name in all_faults() if name.startswith(PREFIX)]
MODEL = "gpt-5.5"


@cache
def known():
    """The area itself, and chat, whose probes it reads as well."""
    return Catalogue(tuple(a for a in catalogue().areas if a.name in {"chat_params", "chat"}))


def rows():
    return [r for r in known().requirements.values() if r.id.startswith(PREFIX) and not r.excluded]


@cache
def probes():
    """Every probe of the area, and those of chat that its rules name."""
    rules = [rule for row in rows() for rule in known().rules_for(row.id)]
    return tuple(
        name
        for name in known().probes
        if name.startswith("chat_params.")
        or any((getattr(rule, "on", None) or rule).plans(name) for rule in rules)
    )


def outcomes(*faults):
    sent, profile = traffic(faults, probes=probes(), known=known(), at=1_790_000_000.0)
    judge = Judge(known(), profile, tuple(sent.all()), sent.unsent)
    return {r.id: judge.result(r, MODEL if r.per_model else "") for r in rows()}


def test_the_clean_gateway_passes():
    assert {name: r.reason for name, r in outcomes().items() if r.outcome != "pass"} == {}


def test_every_requirement_has_a_fault():
    broken = {row for name in FAULTS for row in all_faults()[name].breaks}
    assert {row.id for row in rows()} <= broken


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_breaks_what_it_declares(name):
    found = outcomes(name)
    assert not [row for row, result in found.items() if result.outcome == "error"]
    bad = {row for row, result in found.items() if result.outcome in {"fail", "advisory"}}
    assert bad == {row for row in all_faults()[name].breaks if row.startswith(PREFIX)}
