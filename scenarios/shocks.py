"""What a shock does to expected returns, volatilities and correlations: new arrays from old ones.

Elementwise additions and products only, so that a shocked figure has the same bits on every CPU.
"""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Selection = NDArray[np.bool_]


def change_figures(
    figures: Floats,
    selected: Selection,
    *,
    multiply: float | None = None,
    add: float | None = None,
    set: float | None = None,
) -> Floats:
    """Expected returns or volatilities with those selected multiplied, added to, or set: one of the three.

    Parameters
    ----------
    figures : ndarray, shape (n,), per year or per square root of a year
    selected : ndarray of bool, shape (n,)
    multiply : float, optional
    add, set : float, optional, in the unit of the figures

    Returns
    -------
    ndarray, shape (n,)
        Not checked: adding may lead a volatility below 0, and multiplying anything to infinity.

    >>> change_figures(np.array([0.1, 0.2]), np.array([True, False]), multiply=3.0).round(12).tolist()
    [0.3, 0.2]
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if multiply is not None:
            changed = figures * multiply
        elif add is not None:
            changed = figures + add
        else:
            changed = np.full_like(figures, set)
    return np.where(selected, changed, figures)


def change_jump(jump: Floats, selected: Selection, *, add: float) -> Floats:
    """Jumps with one more of those selected: a value V (1 + jump) becomes V (1 + jump) (1 + add).

    >>> change_jump(np.array([0.0, -0.5]), np.array([True, True]), add=-0.2).round(12).tolist()
    [-0.2, -0.6]
    """
    return np.where(selected, jump + add + jump * add, jump)


def change_correlation(correlation: Floats, selected: Selection, *, toward: float, weight: float) -> Floats:
    """The matrix with the pairs among the selected assets moved toward a target.

    Parameters
    ----------
    correlation : ndarray, shape (n, n)
    selected : ndarray of bool, shape (n,)
    toward : float
        From `least_common_correlation` of the selected to 1.
    weight : float
        From 0 (nothing changes) to 1 (the target).

    Returns
    -------
    ndarray, shape (n, n)
        r -> (1 - weight) r + weight toward. With all assets selected it stays positive semidefinite, as a mean of
        two such matrices; with some selected it may not, since their correlations with the others stay.

    >>> change_correlation(np.array([[1.0, 0.2], [0.2, 1.0]]), np.array([True, True]), toward=1.0, weight=0.5).tolist()
    [[1.0, 0.6], [0.6, 1.0]]
    """
    pairs = selected[:, np.newaxis] & selected
    np.fill_diagonal(pairs, False)
    return np.where(pairs, (1.0 - weight) * correlation + weight * toward, correlation)


def change_loadings(loadings: Floats, *, toward: float, weight: float) -> Floats:
    """`change_correlation` of all assets, of correlations that are given by factors: exact, with one more factor.

    Parameters
    ----------
    loadings : ndarray, shape (n, k)
    toward : float
        From 0 to 1.
    weight : float
        From 0 to 1.

    Returns
    -------
    ndarray, shape (n, k + 1)
        (1 - weight) B B' + weight toward is B2 B2' with B2 = [B sqrt(1 - weight), sqrt(weight toward)].

    >>> change_loadings(np.array([[0.5], [0.4]]), toward=1.0, weight=0.36).round(12).tolist()
    [[0.4, 0.6], [0.32, 0.6]]
    """
    common = np.full((len(loadings), 1), math.sqrt(weight * toward))
    return np.hstack([loadings * math.sqrt(1.0 - weight), common])


def classed_correlation(
    correlation: Floats, selected: Selection, classes: NDArray[np.str_], within_class: float, between: float
) -> Floats:
    """The matrix with the pairs among the selected assets set by whether they are of one class.

    Parameters
    ----------
    correlation : ndarray, shape (n, n)
    selected : ndarray of bool, shape (n,)
    classes : ndarray of str, shape (n,)
        Read where selected.
    within_class, between : float

    Returns
    -------
    ndarray, shape (n, n)
        Not checked: it may be no correlation matrix.

    >>> kinds = np.array(["share", "share", "bond"])
    >>> classed_correlation(np.eye(3), np.ones(3, dtype=bool), kinds, 0.8, 0.4)[0].tolist()
    [1.0, 0.8, 0.4]
    """
    pairs = selected[:, np.newaxis] & selected
    np.fill_diagonal(pairs, False)
    return np.where(pairs, np.where(classes[:, np.newaxis] == classes, within_class, between), correlation)


def least_common_correlation(n: int) -> float:
    """The lowest correlation that all pairs of n >= 2 assets can share: -1 / (n - 1)."""
    return -1.0 / (n - 1)
