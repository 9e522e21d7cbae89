"""The bootstrap: its draws, its figures against the obvious loop, and the intervals made of them."""

import math
from fractions import Fraction
from math import comb

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri, stdtrit

from analysis import expected_shortfall, mean, resampled, value_at_risk, volatility
from analysis.resampled import ABOVE_REPLICATES, BELOW_REPLICATES, Resampled, binomial_ranks, influence_of
from simcore.engines import threads
from simcore.kernels.resampling import draw_counts
from simcore.resampling import resample, rows_drawn


def counts_of(n, replicates, *, mean_block=1.0, seed=1):
    restart = np.uint64(min(2**64 - 1, int(2**64 / mean_block)))
    out = np.empty((replicates, n), dtype=np.int64)
    for b in range(replicates):
        draw_counts(b, restart, np.uint64(seed), out[b])
    return out


@pytest.mark.parametrize("mean_block", [1.0, 3.0])
@pytest.mark.parametrize("n", [1, 7, 137])
def test_rows_are_those_of_the_obvious_loop(n, mean_block):
    seed = 2**63 - 1
    counts = counts_of(n, 4, mean_block=mean_block, seed=seed)
    for replicate in range(4):
        rows = naive.rows_drawn(n, replicate, naive.LOSSES, 0, mean_block, seed)
        assert counts[replicate].tolist() == np.bincount(rows, minlength=n).tolist()
        for history in (0, 3):
            rows = naive.rows_drawn(n, replicate, naive.HISTORY, history, mean_block, seed)
            assert rows_drawn(n, replicate, history=history, mean_block=mean_block, seed=seed).tolist() == rows


def test_a_replicate_draws_as_many_rows_as_there_are_each_as_likely():
    n, replicates = 50, 4000
    counts = counts_of(n, replicates)
    assert (counts.sum(axis=1) == n).all()
    share = counts.mean(axis=0)  # binomial (n, 1/n), mean 1, variance 1 - 1/n
    assert np.abs(share - 1.0).max() <= 5.85 * np.sqrt((1 - 1 / n) / replicates)
    assert counts.var() == pytest.approx(1 - 1 / n, rel=0.05)
    assert len({row.tobytes() for row in counts}) == replicates


@pytest.mark.parametrize("mean_block", [1.0, 4.0, 10.0])
def test_the_variance_of_a_mean_is_that_of_the_stationary_bootstrap(mean_block):
    """Politis and Romano (1994), lemma 1: with autocovariances R(i) of the sample around the circle,
    n Var = R(0) + 2 sum (1 - i/n) (1 - p)^i R(i).
    """
    n, replicates = 60, 20_000
    x = np.cumsum(np.random.default_rng(3).standard_normal(n))
    x -= x.mean()
    around = [x @ np.roll(x, -i) / n for i in range(n)]
    keep = 1 - 1 / mean_block
    truth = sum((1 if i == 0 else 2) * (1 - i / n) * keep**i * around[i] for i in range(n)) / n
    means = counts_of(n, replicates, mean_block=mean_block) @ x / n
    away = abs(means.var() - truth) / (truth * np.sqrt(2 / replicates))
    assert away <= 5.85
    other = counts_of(n, replicates, mean_block=4.0 if mean_block == 1.0 else 1.0) @ x / n  # the control
    assert abs(other.var() - truth) / (truth * np.sqrt(2 / replicates)) > 5.85


def sample(n, nodes, *, ties=False, seed=2):
    losses = np.random.default_rng(seed).standard_t(4, (nodes, n))
    return np.round(losses) if ties else losses


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("mean_block", [1.0, 5.0])
def test_replicates_are_the_measures_of_the_rows_drawn(ties, mean_block):
    n, confidences = 137, (0.9, 0.99, 0.95)
    losses = sample(n, 3, ties=ties)
    drawn = resample(losses, confidences, replicates=20, mean_block=mean_block, seed=7, engine=threads(1))
    counts = counts_of(n, 20, mean_block=mean_block, seed=7)
    for b in range(20):
        for node in range(3):
            rows = np.repeat(losses[node], counts[b])
            assert drawn.of(node, ("mean", None))[b] == pytest.approx(mean(rows), rel=1e-12, abs=1e-12)
            assert drawn.of(node, ("volatility", None))[b] == pytest.approx(volatility(rows), rel=1e-12)
            for c in confidences:
                assert drawn.of(node, ("value_at_risk", c))[b] == value_at_risk(rows, c)
                expected = expected_shortfall(rows, c)
                assert drawn.of(node, ("expected_shortfall", c))[b] == pytest.approx(expected, rel=1e-12)


BESIDE = np.random.default_rng(12).standard_normal(199)
HUGE = 1e9
WITH_A_HUGE_LOSS = {
    "first": np.append(HUGE, BESIDE),
    "last": np.append(BESIDE, HUGE),
    "between": np.random.default_rng(1).permutation(np.append(BESIDE, HUGE)),
    "and an offset": np.append(HUGE, BESIDE) + 1e6,
}


@pytest.mark.parametrize("losses", WITH_A_HUGE_LOSS.values(), ids=WITH_A_HUGE_LOSS)
def test_a_huge_loss_leaves_the_digits_of_replicates_without_it(losses):
    """Wherever it stands: a third of the replicates do not draw it, and their volatility is near 1."""
    drawn = resample(losses[np.newaxis], (0.9,), replicates=100, mean_block=1.0, seed=7, engine=threads(1))
    expected = [naive.mean_and_volatility(losses, counts) for counts in counts_of(len(losses), 100, seed=7)]
    np.testing.assert_allclose(drawn.values[:, 0, :2], expected, rtol=1e-12, atol=1e-15)
    without = drawn.of(0, ("volatility", None)) < 2.0
    assert 0.15 < without.mean() < 0.60


@pytest.mark.parametrize(
    "order", [np.arange(200), np.roll(np.arange(200), 1), np.random.default_rng(2).permutation(200)]
)
def test_the_order_of_rows_does_not_move_the_interval_of_volatility(order):
    """But for the draws of its replicates: the lower end is a small quantile of 370 volatilities near 1."""
    losses = np.append(BESIDE, HUGE)[order]
    drawn = resample(losses[np.newaxis], (0.9,), replicates=1000, mean_block=1.0, seed=7, engine=threads(1))
    low, high = Resampled(float(volatility(losses)), drawn.of(0, ("volatility", None)), behind=200.0).interval
    spread = np.sqrt(0.5 / 199)
    assert low == pytest.approx(np.std(BESIDE) - 1.5 * spread, abs=1.0 * spread)
    assert HUGE / 20 < high < HUGE / 4


def test_a_replicate_of_equal_losses_has_no_volatility():
    """To the last bit: a benefit is not to be divided by what rounding left."""
    losses = np.append(np.full(30, 0.1), 5.0)
    drawn = resample(losses[np.newaxis], (0.9,), replicates=100, mean_block=1.0, seed=7, engine=threads(1))
    alike = counts_of(31, 100, seed=7)[:, -1] == 0
    assert 15 < alike.sum() < 60
    assert (drawn.of(0, ("volatility", None))[alike] == 0.0).all()
    assert (drawn.of(0, ("mean", None))[alike] == 0.1).all()


def test_no_figure_depends_on_threads_nor_the_first_on_how_many():
    losses = sample(100, 4)
    options = {"mean_block": 2.0, "seed": 3}
    first = resample(losses, (0.95,), replicates=300, engine=threads(1), **options).values
    assert resample(losses, (0.95,), replicates=300, engine=threads(2), **options).values.tobytes() == first.tobytes()
    fewer = resample(losses, (0.95,), replicates=101, engine=threads(2), **options).values
    assert fewer.tobytes() == first[:101].tobytes()
    other = resample(losses, (0.95,), replicates=300, engine=threads(1), mean_block=2.0, seed=4).values
    assert (other != first).any(axis=(1, 2)).all()


@settings(max_examples=50)
@given(st.sampled_from([0.51, 0.9, 0.95, 0.975, 0.99, 0.999]), st.integers(20, 400))
def test_ranks_are_those_of_the_binomial_distribution(confidence, n):
    """In whole numbers: no probability is rounded."""
    c = Fraction(repr(confidence))
    below = [Fraction(0)]  # P(B < rank)
    for k in range(n + 1):
        below.append(below[-1] + comb(n, k) * c**k * (1 - c) ** (n - k))
    low, high = binomial_ranks(confidence, n)
    assert low == max(rank for rank in range(n + 1) if below[rank] < Fraction(25, 1000))
    assert high == next(rank for rank in range(n + 2) if below[rank] >= Fraction(975, 1000))


FIGURES = [("mean", None), ("volatility", None), ("value_at_risk", 0.9), ("expected_shortfall", 0.9)]


@pytest.mark.parametrize("figure", [f for f in FIGURES if f[0] != "value_at_risk"])
def test_the_influence_is_the_derivative_by_a_row_s_weight(figure):
    """By moving a little of the weight to a row; of a quantile, which jumps, the shape alone is known."""
    losses = np.sort(
        np.random.default_rng(4).standard_normal(53)
    )  # 5.3 in the tail: with a whole number it had a kink there
    n, step = len(losses), 1e-6

    def measured(weights):
        weights = weights / weights.sum()
        m = weights @ losses
        if figure[0] == "mean":
            return m
        if figure[0] == "volatility":
            return np.sqrt(weights @ (losses - m) ** 2)
        tail = 0.1
        above = np.concatenate([np.cumsum(weights[::-1])[::-1][1:], [0.0]])
        taken = np.clip(tail - above, 0.0, weights)
        return taken @ losses / tail

    base = np.full(n, 1.0 / n)
    value = measured(base)
    own = influence_of(losses, figure, value)
    for row in (0, 10, 47, 50, 52):
        moved = base * (1 - step)
        moved[row] += step
        assert own[row] == pytest.approx((measured(moved) - value) / step, abs=1e-4)


def test_an_interval_of_replicates_without_skew_and_bias_is_their_percentiles():
    replicates = np.arange(-500.0, 501.0)
    found = Resampled(0.0, replicates, lambda: np.array([-1.0, 1.0]))
    assert found.interval == (-476.0, 476.0)  # ranks 25 and 977 of 1,001: the levels are 0.025 and 0.975 of 1,002
    assert Resampled(0.0, replicates).interval == found.interval
    assert Resampled(0.0, replicates, behind=10.0).interval[1] > found.interval[1]
    assert Resampled(-50.0, replicates, found.influence).interval[1] < found.interval[1]  # its median is too high
    skewed = Resampled(0.0, replicates, lambda: np.array([-1.0, -1.0, -1.0, 3.0]))
    assert skewed.interval[0] > found.interval[0]
    assert skewed.interval[1] > found.interval[1]


@pytest.mark.parametrize("influence", [np.array([-1.0, 1.0]), np.array([-1.0, -1.0, -1.0, 3.0]), np.array([1.0, -0.5])])
@pytest.mark.parametrize("value", [-60.0, 0.0, 35.0])
def test_levels_are_those_of_efron(influence, value):
    """z0 + (z0 + z) / (1 - a (z0 + z)), with a a sixth of the skewness of the sum of influences."""
    replicates = np.arange(-500.0, 501.0)
    z0 = ndtri((value + 500.5) / 1001)
    a = (influence**3).sum() / (influence**2).sum() ** 1.5 / 6
    levels = [ndtr(z0 + (z0 + z) / (1 - a * (z0 + z))) for z in ndtri([0.025, 0.975])]
    low, high = Resampled(value, replicates, lambda: influence).interval
    assert low == replicates[math.floor(levels[0] * 1002) - 1]
    assert high == replicates[math.ceil(levels[1] * 1002) - 1]


@pytest.mark.parametrize("behind", [5.0, 10.0, 50.0])
def test_few_losses_behind_a_figure_widen_its_interval(behind):
    """By Hesterberg (2015): the quantile of t with one degree of freedom less, times sqrt(m / (m - 1))."""
    replicates = np.arange(-5000.0, 5001.0)
    level = ndtr(math.sqrt(behind / (behind - 1)) * stdtrit(behind - 1, 0.025))
    low, high = Resampled(0.0, replicates, behind=behind).interval
    assert low == replicates[math.floor(level * 10_002) - 1]
    assert high == -low


SKEWS = [None, np.array([-1.0, -1.0, -1.0, 3.0]), np.array([1.0, 1.0, 1.0, -3.0]), np.array([-1.0, 1.0])]


@pytest.mark.parametrize("influence", SKEWS)
@pytest.mark.parametrize("behind", [1.0, 1.0000001, 1.5, 2.0])
@pytest.mark.parametrize("replicates", [np.arange(-500.0, 501.0), np.zeros(1001)])
def test_one_or_two_losses_bound_a_figure_on_no_side(replicates, behind, influence):
    """A level beyond all replicates is none of theirs, whatever the skewness; without spread as well."""
    cell = Resampled(0.0, replicates, None if influence is None else lambda: influence, behind).estimate()
    assert (cell.value, cell.low, cell.high) == (0.0, None, None)
    assert cell.note == f"{BELOW_REPLICATES}; {ABOVE_REPLICATES}"


def test_an_end_that_is_missing_leaves_the_other():
    replicates = np.arange(-500.0, 501.0)
    for sign in (1.0, -1.0):
        skewed = np.append(np.full(99, -sign), 99.0 * sign)
        cell = Resampled(0.0, replicates, lambda skewed=skewed: skewed, 4.0, note="few").estimate()
        assert ((cell.low is None), (cell.high is None)) == (sign < 0, sign > 0)
        assert cell.note == f"few; {ABOVE_REPLICATES if sign > 0 else BELOW_REPLICATES}"
    more = np.linspace(-500.0, 500.0, 1_000_001)  # the same spread, and replicates as far out as the level
    assert Resampled(0.0, more, behind=4.0).interval[1] is not None


def test_the_benefit_of_a_figure_without_a_lower_end():
    """There is one while all replicates of unpooled are above 0; its own ends are missing for the same reason."""
    around = np.linspace(-1.0, 1.0, 101)
    pooled = Resampled(5.0, 5.0 + around, behind=2.0)
    found = resampled.benefit(pooled, Resampled(10.0, 10.0 + 3.0 * around, behind=2.0)).estimate()
    assert (found.value, found.low, found.high) == (0.5, None, None)
    assert found.std_error > 0
    none = resampled.benefit(pooled, Resampled(10.0, 10.0 + 10.0 * around, behind=2.0))
    assert none.note.startswith("no benefit: the unpooled figure, or its interval, reaches 0")


def test_the_influence_on_sums_and_benefits_is_seen_without_a_row():
    """Leaving row i out moves a smooth figure by -1 / (n - 1) of its influence, and a little."""
    losses = np.random.default_rng(5).standard_normal((500, 3)) @ [[1, 0.5, 0], [0, 1, 0], [0, 0, 2]]
    columns = [*losses.T, losses.sum(axis=1)]
    figure, replicates = ("volatility", None), np.linspace(1.0, 1.1, 101)

    def of(x):
        value = volatility(x)
        return Resampled(value, value * replicates, lambda: influence_of(x, figure, value))

    unpooled, pooled = resampled.total([of(x) for x in columns[:3]]), of(columns[3])
    found = resampled.benefit(pooled, unpooled)
    left = [[volatility(np.delete(x, i)) for x in columns] for i in range(100)]
    for made, of_left in (
        (unpooled, lambda v: v[0] + v[1] + v[2]),
        (pooled, lambda v: v[3]),
        (found, lambda v: 1 - v[3] / (v[0] + v[1] + v[2])),
    ):
        moved = np.array([made.value - of_left(v) for v in left]) * (len(losses) - 1)
        np.testing.assert_allclose(made.influence()[:100], moved, atol=0.02 * np.abs(moved).max())
