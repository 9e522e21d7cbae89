"""The cases of a checked document: a market for the base and for each shock, and the pools that all of them share."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from scenarios.bootstrap import bootstrap_of
from scenarios.moments import Moments
from scenarios.resolve import correlation_of, market_of, moments_in, pools_of, positions_of, shocked
from scenarios.schema import Document
from scenarios.schema_universe import Innovation, Universe
from simcore.case import Case
from simcore.correlation import factor
from simcore.errors import InputError
from simcore.market import Bootstrap, Gaussian, Market, StudentT
from simcore.pools import PoolTree


def cases_of(document: Document) -> tuple[Case, ...]:
    """``base``, then a case for each shock.

    Raises
    ------
    InputError
        When a factor misses its matrix, which `check` has all but ruled out.
    """
    return tuple(make() for make in makers_of(document))


def makers_of(document: Document) -> list[Callable[[], Case]]:
    """What makes each case: for who wants the others where one of them cannot be."""
    universe = document.universe
    base = moments_in(universe, correlation_of(universe))
    factors: dict[bytes, NDArray[np.float64]] = {}
    tree = PoolTree(positions_of(document), pools_of(document))
    known: dict[int, Bootstrap] = {}

    def of_shock(number: int) -> Case:
        shock = document.shocks[number]
        moments = shocked(base, universe, shock)
        place = f"shocks[{number}].changes ({shock.name})"
        return Case(shock.name, _market(universe, moments, place, factors, bootstrap_of(universe, shock, known)), tree)

    def of_base() -> Case:
        bootstrap = bootstrap_of(universe, None, known)
        return Case("base", _market(universe, base, "universe.correlation", factors, bootstrap), tree)

    return [of_base, *(lambda i=i: of_shock(i) for i in range(len(document.shocks)))]


def _market(
    universe: Universe,
    moments: Moments,
    place: str,
    factors: dict[bytes, NDArray[np.float64]],
    bootstrap: Bootstrap | None,
) -> Market:
    """The market of a case; `factors` keeps the factor of each distinct matrix. A bootstrap needs none."""
    if bootstrap is not None:
        return market_of(universe, moments, bootstrap)
    names = tuple(asset.name for asset in universe.assets)
    key = moments.correlation.tobytes()
    if key not in factors:
        try:
            factors[key] = factor(moments.correlation, names)
        except InputError as error:
            raise InputError([replace(problem, place=place) for problem in error.problems]) from None
    lower, innovation = factors[key], universe.innovation
    dof = innovation.student_t if isinstance(innovation, Innovation) else None
    dependence = Gaussian(lower) if dof is None else StudentT(lower, dof)
    return market_of(universe, moments, dependence)
