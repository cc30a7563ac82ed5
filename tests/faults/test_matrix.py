"""The kill matrix: the clean gateway passes, each fault breaks what it declares, the pages are true."""

import re

import pytest

from conformance.judging.area import catalogue
from conformance.judging.judge import Outcome
from gateway.faults.machinery.fault import all_faults, declared, fault_modules
from tests.faults import pages
from tests.faults.matrix import matrix
from tests.faults.wording import wrong_words

# Judged over both models, of which this bench has one.
TWO_MODELS = {"billing.two-models", "authenticity.model.distinct"}
OF_TWO_MODELS = {
    "authenticity.openly-5.5",
    "authenticity.secretly-5.4",
    "authenticity.secretly-5.5",
}
# About who takes the old form of tools: the reference refuses it, as the models that it has do.
REFUSED = {"chat.param.functions.honoured"}
PROPERTIES = "properties."  # their own requests, tried in test_properties.py


def judged():
    return {row.id for row in catalogue().requirements.values() if not row.excluded}


@pytest.mark.parametrize("model", ["gpt-5.5", "gpt-5.4"])
def test_the_clean_gateway_passes_everything(model):
    outcomes = {n: o for n, o in matrix(model).outcomes.items() if not n.startswith(PROPERTIES)}
    assert {n for n, o in outcomes.items() if o is not Outcome.PASS} <= TWO_MODELS | REFUSED


@pytest.mark.parametrize("name", sorted(all_faults().keys() - OF_TWO_MODELS))
def test_a_fault_breaks_what_it_declares(name):
    bad, errors = matrix().broken(name)
    assert errors == set()
    assert bad == {row for row in all_faults()[name].breaks if not row.startswith(PROPERTIES)}
    wrong = {(f.requirement, words) for f in matrix().findings if (words := wrong_words(f))}
    assert wrong == set()


def test_every_judged_requirement_has_a_fault():
    assert judged() - set(pages.faults_by_requirement()) <= TWO_MODELS


def test_every_fault_is_declared_and_noticed():
    assert set(declared()) == set(all_faults()) - OF_TWO_MODELS
    assert {row for breaks in declared().values() for row in breaks} <= judged()
    assert [name for name, breaks in declared().items() if not breaks] == []


def test_every_fault_breaks_what_it_was_made_for():
    for module in fault_modules():
        for fault in module.FAULTS:
            # A crash is told as such where nothing else can be said.
            meant = {*fault.breaks, "errors.served", "errors.no-server-error"}
            assert not fault.breaks or meant & set(all_faults()[fault.name].breaks), fault.name


@pytest.mark.parametrize("name", pages.PAGES)
def test_the_published_pages_are_true(name):
    """`python -m tests.faults.declare --pages` writes them anew."""
    written = (pages.DOCS / name).read_text(encoding="utf-8")
    assert re.sub(r"\s+", " ", written) == re.sub(r"\s+", " ", pages.PAGES[name]())
