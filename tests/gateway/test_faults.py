"""Faults: found without being registered, each changes something, none changes what is kept."""

from typing import Any

import pytest

from gateway.faults.machinery.fault import Fault, Faulty, all_faults
from gateway.faults.machinery.stream_edits import is_json, renumbered, swap_frames
from gateway.faults.machinery.transform import alter, drop, put, rename
from gateway.frames import Ending, Frame, encode
from tests.gateway.chatting import PATCH, WEATHER, say
from tests.gateway.in_process import Desk, echo
from wire.exchange import Request

BODY: dict[str, Any] = {"a": [{"b": 1, "c": 2}, {"b": 3}], "d": {"e": None}}


def test_paths():
    assert drop("a[].b")(BODY) == {"a": [{"c": 2}, {}], "d": {"e": None}}
    assert drop("a[0]")(BODY)["a"] == [{"b": 3}]
    assert drop("a[]")(BODY)["a"] == []
    assert drop("x.y")(BODY) == BODY
    assert put("d.f", [1])(BODY)["d"] == {"e": None, "f": [1]}
    assert put("a[-1].b", lambda old: old + 1)(BODY)["a"][1] == {"b": 4}
    assert alter("a[].c", str)(BODY)["a"] == [{"b": 1, "c": "2"}, {"b": 3}]
    assert rename("d.e", "g")(BODY)["d"] == {"g": None}
    assert BODY == {"a": [{"b": 1, "c": 2}, {"b": 3}], "d": {"e": None}}


# Calls among which every fault of the areas below must show.
def _calls(desk: Desk) -> list[Any]:
    key = desk.gateway.keys.secrets["codex"]
    usage = {"include_usage": True}
    two = "Call the tool weather. Call the tool patch with input é"
    turns = [
        say(desk, echo("one é two three four five")),
        say(desk, "Count from 1 to 9", n=2, reasoning_effort="low", seed=1, top_p=0.5),
        say(desk, "Count from 1 to 99", max_completion_tokens=20, metadata={"a": "b"}, store=True),
        say(desk, "Count from 1 to 99", temperature=2.5),
        say(desk, "Count from 1 to 99", max_tokens=20, model="gpt-5.4"),
        *(say(desk, "word " * 1500) for _ in range(2)),
        say(desk, "Count from 1 to 9", stop="5", logprobs=True, service_tier="fast"),
        say(desk, "Count from 1 to 9", frequency_penalty=3),
        say(desk, "Count from 1 to 9", presence_penalty=3),
        say(desk, "Count", verbosity="loud"),
        say(desk, "Count", top_p=2),
        say(desk, "Count", temperature="x", seed="x", metadata=[]),
        say(desk, "Count", temperature="x"),
        say(desk, "Count", top_p="x"),
        say(desk, "Count", seed="x"),
        say(desk, "Count", metadata=[]),
        say(desk, "Count", n=0),
        say(desk, "Count", logprobs=True, top_logprobs=21),
        say(desk, "Count", max_completion_tokens=0),
        say(desk, "json", response_format={"type": "json_object"}),
        say(desk, two, tools=[WEATHER, PATCH], parallel_tool_calls=False),
        say(desk, two, tools=[WEATHER, PATCH]),
        say(desk, "hi", tools=[WEATHER], tool_choice="required"),
        say(desk, echo("one é two three four five"), stream=True, stream_options=usage),
        say(desk, "Count from 1 to 9 [[pace 5]]", stream=True),
        say(desk, two, tools=[WEATHER, PATCH], stream=True, stream_options={"include_obfuscation": False}),
        say(desk, "Refuse this request.", stream=True),
        say(desk, "hi", stream=True, n=0),
        say(desk, "hi", model="nope"),
        say(desk, "hi", key="revoked"),
        say(desk, "hi", key="other_tier"),
        say(desk, "hi", key="no_credit"),
        *(say(desk, "hi", key="low_limit") for _ in range(4)),
        say(desk, "hi [[script overload]]"),
        say(desk, "hi [[script upstream_401]]"),
        desk.ask("/models"), desk.ask("/models", method="PUT"), desk.ask("/models?foo=bar"),
        desk.ask("/models/gpt-5.5"), desk.ask("/models/nope"), desk.ask("/models", method="HEAD"),
        desk.ask("/models/"), desk.ask("/messages", {}),
    ]  # fmt: skip
    for path, headers in (
        ("/v1/models", ()),
        (f"/v1/models?api_key={key}", ()),
        ("/v1/models", (("authorization", "Bearer"),)),
        ("/v1/models", (("authorization", f"bearer {key}"),)),
        ("/v1/models", (("authorization", f"Token {key}"),)),
        ("/v1/models", (("authorization", f"Bearer {key}x"),)),
        ("/v1/models", (("authorization", f"Bearer {key}"), ("origin", "https://a.example"))),
    ):
        turns.append(desk.handler.handle(Request("GET", path, headers)))
    turns.append(desk.handler.handle(Request("POST", "/v1/chat/completions", (), b"{")))
    origin = (("origin", "https://a.example"),)
    turns.append(desk.handler.handle(Request("OPTIONS", "/v1/models", origin)))
    return turns


def _seen(replies: list[Any]) -> list[Any]:
    return [
        (r.status, sorted(r.headers), encode(r), r.ending, r.charge, r.delay_ms) for r in replies
    ]


@pytest.fixture(scope="module")
def right() -> list[Any]:
    return _seen(_calls(Desk()))


AREAS = {"auth", "tiers", "models", "chat", "usage", "http", "errors", "billing"}
# Faults that name what they break are proven by the matrix of faults and rules.
UNPROVEN = [
    fault
    for fault in all_faults().values()
    if not fault.breaks and fault.name.partition(".")[0] in AREAS
]


@pytest.mark.parametrize("fault", UNPROVEN, ids=lambda fault: fault.name)
def test_fault_shows(fault: Fault, right: list[Any]):
    wrong = _seen(_calls(Desk(lambda gateway: Faulty(gateway, (fault,)))))
    assert wrong != right
    assert fault.says.endswith(".")


def test_no_fault_is_no_change(right: list[Any]):
    assert _seen(_calls(Desk(lambda gateway: Faulty(gateway, ())))) == right


def test_faults_do_not_reach_what_is_kept():
    desk = Desk(lambda gateway: Faulty(gateway, (all_faults()["chat.content-altered"],)))
    made = say(desk, echo("whole"), store=True).body
    assert made["choices"][0]["message"]["content"] == "whol"
    kept = Desk.ask(desk, f"/chat/completions/{made['id']}").body
    assert kept["choices"][0]["message"]["content"] == "whole"


def test_several_faults_at_once():
    chosen = (all_faults()["chat.stream.done-missing"], all_faults()["chat.stream.cut"])
    desk = Desk(lambda gateway: Faulty(gateway, chosen))
    reply = say(desk, "Count from 1 to 9", stream=True)
    assert reply.ending is Ending.CUT
    assert len(reply.frames) == 3


def test_stream_edits():
    frames = tuple(Frame(0, "", {"sequence_number": n}) for n in range(3))
    reply = say(Desk(), "hi", stream=True)
    swapped = swap_frames(is_json)(Request("GET", "/"), reply)
    assert swapped.frames[:2] == reply.frames[1::-1]
    assert renumbered(frames[::-1]) == frames
