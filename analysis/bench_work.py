"""The work that benchmarks do: simulate, compound, pool, and measure the pool and every position.

simcore does it and, beside it, NumPy as one usually writes it; the rivals in benchmarks/ take the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from simcore.case import Precision

HORIZON = 1.0 / 12.0  # years
VAR, ES = 0.99, 0.975

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Work:
    """Assets of value 1 each, in one pool, over one month; log returns are normal and compound, E[value] = 1.

    Attributes
    ----------
    paths, steps : int
    volatility : ndarray, shape (n,), per square root of a year
    correlation : ndarray, shape (n, n)
    precision : {"double", "single"}
        Of draws and products.
    horizon_only : bool
        Nothing looks at the steps: who can may draw the horizon at once.
    """

    paths: int
    steps: int
    volatility: NDArray[np.float64]
    correlation: NDArray[np.float64]
    precision: Precision = "double"
    horizon_only: bool = False

    @property
    def dtype(self) -> Any:
        """Of draws and products."""
        return np.float64 if self.precision == "double" else np.float32

    @property
    def scale(self) -> NDArray[np.float64]:
        """Standard deviation of each asset's log return in one step."""
        return self.volatility * math.sqrt(HORIZON / self.steps)

    @property
    def drift(self) -> NDArray[np.float64]:
        """Mean of each asset's log return in one step."""
        return -0.5 * self.scale**2

    @property
    def factor(self) -> Floats:
        """The factor of the covariance of one step."""
        return (self.scale[:, None] * np.linalg.cholesky(self.correlation)).astype(self.dtype)

    @property
    def ranks(self) -> tuple[int, int]:
        """Where VaR stands among the ascending losses, and where the losses behind ES begin."""
        return math.ceil(VAR * self.paths) - 1, math.ceil(ES * self.paths)


def work(n: int, paths: int, steps: int, precision: Precision = "double", horizon_only: bool = False) -> Work:
    """A problem of n assets, always the same one: correlations from a few factors and own noise."""
    rng = np.random.default_rng(0)
    loadings = 0.5 * rng.standard_normal((n, max(3, n // 10)))
    covariance = loadings @ loadings.T + np.diag(rng.uniform(0.5, 1.5, n))
    deviation = np.sqrt(np.diag(covariance))
    correlation = covariance / deviation[:, None] / deviation
    correlation = (correlation + correlation.T) / 2.0
    np.fill_diagonal(correlation, 1.0)
    return Work(paths, steps, rng.uniform(0.1, 0.4, n), correlation, precision, horizon_only)


@dataclass(frozen=True, eq=False)
class Figures:
    """Columns volatility, VaR, ES; the pool's row, then one for each position; simcore alone knows standard errors."""

    value: Floats
    std_error: Floats | None = None

    def distance(self, other: Figures, share: int = 1) -> float:
        """The largest difference from another's figures in standard errors of the difference, theirs being like these.

        share : by what the other's paths are divided. The two samples are independent.
        """
        assert self.std_error is not None
        return float(np.max(np.abs(self.value - other.value) / (np.sqrt(1.0 + share) * self.std_error)))


def simcore_figures(job: Work, seed: int, threads: int) -> Figures:
    """This project, from arrays to estimates with standard errors and intervals."""
    from analysis.figures import estimates_of  # here, so that no rival's memory holds it
    from simcore import Case, Market, Plan, Pool, PoolTree, Position, simulate

    names = [f"asset {i}" for i in range(len(job.volatility))]
    zero = np.zeros(len(names))
    market = Market.from_moments(names, expected_return=zero, volatility=job.volatility, correlation=job.correlation)
    tree = PoolTree([Position(name, name, 1.0) for name in names], [Pool("pool", tuple(names))])
    collapse = job.horizon_only or job.steps == 1
    plan = Plan(job.paths, HORIZON, seed, (ES, VAR), steps=job.steps, collapse=collapse, precision=job.precision)
    summaries = simulate([Case("base", market, tree)], plan, threads=threads)["base"]
    columns = (("volatility", None), ("value_at_risk", VAR), ("expected_shortfall", ES))
    found = [estimates_of([summaries[node] for node in ("pool", *names)], *column) for column in columns]
    value, error = ([[getattr(cell, name) for cell in cells] for cells in found] for name in ("value", "std_error"))
    return Figures(np.array(value, dtype=float).T, np.array(error, dtype=float).T)


def numpy_figures(job: Work, seed: int) -> Figures:
    """NumPy as one usually writes it: one matrix of normals a step, times the factor; exp; partition."""
    rng = np.random.default_rng(seed)
    factor, drift = job.factor, job.drift.astype(job.dtype)

    def step() -> Floats:
        return rng.standard_normal((job.paths, len(factor)), dtype=job.dtype) @ factor.T + drift

    returns = step()
    for _ in range(job.steps - 1):
        returns += step()
    return usual_figures(returns, job)


def usual_figures(returns: Floats, job: Work) -> Figures:
    """Figures of the pool and every position. returns : (paths, n), log returns over the horizon"""
    losses = 1.0 - np.exp(returns)
    at_var, from_es = job.ranks
    rows = []
    for sample in (losses.sum(axis=1), *losses.T):
        ordered = np.partition(sample, (at_var, from_es))
        rows.append((sample.std(), ordered[at_var], ordered[from_es:].mean()))
    return Figures(np.array(rows))
