"""Faults of the Responses area: what they leave alone. That each shows is the matter of the matrix (tests/faults)."""

from collections.abc import Callable
from typing import Any

from gateway.faults.machinery.fault import Faulty, all_faults
from gateway.frames import GatewayReply, encode
from tests.gateway.in_process import Desk, echo
from tests.gateway.test_responses import CUSTOM, FUNCTION, PNG, REFUSED
from tests.gateway.test_responses_stream import CASES

CODE = "What is the code word?"
FILE = {
    "type": "input_file",
    "filename": "a.txt",
    "file_data": "data:text/plain;base64,VGhlIGNvZGUgd29yZCBpcyBHSU5LR08u",
}
CALLED = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "ok"}
TALK = [
    {"role": "system", "content": "The code word is TEAK."},
    {"role": "developer", "content": "Be brief."},
    {"role": "user", "content": [{"type": "input_text", "text": "hi"}]},
    {"role": "assistant", "content": [{"type": "output_text", "text": "ho"}]},
    {"type": "reasoning", "summary": [], "content": None, "encrypted_content": "gAAA"},
    CALLED,
    {**OUTPUT, "output": [{"type": "input_text", "text": "ok"}]},
    {"role": "user", "content": CODE},
]
PLAIN: dict[str, dict[str, Any]] = {
    "talk": {"input": TALK},
    "spaces": {"input": echo(" hé < x ")},
    "image": {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": PNG}]}]},
    "file": {"input": [{"role": "user", "content": [FILE, {"type": "input_text", "text": CODE}]}]},
    "custom items": {
        "input": [
            {"type": "custom_tool_call", "call_id": "call_1", "name": "f", "input": "x"},
            {"type": "custom_tool_call_output", "call_id": "call_1", "output": "ok"},
        ]
    },
    "tools": {
        "input": "Call the tool weather. Call the tool time.",
        "tools": [
            FUNCTION,
            {**FUNCTION, "name": "time"},
            CUSTOM,
            {"type": "tool_search"},
            {"type": "web_search"},
        ],
        "tool_choice": {
            "type": "allowed_tools",
            "mode": "auto",
            "tools": [{"type": "function", "name": "time"}],
        },
    },
    "one call": {
        "input": "Call the tool weather. Call the tool weather.",
        "tools": [FUNCTION],
        "parallel_tool_calls": False,
    },
    "no call": {"input": "Call the tool weather.", "tools": [FUNCTION], "tool_choice": "none"},
    "hosted": {
        "input": "Hello",
        "tools": [{"type": "web_search"}],
        "tool_choice": "required",
    },
    "hosted twice": {
        "input": "[[script web_search]] [[script shell]] Hi",
        "max_tool_calls": 1,
    },
    "echo": {
        "input": CODE,
        "instructions": "The code word is YEW.",
        "metadata": {"a": "b"},
        "temperature": 0.1,
        "top_p": 0.1,
        "top_logprobs": 2,
        "include": ["message.output_text.logprobs", "reasoning.encrypted_content"],
        "text": {"verbosity": "low"},
        "reasoning": {"effort": "low", "summary": "auto"},
        "truncation": "auto",
        "user": "u",
        "safety_identifier": "s",
        "prompt_cache_key": "k",
        "prompt_cache_retention": "in_memory",
        "service_tier": "ultrafast",
        "store": True,
        "client_metadata": {"a": "b"},
    },
    "schema": {
        "input": "x",
        "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}},
    },
    "unknown previous": {"input": "x", "previous_response_id": "resp_nope"},
    "talks": {"input": "x", "conversation": "conv_1"},
    "prompt": {"input": "x", "prompt": {"id": "pmpt_1"}},
    "compacting": {"input": "x", "context_management": [{"type": "nope"}]},
    "bounds": {"input": "x", "top_p": 1.5},
    "calls": {"input": "x", "max_tool_calls": 0},
    "too long": {"input": "[[usage prompt=2000000]] Hi", "truncation": "disabled"},
    "reference": {"input": [{"type": "item_reference", "id": "msg_9"}]},
    "no model": {"model": ...},
    "no input": {"input": ...},
    **{f"refused {n}": {"input": "x", **change} for n, (change, _, _) in enumerate(REFUSED)},
    **CASES,
}
STREAMED = {
    **CASES,
    "paced": {"input": f"[[ttft 50]] [[pace 5]] {echo('hé é ab cd ')}"},
    "bare": {"input": "a b c", "stream_options": {"include_obfuscation": False}},
    "asked": {
        "input": "x y z w",
        "instructions": "a",
        "metadata": {"a": "b"},
        "tools": [{"type": "web_search"}],
    },
}
Scenario = Callable[[Desk], list[GatewayReply]]


def _one(case: dict[str, Any], stream: bool) -> Scenario:
    def play(desk: Desk) -> list[GatewayReply]:
        body = {"model": "gpt-5.5", "input": "Hello.", **case}
        body = {name: value for name, value in body.items() if value is not ...}
        return [desk.ask("/responses", {**body, "stream": True} if stream else body)]

    return play


def _life(desk: Desk) -> list[GatewayReply]:
    """A response that is made, read, continued, listed and deleted."""
    given = [{"role": "user", "content": f"n{n}"} for n in range(3)]
    made = desk.respond(given, store=True, instructions="The code word is ELM.")
    name = (made.body or {}).get("id", "resp_x")
    path = f"/responses/{name}"
    listed = f"{path}/input_items"
    return [
        made,
        desk.ask(path),
        desk.ask(f"{path}?stream=true&starting_after=3"),
        desk.ask(listed),
        desk.ask(f"{listed}?limit=1"),
        desk.ask(f"{listed}?order=asc"),
        desk.ask(f"{listed}?include[]=foo"),
        desk.ask(f"{listed}?after=nope"),
        desk.respond(CODE, previous_response_id=name),
        desk.ask(f"{path}/cancel", {}),
        desk.ask(path, method="DELETE"),
        desk.ask(path),
        desk.ask(path, method="DELETE"),
    ]


def _work(desk: Desk) -> list[GatewayReply]:
    """Work in the background: cancelled once, done once; and what is not stored."""
    found = []
    for cancelled in (True, False):
        made = desk.respond(background=True)
        path = f"/responses/{(made.body or {}).get('id', 'resp_x')}"
        found += [made, *([desk.ask(f"{path}/cancel", {})] if cancelled else [])]
        desk.clock.now += 10
        found.append(desk.ask(path))
    kept = desk.respond("hi", store=False)
    return [*found, kept, desk.ask(f"/responses/{(kept.body or {}).get('id', 'resp_x')}")]


def _talk(desk: Desk) -> list[GatewayReply]:
    """Conversations, compaction, counting, sockets."""
    body = {"model": "gpt-5.5", "input": "Hello."}
    return [
        desk.respond("The code word is OAK.", conversation="conv_1"),
        desk.respond(CODE, conversation="conv_1"),
        desk.ask("/responses/compact", body),
        desk.ask("/responses/input_tokens", body),
        desk.ask("/responses", headers=(("upgrade", "websocket"),)),
    ]


SCENARIOS: dict[str, Scenario] = {
    **{f"stream {name}": _one(case, stream=True) for name, case in STREAMED.items()},
    **{f"plain {name}": _one(case, stream=False) for name, case in PLAIN.items()},
    "life": _life,
    "work": _work,
    "talk": _talk,
}


def _seen(replies: list[GatewayReply]) -> list[Any]:
    """What a caller and the ledger see; how long the machine took is left out."""
    slow = {"openai-processing-ms"}
    return [
        (
            reply.status,
            tuple(pair for pair in reply.headers if pair[0] not in slow),
            encode(reply),
            reply.ending,
            reply.charge,
        )
        for reply in replies
    ]


def test_without_a_fault_the_same_is_said_twice():
    assert all(_seen(play(Desk())) == _seen(play(Desk())) for play in SCENARIOS.values())


def test_a_fault_leaves_other_endpoints_alone():
    areas = ("responses.", "responses_params.")
    faults = tuple(fault for name, fault in all_faults().items() if name.startswith(areas))
    assert len(faults) > 1000

    def wrap(gateway: Any) -> Faulty:
        return Faulty(gateway, faults)

    chat = {"model": "gpt-5.5", "messages": [{"role": "user", "content": "hi"}]}
    for body in (chat, {**chat, "stream": True}):
        right, wrong = (desk.ask("/chat/completions", body) for desk in (Desk(), Desk(wrap)))
        assert _seen([right]) == _seen([wrong])


def test_what_is_kept_stays_right_behind_a_fault():
    fault = all_faults()["responses.text-doubled"]
    desk = Desk(lambda gateway: Faulty(gateway, (fault,)))
    made = desk.respond(echo("once")).body
    assert made["output"][0]["content"][0]["text"] == "onceonce"
    kept = desk.ask(f"/responses/{made['id']}").body
    assert kept["output"][0]["content"][0]["text"] == "once"
