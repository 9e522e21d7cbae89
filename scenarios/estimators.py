"""Estimators of yearly moments from past returns: sample, Ledoit-Wolf, EWMA, and pairs of columns with gaps.

What comes of them is resolved into the scenario and hashed, so they may go through BLAS.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from scenarios.calibrate import moments_of, period_returns
from scenarios.moments import Moments
from simcore.market import Compounding

Floats = NDArray[np.float64]
Estimator = Literal["sample", "ledoit_wolf", "ewma"]
_LEAST_WEIGHT = 1e-12
MOST_BY_TREE = 200  # assets whose products `moments_of` sums by its tree: 0.6 s for 1,260 rows, and 3.6 s for 500


def estimate(
    returns: Floats,
    *,
    periods_per_year: float,
    compounding: Compounding = "log",
    estimator: Estimator = "sample",
    half_life: float | None = None,
) -> Moments:
    """The yearly moments of past returns by one of the estimators.

    Parameters
    ----------
    returns : ndarray, shape (periods, n)
        Simple returns per period. NaN is a gap, which only ``sample`` takes: see `pairwise`.
    periods_per_year : float
    compounding : {"log", "simple"}
    estimator : {"sample", "ledoit_wolf", "ewma"}
    half_life : float, periods, optional
        Of ``ewma``.

    Returns
    -------
    Moments

    Raises
    ------
    InputError
        As `moments_of`.
    """
    options = {"periods_per_year": periods_per_year, "compounding": compounding}
    if np.isnan(returns).any():
        return pairwise(returns, **options)
    small = returns.shape[1] <= MOST_BY_TREE
    sample = moments_of(returns, **options) if small else _by_blas(returns, **options)
    if estimator == "ledoit_wolf":
        x = period_returns(returns, compounding)
        weight = _weight(x)
        shrunk = (1.0 - weight) * sample.matrix
        np.fill_diagonal(shrunk, 1.0)
        return Moments(sample.expected_return, sample.volatility, shrunk)
    if estimator == "ewma":
        if half_life is None:
            raise AssertionError("the schema asks for a half-life")
        return _ewma(period_returns(returns, compounding), half_life, sample, **options)
    return sample


def shrinkage(x: Floats) -> float:
    """The weight of the identity in the estimator of Ledoit and Wolf, of returns standardised by their deviation.

    Parameters
    ----------
    x : ndarray, shape (periods, n)
        Columns of mean 0 and mean square 1 (divisor periods).

    Returns
    -------
    float
        From 0 to 1.

    Notes
    -----
    O. Ledoit, M. Wolf: A well-conditioned estimator for large-dimensional covariance matrices (2004). With the sample
    matrix S = X'X / T, whose mean eigenvalue is 1 here, d^2 = |S - I|^2 / n, and
    b^2 = min(d^2, sum over rows of |x x' - S|^2 / (n T^2)), the weight is b^2 / d^2. |.| is Frobenius'.
    """
    periods, n = x.shape
    s = x.T @ x / periods
    d2 = ((s - np.eye(n)) ** 2).sum() / n
    # |x x' - S|^2 = (x'x)^2 - 2 x'S x + |S|^2, and the mean of x'S x over the rows is |S|^2
    b2 = ((x**2).sum(axis=1) ** 2).sum() / periods - (s**2).sum()
    b2 = max(b2 / (n * periods), 0.0)
    return float(min(b2 / d2, 1.0)) if d2 > 0.0 else 0.0


def is_singular(returns: Floats, compounding: Compounding) -> bool:
    """Whether ``ledoit_wolf`` leaves the correlation of no more rows than assets singular: it does not shrink them.

    The sample's is, and the weight is then the smallest eigenvalue. Of two rows it is 0, up to rounding.
    """
    return _weight(period_returns(returns, compounding)) < _LEAST_WEIGHT


def half_life_weights(periods: int, half_life: float) -> Floats:
    """Weights that sum to 1, the last the largest, each half of what stands `half_life` rows after it.

    >>> half_life_weights(3, 1.0).tolist()
    [0.14285714285714285, 0.2857142857142857, 0.5714285714285714]
    """
    weights = 0.5 ** (np.arange(periods - 1, -1, -1) / half_life)
    return weights / weights.sum()


def effective_rows(periods: int, half_life: float) -> float:
    """How many rows of equal weight would say as much as these: 1 / sum of squared weights."""
    return float(1.0 / (half_life_weights(periods, half_life) ** 2).sum())


def _ewma(
    x: Floats, half_life: float, sample: Moments, *, periods_per_year: float, compounding: Compounding
) -> Moments:
    """Weighted volatilities and correlations; the mean stays that of all rows, since few recent ones say nothing of it.

    Deviations are from the weighted mean, and 1 - sum of squared weights is the divisor, so that an endless half-life
    gives the sample's figures, divisor periods - 1.
    """
    covariance = _covariance(x, half_life_weights(len(x), half_life))
    volatility = np.sqrt(np.diag(covariance) * periods_per_year)
    expected = sample.expected_return
    if compounding == "log":
        expected = expected - 0.5 * sample.volatility**2 + 0.5 * volatility**2
    return Moments(expected, volatility, _correlation(covariance, np.sqrt(np.diag(covariance))))


def _by_blas(returns: Floats, *, periods_per_year: float, compounding: Compounding) -> Moments:
    """As `moments_of`, for many assets: up to rounding the same figures."""
    x = period_returns(returns, compounding)
    covariance = _covariance(x, np.full(len(x), 1.0 / len(x)))
    deviation = np.sqrt(np.diag(covariance))
    volatility, expected = deviation * np.sqrt(periods_per_year), x.mean(axis=0) * periods_per_year
    if compounding == "log":
        expected = expected + 0.5 * volatility**2
    return Moments(expected, volatility, _correlation(covariance, deviation))


def _covariance(x: Floats, weights: Floats) -> Floats:
    """Of equal weights the sample covariance, divisor periods - 1."""
    off = x - weights @ x
    return (off * weights[:, np.newaxis]).T @ off / (1.0 - (weights**2).sum())


def pairwise(returns: Floats, *, periods_per_year: float, compounding: Compounding) -> Moments:
    """Of each asset the moments of its own rows, of each pair Pearson's correlation over the rows that both have.

    Parameters
    ----------
    returns : ndarray, shape (periods, n)
        NaN is a gap.

    Returns
    -------
    Moments
        Of a pair without two such rows, or that does not move in them, the correlation is NaN. The matrix need not be
        positive semidefinite.
    """
    options = {"periods_per_year": periods_per_year, "compounding": compounding}
    there = ~np.isnan(returns)
    single = [moments_of(column[seen, np.newaxis], **options) for column, seen in zip(returns.T, there.T, strict=True)]
    x = period_returns(np.where(there, returns, 0.0), compounding)
    seen = there.astype(np.float64)
    mean = np.array([x[rows, j].mean() for j, rows in enumerate(there.T)])
    deviation = np.array([x[rows, j].std() for j, rows in enumerate(there.T)])
    z = np.where(there, (x - mean) / deviation, 0.0)
    rows, sums, squares = seen.T @ seen, z.T @ seen, (z * z).T @ seen  # [i, j]: of i, over the rows of i and j
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = z.T @ z - sums * sums.T / rows
        variance = squares - sums**2 / rows
        still = (variance <= 1e-12 * squares) | (rows < 2)
        correlation = np.where(still | still.T, np.nan, covariance / np.sqrt(variance * variance.T))
    correlation = np.clip(0.5 * (correlation + correlation.T), -1.0, 1.0)
    np.fill_diagonal(correlation, 1.0)
    expected = np.array([m.expected_return[0] for m in single])
    return Moments(expected, np.array([m.volatility[0] for m in single]), correlation)


def _weight(x: Floats) -> float:
    return shrinkage(_standardised(x))


def _standardised(x: Floats) -> Floats:
    off = x - x.mean(axis=0)
    return off / np.sqrt((off**2).mean(axis=0))


def _correlation(covariance: Floats, deviation: Floats) -> Floats:
    correlation = covariance / deviation / deviation[:, np.newaxis]
    correlation = np.clip(0.5 * (correlation + correlation.T), -1.0, 1.0)
    np.fill_diagonal(correlation, 1.0)
    return correlation
