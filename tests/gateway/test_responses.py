"""POST /v1/responses: what is taken, what is refused, and what an answer looks like."""

import json
from typing import Any

import pytest

from schemas.loader import check
from tests.gateway.in_process import Desk, echo

FUNCTION = {
    "type": "function",
    "name": "weather",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}
CUSTOM = {
    "type": "custom",
    "name": "patch",
    "format": {"type": "grammar", "syntax": "lark", "definition": 'start: "a"'},
}
PNG = "data:image/png;base64,iVBORw0KGgo="
KEYS = {
    "id", "object", "created_at", "status", "background", "billing", "completed_at", "error",
    "frequency_penalty", "incomplete_details", "instructions", "max_output_tokens",
    "max_tool_calls", "model", "moderation", "output", "parallel_tool_calls", "presence_penalty",
    "previous_response_id", "prompt_cache_key", "prompt_cache_retention", "reasoning",
    "safety_identifier", "service_tier", "store", "temperature", "text", "tool_choice",
    "tool_usage", "tools", "top_logprobs", "top_p", "truncation", "usage", "user", "metadata",
}  # fmt: skip


@pytest.fixture
def desk() -> Desk:
    return Desk()


def text_of(reply: Any) -> str:
    assert reply.status == 200, reply.body
    parts = [
        part
        for item in reply.body["output"]
        if item["type"] == "message"
        for part in item["content"]
    ]
    return "".join(part.get("text", "") for part in parts)


def test_the_object_has_the_keys_of_the_real_api(desk):
    body = desk.respond(echo("hi there")).body
    assert set(body) == KEYS
    assert check("responses/response", body) == []
    assert body["status"] == "completed"
    assert text_of(desk.respond(echo("hé 世界 🚀\n x "))) == "hé 世界 🚀\n x "


@pytest.mark.parametrize(
    "given",
    [
        "Say it.",
        [{"role": "user", "content": "Say it."}],
        [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Say"}]}],
        [{"role": role, "content": "Say it."} for role in ("system", "developer", "user")],
        [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": [{"type": "output_text", "text": "b"}]},
            {"role": "user", "content": "c"},
        ],
        [
            {"role": "user", "content": "a"},
            {"type": "reasoning", "summary": [], "content": None, "encrypted_content": "gAAA"},
            {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "call_1", "output": "ok"},
        ],
        [
            {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"},
            {
                "type": "function_call_output",
                "call_id": "call_1",
                "output": [{"type": "input_text", "text": "ok"}],
            },
        ],
        [
            {"type": "custom_tool_call", "call_id": "call_1", "name": "f", "input": "x"},
            {"type": "custom_tool_call_output", "call_id": "call_1", "output": "ok"},
        ],
        [{"role": "user", "content": [{"type": "input_image", "image_url": PNG, "detail": "low"}]}],
    ],
)
def test_input_of_every_kind_is_taken(desk, given):
    assert desk.respond(given).status == 200


def test_an_image_in_a_tools_output_is_counted(desk):
    call = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
    text = {"type": "input_text", "text": "ok"}
    image = {"type": "input_image", "image_url": PNG}
    used = [
        desk.respond(
            [call, {"type": "function_call_output", "call_id": "call_1", "output": output}]
        ).body["usage"]["input_tokens"]
        for output in ([text], [text, image])
    ]
    assert used[0] < used[1]


def test_a_file_is_read(desk):
    part = {
        "type": "input_file",
        "filename": "a.txt",
        "file_data": "data:text/plain;base64,VGhlIGNvZGUgd29yZCBpcyBHSU5LR08u",
    }
    ask = {"type": "input_text", "text": "What is the code word?"}
    assert text_of(desk.respond([{"role": "user", "content": [part, ask]}])) == "GINKGO"


REFUSED: list[tuple[dict[str, Any], str, str | None]] = [
    ({"model": None}, "model", "invalid_type"),
    ({"model": "nope"}, "model", "model_not_found"),
    ({"input": None}, "input", "missing_required_parameter"),
    ({"input": []}, "input", "empty_array"),
    ({"input": 7}, "input", "invalid_type"),
    ({"input": {"role": "user"}}, "input", "invalid_type"),
    ({"input": [{"type": "foo"}]}, "input[0]", "invalid_value"),
    ({"input": ["x"]}, "input[0]", "invalid_type"),
    ({"input": [{"role": "king", "content": "x"}]}, "input[0].role", "invalid_value"),
    ({"input": [{"role": "user"}]}, "input[0].content", "missing_required_parameter"),
    (
        {"input": [{"role": "user", "content": [{"type": "output_text", "text": "x"}]}]},
        "input[0].content[0]",
        "invalid_value",
    ),
    (
        {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "file-x"}]}]},
        "input[0].content[0].file_id",
        "not_found",
    ),
    (
        {"input": [{"type": "function_call_output", "call_id": "call_9", "output": "x"}]},
        "input",
        None,
    ),
    ({"temperature": 2.1}, "temperature", "decimal_above_max_value"),
    ({"temperature": -0.1}, "temperature", "decimal_below_min_value"),
    ({"top_p": 1.1}, "top_p", "decimal_above_max_value"),
    ({"max_output_tokens": 15}, "max_output_tokens", "integer_below_min_value"),
    ({"top_logprobs": 21}, "top_logprobs", "integer_above_max_value"),
    ({"reasoning": {"effort": "ultra"}}, "reasoning.effort", "invalid_value"),
    ({"reasoning": {"effort": "minimal"}}, "reasoning.effort", "unsupported_value"),
    ({"include": ["foo"]}, "include[0]", "invalid_value"),
    ({"messages": []}, "messages", "unknown_parameter"),
    ({"metadata": {"a": 1}}, "metadata.a", "invalid_type"),
    ({"metadata": {"a" * 65: "x"}}, "metadata", "property_name_above_max_length"),
    ({"metadata": {str(n): "x" for n in range(17)}}, "metadata", "object_above_max_properties"),
    ({"tools": [{"type": "warp"}]}, "tools[0].type", "invalid_value"),
    (
        {"tools": [{"type": "function", "function": {"name": "f"}}]},
        "tools[0].name",
        "missing_required_parameter",
    ),
    (
        {"tools": [{**FUNCTION, "parameters": {"type": "object", "properties": {"a": {}}}}]},
        "tools[0].parameters",
        "invalid_function_parameters",
    ),
    ({"tool_choice": "required"}, "tool_choice", "invalid_value"),
    ({"tool_choice": {"type": "function", "name": "f"}}, "tool_choice", "invalid_value"),
    ({"tool_choice": {"type": "warp"}}, "tool_choice.type", "invalid_value"),
    (
        {"text": {"format": {"type": "json_schema", "schema": {}}}},
        "text.format.name",
        "missing_required_parameter",
    ),
    ({"previous_response_id": "resp_nope"}, "previous_response_id", "previous_response_not_found"),
    (
        {"previous_response_id": "resp_a", "conversation": "conv_b"},
        "previous_response_id",
        "mutually_exclusive_parameters",
    ),
    (
        {"background_options": {"completion_window": "2h"}, "stream": True},
        "background_options.completion_window",
        "invalid_value",
    ),
    ({"background": True, "store": False}, "background", "invalid_value"),
]


@pytest.mark.parametrize(("change", "param", "code"), REFUSED)
def test_what_is_refused_names_its_parameter(desk, change, param, code):
    reply = desk.ask("/responses", {"model": "gpt-5.5", "input": "Say it.", **change})
    assert reply.status == 400
    assert (reply.body["error"]["param"], reply.body["error"]["code"]) == (param, code)
    assert check("errors/error", reply.body) == []


def test_a_prompt_template_and_an_unknown_reference_are_not_found(desk):
    assert desk.respond(prompt={"id": "pmpt_1"}).status == 404
    assert desk.respond([{"type": "item_reference", "id": "msg_1"}]).status == 404


def test_tools_are_called_as_chosen(desk):
    other = {**FUNCTION, "name": "time"}
    tools = [FUNCTION, other, CUSTOM]
    ask = "Call the tool weather. Call the tool time."

    def called(text: str = ask, **more: Any) -> list[str]:
        output = desk.respond(text, tools=tools, **more).body["output"]
        return [item["name"] for item in output if item["type"].endswith("_call")]

    assert called() == ["weather", "time"]
    assert called(parallel_tool_calls=False) == ["weather"]
    assert called(tool_choice="none") == []
    assert called("Hello.", tool_choice="required") == ["weather"]
    assert called("Hello.", tool_choice={"type": "function", "name": "time"}) == ["time"]
    assert called("Hello.", tool_choice={"type": "custom", "name": "patch"}) == ["patch"]
    allowed = {
        "type": "allowed_tools",
        "mode": "auto",
        "tools": [{"type": "function", "name": "time"}],
    }
    assert called(tool_choice=allowed) == ["time"]


def test_tools_are_echoed_with_their_defaults(desk):
    tools = [{"type": "function", "name": "f", "parameters": None}, {"type": "web_search"}]
    echoed = desk.respond(tools=tools).body["tools"]
    assert echoed[0]["strict"] is True
    assert echoed[1]["search_context_size"] == "medium"


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "web_search"},
        {"type": "file_search", "vector_store_ids": ["vs_1"]},
        {"type": "code_interpreter", "container": {"type": "auto"}},
        {"type": "image_generation"},
        {"type": "mcp", "server_label": "x", "server_url": "http://localhost"},
        {"type": "computer"},
        {"type": "shell"},
        {"type": "apply_patch"},
        {"type": "local_shell"},
    ],
)
def test_a_forced_hosted_tool_runs(desk, tool):
    choice = {"type": tool["type"]}
    output = desk.respond("Hello.", tools=[tool], tool_choice=choice).body["output"]
    assert output[0]["type"].startswith(tool["type"])


def test_hosted_calls_are_limited(desk):
    text = "[[script web_search]] [[script file_search]] Hello."
    kinds = [item["type"] for item in desk.respond(text, max_tool_calls=1).body["output"]]
    assert kinds == ["web_search_call", "message"]


def test_details_come_when_included(desk):
    text = "[[script file_search]] Hello."
    assert desk.respond(text).body["output"][0]["results"] is None
    body = desk.respond(text, include=["file_search_call.results"]).body
    assert body["output"][0]["results"]
    thought = desk.respond(reasoning={"effort": "low"}).body["output"][0]
    assert "encrypted_content" not in thought
    wanted = {"include": ["reasoning.encrypted_content"], "reasoning": {"effort": "low"}}
    assert desk.respond(**wanted, store=False).body["output"][0]["encrypted_content"]
    wanted = {"include": ["message.output_text.logprobs"], "top_logprobs": 2}
    part = desk.respond(echo("a b"), **wanted).body["output"][0]["content"][0]
    assert "".join(entry["token"] for entry in part["logprobs"]) == "a b"
    assert len(part["logprobs"][0]["top_logprobs"]) == 2


def test_limits_end_an_answer_early(desk):
    body = desk.respond("Count from 1 to 100", max_output_tokens=16).body
    assert body["status"] == "incomplete"
    assert body["incomplete_details"] == {"reason": "max_output_tokens"}
    assert body["output"][-1]["status"] == "incomplete"
    assert body["usage"]["output_tokens"] == 16
    body = desk.respond("[[script content_filter]] One two three four").body
    assert body["incomplete_details"] == {"reason": "content_filter"}


def test_what_was_asked_is_echoed(desk):
    asked: dict[str, Any] = {
        "instructions": "Be brief.",
        "metadata": {"a": "b"},
        "max_output_tokens": 99,
        "temperature": 0.5,
        "top_p": 0.9,
        "truncation": "auto",
        "user": "u",
        "safety_identifier": "s",
        "prompt_cache_key": "k",
        "prompt_cache_retention": "in_memory",
        "parallel_tool_calls": False,
        "store": False,
    }
    body = desk.respond(**asked, text={"verbosity": "low"}, reasoning={"effort": "high"}).body
    assert {name: body[name] for name in asked} == asked
    assert body["text"] == {"format": {"type": "text"}, "verbosity": "low"}
    assert body["reasoning"]["effort"] == "high"


def test_a_schema_is_honoured(desk):
    schema = {
        "type": "object",
        "properties": {"n": {"type": "integer", "minimum": 3}},
        "required": ["n"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "name": "number", "schema": schema, "strict": True}
    reply = desk.respond(text={"format": form})
    assert json.loads(text_of(reply))["n"] >= 3
    assert reply.body["text"]["format"] == {**form, "description": None}


def test_instructions_hold_for_one_request(desk):
    ask = "What is the code word?"
    told = desk.respond(ask, instructions="The code word is MAPLE.")
    assert text_of(told) == "MAPLE"
    more = {"previous_response_id": told.body["id"]}
    # The answer itself is history; the instructions are not.
    said = desk.respond("Hello.", instructions="The code word is MAPLE.").body["id"]
    assert text_of(desk.respond(ask, previous_response_id=said)) == "unknown"
    assert desk.respond(ask, **more).status == 200


def test_a_hosted_error_is_an_error(desk):
    assert desk.respond("[[script error_event]] x").status == 500
    body = desk.respond("[[script failed]] x").body
    assert (body["status"], body["error"]["code"]) == ("failed", "server_error")


def test_a_socket_is_declined_so_that_clients_fall_back(desk):
    reply = desk.ask("/responses", headers=(("upgrade", "websocket"), ("connection", "Upgrade")))
    assert reply.status == 426
    assert reply.body["error"]["code"] == "upgrade_required"
    assert desk.ask("/responses").status == 405


def test_tokens_are_counted_alike(desk):
    asked = {"instructions": "Be brief.", "tools": [FUNCTION], "input": "Say hello."}
    counted = desk.ask("/responses/input_tokens", {"model": "gpt-5.5", **asked}).body
    used = desk.ask("/responses", {"model": "gpt-5.5", **asked}).body["usage"]
    assert counted == {"object": "response.input_tokens", "input_tokens": used["input_tokens"]}
    assert used["total_tokens"] == used["input_tokens"] + used["output_tokens"]


def test_a_compacted_conversation_goes_on(desk):
    given = [
        {"role": "developer", "content": "The code word is BIRCH."},
        {"role": "user", "content": "Hello."},
    ]
    body = desk.ask("/responses/compact", {"model": "gpt-5.5", "input": given}).body
    assert check("responses/compaction", body) == []
    assert [item["type"] for item in body["output"]] == ["message", "compaction"]
    ask = {"role": "user", "content": "What is the code word?"}
    assert text_of(desk.respond([*body["output"], ask])) == "BIRCH"
    assert desk.ask("/responses/compact", {"input": "x"}).status == 400


JUNK: list[Any] = [None, True, -1, 1.5, 1e308, "", "x", [], {}, [None], [{}], {"type": ["x"]}]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every member inside a JSON value."""
    inner = list(enumerate(value)) if isinstance(value, list) else []
    inner += list(value.items()) if isinstance(value, dict) else []
    deeper = [found for key, item in inner for found in places(item, (*path, key))]
    return [path, *deeper] if path else deeper


def test_no_junk_anywhere_breaks_it(desk):
    whole = {
        "model": "gpt-5.5",
        "input": [
            {"role": "user", "content": [{"type": "input_image", "image_url": PNG}]},
            {"type": "reasoning", "summary": [], "content": None, "encrypted_content": "gAAA"},
            {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "call_1", "output": "ok"},
        ],
        "tools": [
            FUNCTION,
            CUSTOM,
            {"type": "namespace", "name": "n", "description": "d", "tools": [FUNCTION]},
            {"type": "mcp", "server_label": "x"},
        ],
        "tool_choice": {
            "type": "allowed_tools",
            "mode": "auto",
            "tools": [{"type": "function", "name": "weather"}],
        },
        "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}},
        "reasoning": {"effort": "low", "summary": "auto"},
        "metadata": {"a": "b"},
        "max_tool_calls": 2,
    }
    assert desk.ask("/responses", whole).status == 200
    for path in places(whole):
        for junk in JUNK:
            body = json.loads(json.dumps(whole))
            holder = body
            for key in path[:-1]:
                holder = holder[key]
            holder[path[-1]] = junk
            reply = desk.ask("/responses", body)
            assert reply.status in {200, 400, 404}, (path, junk)
            assert reply.status == 200 or check("errors/error", reply.body) == []


@pytest.mark.parametrize(
    ("messages", "given"),
    [
        ([{"role": "user", "content": "hello"}], "hello"),
        (
            [
                {"role": "user", "content": "hi"},
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {
                            "id": "call_1",
                            "type": "function",
                            "function": {"name": "f", "arguments": "{}"},
                        }
                    ],
                },
                {"role": "tool", "tool_call_id": "call_1", "content": "ok"},
            ],
            [
                {"role": "user", "content": "hi"},
                {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "call_1", "output": "ok"},
            ],
        ),
        (
            [
                {
                    "role": "user",
                    "content": [
                        {"type": "image_url", "image_url": {"url": PNG}},
                        {"type": "text", "text": "see"},
                    ],
                }
            ],
            [
                {
                    "role": "user",
                    "content": [
                        {"type": "input_image", "image_url": PNG},
                        {"type": "input_text", "text": "see"},
                    ],
                }
            ],
        ),
    ],
)
def test_chat_and_responses_count_alike(desk, messages, given):
    chat = desk.ask("/chat/completions", {"model": "gpt-5.5", "messages": messages}).body["usage"]
    used = desk.respond(given).body["usage"]
    assert chat["prompt_tokens"] == used["input_tokens"]
    assert chat["completion_tokens"] + 1 == used["output_tokens"]
