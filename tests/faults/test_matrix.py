"""The kill matrix holds: each fault breaks exactly what it declares, and each requirement can fail.

Here for every tenth fault; `pytest tests/faults/every_fault.py -n 2` does them all (minutes).
"""

import importlib
import pkgutil

import pytest

import gateway.faults
from conformance.area import catalogue
from conformance.judge import Outcome
from gateway.fault import all_faults
from tests.faults import pages
from tests.faults.matrix import matrix


def breaks_exactly(name):
    bad, errors = matrix().broken(name)
    assert errors == set()
    assert bad == set(all_faults()[name].breaks)
    assert bad, "no requirement notices this fault"


FAULTS = [name for name in all_faults() if not name.startswith("properties.")]


@pytest.mark.parametrize("name", sorted(FAULTS)[::10])
def test_a_fault_breaks_exactly_what_it_declares(name):
    breaks_exactly(name)


@pytest.mark.parametrize("model", ["gpt-5.5", "gpt-5.4"])
def test_the_clean_gateway_passes_everything(model):
    outcomes = {n: o for n, o in matrix(model).outcomes.items() if not n.startswith("properties.")}
    assert {n: o for n, o in outcomes.items() if o is not Outcome.PASS} == {}


def test_every_judged_requirement_has_a_fault():
    judged = {row.id for row in catalogue().requirements.values() if not row.excluded}
    assert judged - set(pages.faults_by_requirement()) == set()


def test_what_an_author_meant_is_among_what_was_measured():
    """Sets written beside a fault are meant; the tables are measured. The first is in the second."""
    measured = all_faults()
    for module in pkgutil.iter_modules(gateway.faults.__path__):
        for fault in importlib.import_module(f"gateway.faults.{module.name}").FAULTS:
            assert set(fault.breaks) <= set(measured[fault.name].breaks), fault.name


@pytest.mark.parametrize("name", pages.PAGES)
def test_the_published_pages_are_up_to_date(name):
    assert (pages.DOCS / name).read_text(encoding="utf-8") == pages.PAGES[name]()
