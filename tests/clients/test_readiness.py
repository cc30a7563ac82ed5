"""Client readiness: every need names a requirement, and the verdict follows from the rows."""

import pytest

from conformance.clients.readiness import clients, clients_hurt, readiness
from conformance.judging.area import catalogue

PAIRS = [(client, need) for client in clients() for need in (*client.needs, *client.minds)]


@pytest.mark.parametrize(("client", "need"), PAIRS, ids=[f"{c.name}: {n}" for c, n in PAIRS])
def test_every_need_names_a_judged_requirement(client, need):
    from fnmatch import fnmatchcase

    rows = catalogue().requirements.values()
    assert any(fnmatchcase(row.id, need) and not row.excluded for row in rows)


def row(requirement, outcome):
    return {"requirement": requirement, "outcome": outcome}


def codex(*rows):
    return next(c for c in readiness(rows) if c["name"] == "Codex CLI")


def test_a_client_is_ready_when_all_that_was_judged_of_its_needs_holds():
    assert (
        codex(row("responses.reader.ending", "pass"), row("chat.stream.done", "fail"))["ready"]
        is True
    )


def test_one_broken_need_and_the_client_is_not_ready():
    verdict = codex(row("responses.reader.ending", "fail"), row("responses.object.id", "pass"))
    assert verdict["ready"] is False
    assert verdict["because"] == ["responses.reader.ending"]


def test_what_could_not_be_judged_leaves_it_open():
    assert (
        codex(row("responses.reader.ending", "blocked"), row("responses.object.id", "pass"))[
            "ready"
        ]
        is None
    )
    assert codex()["ready"] is None


def node(*rows):
    return next(c for c in readiness(rows) if c["name"] == "OpenAI SDK (Node)")


def test_what_spoils_some_uses_counts_where_it_fails_and_hides_nothing():
    reads = row("chat.reader.openai-node", "pass")
    assert node(reads, row("models.unlisted.chat", "blocked"))["ready"] is True
    assert node(reads, row("models.unlisted.chat", "fail"))["ready"] is False
    assert node(row("models.unlisted.chat", "pass"))["ready"] is None


def test_a_key_that_nobody_asks_for_is_missed_by_none_and_an_endpoint_is():
    reads = row("chat.reader.openai-node", "pass")
    assert node(reads, row("auth.wrong.status", "not-offered"))["ready"] is True
    assert node(reads, row("responses.offered", "not-offered"))["ready"] is False


def test_events_that_a_client_skips_and_rows_that_it_never_reads_hurt_it_not():
    rows = catalogue().requirements
    for name in ("responses.stream.known-events", "chat.stream.nothing-after-done",
                 "chat.response.annotations", "usage.tools-count"):  # fmt: skip
        hurt = {c.name for c in clients() if c.needs_requirement(name)}
        assert hurt == set(), f"{name} of {rows[name].area}"


def test_a_failure_names_the_clients_it_hurts():
    requirement = catalogue().requirements["responses.reader.ending"]
    assert {"Codex CLI", "OpenAI SDK (Python)"} <= set(clients_hurt(requirement))
