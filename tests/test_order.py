"""The order of a tail: by value, then path, for every double and any order in which it comes."""

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcore.kernels.order import in_order, largest


def ordered(values, paths):
    before = values.tolist(), paths.tolist()
    got = in_order(values, paths)
    assert (values.tolist(), paths.tolist()) == before, "what was given was changed"
    return got[0].tolist(), got[1].tolist()


@given(st.lists(st.floats(allow_nan=False) | st.sampled_from([0.0, -0.0, 1.0]), max_size=60), st.randoms())
def test_it_is_by_value_then_path(values, random):
    paths = random.sample(range(10**12), len(values))
    assert ordered(np.array(values, dtype=np.float64), np.array(paths, dtype=np.int64)) == naive.in_order(values, paths)


@pytest.mark.parametrize("size", [0, 1, 2, 5_000])
@pytest.mark.parametrize("kinds", [1, 3, 10**9])
def test_a_tail_by_path(size, kinds):
    rng = np.random.default_rng(size)
    values = rng.integers(0, kinds, size) * 0.1 - 0.05 * kinds
    paths = np.sort(rng.choice(10 * size + 1, size, replace=False))
    assert ordered(values, paths) == naive.in_order(values.tolist(), paths.tolist())


def test_zeros_of_either_sign_are_equal():
    """The negative control: by their bits -0.0 would come first, whatever its path."""
    values, paths = in_order(np.array([0.0, -0.0, 0.0]), np.array([1, 2, 3]))
    assert paths.tolist() == [1, 2, 3]
    assert np.signbit(values).tolist() == [False, True, False]


@pytest.mark.parametrize("low", [1e-300, -1e300, 1.0])
def test_values_in_one_place_but_for_one_take_all_digits(low):
    """The two highest digits tell none of the close ones apart, and to insert them would take a million moves."""
    rng = np.random.default_rng(1)
    values = np.append(2.0 + 1e-9 * rng.integers(0, 3_000, 5_000), [low, 1e300])
    paths = rng.permutation(len(values))
    assert ordered(values, paths) == naive.in_order(values.tolist(), paths.tolist())


FLOATS = st.floats(allow_nan=False) | st.sampled_from([0.0, -0.0, 1.0, 1.0 + 2.0**-52])


@given(st.lists(st.lists(FLOATS, min_size=7, max_size=7), min_size=1, max_size=4), st.integers(1, 7))
def test_the_largest_of_each_row(rows, k):
    out = np.full((len(rows), k), np.nan)
    largest(np.array(rows), out)
    assert np.sort(out, axis=1).tolist() == [sorted(row)[-k:] for row in rows]


@pytest.mark.parametrize("k", [1, 650, 4_095, 4_096])
@pytest.mark.parametrize("low", [0.0, -1e300])
def test_the_largest_of_many(k, low):
    """Some tied, some alike in all but their last digits, one far away."""
    rng = np.random.default_rng(2)
    rows = rng.standard_normal((3, 4_096))
    rows[1] = np.round(rows[1], 1)
    rows[2] = 2.0 + 1e-13 * rows[2]
    rows[:, 17] = low
    before, out = rows.copy(), np.empty((3, k))
    largest(rows, out)
    assert (rows == before).all()
    assert np.sort(out, axis=1).tolist() == np.sort(rows, axis=1)[:, -k:].tolist()
