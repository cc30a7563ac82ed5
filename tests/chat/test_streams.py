"""Order and framing of chat streams, on streams made by hand."""

import pytest

from conformance.judging.framing import NAMES
from tests.chat.hand_made import HEAD, chunk, encoded, judged, stream, verdict, words
from wire.exchange import Ended

DONE = "[DONE]"
USAGE = {
    **HEAD,
    "choices": [],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}
ORDER = (
    "role-first", "role-once", "finish-once", "after-finish", "empty-choices", "done",
    "nothing-after-done",
)  # fmt: skip


def broken(*payloads, **asked):
    x = stream(*payloads, **asked)
    said = {name: verdict(f"chat.stream.{name}", x) for name in ORDER}
    return {name for name, outcome in said.items() if outcome in {"fail", "advisory"}}


def test_two_choices_may_interleave():
    first, second = words("a", "b"), words("c", "d", index=1)
    mixed = [c for pair in zip(first, second, strict=True) for c in pair]
    x = stream(*mixed, USAGE, DONE, n=2, stream_options={"include_usage": True})
    assert verdict("chat.stream.usage-last", x) == "pass"
    assert verdict("chat.answer.choices", x) == "pass"
    assert broken(*mixed, DONE, n=2) == set()


def test_a_choice_that_is_missing():
    assert verdict("chat.answer.choices", stream(*words("a"), DONE, n=2)) == "fail"


@pytest.mark.parametrize("place", [1, 3, 4])
def test_a_moderation_chunk_may_come_anywhere_after_the_first(place):
    payloads = [*words("a", "b"), USAGE, DONE]
    payloads.insert(place, {**HEAD, "choices": [], "moderation": {"input": {}, "output": {}}})
    assert broken(*payloads, stream_options={"include_usage": True}) == set()


def test_comments_are_signs_of_life():
    x = stream(b": waiting\n\n", *words("a"), b": still there\n\n", DONE)
    assert verdict("chat.stream.heartbeat", x) == "pass"
    assert verdict("chat.stream.no-empty-event", x) == "pass"
    assert verdict("chat.stream.heartbeat", stream(*words("a"), {}, DONE)) == "fail"


@pytest.mark.parametrize(
    ("payloads", "names"),
    [
        ([*words("a")], {"done"}),
        ([DONE], set()),
        ([*words("a"), DONE, DONE], {"nothing-after-done"}),
        ([*words("a"), DONE, chunk({"content": "b"})], {"nothing-after-done", "after-finish"}),
        ([*words("a")[1:], DONE], {"role-first"}),
        ([words("a")[0], *words("a"), DONE], {"role-once"}),
        ([*words("a")[:-1], DONE], {"finish-once"}),
        ([*words("a"), chunk({}, finish="stop"), DONE], {"finish-once"}),
        ([*words("a"), chunk({"content": "late"}), DONE], {"after-finish"}),
        ([{**HEAD, "choices": []}, *words("a"), DONE], {"empty-choices"}),
    ],
)
def test_order(payloads, names):
    assert broken(*payloads) == names


@pytest.mark.parametrize(
    "ended", [Ended.ABORTED, Ended.CUT, Ended.RESET, Ended.TIMEOUT, Ended.LIMIT]
)
def test_a_stream_without_its_end_is_judged_up_to_there(ended):
    x = stream(*words("a")[:-1], ended=ended)
    assert all(verdict(f"chat.stream.{name}", x) == "pass" for name in ORDER)
    ours = ended in {Ended.ABORTED, Ended.LIMIT}
    assert verdict("chat.stream.whole", x) == ("pass" if ours else "fail")


@pytest.mark.parametrize(
    ("payloads", "name"),
    [
        ([b"\xef\xbb\xbf", *words("a"), DONE], "no-bom"),
        ([*words("a"), b'data: {"x":"\xe9"}\n\n', DONE], "utf-8"),
        ([b"id: 1\n", *words("a"), DONE], "no-id"),
        ([b"retry: 10\n\n", *words("a"), DONE], "no-empty-event"),
        ([b"event: ping\n\n", *words("a"), DONE], "no-empty-event"),
        ([b"data:\n\n", *words("a"), DONE], "no-empty-event"),
        ([b'"choices": []\n', *words("a"), DONE], "fields"),
        ([b": x\r\n", *words("a"), DONE], "line-ends"),
        ([*words("a"), b"data: [DONE]"], "terminated"),
        ([b"data: " + b"x" * (9 << 20), b"\n\n"], "event-size"),
        ([*words("a"), "[1]", DONE], "json"),
        ([*words("a"), encoded(chunk({"content": "\ud83d"})), DONE], "unicode"),
        ([*words("a")], None),
    ],
)
def test_framing(payloads, name):
    found = {
        row for row in NAMES
        if verdict(f"chat.stream.{row}", stream(*payloads)) in {"fail", "advisory"}
    }  # fmt: skip
    assert found == ({name} if name else set())


def test_both_line_ends_are_legal():
    x = stream(*[encoded(p).replace(b"\n", b"\r\n") for p in (*words("a"), DONE)])
    assert verdict("chat.stream.line-ends", x) == "pass"


def test_what_is_said_of_a_deviation():
    result = judged("chat.stream.after-finish", stream(*words("a"), chunk({"content": "b"}), DONE))
    assert result.findings[0].where == "event 3, choice 0 after its finish_reason"
    assert result.findings[0].event == 3


def test_deltas_are_no_more_than_what_is_new():
    grown = stream(*words("a", "a b", "a b c", "a b c d"), DONE)
    assert verdict("chat.stream.increments", grown) == "fail"
    # Digits of a number that counts up are no repetition.
    assert (
        verdict("chat.stream.increments", stream(*words("1", "10", " 1", "11", "12"), DONE))
        == "pass"
    )


CALL = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": ""}}
PIECE = {"index": 0, "function": {"arguments": "{}"}}


@pytest.mark.parametrize(
    ("calls", "row"),
    [
        ([PIECE], "head"),
        ([CALL, {**PIECE, "id": "call_1"}], "once"),
        ([CALL, {**CALL, "index": 2, "id": "call_2"}], "index"),
        ([CALL, {**CALL, "index": 1, "id": "call_2"}, PIECE], "in-turn"),
        ([CALL, PIECE, {**CALL, "index": 1, "id": "call_2"}, {**PIECE, "index": 1}], None),
    ],
)
def test_tool_calls(calls, row):
    role = chunk({"role": "assistant", "content": None})
    parts = [chunk({"tool_calls": [call]}) for call in calls]
    x = stream(role, *parts, chunk({}, finish="tool_calls"), DONE)
    found = {
        name for name in ("head", "once", "index", "in-turn")
        if verdict(f"chat.tools.stream-{name}", x) == "fail"
    }  # fmt: skip
    assert found == ({row} if row else set())
