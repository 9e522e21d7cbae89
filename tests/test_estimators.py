"""Estimators against loops that follow their definitions, and against each other."""

import math

import numpy as np
import pandas as pd
import pytest

from scenarios import moments_of
from scenarios.estimators import MOST_BY_TREE, effective_rows, estimate, half_life_weights, pairwise, shrinkage
from simcore.correlation import check_correlation


def table(periods=40, n=6, seed=3):
    rng = np.random.default_rng(seed)
    return 0.01 * (rng.standard_normal((periods, 1)) + rng.standard_normal((periods, n))) * np.linspace(0.5, 3, n)


def standardised(returns):
    x = np.log1p(returns)
    return (x - x.mean(axis=0)) / x.std(axis=0)


def naive_shrinkage(x):
    """Ledoit and Wolf (2004), section 3.2: m, d^2, b^2 entry by entry; |A|^2 is the sum of squares over n."""
    periods, n = x.shape
    s = [[sum(x[t, i] * x[t, j] for t in range(periods)) / periods for j in range(n)] for i in range(n)]
    m = sum(s[i][i] for i in range(n)) / n
    d2 = sum((s[i][j] - m * (i == j)) ** 2 for i in range(n) for j in range(n)) / n
    rows = (sum((x[t, i] * x[t, j] - s[i][j]) ** 2 for i in range(n) for j in range(n)) / n for t in range(periods))
    return min(sum(rows) / periods**2, d2) / d2


@pytest.mark.parametrize(("periods", "n"), [(40, 6), (5, 8), (300, 3), (3, 2)])
def test_shrinkage_is_that_of_the_paper(periods, n):
    x = standardised(table(periods, n))
    assert shrinkage(x) == pytest.approx(naive_shrinkage(x), rel=1e-12)
    plain = np.log1p(table(periods, n))
    other = naive_shrinkage(plain - plain.mean(axis=0))
    assert abs(other / shrinkage(x) - 1.0) > 1e-5  # the control: unequal volatilities would be seen


def test_shrinkage_is_scikit_learn_s():
    covariance = pytest.importorskip("sklearn.covariance")
    for periods, n in ((40, 6), (5, 8), (300, 3), (60, 200)):
        x = standardised(table(periods, n))
        shrunk, weight = covariance.ledoit_wolf(x, assume_centered=True)
        assert shrinkage(x) == pytest.approx(weight, abs=1e-12)
        mine = estimate(table(periods, n), periods_per_year=252, estimator="ledoit_wolf")
        np.testing.assert_allclose(mine.correlation, shrunk, rtol=0, atol=1e-12)


def test_ledoit_wolf_moves_correlations_alone():
    returns = table()
    sample, shrunk = (estimate(returns, periods_per_year=12, estimator=name) for name in ("sample", "ledoit_wolf"))
    assert shrunk.volatility.tobytes() == sample.volatility.tobytes()
    assert shrunk.expected_return.tobytes() == sample.expected_return.tobytes()
    weight = naive_shrinkage(standardised(returns))
    off = ~np.eye(6, dtype=bool)
    np.testing.assert_allclose(shrunk.correlation[off], (1 - weight) * sample.correlation[off], rtol=1e-12)
    assert (np.diag(shrunk.correlation) == 1.0).all()
    assert 0.0 < weight < 1.0


def test_ledoit_wolf_of_fewer_rows_than_assets_is_positive_definite():
    returns = table(10, 30)
    sample, shrunk = (estimate(returns, periods_per_year=12, estimator=name) for name in ("sample", "ledoit_wolf"))
    assert np.linalg.eigvalsh(sample.correlation)[0] < 1e-10
    assert np.linalg.eigvalsh(shrunk.correlation)[0] > 0.01
    assert check_correlation(shrunk.correlation, tuple(map(str, range(30)))) == []


def test_the_sample_is_moments_of_bit_for_bit():
    one, other = estimate(table(), periods_per_year=252), moments_of(table(), periods_per_year=252)
    for key in ("expected_return", "volatility", "correlation"):
        assert getattr(one, key).tobytes() == getattr(other, key).tobytes()


@pytest.mark.parametrize("compounding", ["log", "simple"])
def test_many_assets_have_the_same_figures(compounding):
    returns, options = table(300, MOST_BY_TREE + 1), {"periods_per_year": 12, "compounding": compounding}
    found, exact = estimate(returns, **options), moments_of(returns, **options)
    for key in ("expected_return", "volatility", "correlation"):
        np.testing.assert_allclose(getattr(found, key), getattr(exact, key), rtol=1e-11, atol=1e-13)
    assert (found.correlation == found.correlation.T).all()


@pytest.mark.parametrize("compounding", ["log", "simple"])
def test_ewma_is_the_weighted_loop(compounding):
    returns, half_life = table(), 7.0
    x = np.log1p(returns) if compounding == "log" else returns
    periods, n = x.shape
    weights = [2.0 ** (-(periods - 1 - t) / half_life) for t in range(periods)]
    weights = [w / math.fsum(weights) for w in weights]
    mean = [math.fsum(w * x[t, i] for t, w in enumerate(weights)) for i in range(n)]
    rest = 1.0 - math.fsum(w * w for w in weights)
    covariance = np.array(
        [
            [
                math.fsum(w * (x[t, i] - mean[i]) * (x[t, j] - mean[j]) for t, w in enumerate(weights)) / rest
                for j in range(n)
            ]
            for i in range(n)
        ]
    )
    sigma = np.sqrt(12 * np.diag(covariance))
    options = {"periods_per_year": 12, "compounding": compounding}
    found = estimate(returns, estimator="ewma", half_life=half_life, **options)
    np.testing.assert_allclose(found.volatility, sigma, rtol=1e-12)
    np.testing.assert_allclose(found.correlation * np.outer(sigma, sigma), 12 * covariance, rtol=1e-11, atol=1e-15)
    drift = 0.5 * sigma**2 if compounding == "log" else 0.0
    np.testing.assert_allclose(found.expected_return, 12 * x.mean(axis=0) + drift, rtol=1e-12)
    assert abs(found.volatility / moments_of(returns, **options).volatility - 1.0).min() > 1e-3  # it does weigh


def test_an_endless_half_life_is_the_sample():
    found = estimate(table(), periods_per_year=12, estimator="ewma", half_life=1e12)
    sample = moments_of(table(), periods_per_year=12)
    np.testing.assert_allclose(found.volatility, sample.volatility, rtol=1e-9)
    np.testing.assert_allclose(found.correlation, sample.correlation, atol=1e-9)
    np.testing.assert_allclose(found.expected_return, sample.expected_return, rtol=1e-9)
    assert effective_rows(40, 1e12) == pytest.approx(40)


def test_weights_halve():
    weights = half_life_weights(50, 5.0)
    np.testing.assert_allclose(weights[5:] / weights[:-5], 2.0)
    assert weights.sum() == pytest.approx(1.0, rel=1e-14)


def with_gaps(seed=4):
    returns = table(60, 5, seed)
    rng = np.random.default_rng(seed)
    returns[rng.random(returns.shape) < 0.2] = np.nan
    returns[:, 0] = table(60, 5, seed)[:, 0]
    return returns


@pytest.mark.parametrize("compounding", ["log", "simple"])
def test_pairwise_is_that_of_pandas(compounding):
    returns = with_gaps()
    x = pd.DataFrame(np.log1p(returns) if compounding == "log" else returns)
    found = pairwise(returns, periods_per_year=12, compounding=compounding)
    np.testing.assert_allclose(found.correlation, x.corr().to_numpy(), rtol=0, atol=1e-13)
    np.testing.assert_allclose(found.volatility, x.std().to_numpy() * 12**0.5, rtol=1e-13)
    drift = 0.5 * found.volatility**2 if compounding == "log" else 0.0
    np.testing.assert_allclose(found.expected_return, x.mean().to_numpy() * 12 + drift, rtol=1e-12)
    complete = x.dropna()
    assert abs(found.correlation - complete.corr().to_numpy()).max() > 0.01  # the control: not complete rows alone


def test_pairs_that_no_row_tells_of_are_nan():
    returns = np.array([[0.1, np.nan, 0.1], [0.2, np.nan, 0.3], [np.nan, 0.1, 0.1], [np.nan, 0.3, 0.1]])
    found = pairwise(returns, periods_per_year=1, compounding="simple")
    assert np.isnan(found.correlation).tolist() == [[False, True, False], [True, False, True], [False, True, False]]
