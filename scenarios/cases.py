"""The cases of a checked document: a market for the base and for each shock, and the pools that all of them share."""

from collections.abc import Callable
from dataclasses import replace

from scenarios.bootstrap import bootstrap_of
from scenarios.loadings import Loadings, key_of
from scenarios.moments import Moments
from scenarios.resolve import correlation_of, market_of, moments_in, pools_of, positions_of, shocked
from scenarios.schema import Document
from scenarios.schema_universe import Innovation, Universe
from simcore.case import Case
from simcore.correlation import factor
from simcore.dependence import Bootstrap, Dependence, Factors, Gaussian, StudentT
from simcore.errors import InputError
from simcore.market import Market
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
    laws: dict[tuple[bool, bytes], Dependence] = {}
    tree = PoolTree(positions_of(document), pools_of(document))
    known: dict[int, Bootstrap] = {}

    def of_shock(number: int) -> Case:
        shock = document.shocks[number]
        moments = shocked(base, universe, shock)
        place = f"shocks[{number}].changes ({shock.name})"
        return Case(shock.name, _market(universe, moments, place, laws, bootstrap_of(universe, shock, known)), tree)

    def of_base() -> Case:
        bootstrap = bootstrap_of(universe, None, known)
        return Case("base", _market(universe, base, "universe.correlation", laws, bootstrap), tree)

    return [of_base, *(lambda i=i: of_shock(i) for i in range(len(document.shocks)))]


def _market(
    universe: Universe,
    moments: Moments,
    place: str,
    known: dict[tuple[bool, bytes], Dependence],
    bootstrap: Bootstrap | None,
) -> Market:
    """The market of a case; `known` keeps the law of all distinct correlations. A bootstrap has its own."""
    if bootstrap is not None:
        return market_of(universe, moments, bootstrap)
    key = key_of(moments.correlation)
    if key not in known:
        try:
            known[key] = _law(universe, moments)
        except InputError as error:
            raise InputError([replace(problem, place=place) for problem in error.problems]) from None
    return market_of(universe, moments, known[key])


def _law(universe: Universe, moments: Moments) -> Dependence:
    names = tuple(asset.name for asset in universe.assets)
    dof = universe.innovation.student_t if isinstance(universe.innovation, Innovation) else None
    if isinstance(moments.correlation, Loadings):
        return Factors.of(moments.correlation.rows, dof=dof, names=names)
    lower = factor(moments.correlation, names)
    return Gaussian(lower) if dof is None else StudentT(lower, dof)
