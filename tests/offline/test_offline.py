"""Verdicts on recordings: the same as of the live run, silent where nothing was recorded, in flat memory."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.judging.area import catalogue
from conformance.judging.judge import Judge, Outcome
from conformance.offline.record import asked_of
from conformance.offline.recordings import Entry, Reader
from conformance.offline.skipped import Skipped, why_skipped
from conformance.offline.verdicts import OfflineJudge
from gateway.faults.machinery.fault import all_faults
from tests.direct import traffic
from tests.offline.sample import ANSWER, ASKED, BODY, REQUEST_BODY, STREAM, STREAM_ASKED
from tests.recorded import RECORDINGS
from wire import jsonl
from wire.exchange import Chunk, Connection, Exchange, Reply, Request

ROWS = tuple(row for row in catalogue().requirements.values() if not row.excluded)


def exchange(
    path="/v1/chat/completions", body=BODY, asked=REQUEST_BODY, kind="application/json", **more
):
    fields = {
        "method": "POST",
        "status": 200,
        "origin": "https://api.example.com",
        "id": "x-1",
        **more,
    }
    reply = Reply(
        fields["status"],
        fields.get("headers", (("content-type", kind),)),
        (Chunk(0.0, body),) if body else (),
        timed=False,
    )
    source = fields.get("source", "a recording")
    request = Request(fields["method"], path, (("content-type", "application/json"),), asked)
    return Exchange(
        fields["id"],
        asked_of(request, reply) if source else request,
        reply,
        Connection(origin=fields["origin"]),
        1772359200.0,
        source=source,
    )


def offline(*exchanges, rows=ROWS, **more):
    judge = OfflineJudge(catalogue(), rows, **more)
    for x in exchanges:
        judge.judge(Entry(x, f"file, line {x.id}"))
    judge.end_of_run()
    return judge


def bad(judge):
    return {
        t.requirement.id for t in judge.verdicts() if t.outcome in {Outcome.FAIL, Outcome.ADVISORY}
    }


def found_in(x):
    """The requirements that do not hold in one recorded exchange; rules that break are no answer."""
    judge = offline(x)
    assert judge.judged == 1
    assert not [t.error for t in judge.verdicts() if t.error]
    return bad(judge)


FAULTS = tuple(n for n in all_faults() if n.startswith(("chat.", "usage.", "http.")))[::40]


@pytest.mark.parametrize("faults", [(), FAULTS], ids=["clean", "faulty"])
def test_a_recorded_run_has_the_verdicts_of_the_live_run(tmp_path, faults):
    sent, profile = traffic(faults)
    live = Judge(catalogue(), profile, tuple(sent.all()), sent.unsent)
    models = list(dict.fromkeys(x.model for x in sent.all() if x.model))
    expected = {
        (row.id, model): live.result(row, model).outcome
        for row in ROWS
        for model in (models if row.per_model else [""])
    }
    path = tmp_path / "run.jsonl"
    jsonl.write_file(path, sent.all())
    judge = OfflineJudge(catalogue(), ROWS)
    for entry in Reader(str(path), pytest.fail).entries():
        judge.judge(entry)
    judge.end_of_run()
    found = {(t.requirement.id, t.model): t.outcome for t in judge.verdicts()}
    # What was not sent, and why, stands in no recording: there it may look as if it was not offered.
    assert {k: _settled(v) for k, v in found.items()} == {
        k: _settled(v) for k, v in expected.items()
    }
    assert judge.judged == len(sent.all())
    if faults:
        assert {Outcome.FAIL, Outcome.ADVISORY} & set(found.values())


def _settled(outcome):
    return Outcome.BLOCKED if outcome is Outcome.NOT_OFFERED else outcome


def test_two_runs_in_one_file_are_judged_apart():
    sent, _ = traffic()
    some = [x for x in sent.all() if x.probe.startswith(("models.", "chat."))]
    judge = offline(*some, *some)
    assert not bad(judge)
    assert judge.judged == 2 * len(some)


def test_a_clean_exchange_has_no_finding_whatever_was_left_out():
    stream = exchange(
        body=STREAM, asked=json.dumps(STREAM_ASKED).encode(), kind="text/event-stream"
    )
    for x in (exchange(), stream):
        bare = replace(
            x,
            request=replace(x.request, headers=()),
            reply=replace(x.reply, headers=()),
            started_at=None,
        )
        assert not bad(offline(x))
        assert not bad(offline(bare))


def test_findings_have_places_and_evidence():
    wrong = exchange(
        body=json.dumps({**ANSWER, "usage": {**ANSWER["usage"], "total_tokens": 99}}).encode()
    )
    judge = offline(exchange(id="1"), replace(wrong, id="2"), replace(wrong, id="3"))
    (tally,) = [
        t
        for t in judge.verdicts()
        if t.outcome is Outcome.FAIL and t.requirement.id.startswith("usage.")
    ][:1]
    assert (tally.judged, tally.guilty) == (3, 2)
    assert [place for _, place in tally.shown[:2]] == ["file, line 2", "file, line 3"]
    assert {"2", "3"} <= set(judge.evidence.kept)


def test_findings_do_not_pile_up():
    wrong = exchange(body=json.dumps({**ANSWER, "object": "chat"}).encode())
    judge = offline(*(replace(wrong, id=str(n)) for n in range(300)))
    worst = max(judge.verdicts(), key=lambda t: t.findings)
    assert worst.guilty == 300
    assert len(worst.shown) == 20
    assert len(judge.evidence.kept) <= 2 * len(bad(judge))


def test_a_rule_that_crashes_is_an_error_of_the_suite():
    from conformance.judging.rule import rule
    from conformance.judging.selector import Selector

    @rule("chat.answer.object", on=Selector("all", lambda _: True))
    def crash(_):
        raise RuntimeError("oops")
        yield

    judge = OfflineJudge(catalogue(), ROWS)
    name = ROWS[0].id
    judge._grouped = [(crash.on, [replace(crash, requirements=(name,))])]
    judge.judge(Entry(exchange(), "file, line 1"))
    (tally,) = [t for t in judge.verdicts() if t.requirement.id == name]
    assert tally.outcome is Outcome.ERROR
    assert "file, line 1" in tally.error


@pytest.mark.parametrize(
    ("x", "why"),
    [
        (exchange(), None),
        (exchange("/api/llm/v9/chat/completions?api-version=1"), None),
        (exchange("/v1/responses", json.dumps({"object": "response"}).encode()), None),
        (exchange("/v1/embeddings", b'{"object":"list","data":[]}'), Skipped.OTHER),
        (exchange("/index.html", b"<html>", b"", "text/html", method="GET"), Skipped.OTHER),
        (exchange("/ask", BODY), None),
        (exchange("/ask", STREAM, json.dumps(STREAM_ASKED).encode(), "text/event-stream"), None),
        (exchange("/ask", b'{"object":"chat.completion"}', b'{"q":1}'), Skipped.OTHER),
        (exchange("/v1/models", b'{"object":"list","data":[]}', b"", method="GET"), None),
        (
            exchange("/v1/models", b'{"error":{"message":"no"}}', b"", method="GET", status=401),
            None,
        ),
        (exchange("/shop/models", b"<html>", b"", "text/html", method="GET"), Skipped.OTHER),
        (exchange("/api/models/bert", b'{"likes": 5}', b"", method="GET"), Skipped.OTHER),
        (
            exchange(
                "/v1beta/models/gemini-2.5-pro:generateContent",
                b'{"error":{"code":400,"message":"no"}}',
                status=400,
            ),
            Skipped.OTHER,
        ),
        (
            exchange("/v1/models/bert/predictions", b'{"error":{"message":"no"}}', status=400),
            Skipped.OTHER,
        ),
        (
            exchange(
                "/v1beta/models",
                b'{"error":{"code":400,"message":"no","status":"INVALID_ARGUMENT"}}',
                b"",
                method="GET",
                status=400,
            ),
            Skipped.OTHER,
        ),
        (
            exchange(
                "/v1/models/ft:gpt-4o:me::1",
                b'{"error":{"message":"no","type":"x"}}',
                b"",
                method="GET",
                status=404,
            ),
            None,
        ),
        (exchange("/v1/chat/completions", b"", b"", method="OPTIONS", status=204), Skipped.OTHER),
        (exchange("/v1/responses", b"", b"", method="GET", status=101), Skipped.OTHER),
        (exchange(status=0, body=b""), Skipped.NO_REPLY),
        (exchange("/v1/messages", b'{"type":"message"}'), Skipped.OTHER),
        (exchange("/v1/messages", b'{"type":"error","error":{}}', status=400), Skipped.OTHER),
        (exchange("/v1/messages", b'{"error":{"message":"use chat"}}', status=404), None),
        (exchange("/v1/chat/completions", b"<html>502</html>", kind="text/html", status=502), None),
        (exchange("/survey/responses", b"<html>ok</html>", b"q=1", "text/html"), Skipped.OTHER),
    ],
)
def test_what_is_the_api_s_and_what_is_not(x, why):
    assert why_skipped(x) is why


def test_hosts():
    x = exchange(origin="https://api.example.com:8443")
    for pattern, wanted in (
        ("api.example.com", None),
        ("*.example.com", None),
        ("api.example.com:8443", None),
        ("API.example.com", None),
        ("example.com", Skipped.HOST),
        ("api.example.com:1", Skipped.HOST),
    ):
        assert why_skipped(x, (pattern,)) is wanted, pattern


def test_another_path_is_judged_as_what_it_is():
    body = json.dumps({**ANSWER, "usage": {**ANSWER["usage"], "total_tokens": 1}}).encode()
    assert bad(offline(exchange("/ask", body))) == bad(offline(exchange(body=body))) != set()


def test_profiles_by_host():
    x = exchange("/v1/models", b'{"object":"list","data":[]}', b"", method="GET")
    judge = offline(x, exchange(origin="https://api.claudestore.store"))
    assert judge._profile_of(x).name == "openai"
    assert judge._profile_of(exchange(origin="https://api.claudestore.store")).name == "codex"


@pytest.mark.skipif(not RECORDINGS.is_file(), reason=f"no recordings at {RECORDINGS}")
def test_recorded_answers_of_the_real_api_violate_no_must():
    judge = OfflineJudge(catalogue(), ROWS)
    for entry in Reader(str(RECORDINGS), pytest.fail).entries():
        judge.judge(entry)
    verdicts = list(judge.verdicts())
    assert judge.judged == 2977
    assert not {t.requirement.id for t in verdicts if t.outcome in {Outcome.FAIL, Outcome.ERROR}}
    assert sum(t.outcome is Outcome.PASS for t in verdicts) > 200
    told = (Path(__file__).parents[2] / "docs/reality.md").read_text(encoding="utf-8")
    advisories = [t for t in verdicts if t.outcome is Outcome.ADVISORY]
    unexplained = {t.requirement.id for t in advisories if f"`{t.requirement.id}`" not in told}
    assert not unexplained, "each kind of SHOULD finding is explained in docs/reality.md"


def test_memory_does_not_grow_with_the_file(tmp_path):
    """A third of a gigabyte would take minutes; the growth from 4 to 24 MB shows as well."""
    program = (
        "import resource, sys\n"
        "from conformance.__main__ import main\n"
        "main(['judge', sys.argv[1], '--only', 'chat.response.*', '--only', 'usage.*', '--quiet'])\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, file=sys.stderr)"
    )
    wrong = json.dumps({**ANSWER, "object": "x", "padding": "y" * 40_000}).encode()
    line = jsonl.dump(exchange(body=wrong, id="NUMBER"))
    peaks = []
    for number in (100, 600):
        path = tmp_path / f"{number}.jsonl"
        with path.open("w", encoding="ascii") as file:
            file.writelines(line.replace("NUMBER", str(n)) + "\n" for n in range(number))
        words = [sys.executable, "-c", program, str(path)]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        peaks.append(float(done.stderr.splitlines()[-1]))
    # A child starts with the peak of the process that forked it, so only growth can be told.
    assert peaks[1] - peaks[0] < 100
    assert peaks[1] - peaks[0] < 25, peaks
    assert ASKED
