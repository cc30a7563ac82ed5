"""The schemas are sound, say one thing for one fault, and no recorded answer breaks them."""

import copy
import gzip
import json
from collections import Counter
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from schemas.edition import Edition, edition_of
from schemas.loader import Problem, check, load, names
from schemas.registry import address, registry

RECORDINGS = Path(__file__).parents[2] / "shared/recordings/openai-dev.jsonl.gz"

# What real answers were seen to differ in, and why that is only a SHOULD.
REAL_DIFFERENCES = {
    (
        "chat/completion",
        "choices[].logprobs",
        "required",
    ): "newer models leave the key out when it was not asked for",
}

USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
USAGE |= {
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
}
CALL = {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
COMPLETION = {
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1780000000, "model": "gpt-5.5", "service_tier": "default",
    "system_fingerprint": None, "usage": USAGE,
    "choices": [{"index": 0, "finish_reason": "tool_calls", "logprobs": None,
                 "message": {"role": "assistant", "content": None, "refusal": None, "annotations": [], "tool_calls": [CALL]}}],
}  # fmt: skip
CHUNK = {
    "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1780000000, "model": "gpt-5.5", "usage": None, "obfuscation": "x",
    "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None, "logprobs": None}],
}  # fmt: skip
TEXT = {"type": "output_text", "text": "Hi", "annotations": [], "logprobs": []}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "status": "completed",
    "content": [TEXT],
}
REASONING = {
    "id": "rs_1",
    "type": "reasoning",
    "summary": [{"type": "summary_text", "text": "So."}],
}
RESPONSE = {
    "id": "resp_1", "object": "response", "created_at": 1780000000, "status": "completed", "model": "gpt-5.5", "error": None,
    "incomplete_details": None, "instructions": None, "metadata": {}, "output": [REASONING, MESSAGE], "parallel_tool_calls": True,
    "temperature": 1.0, "top_p": 1, "tool_choice": "auto", "user": None,
    "tools": [{"type": "function", "name": "add", "parameters": {}, "strict": True, "description": "Adds."}],
    "usage": {"input_tokens": 3, "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0}, "output_tokens": 2,
              "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 5},
}  # fmt: skip
DELTA = {
    "type": "response.output_text.delta", "sequence_number": 4, "item_id": "msg_1", "output_index": 0, "content_index": 0,
    "delta": "Hi", "logprobs": [],
}  # fmt: skip
ERROR = {"error": {"message": "No.", "type": "invalid_request_error", "param": None, "code": "no"}}
MODEL = {"id": "gpt-5.5", "object": "model", "created": 1780000000, "owned_by": "openai"}
REPORT = {
    "schema_version": 1, "suite": {"name": "x", "version": "1"}, "target": {"base_url": "http://x", "profile": "codex", "models": []},
    "started_at": "2026-11-22T10:00:00Z", "duration_s": 1.5,
    "cost": {"requests": 1, "billable_requests": 1, "prompt_tokens": 1, "completion_tokens": 1, "usd": 0.1},
    "results": [{"requirement": "a", "level": "MUST", "outcome": "fail", "area": "chat", "model": None, "probe": "p",
                 "findings": [{"where": "w", "message": "m"}], "exchanges": ["e1"], "clients": []}],
    "exchanges": {"e1": {}}, "clients": [{"name": "codex", "version": "1", "ready": None, "because": []}],
}  # fmt: skip
EXAMPLES = {
    "chat/completion": COMPLETION,
    "chat/chunk": CHUNK,
    "responses/response": RESPONSE,
    "responses/event": DELTA,
    "errors/error": ERROR,
    "models/model": MODEL,
    "models/list": {"object": "list", "data": [MODEL]},
    "report": REPORT,
}


def nodes(schema, steps=()):
    """Every dict inside a schema file, with the steps that lead to it."""
    if isinstance(schema, dict):
        yield steps, schema
        for key, value in schema.items():
            yield from nodes(value, (*steps, key))
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from nodes(value, (*steps, index))


def subschemas(name):
    """The nodes that are schemas, not tables of names."""
    for steps, node in nodes(load(name)):
        if not steps or (
            steps[-1] not in {"properties", "x-required", "$defs"} and "x-required" not in steps
        ):
            yield node


def put(instance, steps, value):
    changed = copy.deepcopy(instance)
    place = changed
    for step in steps[:-1]:
        place = place[step]
    if value is Ellipsis:
        del place[steps[-1]]
    else:
        place[steps[-1]] = value
    return changed


def places(instance, steps=()):
    """Steps to every value inside an instance."""
    if steps:
        yield steps
    pairs = (
        instance.items()
        if isinstance(instance, dict)
        else enumerate(instance)
        if isinstance(instance, list)
        else ()
    )
    for key, value in pairs:
        yield from places(value, (*steps, key))


def smallest(schema):
    """The least that a resolved schema accepts without a problem."""
    if schema is True or not schema:
        return {}
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    made = {
        "string": "2026-01-01T00:00:00" if "T" in schema.get("pattern", "") else "2026-01-01",
        "integer": 1,
        "number": 1.5,
    }
    made |= {"boolean": True, "null": None, "array": []}
    kind = schema.get("type", ("object",))[0]
    if schema.get("minItems"):
        return [smallest(schema["items"])]
    if kind != "object":
        return schema["x-known"][0] if "x-known" in schema else made[kind]
    instance = {
        key: smallest(schema.get("properties", {}).get(key, True))
        for key in schema.get("required", ())
    }
    if "x-by-type" in schema:
        branches = schema["x-by-type"]
        last = next(name for name in reversed(names()) if name.startswith(f"{branches.name}/"))
        instance |= smallest(branches.find(last.rpartition("/")[2]))
    for inner in (*schema.get("allOf", ()), schema.get("else", True)):
        instance |= smallest(inner)
    return instance


@cache
def resolved(name):
    return edition_of(None).schema(name)


@pytest.mark.parametrize("name", names())
class TestFiles:
    def test_is_a_schema_with_a_name_and_one_line_about_it(self, name):
        schema = load(name)
        Draft202012Validator.check_schema(schema)
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["title"]
        assert schema["description"].endswith(".")
        assert "\n" not in schema["description"]

    def test_references_lead_somewhere(self, name):
        resolver = registry().resolver(address(name))
        for _, node in nodes(load(name)):
            if isinstance(target := node.get("$ref"), str):
                assert resolver.lookup(target).contents
            for folder in (
                [folders] if isinstance(folders := node.get("x-by-type", []), str) else folders
            ):
                assert any(other.startswith(f"{folder}/") for other in names()), folder

    def test_demands_only_what_it_describes(self, name):
        for node in subschemas(name):
            if "properties" in node:
                demanded = {*node.get("required", ()), *node.get("x-required", ())}
                assert demanded <= set(node["properties"])

    def test_keeps_to_the_keywords_that_give_one_problem_each(self, name):
        for node in subschemas(name):
            assert "oneOf" not in node
            if "anyOf" in node:
                assert len(node["anyOf"]) == 2
                assert {"type": "null"} in node["anyOf"]
            for terms in node.get("x-required", {}).values():
                assert set(terms) <= {"level", "since"}
                assert terms.get("level", "MUST") in {"MUST", "SHOULD"}
                date.fromisoformat(terms.get("since", "2026-01-01"))

    def test_smallest_instance_passes_and_each_missing_property_is_one_problem(self, name):
        instance = smallest(resolved(name))
        assert check(name, instance) == []
        for key in instance if isinstance(instance, dict) else ():
            if key != "type":  # without it no branch of a union is chosen
                problems = check(name, put(instance, [key], ...))
                assert [(problem.path, problem.keyword) for problem in problems] == [
                    (key, "required")
                ]

    def test_no_property_may_be_of_a_foreign_type(self, name):
        instance = smallest(resolved(name))
        for key in instance if isinstance(instance, dict) else ():
            if resolved(name).get("properties", {}).get(key):
                (problem,) = check(name, put(instance, [key], [[]] if instance[key] != [] else 7))
                assert problem.path == key or problem.path.startswith(f"{key}[0]")


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_pass(name):
    assert check(name, EXAMPLES[name]) == []


FAULTS = [
    # schema, where, what is put there (... takes it away), level, what is said
    ("chat/completion", "id", ..., "MUST", "id: expected string, found missing"),
    ("chat/completion", "created", 1.0, "MUST", "created: expected integer, found number 1.0"),
    ("chat/completion", "created", True, "MUST", "created: expected integer, found boolean true"),
    ("chat/completion", "choices", [], "MUST", "choices: expected a list that is not empty, found array of 0"),
    ("chat/completion", "choices 0 index", "0", "MUST", 'choices[0].index: expected integer, found string "0"'),
    ("chat/completion", "choices 0 finish_reason", None, "MUST",
     'choices[0].finish_reason: expected "stop", "length", "tool_calls", "content_filter" or "function_call", found null'),
    ("chat/completion", "choices 0 logprobs", ..., "SHOULD", "choices[0].logprobs: expected object or null, found missing"),
    ("chat/completion", "choices 0 message refusal", ..., "MUST", "choices[0].message.refusal: expected string or null, found missing"),
    ("chat/completion", "choices 0 message content", ..., "MUST", "choices[0].message.content: expected string or null, found missing"),
    ("chat/completion", "choices 0 message tool_calls", None, "MUST", "choices[0].message.tool_calls: expected array, found null"),
    ("chat/completion", "choices 0 message tool_calls 0 function arguments", {"a": 1}, "MUST",
     "choices[0].message.tool_calls[0].function.arguments: expected string, found object with a"),
    ("chat/completion", "choices 0 message tool_calls 0 type", "gadget", "SHOULD",
     'choices[0].message.tool_calls[0].type: expected a type known to chat/tool_calls, found string "gadget"'),
    ("chat/completion", "usage prompt_tokens", -1, "MUST", "usage.prompt_tokens: expected at least 0, found integer -1"),
    ("chat/completion", "usage", ..., "SHOULD", "usage: expected object, found missing"),
    ("chat/completion", "service_tier", "standard", "SHOULD",
     'service_tier: expected "auto", "default", "flex", "scale", "priority" or "fast", found string "standard"'),
    ("chat/completion", "service_tier", 1, "MUST", "service_tier: expected string or null, found integer 1"),
    ("chat/chunk", "choices 0 finish_reason", ..., "MUST",
     'choices[0].finish_reason: expected "stop", "length", "tool_calls", "content_filter", "function_call" or null, found missing'),
    ("chat/chunk", "object", "chat.completion", "MUST", 'object: expected "chat.completion.chunk", found string "chat.completion"'),
    ("responses/response", "usage", None, "MUST", "usage: expected object, found null"),
    ("responses/response", "usage", ..., "MUST", "usage: expected object, found missing"),
    ("responses/response", "error", ..., "MUST", "error: expected object or null, found missing"),
    ("responses/response", "tools", None, "MUST", "tools: expected array, found null"),
    ("responses/response", "output 0 summary", None, "MUST", "output[0].summary: expected array, found null"),
    ("responses/response", "output 1 status", ..., "MUST",
     'output[1].status: expected "in_progress", "completed" or "incomplete", found missing'),
    ("responses/response", "output 1 content 0 annotations", ..., "MUST",
     "output[1].content[0].annotations: expected array, found missing"),
    ("responses/response", "output 1 content 0 logprobs", ..., "SHOULD",
     "output[1].content[0].logprobs: expected array, found missing"),
    ("responses/response", "metadata", {"a\nb": 1}, "MUST", 'metadata["a\\nb"]: expected string, found integer 1'),
    ("responses/event", "sequence_number", ..., "MUST", "sequence_number: expected integer, found missing"),
    ("responses/event", "delta", None, "MUST", "delta: expected string, found null"),
    ("responses/event", "type", "response.made_up", "SHOULD",
     'type: expected a type known to responses/events, found string "response.made_up"'),
    ("errors/error", "error", "No.", "MUST", 'error: expected object, found string "No."'),
    ("errors/error", "error code", 400, "MUST", "error.code: expected string or null, found integer 400"),
    ("errors/error", "error param", ..., "MUST", "error.param: expected string or null, found missing"),
    ("errors/error", "error message", "", "MUST", 'error.message: expected text that is not empty, found string ""'),
    ("models/model", "created", ..., "MUST", "created: expected integer, found missing"),
    ("models/list", "data 0 owned_by", None, "MUST", "data[0].owned_by: expected string, found null"),
    ("report", "results 0 outcome", "skipped", "MUST",
     'results[0].outcome: expected "pass", "fail", "advisory", "not-claimed", "not-offered", "inconclusive", "blocked" or "error", found string "skipped"'),
]  # fmt: skip


@pytest.mark.parametrize(("name", "where", "value", "level", "message"), FAULTS)
def test_one_fault_is_one_problem(name, where, value, level, message):
    steps = [int(step) if step.isdigit() else step for step in where.split()]
    (problem,) = check(name, put(EXAMPLES[name], steps, value))
    assert (problem.level, problem.message) == (level, message)


NO_FAULTS = [
    ("chat/completion", {"new_field": 1}),
    ("chat/completion", {"system_fingerprint": "fp_1"}),
    ("responses/response", {"output": [{"type": "acme:thing", "anything": 1}]}),
    (
        "responses/response",
        {"output": [{"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": None}]},
    ),
    ("responses/response", {"status": "in_progress", "usage": None}),
    ("responses/response", {"tool_choice": {"type": "function", "name": "add"}}),
    ("responses/event", {"obfuscation": "xyz"}),
    ("errors/error", {"request_id": "req_1"}),
]


@pytest.mark.parametrize(("name", "change"), NO_FAULTS)
def test_what_real_answers_do_is_no_fault(name, change):
    assert check(name, EXAMPLES[name] | change) == []


def test_error_events_come_flat_or_nested():
    flat = {"type": "error", "sequence_number": 3, "code": None, "message": "No.", "param": None}
    nested = {"type": "error", "sequence_number": 3, "error": ERROR["error"]}
    assert check("responses/events/error", flat) == check("responses/events/error", nested) == []
    assert [
        p.path
        for p in check(
            "responses/events/error",
            {"type": "error", "sequence_number": 3, "code": None, "param": None},
        )
    ] == ["message"]


def test_a_rule_begins_on_its_day():
    old = put(COMPLETION, ["choices", 0, "message", "refusal"], ...)
    assert check("chat/completion", old, at=date(2024, 8, 31)) == []
    assert [p.field for p in check("chat/completion", old, at=date(2024, 9, 1))] == [
        "choices[].message.refusal"
    ]
    assert check("chat/completion", old) == check("chat/completion", old, at=date(2099, 1, 1))


def test_level_and_date_hold_for_all_inside():
    schema = {
        "properties": {
            "a": {"x-level": "SHOULD", "required": ["b"], "properties": {"b": {"type": "string"}}},
            "c": {"x-since": "2026-01-02", "type": "null"},
        }
    }
    before, after = (
        Edition(day)._make(schema, None, "MUST") for day in ("2026-01-01", "2026-01-02")
    )
    assert before["properties"]["c"] is True
    assert after["properties"]["c"] == {"type": ("null",)}
    assert after["properties"]["a"]["required"] == {"b": "SHOULD"}
    assert after["properties"]["a"]["properties"]["b"] == {"x-level": "SHOULD", "type": ("string",)}
    (problem,) = check("models/model", MODEL | {"shutdown_date": 20270101})
    assert (problem.level, problem.message) == (
        "SHOULD",
        "shutdown_date: expected string or null, found integer 20270101",
    )


def test_endless_nesting_is_a_problem_and_no_crash():
    tool = {"type": "namespace", "name": "n", "description": "d", "tools": []}
    for _ in range(5000):
        tool = {"type": "namespace", "name": "n", "description": "d", "tools": [tool]}
    (problem,) = check("responses/response", RESPONSE | {"tools": [tool]})
    assert (problem.level, problem.keyword) == ("MUST", "depth")


def test_deepest_causes_come_first():
    wrong = put(put(COMPLETION, ["choices", 0, "message", "role"], "user"), ["id"], 1)
    assert [p.path for p in check("chat/completion", wrong)] == ["choices[0].message.role", "id"]


def test_anything_can_be_judged():
    for instance in (None, True, 3, 0.5, "text", [], [1], {}, {"type": []}, {"choices": [None]}):
        for name in EXAMPLES:
            assert check(name, instance)


MUTATIONS = [(name, steps) for name, example in EXAMPLES.items() for steps in places(example)]
FOREIGN = {
    str: 7,
    int: "7",
    float: "7",
    bool: "yes",
    list: "list",
    dict: "object",
    type(None): 0.5,
}


@settings(deadline=None)  # the first look at a schema prepares it
@given(st.sampled_from(MUTATIONS), st.booleans())
def test_a_changed_value_is_named(mutation, deep):
    name, steps = mutation
    place = EXAMPLES[name]
    for step in steps:
        place = place[step]
    problems = check(
        name,
        put(
            EXAMPLES[name],
            steps,
            [[[]]] if deep and not isinstance(place, list) else FOREIGN[type(place)],
        ),
    )
    changed = path(steps)
    assert problems
    for problem in problems:
        assert changed.startswith(problem.path) or problem.path.startswith(changed)
        assert_one_line(problem)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.sampled_from(MUTATIONS), json_values)
def test_every_problem_is_one_short_line(mutation, value):
    name, steps = mutation
    for problem in check(name, put(EXAMPLES[name], steps, value)):
        assert_one_line(problem)


def path(steps):
    return "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps
    ).removeprefix(".")


def assert_one_line(problem: Problem):
    assert len(problem.message.splitlines()) == 1
    assert problem.message.isprintable()
    assert len(problem.found) <= 80
    assert problem.level in {"MUST", "SHOULD"}


def recorded():
    """Each recorded answer, or event of one, with its schema and its day."""
    kinds = {
        "chat.completion": "chat/completion",
        "response": "responses/response",
        "model": "models/model",
        "list": "models/list",
    }
    with gzip.open(RECORDINGS, "rt", encoding="utf-8") as lines:
        for entry in map(json.loads, lines):
            body = entry["response"]["body_text"]
            day = date.fromisoformat(entry["recorded_at"][:10]) if entry["recorded_at"] else None
            if not entry["streaming"]:
                answer = json.loads(body)
                kind = (
                    "models/deleted"
                    if "deleted" in answer
                    else kinds.get(answer.get("object"), "errors/error")
                )
                yield kind, answer, day_of(answer) or day
                continue
            data = [line[5:] for line in body.splitlines() if line.startswith("data:")]
            events = [json.loads(text) for text in data if text.strip() != "[DONE]"]
            day = day_of(events[0].get("response", events[0])) or day
            for event in events:
                yield "responses/event" if "type" in event else "chat/chunk", event, day


def day_of(answer):
    seconds = answer.get("created_at") or answer.get("created")
    return datetime.fromtimestamp(seconds, UTC).date() if seconds else None


@pytest.mark.skipif(
    not RECORDINGS.exists(), reason=f"the recorded answers of the real API are not at {RECORDINGS}"
)
def test_no_recorded_answer_breaks_a_must():
    judged, differences, broken = Counter(), Counter(), []
    for name, answer, day in recorded():
        judged[name] += 1
        for problem in check(name, answer, at=day):
            if problem.level == "MUST":
                broken.append((name, str(day), problem.message))
            else:
                differences[name, problem.field, problem.keyword] += 1
    print(*differences.items(), sep="\n")
    assert broken == []
    assert set(differences) == set(REAL_DIFFERENCES)
    assert set(judged) >= {
        "chat/completion",
        "chat/chunk",
        "responses/response",
        "responses/event",
        "errors/error",
        "models/list",
    }
