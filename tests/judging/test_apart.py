"""Long values that begin alike are shown from where they part."""

from conformance.judging.finding import apart
from conformance.responses.difference import told
from reports.difference import Difference, difference


def test_short_or_different_texts_stay_whole():
    assert apart("200", "400") == ("200", "400")
    assert apart("a stream of events", "a body of JSON") == ("a stream of events", "a body of JSON")


def test_long_texts_begin_shortly_before_the_difference():
    one, two = apart("x" * 80 + "end", "x" * 80 + "END and more of it")
    assert (one, two) == ("…xxxxxxxxxxxxend", "…xxxxxxxxxxxxEND and more of it")
    one, two = apart("x" * 80, "x" * 70)
    assert (one, two) == ("…" + "x" * 22, "…" + "x" * 12)


def test_lists_and_objects_by_their_difference():
    wanted, found = told([{"id": "m" * 90, "text": "a"}], [{"id": "m" * 90, "text": "b"}])
    assert wanted.startswith("…")
    assert '"a"' in wanted
    assert '"b"' in found
    assert told([1, 2], [1]) == ("[1, 2]", "[1]")


def test_the_page_marks_what_differs():
    assert difference('"gpt-5.5"', '"gpt-5.4"') == Difference('"gpt-5.', "5", "4", '"')
    assert difference("alpha beta", "alpha beta") is None
    assert difference("200", "a page of HTML") is None
    assert difference("chatcmpl-abc0", "chatcmpl-abc") == Difference("chatcmpl-abc", "0", "", "")
    assert difference("aaaa aaaa", "aaaa aaaa aaaa") is not None
