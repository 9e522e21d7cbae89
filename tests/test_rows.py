"""The small functions on rows, each against its twin."""

import math

import mpmath as mp
import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from models import bits

from simcore.kernels import rows
from simcore.kernels.block import BLOCK, STRIDE

SPECIAL = [0.0, -0.0, 5e-324, -5e-324, 1e-300, 1e-17, -1e-17, 1e-8, -1e-8, 0.3, -0.3, 0.34657, -0.34658, 1.0, -1.0]
SPECIAL += [20.0, -20.0, 100.0, -100.0, 299.999, -299.999, 300.0, -300.0]


def block(values):
    """A row that begins with these values, and has pads that no kernel may touch."""
    out = np.zeros(STRIDE)
    out[: len(values)] = values
    return out


def normal_row(seed, scale=1.0):
    return block(np.random.default_rng(seed).normal(scale=scale, size=BLOCK))


def written(function, *arguments, out=None):
    """What a kernel leaves in the block of its last argument."""
    row = np.full(STRIDE, 7.0)
    if out is not None:
        row[:BLOCK] = out[:BLOCK]
    function(*arguments, row)
    assert (row[BLOCK:] == 7.0).all(), "written beyond the block"
    return row[:BLOCK]


def expm1(x):
    """The kernel's exp(x) - 1: the gain of a value of 1."""
    return -written(rows.loss_log, block(x), 0.0, 1.0, 1.0)[: len(x)]


def test_expm1_agrees_with_forty_digits():
    x = [*SPECIAL, *np.random.default_rng(1).normal(scale=0.3, size=200), *np.linspace(-300.0, 300.0, 101)]
    with mp.workdps(40):
        for value, got in zip(x, expm1(x), strict=True):
            exact = mp.expm1(mp.mpf(value))
            assert abs(mp.mpf(got) - exact) <= 2.0 * math.ulp(float(exact)), value


@given(st.floats(-300.0, 300.0))
def test_expm1_agrees_with_the_c_library(x):
    assert expm1([x])[0] == pytest.approx(math.expm1(x), rel=5e-16, abs=5e-324)


def test_expm1_saturates_and_stays_finite():
    low, high = expm1([-1e308, 1e308])
    assert low == -1.0
    assert high == expm1([rows.LARGEST_RETURN])[0]
    assert math.isfinite(1e100 * high)
    np.testing.assert_array_equal(expm1([-math.inf, math.inf]), [low, high])


def test_expm1_rises():
    x = np.sort(np.concatenate([np.random.default_rng(2).uniform(-2.0, 2.0, 400), np.ldexp(1.0, np.arange(-60, 8))]))
    assert (np.diff(expm1(x)) > 0.0).all()


DRIFT, SCALE, VALUE = 0.013, 0.21, -3.7e5


def test_loss_log():
    x = normal_row(1)
    expected = [-VALUE * math.expm1(naive.fma(SCALE, v, DRIFT)) for v in x[:BLOCK]]
    np.testing.assert_allclose(written(rows.loss_log, x, DRIFT, SCALE, VALUE), expected, rtol=5e-16)


def test_loss_simple():
    x = normal_row(1)
    expected = [-VALUE * naive.fma(SCALE, v, DRIFT) for v in x[:BLOCK]]
    np.testing.assert_array_equal(bits(written(rows.loss_simple, x, DRIFT, SCALE, VALUE)), bits(expected))


@pytest.mark.parametrize("loss", [rows.loss_log, rows.loss_simple])
def test_a_long_and_a_short_position_cancel_exactly(loss):
    x = normal_row(2)
    np.testing.assert_array_equal(written(loss, x, DRIFT, SCALE, VALUE), -written(loss, x, DRIFT, SCALE, -VALUE))


@pytest.mark.parametrize("loss", [rows.loss_log, rows.loss_simple])
def test_no_value_has_no_loss_and_no_scale_no_risk(loss):
    x = normal_row(3)
    assert not written(loss, x, DRIFT, SCALE, 0.0).any()
    assert len(np.unique(written(loss, x, DRIFT, 0.0, VALUE))) == 1


def test_affine():
    x = normal_row(4)
    expected = [naive.fma(SCALE, v, DRIFT) for v in x[:BLOCK]]
    np.testing.assert_array_equal(bits(written(rows.affine, x, DRIFT, SCALE)), bits(expected))


def test_copy_add_multiply_and_add_product():
    x, y, z = (normal_row(seed)[:BLOCK] for seed in (5, 6, 7))
    np.testing.assert_array_equal(written(rows.copy, block(x)), x)
    np.testing.assert_array_equal(written(rows.add, block(x), out=z), z + x)
    np.testing.assert_array_equal(written(rows.multiply, block(x), block(y)), x * y)
    np.testing.assert_array_equal(written(rows.add_product, block(x), block(y), out=z), z + x * y)


@pytest.mark.parametrize("left", [2, 3, 12])
def test_bridge(left):
    deviation = math.sqrt((left - 1) / (left * 12))
    remaining, e = normal_row(8), normal_row(9)
    before, noise = remaining[:BLOCK].copy(), e[:BLOCK].copy()
    rows.bridge(float(left), deviation, remaining, e)
    step = [naive.fma(n, deviation, r / left) for n, r in zip(noise, before, strict=True)]
    np.testing.assert_array_equal(bits(e[:BLOCK]), bits(step))
    np.testing.assert_array_equal(bits(remaining[:BLOCK]), bits(before - np.array(step)))


@pytest.mark.parametrize("used", [1, 2, 100, 511, 512])
@pytest.mark.parametrize("center", [0.0, 0.3])
def test_moments_are_the_halving_tree_bit_for_bit(used, center):
    x = normal_row(10)
    scratch, out = np.full((4, BLOCK // 8), 7.0), np.empty(2)
    rows.moments(x, center, used, scratch[1:3], out)
    assert (scratch[[0, 3]] == 7.0).all(), "moments wrote beside its scratch"
    np.testing.assert_array_equal(bits(out), bits(naive.moments(x[:BLOCK], center, used)))
    np.testing.assert_allclose(out, [np.sum(x[:used] - center), np.sum((x[:used] - center) ** 2)], atol=1e-12)


def test_moments_in_order_would_have_other_bits():
    """The negative control: the tree is not a running sum."""
    x = normal_row(10)
    scratch, out = np.full((4, BLOCK // 8), 7.0), np.empty(2)
    rows.moments(x, 0.0, BLOCK, scratch[1:3], out)
    assert out[0] != np.add.accumulate(x[:BLOCK])[-1]


def test_moments_of_a_constant_about_itself_are_zero():
    scratch, out = np.full((4, BLOCK // 8), 7.0), np.empty(2)
    rows.moments(block(np.full(BLOCK, 0.1)), 0.1, 300, scratch[1:3], out)
    assert out.tolist() == [0.0, 0.0]


def appended(x, numbers, threshold, used, count=0):
    values, paths = np.full(count + BLOCK, 7.0), np.full(count + BLOCK, 7)
    total, ties = rows.append_tail(block(x), numbers, threshold, used, values, paths, count)
    assert (values[:count] == 7.0).all(), "what was there before was overwritten"
    return values[count:total], paths[count:total], ties


@pytest.mark.parametrize("used", [1, 100, 512])
@pytest.mark.parametrize("threshold", [-math.inf, -0.5, 1.5, math.inf])
def test_the_tail_gets_what_lies_strictly_above(used, threshold):
    x, numbers = normal_row(11)[:BLOCK], np.arange(7000, 7000 + BLOCK)
    values, paths, ties = appended(x, numbers, threshold, used, count=3)
    above = np.flatnonzero(x[:used] > threshold)
    np.testing.assert_array_equal(values, x[above])
    np.testing.assert_array_equal(paths, numbers[above])
    assert ties == 0


@pytest.mark.parametrize("threshold", [-math.inf, 0.5])
def test_what_is_not_a_number_is_neither_above_nor_a_tie(threshold):
    values, _, ties = appended(np.full(BLOCK, math.nan), np.arange(BLOCK), threshold, BLOCK)
    assert values.size == ties == 0


@given(st.integers(0, 2**32), st.integers(0, 3), st.integers(1, BLOCK))
def test_ties_are_counted_and_not_appended(seed, threshold, used):
    x = np.random.default_rng(seed).integers(0, 4, BLOCK).astype(np.float64)
    values, _, ties = appended(x, np.arange(BLOCK), float(threshold), used)
    assert values.tolist() == [v for v in x[:used] if v > threshold]
    assert ties == x[:used].tolist().count(threshold)


ENDS = [(-math.inf, math.inf), (-math.inf, 0.5), (0.5, math.inf), (0.0, 1.5), (1.0, 1.0), (-0.0, 0.0), (9.0, 9.5)]


@pytest.mark.parametrize("used", [1, 64, 100, 512])
@pytest.mark.parametrize(("low", "high"), ENDS)
@pytest.mark.parametrize("whole", [False, True], ids=["normals", "whole numbers"])
def test_a_bracket_takes_what_lies_inside_and_counts_the_rest(used, low, high, whole):
    x = normal_row(13)[:BLOCK]
    x = np.round(x) if whole else x
    values, counts = np.full(3 + BLOCK, 7.0), np.array([1, 10, 100, 1000])
    count, excess = rows.append_inside(block(x), low, high, used, counts, values, 3)
    expected, beyond, inside = naive.bracket(x[:used].tolist(), low, high)
    assert values[:3].tolist() == [7.0, 7.0, 7.0]
    np.testing.assert_array_equal(bits(values[3:count]), bits(inside))
    assert (counts - [1, 10, 100, 1000]).tolist() == expected
    assert bits([excess]) == bits([beyond])


def test_what_is_not_a_number_is_in_no_bracket():
    counts = np.zeros(4, np.int64)
    found = rows.append_inside(np.full(STRIDE, math.nan), -math.inf, 1.0, BLOCK, counts, np.empty(BLOCK), 0)
    assert found == (0, 0.0)
    assert not counts.any()
