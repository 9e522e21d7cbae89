"""The first two moments of the assets' returns, per year: what is calibrated, shocked, and built into a market."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcore.border import as_numbers


@dataclass(frozen=True, eq=False)
class Moments:
    """Yearly moments of n assets, as `simcore.Market.from_moments` takes them.

    Attributes
    ----------
    expected_return : ndarray, shape (n,), per year
    volatility : ndarray, shape (n,), per square root of a year
    correlation : ndarray, shape (n, n)
    """

    expected_return: NDArray[np.float64]
    volatility: NDArray[np.float64]
    correlation: NDArray[np.float64]

    def __post_init__(self) -> None:
        for key in ("expected_return", "volatility", "correlation"):
            object.__setattr__(self, key, as_numbers(getattr(self, key), key))
