"""Recordings of anything: one line for what cannot be read, no rule that breaks, no traceback."""

import json
import random
import tracemalloc
import zlib

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from conformance.__main__ import main
from conformance.offline import codings
from conformance.offline.recordings import Reader
from tests.offline.forms import FORMS
from tests.offline.mocks import MOCKS
from tests.offline.sample import ANSWER, CHUNKS, JSON_TYPE, REQUEST_BODY, STREAM_ASKED
from tests.offline.test_innocents import (
    DOOR,
    MESSAGE,
    chat,
    cut,
    exchange,
    response,
    responses,
    sse,
    stream_of,
)
from tests.offline.test_offline import offline
from wire import jsonl

JUNK = (
    None, True, 0, -1, 10**400, -(10**400), 1e308, float("inf"), float("-inf"), float("nan"), 0.5, 2**63,
    "", "x", "\ud800", "9" * 5000, "2026", [], [[]], [{}], {}, {"a": {}}, {"type": 5}, {"type": {}}, {"type": []},
    [None, 5, {"type": [1]}, {"type": {"a": 1}, "id": {"b": 2}}], {"content": [5, {"type": ["x"], "text": {}}]},
)  # fmt: skip
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}, "strict": True}}  # fmt: skip
LOGPROB = {"token": "Hi", "bytes": [72, 105], "logprob": -0.1, "top_logprobs": [{"token": "Hi", "bytes": [72, 105], "logprob": -0.1}]}  # fmt: skip
ITEMS = [
    MESSAGE,
    {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "x"}], "encrypted_content": "x"},
    {"id": "fc_1", "type": "function_call", "status": "completed", "call_id": "call_1", "name": "f", "arguments": "{}"},
    {"id": "ws_1", "type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "x"}},
    {"id": "cu_1", "type": "computer_call", "status": "in_progress", "call_id": "call_2", "action": {"type": "screenshot"}, "pending_safety_checks": []},
]  # fmt: skip
MODELS = {"object": "list", "data": [{"id": "gpt-5.5", "object": "model", "created": 1, "owned_by": "x"}]}  # fmt: skip


def samples():
    message = {**ANSWER["choices"][0]["message"], "content": None, "tool_calls": [CALL]}
    called = {**ANSWER["choices"][0], "message": message, "finish_reason": "tool_calls", "logprobs": {"content": [LOGPROB], "refusal": None}}  # fmt: skip
    return (
        chat({"n": 1, "temperature": 1, "max_completion_tokens": 9}, ANSWER),
        chat({"tools": [TOOL], "logprobs": True, "top_logprobs": 1}, {**ANSWER, "choices": [called]}),
        exchange(body=sse(CHUNKS), asked=json.dumps({**STREAM_ASKED, "stream_options": {"include_usage": True}, "modalities": ["text", "audio"]}).encode(), kind="text/event-stream"),
        responses({"tools": [TOOL], "text": {"format": {"type": "text"}}, "include": ["reasoning.encrypted_content"]}, response(ITEMS)),
        stream_of(["Hi", " there"], "in_progress", logprobs=([LOGPROB], [LOGPROB])),
        cut("gpt-5.5", 100, 0),
        exchange(status=401, body=json.dumps(DOOR).encode()),
        exchange("/v1/models", json.dumps(MODELS).encode(), b"", method="GET"),
        exchange("/v1/responses/resp_1", json.dumps(response(ITEMS)).encode(), b"", method="GET"),
    )  # fmt: skip


class Spoiler:
    """Puts hostile values in random places of requests and responses."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def value(self, value, odds=0.08):
        if self.random.random() < odds:
            return self.random.choice(JUNK)
        if isinstance(value, dict):
            return {name: self.value(member, odds) for name, member in value.items()}
        return [self.value(member, odds) for member in value] if isinstance(value, list) else value

    def text(self, value):
        text = json.dumps(self.value(value))
        return text.replace("Infinity", "1e999").replace("NaN", "-1e999").encode()

    def exchange(self, x):
        asked = self.text(x.request.json) if isinstance(x.request.json, dict) else x.request.body
        if x.reply.is_stream:
            rows = [self.text(p) if isinstance(p, dict) else b"[DONE]" for p in x.reply.payloads]
            body = b"".join(b"data: %s\n\n" % row for row in rows)
        else:
            body = self.text(x.reply.json)
        headers = tuple(
            (name, self.random.choice(["", value, "x" * 9000, "1e999", "\ud800"]) if self.random.random() < 0.2 else value)
            for name, value in (*x.reply.headers, ("date", "Sun, 01 Mar 2026 10:00:00 GMT"), ("x-request-id", "r"))
        )  # fmt: skip
        status = self.random.choice([x.reply.status] * 4 + [200, 400, 500, 429])
        return exchange(
            x.request.path, body, asked, method=x.request.method, status=status, headers=headers,
            source=self.random.choice([None, "a recording"]),
        )  # fmt: skip


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**9))
@example(16580259)  # a logarithm of 400 digits
def test_no_rule_breaks_on_hostile_values(seed):
    spoiler = Spoiler(seed)
    judge = offline(*(spoiler.exchange(x) for x in samples()))
    assert not [f"{t.requirement.id}: {t.error}" for t in judge.verdicts() if t.error]


FIELDS = [
    {"probe": 5}, {"probe": ["a"]}, {"model": {}}, {"id": {}}, {"source": [1]}, {"source": 5}, {"attempts": 5},
    {"attempts": [[1, 2, 3]]}, {"frames": 5}, {"frames": [[1]]}, {"frames": [["x", "y"]]}, {"frames": [[1, {}]]},
    {"started_at": 1e300}, {"started_at": "x"}, {"started_at": -5}, {"recorded_at": 5}, {"recorded_at": "9999-99"},
    {"connection": 5}, {"connection": {"ended": []}}, {"connection": {"total_ms": "x"}}, {"connection": {"origin": "https://[x"}},
    {"connection": {"reused": {}}}, {"host": 5}, {"flags": 5}, {"flags": {}}, {"request": {"method": 5, "path": "/v1/models"}},
    {"request": {"method": "GET", "path": 5}}, {"request": {"method": "GET", "path": "/v1/models", "headers": 5}},
    {"request": {"method": "GET", "path": "/v1/models", "headers": [[1]]}}, {"request": 5}, {"response": 5}, {"response": {}},
    {"response": {"status": "200"}}, {"response": {"status": 10**30}}, {"response": {"status": 200, "headers": {"a": {}}}},
    {"response": {"status": 200, "body_text": {}}}, {"response": {"status": 200, "headers_at_ms": "x"}},
    {"response": {"status": 200, "body_text": "{}", "timed": 5}},
]  # fmt: skip


@pytest.mark.parametrize("change", FIELDS, ids=json.dumps)
def test_a_line_with_a_value_that_makes_no_sense(tmp_path, capsys, change):
    good = jsonl.dump(samples()[0])
    path = tmp_path / "a.jsonl"
    path.write_text(good + "\n" + json.dumps({**json.loads(good), **change}) + "\n")
    code = main(["judge", str(path), "--quiet", "--level", "must", "--only", "chat.response.*"])
    told = capsys.readouterr()
    assert code in {0, 1, 2}
    assert "Traceback" not in told.err
    assert "ERROR" not in told.out
    assert told.err.count("\n") <= 3, told.err
    assert code != 2 or "a.jsonl, line 2" in told.err


# Whatever a reader is given, it reads it or says why not.

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
    | st.sampled_from(["POST", "https://api.example.com/v1/chat/completions", "http://[", "200", 200, 10**400, "{{x}}", "REDACTED"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def spoil(value, data, odds):
    if data.random() < odds:
        return data.choice(JUNK[:4] + JUNK[13:])
    if isinstance(value, dict):
        return {name: spoil(member, data, odds) for name, member in value.items() if data.random() > odds / 4}  # fmt: skip
    return [spoil(member, data, odds) for member in value] if isinstance(value, list) else value


DOCUMENTS = [
    *(made(REQUEST_BODY, json.dumps(ANSWER).encode(), JSON_TYPE[1]) for name, (made, *_) in MOCKS.items() if name.endswith(".json")),
    *(made(REQUEST_BODY, json.dumps(ANSWER).encode(), [JSON_TYPE]) for name, made in FORMS.items() if name.endswith((".json", ".har"))),
]  # fmt: skip


def judged_without_a_word_of_python(path, capsys=None):
    troubles = []
    for entry in Reader(str(path), troubles.append).entries():
        offline(entry.exchange, rows=())
        jsonl.read(jsonl.dump(entry.exchange))
    for trouble in troubles:
        assert "\n" not in str(trouble)
        assert str(path) in trouble.place


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**9), st.sampled_from(DOCUMENTS), st.sampled_from([0.02, 0.1, 0.4]))
def test_a_recording_with_hostile_values(tmp_path_factory, seed, document, odds):
    path = tmp_path_factory.mktemp("hostile") / "a.json"
    spoiled = spoil(json.loads(document), random.Random(seed), odds)
    path.write_text(json.dumps(spoiled))
    judged_without_a_word_of_python(path)


BYTES = [
    *(made(REQUEST_BODY, json.dumps(ANSWER).encode(), JSON_TYPE[1]) for made, *_ in MOCKS.values()),
    *(made(REQUEST_BODY, json.dumps(ANSWER).encode(), [JSON_TYPE]) for made in FORMS.values()),
]  # fmt: skip


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**9), st.sampled_from(BYTES), st.integers(0, 12))
def test_a_recording_with_broken_bytes(tmp_path_factory, seed, data, number):
    path = tmp_path_factory.mktemp("broken") / "recording"
    data, dice = bytearray(data), random.Random(seed)
    for _ in range(number):
        at = dice.randrange(len(data))
        kind = dice.randrange(4)
        if kind == 0:
            data[at] = dice.randrange(256)
        elif kind == 1:
            del data[at : at + dice.randrange(1, 40)]
        elif kind == 2:
            data[at:at] = dice.choice(
                [b"\0", b"\xff\xfe", b"{", b"]", b": ", b"\n", b"*a", b"&a ", b"9" * 30]
            )
        else:
            data = data[: at + 1]
        if not data:
            break
    path.write_bytes(bytes(data))
    judged_without_a_word_of_python(path)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(st.sampled_from(["request", "response", "log", "interactions", "mappings", "item", "Entries", "data", "stubs", "when", "then", "httpRequest", "scope", "path", "status", "custom_id", "responses", "requests", "snapshot", "type"]), VALUES, max_size=5))  # fmt: skip
def test_a_document_of_familiar_names(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("names") / "a.json"
    path.write_text(json.dumps(value))
    judged_without_a_word_of_python(path)


def test_aliases_that_stand_for_millions_of_values(tmp_path):
    """A kilobyte of YAML whose JSON would fill a disk."""
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    body = "interactions:\n- request: {method: POST, uri: http://h/v1/responses}\n  response: {status: 200, parsed_body: {" + ", ".join(rows) + "}}\n"  # fmt: skip
    path = tmp_path / "a.yaml"
    path.write_text(body)
    troubles = []
    assert not list(Reader(str(path), troubles.append).entries())
    assert "aliases" in troubles[0].reason


def test_deep_yaml(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("a: " + "[" * 50_000)
    judged_without_a_word_of_python(path)


def test_a_small_body_that_stands_for_a_large_one_is_not_undone_to_its_end(monkeypatch):
    packed = zlib.compress(bytes(256 * 2**20), 9)
    monkeypatch.setattr(codings, "MAX_BYTES", 2**20)
    tracemalloc.start()
    with pytest.raises(codings.CodingError, match="grows past"):
        codings.undone_bytes(packed, "deflate")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 160 * 2**20
