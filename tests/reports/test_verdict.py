import pytest

from reports.document import parse
from reports.obstacle import obstacles
from reports.tally import requirements, table, totals
from reports.verdict import verdict
from tests.reports.sample import document, full, result


def said(*results, **more):
    return verdict(parse(document(*results, **more)))


@pytest.mark.parametrize(
    ("results", "more", "word", "sentence"),
    [
        ([result("chat.a")], {}, "conforms", "Conforms: 1 MUST requirement holds."),
        ([result("chat.a"), result("chat.b", "advisory", "SHOULD")], {}, "conforms", "Conforms: 1 MUST requirement holds; 1 recommendation not followed."),
        ([result("chat.a"), result("chat.b", "blocked")], {}, "partly", "Conforms as far as it was judged: 1 MUST requirement holds, 1 could not be judged."),
        ([result("chat.a")], {"interrupted": True}, "partly", "Interrupted; conforms as far as it was judged: 1 MUST requirement holds."),
        ([result("chat.a"), result("chat.b", "error", "SHOULD")], {}, "partly", "The suite itself failed on 1 requirement; nothing else deviates: 1 MUST requirement holds."),
        ([result("chat.a", "fail")], {}, "fails", "Does not conform: 1 MUST requirement fails on gpt-5.5."),
        ([result("auth.a", "fail", model="")], {"interrupted": True}, "fails", "Interrupted, and does not conform: 1 MUST requirement fails."),
        ([result("chat.a", "fail"), result("chat.a", "fail", model="gpt-5.4")], {}, "fails", "Does not conform: 1 MUST requirement fails on gpt-5.5 and gpt-5.4."),
        ([result("chat.a", "fail"), result("chat.b", "fail", "SHOULD")], {}, "fails", "Does not conform: 1 MUST and 1 SHOULD requirements fail on gpt-5.5."),
        ([result("chat.a", "blocked")], {}, "unknown", "Nothing can be said: no MUST requirement was judged."),
        ([], {"could_not_run": "https://x refused the connection"}, "unknown", "Could not run: https://x refused the connection"),
    ],
)  # fmt: skip
def test_the_sentence(results, more, word, sentence):
    found = said(*results, **more)
    assert (found.word, found.sentence) == (word, sentence)


def test_models_that_differ_are_counted_apart_and_clients_named():
    found = verdict(parse(full()))
    assert found.sentence == (
        "Does not conform: 9 MUST requirements fail (8 on gpt-5.5, 5 on gpt-5.4); "
        "2 clients break (Codex CLI and Cline)."
    )
    assert found.parts[0] == "Does not conform:"


def test_a_requirement_counts_once_and_by_its_gravest_outcome():
    rows = requirements(
        parse(document(result("chat.a"), result("chat.a", "fail", model="b"), result("auth.a")))
    )
    assert [row.outcome for row in rows] == ["fail", "pass"]
    assert totals(rows) == {"fail": 1, "pass": 1}
    assert [(row.area, dict(row.cells[0])) for row in table(rows)] == [
        ("chat", {"fail": 1}),
        ("auth", {"pass": 1}),
    ]


@pytest.mark.parametrize(
    ("outcome", "reason", "remedy"),
    [
        ("blocked", "needs CONFORMANCE_REVOKED_KEY", "Set CONFORMANCE_REVOKED_KEY in the environment."),
        ("blocked", "the budget of --max-cost was spent", "Raise --max-cost (now 1.00); the full run is estimated at 0.15 USD."),
        ("blocked", "rate limited to the end (429)", "Run later, or with a key that has a higher rate limit."),
        ("blocked", "interrupted", "Run again to the end."),
        ("blocked", "the server could not be reached", "See that the server answers, and run again."),
        ("blocked", "", "Run again when the cause is gone."),
        ("inconclusive", "the model did not call the tool", "Run again, or name a model that follows instructions more closely (--model)."),
        ("inconclusive", "prompts are counted otherwise, which is told elsewhere", "Mend what fails first; it is judged then."),
        ("inconclusive", "there are not two answers", "Run again; where it stays so, its transcripts show what is lacking."),
        ("blocked", "a.b was not sent: builds on a.c: a.c was answered without a call", "Mend what fails first; it is judged then."),
        ("error", "KeyError", "This is a fault of the suite: please report it together with report.json."),
    ],
)  # fmt: skip
def test_each_obstacle_comes_with_a_way_around_it(outcome, reason, remedy):
    rows = obstacles(
        parse(document(*(result(f"chat.{n}", outcome, reason=reason) for n in range(3))))
    )
    assert [(row.remedy, len(row.requirements)) for row in rows] == [(remedy, 3)]


def test_what_is_not_claimed_is_no_obstacle():
    assert obstacles(parse(document(result("chat.a", "not-claimed", reason="x")))) == []
