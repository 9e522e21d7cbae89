"""The work that every peer does: simulate, compound, pool, and measure the pool and every position."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

HORIZON = 1.0 / 12.0  # years
VAR, ES = 0.99, 0.975

Floats = NDArray[np.floating[Any]]
Precision = Literal["double", "single"]


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
