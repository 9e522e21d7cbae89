"""How the returns of the assets are tied together: the laws of their innovations, of unit variance.

Each refuses, all at once, what is not finite, of the wrong shape, or would have another variance.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.border import as_numbers, is_finite
from simcore.errors import Problem, raise_if_any, show
from simcore.summary import tree_sum

LARGEST_DOF = 1e6  # SciPy's chi-square quantile loses digits beyond, where the law is the normal to 1e-6


@dataclass(frozen=True, eq=False)
class Gaussian:
    """Normal innovations with factor L.

    Attributes
    ----------
    factor : ndarray, shape (n, n)
        Lower triangular; rows of unit length.
    """

    factor: NDArray[np.float64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "factor", as_numbers(self.factor, "Gaussian.factor"))
        raise_if_any(_check_factor(self.factor, "Gaussian.factor"))


@dataclass(frozen=True, eq=False)
class StudentT:
    """Multivariate Student-t innovations, scaled to unit variance: one mixing variable per path and step.

    Attributes
    ----------
    factor : ndarray, shape (n, n)
        Lower triangular; rows of unit length.
    dof : float
        Degrees of freedom, above 2 and at most 1e6.
    """

    factor: NDArray[np.float64]
    dof: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "factor", as_numbers(self.factor, "StudentT.factor"))
        problems = _check_factor(self.factor, "StudentT.factor")
        if not is_finite(self.dof) or not 2.0 < self.dof <= LARGEST_DOF:
            remedy = "at 2 or below the variance is infinite; beyond 1e6 use the normal"
            problems.append(Problem("StudentT.dof", show(self.dof), f"a number in (2, {LARGEST_DOF:g}]", remedy))
        raise_if_any(problems)
        object.__setattr__(self, "dof", float(self.dof))


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Innovations that are rows of a history, all assets of a row together, in blocks of consecutive rows.

    A step of the plan is a period of the history. Cases that share this object share its draws.

    Attributes
    ----------
    rows : ndarray, shape (periods, n)
        Each column of mean 0 and sample variance 1 (by periods - 1), or all 0: see `standardised`.
    mean_block : float, periods
        Mean length of a block, from 1; 1 draws every row by itself.
    """

    rows: NDArray[np.float64]
    mean_block: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", as_numbers(self.rows, "Bootstrap.rows"))
        problems = _check_rows(self.rows)
        if not is_finite(self.mean_block) or not 1.0 <= self.mean_block <= 2.0**31:
            remedy = "5 is a common choice for days; 1 draws every row by itself"
            problems.append(Problem("Bootstrap.mean_block", show(self.mean_block), "a number from 1 to 2^31", remedy))
        raise_if_any(problems)
        object.__setattr__(self, "mean_block", float(self.mean_block))


def standardised(rows: ArrayLike) -> NDArray[np.float64]:
    """`rows` of a history less their mean and over their standard deviation (by periods - 1), column by column.

    rows : array_like, shape (periods, n). A column that does not move becomes 0.
    """
    r = as_numbers(rows, "rows")
    centered = (r - np.array([tree_sum(column) for column in r.T]) / len(r)).T
    square = np.array([tree_sum(column * column) for column in centered])
    with np.errstate(divide="ignore", invalid="ignore"):
        out = centered / np.sqrt(square / (len(r) - 1))[:, np.newaxis]
    return np.ascontiguousarray(np.where(square[:, np.newaxis] > 0.0, out, 0.0).T)


def _check_rows(rows: NDArray[np.float64]) -> list[Problem]:
    place, remedy = "Bootstrap.rows", "build them with simcore.standardised(returns)"
    if rows.ndim != 2 or len(rows) < 2:
        return [Problem(place, f"an array of shape {rows.shape}", "two or more rows, one column per asset", remedy)]
    if not np.isfinite(rows).all():
        return [Problem(place, "rows that are not finite", "finite numbers", remedy)]
    mean, variance = rows.mean(axis=0), (rows * rows).sum(axis=0) / (len(rows) - 1)
    off = (np.abs(mean) > 1e-9) | ((np.abs(variance - 1.0) > 1e-9) & (variance != 0.0))
    return [
        Problem(f"{place}[:, {j}]", f"mean {mean[j]:.3g}, variance {variance[j]:.6g}", "mean 0, variance 1", remedy)
        for j in np.flatnonzero(off)[:5]
    ]


def _check_factor(matrix: NDArray[np.float64], place: str) -> list[Problem]:
    remedy = "build it with simcore.factor(correlation)"
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.size == 0:
        return [Problem(place, f"an array of shape {matrix.shape}", "a square matrix", remedy)]
    if not np.isfinite(matrix).all():
        return [Problem(place, "a matrix that is not finite", "finite numbers", remedy)]
    if np.triu(matrix, 1).any():
        return [Problem(place, "a matrix with entries above its diagonal", "a lower triangular matrix", remedy)]
    length = np.sqrt((matrix * matrix).sum(axis=1))
    off = int(np.argmax(np.abs(length - 1.0)))
    if abs(length[off] - 1.0) > 1e-8:
        return [Problem(f"{place}[{off}]", f"a row of length {length[off]:.9g}", "rows of unit length", remedy)]
    return []


Dependence = Gaussian | StudentT | Bootstrap
