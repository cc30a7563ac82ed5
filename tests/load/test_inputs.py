"""Files of inputs as people have them: read, or refused with file, line and column."""

import re

import pytest

from load.workload.file_prompts import FromFile
from load.workload.refusals import PlanError
from load.workload.rows import InputError, json_rows
from load.workload.trace import read_trace
from load.workload.trace_prompts import FromTrace
from tests.load.streams import plan_with
from wire.tokens.vocabulary import vocabulary

TRACE = '{"timestamp": %d, "input_length": %d, "output_length": %d, "hash_ids": %s}'


def values(path):
    return [row.value for row in json_rows(path)]


@pytest.mark.parametrize("data", [
    b'{"prompt": "a"}\n{"prompt": "b"}\n',
    b'\xef\xbb\xbf{"prompt": "a"}\n{"prompt": "b"}',
    b'{"prompt": "a"}\r\n\r\n  \r\n{"prompt": "b"}\r\n',
    b'[{"prompt": "a"}, {"prompt": "b"}]',
    b'\xef\xbb\xbf[\n {"prompt": "a"},\n {"prompt": "b"}\n]\n',
])  # fmt: skip
def test_rows_of_every_form(tmp_path, data):
    path = tmp_path / "prompts.jsonl"
    path.write_bytes(data)
    assert values(path) == [{"prompt": "a"}, {"prompt": "b"}]
    assert len(FromFile(path)) == 2


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x85", "\x7f"])
def test_only_a_line_feed_ends_a_line(tmp_path, mark):
    path = tmp_path / "prompts.jsonl"
    path.write_text(f'{{"prompt": "a{mark}b"}}\n', encoding="utf-8")
    assert values(path) == [{"prompt": f"a{mark}b"}]


@pytest.mark.parametrize(("data", "where", "what"), [
    (b'{"prompt": "a"}\nno json\n', ":2:1: ", "not JSON"),
    (b'{"prompt": "a"}\n{"prompt": "b" "c"}\n', ":2:16: ", "not JSON"),
    (b'{"prompt": "caf\xe9"}', ":1:16: ", "not UTF-8"),
    (b'{"prompt": "a"}\n{"prompt": "caf\xe9"}', ":2:16: ", "not UTF-8"),
    ("\ufeffx".encode("utf-16-le"), ":1:1: ", "UTF-16"),
    (b"", ":1:1: ", "no prompts"),
    (b"\n7\n", ":2:1: ", "expected an object or a string"),
    (b'{"question": "a"}', ":1:1: ", "neither prompt"),
    (b'{"prompt": "a", "output_tokens": "many"}', ":1:1: ", "output_tokens is 'many'"),
    (b'{"prompt": "a", "output_tokens": 1.5}', ":1:1: ", "output_tokens is 1.5"),
    (b'{"prompt": ' + b"[" * 100_000, ":1:1: ", "not readable"),
    (b'{"prompt": ' + b"1" * 5000 + b"}", ":1:1: ", "not readable"),
])  # fmt: skip
def test_an_error_names_file_line_and_column(tmp_path, data, where, what):
    path = tmp_path / "prompts.jsonl"
    path.write_bytes(data)
    with pytest.raises(InputError, match=re.escape(f"{path}{where}")) as raised:
        FromFile(path)
    assert what in str(raised.value)
    with pytest.raises(PlanError, match=re.escape(f"{path}{where}")):
        plan_with(prompts=str(path))


@pytest.mark.parametrize("length", ["10", 10, 10.0], ids=["text", "integer", "float"])
def test_a_number_of_tokens_may_be_written_as_text(tmp_path, length):
    path = tmp_path / "prompts.jsonl"
    path.write_text(f'{{"prompt": "a", "output_tokens": {length!r}}}'.replace("'", '"'))
    assert FromFile(path)(0).output_tokens == 10


@pytest.mark.parametrize(("text", "where", "what"), [
    ('{"timestamp": 0, "input_length": 5}\nno\n', ":2:1: ", "not JSON"),
    ("TIMESTAMP;ContextTokens\n1;2\n", ":1:1: ", "separated by commas"),
    ("TIMESTAMP,ContextTokens,GeneratedTokens\n1,2,3\n1,x,3\n", ":3:1: ", "the input length is 'x'"),
    ('{"timestamp": 0}\n', ":1:1: ", "it has none of input_length"),
])  # fmt: skip
def test_an_error_in_a_trace_names_its_line(tmp_path, text, where, what):
    path = tmp_path / "trace"
    path.write_text(text)
    with pytest.raises(InputError, match=re.escape(f"{path}{where}")) as raised:
        read_trace(path)
    assert what in str(raised.value)


def test_a_trace_is_sent_whole_unless_told_otherwise(tmp_path):
    path = tmp_path / "trace.jsonl"
    path.write_text("\n".join(TRACE % (2000 * n, 50, 5, []) for n in range(100)))
    trace = {"arrivals": "trace", "trace": str(path)}
    assert plan_with(**trace).schedule.planned == 100
    some = plan_with(**trace, duration=30.0).schedule
    assert some.planned == 15
    assert "15 of 100 entries in 30 s (--duration ends it)" in some.described


@pytest.mark.parametrize(("length", "output", "blocks"), [
    (100, 10, [0]), (520, 10, [0, 1]), (655, 20, [0, 1]), (1024, 50, [3, 4]), (6758, 500, list(range(14))),
    (655, 20, []), (40, 200, []), (40, 200, [7]), (2000, 20, [1]),
])  # fmt: skip
def test_prompts_of_a_trace_have_its_lengths_in_tokens(tmp_path, length, output, blocks):
    path = tmp_path / "trace.jsonl"
    path.write_text("\n".join(TRACE % (n, length, output, blocks) for n in range(3)))
    prompts = FromTrace(read_trace(path), 1)
    texts = [prompts(n).messages[0]["content"] for n in range(3)]
    for text in texts:  # 7 are what a message costs beside its text
        assert vocabulary("o200k_base").count(text) + 7 == pytest.approx(length, abs=2)
    if len(blocks) > 1:
        assert texts[0][:2000] == texts[1][:2000]  # one block, one text: a cache sees it
    assert prompts(0).output_tokens == output


def test_a_trace_may_hold_its_texts(tmp_path):
    path = tmp_path / "trace.jsonl"
    path.write_text('{"timestamp": 5, "text_input": "Tell me"}\n')
    (entry,) = read_trace(path)
    assert (entry.text, entry.output_tokens) == ("Tell me", None)
    assert FromTrace([entry], 1)(0).messages[0]["content"] == "Tell me"


@pytest.mark.parametrize(("text", "what"), [
    ("{", ":1:2: not JSON"), ("[]", "not a load.json"), ('{"a": 1}', "not a load.json"), ('{"schema_version": 2, "outcomes": {}}', "not a load.json"),
])  # fmt: skip
def test_a_baseline_that_cannot_be_read_is_refused_before_the_run(tmp_path, text, what):
    path = tmp_path / "last.json"
    path.write_text(text)
    with pytest.raises(PlanError, match=re.escape(what)):
        plan_with(baseline=str(path))
