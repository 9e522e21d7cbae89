"""The mixing variable of Student-t: its quantile over the whole range, its law, and how it moves with dof."""

import math
import types
from functools import cache

import mpmath as mp
import naive
import numpy as np
import pytest
from models import equal_pool, plan
from numba import njit
from scipy import stats

import simcore
from simcore.kernels import mixing
from simcore.kernels.block import BLOCK

ONE_IN_2E8 = 5e-9  # the two-sided probability beyond 5.85 standard deviations
TWO_52 = 2**52


@njit
def _bits_from_the_path(path, _stream, _step, _pair, _seed):
    return path, path


# the kernel itself, with random bits of our choice: they stand where the path numbers do
_BODY = types.FunctionType(
    mixing.fill_mixing.py_func.__code__, {**mixing.fill_mixing.py_func.__globals__, "draw": _bits_from_the_path}
)
fill_from_bits = njit(error_model="numpy")(_BODY)
table = cache(mixing.mixing_table)


def mixing_at(k, dof):
    """The kernel at the uniforms (k + 1/2) / 2^52."""
    k = np.asarray(k, dtype=np.uint64)
    bits = np.zeros(-(-k.size // BLOCK) * BLOCK, dtype=np.uint64)
    bits[: k.size] = k << np.uint64(12)
    row = np.empty(bits.size)
    for first in range(0, bits.size, BLOCK):
        part = slice(first, first + BLOCK)
        fill_from_bits(bits[part].view(np.int64), np.uint64(0), np.uint64(0), table(dof), row[part])
    return row[: k.size]


def drawn(dof, blocks, seed=42):
    """The kernel's draws for consecutive paths."""
    row = np.empty((blocks, BLOCK))
    for block in range(blocks):
        numbers = np.arange(block * BLOCK, (block + 1) * BLOCK)
        mixing.fill_mixing(numbers, np.uint64(0), np.uint64(seed), table(dof), row[block])
    return row.reshape(-1)


def whole_range(per_octave=64):
    """k from 0 (the uniform 2^-53) to 2^52 - 1 (1 - 2^-53), denser towards both ends, with the ends of every cell."""
    cells = {(8 + cell) << (octave - 3) for octave in range(3, 51) for cell in range(8)}
    edges = {edge + step for edge in cells for step in (-1, 0, 1)}
    grid = {int(2.0 ** (51 * i / (51 * per_octave))) for i in range(51 * per_octave + 1)}
    low = sorted(k for k in edges | grid | set(range(64)) if 0 <= k < TWO_52 // 2)
    return np.array(low + [TWO_52 - 1 - k for k in reversed(low)], dtype=np.uint64)


def uniforms(k):
    """(k + 1/2) / 2^52, exactly: 2 k + 1 has at most 53 bits."""
    return (2.0 * np.asarray(k, dtype=np.uint64).astype(np.float64) + 1.0) / 2.0**53


def exact_mixing(k, dof, start):
    """In 40 digits, by Newton's steps on the incomplete gamma function from a start in double precision."""
    with mp.workdps(40):
        a, v = mp.mpf(dof) / 2, mp.mpf(2 * int(k) + 1) / 2**53
        x = (a - 1) / mp.mpf(start) ** 2  # half the quantile
        for _ in range(3):
            density = mp.exp((a - 1) * mp.log(x) - x - mp.loggamma(a))
            if v < 0.5:
                x -= (mp.gammainc(a, 0, x, regularized=True) - v) / density
            else:
                x += (mp.gammainc(a, x, mp.inf, regularized=True) - (1 - v)) / density
        return mp.sqrt((a - 1) / x)


def precision(dof):
    """SciPy's quantiles, between which the table interpolates, lose digits from a dof of 1e5 on."""
    return 1e-12 if dof <= 1e5 else 1e-11


@pytest.mark.parametrize("dof", [2.001, 2.1, 2.5, 3.0, 4.0, 10.0, 30.0, 1e3, 1e5, 1e6])
def test_the_whole_range_agrees_with_another_quantile(dof):
    k = whole_range()
    np.testing.assert_allclose(mixing_at(k, dof), naive.mixing(uniforms(k), dof), rtol=precision(dof))


@pytest.mark.parametrize("dof", [2.1, 3.0, 30.0, 1e3, 1e6])
def test_the_range_and_its_ends_agree_with_forty_digits(dof):
    low = [0, 1, 2, 1000, 2**20 - 1, 2**20 + 12345, 14603802377, 2**40, 2**49, TWO_52 // 4 - 1, TWO_52 // 2 - 1]
    k = np.array(low + [TWO_52 - 1 - i for i in low], dtype=np.uint64)
    got = mixing_at(k, dof)
    exact = [exact_mixing(i, dof, m) for i, m in zip(k, got, strict=True)]
    np.testing.assert_allclose([float(m / e - 1) for m, e in zip(got, exact, strict=True)], 0.0, atol=precision(dof))


@pytest.mark.parametrize("dof", [2.1, 3.0, 30.0, 1e5, 1e6])
def test_it_falls_as_its_uniform_rises(dof):
    """But for the last digits, also from one uniform to the next across the ends of the cells."""
    m = mixing_at(whole_range(), dof)
    assert np.all(np.diff(m) <= 0.1 * precision(dof) * m[1:])
    assert np.all(np.diff(mixing_at(np.arange(2**12) * 2**40 + 2**39, dof)) < 0.0)


@pytest.mark.parametrize("dof", [2.1, 3.0, 6.0, 30.0, 1e3])
def test_it_has_unit_variance(dof):
    """E[m^2; v in (a, b)] = P(G in the same range for dof - 2), by quadrature cell by cell.

    The whole range has the rest of the variance, which for dof near 2 lies mostly where no uniform reaches.
    """
    x, weight = np.polynomial.legendre.leggauss(12)
    ends = np.concatenate([2.0 ** np.arange(-30.0, -1.0), [0.375, 0.5]])
    ends = np.concatenate([ends, 1.0 - ends[-2::-1]])
    middle, half = (ends[1:] + ends[:-1]) / 2.0, np.diff(ends) / 2.0
    v = (middle[:, None] + half[:, None] * x).reshape(-1)
    m = mixing_at((v * TWO_52).astype(np.uint64), dof).reshape(-1, x.size)
    got = np.sum(m * m * weight * half[:, None])
    low, high = naive.chi_square_quantile(ends[[0, -1]], dof)
    expected = stats.chi2.cdf(high, dof - 2.0) - stats.chi2.cdf(low, dof - 2.0)
    np.testing.assert_allclose(got, expected, rtol=1e-6)
    if dof >= 6.0:
        np.testing.assert_allclose(got, 1.0, rtol=1e-5)


@pytest.mark.parametrize("dof", [2.1, 3.0, 30.0, 1e6])
def test_draws_have_the_law(dof):
    """G = (dof - 2) / m^2 is chi-square; with dof 5 % off as the negative control."""
    draws = (dof - 2.0) / drawn(dof, 400) ** 2
    assert stats.kstest(draws, stats.chi2(dof).cdf).pvalue > ONE_IN_2E8
    assert stats.kstest(draws, stats.chi2(1.05 * dof).cdf).pvalue < ONE_IN_2E8


def test_draws_are_the_quantiles_at_their_streams_uniforms():
    numbers = np.array([0, 1, 2, 511, 512, 1023])
    expected = [naive.mixing(naive.uniform(naive.draw(int(p), naive.MIXING, 0, 0, 42)[0]), 4.0) for p in numbers]
    np.testing.assert_allclose(drawn(4.0, 2)[numbers], expected, rtol=1e-12)


@pytest.mark.parametrize("dof", [2.1, 3.0, 30.0])
def test_it_moves_smoothly_with_dof(dof):
    """Neighbours in a sweep share every uniform: a slope in dof is the same over a millionth as over a thousandth."""
    k = whole_range(8)

    def slope(h):
        return (mixing_at(k, dof + h) - mixing_at(k, dof - h)) / (2.0 * h * mixing_at(k, dof))

    assert np.abs(slope(1e-3)).max() < 20.0 / (dof - 2.0)
    assert np.abs(slope(1e-3) - slope(1e-6)).max() < 0.01 / (dof - 2.0)


@pytest.mark.parametrize("compounding", ["simple", "log"])
def test_at_one_step_a_t_return_is_the_normal_return_times_the_mixing(compounding):
    """Student-t and normal share every z: with no drift the ratio is one number a path, for every asset."""
    paths = np.arange(BLOCK)
    # the drift of log returns is the expected return less half the variance
    flat = {"expected_return": 0.5 * 0.2**2 if compounding == "log" else 0.0, "compounding": compounding}
    cases = equal_pool(4, **flat), equal_pool(4, **flat, dof=3.5)
    z, t = (simcore.replay(case, plan(1000), paths).returns[:, 0, :] for case in cases)
    np.testing.assert_allclose(t, drawn(3.5, 1)[:, None] * z, rtol=1e-12, atol=1e-15)


def test_simulated_t_returns_have_unit_variance():
    """Through `simulate`: sd 5.85 standard errors; a t without the scaling is far outside."""
    dof, case = 6.0, equal_pool(1, compounding="simple", dof=6.0)
    run = plan(200_000)
    summary = simcore.simulate([case], run)["base"]["pool"]
    variance = summary.m2 / summary.paths / (1e5 * 0.2) ** 2 * 12.0
    kurtosis = 3.0 + 6.0 / (dof - 4.0)
    std_error = math.sqrt((kurtosis - 1.0) / summary.paths)
    assert abs(variance - 1.0) < 5.85 * std_error
    assert abs(variance * dof / (dof - 2.0) - 1.0) > 5.85 * std_error
