"""Numbers as text: what `float` reads, less what means something else in a table."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.files import File, Reference
from scenarios.losses import read_losses
from scenarios.numerals import NUMERALS
from scenarios.past_table import read_table
from simcore import InputError


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


@pytest.mark.parametrize("word", ["", "-", "NA", "n/a", "#N/A", "NaN", "null", "None"])
def test_the_words_of_a_gap_are_those_of_every_table(word, tmp_path):
    (tmp_path / "t.csv").write_text(f"Date,A\n2024-01-01,{word}\n2024-01-02,1\n")
    file = File("t.csv", tmp_path / "t.csv")
    table = read_table(file, Reference(file, "file", "t.csv"), decimal=".", date_format=None)
    assert table.values[0, 0] != table.values[0, 0]
    (tmp_path / "t.csv").write_text(f"A,B\n{word},1\n2,1\n")
    with pytest.raises(InputError, match="remedy:  a gap: fill it"):
        read_losses(str(tmp_path / "t.csv"))


def test_a_cell_of_many_digits_is_looked_at_once():
    """Not once for each of its digits, which took minutes."""
    began = time.perf_counter()
    assert not NUMERALS["."].fullmatch("1" * 130_000 + "x")
    assert time.perf_counter() - began < 1.0
