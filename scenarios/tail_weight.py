"""How heavy the tails of past returns are: the degrees of freedom of a Student-t, by maximum likelihood.

Mean, scatter and degrees of freedom are found together: a covariance that is estimated first, and then taken as known,
makes tails look thin unless rows far outnumber assets.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import root_scalar
from scipy.special import digamma, gammaln

Floats = NDArray[np.float64]

LOWEST, HIGHEST = 2.0, 1e4  # at the first and below the law has no variance; beyond the second it is the normal
MOST_STEPS = 500
_GRID = np.geomspace(HIGHEST, LOWEST, 13).tolist()
_PLAIN = 2.706  # of the likelihood ratio, since dof cannot be beyond infinity: see the Notes of `tail_weight`
_SMALLEST_EIGENVALUE = 1e-9
_CLOSE = 1e-10  # of a row's weight from step to step, relative
_APART = 1e-3  # of the two scores that give the curvature, relative to dof


@dataclass(frozen=True)
class TailWeight:
    """The fit of a multivariate Student-t.

    Attributes
    ----------
    dof : float
        Degrees of freedom; infinite where none are likelier than the normal, 2 where the likelihood rises down to
        there, NaN where they cannot be told.
    std_error : float
        From the curvature of the likelihood; NaN at the ends. Rows count as independent.
    likelihood_ratio : float
        Twice the gain in log likelihood over the normal.
    note : str
        Why dof cannot be told.
    """

    dof: float
    std_error: float = math.nan
    likelihood_ratio: float = math.nan
    note: str = ""

    @property
    def normal_fits(self) -> bool:
        """Whether a normal sample would often look as heavy in its tails (5 %)."""
        return self.likelihood_ratio < _PLAIN


@dataclass(frozen=True, eq=False)
class Fit:
    """The likeliest mean and scatter at given degrees of freedom.

    Attributes
    ----------
    log_likelihood : float
        Of all rows.
    score : float
        Its derivative in the degrees of freedom, mean and scatter being fitted anew to each: at a maximum over these
        it is the derivative without them.
    weights : ndarray, shape (periods,)
        Of the rows in mean and scatter.
    """

    log_likelihood: float
    score: float
    weights: Floats


def tail_weight(x: Floats) -> TailWeight:
    """The degrees of freedom of returns whose mean and scatter are not known.

    Parameters
    ----------
    x : ndarray, shape (periods, n)
        Log returns under log compounding, plain ones under simple.

    Returns
    -------
    TailWeight

    Notes
    -----
    A t of v degrees of freedom and scatter S has the covariance S v / (v - 2). With S free, the likeliest v is the
    same whichever of the two is meant. Fewer rows than twice the assets do not tell it: with 18 assets and true dof of
    5 the likelihood ratio exceeds 2.7 in none of 60 samples of 24 rows, and in 80 % of those of 36.

    Of normal samples the share beyond 2.7 is 5 % when rows are many, and less before: with 3 assets 2 % of samples of
    60 rows and 4 % of 1,000, with 18 assets none and 3 %.
    """
    periods, n = x.shape
    needed = max(2 * n, n + 2)
    if periods < needed:
        return TailWeight(math.nan, note=f"{periods:,} complete rows are too few, {needed:,} are needed")
    singular = TailWeight(math.nan, note="the sample correlation of complete rows is singular")
    if (x.min(axis=0) == x.max(axis=0)).any():
        return singular
    off = x - x.mean(axis=0)
    z = off / off.std(axis=0)
    values, vectors = np.linalg.eigh(z.T @ z / periods)
    if values[0] < _SMALLEST_EIGENVALUE:
        return singular
    z = z @ vectors / np.sqrt(values)  # of covariance 1, by periods
    normal = -0.5 * periods * n * (math.log(2.0 * math.pi) + 1.0)
    found: list[Fit] = []
    for dof in _GRID:
        one = fit(z, dof, found[-1].weights if found else np.ones(periods))
        if one is None:
            note = f"the likelihood has no maximum that {MOST_STEPS} steps reach, as where many rows are the same"
            return TailWeight(math.nan, note=note)
        found.append(one)
    maxima = [TailWeight(math.inf, likelihood_ratio=0.0)]
    maxima += [
        _between(z, low, high, below.weights, normal)
        for high, low, above, below in zip(_GRID, _GRID[1:], found, found[1:], strict=False)
        if above.score < 0.0 < below.score
    ]
    if found[-1].score <= 0.0:
        maxima.append(TailWeight(LOWEST, likelihood_ratio=2.0 * (found[-1].log_likelihood - normal)))
    return max(maxima, key=lambda one: one.likelihood_ratio)


def fit(z: Floats, dof: float, weights: Floats) -> Fit | None:
    """The likeliest mean and scatter of rows at these degrees of freedom, or None where `MOST_STEPS` do not reach them.

    Parameters
    ----------
    z : ndarray, shape (periods, n)
    dof : float
    weights : ndarray, shape (periods,)
        To begin with.

    Notes
    -----
    J. T. Kent, D. E. Tyler, Y. Vardi: A curious likelihood identity for the multivariate t-distribution (1994). With
    q = (z - m)' S^-1 (z - m), rows weigh (v + n) / (v + q). Dividing by the sum of weights and not by the number of
    rows leaves the fixed point where it is, and comes to it in fewer steps: with 1,250 rows of 18 assets and 5 dof, 13
    and not 94.
    """
    periods, n = z.shape
    for _ in range(MOST_STEPS):
        total = weights.sum()
        off = z - weights @ z / total
        try:
            lower = np.linalg.cholesky((off * weights[:, np.newaxis]).T @ off / total)
            q = ((off @ np.linalg.inv(lower).T) ** 2).sum(axis=1)
        except np.linalg.LinAlgError:  # it shrinks onto rows that are the same
            return None
        before, weights = weights, (dof + n) / (dof + q)
        if np.abs(weights / before - 1.0).max() <= _CLOSE:
            break
    else:
        return None
    half, beyond = 0.5 * (dof + n), np.log1p(q / dof).sum()
    constant = gammaln(half) - gammaln(0.5 * dof) - 0.5 * n * math.log(math.pi * dof) - np.log(np.diag(lower)).sum()
    slope = digamma(half) - digamma(0.5 * dof) - n / dof
    score = 0.5 * (periods * slope - beyond + (weights * q).sum() / dof)
    return Fit(float(periods * constant - half * beyond), float(score), weights)


def _between(z: Floats, low: float, high: float, weights: Floats, normal: float) -> TailWeight:
    """The maximum between two dof, where the score falls from above 0 to below."""

    def at(dof: float) -> Fit:
        found = fit(z, dof, weights)
        if found is None:
            raise AssertionError("the fits on both sides were found")
        return found

    bracket = (math.log(low), math.log(high))
    dof = math.exp(root_scalar(lambda u: at(math.exp(u)).score, bracket=bracket, xtol=1e-9).root)
    curvature = (at(dof * (1.0 + _APART)).score - at(dof * (1.0 - _APART)).score) / (2.0 * _APART * dof)
    return TailWeight(dof, 1.0 / math.sqrt(-curvature), 2.0 * (at(dof).log_likelihood - normal))
