"""Normals in float32, against 40 digits and as a law; float32 rows against their twins."""

import math

import mpmath as mp
import naive
import numpy as np
import pytest
from scipy import stats
from test_normals import ONE_IN_2E8, deviations

from simcore.compile import TILE_ROWS
from simcore.kernels import rows
from simcore.kernels.block import BLOCK, STRIDE
from simcore.kernels.factors import factor_product
from simcore.kernels.linear import product
from simcore.kernels.philox import STREAM_NORMAL, STREAM_SINGLE
from simcore.kernels.single import fill_single, words_to_normals

ULP = 2.0**-24
ONES = 2**32 - 1
# the ends of the radius, and where the logarithm changes its form; 7 bits of it are the lowest of the angle's word
RADIUS_WORDS = [0, 1, 2, 2**24, 2**24 + 1, 2**31, 3037000499, 3037000500, 3 * 2**30 - 1, 3 * 2**30, ONES - 1, ONES]
PLACES = [0, 127, 128, 2**29 - 1, 2**29, 2**29 + 127, 2**30 - 128, 2**30 - 1]
ANGLE_WORDS = [quadrant << 30 | place for quadrant in range(4) for place in PLACES]


def normals_of(a, b):
    """The kernel's two normals for two times 32 bits, any number of them."""
    count = len(a)
    words = np.zeros((2, -(-count // BLOCK) * BLOCK), dtype=np.uint32)
    words[:, :count] = np.array([a, b], dtype=np.uint32)
    out = words.view(np.float32)
    for first in range(0, out.shape[1], BLOCK):
        words_to_normals(out[0, first : first + BLOCK], out[1, first : first + BLOCK])
    return out[:, :count]


def draw_normals(count, blocks, *, seed=42, stream=STREAM_NORMAL, step=0):
    """Rows of normals for consecutive paths. Shape (count, blocks * BLOCK), float32."""
    out = np.empty((count, blocks * BLOCK), np.float32)
    some = np.empty((count + -count % 4, STRIDE), np.float32)
    for block in range(blocks):
        numbers = np.arange(block * BLOCK, (block + 1) * BLOCK)
        fill_single(numbers, count, np.uint64(stream + STREAM_SINGLE), np.uint64(step), np.uint64(seed), some)
        out[:, block * BLOCK : (block + 1) * BLOCK] = some[:count, :BLOCK]
    return out


# normals


def errors(a, b):
    """Beside the radius, in 2^-24: the largest error of a radius, and of a normal."""
    of_radius, of_place = [], []
    for word, angle, x, y in zip(a, b, *normals_of(a, b), strict=True):
        true_x, true_y = naive.box_muller_single(word, angle)
        with mp.workdps(40):
            true = mp.hypot(true_x, true_y)
            of_radius.append(abs(mp.hypot(mp.mpf(float(x)), mp.mpf(float(y))) / true - 1))
            of_place.append(max(abs(float(x) - true_x), abs(float(y) - true_y)) / true)
    return float(max(of_radius)) / ULP, float(max(of_place)) / ULP


def test_extreme_bits_agree_with_forty_digits():
    of_radius, of_place = errors([word for word in RADIUS_WORDS for _ in ANGLE_WORDS], ANGLE_WORDS * len(RADIUS_WORDS))
    assert of_radius < 4.0
    assert of_place < 4.0


def test_random_bits_agree_with_forty_digits():
    rng = np.random.default_rng(1)
    a, b = (rng.integers(0, 2**32, 3000, dtype=np.uint64).tolist() for _ in range(2))
    of_radius, of_place = errors(a, b)
    assert of_radius < 4.0
    assert of_place < 4.0


def test_each_normal_is_right_to_the_last_digits_even_near_zero():
    for angle in ANGLE_WORDS:
        for got, true in zip(normals_of([2**31], [angle])[:, 0], naive.box_muller_single(2**31, angle), strict=True):
            assert abs(float((mp.mpf(float(got)) - true) / true)) < 6.0 * ULP


def test_the_radius_is_right_from_end_to_end():
    """From 1.3e-6 to 7.45: a uniform that is 1 in float32 gives no radius of 0."""
    a = [2**k - 1 for k in range(33)] + [ONES - 2**k + 1 for k in range(32)]
    b = [2**29] * len(a)
    a, b = [0, ONES, *a], [2**29, 2**29 + 127, *b]
    x, y = normals_of(a, b).astype(float)
    radius = [float(mp.hypot(*naive.box_muller_single(*words))) for words in zip(a, b, strict=True)]
    np.testing.assert_allclose(np.hypot(x, y), radius, rtol=4.0 * ULP)
    assert max(radius) == pytest.approx(math.sqrt(2 * 40 * math.log(2)))
    assert min(radius) == pytest.approx(math.sqrt(2.0**-39))


def beyond(x, bits):
    """P(Z > x) of the normals that a radius of so many bits and an angle of 25 give, each point counted."""
    k = np.arange(math.ceil(math.exp(-x * x / 2.0) * 2.0**bits) + 1)
    radius = np.sqrt(-2.0 * np.log((k + 0.5) / 2.0**bits))
    half = np.arccos(np.minimum(x / radius, 1.0))
    points = 2.0 * np.floor(half / (2.0 * math.pi / 2.0**25) + 0.5)
    return points.sum() / 2.0**25 / 2.0**bits


@pytest.mark.parametrize("x", np.linspace(5.0, 6.2, 7))
def test_the_law_is_normal_down_to_1e_9(x):
    """To 1 in 10,000 of what lies beyond x."""
    assert beyond(x, 39) == pytest.approx(stats.norm.sf(x), rel=1e-4)


def test_a_radius_of_32_bits_would_be_seen():
    """The negative control."""
    assert abs(beyond(6.2, 32) / stats.norm.sf(6.2) - 1.0) > 1e-3


def test_rows_are_the_twins_normals():
    for stream, step, seed in [(0, 0, 1), (1, 11, 2**62)]:
        some = draw_normals(7, 1, seed=seed, stream=stream, step=step)
        for asset in range(7):
            for path in (0, 1, 17, 511):
                expected = naive.normal_single(path, stream, step, asset, seed)
                assert some[asset, path] == pytest.approx(expected, rel=6.0 * ULP)


def test_more_assets_leave_the_normals_of_the_others():
    for count in (1, 2, 3, 5):
        np.testing.assert_array_equal(draw_normals(count, 2), draw_normals(8, 2)[:count])


def test_a_million_draws_are_normal_and_have_the_moments():
    """Each of the four of a counter; with draws 2 % too wide as the negative control."""
    for draws in draw_normals(4, 1954).astype(float):
        assert stats.kstest(draws, "norm").pvalue > ONE_IN_2E8
        assert stats.kstest(1.02 * draws, "norm").pvalue < ONE_IN_2E8
        assert np.abs(deviations(draws)).max() < 5.85
        assert np.abs(deviations(1.02 * draws)).max() > 5.85


def test_draws_are_independent():
    """Across the assets of one counter and of two, paths, steps, streams and seeds; a shared size as the control."""
    some = draw_normals(5, 1954).astype(float)
    x = some[0]
    others = [*some[1:], np.roll(x, 1)]
    others += [draw_normals(1, 1954, **other)[0] for other in ({"step": 1}, {"stream": 1}, {"seed": 43})]

    def shared_size(y):
        return abs(np.mean((x**2 - 1.0) * (y.astype(float) ** 2 - 1.0))) * math.sqrt(x.size) / 2.0

    for y in others:
        assert abs(np.mean(x * y)) * math.sqrt(x.size) < 5.85
        assert shared_size(y) < 5.85
    assert shared_size(x * np.sign(some[1])) > 5.85


# rows


def random_rows(count, seed=1):
    return np.random.default_rng(seed).normal(size=(count, STRIDE)).astype(np.float32)


@pytest.mark.parametrize("n", [1, 3, 4, 9])
def test_the_product_is_its_twin_bit_for_bit(n):
    size = -(-n // TILE_ROWS) * TILE_ROWS
    z, x, factor = random_rows(size), np.full((size, STRIDE), 7.0, np.float32), np.zeros((size, size), np.float32)
    factor[:n, :n] = np.tril(random_rows(n, 2)[:, :n])
    product(factor.ravel(), z, x)
    some = [0, 1, 15, 16, 63, 64, 255, 256, 511]
    np.testing.assert_array_equal(x[:n, some], naive.product(factor[:n, :n], z[:n, some]))
    assert (x[:, BLOCK:] == 7.0).all(), "the product wrote beyond the block"
    assert x.dtype == np.float32


@pytest.mark.parametrize(("n", "k", "share"), [(1, 1, 1.0), (5, 2, 1.0), (9, 7, 1.0), (9, 30, 0.05)])
def test_the_product_of_factors_is_its_twin_bit_for_bit(n, k, share):
    size = -(-n // TILE_ROWS) * TILE_ROWS
    e, f, x = random_rows(size), random_rows(k, 3), np.full((size, STRIDE), 7.0, np.float32)
    own, loadings = np.zeros(size, np.float32), np.zeros((size, k), np.float32)
    own[:n], loadings[:n] = random_rows(1, 4)[0, :n], random_rows(n, 5)[:, :k]
    loadings[np.random.default_rng(6).random(loadings.shape) >= share] = 0.0  # so that runs of factors are skipped
    factor_product(own, loadings.ravel(), e, f, x)
    some = [0, 1, 15, 16, 63, 64, 255, 256, 511]
    np.testing.assert_array_equal(x[:n, some], naive.factor_product(own[:n], loadings[:n], e[:n, some], f[:, some]))
    assert (x[:, BLOCK:] == 7.0).all(), "the product wrote beyond the block"


ROWS = {
    "copy": lambda x, y: rows.copy(x, y),
    "add": lambda x, y: rows.add(x, y),
    "multiply": lambda x, y: rows.multiply(x, np.linspace(0.1, 3.0, STRIDE), y),
    "add_product": lambda x, y: rows.add_product(x, np.linspace(0.1, 3.0, STRIDE), y),
    "affine": lambda x, y: rows.affine(x, 0.01, 0.3, y),
    "loss_log": lambda x, y: rows.loss_log(x, 0.01, 0.3, 1e5, y),
    "loss_simple": lambda x, y: rows.loss_simple(x, 0.01, 0.3, 1e5, y),
}


@pytest.mark.parametrize("function", ROWS.values(), ids=ROWS)
def test_a_float32_row_is_read_as_the_float64s_that_it_holds(function):
    x = random_rows(1)[0]
    narrow, wide = np.full((2, STRIDE), 0.1)
    function(x, narrow)
    function(x.astype(float), wide)
    np.testing.assert_array_equal(narrow, wide)


def test_the_bridge_takes_from_what_is_left_what_it_gives():
    e, left = random_rows(1)[0], np.linspace(-2.0, 2.0, STRIDE)
    wide, remaining = e.astype(float), left.copy()
    rows.bridge(3.0, 0.4, remaining.copy(), wide)
    rows.bridge(3.0, 0.4, left, e)
    np.testing.assert_array_equal(e[:BLOCK], wide[:BLOCK].astype(np.float32))
    np.testing.assert_array_equal(left[:BLOCK], remaining[:BLOCK] - e[:BLOCK])
