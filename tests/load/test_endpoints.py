"""Endpoints that some servers have alone: completions, streamed, and embeddings."""

import json

import pytest

from load.transport.completion_reader import CompletionReader
from load.workload.refusals import PlanError
from tests.load.streams import HEAD, chunked, ended, plan_with, serving, session, sse

USAGE = {"prompt_tokens": 4, "completion_tokens": 3, "total_tokens": 7}


def text(said="", finish=None):
    return json.dumps({"id": "c", "object": "text_completion", "choices": [{"index": 0, "text": said, "finish_reason": finish}]})  # fmt: skip


WHOLE = (text(" a"), text(" b"), text(" c"), text("", "length"), json.dumps({"id": "c", "choices": [], "usage": USAGE}), "[DONE]")  # fmt: skip


def answering(seen, data):
    def answer(connection, request):
        head, _, body = request.partition(b"\r\n\r\n")
        seen.append((head.split()[1], json.loads(body)))
        connection.sendall(data)

    return answer


def streamed(*parts):
    return HEAD + chunked(sse(parts))


@pytest.mark.parametrize(("data", "outcome"), [
    (streamed(*WHOLE), "incomplete_length"), (streamed(*WHOLE[:3], text("", "stop"), *WHOLE[4:]), "ok"), (streamed(*WHOLE[:3]), "truncated"),
    (streamed(*WHOLE[:-1]), "without_done"), (streamed(text(), *WHOLE[3:]), "empty"), (streamed(WHOLE[0], '{"error": {"message": "boom"}}'), "error_event"),
    (streamed(WHOLE[0], "{oops", *WHOLE[3:]), "parse_error"), (streamed(*WHOLE[:3], text("", "abort"), *WHOLE[4:]), "error_finish"),
    (streamed('{"choices": [{"text": 7}]}', *WHOLE[3:]), "parse_error"),
])  # fmt: skip
def test_each_ending_of_a_completion(data, outcome):
    seen = []
    with serving(answering(seen, data)) as base_url:
        document, _ = session(base_url, scenario="completions-stream", requests="10", rate=50.0, output_tokens=3)  # fmt: skip
    assert ended(document) == {outcome: 10}
    assert document["conformance"] == {}
    path, body = seen[0]
    assert path == b"/v1/completions"
    assert isinstance(body["prompt"], str)
    assert body["max_tokens"] == 3
    if outcome == "ok":
        assert document["usage"]["completion_tokens"] == 30
        assert document["metrics"]["ttft_ms"]["count"] == 10


def test_texts_are_read_and_stamped():
    reader = CompletionReader()
    for at, data in enumerate(WHOLE, 1):
        reader.take(data, "", at)
    assert (reader.text(), list(reader.stamps), reader.visible_ns) == (" a b c", [1, 2, 3], 1)
    assert reader.whole
    assert reader.limited
    assert reader.usage.completion_tokens == 3


def vectors(*rows):
    body = json.dumps({"object": "list", "data": rows, "model": "m", "usage": {"prompt_tokens": 5, "total_tokens": 5}}).encode()  # fmt: skip
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)  # fmt: skip


@pytest.mark.parametrize(("data", "outcome"), [
    (vectors({"object": "embedding", "index": 0, "embedding": [0.1, 0.2]}), "ok"), (vectors({"embedding": "AAAA"}), "ok"),
    (vectors(), "parse_error"), (vectors({"embedding": []}), "parse_error"), (vectors({"x": 1}), "parse_error"),
    (b"HTTP/1.1 404 X\r\nContent-Length: 2\r\n\r\n{}", "http_4xx"),
])  # fmt: skip
def test_each_ending_of_embeddings(data, outcome):
    seen = []
    with serving(answering(seen, data)) as base_url:
        document, _ = session(base_url, scenario="embeddings", requests="10", rate=50.0)
    assert ended(document) == {outcome: 10}
    path, body = seen[0]
    assert path == b"/v1/embeddings"
    assert set(body) == {"model", "input"}
    if outcome == "ok":
        assert document["metrics"]["e2e_ms"]["count"] == 10
        assert document["usage"]["prompt_tokens"] == 50
        assert document["rates"]["output_tokens_per_s"] == 0
        assert document["usage"]["requests_without_usage"] == 0


def test_a_prompt_of_messages_becomes_one_text(tmp_path):
    path = tmp_path / "prompts.jsonl"
    path.write_text('{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url"}]}], "seed": 4}')  # fmt: skip
    seen = []
    with serving(answering(seen, streamed(*WHOLE))) as base_url:
        session(base_url, scenario="completions-stream", prompts=str(path), requests="once")
    body = seen[0][1]
    assert (body["prompt"], body["seed"]) == ("s\na", 4)
    assert "max_tokens" not in body


def test_a_gate_on_streams_of_embeddings_is_refused():
    with pytest.raises(PlanError, match="embeddings has no streams"):
        plan_with(scenario="embeddings", gate=["ttft:p50:1s"])
