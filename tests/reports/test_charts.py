import math
from xml.etree import ElementTree as ET

import pytest

from reports.charts import HEIGHT, WIDTH, Words, arrivals, bars, line, percentiles
from reports.ticks import Scale, decades, label, nice

WORDS = Words("Time to first token", "seconds", "ms", 400, "SLO 400 ms")


def drawn(svg):
    root = ET.fromstring(str(svg))
    return root, [node.text or "" for node in root.iter() if node.tag == "text"]


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 100, [0, 20, 40, 60, 80, 100]),
        (0, 7, [0, 2, 4, 6, 8]),
        (0, 0.013, [0, 0.005, 0.01, 0.015]),
        (-3, 3, [-4, -2, 0, 2, 4]),
        (5, 5, [5, 6, 7, 8, 9, 10]),
        (0, 0, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (math.nan, 1, [0]),
        (math.inf, 1, [0]),
    ],
)
def test_nice_ticks(low, high, ticks):
    assert nice(low, high) == pytest.approx(ticks)


@pytest.mark.parametrize("high", [1e-9, 0.3, 1, 7, 99, 1234567, 1e15])
def test_ticks_span_what_is_shown_and_are_few(high):
    assert nice(0, high)[-1] >= high
    assert 3 <= len(nice(0, high)) <= 9
    assert decades(high / 3, high)[-1] >= high * 0.999
    assert decades(high / 3, high)[0] <= high / 3 * 1.001


def test_decades():
    assert decades(3, 150) == pytest.approx([2, 5, 10, 20, 50, 100, 200])
    assert decades(1, 1e6) == pytest.approx([10.0**n for n in range(7)])
    assert decades(0, 0)[0] > 0


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.25, "0.25"), (1500, "1,500"), (20000, "20k"), (1.5e6, "1.5M"), (-3, "-3")],
)
def test_labels(value, text):
    assert label(value) == text


def test_scales_stay_on_the_plane():
    assert Scale(0, 10, 0, 100)(5) == 50
    assert Scale(0, 10, 0, 100)(99) == 100
    assert Scale(1, 100, 0, 100, log=True)(10) == 50
    assert Scale(1, 100, 0, 100, log=True)(0) == 0
    assert Scale(3, 3, 0, 100)(3) == 0


def test_a_gap_stays_a_gap_and_a_lone_point_is_a_dot():
    svg, _ = drawn(
        line(
            {"p50": [(0, 1), (1, 2), (2, None), (3, 4), (4, math.nan), (5, 1), (6, 2)]},
            WORDS,
            area=True,
        )
    )
    assert len([n for n in svg.iter("path") if n.get("class", "").startswith("line")]) == 2
    assert len([n for n in svg.iter("path") if n.get("class", "").startswith("area")]) == 2
    assert len(list(svg.iter("circle"))) == 1


def test_everything_lies_inside_the_frame():
    series = {"a": [(n, n * n) for n in range(50)], "b": [(n, 1 + n) for n in range(50)]}
    for svg in (
        line(series, WORDS),
        line(series, WORDS, log=True),
        percentiles({"a": [(50, 1), (99.99, 900)]}, WORDS),
    ):
        root, texts = drawn(svg)
        for node in root.iter("path"):
            if node.get("class", "").startswith("line"):
                pairs = [pair.split(",") for pair in node.get("d")[1:].split("L")]
                assert all(0 <= float(x) <= WIDTH and 0 <= float(y) <= HEIGHT for x, y in pairs)
        assert "Time to first token" in texts


def test_the_tail_has_room_and_its_names():
    _, texts = drawn(
        percentiles({"ttft": [(p, 100 + p) for p in (0, 50, 90, 99, 99.9)] + [(100, 900)]}, WORDS)
    )
    assert [text for text in texts if text.startswith("p")] == ["p0", "p50", "p90", "p99", "p99.9"]
    assert "SLO 400 ms" in texts


def test_bars_stack_and_keep_their_colour():
    svg, texts = drawn(
        bars({"10/s": {"ok": 3, "cut": 1}, "20/s": {"cut": 2, "ok": 2}}, Words("Outcomes"))
    )
    blocks = [n for n in svg.iter("rect") if list(n)]
    assert [n.get("class") for n in blocks] == ["block s0", "block s1", "block s1", "block s0"]
    assert sum(float(n.get("height")) for n in blocks[:2]) == pytest.approx(
        sum(float(n.get("height")) for n in blocks[2:]), abs=0.3
    )
    assert {"10/s", "20/s"} <= set(texts)


def test_no_data_says_so():
    for svg in (
        line({}, WORDS),
        line({"a": [(1, None)]}, WORDS),
        percentiles({}, WORDS),
        bars({}, WORDS),
        bars({"a": {}}, WORDS),
    ):
        assert "no data" in drawn(svg)[1]


def test_names_are_escaped():
    hostile = "</svg><script>"
    for svg in (
        line({hostile: [(0, 1)], "b": [(1, 2)]}, Words(hostile, hostile, hostile, 1, hostile)),
        bars({hostile: {hostile: 1}}, Words(hostile)),
    ):
        assert "<script>" not in svg
        drawn(svg)


def test_arrivals_mark_what_is_wrong():
    root, _ = drawn(arrivals([0, 50, 100], [100]))
    assert root[0].get("d").count("M") == 3
    assert root[1].get("d") == "M998 0v16"
    drawn(arrivals([]))
