"""A model that is fast, random or forgetful is not a server that is broken."""

import pytest

from conformance.chat.prompts import SHORT, TEXT, echo
from tests.chat.hand_made import chunk, completion, judged, plain, stream, verdict, words

DONE = "[DONE]"


def echoes(said, *streamed):
    """The three echoes of a run: the plain answer, and two streams of these deltas."""
    first, second = streamed if len(streamed) == 2 else streamed * 2
    return (
        plain(completion(said), probe="chat.echo", text=echo()),
        stream(*words(*first), DONE, probe="chat.echo-stream", text=echo()),
        stream(*words(*second), DONE, probe="chat.echo-stream-usage", text=echo()),
        plain(completion(SHORT), probe="chat.small", text=echo(SHORT)),
    )


def tokens(text):
    return [text[at : at + 5] for at in range(0, len(text), 5)]


WHOLE = tokens(TEXT.strip())
LOST = WHOLE[:6] + WHOLE[7:]


@pytest.mark.parametrize(
    ("said", "streamed", "outcome"),
    [
        (TEXT, [WHOLE], "pass"),
        (TEXT.strip(), [WHOLE], "pass"),
        (TEXT.strip(), [LOST], "fail"),
        (TEXT.strip(), [LOST, WHOLE], "inconclusive"),
        ("lorem ipsum", [["dolor ", "sit"]], "inconclusive"),
        ("the same to all", [["the same", " to all"]], "pass"),
        (TEXT.strip(), [tokens(TEXT.strip().replace("\u200d", ""))], "inconclusive"),
    ],
)
def test_streamed_text(said, streamed, outcome):
    assert verdict("chat.stream.content", *echoes(said, *streamed)) == outcome


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (TEXT, "pass"),
        (TEXT.strip(), "pass"),
        ("lorem ipsum", "inconclusive"),
        (TEXT.replace("naïve", "naive"), "inconclusive"),
        (TEXT.encode().decode("latin-1"), "fail"),
        (TEXT.replace("世", "\ufffd"), "fail"),
    ],
)
def test_plain_text(said, outcome):
    others = [plain(completion("dolor"), probe="chat.small", text=echo(SHORT))]
    found = verdict(
        "chat.answer.exact-text", plain(completion(said), probe="chat.echo", text=echo()), *others
    )
    assert found == outcome


def counted(number, first_ms, gap_ms, text="Count from 1 to 80"):
    said = words(*(str(n) for n in range(number)))
    times = [first_ms + gap_ms * n for n in range(len(said))]
    return stream(*said, DONE, times=[*times, times[-1]], probe="chat.paced", text=text)


@pytest.mark.parametrize(
    ("x", "outcome"),
    [
        (counted(80, 500, 20), "pass"),
        (counted(80, 300, 0.5), "inconclusive"),  # a fast model
        (counted(80, 9_000, 0.4), "inconclusive"),  # long thought, fast talk
        (counted(120, 9_000, 0), "fail"),  # all of it at once, after a long silence
        (counted(3, 9_000, 0), "inconclusive"),
        (counted(14, 320, 40, "[[pace 40]] [[ttft 320]] Count from 1 to 14"), "pass"),
        (counted(14, 900, 0, "[[pace 40]] [[ttft 320]] Count from 1 to 14"), "fail"),
    ],
)
def test_arrival(x, outcome):
    assert verdict("chat.stream.incremental", x) == outcome


def test_headers():
    assert verdict("chat.stream.headers-early", counted(80, 500, 20)) == "pass"
    assert verdict("chat.stream.headers-early", counted(80, 30, 20)) == "pass"
    assert verdict("chat.stream.headers-early", counted(80, 0, 0)) == "inconclusive"


def test_a_model_that_does_not_call():
    text = 'Call the tool find with arguments {"name": "x"}'
    tool = {"type": "function", "function": {"name": "find", "parameters": {"type": "object"}}}
    kinds = ("chat.tool", "chat.tools-parallel")
    said = [plain(completion("No."), probe=p, text=text, tools=[tool]) for p in kinds]
    told = [
        stream(*words("No."), DONE, probe=p, text=text, tools=[tool])
        for p in ("chat.tool-stream", "chat.tools-parallel-stream")
    ]
    assert verdict("chat.tools.arguments", *said, *told) == "inconclusive"
    assert verdict("chat.tools.order", *said, *told) == "inconclusive"
    assert verdict("chat.tools.arguments", *said, *told, profile="reference") == "pass"
    assert verdict("chat.tools.order", *said, *told, profile="reference") == "fail"


def test_named_tools_may_end_with_stop():
    call = {"id": "call_1", "type": "function", "function": {"name": "find", "arguments": "{}"}}
    tool = {"type": "function", "function": {"name": "find", "parameters": {}}}
    body = completion(None, tool_calls=[call])
    named = {"type": "function", "function": {"name": "find"}}
    for choice, rows in (
        (None, ("fail", "blocked")),
        ("required", ("blocked", "advisory")),
        (named, ("blocked", "blocked")),
    ):
        x = plain(body, tools=[tool], tool_choice=choice)
        found = [verdict(f"chat.tools.finish-reason{end}", x) for end in ("", "-required")]
        assert tuple(found) == rows


def test_roles_of_a_stream_that_calls_at_once():
    """The real API puts a single forced call into the chunk with the role."""
    call = {
        "index": 0,
        "id": "call_1",
        "type": "function",
        "function": {"name": "f", "arguments": ""},
    }
    first = chunk({"role": "assistant", "content": None, "tool_calls": [call], "refusal": None})
    x = stream(first, chunk({}, finish="tool_calls"), DONE)
    assert verdict("chat.stream.role-first", x) == "pass"
    assert verdict("chat.tools.stream-head", x) == "pass"


def test_an_answer_cut_without_a_limit_is_shown():
    """The finding names its exchange, so that the report can show what was sent and answered."""
    cut = completion("1 2 3")
    cut["choices"][0]["finish_reason"] = "length"
    x = plain(cut, probe="chat.uncut", text="Count from 1 to 200")
    (finding,) = judged("chat.answer.uncut", x).findings
    assert finding.exchange == x.id
