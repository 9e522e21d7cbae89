"""Ranks and tails in exact arithmetic of the decimal that was written."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcore.confidence import as_fraction, confidence_remedy, quantile_rank, tail_depth, tail_size


def test_the_exact_integers():
    assert [quantile_rank(c, 1000) for c in (0.90, 0.95, 0.975, 0.99)] == [900, 950, 975, 990]
    assert [quantile_rank(c, 10**15) for c in (0.95, 0.999)] == [95 * 10**13, 999 * 10**12]


def test_binary_fractions_would_be_off_by_one():
    """The negative control: ceil(c n) in floats."""
    wrong = [(c, n) for c in (0.55, 0.56, 0.57, 0.58) for n in (100, 1000) if math.ceil(c * n) != quantile_rank(c, n)]
    assert wrong
    assert quantile_rank(0.56, 100) == 56


@given(st.integers(501, 999), st.integers(1, 10**9))
def test_a_rank_is_the_smallest_that_reaches_the_confidence(thousandths, n):
    rank = quantile_rank(thousandths / 1000, n)
    assert 1000 * rank >= thousandths * n > 1000 * (rank - 1)
    assert 1 <= rank <= n


def test_a_confidence_is_the_decimal_that_was_written():
    assert as_fraction(0.95) == Fraction(19, 20)
    assert as_fraction(0.975) == Fraction(39, 40)
    assert Fraction(0.95) != Fraction(19, 20)


def test_tail_sizes():
    assert tail_size(0.975, 100) == 2.5
    assert tail_size(0.95, 1000) == 50.0
    assert tail_size(0.99, 10**6) == 10**4


@pytest.mark.parametrize(("confidence", "n"), [(0.99, 10**6), (0.95, 1000), (0.975, 12_345), (0.999, 10**8)])
def test_the_depth_is_the_tail_and_five_deviations_of_its_rank(confidence, n):
    spread = 5.0 * math.sqrt(n * confidence * (1.0 - confidence))
    depth = tail_depth(confidence, n)
    assert depth == n - quantile_rank(confidence, n) + 1 + math.ceil(spread)
    assert depth < n


@pytest.mark.parametrize("n", [1, 2])
def test_the_depth_is_at_most_the_sample(n):
    assert tail_depth(0.99, n) == n


@given(st.integers(501, 999), st.integers(1, 10**7))
def test_a_lower_confidence_is_no_shallower(thousandths, n):
    assert 1 <= tail_depth(thousandths / 1000, n) <= n
    assert tail_depth(thousandths / 1000, n) <= tail_depth(max(0.501, thousandths / 1000 - 0.1), n)


@pytest.mark.parametrize("good", [0.99, 0.501, 0.999999])
def test_confidences(good):
    assert confidence_remedy(good) is None


@pytest.mark.parametrize(
    ("value", "remedy"),
    [
        (99, r"write 0.99: a share of 1, not per cent"),
        (97.5, r"write 0.975: a share of 1, not per cent"),
        (0.01, r"write 0.99: the confidence, not the tail's probability"),
        (0.05, r"write 0.95: the confidence, not the tail's probability"),
        (1.0, "write a number such as 0.99, strictly between 0.5 and 1"),
        (0.5, "write a number such as 0.99, strictly between 0.5 and 1"),
        (0.0, "write a number such as 0.99, strictly between 0.5 and 1"),
        (-0.99, "write a number such as 0.99, strictly between 0.5 and 1"),
        (100, "write a number such as 0.99, strictly between 0.5 and 1"),
        (math.inf, "write a number such as 0.99"),
        (math.nan, "write a number such as 0.99"),
        (True, "write a number such as 0.99"),
        ("0.99", "write a number such as 0.99"),
        (None, "write a number such as 0.99"),
    ],
)
def test_what_is_no_confidence_names_the_fix(value, remedy):
    assert confidence_remedy(value) == remedy
