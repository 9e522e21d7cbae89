"""Past returns of assets, as a window of a file holds them: what figures are estimated from, and rows drawn from."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from simcore.border import as_numbers


@dataclass(frozen=True, eq=False)
class History:
    """Simple returns of n assets in a window, oldest first.

    Attributes
    ----------
    file : str
        What messages call the file they come from.
    names : tuple of str, length n
    dates : tuple of date, length periods
        Of each row; of prices, the date at which the period of the return ends.
    returns : ndarray, shape (periods, n)
        V'/V - 1 per period; NaN where there is none, under ``gaps = "pairwise"`` only.
    periods_per_year : float
        Rows a year, as its author says.
    cautions : tuple of str
        What its author may want to look at again.
    digest : str
        SHA-256 of the bytes of the file, in hexadecimal.
    """

    file: str
    names: tuple[str, ...]
    dates: tuple[date, ...]
    returns: NDArray[np.float64]
    periods_per_year: float
    cautions: tuple[str, ...] = ()
    digest: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "returns", as_numbers(self.returns, "History.returns"))

    @property
    def complete(self) -> NDArray[np.bool_]:
        """Of each row, whether every asset has a return."""
        return np.logical_not(np.isnan(self.returns).any(axis=1))
