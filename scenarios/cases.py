"""The cases of a checked document: a market for the base and for each shock, and the pools that all of them share."""

from dataclasses import replace

from scenarios.bootstrap import bootstrap_of
from scenarios.loadings import Loadings, key_of
from scenarios.moments import Moments
from scenarios.resolve import correlation_of, market_of, moments_in, pools_of, positions_of, shocked
from scenarios.schema import Document, Innovation, Universe
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
    universe = document.universe
    base = moments_in(universe, correlation_of(universe))
    moments = {"base": base} | {shock.name: shocked(base, universe, shock) for shock in document.shocks}
    places = ["universe.correlation", *(f"shocks[{i}].changes ({s.name})" for i, s in enumerate(document.shocks))]
    laws: dict[tuple[bool, bytes], Dependence] = {}
    tree = PoolTree(positions_of(document), pools_of(document))
    known: dict[int, Bootstrap] = {}
    return tuple(
        Case(name, _market(universe, its, place, laws, bootstrap_of(universe, shock, known)), tree)
        for (name, its), place, shock in zip(moments.items(), places, (None, *document.shocks), strict=True)
    )


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
