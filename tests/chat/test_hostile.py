"""No answer makes a rule of the chat area raise."""

import itertools

import pytest

from conformance.judging.area import catalogue
from conformance.judging.rule import Rule
from conformance.judging.run import Run
from conformance.running.profiles import load_profile
from tests.chat.hand_made import chunk, plain, stream
from wire.exchange import NO_REPLY, Ended, Exchange, Request

NASTY = (
    None, 0, True, "x", [], [[]], {}, "[DONE]", {"error": None}, {"error": "x"}, {"error": {}},
    {"choices": None}, {"choices": {}}, {"choices": [None, 1, "x", []]}, {"id": [], "choices": []},
    {"choices": [{"index": "0", "delta": 5, "message": 5, "finish_reason": {}}], "usage": 5},
    {"choices": [{"index": True, "delta": {"content": 5, "refusal": [], "tool_calls": {}}}]},
    {"choices": [{"index": -1, "delta": {"tool_calls": [None, 1, {"index": 0, "function": "f"}]}}]},
    {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 10**30, "id": 5, "type": [], "function": {"name": [], "arguments": {}}}]}}]},
    {"choices": [{"index": 0, "delta": {"role": ["assistant"], "tool_calls": [{"index": 0, "custom": {"name": 1, "input": 2}}]}}]},
    {"choices": [{"index": 0, "message": {"content": [], "refusal": {}, "tool_calls": [None, {"id": [], "type": {}, "function": {"name": {}, "arguments": "]"}}]}}]},
    {"choices": [{"index": 0, "message": {"content": "x", "annotations": [None, {"url_citation": {"start_index": "a"}}]}, "logprobs": {"content": [None, {"token": 1, "bytes": ["a", -1, 999], "logprob": "x", "top_logprobs": [None, {}]}]}}]},
    {"choices": [{"index": 0, "delta": {"content": "\ud83d"}, "logprobs": {"content": {"a": 1}}}], "obfuscation": {}},
    {"id": "chatcmpl-1", "created": 10**40, "model": {}, "choices": [], "usage": {"completion_tokens": "x"}},
    chunk({"content": "a"}, finish="stop", usage={"completion_tokens": 1.5, "completion_tokens_details": []}),
    b"data: {\n\n", b"\xff\xfe\n\n", b"event: error\ndata: {}\n\n", b"data: [[[[\n\n", b"id\nretry\n\n",
)  # fmt: skip
ASKED = (
    {},
    {"messages": None, "tools": 5, "tool_choice": 5, "n": "x", "stream_options": 5},
    {"messages": [None], "tools": [None, {"type": []}], "tool_choice": {}, "n": -1, "logprobs": True},
    {"messages": [{"role": "tool", "content": []}], "n": 2, "stream_options": {"include_usage": True}},
    {"text": 'Call the tool find with arguments {"a": 1}', "tools": [{"type": "function", "function": {"name": "find", "strict": True, "parameters": {"type": 5, "pattern": "["}}}]},
    {"text": "Repeat the text between the markers exactly\n<<<\né\n>>>", "top_logprobs": []},
)  # fmt: skip
PROBES = (
    "chat.echo", "chat.small", "chat.choices", "chat.refusal", "chat.tool-result", "chat.annotations",
    "chat.after-abort", "chat.balance-before-abort", "chat.balance-after-abort", "chat.abort",
    "chat.paced", "chat.refusal-stream", "chat.midstream-error", "chat.echo-stream", "chat.choices-stream",
)  # fmt: skip


def exchanges(asked):
    probes = itertools.cycle(PROBES)
    for number, value in enumerate(NASTY):
        after = (value, NASTY[number - 1], NASTY[number - 2])
        for ended in (Ended.COMPLETE, Ended.ABORTED):
            yield stream(*after, ended=ended, probe=next(probes), **asked)
        yield plain(value, probe=next(probes), **asked)
        yield plain(value, status=500, probe=next(probes), stream=True, **asked)
    empty = Request("POST", "/v1/chat/completions", (), b"{")
    yield Exchange("nothing", empty, NO_REPLY, probe=next(probes), model="gpt-5.5")


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("profile", ["reference", "openai"])
def test_hostile(asked, profile):
    area = next(a for a in catalogue().areas if a.name == "chat")
    made = list(exchanges(asked))
    run = Run(tuple(made), load_profile(profile), "gpt-5.5")
    for rule in area.rules:
        if isinstance(rule, Rule):
            for x in made:
                if rule.on.matches(x):
                    list(rule.judge(x))
        elif all(any(x.probe == p for x in made) for p in rule.probes):
            list(rule.judge(run))
