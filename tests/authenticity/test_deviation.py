"""Deviations: what is systematic is found and named, what is not accuses nobody."""

import random

import pytest

from conformance.authenticity.deviation import Point, Shape, deviation

COUNTS = (21, 35, 80, 150, 167, 201, 240, 512, 1013, 7800)


def points(claim, counts=COUNTS, **more):
    return [
        Point(n, claim(n), claim(n) - n, f"x{i}", at=float(i + 1), **more)
        for i, n in enumerate(counts)
    ]


def test_right_claims_deviate_by_nothing():
    assert deviation(points(lambda n: n)) is None
    assert deviation([]) is None


def test_single_strays_are_no_deviation():
    some = points(lambda n: n)
    some[3] = some[3]._replace(claimed=some[3].counted + 7, off=7)
    some[5] = some[5]._replace(claimed=some[5].counted - 1, off=-1)
    assert deviation(some) is None


@pytest.mark.parametrize("tokens", [-3, 1, 17, 400])
def test_a_constant_is_named(tokens):
    found = deviation(points(lambda n: n + tokens))
    assert (found.shape, found.low) == (Shape.CONSTANT, tokens)
    assert f"{tokens:+d} tokens in 10 of 10 answers" in str(found)


@pytest.mark.parametrize("factor", [0.9, 1.01, 1.02, 1.05, 1.5, 2, 10])
def test_a_factor_is_found_between_its_bounds(factor):
    found = deviation(points(lambda n: round(n * factor)))
    assert found.shape is Shape.FACTOR
    assert found.low <= factor <= found.high
    assert found.high - found.low < 0.02
    assert found.where == ""


def test_rounding_is_named():
    found = deviation(points(lambda n: -(-n // 10) * 10))
    assert (found.shape, found.low) == (Shape.ROUNDED, 10)


def test_a_least_count_is_named():
    found = deviation(points(lambda n: max(n, 240)))
    assert (found.shape, found.low) == (Shape.LEAST, 240)
    assert str(found).startswith("never fewer than 240, in 6 of 10 answers")


def test_rounding_to_fives_is_named():
    found = deviation(points(lambda n: -(-n // 5) * 5))
    assert (found.shape, found.low) == (Shape.ROUNDED, 5)


def test_what_follows_no_rule_says_how_much():
    chance = random.Random(1)
    found = deviation(points(lambda n: n + chance.randint(1, n)))
    assert found.shape is Shape.IRREGULAR
    assert "%" in str(found)


def test_where_it_happens():
    streams = [p._replace(streamed=True, id=f"s{p.id}") for p in points(lambda n: n * 2)]
    assert deviation([*points(lambda n: n), *streams]).where == "streams only"
    long = deviation(points(lambda n: round(n * 1.05) if n > 200 else n))
    assert long.where == "those over 167 tokens only"
    late = [Point(n, n if i < 20 else n + 5, 0 if i < 20 else 5, f"x{i}", at=i + 1) for i, n in enumerate(COUNTS * 4)]  # fmt: skip
    assert deviation(late).where == "all after the first 20"


def test_recordings_need_more_than_a_run():
    """A test that was recorded many times with an edited text says the same thing each time."""
    same = [Point(100, 103, 3, f"x{i}", probed=False) for i in range(30)]
    right = points(lambda n: n, probed=False)
    assert deviation([*right, *same]) is None
    few = points(lambda n: n + 3, COUNTS[:3], probed=False)
    assert deviation([*right, *right, *few]) is None
    assert deviation(points(lambda n: n + 3, probed=False)).shape is Shape.CONSTANT
