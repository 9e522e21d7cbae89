"""Moments from a table of past returns.

The bits depend on no BLAS and no vector width: logarithms are the C library's, sums follow a fixed tree.
"""

import math
from typing import get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scenarios.moments import Moments
from simcore.border import as_numbers, is_finite
from simcore.errors import InputError, Problem, show
from simcore.market import Compounding
from simcore.summary import tree_sum


def moments_of(returns: ArrayLike, *, periods_per_year: float, compounding: Compounding = "log") -> Moments:
    """The yearly moments of past returns.

    Parameters
    ----------
    returns : array_like, shape (periods, n)
        Simple returns per period, V'/V - 1: a row per period, a column per asset.
    periods_per_year : float
        252 for trading days.
    compounding : {"log", "simple"}

    Returns
    -------
    Moments

    Raises
    ------
    InputError
        When there are fewer than two periods, a return is not finite, a log return does not exist, an asset never
        moves, so that it has no correlation, or an option is none.

    Notes
    -----
    With the sample mean m and the standard deviation s (divisor periods - 1) of r' = ln(1 + r) under log, of r under
    simple: volatility = s sqrt(periods_per_year), and expected_return = m periods_per_year, plus volatility^2 / 2 under
    log, so that E[V'] = V e^(expected_return) after a year of normal log returns. Correlations are Pearson's.
    """
    r = as_numbers(returns, "returns")
    _check(r, periods_per_year, compounding)
    r = period_returns(r, compounding)
    periods, n = r.shape
    columns, unit = _scaled(r.T)
    mean = np.array([tree_sum(column) for column in columns]) / periods
    columns = columns - mean[:, np.newaxis]
    product = np.empty((n, n))
    for i in range(n):
        for j in range(i + 1):
            product[i, j] = product[j, i] = tree_sum(columns[i] * columns[j])
    square = np.diag(product)
    if not (square > 0.0).all():
        still = int(np.argmin(square > 0.0))
        raise InputError([_problem(f"[:, {still}]", f"{r[0, still]:g} and as good as equal", "returns that differ")])
    with np.errstate(over="ignore"):
        volatility = np.ldexp(np.sqrt(square / (periods - 1) * periods_per_year), unit)
        expected = np.ldexp(mean, unit) * periods_per_year
        if compounding == "log":
            expected = expected + 0.5 * (volatility * volatility)
    beyond = np.flatnonzero(~(np.isfinite(volatility) & np.isfinite(expected)))
    if len(beyond):
        value, allowed = "too large for a year", "returns whose yearly figures are finite"
        raise InputError([_problem(f"[:, {j}]", value, allowed) for j in beyond[:5]])
    return Moments(expected, volatility, _unit_diagonal(product / np.sqrt(square[:, np.newaxis] * square)))


def period_returns(returns: NDArray[np.float64], compounding: Compounding) -> NDArray[np.float64]:
    """What a market adds up over its steps: ln(1 + r) under log, r under simple.

    Parameters
    ----------
    returns : ndarray, shape (periods, n)
        Simple returns; under log above -1.
    compounding : {"log", "simple"}

    Returns
    -------
    ndarray, shape (periods, n)
    """
    return np.array([[math.log1p(x) for x in row] for row in returns.tolist()]) if compounding == "log" else returns


def _scaled(columns: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """`columns` in units of powers of two: no square overflows or vanishes, and no bit of a result depends on it."""
    unit = np.frexp(np.abs(columns).max(axis=1))[1]
    return np.ldexp(columns, -unit[:, np.newaxis]), unit


def _unit_diagonal(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    np.fill_diagonal(matrix, 1.0)
    return matrix


def _check(r: NDArray[np.float64], periods_per_year: float, compounding: Compounding) -> None:
    if not is_finite(periods_per_year) or periods_per_year <= 0.0:
        allowed, remedy = "a finite number above 0", "252 for trading days"
        raise InputError([Problem("periods_per_year", show(periods_per_year), allowed, remedy)])
    if compounding not in get_args(Compounding):
        raise InputError([Problem("compounding", show(compounding), '"log" or "simple"', "choose one")])
    if r.ndim != 2 or r.shape[0] < 2 or r.shape[1] < 1:
        allowed = "at least two rows of periods, a column per asset"
        raise InputError([_problem("", f"an array of shape {r.shape}", allowed)])
    low = -1.0 if compounding == "log" else -math.inf
    bad = np.argwhere(~(np.isfinite(r) & (r > low)))
    allowed = "finite returns above -1, as 0.01 for 1 %" if compounding == "log" else "finite returns"
    if len(bad):
        raise InputError([_problem(f"[{i}, {j}]", repr(float(r[i, j])), allowed) for i, j in bad[:5]])
    still = np.flatnonzero(r.min(axis=0) == r.max(axis=0))
    if len(still):
        raise InputError([_problem(f"[:, {j}]", repr(float(r[0, j])), "returns that differ") for j in still[:5]])


def _problem(where: str, value: str, allowed: str) -> Problem:
    return Problem(f"returns{where}", value, allowed, "correct the table, or leave out the period or asset")
