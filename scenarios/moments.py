"""The first two moments of the assets' returns, per year: what is calibrated, shocked, and built into a market.

Under a shock values may also jump, before any return.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from scenarios.loadings import Correlations, Loadings
from simcore.border import as_numbers


@dataclass(frozen=True, eq=False)
class Moments:
    """Yearly moments of n assets, as `simcore.Market.from_moments` takes them.

    Attributes
    ----------
    expected_return : ndarray, shape (n,), per year
    volatility : ndarray, shape (n,), per square root of a year
    correlation : ndarray, shape (n, n), or Loadings
    jump : ndarray, shape (n,), optional
        By which share values change at once, as `simcore.Market` takes it; 0 when absent.
    """

    expected_return: NDArray[np.float64]
    volatility: NDArray[np.float64]
    correlation: Correlations
    jump: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        for key in ("expected_return", "volatility", "correlation", "jump"):
            if not isinstance(value := getattr(self, key), Loadings):
                object.__setattr__(self, key, as_numbers(value, key))
        if self.jump.size == 0:
            object.__setattr__(self, "jump", as_numbers(np.zeros(len(self.expected_return)), "jump"))

    @property
    def matrix(self) -> NDArray[np.float64]:
        """The correlation of what is estimated, which has no loadings."""
        if isinstance(self.correlation, Loadings):
            raise AssertionError("asked of what has no factors only")
        return self.correlation
