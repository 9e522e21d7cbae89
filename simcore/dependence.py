"""How the returns of the assets are tied together: the laws of their innovations, of unit variance.

Each refuses, all at once, what is not finite, of the wrong shape, or would have another variance.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.border import as_numbers, is_finite
from simcore.correlation import ROUNDING
from simcore.errors import InputError, Problem, raise_if_any, show
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
        raise_if_any(_check_factor(self.factor, "StudentT.factor") + _check_dof(self.dof, "StudentT.dof"))
        object.__setattr__(self, "dof", float(self.dof))


@dataclass(frozen=True, eq=False)
class Factors:
    """Innovations B f + own e: k independent factors f that all assets share, and an own part e of each. Never n x n.

    Attributes
    ----------
    loadings : ndarray, shape (n, k)
        B: correlations of each asset with the factors.
    own : ndarray, shape (n,)
        sqrt(1 - |b|^2) of each row b of the loadings: see `Factors.of`.
    dof : float, optional
        Degrees of freedom of Student-t innovations, as of `StudentT`; normal when absent.
    """

    loadings: NDArray[np.float64]
    own: NDArray[np.float64]
    dof: float | None = None

    def __post_init__(self) -> None:
        for key in ("loadings", "own"):
            object.__setattr__(self, key, as_numbers(getattr(self, key), f"Factors.{key}"))
        problems = [] if self.dof is None else _check_dof(self.dof, "Factors.dof")
        raise_if_any(problems + _check_parts(self.loadings, self.own))
        if self.dof is not None:
            object.__setattr__(self, "dof", float(self.dof))

    @classmethod
    def of(cls, loadings: ArrayLike, *, dof: float | None = None, names: tuple[str, ...] | None = None) -> "Factors":
        """The factors with these loadings, the own parts being what is left of the variance.

        Parameters
        ----------
        loadings : array_like, shape (n, k)
            |b| at most 1 in each row b.
        dof : float, optional
        names : tuple of str, length n, optional
            The assets, for the messages.

        Raises
        ------
        InputError

        >>> Factors.of([[0.6, 0.0], [0.6, 0.8]]).own.tolist()
        [0.8, 0.0]
        """
        b = as_numbers(loadings, "loadings")
        raise_if_any(check_loadings(b, names or tuple(f"asset {i}" for i in range(len(b) if b.ndim else 0))))
        return cls(b, np.sqrt(np.maximum(1.0 - _squares(b), 0.0)), dof)


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
    r = np.ldexp(r, -np.frexp(np.abs(r).max(axis=0))[1])  # no square vanishes or overflows, and no bit is another
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


def _check_dof(dof: float, place: str) -> list[Problem]:
    if is_finite(dof) and 2.0 < dof <= LARGEST_DOF:
        return []
    remedy = "at 2 or below the variance is infinite; beyond 1e6 use the normal"
    return [Problem(place, show(dof), f"a number in (2, {LARGEST_DOF:g}]", remedy)]


def _check_parts(loadings: NDArray[np.float64], own: NDArray[np.float64]) -> list[Problem]:
    place, remedy = "Factors", "build them with simcore.Factors.of(loadings)"
    if loadings.ndim != 2 or loadings.size == 0 or own.shape != loadings.shape[:1]:
        value = f"loadings of shape {loadings.shape}, own parts of shape {own.shape}"
        return [Problem(place, value, "shapes (n, k) and (n,), neither empty", remedy)]
    if not (np.isfinite(loadings).all() and np.isfinite(own).all()):
        return [Problem(place, "numbers that are not finite", "finite numbers", remedy)]
    length = np.sqrt(_squares(loadings) + own * own)
    off = int(np.argmax(np.abs(length - 1.0)))
    if abs(length[off] - 1.0) > 1e-8:
        value = f"of length {length[off]:.9g} with its own part"
        return [Problem(f"{place}.loadings[{off}]", value, "unit length", remedy)]
    return []


def check_loadings(loadings: ArrayLike, names: tuple[str, ...], *, place: str = "loadings") -> list[Problem]:
    """Everything that keeps `loadings` from being correlations of the assets `names` with independent factors.

    Parameters
    ----------
    loadings : array_like, shape (n, k)
    names : tuple of str, length n
        The assets, for the messages.
    place : str
        How the messages call them.

    Returns
    -------
    list of Problem
    """
    n, remedy = len(names), "give one row per asset, in their order, and in each one number per factor"
    try:
        b = as_numbers(loadings, place)
    except InputError:
        return [Problem(place, show(loadings), f"{n} rows of equally many numbers", remedy)]
    if b.ndim != 2 or len(b) != n or b.size == 0:
        return [Problem(place, f"an array of shape {b.shape}", f"{n} rows of equally many numbers", remedy)]
    problems = [
        Problem(f"{place}[{i}][{k}] ({names[i]})", show(b[i, k]), "a number in [-1, 1]", "give a finite loading")
        for i, k in np.argwhere(~np.isfinite(b))[:5]
    ]
    if problems:
        return problems
    with np.errstate(over="ignore"):
        squares = _squares(b)
    allowed = "loadings whose squares sum to 1 or less: the shares of the asset's variance that are the factors'"
    remedy = "a loading is a correlation with a factor, and factors are independent: write smaller ones"
    return [
        Problem(f"{place}[{i}] ({names[i]})", f"{show(b[i].tolist())}, of squares {squares[i]:.6g}", allowed, remedy)
        for i in np.flatnonzero(squares > 1.0 + ROUNDING)[:5]
    ]


def _squares(loadings: NDArray[np.float64]) -> NDArray[np.float64]:
    """|b|^2 of each row b, factor by factor: no sum whose order a CPU may choose."""
    total = np.zeros(len(loadings))
    for column in loadings.T:
        total += column * column
    return total


Dependence = Gaussian | StudentT | Bootstrap | Factors


def dof_of(dependence: Dependence) -> float | None:
    """Degrees of freedom of Student-t innovations; None for others."""
    return dependence.dof if isinstance(dependence, (StudentT, Factors)) else None
