"""Histograms: exact buckets, lossless merging, and the form that other HDR tools read."""

import random

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st

from load.measure.histogram import HIGHEST_US, Histogram, enough, highest_of, index_of, lowest_of

VALUES = st.integers(0, HIGHEST_US)


@given(VALUES)
def test_every_value_lies_in_its_bucket(value):
    index = index_of(value)
    assert lowest_of(index) <= value <= highest_of(index)
    assert highest_of(index) - lowest_of(index) <= max(0, value // 1000)
    assert index_of(lowest_of(index)) == index


@given(st.lists(VALUES, max_size=50), st.lists(VALUES, max_size=50))
def test_merged_parts_are_the_whole(left, right):
    one, two, whole = Histogram(), Histogram(), Histogram()
    one.add_all(left)
    for value in right:
        two.add(value)
    whole.add_all(left + right)
    one.merge(Histogram.of_message(two.as_message()))
    assert one.as_message()[2:] == whole.as_message()[2:]
    assert one.counts == whole.counts
    assert one.count == len(left + right)


@settings(deadline=None, max_examples=15)  # the reference library is slow
@given(st.lists(VALUES, min_size=1, max_size=40))
def test_the_export_is_read_by_the_reference_library(values):
    ours = Histogram()
    ours.add_all(values)
    theirs = HdrHistogram(1, HIGHEST_US, 3)
    for value in values:
        theirs.record_value(value)
    read = HdrHistogram.decode(ours.encode())
    assert read.get_total_count() == len(values)
    assert read.get_max_value() == theirs.get_max_value()
    assert read.get_mean_value() == theirs.get_mean_value()
    for percent in (10, 50, 90, 100):
        assert read.get_value_at_percentile(percent) == theirs.get_value_at_percentile(percent)
    assert Histogram.decode(ours.encode()).counts == ours.counts


def test_we_read_what_the_reference_library_wrote():
    theirs = HdrHistogram(1, HIGHEST_US, 3)
    values = [random.Random(1).randrange(10**6) for _ in range(500)]
    for value in values:
        theirs.record_value(value)
    assert Histogram.decode(theirs.encode().decode()).count == 500


def test_a_percentile_needs_samples_above_it():
    assert not enough(99, 99)
    assert enough(99, 100)
    assert not enough(99.9, 999)
    histogram = Histogram()
    histogram.add_all([1000] * 99)
    assert histogram.as_distribution()["p99"] is None
    histogram.add(5000)
    shown = histogram.as_distribution()
    assert (shown["p50"], shown["p99"], shown["max"], shown["p999"]) == (1.0, 1.0, 5.0, None)
    assert shown["mean"] == pytest.approx(1.04)


def test_nothing_measured_is_null_not_zero():
    assert set(Histogram().as_distribution().values()) == {0, None}
