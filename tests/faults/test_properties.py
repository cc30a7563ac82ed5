"""Property-based probes: silent on the clean gateway, whatever the seed; loud and small on faults."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings

from conformance.judging.area import Area, catalogue
from conformance.properties import damage
from conformance.running.property import Property
from gateway.faults.machinery.fault import all_faults
from tests.faults.properties import broken, judged

FAULTS = [name for name in all_faults() if name.startswith("properties.")]


@pytest.mark.parametrize("seed", range(50))
def test_the_clean_gateway_holds_for_every_seed(seed):
    outcomes, _ = judged(seed)
    assert set(outcomes.values()) == {"pass"}


@pytest.mark.parametrize("wrong", (*damage.CHAT, *damage.RESPONSES))
def test_every_damage_breaks_the_request(wrong):
    """The bounds of the API as its reference has them: a value inside must never be called damage."""
    bounds = {"temperature": (0, 2), "top_p": (0, 1)} | dict.fromkeys(
        ("presence_penalty", "frequency_penalty"), (-2, 2)
    )

    @given(wrong.values)
    @settings(database=None, deadline=None)
    def outside(value):
        low, high = bounds.get(wrong.name, (0, -1))
        number = isinstance(value, int | float) and not isinstance(value, bool)
        assert not (number and low <= value <= high)

    outside()


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_found_by_what_it_declares(name):
    assert broken(name) == {r for r in all_faults()[name].breaks if r.startswith("properties.")}


def test_a_failure_is_shrunk_to_the_place_that_is_wrong():
    _, kept = judged(0, "properties.chat.number-as-text")
    body = kept["properties.chat-broken"].request.params
    assert set(body) <= {"model", "messages", "max_completion_tokens", "temperature", "top_p"}
    assert any(isinstance(body.get(name), str) for name in ("temperature", "top_p"))


def test_the_same_seed_sends_the_same_smallest_example():
    first = judged(3, "properties.chat.emoji-crash")[1]["properties.chat-valid"]
    again = judged(3, "properties.chat.emoji-crash")[1]["properties.chat-valid"]
    assert json.loads(first.request.body) == json.loads(again.request.body)


def test_areas_find_their_properties():
    area = next(area for area in catalogue().areas if area.name == "properties")
    assert isinstance(area, Area)
    assert len(area.things(Property)) == 5
    assert replace(area, modules=()).things(Property) == ()
