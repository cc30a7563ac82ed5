"""A row never passes that saw nothing of the kind its sentence speaks of."""

import pytest

from conformance.judging.judge import Outcome
from tests.lacking.server import results

ANY_ANSWER = {
    "errors.no-server-error", "errors.served", "http.whole", "http.abort", "http.too-large.after", "http.stays-up",
    "auth.missing.status",
    # That no kind of request is put off by itself is shown as `errors.served` is.
    "errors.served.chat-kinds", "errors.served.chat-streams", "errors.served.responses-kinds", "errors.served.responses-streams",
}  # fmt: skip
"""What any answer at all shows."""


def names(server, outcome):
    return {name for name, result in results(server).items() if result.outcome is outcome}


@pytest.mark.parametrize("what", ["responses", "models", "chat"])
def test_an_endpoint_that_is_not_there_is_one_failure(what):
    server = f"no {what}"
    prefixes = {"chat": ("chat.",), "models": ("models.list", "models.entry", "models.retrieve"),
                "responses": ("responses.",)}[what]  # fmt: skip
    assert [n for n in names(server, Outcome.PASS) if n.startswith(prefixes)] == []
    told = Outcome.ADVISORY if what == "responses" else Outcome.FAIL  # by the levels of the profile
    assert results(server)[f"{what}.offered"].outcome is told
    assert names(server, Outcome.FAIL) <= {f"{what}.offered"}
    lost = [
        r for n, r in results(server).items() if n.startswith(prefixes) and n != f"{what}.offered"
    ]
    assert sum(r.outcome is Outcome.NOT_OFFERED for r in lost) > 15
    assert all("404" in r.reason for r in lost if r.outcome is Outcome.NOT_OFFERED)


@pytest.mark.parametrize("server", ["nothing", "no entrance", "always broken"])
def test_where_nothing_answers_nothing_passes(server):
    assert names(server, Outcome.PASS) <= ANY_ANSWER
    told = {"chat.offered", "responses.offered", "models.offered"}
    assert names(server, Outcome.FAIL) <= told | ANY_ANSWER
    assert "chat.offered" in names(server, Outcome.FAIL)


@pytest.mark.parametrize("server", ["empty objects", "empty bodies", "empty streams"])
def test_an_answer_without_content_keeps_no_rule_about_content(server):
    seen = {
        n for n in names(server, Outcome.PASS) if n.startswith(("chat.", "responses.", "models."))
    }
    assert {n for n in seen if not n.endswith(".offered")} == set()


def test_streams_that_are_always_refused_keep_no_rule_of_streams():
    """How they are refused, and that nobody gets one who wants none, can be seen."""
    seen = {"chat.stream.error-before", "chat.param.stream.off", "responses.param.stream.off",
            "responses.stream.reasoning-first"}  # fmt: skip
    spoken = {n for n in names("no streams", Outcome.PASS) if ".stream." in n or ".chunk." in n}
    assert spoken <= seen


def test_tools_that_are_always_refused_keep_no_rule_of_tools():
    spoken = names("no tools", Outcome.PASS) - {"responses.param.tools.type"}  # without an entry
    assert {
        n
        for n in spoken
        if n.startswith(("chat.tools.", "chat.param.tools.", "responses.param.tools."))
    } == set()
