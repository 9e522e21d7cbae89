"""The joint law of the assets' returns, as arrays.

A `Market` is what the engine simulates: log or simple returns R with mean ``drift`` h and standard deviation
``scale`` sqrt(h) over a horizon of h years, tied together by a dependence. It refuses, all at once, what is not finite
or of the wrong length.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.border import NAME, as_numbers, as_tuple, is_name
from simcore.correlation import factor
from simcore.dependence import Bootstrap, Dependence, Factors, Gaussian, StudentT
from simcore.errors import InputError, Problem, raise_if_any, show

Compounding = Literal["log", "simple"]


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
    dependence : Gaussian, StudentT, Bootstrap or Factors
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

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Where each asset stands, by its name."""
        return {name: i for i, name in enumerate(self.names)}

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
        if not isinstance(self.dependence, (Gaussian, StudentT, Bootstrap, Factors)):
            allowed = "Gaussian, StudentT, Bootstrap or Factors"
            problems.append(Problem("Market.dependence", show(self.dependence), allowed, "choose one"))
        elif isinstance(self.dependence, Bootstrap):
            if self.dependence.rows.shape[1] != n:
                value = f"rows of shape {self.dependence.rows.shape}"
                problems.append(Problem("Market.dependence", value, f"rows of {n} numbers", "one column per asset"))
        elif isinstance(self.dependence, Factors):
            if len(self.dependence.loadings) != n:
                value = f"loadings of shape {self.dependence.loadings.shape}"
                problems.append(Problem("Market.dependence", value, f"{n} rows of loadings", "one row per asset"))
        elif self.dependence.factor.shape != (n, n):
            value = f"a factor of shape {self.dependence.factor.shape}"
            problems.append(Problem("Market.dependence", value, f"a factor of shape ({n}, {n})", "one row per asset"))
        return problems

    @classmethod
    def from_moments(
        cls,
        names: Sequence[str],
        *,
        expected_return: ArrayLike,
        volatility: ArrayLike,
        correlation: ArrayLike | None = None,
        factors: ArrayLike | None = None,
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
        factors : array_like, shape (n, k)
            In place of the correlation: loadings on independent factors, as of `Factors.of`.
        compounding : {"log", "simple"}
        dof : float, optional
            Degrees of freedom of Student-t innovations; normal when absent.

        Raises
        ------
        InputError
            When a figure is not finite, a volatility negative, a length wrong, the matrix no correlation matrix, or the
            correlation given by both or neither.

        Notes
        -----
        Under log compounding drift = expected_return - volatility^2 / 2.
        """
        names = as_tuple(names, "names")
        mu, sigma = as_numbers(expected_return, "expected_return"), as_numbers(volatility, "volatility")
        problems = _check_numbers(mu, "expected_return", names, negative=True)
        problems += _check_numbers(sigma, "volatility", names, negative=False)
        raise_if_any(problems)
        dependence = _dependence(names, correlation, factors, dof)
        drift = mu - 0.5 * (sigma * sigma) if compounding == "log" else mu
        return cls(names, drift, sigma, compounding, dependence)


def _dependence(
    names: tuple[str, ...], correlation: ArrayLike | None, factors: ArrayLike | None, dof: float | None
) -> Dependence:
    if correlation is not None and factors is None:
        lower = factor(correlation, names)
        return Gaussian(lower) if dof is None else StudentT(lower, dof)
    if factors is not None and correlation is None:
        return Factors.of(factors, dof=dof, names=names)
    value = "neither" if factors is None else "both"
    remedy = "give one of them: no dependence is assumed"
    raise InputError([Problem("correlation, factors", value, "exactly one of the two", remedy)])


def _check_numbers(values: NDArray[np.float64], place: str, names: tuple[str, ...], *, negative: bool) -> list[Problem]:
    if values.shape != (len(names),):
        value = f"an array of shape {values.shape}"
        return [Problem(place, value, f"{len(names)} numbers", "give one number per asset, in their order")]
    allowed = "a finite number" if negative else "a finite number >= 0"
    bad = ~np.isfinite(values) if negative else ~(np.isfinite(values) & (values >= 0.0))
    remedy = "give a finite number" if negative else "a standard deviation is not negative; 20 % is written 0.20"
    return [Problem(f"{place}[{i}] ({names[i]})", show(values[i]), allowed, remedy) for i in np.flatnonzero(bad)]
