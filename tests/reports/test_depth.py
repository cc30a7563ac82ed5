"""What a run's own depth leaves out is no trouble of the target."""

from conformance import terminal
from reports.document import parse
from reports.obstacle import obstacles
from reports.verdict import verdict
from tests.reports.sample import document, result


def left_out(reason):
    held = result("a.held")
    deep = result("a.deep", "blocked", reason=reason)
    return parse(document(held, deep))


def test_what_is_asked_with_more_depth_spoils_no_verdict():
    made = left_out("a.probe was not sent: it is asked with --depth full")
    assert verdict(made).word == "conforms"
    assert "asked with more depth" in verdict(made).sentence
    assert obstacles(made)[-1].remedy == "Run with --depth full to ask it."


def test_what_could_not_be_asked_still_does():
    assert verdict(left_out("needs a key: set CONFORMANCE_API_KEY")).word == "partly"


def test_all_that_is_asked_with_more_depth_is_one_obstacle():
    rows = [
        result(
            f"a.{name}", "blocked", reason=f"a.{name} was not sent: it is asked with --depth full"
        )
        for name in ("one", "two")
    ]
    (row,) = obstacles(parse(document(result("a.held"), *rows)))
    assert row.reason == "not asked at this depth"
    assert row.requirements == ("a.one", "a.two")


def test_it_is_one_line_on_the_terminal_behind_what_is_in_the_way():
    reason = "a.{} was not sent: it is asked with --depth full"
    rows = [
        {"outcome": "blocked", "reason": reason.format("one")},
        {"outcome": "blocked", "reason": "needs a key: set CONFORMANCE_API_KEY"},
        {"outcome": "blocked", "reason": reason.format("two")},
    ]
    lines = []
    terminal._unjudged(lambda line, **_: lines.append(line), rows)
    assert lines == [
        "blocked 1: needs a key: set CONFORMANCE_API_KEY",
        "blocked 2: not asked at this depth (--depth full asks it)",
    ]
