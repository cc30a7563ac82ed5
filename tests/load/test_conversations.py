"""Conversations: files of every form, the history with the server's own answers, pauses, sessions of traces."""

import json
import re
import time

import pytest

from load.measure.cost import price_of
from load.session.request_factory import RequestFactory
from load.workload.dialogue import dialogues
from load.workload.estimate import most_usd
from load.workload.file_prompts import FromFile
from load.workload.rows import InputError, json_rows
from load.workload.trace import TraceError, read_trace
from load.workload.trace_prompts import FromTrace
from tests.load.streams import HEAD, chunk, chunked, ended, plan_with, serving, session, sse

SHAREGPT = '[{"id": "a", "conversations": [{"from": "system", "value": "Be brief."}, {"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello there, you!"}, {"from": "human", "value": "More"}, {"from": "gpt", "value": "ok"}]}]'


def told(path):
    """(texts that are asked, pause) of each turn of each dialogue."""
    return [
        [([message["content"] for message in turn.prompt.messages], turn.think_s) for turn in one.turns]
        for one in dialogues(json_rows(path))
    ]  # fmt: skip


@pytest.mark.parametrize(("text", "turns"), [
    (SHAREGPT, [[(["Be brief.", "Hi"], None), (["More"], None)]]),
    ('{"id": "a", "conversations": [{"from": "gpt", "value": "Yes?"}, {"from": "human", "value": "Hi"}]}', [[(["Hi"], None)]]),
    ('{"session_id": "s1", "turns": [{"text": "a"}, {"text": "b", "delay": 100}]}', [[(["a"], None), (["b"], 0.1)]]),
    ('{"session_id": 7, "text": "a"}\n{"text": "x"}\n{"session_id": 7, "text": "b", "delay": 1500}', [[(["a"], None), (["b"], 1.5)], [(["x"], None)]]),
    ('{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "a"}, {"role": "assistant", "content": "x"}, {"role": "user", "content": "b"}, {"role": "assistant", "content": "y"}]}',
     [[(["s", "a"], None), (["b"], None)]]),
    ('{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "x"}, {"role": "user", "content": "b"}]}', [[(["a", "x", "b"], None)]]),
    ('[{"role": "user", "content": "hi"}]', [[(["hi"], None)]]),
    ('[{"role": "user", "content": "hi"}]\n[{"role": "user", "content": "ho"}]', [[(["hi"], None)], [(["ho"], None)]]),
    ('{"custom_id": "r1", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m", "messages": [{"role": "user", "content": "hi"}]}}', [[(["hi"], None)]]),
    ('{"system": "be nice", "prompt": "hi"}', [[(["be nice", "hi"], None)]]),
    ('{"texts": ["a", "b"]}', [[(["a\nb"], None)]]),
])  # fmt: skip
def test_files_of_every_form(tmp_path, text, turns):
    path = tmp_path / "talk.jsonl"
    path.write_text(text)
    assert told(path) == turns


def test_what_the_file_says_was_answered_only_limits_ours(tmp_path):
    path = tmp_path / "talk.json"
    path.write_text(SHAREGPT)
    first, second = FromFile(path).dialogue(0).turns
    assert (first.prompt.output_tokens, first.prompt.cut, first.prompt.expected) == (4, True, None)
    assert second.prompt.output_tokens == 1


@pytest.mark.parametrize(("text", "what"), [
    ('{"conversations": [{"from": "gpt", "value": "x"}]}', ":1:1: a conversation in which nobody asks"),
    ('{"conversations": "x"}', ":1:1: conversations are no list"), ('{"conversations": [{"who": "me"}]}', ":1:1: a conversation of from and value"),
    ('{"text": "a"}\n{"session_id": "s", "turns": [{"text": "b", "delay": "soon"}]}', ":2:1: delay is 'soon'"),
    ('{"turns": []}', ":1:1: a conversation in which nobody asks"), ('{"turns": [{"x": 1}]}', ":1:1: neither prompt"),
])  # fmt: skip
def test_what_is_no_conversation_names_its_line(tmp_path, text, what):
    path = tmp_path / "talk.jsonl"
    path.write_text(text)
    with pytest.raises(InputError, match=re.escape(f"{path}{what}")):
        FromFile(path)


def talking(seen):
    """Answers with the number of the messages that it was asked with."""

    def answer(connection, request):
        body = json.loads(request.partition(b"\r\n\r\n")[2])
        seen.append((time.monotonic(), body))
        count = f"answer {len(body['messages'])}"
        parts = (chunk({"role": "assistant", "content": count[:3]}), chunk({"content": count[3:]}), chunk(finish="stop"),
                 chunk(usage={"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}), "[DONE]")  # fmt: skip
        connection.sendall(HEAD + chunked(sse(parts)))

    return answer


@pytest.mark.parametrize("arrivals", ["constant", "closed"])
def test_the_history_has_what_this_server_answered(tmp_path, arrivals):
    path = tmp_path / "talk.jsonl"
    path.write_text('{"session_id": "s1", "turns": [{"text": "one"}, {"text": "two", "delay": 150}, {"text": "three", "delay": 0}]}\n{"prompt": "alone"}')  # fmt: skip
    seen = []
    with serving(talking(seen)) as base_url:
        document, _ = session(base_url, prompts=str(path), requests="once", rate=50.0, arrivals=arrivals, think=0.0)  # fmt: skip
    assert ended(document) == {"ok": 4}
    talk = [one for one in seen if one[1]["messages"][0]["content"] == "one"]
    assert [[message["content"] for message in body["messages"]] for _, body in talk] == [
        ["one"], ["one", "answer 1", "two"], ["one", "answer 1", "two", "answer 3", "three"],
    ]  # fmt: skip
    assert [message["role"] for message in talk[2][1]["messages"]] == ["user", "assistant"] * 2 + [
        "user"
    ]
    assert 0.14 < talk[1][0] - talk[0][0] < 1.5
    assert talk[2][0] - talk[1][0] < 0.14 or document["validity"]["reasons"]


def test_a_conversation_ends_where_an_answer_fails(tmp_path):
    path = tmp_path / "talk.jsonl"
    path.write_text('{"turns": [{"text": "one"}, {"text": "two"}]}')

    def answer(connection, _request):
        connection.sendall(b"HTTP/1.1 503 X\r\nContent-Length: 2\r\n\r\n{}")

    with serving(answer) as base_url:
        document, _ = session(base_url, prompts=str(path), requests="9", rate=50.0, think=0.0)
    assert ended(document) == {"http_5xx": 9}


def test_sessions_are_in_the_lines_of_requests(tmp_path):
    path = tmp_path / "talk.jsonl"
    path.write_text('{"session_id": "s1", "turns": [{"text": "one"}, {"text": "two"}]}')
    factory = RequestFactory(plan_with(prompts=str(path)))
    request = factory.arrival(3).request
    assert (request.session, request.turn) == ("s1", 1)


ROW = '{"session_id": "%s", "timestamp": %d, "input_length": %d, "output_length": 10}'


def test_requests_of_a_session_of_a_trace_share_their_beginning(tmp_path):
    path = tmp_path / "trace.jsonl"
    path.write_text("\n".join(ROW % (name, at, length) for at, (name, length) in enumerate([("a", 200), ("b", 200), ("a", 400)])))  # fmt: skip
    prompts = FromTrace(read_trace(path), 1)
    first, other, longer = (prompts(n).messages[0]["content"] for n in range(3))
    shared = first.partition("\nRepeat")[0]
    assert len(shared) > 500
    assert longer.startswith(shared)
    assert not other.startswith(shared[:40])


def test_a_trace_may_hold_conversations(tmp_path):
    path = tmp_path / "trace.jsonl"
    path.write_text(
        '{"session_id": "a", "timestamp": 0, "input_length": 80, "output_length": 5}\n'
        '{"session_id": "b", "timestamp": 50, "input_length": 80, "output_length": 5}\n'
        '{"session_id": "a", "delay": 120, "input_length": 60, "output_length": 5}\n'
    )
    seen = []
    with serving(talking(seen)) as base_url:
        document, _ = session(base_url, arrivals="trace", trace=str(path))
    assert [len(body["messages"]) for _, body in seen] == [1, 1, 3]
    assert seen[2][0] - seen[0][0] >= 0.11
    assert ended(document) == {"ok": 3}
    assert document["arrivals"]["planned"] == 2


def test_a_delay_after_nothing_is_refused(tmp_path):
    path = tmp_path / "trace.jsonl"
    path.write_text('{"session_id": "a", "delay": 120, "input_length": 60}\n')
    with pytest.raises(TraceError, match=":1:1: a delay without an entry of its session"):
        read_trace(path)


def test_what_is_announced_is_the_dearest_row_and_every_turn(tmp_path):
    path = tmp_path / "talk.jsonl"
    price = price_of("gpt-5.5")
    path.write_text(
        '{"prompt": "a", "output_tokens": 10}\n{"prompt": "%s", "output_tokens": 10}\n'
        % ("word " * 4000)
    )
    most = most_usd(plan_with(prompts=str(path), requests="2"), price)
    assert most > 2 * 5000 * price.input / 1e6
    talk = tmp_path / "more.jsonl"
    talk.write_text(json.dumps({"turns": [{"text": "word " * 1000, "output_tokens": 100}] * 5}))
    one = most_usd(plan_with(prompts=str(talk), requests="1"), price)
    assert one > 15 * 1250 * price.input / 1e6  # 1 + 2 + 3 + 4 + 5 times the text
    few = most_usd(plan_with(scenario="agent", turns=1, requests="1"), price)
    many = most_usd(plan_with(scenario="agent", turns=6, requests="1"), price)
    assert many > 6 * few


@pytest.mark.parametrize(("options", "n"), [
    ({"rate": 10.0, "duration": 3.0}, 30), ({"arrivals": "closed", "requests": "25"}, 25), ({"arrivals": "closed"}, None),
    ({"arrivals": "sweep", "rates": "1,2,4", "duration": 10.0}, 70), ({"arrivals": "sweep", "rates": "1,2", "requests": "30"}, 60),
    ({"arrivals": "sweep", "concurrencies": "1,2", "requests": "30"}, 60), ({"arrivals": "sweep", "concurrencies": "1,2"}, None),
    ({"arrivals": "search", "ttft_slo": 100.0}, None),
])  # fmt: skip
def test_how_many_are_announced_is_what_is_planned(options, n):
    plan = plan_with(**options)
    assert plan.planned == n
    price = price_of("gpt-5.5")
    one = most_usd(plan_with(requests="1"), price)
    assert most_usd(plan, price) == pytest.approx((n or 0) * one)
