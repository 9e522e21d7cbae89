"""Correlation matrices that returns can have: checked, or, where a universe says so, repaired."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from scenarios.loadings import Correlations, Loadings
from simcore.correlation import check_correlation, check_entries
from simcore.dependence import check_loadings
from simcore.errors import InputError, Problem
from simcore.repair import nearest_correlation

_REMEDY = 'write repair = "nearest" in [universe], which takes the nearest possible matrix and tells what moved'


def possible(matrix: Correlations, repair: str) -> Correlations:
    """`matrix` itself, or under ``repair = "nearest"`` the nearest correlation matrix; bit for bit itself if it is one.

    Loadings are always themselves.

    Raises
    ------
    InputError
        When no nearest one is found, which `check_possible` says beforehand.
    """
    if isinstance(matrix, Loadings) or repair == "none":
        return matrix
    return _nearest(np.ascontiguousarray(matrix).tobytes(), len(matrix))


def check_possible(
    matrix: Correlations | list[list[float]], names: tuple[str, ...], place: str, repair: str
) -> list[Problem]:
    """What keeps `matrix` from being one of correlations, after its repair where that is asked for."""
    if isinstance(matrix, Loadings):
        return check_loadings(matrix.rows, names, place=place)
    with np.errstate(over="ignore"):  # of entries that are refused
        if problems := check_entries(matrix, names, place=place):
            return problems
        if repair == "none":
            found = check_correlation(matrix, names, place=place)
            return [replace(problem, remedy=f"{problem.remedy}; or {_REMEDY}") for problem in found]
    try:
        possible(np.array(matrix, dtype=np.float64), repair)
    except InputError as error:
        return [replace(problem, place=place) for problem in error.problems]
    return []


@lru_cache(maxsize=32)  # check, cases, reports and the resolved scenario ask for the same ones
def _nearest(content: bytes, n: int) -> NDArray[np.float64]:
    return nearest_correlation(np.frombuffer(content).reshape(n, n))
