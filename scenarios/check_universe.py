"""What the schema cannot see of a universe: names of assets, and matrices that no returns can have."""

from collections.abc import Callable
from dataclasses import replace

from scenarios.loadings import independent
from scenarios.messages import same_letters, toml_text
from scenarios.possible import check_possible
from scenarios.resolve import moments_in, written_correlation
from scenarios.schema_universe import Classes, Innovation, Universe
from scenarios.shocks import least_common_correlation
from simcore.dependence import Factors, check_loadings
from simcore.errors import InputError, Problem
from simcore.market import Market


def check_universe(universe: Universe, place: str) -> list[Problem]:
    """Everything wrong with a universe whose keys are right one by one; `place` is its key path."""
    return [*check_assets(universe, place), *check_correlations(universe, place)]


def said_by(make: Callable[[], object], places: dict[str, str]) -> list[Problem]:
    """What simcore's border says of `make`; the first beginning of a place that is in `places` is replaced."""

    def moved(place: str) -> str:
        old = next((old for old in places if place.startswith(old)), "")
        return places.get(old, "") + place.removeprefix(old)

    try:
        make()
    except InputError as error:
        return [replace(problem, place=moved(problem.place)) for problem in error.problems]
    return []


def check_assets(universe: Universe, place: str) -> list[Problem]:
    """What is wrong with the assets of a universe, and with its innovation."""
    names = tuple(asset.name for asset in universe.assets)
    loadings = independent(len(names))  # what ties them together is not looked at here
    figures = moments_in(universe, loadings)

    def market() -> Market:
        return Market(names, figures.expected_return, figures.volatility, "log", Factors.of(loadings.rows))

    found = said_by(market, {"Market.names": f"{place}.assets"})
    problems = [replace(problem, place=f"{problem.place}.name") for problem in found]
    problems += same_letters((f"{place}.assets[{i}].name", name) for i, name in enumerate(names))
    classes = [(i, asset.class_) for i, asset in enumerate(universe.assets) if asset.class_ is not None]
    problems += same_letters((f"{place}.assets[{i}].class ({names[i]})", name) for i, name in classes)
    if isinstance(innovation := universe.innovation, Innovation) and innovation.student_t is not None:
        dof = innovation.student_t
        problems += said_by(
            lambda: Factors.of(loadings.rows, dof=dof), {"Factors.dof": f"{place}.innovation.student_t"}
        )
    return problems


def check_correlations(universe: Universe, place: str) -> list[Problem]:
    """What is wrong with the correlations of a universe."""
    written = universe.correlation
    names = tuple(asset.name for asset in universe.assets)
    if universe.factors is not None:
        return check_loadings(universe.factors, names, place=f"{place}.factors") + _check_beside(universe, place)
    if isinstance(written, list):
        return check_possible(written, names, f"{place}.correlation", universe.repair)
    if not isinstance(written, Classes) and universe.repair == "none":
        return check_common(f"{place}.correlation", written, len(names), "assets")
    allowed = f"a class, since {place}.correlation goes by classes"
    remedy = "give the asset a class, or write one number or a full matrix"
    lacking = [
        Problem(f"{place}.assets[{i}].class ({asset.name})", "(missing)", allowed, remedy)
        for i, asset in enumerate(universe.assets)
        if asset.class_ is None and isinstance(written, Classes)
    ]
    return lacking or check_possible(written_correlation(universe), names, f"{place}.correlation", universe.repair)


def _check_beside(universe: Universe, place: str) -> list[Problem]:
    """What a universe with factors cannot have."""
    law = universe.innovation.bootstrap if isinstance(universe.innovation, Innovation) else None
    problems = []
    if universe.repair != "none":
        value, allowed = f'"{universe.repair}", beside factors', '"none": loadings are never impossible together'
        problems.append(Problem(f"{place}.repair", value, allowed, "remove it"))
    if law is not None:
        allowed = "no bootstrap beside factors: rows of a history are correlated as they were"
        remedy = 'write innovation = "normal", or estimate the universe from a history, without factors'
        problems.append(Problem(f"{place}.innovation.bootstrap", "a table, beside factors", allowed, remedy))
    if universe.sample is not None:
        allowed = "no sample beside factors, which are estimated from none"
        problems.append(Problem(f"{place}.sample", "a table, beside factors", allowed, "remove it"))
    return problems


def check_common(place: str, value: float, n: int, what: str) -> list[Problem]:
    """A correlation that all pairs of n assets are to share.

    The limit is exact: a little below it the factor misses the matrix, which would only be seen when it is computed.
    """
    if n < 2 or value >= least_common_correlation(n):
        return []
    allowed = f"a number from -1/{n - 1} to 1 for {n} {what}"
    low = -(10**6 // (n - 1)) / 10**6  # rounded toward 0, so that it is accepted
    remedy = f"more than two assets cannot all be opposites: write {low:g} or more"
    return [Problem(place, toml_text(value), allowed, remedy)]
