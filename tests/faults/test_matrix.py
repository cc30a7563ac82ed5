"""The kill matrix as a whole: the clean gateway passes, every requirement can fail, the pages are true.

That each fault breaks what it declares is tested area by area beside this file.
"""

import re

import pytest

from conformance.area import catalogue
from conformance.judge import Outcome
from gateway.fault import all_faults
from tests.faults import pages
from tests.faults.matrix import matrix

# Judged over both models, of which this bench has one.
TWO_MODELS = {"billing.two-models"}
HERE = [name for name in all_faults() if name.startswith(("usage.", "billing."))]


def test_the_clean_gateway_passes_everything():
    outcomes = {n: o for n, o in matrix().outcomes.items() if not n.startswith("properties.")}
    assert {n for n, o in outcomes.items() if o is not Outcome.PASS} <= TWO_MODELS


def test_every_judged_requirement_has_a_fault():
    judged = {row.id for row in catalogue().requirements.values() if not row.excluded}
    assert judged - set(pages.faults_by_requirement()) <= TWO_MODELS


@pytest.mark.parametrize("name", HERE)
def test_a_fault_breaks_what_it_declares(name):
    bad, errors = matrix().broken(name)
    assert errors == set()
    assert bad == set(all_faults()[name].breaks)


@pytest.mark.parametrize("name", pages.PAGES)
def test_the_published_pages_name_everything(name):
    """Every fault, and every requirement; `python -m tests.faults.declare --pages` writes them anew."""

    def named(text):
        return set(re.findall(r"^\| `([^`]+)`", text, re.MULTILINE))

    written = named((pages.DOCS / name).read_text(encoding="utf-8"))
    assert written == named(pages.PAGES[name]())
