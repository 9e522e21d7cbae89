"""The joint law of the assets' returns, as arrays.

A `Market` is what the engine simulates: log or simple returns R with mean ``drift`` h and standard deviation
``scale`` sqrt(h) over a horizon of h years, tied together by a dependence. It refuses, all at once, what is not finite,
of the wrong length, or not a factor of a correlation matrix.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.border import NAME, as_numbers, as_tuple, is_finite, is_name
from simcore.correlation import factor
from simcore.errors import Problem, raise_if_any, show
from simcore.summary import tree_sum

Compounding = Literal["log", "simple"]
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


Dependence = Gaussian | StudentT | Bootstrap


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


@dataclass(frozen=True, eq=False)
class Market:
    """The joint law of the returns of n assets.

    Attributes
    ----------
    names : tuple of str, length n
    drift : ndarray, shape (n,), per year
        Mean of the return: of ln(V'/V) under log compounding, of V'/V - 1 under simple.
    scale : ndarray, shape (n,), per square root of a year
        Standard deviation of the same return; 0 is allowed.
    compounding : {"log", "simple"}
        A value V becomes V exp(R), or V (1 + R).
    dependence : Gaussian, StudentT or Bootstrap
    jump : ndarray, shape (n,), optional
        By which share the value changes at once, before any return: V becomes V (1 + jump), and that what it becomes.
        Above -1; 0 when absent.

    Raises
    ------
    InputError
        With everything that is wrong.
    """

    names: tuple[str, ...]
    drift: NDArray[np.float64]
    scale: NDArray[np.float64]
    compounding: Compounding
    dependence: Dependence
    jump: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", as_tuple(self.names, "Market.names"))
        if np.size(self.jump) == 0:
            object.__setattr__(self, "jump", np.zeros(len(self.names)))
        for label in ("drift", "scale", "jump"):
            object.__setattr__(self, label, as_numbers(getattr(self, label), f"Market.{label}"))
        raise_if_any(self._problems())

    def _problems(self) -> list[Problem]:
        n = len(self.names)
        problems = []
        if n == 0:
            problems.append(Problem("Market.names", "()", "at least one asset", "name the assets"))
        seen: set[str] = set()
        for i, name in enumerate(self.names):
            if not is_name(name):
                problems.append(Problem(f"Market.names[{i}]", show(name), NAME, "name the asset"))
            elif name in seen:
                problems.append(Problem(f"Market.names[{i}]", show(name), "names used once", "rename one of them"))
            else:
                seen.add(name)
        for label in ("drift", "scale"):
            problems += _check_numbers(getattr(self, label), f"Market.{label}", self.names, negative=label == "drift")
        problems += _check_numbers(self.jump, "Market.jump", self.names, negative=True)
        for i in np.flatnonzero(self.jump <= -1.0) if self.jump.shape == (n,) else ():
            remedy = "a fall of 20 % at once is -0.20"
            problems.append(Problem(f"Market.jump[{i}] ({self.names[i]})", show(self.jump[i]), "above -1", remedy))
        if self.compounding not in ("log", "simple"):
            problems.append(Problem("Market.compounding", show(self.compounding), '"log" or "simple"', "choose one"))
        if not isinstance(self.dependence, (Gaussian, StudentT, Bootstrap)):
            allowed = "Gaussian, StudentT or Bootstrap"
            problems.append(Problem("Market.dependence", show(self.dependence), allowed, "choose one"))
        elif isinstance(self.dependence, Bootstrap):
            if self.dependence.rows.shape[1] != n:
                value = f"rows of shape {self.dependence.rows.shape}"
                problems.append(Problem("Market.dependence", value, f"rows of {n} numbers", "one column per asset"))
        elif self.dependence.factor.shape != (n, n):
            value = f"a factor of shape {self.dependence.factor.shape}"
            problems.append(Problem("Market.dependence", value, f"a factor of shape ({n}, {n})", "one row per asset"))
        return problems

    @cached_property
    def scale_of(self) -> dict[str, float]:
        """The scale of each asset, by its name."""
        return dict(zip(self.names, self.scale.tolist(), strict=True))

    @classmethod
    def from_moments(
        cls,
        names: Sequence[str],
        *,
        expected_return: ArrayLike,
        volatility: ArrayLike,
        correlation: ArrayLike,
        compounding: Compounding = "log",
        dof: float | None = None,
    ) -> "Market":
        """The market with these yearly expected returns and volatilities.

        Parameters
        ----------
        names : sequence of str, length n
        expected_return : array_like, shape (n,), per year
            E[value] = V e^(mu h) under log compounding with normal innovations, V (1 + mu h) under simple.
        volatility : array_like, shape (n,), per square root of a year
        correlation : array_like, shape (n, n)
        compounding : {"log", "simple"}
        dof : float, optional
            Degrees of freedom of Student-t innovations; normal when absent.

        Raises
        ------
        InputError
            When a figure is not finite, a volatility negative, a length wrong, or the matrix no correlation matrix.

        Notes
        -----
        Under log compounding drift = expected_return - volatility^2 / 2.
        """
        names = as_tuple(names, "names")
        mu, sigma = as_numbers(expected_return, "expected_return"), as_numbers(volatility, "volatility")
        problems = _check_numbers(mu, "expected_return", names, negative=True)
        problems += _check_numbers(sigma, "volatility", names, negative=False)
        raise_if_any(problems)
        lower = factor(correlation, names)
        dependence = Gaussian(lower) if dof is None else StudentT(lower, dof)
        drift = mu - 0.5 * (sigma * sigma) if compounding == "log" else mu
        return cls(names, drift, sigma, compounding, dependence)


def _check_numbers(values: NDArray[np.float64], place: str, names: tuple[str, ...], *, negative: bool) -> list[Problem]:
    if values.shape != (len(names),):
        value = f"an array of shape {values.shape}"
        return [Problem(place, value, f"{len(names)} numbers", "give one number per asset, in their order")]
    allowed = "a finite number" if negative else "a finite number >= 0"
    bad = ~np.isfinite(values) if negative else ~(np.isfinite(values) & (values >= 0.0))
    remedy = "give a finite number" if negative else "a standard deviation is not negative; 20 % is written 0.20"
    return [Problem(f"{place}[{i}] ({names[i]})", show(values[i]), allowed, remedy) for i in np.flatnonzero(bad)]
