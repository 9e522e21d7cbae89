"""Normals: against 40 digits, bit by bit at the extremes, and as a law."""

import math
import runpy
from fractions import Fraction
from pathlib import Path

import mpmath as mp
import naive
import numpy as np
import pytest
from scipy import stats

import simcore.kernels.coefficients
from simcore.kernels import philox
from simcore.kernels.block import BLOCK
from simcore.kernels.normals import bits_to_normals, fill_normals, uniform

ONE_IN_2E8 = 5e-9  # the two-sided probability beyond 5.85 standard deviations
ONES = 2**64 - 1
# the radius takes the upper 52 bits; 0 gives the longest, all ones the shortest
RADIUS_BITS = [0, 1, 0xFFF, 0x1000, 0x1FFF, 0x2000, 2**63 - 1, 2**63, 2**63 + 0x1000, ONES - 0x1000, ONES - 0xFFF, ONES]
# two bits of quadrant, 52 of place in it: both ends and the middle of each
PLACES = [0, 0x3FF, 0x400, 2**61 - 1, 2**61, 2**61 + 0x400, 2**62 - 0x800, 2**62 - 1]
ANGLE_BITS = [quadrant << 62 | place for quadrant in range(4) for place in PLACES]


def normals_of(a, b):
    """The kernel's two normals for two times 64 bits, any number of them."""
    pairs = np.array([a, b], dtype=np.uint64)
    count = pairs.shape[1]
    rows = np.zeros((2, -(-count // BLOCK) * BLOCK), dtype=np.uint64)
    rows[:, :count] = pairs
    rows = rows.view(np.float64)
    for first in range(0, rows.shape[1], BLOCK):
        bits_to_normals(rows[0, first : first + BLOCK], rows[1, first : first + BLOCK])
    return rows[:, :count]


def draw_normals(count, blocks, *, seed=42, stream=philox.STREAM_NORMAL, step=0):
    """Rows of normals for consecutive paths. Shape (count, blocks * BLOCK)."""
    out = np.empty((count, blocks * BLOCK))
    rows = np.empty((count + count % 2, BLOCK))
    for block in range(blocks):
        numbers = np.arange(block * BLOCK, (block + 1) * BLOCK)
        fill_normals(numbers, count, np.uint64(stream), np.uint64(step), np.uint64(seed), rows)
        out[:, block * BLOCK : (block + 1) * BLOCK] = rows[:count]
    return out


def errors(a, b):
    """Of each pair of normals: relative error of the radius in ulps, of a normal beside the radius, in 2^-53."""
    of_radius, of_place = [], []
    for i, (x, y) in enumerate(normals_of(a, b).T):
        true_x, true_y = naive.box_muller(a[i], b[i])
        with mp.workdps(40):
            radius, true_radius = mp.hypot(mp.mpf(x), mp.mpf(y)), mp.hypot(true_x, true_y)
            of_radius.append(abs(radius - true_radius) / mp.mpf(math.ulp(float(true_radius))))
            of_place.append(max(abs(x - true_x), abs(y - true_y)) / true_radius * 2**53)
    return float(max(of_radius)), float(max(of_place))


def test_extreme_bits_agree_with_forty_digits():
    a = [radius for radius in RADIUS_BITS for _ in ANGLE_BITS]
    b = ANGLE_BITS * len(RADIUS_BITS)
    of_radius, of_place = errors(a, b)
    assert of_radius < 4.0
    assert of_place < 6.0


def test_random_bits_agree_with_forty_digits():
    rng = np.random.default_rng(1)
    a, b = (rng.integers(0, 2**64, 2000, dtype=np.uint64).tolist() for _ in range(2))
    of_radius, of_place = errors(a, b)
    assert of_radius < 4.0
    assert of_place < 6.0


def test_each_normal_is_right_to_the_last_digits_even_near_zero():
    """Relative to itself, not only to the radius: small angles lose no digits."""
    for angle in ANGLE_BITS:
        for got, true in zip(normals_of([2**63], [angle])[:, 0], naive.box_muller(2**63, angle), strict=True):
            assert abs(float((mp.mpf(got) - true) / true)) < 2e-15


def test_the_tails_are_right():
    """From a radius of 1.5e-8 to 8.57, the longest that 53 bits can give."""
    a = [2**k - 1 for k in range(65)] + [ONES - 2**k + 1 for k in range(64)]
    x, y = normals_of(a, [2**61] * len(a))
    radius = [float(mp.sqrt(-2 * mp.log(mp.mpf(2 * (bits >> 12) + 1) / 2**53))) for bits in a]
    np.testing.assert_allclose(np.hypot(x, y), radius, rtol=1e-15)
    assert max(radius) == pytest.approx(math.sqrt(2 * 53 * math.log(2)))
    assert min(radius) == pytest.approx(2.0**-26)


@pytest.mark.parametrize("bits", [0, 1, 0xFFF, 0x1000, 2**63 - 1, 2**63, ONES - 0x1000, ONES - 0xFFF, ONES])
def test_a_uniform_never_reaches_0_or_1(bits):
    value = uniform(np.uint64(bits))
    assert 2.0**-53 <= value <= 1.0 - 2.0**-53
    assert value == naive.uniform(bits)
    assert Fraction(value) == Fraction(2 * (bits >> 12) + 1, 2**53)


def test_uniforms_are_symmetric_about_one_half():
    for bits in RADIUS_BITS:
        assert uniform(np.uint64(bits)) + uniform(np.uint64(ONES - bits)) == 1.0


def test_rows_are_the_twins_normals():
    """Asset by asset and path by path, of an odd number of assets."""
    for stream, step, seed in [(0, 0, 1), (1, 11, 2**62)]:
        rows = draw_normals(5, 1, seed=seed, stream=stream, step=step)
        for asset in range(5):
            for path in (0, 1, 17, 511):
                expected = naive.normal(path, stream, step, asset, seed)
                np.testing.assert_allclose(rows[asset, path], expected, rtol=3e-15)


def test_more_assets_leave_the_normals_of_the_others():
    np.testing.assert_array_equal(draw_normals(3, 2), draw_normals(8, 2)[:3])


def test_a_million_draws_are_normal():
    """Both halves of the pairs; with draws 2 % too wide as the negative control."""
    x, y = draw_normals(2, 1954)
    for draws in (x, y):
        assert stats.kstest(draws, "norm").pvalue > ONE_IN_2E8
        assert stats.kstest(1.02 * draws, "norm").pvalue < ONE_IN_2E8


def deviations(draws):
    """Mean, variance, skewness and fourth moment of draws, as standard errors away from the standard normal's."""
    n = draws.size
    off = {1: 0.0, 2: 1.0, 3: 0.0, 4: 3.0}
    variance = {1: 1.0, 2: 2.0, 3: 15.0, 4: 96.0}  # of the power: E z^2k - (E z^k)^2
    return np.array([(np.mean(draws**k) - off[k]) / math.sqrt(variance[k] / n) for k in off])


def test_a_million_draws_have_the_moments():
    x, y = draw_normals(2, 1954, seed=7)
    assert np.abs(deviations(x)).max() < 5.85
    assert np.abs(deviations(y)).max() < 5.85
    twelve = np.random.default_rng(1).random((12, x.size)).sum(axis=0) - 6.0  # the classic that has light tails
    assert np.abs(deviations(twelve)[:3]).max() < 5.85
    assert abs(deviations(twelve)[3]) > 5.85


def test_draws_are_independent():
    """Across assets of one pair and of two, paths, steps, streams and seeds: products, and products of squares."""
    rows = draw_normals(4, 1954)
    other = {
        "pair": (rows[0], rows[1]),
        "assets": (rows[0], rows[2]),
        "paths": (rows[0, :-1], rows[0, 1:]),
        "steps": (rows[0], draw_normals(1, 1954, step=1)[0]),
        "streams": (rows[0], draw_normals(1, 1954, stream=philox.STREAM_BRIDGE)[0]),
        "seeds": (rows[0], draw_normals(1, 1954, seed=43)[0]),
    }
    for name, (x, y) in other.items():
        assert abs(np.mean(x * y)) * math.sqrt(x.size) < 5.85, name
        # E (x^2 - 1)^2 (y^2 - 1)^2 = 4
        assert abs(np.mean((x * x - 1.0) * (y * y - 1.0))) * math.sqrt(x.size) / 2.0 < 5.85, name
    x, y = rows[0], rows[0] * np.sign(rows[1])  # uncorrelated, not independent
    assert abs(np.mean((x * x - 1.0) * (y * y - 1.0))) * math.sqrt(x.size) / 2.0 > 5.85


def test_the_script_writes_the_coefficients(capsys):
    script = Path(__file__).parent / "fit_coefficients.py"
    with mp.workdps(mp.mp.dps):
        runpy.run_path(str(script), run_name="__main__")
    assert capsys.readouterr().out == Path(simcore.kernels.coefficients.__file__).read_text(encoding="utf-8")
