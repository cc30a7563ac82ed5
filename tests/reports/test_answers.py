import pytest

from reports.answers import answers
from reports.document import parse
from reports.gist import gist, speaks
from reports.html import html
from reports.timeline import Moment
from reports.transcript import labels_of
from reports.verdict import verdict
from tests.reports.sample import cause, chat_stream, document, exchange, full, result


def said(made):
    return {answer.question: answer for answer in answers(parse(made))}


def test_the_first_questions_are_answered():
    found = said(full())
    assert [answer.text for answer in found.values()] == [
        "not compared",
        "2 of 5",
        "$0.12 of $1.00",
        "as far as it can be seen: 45 rules about tokens and money hold",
        "TTFT 412 ms, 62 tokens/s",
        "Mend cause 1: Streams of POST /v1/chat/completions carry usage on every chunk",
    ]
    speed = found["How fast did it stream?"].more
    assert speed == "medians of 23 streams (19 for tokens/s), TTFT 130 ms to 980 ms; no load test"


def test_a_regression_is_counted_once_however_many_models_it_has():
    changed = [{"requirement": "chat.a", "model": m} for m in ("a", "b")]
    found = said(full() | {"baseline": {"regressed": changed, "started_at": "2026-11-21T03:00:00+00:00", "warnings": ["another model"]}})  # fmt: skip
    answer = found["Worse than last time?"]
    assert answer.text == "yes, 1 regressed since 21 November 2026, 03:00 UTC"
    assert answer.more == "not the same run: another model"


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (document(result("chat.a")), "Keep this report.json and run every night with --baseline."),
        (document(could_not_run="no route"), "See that the server can be reached, and run again."),
        (document(result("chat.a", "fail")), "Mend the first failure below."),
        (document(result("chat.a", "advisory", "SHOULD"), causes=[cause("x", "", "chat.a", level="SHOULD")]), "Look at 1 recommendation that is not followed."),
        (document(result("chat.a"), stale=[{"requirement": "chat.a", "reason": "x"}]), "Take 1 stale deviation out of the profile."),
    ],
)  # fmt: skip
def test_what_to_do_next(made, text):
    assert said(made)["What to do next?"].text == text


@pytest.mark.parametrize(
    ("outcome", "reason", "more"),
    [
        ("inconclusive", "counted otherwise, which is told elsewhere", "Keep this report.json and run every night with --baseline."),
        ("blocked", "needs CONFORMANCE_REVOKED_KEY", "1 not judged: needs CONFORMANCE_REVOKED_KEY. Set CONFORMANCE_REVOKED_KEY in the environment."),
    ],
)  # fmt: skip
def test_beside_a_cause_only_what_the_run_lacked_is_advised(outcome, reason, more):
    rows = (result("chat.a", "fail"), result("chat.b", outcome, reason=reason))
    answer = said(document(*rows, causes=[cause("x", "", "chat.a")]))["What to do next?"]
    assert (answer.text, answer.more) == ("Mend cause 1: x", more)


def test_an_empty_run_answers_honestly():
    made = document()
    made["cost"] = {}
    assert [a.text for a in answers(parse(made))][:5] == ["not compared", "not judged", "not counted", "not judged", "no stream was timed"]  # fmt: skip


def test_known_deviations_are_in_no_headline():
    note = {"requirement": "chat.b", "model": "gpt-5.5", "reason": "agreed until May"}
    run = parse(document(result("chat.a"), result("chat.b", "fail"), known=[note]))
    assert [row.outcome for row in run.results] == ["pass", "known"]
    assert verdict(run).word == "conforms"
    other = parse(document(result("chat.b", "fail", model="gpt-5.4"), known=[note]))
    assert verdict(other).word == "fails"


def test_what_passed_opens_to_its_evidence_and_shares_transcripts():
    rows = [result(f"chat.r{n}") | {"exchanges": ["e0"]} for n in range(3)]
    text = html(parse(document(*rows, exchanges={"e0": exchange("m", frames=chat_stream("m"))})))
    assert text.count('data-exchange="e0">Evidence') == 3
    assert text.count('id="x-e0"') == 1


def test_every_passed_row_of_a_large_run_fits_in_three_megabytes():
    made = full()
    for n, row in enumerate(made["results"]):
        name = f"big{n % 700}"
        if row["outcome"] == "pass":
            row["exchanges"] = [name]
            made["exchanges"][name] = exchange("m", frames=chat_stream("m", text="word " * 200))
    assert len(html(parse(made)).encode()) < 3_000_000


def test_the_run_can_be_repeated_from_the_page():
    text = html(parse(full()))
    assert "pytest --base-url https://staging.example.com/v1 --model gpt-5.5" in text
    assert "<dt>Seed</dt>" in text
    assert text.count('tabindex="0" role="group"') > 5


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ('{"id": "x", "object": "c", "choices": [{"index": 0, "delta": {"content": " fox"}, "finish_reason": null}]}', '{"content": " fox"}'),
        ('{"id": "x", "choices": [{"index": 1, "delta": {}, "finish_reason": "stop"}], "usage": null}', 'choice 1 {} {"finish_reason": "stop"}'),
        ('{"id": "x", "choices": [], "usage": {"n": 1.0}}', '{"usage": {"n": 1.0}}'),
        ('{"type": "response.output_text.delta", "item_id": "m", "delta": "fox", "logprobs": []}', '"fox"'),
        ('{"type": "response.created", "response": {"id": "r"}}', ""),
        ("[DONE]", ""),
    ],
)  # fmt: skip
def test_the_gist_of_an_event(data, text):
    assert gist(data) == text


def test_the_first_piece_and_long_gaps_are_labelled():
    times = [100, 130, 150, 170, 900, 920, 940]
    texts = ['{"choices": [{"delta": {"role": "assistant"}}]}'] + ['{"choices": [{"delta": {"content": "a"}}]}'] * 6  # fmt: skip
    stream = [Moment(n, at, "", t, t) for n, (at, t) in enumerate(zip(times, texts, strict=True))]
    assert labels_of(stream) == {1: "TTFT", 4: "gap 730 ms"}
    assert not speaks("[1]")
