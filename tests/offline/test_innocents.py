"""What the real API and its recorders do is no deviation: nothing, or only what is shown here, is found."""

import json

import pytest

from tests.offline.sample import ANSWER, ASKED, CHUNKS, STREAM, STREAM_ASKED, _chunk
from tests.offline.test_offline import exchange, found_in, offline

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
MESSAGE = {
    "id": "msg_1", "type": "message", "status": "completed", "role": "assistant",
    "content": [{"type": "output_text", "text": "Hi", "annotations": [], "logprobs": []}],
}  # fmt: skip


def response(output=(MESSAGE,), **more):
    return {
        "id": "resp_0123456789abcdef", "object": "response", "created_at": 1772359200,
        "completed_at": 1772359201, "status": "completed", "background": False, "error": None,
        "incomplete_details": None, "instructions": None, "max_output_tokens": None,
        "max_tool_calls": None, "model": "gpt-5.5-2026-04-23", "output": list(output),
        "parallel_tool_calls": True, "previous_response_id": None, "prompt_cache_key": None,
        "prompt_cache_retention": None, "frequency_penalty": 0.0, "presence_penalty": 0.0,
        "reasoning": {"effort": "medium", "summary": None}, "safety_identifier": None,
        "service_tier": "default", "store": True, "temperature": 1.0,
        "text": {"format": {"type": "text"}, "verbosity": "medium"}, "tool_choice": "auto",
        "tools": [], "top_logprobs": 0, "top_p": 1.0, "truncation": "disabled",
        "usage": {
            "input_tokens": 9, "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 8, "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 17,
        },
        "user": None, "metadata": {}, **more,
    }  # fmt: skip


def responses(asked, answer, **more):
    asked = {"model": "gpt-5.5", "input": "Hi", **asked}
    return exchange(
        more.pop("path", RESPONSES), json.dumps(answer).encode(), json.dumps(asked).encode(), **more
    )


def chat(asked, answer, **more):
    asked = {**ASKED, **asked}
    return exchange(
        more.pop("path", CHAT), json.dumps(answer).encode(), json.dumps(asked).encode(), **more
    )


def sse(payloads, *, named=False, done=True):
    rows = [
        f"event: {p['type']}\ndata: {json.dumps(p)}\n\n" if named else f"data: {json.dumps(p)}\n\n"
        for p in payloads
    ]
    return ("".join(rows) + ("data: [DONE]\n\n" if done else "")).encode()


def test_the_exchanges_of_this_page_are_clean_as_they_stand():
    assert not found_in(responses({}, response()))
    assert not found_in(chat({}, ANSWER))


# The body of the request was not recorded, or not as it was sent.


@pytest.mark.parametrize("asked", [b"", b"REDACTED", b'{"model": "gpt-5.5", "mess', b"<redacted>"])
def test_nothing_that_depends_on_an_unrecorded_request_is_judged(asked):
    called = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    message = {**ANSWER["choices"][0]["message"], "content": None, "tool_calls": [called]}
    choices = [
        {**ANSWER["choices"][0], "message": message, "finish_reason": "tool_calls", "index": n}
        for n in range(2)
    ]
    plain = exchange(body=json.dumps({**ANSWER, "choices": choices}).encode(), asked=asked)
    stream = exchange(body=STREAM, asked=asked, kind="text/event-stream")
    other = exchange(RESPONSES, json.dumps(response(max_tool_calls=7)).encode(), asked)
    for x in (plain, stream, other):
        assert not found_in(x)


def test_what_does_not_depend_on_the_request_is_judged_all_the_same():
    wrong = {**ANSWER, "usage": {**ANSWER["usage"], "total_tokens": 99}}
    assert found_in(exchange(body=json.dumps(wrong).encode(), asked=b""))
    late = sse([*CHUNKS, _chunk({"content": "more"})])
    assert "chat.stream.after-finish" in found_in(
        exchange(body=late, asked=b"", kind="text/event-stream")
    )


def test_a_success_without_a_request_is_blamed_where_we_recorded_it_ourselves():
    """The tap and `pytest --record` keep every body: there an empty one is what was sent."""
    own = exchange(body=STREAM, asked=b"{}", kind="text/event-stream", source=None)
    assert "chat.param.stream.off" in found_in(own)


# Headers that a recorder left out.


@pytest.mark.parametrize("headers", [(), (("x-request-id", "req_1"),)])
def test_headers_that_were_not_recorded_are_not_missed(headers):
    x = exchange()
    assert not found_in(exchange(headers=headers))
    assert not found_in(exchange(status=401, body=json.dumps(DOOR).encode(), headers=headers))
    whole = (("date", "Sun, 01 Mar 2026 10:00:00 GMT"), ("x-request-id", "req_1"))
    assert "http.content-type.json" in found_in(exchange(headers=whole))
    assert x.reply.headers


@pytest.mark.parametrize("word", ["Sanitized", "REDACTED", "<ID>", "[FILTERED]"])
def test_a_value_that_was_scrubbed_is_not_blamed(word):
    assert not found_in(chat({}, {**ANSWER, "id": word}))
    assert "chat.answer.id-prefix" in found_in(chat({}, {**ANSWER, "id": f"an-id-{word}"}))
    assert "chat.answer.id-prefix" in found_in(chat({}, {**ANSWER, "id": word}, source=None))


# Audio.

AUDIO_CHUNKS = [
    _chunk({"role": "assistant", "refusal": None}),
    _chunk({"content": None, "audio": {"id": "audio_1", "transcript": "Hi"}}),
    {k: v for k, v in _chunk({}).items() if k != "choices"},
    _chunk({"audio": {"data": "AAAA"}}),
]
AUDIO_LAST = _chunk({"audio": {"expires_at": 1772362800}})
del AUDIO_LAST["choices"][0]["finish_reason"]
USAGE = {**_chunk({}), "choices": [], "usage": ANSWER["usage"]}


def audio(payloads, modalities=("text", "audio"), **more):
    asked = {**STREAM_ASKED, "modalities": list(modalities), "stream_options": {"include_usage": True}}  # fmt: skip
    rows = [{"usage": None, **payload} for payload in payloads]
    asked = more.pop("asked", json.dumps(asked).encode())
    return exchange(body=sse(rows), asked=asked, kind="text/event-stream", **more)


@pytest.mark.parametrize("finished", [True, False])
def test_an_audio_stream_ends_in_its_own_way(finished):
    end = [_chunk({}, "stop")] if finished else []
    whole = audio([*AUDIO_CHUNKS, *end, USAGE, AUDIO_LAST])
    assert not found_in(whole)
    assert not found_in(audio([*AUDIO_CHUNKS, *end, AUDIO_LAST, USAGE]))
    assert not found_in(audio([*AUDIO_CHUNKS, *end, USAGE, AUDIO_LAST], asked=b""))


def test_a_text_stream_of_that_form_is_blamed():
    found = found_in(audio([*AUDIO_CHUNKS, USAGE, AUDIO_LAST], modalities=["text"]))
    assert {"chat.chunk.choices", "chat.stream.usage-last", "chat.stream.finished"} <= found
    text = [*AUDIO_CHUNKS, USAGE, _chunk({"content": "more"})]
    assert "chat.stream.usage-last" in found_in(audio(text))


# Names of models.

AZURE = "https://name.openai.azure.com"


@pytest.mark.parametrize(
    ("asked", "given", "more"),
    [
        ("gpt-5.5", "gpt-5.5-20260423", {}),
        ("gpt-5.5", "gpt-5.5-0423", {}),
        ("gpt-5.6", "gpt-5.6-sol", {}),
        ("qwen/qwen3.5-122b-a10b", "qwen/qwen3.5-122b-a10b-20260224", {}),
        ("openai/gpt-5.5", "gpt-5.5-2026-04-23", {}),
        ("Meta-Llama/Llama-4-8B", "meta-llama/llama-4-8b", {}),
        ("models/gemini-3-flash", "gemini-3-flash-001", {}),
        ("claude-4-5-sonnet", "claude-4-5-sonnet@20260101", {}),
        ("my-deployment", "gpt-5.5-2026-04-23", {"origin": AZURE}),
        ("gpt-4", "gpt-4o-2024-11-20", {"origin": AZURE}),
        ("prod", "gpt-5.5", {"path": "/openai/deployments/prod/chat/completions?api-version=1"}),
        ("auto", "vendor/anything", {}),
        ("openrouter/auto", "vendor/anything", {}),
        ("deepseek-chat", "deepseek-v3.2", {}),
        ("ft:gpt-4o:us::1", "gpt-4o-2024-08-06", {}),
    ],
)
def test_other_names_of_the_same_model(asked, given, more):
    x = chat({"model": asked}, {**ANSWER, "model": given}, **more)
    assert "chat.answer.model" not in found_in(x)
    more = {k: v for k, v in more.items() if k != "path"} if "path" not in more else {"path": "/openai/deployments/prod/responses"}  # fmt: skip
    x = responses({"model": asked}, response(model=given), **more)
    assert "responses.state.model-asked" not in found_in(x)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("gpt-5.5", "gpt-5.5-mini-2026-04-23"),
        ("gpt-5.5", "gpt-5.4"),
        ("gpt-5.5", "openai/gpt-5.5"),
        ("gpt-5.5", "claude-4-5-opus"),
        ("claude-4-5-opus", "gpt-4o-mini"),
    ],
)
def test_another_model_is_another_model(asked, given):
    assert "chat.answer.model" in found_in(chat({"model": asked}, {**ANSWER, "model": given}))
    x = responses({"model": asked}, response(model=given))
    assert "responses.state.model-asked" in found_in(x)


# Items.


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("computer_call", "in_progress"),
        ("local_shell_call", "in_progress"),
        ("shell_call", "in_progress"),
        ("apply_patch_call", "in_progress"),
        ("image_generation_call", "generating"),
    ],
)
def test_a_call_that_the_client_carries_out_may_be_in_progress(kind, state):
    call = {"id": "x_1", "type": kind, "status": state, "call_id": "call_1"}
    assert "responses.item.finished" not in found_in(responses({}, response([call])))


@pytest.mark.parametrize("kind", ["message", "function_call", "web_search_call"])
def test_work_of_the_server_is_done_when_it_says_so(kind):
    item = {**MESSAGE, "type": kind, "status": "in_progress"}
    assert "responses.item.finished" in found_in(responses({}, response([item])))


def stream_of(deltas, added="completed", **changed):
    """A Responses stream of one message whose text comes in these pieces."""
    text = "".join(deltas)
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    part = {"type": "output_text", "annotations": [], "logprobs": []}
    logprobs = changed.get("logprobs", ([], []))
    item = {**MESSAGE, "content": [{**part, "text": text, "logprobs": logprobs[1]}]}
    begun = response([], status="in_progress", usage=None, completed_at=None)
    rows = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
        {"type": "response.output_item.added", "output_index": 0, "item": {**MESSAGE, "status": added, "content": []}},
        {"type": "response.content_part.added", **place, "part": {**part, "text": ""}},
        *({"type": "response.output_text.delta", **place, "delta": d, "logprobs": logprobs[0] if d == deltas[0] else [], "obfuscation": "x" * n}
          for n, d in enumerate(deltas)),
        {"type": "response.output_text.done", **place, "text": text, "logprobs": logprobs[1]},
        {"type": "response.content_part.done", **place, "part": {**part, "text": text}},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": response([item])},
    ]  # fmt: skip
    rows[-1]["response"] |= changed.get("later", {})
    rows = [{**row, "sequence_number": n} for n, row in enumerate(rows)]
    asked = {"model": "gpt-5.5", "input": "Hi", "stream": True, "include": ["message.output_text.logprobs"]}  # fmt: skip
    if "logprobs" not in changed:
        del asked["include"]
    return exchange(
        RESPONSES, sse(rows, named=True, done=False), json.dumps(asked).encode(),
        "text/event-stream",
    )  # fmt: skip


def test_a_member_of_the_vendor_s_own_may_change_on_the_way():
    """Azure says its content filters at the end."""
    name = "responses.stream.settings-constant"
    assert not found_in(stream_of(["Hi"], later={"content_filters": [{"blocked": False}]}))
    assert name in found_in(stream_of(["Hi"], later={"top_p": 0.5}))


def test_an_item_may_be_added_completed_when_all_of_it_comes_at_once():
    assert not found_in(stream_of(["Hi"], "in_progress"))
    assert not found_in(stream_of(["Hi there"]))
    assert "responses.stream.item-added-state" in found_in(stream_of(["Hi", " there"]))
    assert "responses.stream.item-added-state" in found_in(stream_of(["Hi"], "incomplete"))


@pytest.mark.parametrize(
    ("delta", "final", "right"),
    [
        (-0.06243133544921875, -0.0624, True),
        (-0.00025, -0.0002, True),
        (-1.9361264946837764e-7, 0.0, True),
        (-12.345678, -12.35, True),
        (-0.5, -1.5, False),
        (-0.5, 10**400, False),
    ],
)
def test_log_probabilities_are_rounded_in_the_finished_text(delta, final, right):
    one, two = ([{"token": "Hi", "bytes": [72, 105], "logprob": n, "top_logprobs": []}] for n in (delta, final))  # fmt: skip
    x = stream_of(["Hi"], "in_progress", logprobs=(one, two))
    assert ("responses.stream.logprobs" not in found_in(x)) is right


# Refusals, limits, settings.

DOOR = {"error": {"message": "Incorrect API key provided: sk-inval****-key.", "type": "invalid_request_error", "param": None, "code": "invalid_api_key"}, "status": 401}  # fmt: skip


@pytest.mark.parametrize("path", [RESPONSES, CHAT])
@pytest.mark.parametrize("error", [{"message": "filtered", "code": "content_filter"}, "filtered"])
def test_an_error_that_comes_with_200_is_one_failure(path, error):
    """As Azure answers a prompt that it filters; what an answer would have is not missed beside it."""
    body = json.dumps({"error": error}).encode()
    asked = {"model": "gpt-5.5", "input": "Hi", "messages": ASKED["messages"]}
    assert found_in(exchange(path, body, json.dumps(asked).encode())) == {"errors.not-200"}


def test_a_tool_without_a_type_is_a_function():
    """Mistral's client leaves it out."""
    function = {"name": "look", "parameters": {"type": "object", "properties": {}}}
    call = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    message = {"role": "assistant", "content": None, "refusal": None, "annotations": [], "tool_calls": [call]}  # fmt: skip
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "tool_calls"}
    found = found_in(chat({"tools": [{"function": function}]}, {**ANSWER, "choices": [choice]}))
    assert "chat.tools.name" not in found
    function["name"] = "hear"
    assert "chat.tools.name" in found_in(chat({"tools": [{"function": function}]}, {**ANSWER, "choices": [choice]}))  # fmt: skip


def test_a_response_that_failed_has_its_error_beside_its_id():
    failed = response([], status="failed", error={"code": "server_error", "message": "sorry"}, usage=None, completed_at=None)  # fmt: skip
    assert "errors.not-200" not in found_in(responses({}, failed))


@pytest.mark.parametrize("path", [RESPONSES, CHAT])
def test_a_401_may_be_json_under_the_name_of_plain_text(path):
    body = json.dumps(DOOR).encode()
    assert not found_in(exchange(path, body, kind="text/plain", status=401))
    named = {"errors.content-type"}
    assert named <= found_in(exchange(path, body, kind="text/plain", status=400))
    assert named <= found_in(exchange(path, b"Unauthorized", kind="text/plain", status=401))
    assert named <= found_in(exchange(path, body, kind="text/html", status=401))


def cut(model, used, thought, limit=100):
    usage = {**response()["usage"], "output_tokens": used, "total_tokens": 9 + used,
             "output_tokens_details": {"reasoning_tokens": thought}}  # fmt: skip
    return responses(
        {"model": model, "max_output_tokens": limit},
        response(
            [{**MESSAGE, "status": "incomplete"}], status="incomplete", completed_at=None,
            incomplete_details={"reason": "max_output_tokens"}, max_output_tokens=limit,
            model=model, usage=usage,
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("model", "used", "thought", "found"),
    [
        ("gpt-5.5", 100, 0, set()),
        ("o3", 91, 64, set()),
        ("gpt-5.5-codex", 91, 0, set()),
        ("gpt-5.5", 91, 0, {"usage.cut-at-limit"}),
        ("o3", 164, 64, {"usage.within-limit"}),  # a true answer of o1-pro: docs/reality.md
    ],
)
def test_where_an_answer_is_cut(model, used, thought, found):
    assert found_in(cut(model, used, thought)) == found


def test_deep_research_has_defaults_of_its_own():
    for model, found in (("o3-deep-research", set()), ("o3", {"responses.settings.defaults"})):
        x = responses({"model": model}, response(model=model, max_tool_calls=225))
        assert found_in(x) == found


def test_one_cause_in_every_chunk_is_one_finding():
    chunks = [{**chunk, "object": "chunk"} for chunk in CHUNKS]
    judge = offline(exchange(body=sse(chunks), asked=json.dumps(STREAM_ASKED).encode(), kind="text/event-stream"))  # fmt: skip
    (tally,) = [t for t in judge.verdicts() if t.findings]
    assert tally.findings == 1
    assert "(and in 3 more events)" in tally.shown[0][0].found


def test_tokens_below_nothing_are_wrong_whoever_sends_them():
    """As a deep-research model did once: docs/reality.md."""
    usage = {**response()["usage"], "output_tokens": -3, "total_tokens": 6}
    assert "usage.counts" in found_in(responses({}, response(usage=usage)))
