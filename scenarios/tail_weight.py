"""How heavy the tails of past returns are: the degrees of freedom of a Student-t, by maximum likelihood."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import digamma, gammaln, polygamma

Floats = NDArray[np.float64]

LOWEST, HIGHEST = 2.001, 1e4  # at the first the law has next to no variance; beyond the second it is the normal
_PLAIN = 2.706  # of the likelihood ratio: chance exceeds it in 5 % of normal samples, as dof cannot be beyond infinity
_SMALLEST_EIGENVALUE = 1e-9


@dataclass(frozen=True)
class TailWeight:
    """The fit of a multivariate Student-t, scaled to the variance of the sample.

    Attributes
    ----------
    dof : float
        Degrees of freedom; infinite where the likelihood rises up to the normal.
    std_error : float
        From the curvature of the log likelihood, and from the error of the covariance that is put into it; NaN at the
        ends. Rows count as independent.
    likelihood_ratio : float
        Twice the gain in log likelihood over the normal.
    """

    dof: float
    std_error: float
    likelihood_ratio: float

    @property
    def normal_fits(self) -> bool:
        """Whether a normal sample would often look as heavy in its tails (5 %)."""
        return self.likelihood_ratio < _PLAIN


def tail_weight(x: Floats) -> TailWeight | None:
    """The degrees of freedom of returns, their mean and covariance taken from the sample.

    Parameters
    ----------
    x : ndarray, shape (periods, n)
        Log returns under log compounding, plain ones under simple.

    Returns
    -------
    TailWeight or None
        None where the sample correlation is singular or an asset stands still, so that there is no density.

    Notes
    -----
    With q = (x - m)' S^-1 (x - m), S the sample covariance (divisor periods - 1), the density of a t of that covariance
    has the log ln G((v + n)/2) - ln G(v/2) - n/2 ln(pi (v - 2)) - 1/2 ln|S| - (v + n)/2 ln(1 + q/(v - 2)).
    Its sum over the rows is maximised over v. The curvature alone, which takes the covariance as known, would give a
    standard error that is too small: 0.16 where 200 samples of 1,000 rows with v = 4, n = 5 have 0.30.
    """
    periods, n = x.shape
    if periods <= n + 1:
        return None
    off = x - x.mean(axis=0)
    largest = np.abs(off).max(axis=0)
    if not largest.all():
        return None
    off = np.ldexp(off, -np.frexp(largest)[1])  # no square vanishes
    z = off / off.std(axis=0, ddof=1)
    values, vectors = np.linalg.eigh(z.T @ z / (periods - 1))
    if values[0] < _SMALLEST_EIGENVALUE:
        return None
    q = ((z @ vectors) ** 2 / values).sum(axis=1)
    normal = log_likelihood(math.inf, q, n)
    grid = np.geomspace(LOWEST - 2.0, HIGHEST - 2.0, 60)
    found = [log_likelihood(2.0 + u, q, n) for u in grid]
    best = int(np.argmax(found))
    if best == len(grid) - 1 or found[best] <= normal:
        return TailWeight(math.inf, math.nan, 0.0)
    ratio = 2.0 * (found[best] - normal)
    if best == 0:
        return TailWeight(LOWEST, math.nan, ratio)
    bounds = (math.log(grid[best - 1]), math.log(grid[best + 1]))
    done = minimize_scalar(
        lambda u: -log_likelihood(2.0 + math.exp(u), q, n), bounds=bounds, method="bounded", options={"xatol": 1e-10}
    )
    dof = 2.0 + math.exp(done.x)
    return TailWeight(dof, standard_error(dof, q, n), 2.0 * (-done.fun - normal))


def log_likelihood(dof: float, q: Floats, n: int) -> float:
    """Of rows with squared distances `q`, less what does not depend on `dof`: the constant is the same for all."""
    if math.isinf(dof):
        return float(-0.5 * n * len(q) * math.log(2.0 * math.pi) - 0.5 * q.sum())
    u = dof - 2.0
    constant = gammaln(0.5 * (dof + n)) - gammaln(0.5 * dof) - 0.5 * n * math.log(math.pi * u)
    return float(len(q) * constant - 0.5 * (dof + n) * np.log1p(q / u).sum())


def standard_error(dof: float, q: Floats, n: int) -> float:
    """The standard error of the `dof` that maximises the likelihood, from the rows' influence on it.

    A row moves the estimate by its score and by what it does to the sample covariance. Of an elliptical law only the
    latter's trace has a first-order effect, (q - n) / periods for each row.
    """
    u, half = dof - 2.0, 0.5 * (dof + n)
    constant = 0.5 * (digamma(half) - digamma(0.5 * dof) - n / u)
    score = constant - 0.5 * np.log1p(q / u) + half * q / (u * (u + q))
    of_distance = half / (u + q) ** 2 - 0.5 / (u + q)
    influence = score - (of_distance * q).mean() / n * (q - q.mean())
    return float(np.sqrt((influence**2).sum()) / -curvature(dof, q, n))


def curvature(dof: float, q: Floats, n: int) -> float:
    """The second derivative of `log_likelihood` in `dof`."""
    u = dof - 2.0
    constant = 0.25 * (polygamma(1, 0.5 * (dof + n)) - polygamma(1, 0.5 * dof)) + 0.5 * n / u**2
    first, second = 1.0 / (u + q) - 1.0 / u, 1.0 / u**2 - 1.0 / (u + q) ** 2
    return float(len(q) * constant - (first + 0.5 * (dof + n) * second).sum())
