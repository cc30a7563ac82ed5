import json

import pytest

from reports.document import parse
from reports.failure import failures
from reports.html import html
from reports.json_lines import culprit, pretty
from reports.tally import requirements
from reports.text import one_line, shortened, visible
from reports.timeline import moments
from reports.transcript import BODY_LINES, Mark, excerpt, transcript
from tests.reports.sample import chat_stream, document, exchange, finding, full, result


def read(**parts):
    return parse(document(exchanges={"x": exchange("m", **parts)})).exchanges["x"]


@pytest.mark.parametrize(
    ("where", "path"),
    [
        ("chunk 7, choices[0].delta", ("choices", 0, "delta")),
        ("body, usage.total_tokens", ("usage", "total_tokens")),
        ("$.choices[0].delta.role", ("choices", 0, "delta")),
        ("choices[4].delta", ("choices",)),
        ("status", None),
        ("", None),
        ("[[[...]]]", None),
    ],
)
def test_the_culprit_is_the_deepest_node_that_the_place_leads_to(where, path):
    value = {"choices": [{"delta": {"content": ""}}], "usage": {"total_tokens": 1}}
    if where.startswith("$"):
        where = where.removeprefix("$.")
    assert culprit(value, where) == path


def test_pretty_json_keeps_numbers_and_marks_one_line():
    lines = pretty('{"a": 1.0, "b": {"c": 1e2, "d": [1, 2], "e": "é\\u0000"}}', "b.c")
    assert [line.text for line in lines if line.marked] == ['"c": 1e2,']
    assert '"a": 1.0,' in [line.text for line in lines]
    assert json.loads("".join(line.text for line in lines))["b"]["d"] == [1, 2]


@pytest.mark.parametrize(
    "text", ["", "[DONE]", "{", '"text"', "1", '{"a": 1, "a": 2}', "[" * 5000, "9" * 5000]
)
def test_what_is_not_plain_json_is_left_as_it_came(text):
    assert pretty(text, "a") is None


def test_deep_json_is_shown_without_falling_over():
    assert pretty("[" * 200 + "]" * 200) is not None


def test_events_are_numbered_and_timed_whatever_the_frames_are():
    frames = chat_stream("m")
    whole = "".join(text for _, text in frames)
    expected = [moment.data for moment in moments(read(frames=frames))]
    assert len(expected) == len(frames)
    bare = [[at, text.removeprefix("data: ").rstrip()] for at, text in frames]
    unended = [[at, text.rstrip()] for at, text in frames]
    split = [[float(n), whole[n : n + 7]] for n in range(0, len(whole), 7)]
    crlf = [[at, text.replace("\n", "\r\n")] for at, text in frames]
    for form in (bare, unended, split, crlf):
        assert [moment.data for moment in moments(read(frames=form))] == expected
    assert moments(read(frames=frames))[3].at_ms == frames[3][0]
    assert moments(read(frames=unended))[3].at_ms == frames[3][0]


def test_a_stream_without_times_is_still_a_timeline():
    untimed = read(body=": hello\n\nevent: a\ndata: 1\ndata: 2\n\ndata: [DONE]\n\n")
    assert [(m.index, m.name, m.data, m.at_ms) for m in moments(untimed)] == [
        (None, "", "", None),
        (0, "a", "1\n2", None),
        (1, "", "[DONE]", None),
    ]


def test_a_plain_body_is_no_stream():
    assert moments(read(body='{"data": 1}')) == []


def test_a_long_stream_shows_its_ends_and_what_is_pointed_at():
    long = read(frames=chat_stream("m", text="word " * 500))
    shown = transcript(long, [Mark("chat.a", "chunk 250, choices[0].delta", 250)])
    assert len(shown.steps) < 25
    assert (
        sum(step.skipped for step in shown.steps) + shown.skipped_after + len(shown.steps)
        == shown.events
    )
    wrong = [step for step in shown.steps if step.marks]
    assert [step.moment.index for step in wrong] == [250]
    assert any(line.marked and "delta" in line.text for line in wrong[0].lines)


def test_the_excerpt_of_something_missing_is_the_end_of_the_stream():
    short = read(frames=chat_stream("m"))
    part = excerpt(short, Mark("chat.a", "after the last event", 99))
    assert [step.moment.data for step in part.steps][-1] == "[DONE]"
    assert not any(step.marks for step in part.steps)


def test_a_long_body_is_cut_around_what_is_wrong_and_says_so():
    body = json.dumps({f"key{n}": [n, {"x": "y" * 90}] for n in range(400)})
    shown = transcript(read(body=body), [Mark("a", "key300[0]", None)])
    assert len(shown.body.lines) == BODY_LINES
    assert any(line.marked for line in shown.body.lines)
    assert "more lines" in shown.body.hidden


def test_the_same_failure_on_two_models_is_one():
    run = parse(full())
    found = {one.requirement: one for one in failures(run, requirements(run), "fail")}
    usage = found["chat.stream.usage-last"]
    assert usage.models == ("gpt-5.5", "gpt-5.4")
    assert usage.clients == ("Cline",)
    assert [len(seen.places) for seen in usage.sightings] == [18, 2]
    assert usage.sightings[0].exchanges == ("u0", "u1")
    assert found["responses.stream.item-done"].spared == ("gpt-5.4",)


def test_only_clients_that_are_not_ready_are_said_to_break():
    made = document(result("chat.a", "fail", clients=["A", "B"]))
    made["clients"] = [{"name": "A", "version": "1", "ready": False, "because": ["chat.a"]},
                       {"name": "B", "version": "1", "ready": True, "because": []}]  # fmt: skip
    run = parse(made)
    (one,) = failures(run, requirements(run), "fail")
    assert (one.clients, one.concerned) == (("A",), ("B",))
    assert "Breaks A<" in html(run)
    assert "Concerns B<" in html(run)


def test_what_hurts_clients_comes_first_and_must_before_should():
    rows = [
        result("chat.a", "fail", "SHOULD", clients=["A", "B"]),
        result("chat.b", "fail", findings=[finding("status", "1", "2")]),
        result("chat.c", "fail", clients=["A"]),
    ]
    run = parse(document(*rows))
    assert [one.requirement for one in failures(run, requirements(run), "fail")] == [
        "chat.c",
        "chat.b",
        "chat.a",
    ]


def test_text_hides_nothing_and_ends():
    assert visible("a\r\nb\x00\u202ec\ud800") == "a\nb⟨U+0000⟩⟨U+202E⟩c⟨U+D800⟩"
    assert shortened("abcdef", 3) == "abc … (3 more characters)"
    assert one_line(" a\n\tb ") == "a b"
