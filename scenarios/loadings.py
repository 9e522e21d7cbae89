"""Correlations by factors: the loadings of all assets, where others have a matrix, which is never made of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcore.border import as_numbers

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Loadings:
    """Loadings of n assets on k independent factors, as `simcore.Factors.of` takes them.

    Attributes
    ----------
    rows : ndarray, shape (n, k)
    """

    rows: Floats

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", as_numbers(self.rows, "loadings"))


Correlations = Floats | Loadings  # a matrix, or what stands for it


def independent(n: int) -> Loadings:
    """The loadings of assets that have nothing in common."""
    return Loadings(np.zeros((n, 1)))


def key_of(correlations: Correlations) -> tuple[bool, bytes]:
    """What two correlations share when they are the same, bit for bit."""
    if isinstance(correlations, Loadings):
        return True, correlations.rows.tobytes()
    return False, correlations.tobytes()


def reordered(correlations: Correlations, order: NDArray[np.int64]) -> Correlations:
    """Those of the assets in another order."""
    if isinstance(correlations, Loadings):
        return Loadings(correlations.rows[order])
    return correlations[np.ix_(order, order)]
