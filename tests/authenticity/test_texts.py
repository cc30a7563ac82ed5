"""Texts that are changed on their way cost other tokens: which change it was is said, and nobody else is blamed."""

from dataclasses import replace

import pytest

from conformance.authenticity.alterations import CHANGES
from conformance.authenticity.probes import EDGED, END, PARTS, START, WILD, conversation
from conformance.authenticity.tokens import ENDS_ROW, VERBATIM_ROW
from tests.authenticity.test_area import bad, judged
from wire.tokens.asked import Asked
from wire.tokens.prompt import text_tokens
from wire.tokens.vocabulary import vocabulary

# What costs as many tokens as before, and is seen by other rows or not at all.
ALIKE = {
    "spaces at the start are lost", "spaces at the end are lost", "line ends at the start are lost",
    "backslashes are doubled", "all but ASCII became question marks",
}  # fmt: skip
PATHS = ({"mixed", "thai"}, {"json", "repeated"}, {"hindi", "english"}, {"code", "spaces"})


@pytest.mark.parametrize("name", sorted(set(CHANGES) - ALIKE))
def test_every_change_costs_other_tokens_on_every_path(name):
    words = vocabulary("o200k_base")
    assert set().union(*PATHS) == set(EDGED)
    shown = set()
    for probe in EDGED:
        sent = Asked(conversation(probe))
        made = tuple(m._replace(text=CHANGES[name](m.text)) for m in sent.messages)
        if text_tokens(replace(sent, messages=made), words) != text_tokens(sent, words):
            shown.add(probe)
    assert all(path & shown for path in PATHS)


def test_every_place_of_a_conversation_has_the_wild_text():
    for probe in EDGED:
        texts = [m.text for m in conversation(probe) if m.text != "Begin."]
        assert len(texts) == (3 if probe in PARTS else 2)
        assert all(WILD in t and t.startswith(START) and t.endswith(END) for t in texts)


@pytest.mark.parametrize(
    ("fault", "row", "said"),
    [
        ("stripped-chat", ENDS_ROW, "spaces and line ends at both ends are lost in every message"),
        ("last-line-end-lost-responses", ENDS_ROW, "the last line end is lost"),
        ("system-stripped-responses-stream", ENDS_ROW, "spaces and line ends at both ends are lost in the system's messages"),
        ("crlf-as-lf-chat", VERBATIM_ROW, "CR LF became LF in every message"),
        ("composed-responses-stream", VERBATIM_ROW, "letters are composed (NFC)"),
        ("control-lost-chat-stream", VERBATIM_ROW, "control characters are lost"),
    ],
)  # fmt: skip
def test_a_change_is_found_by_its_row_and_named(fault, row, said):
    outputs = {"authenticity.prompt.tool-results", "authenticity.prompt.tool-outputs"}
    assert bad(f"authenticity.{fault}") - outputs == {row}
    assert said in judged(f"authenticity.{fault}")[1][row].findings[0].found


@pytest.mark.parametrize(
    "fault", ["assistant-stripped-chat-stream", "assistant-composed-responses"]
)
def test_a_place_that_is_tried_once_on_a_path_is_told_by_its_one_count(fault):
    assert len(bad(f"authenticity.{fault}") & {ENDS_ROW, VERBATIM_ROW}) == 1


@pytest.mark.parametrize("fault", ["prompt-1.01", "plus-1", "rounded", "cl100k", "long-1.05"])
def test_what_is_counted_otherwise_in_general_is_no_change_of_texts(fault):
    assert not bad(f"authenticity.{fault}") & {ENDS_ROW, VERBATIM_ROW}


def test_who_counts_with_another_vocabulary_is_not_judged():
    outcomes = judged("authenticity.stripped-chat", sold="")[1]
    assert not outcomes[ENDS_ROW].findings and outcomes[ENDS_ROW].outcome != "pass"
