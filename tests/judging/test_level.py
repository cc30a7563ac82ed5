"""Levels by profile: who is held to what, and why."""

import json
from fnmatch import fnmatchcase

import pytest

from conformance.judging.area import catalogue
from conformance.judging.finding import Finding, varied
from conformance.judging.judge import Judge, Outcome
from conformance.judging.level import Relevel, levelled
from conformance.judging.requirement import Level, Requirement
from conformance.running.profiles import ProfileError, load_profile
from tests.peers.hand_made import EVENTS, HELLO, MODEL, chunk, completion, said

ROW = Requirement("a.b", "a", Level.MUST, "It holds.", "here")
ABSENT = Finding("refusal", "string or null", "missing")
WRONG = Finding("refusal", "string or null", "integer 5")
NULLABLE = Relevel(("a.*",), Level.SHOULD, "nobody minds", found="(missing|null).*")


def judged(profile, requirement, *exchanges):
    row = catalogue().requirements[requirement]
    judge = Judge(catalogue(), load_profile(profile), exchanges)
    return judge.result(row, MODEL if row.per_model else "")


def test_only_what_an_entry_speaks_of_is_lowered():
    assert levelled(ROW, [ABSENT], [NULLABLE])[0].level is Level.SHOULD
    row, findings, why = levelled(ROW, [ABSENT, WRONG], [NULLABLE])
    assert (row.level, findings, why) == (Level.MUST, (WRONG, ABSENT), "")


def test_an_exception_keeps_its_level():
    entry = Relevel(("a.*",), Level.SHOULD, "nobody minds", but=("a.b",))
    assert levelled(ROW, [WRONG], [entry])[0].level is Level.MUST


def test_the_second_cause_does_not_hide_behind_many_of_the_first():
    many = [Finding(f"event {n}", "x", "y") for n in range(30)]
    assert varied([*many, WRONG])[:2] == [many[0], WRONG]


@pytest.mark.parametrize(("profile", "outcome"), [("openai", Outcome.ADVISORY),
                                                  ("codex", Outcome.FAIL), ("reference", Outcome.FAIL)])  # fmt: skip
def test_an_absent_member_that_may_be_null_is_strict_for_the_reference_alone(profile, outcome):
    answer = completion()
    del answer["choices"][0]["message"]["refusal"]
    found = judged(profile, "chat.response.refusal", said("chat.echo", HELLO, answer))
    assert found.outcome is outcome
    assert ("under profile openai" in found.reason) is (profile == "openai")


def test_content_may_be_left_out_beside_calls_and_not_in_place_of_a_text():
    answer = completion()
    del answer["choices"][0]["message"]["content"]
    x = said("chat.echo", HELLO, answer)
    assert judged("openai", "chat.response.content", x).outcome is Outcome.ADVISORY
    assert judged("openai", "chat.answer.text", x).outcome is Outcome.FAIL
    message = answer["choices"][0]["message"] = {"role": "assistant", "content": None}
    assert judged("openai", "chat.answer.text", said("chat.echo", HELLO, answer)).outcome is Outcome.FAIL  # fmt: skip
    message["refusal"] = "No."
    assert judged("openai", "chat.answer.text", said("chat.echo", HELLO, answer)).outcome is Outcome.PASS  # fmt: skip


def test_a_wrong_value_is_a_failure_everywhere():
    answer = completion()
    answer["choices"][0]["message"]["refusal"] = 5
    found = judged("openai", "chat.response.refusal", said("chat.echo", HELLO, answer))
    assert found.outcome is Outcome.FAIL


def test_a_limit_that_limits_nothing_stays_a_failure():
    body = HELLO | {"max_completion_tokens": 0}
    x = said(
        "chat_params.refuse.max-completion-tokens-bounds-0", body, completion(), of_model=False
    )
    name = "chat.param.max-completion-tokens.bounds"
    assert judged("openai", name, x).outcome is Outcome.FAIL
    lax = said(
        "chat_params.refuse.top-p-bounds-0", HELLO | {"top_p": -1}, completion(), of_model=False
    )
    assert judged("openai", "chat.param.top-p.bounds", lax).outcome is Outcome.ADVISORY
    assert judged("codex", "chat.param.top-p.bounds", lax).outcome is Outcome.FAIL


def told(delta, finish=None, **more):
    return {**chunk(delta=delta, finish_reason=finish), **more}


USAGE = {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10}
HI, END = told({"role": "assistant", "content": "Hi"}), told({}, "stop")


@pytest.mark.parametrize(("requirement", "asked", "chunks", "outcome"), [
    ("chat.stream.usage-last", {"include_usage": True}, [HI, told({}, "stop", usage=USAGE)], Outcome.ADVISORY),
    ("chat.stream.usage-last", {"include_usage": True}, [HI, END], Outcome.FAIL),
    ("chat.stream.no-usage-unasked", None, [HI, told({}, "stop", usage=USAGE)], Outcome.ADVISORY),
    ("chat.stream.finish-once", None, [HI, END, told({}, "stop")], Outcome.ADVISORY),
    ("chat.stream.finish-once", None, [HI], Outcome.FAIL),
    ("chat.stream.after-finish", None, [HI, END, told({"role": "assistant"})], Outcome.ADVISORY),
    ("chat.stream.after-finish", None, [HI, END, told({"content": "more"})], Outcome.FAIL),
])  # fmt: skip
def test_usage_and_ends_as_other_providers_stream_them(requirement, asked, chunks, outcome):
    """As DeepSeek, Mistral, Gemini and OpenRouter do; all clients that were measured take it."""
    asked = HELLO | {"stream": True} | ({"stream_options": asked} if asked else {})
    probe = "chat.echo-stream-usage" if "stream_options" in asked else "chat.echo-stream"
    body = "".join(f"data: {json.dumps(one)}\n\n" for one in chunks) + "data: [DONE]\n\n"
    x = said(probe, asked, body, headers=EVENTS)
    assert judged("openai", requirement, x).outcome is outcome
    assert judged("reference", requirement, x).outcome is Outcome.FAIL


def test_every_entry_names_requirements_and_a_reason():
    for name in ("openai", "codex", "reference"):
        for entry in load_profile(name).levels:
            assert len(entry.reason) > 20
            for pattern in (*entry.requirements, *entry.but):
                assert any(fnmatchcase(row, pattern) for row in catalogue().requirements), pattern


@pytest.mark.parametrize("row", ['requirements = ["a"]\nlevel = "SHOULD"\nreason = " "',
                                 'requirements = ["a"]\nlevel = "NONE"\nreason = "x"',
                                 'requirements = ["a"]\nlevel = "MAY"\nreason = "x"\nfound = "("',
                                 'requirements = ["a"]\nlevel = "MAY"'])  # fmt: skip
def test_a_broken_entry_is_told(tmp_path, row):
    path = tmp_path / "mine.toml"
    path.write_text(f"[[levels]]\n{row}\n")
    with pytest.raises(ProfileError):
        load_profile(str(path))
