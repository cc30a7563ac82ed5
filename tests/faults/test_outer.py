"""Each fault of keys, models, tiers, refusals and HTTP is found by what it declares."""

import importlib

import pytest

from conformance.area import catalogue
from gateway.fault import all_faults
from tests.faults.matrix import matrix

AREAS = ("auth", "models", "tiers", "errors", "http")
FAULTS = [
    fault for area in AREAS for fault in importlib.import_module(f"gateway.faults.{area}").FAULTS
]
ROWS = {row.id for area in catalogue().areas if area.name in AREAS for row in area.requirements}


def bench():
    # Rules of these areas read some probes of the parameters' area, too.
    return matrix("gpt-5.5", *AREAS, "chat_params")


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_a_fault_breaks_what_it_declares(fault):
    bad, errors = bench().broken(fault.name)
    assert not errors
    # What other areas see of it is settled where all areas meet.
    assert bad & ROWS == set(fault.breaks) & ROWS


def test_the_clean_gateway_passes():
    outcomes = bench().outcomes
    assert {outcomes[name].value for name in ROWS & outcomes.keys()} == {"pass"}


def test_every_requirement_has_a_fault():
    judged = ROWS & bench().outcomes.keys()
    assert judged <= {name for fault in all_faults().values() for name in fault.breaks}
