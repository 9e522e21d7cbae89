"""Numbers as text: what `float` reads, less what means something else in a table."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.numerals import NUMERALS


def is_float(text):
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii() and text == text.strip() and not set(text.lower()) & set("_nif")


@given(st.text("0123456789.eE+-_ nif٤\uff11", max_size=8))
def test_numerals_are_floats_in_ascii_without_underscores(text):
    assert bool(NUMERALS["."].fullmatch(text)) == is_float(text)
    if "," not in text:
        assert bool(NUMERALS[","].fullmatch(text.replace(".", ","))) == is_float(text)


@pytest.mark.parametrize(
    "text", ["1_000", "4_0", "\uff11\uff12\uff13", "٤", "nan", "inf", "Infinity", "1,5", "", ".", "e5", "1e"]
)
def test_what_is_no_numeral(text):
    assert not NUMERALS["."].fullmatch(text)


def test_a_cell_of_many_digits_is_looked_at_once():
    """Not once for each of its digits, which took minutes."""
    began = time.perf_counter()
    assert not NUMERALS["."].fullmatch("1" * 130_000 + "x")
    assert time.perf_counter() - began < 1.0
