"""Violations under load carry the ids of the catalogue, so that both reports speak of the same thing."""

import re
from pathlib import Path

from conformance.judging.area import catalogue

# Of the load run itself: no rule of a single exchange knows what was asked for.
OWN = {"text.as-asked"}
NAME = re.compile(r'"((?:chat|responses|usage|text)\.[a-z.-]+)"')


def test_every_id_is_a_row_of_the_catalogue():
    texts = [path.read_text() for path in (Path(__file__).parents[2] / "load").rglob("*_reader.py")]
    named = {name for text in texts for name in NAME.findall(text)} - OWN
    events = {
        name
        for name in named
        if name.startswith("responses.") and not name.startswith("responses.stream.")
    }
    assert named - events
    assert not {name for name in named - events if name not in catalogue().requirements}
