"""Brackets: counts, sums and order statistics, against all losses; and how wide they are made."""

import math

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcore import brackets
from simcore.brackets import Bracket, end_ranks, first_depth, head_paths, joined, needed_ranks, worst_rank
from simcore.confidence import interval_ranks, quantile_rank


def bracket_of(batches, low, high):
    """The bracket of losses, batch by batch."""
    found = [naive.bracket(losses, low, high) for losses in batches]
    counts = np.array([counts for counts, _, _ in found])
    excess = np.array([excess for _, excess, _ in found])
    return Bracket(low, high, *counts.T, excess, np.concatenate([inside for _, _, inside in found]).astype(float))


def same(one, other):
    for name in ("low", "high", "above", "at_high", "inside", "at_low", "values"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    np.testing.assert_allclose(one.excess, other.excess, rtol=1e-13)


def batches_of(seed, *, whole):
    """Batches of different length, an empty tail among them."""
    draw = np.random.default_rng(seed)
    batches = [draw.normal(scale=2.0, size=size) for size in (300, 1, 200, 17)] + [np.full(5, -9.0)]
    return [np.round(batch) if whole else batch for batch in batches]


NESTED = [(-math.inf, -1.0, 2.0, math.inf), (-3.0, -1.0, 2.0, 3.0), (-1.0, -1.0, 2.0, 2.0), (-1.0, 2.0, 2.0, 2.0)]
NESTED += [(-1.0, -1.0, -1.0, 2.0), (1.0, 1.0, 1.0, 1.0), (-2.0, 0.0, 0.0, 3.0), (7.0, 8.0, 8.0, math.inf)]


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(("lowest", "low", "high", "highest"), NESTED)
def test_a_narrowed_bracket_is_that_of_all_losses(whole, lowest, low, high, highest):
    batches = batches_of(3, whole=whole)
    same(bracket_of(batches, lowest, highest).narrowed(low, high), bracket_of(batches, low, high))


@given(st.integers(0, 10_000), st.lists(st.integers(-6, 6), min_size=4, max_size=4).map(sorted))
def test_also_with_ends_among_equal_losses(seed, ends):
    batches = batches_of(seed, whole=True)
    lowest, low, high, highest = map(float, ends)
    same(bracket_of(batches, lowest, highest).narrowed(low, high), bracket_of(batches, low, high))


@pytest.mark.parametrize("whole", [False, True])
def test_brackets_of_batches_join(whole):
    batches = batches_of(4, whole=whole)
    pieces = [
        bracket_of(batches[:2], -1.0, 2.0),
        bracket_of(batches[2:3], -1.0, 2.0),
        bracket_of(batches[3:], -1.0, 2.0),
    ]
    same(joined(pieces), bracket_of(batches, -1.0, 2.0))


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(("low", "high"), [(-1.0, 2.0), (0.0, 0.0), (-math.inf, 1.0), (1.0, math.inf)])
def test_known_ranks_have_the_losses_of_all_in_order(whole, low, high):
    batches = batches_of(5, whole=whole)
    ordered = np.sort(np.concatenate(batches))[::-1]
    bracket = bracket_of(batches, low, high)
    first, last = bracket.known
    assert first == 1 + (ordered > high).sum()
    assert last == (ordered >= low).sum()
    known = range(first, last + 1)
    assert bracket.losses_at(known) == ordered[first - 1 : last].tolist()
    assert bracket.losses_at([first - 1, last + 1]) == [high, low]


def test_losses_that_equal_an_end_take_no_room():
    losses = [1.0] * 1000 + [2.0] * 500
    assert bracket_of([losses], 1.0, 2.0).values.size == bracket_of([losses], 1.0, 1.0).values.size == 0


def test_minus_zero_is_never_told():
    bracket = bracket_of([[-0.0, 0.0, -0.0, 1.0, -1.0]], -2.0, 2.0)
    assert [math.copysign(1.0, loss) for loss in bracket.losses_at([2, 3, 4])] == [1.0, 1.0, 1.0]


# how wide

CONFIDENCES = [0.51, 0.95, 0.99, 0.9999, 0.999999]


@pytest.mark.parametrize("confidence", CONFIDENCES)
def test_needed_ranks_are_those_of_var_and_its_interval(confidence):
    n = 10_007
    low, high = needed_ranks(confidence, n)
    below, above = interval_ranks(confidence, n)
    assert (n - low + 1, n - high + 1) == (below, above)
    assert high <= n - quantile_rank(confidence, n) + 1 <= low


@pytest.mark.parametrize("n", [2_000_000, 10**9])
@pytest.mark.parametrize("confidence", CONFIDENCES)
def test_six_deviations_are_to_spare_on_either_side(confidence, n):
    """Of the share of the first losses that lie above an order statistic of all."""
    seen = 1_000_000
    low, high = needed_ranks(confidence, n)
    deep, shallow = end_ranks(low, high, n, seen, (1.0, 1.0))
    for rank, end in ((low, deep), (high, shallow)):
        expected = seen * rank / n
        assert abs(end - expected) >= 6.0 * math.sqrt(expected * (1.0 - rank / n)) + 9.0
    wide = end_ranks(low, high, n, seen, (2.0, 3.0))
    assert wide[0] - seen * low / n == pytest.approx(2.0 * (deep - seen * low / n), abs=2)
    assert wide[1] - seen * high / n == pytest.approx(3.0 * (shallow - seen * high / n), abs=3)


def test_the_first_tails_reach_as_deep_as_brackets_after_a_miss():
    n, seen = 10**9, brackets.FIRST_PATHS
    depth = first_depth((0.95, 0.99), n)
    assert depth == end_ranks(*needed_ranks(0.95, n), n, seen, (2.0, 1.0))[0]
    assert first_depth((0.999999,), 2 * seen) == worst_rank(2 * seen, seen, 2.0)
    assert first_depth((0.51,), 10 * seen) < seen


def test_the_head_is_whole_batches():
    assert [head_paths(n) for n in (10**6, 10**8, 10**9, 10**12)] == [10**6, 2**24, 2**24, 2**32]


@pytest.mark.parametrize("margin", [6.0, 0.0], ids=["as made", "no margin"])
def test_brackets_hold_what_they_are_made_for(monkeypatch, margin):
    """Ranks of VaR among uniform losses, in 200 runs; without the margin most miss: the negative control."""
    monkeypatch.setattr(brackets, "_SAFETY", margin)
    monkeypatch.setattr(brackets, "_FEW", margin)
    n, seen, missed = 20_000, 2_000, 0
    for seed in range(200):
        losses = np.random.default_rng(seed).random(n)
        pair = needed_ranks(0.95, n)
        low, high = (np.sort(losses[:seen])[::-1][rank - 1] for rank in end_ranks(*pair, n, seen, (1.0, 1.0)))
        begin, end = (losses > high).sum() + 1, (losses >= low).sum()
        missed += not (begin <= pair[1] and pair[0] <= end)
    assert missed == 0 if margin else missed > 100
