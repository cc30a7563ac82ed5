"""Digits in a picture: what is drawn is read again, and what is no such picture has none."""

import zlib

import pytest

from wire.digits import COLOURS, colour_of, drawn, read


@pytest.mark.parametrize("digits", ["0123456789", "471", "8", ""])
def test_what_is_drawn_is_read(digits):
    assert read(drawn(digits)) == digits


def test_only_digits_are_drawn():
    with pytest.raises(KeyError):
        drawn("4a")


@pytest.mark.parametrize("cut", [0, 5, 20, 40, 60, 200])
def test_a_torn_picture_has_no_digits(cut):
    assert read(drawn("471")[:cut]) == ""


def test_other_pictures_have_none():
    assert read(b"GIF89a") == ""
    swollen = drawn("1").replace(b"IHDR\x00\x00", b"IHDR\xff\xff")
    assert read(swollen) == ""
    assert zlib.crc32(drawn("1")) == zlib.crc32(drawn("1"))


@pytest.mark.parametrize("colour", COLOURS)
def test_the_colour_is_read(colour):
    assert colour_of(drawn("471", colour)) == colour
    assert read(drawn("471", colour)) == "471"


def test_another_picture_has_no_colour():
    assert colour_of(b"PLTE") == ""
    assert colour_of(drawn("1").replace(b"PLTE", b"PLTX")) == ""
