"""The walker on a small grammar: what it reports, and that one slip is reported once."""

from conformance.judging.grammar import END, Grammar, Step, walk

DOOR = Grammar(
    tables={
        "door": {"start": {"open": "ajar"}, "ajar": {"close": "shut", "knock": "ajar"}, "shut": {}}
    },
    accepting={"door": frozenset({"shut"})},
    blame={
        ("door", "*", "*"): "door.order",
        ("door", "start", "knock"): "door.open-first",
        ("door", "*", END): "door.closed",
    },
    landing={("door", "knock"): "ajar", ("door", "close"): "shut"},
)


def symbols(*names, key=0):
    return [Step("door", key, name, index) for index, name in enumerate(names)]


def blamed(*names):
    return [(v.requirement, v.event) for v in walk(DOOR, symbols(*names))]


def test_a_legal_run_has_no_violation():
    assert blamed("open", "knock", "knock", "close") == []


def test_the_most_specific_blame_wins_and_the_walk_goes_on():
    assert blamed("knock", "close") == [("door.open-first", 0)]


def test_an_illegal_symbol_is_reported_where_it_stands():
    assert blamed("open", "close", "open") == [("door.order", 2)]


def test_an_early_end_is_a_violation_at_the_last_event():
    assert blamed("open", "knock") == [("door.closed", 1)]


def test_a_stream_that_was_cut_on_purpose_owes_no_end():
    assert list(walk(DOOR, symbols("open"), ended=False)) == []


def test_machines_of_one_kind_do_not_disturb_each_other():
    steps = [Step("door", 1, "open", 0), Step("door", 2, "open", 1), Step("door", 1, "close", 2)]
    assert [(v.key, v.symbol) for v in walk(DOOR, steps)] == [(2, END)]


def test_a_violation_tells_what_was_allowed():
    (violation,) = walk(DOOR, symbols("open", "open", "close"))
    assert violation.allowed == ("close", "knock")
