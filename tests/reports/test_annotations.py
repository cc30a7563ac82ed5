"""Each cause once, whatever a server said in it."""

import json

from reports import annotations
from reports.document import parse
from tests.reports.sample import document


def with_causes(*sentences):
    raw = document()
    raw["causes"] = [
        {"id": f"c{n}", "sentence": text, "level": level, "requirements": [f"chat.r{n}"], "exchange": "", "clients": []}
        for n, (text, level) in enumerate(sentences)
    ]  # fmt: skip
    return parse(raw)


def test_a_cause_is_one_command_the_gravest_first():
    said = annotations.github(with_causes(("slow", "SHOULD"), ("no usage", "MUST"))).splitlines()
    assert said == [
        "::error title=Conformance%3A chat.r1::no usage (chat.r1)",
        "::warning title=Conformance%3A chat.r0::slow (chat.r0)",
    ]


def test_a_server_cannot_write_commands():
    said = annotations.github(with_causes(("x\n::set-env name=PATH::/evil\r%0A", "MUST")))
    assert said.count("\n") == 1
    assert said.startswith("::error title=")


def test_more_than_github_shows_are_counted():
    said = annotations.github(with_causes(*[(f"c{n}", "MUST") for n in range(25)])).splitlines()
    assert len(said) == annotations.SHOWN
    assert "16 more" in said[-1]


def test_without_causes_failures_are_grouped_by_what_was_found():
    raw = document()
    raw.pop("causes", None)
    found = annotations.notes(parse(raw))
    failing = {row["requirement"] for row in raw["results"] if row["outcome"] == "fail"}
    named = [name for note in found if note.level == "MUST" for name in note.requirements]
    assert failing <= set(named)


def test_gitlab_entries_are_the_same_on_the_next_night():
    one, two = (json.loads(annotations.gitlab(with_causes(("a", "MUST"), ("b", "MUST")))) for _ in range(2))  # fmt: skip
    assert one == two
    assert len({row["fingerprint"] for row in one}) == 2


def test_a_run_that_could_not_be_is_said():
    raw = {**document(), "could_not_run": "nothing listens there", "results": [], "causes": []}
    assert annotations.github(parse(raw)).startswith("::error title=Conformance::nothing listens")
