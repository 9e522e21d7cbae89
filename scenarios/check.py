"""What the schema cannot see: names that refer to others, matrices, trees, ranges that simcore sets.

Simcore's own checks are called wherever there is one, and their places said as the file's key paths.
"""

import re
from dataclasses import replace

import numpy as np

from scenarios.check_shocks import check_shocks
from scenarios.check_universe import check_assets, check_correlations, said_by
from scenarios.loadings import independent
from scenarios.messages import same_letters, unknown_name
from scenarios.moments import Moments
from scenarios.resolve import (
    correlation_of,
    horizon_of,
    market_of,
    moments_in,
    plan_of,
    pools_of,
    positions_of,
    shocked,
)
from scenarios.schema import Document
from scenarios.schema_shocks import Shock
from scenarios.sizes import check_tree
from simcore.case import Case
from simcore.dependence import Factors
from simcore.errors import InputError, Problem, first_of
from simcore.limits import check_limits
from simcore.pools import PoolTree

SHORTEST_HORIZON = 1e-12  # years


def check(document: Document) -> list[Problem]:
    """Everything wrong with a document whose keys are right one by one.

    A regime whose file could not be read, so that it has no universe, is passed over, and so are holdings that are
    still there.
    """
    universe = document.universe
    of_correlations = check_correlations(universe, "universe")
    sound = not of_correlations
    n = len(universe.assets)
    unknown = np.eye(n) if universe.factors is None else independent(n)
    base = moments_in(universe, correlation_of(universe) if sound else unknown)
    of_assets = check_assets(universe, "universe")
    said = {problem.place for problem in of_assets}  # of an asset that is a position as well, once
    of_shocks = check_shocks(base, universe, document.shocks, sound=sound)
    problems = [
        *of_assets,
        *of_correlations,
        *(problem for problem in _check_nodes(document) if problem.place not in said),
        *of_shocks,
        *check_plan(document),
    ]
    whole = all(
        change.regime is None or change.regime.universe for shock in document.shocks for change in shock.changes
    )
    shocks = document.shocks if whole and not of_shocks else []
    told = {_key(problem) for problem in problems}
    if document.holdings is not None or told & {"simulation.horizon_years", "simulation.horizon_days"}:
        return problems  # every limit is of positions and of the horizon
    try:
        return problems + [p for p in _check_limits(document, base, shocks) if _key(p) not in told]
    except InputError:  # of what was told: nothing can be said of its limits yet
        if problems:
            return problems
        raise


def _key(problem: Problem) -> str:
    """The key path of its place."""
    return problem.place.partition(" (")[0]


def _check_limits(document: Document, base: Moments, shocks: list[Shock]) -> list[Problem]:
    """Losses and returns that could not be computed. The dependence has no part in them, and takes long to factor."""
    universe, plan = document.universe, plan_of(document)
    tree, free = PoolTree(positions_of(document)), Factors.of(independent(len(universe.assets)).rows)
    written = _written(document)

    def moved(place: str) -> str:
        place = re.sub(r"PoolTree\.positions\[(\d+)\]", lambda found: written[int(found[1])], place)
        return re.sub(r"Market\.scale(\[\d+\])", r"universe.assets\1.volatility", place)

    def problems_of(name: str, moments: Moments) -> dict[str, Problem]:
        """By their key paths."""
        found = check_limits(Case(name, market_of(universe, moments, free), tree), plan)
        problems = [replace(problem, place=moved(problem.place)) for problem in found]
        return {_key(problem): problem for problem in problems}

    of_base = problems_of("base", base)
    problems = list(of_base.values())
    for shock in shocks:
        of_shock = problems_of(shock.name, shocked(base, universe, shock))
        problems += [problem for key, problem in of_shock.items() if key not in of_base]  # no fault of the shock
    return problems


def _written(document: Document) -> list[str]:
    """Where each position is written."""
    assets = document.universe.assets
    places = [f"universe.assets[{i}]" for i, asset in enumerate(assets) if asset.value is not None]
    return places + [getattr(position, "place", f"positions[{i}]") for i, position in enumerate(document.positions)]


def _written_pools(document: Document) -> list[str]:
    """Where each pool is written; those of a portfolio file come first."""
    of_file = sum(hasattr(pool, "place") for pool in document.pools)
    return [getattr(pool, "place", f"pools[{i - of_file}]") for i, pool in enumerate(document.pools)]


def _check_nodes(document: Document) -> list[Problem]:
    positions, assets = positions_of(document), document.universe.assets
    if document.holdings is not None:  # it is wrong, which is said elsewhere
        return []
    if not positions:
        remedy = "give assets a value, or write [[positions]]"
        if document.universe.past is not None:
            remedy = "write values = 100_000 in [universe.history], or [[positions]]"
        return [Problem("positions", "(missing)", "at least one position", remedy)]
    written, pools = _written(document), _written_pools(document)

    def moved(text: str) -> str:
        places = {"positions": written, "pools": pools}
        node = r"(positions|pools)\[(\d+)\](?=\.(name|value|members)\b)"
        return re.sub(node, lambda found: places[found[1]][int(found[2])], text, count=1)

    tree, problems = None, []
    try:
        tree = PoolTree(positions, pools_of(document) if document.pools else ())
    except InputError as error:
        problems = [
            replace(problem, place=moved(problem.place), allowed=moved(problem.allowed)) for problem in error.problems
        ]
    if not document.pools:
        allowed = "another name: without [[pools]], the pool of all positions is called pool"
        problems += [
            Problem(f"{place}.name", '"pool"', allowed, "rename it, or write [[pools]]")
            for place, position in zip(written, positions, strict=True)
            if position.name == "pool"
        ]
    named = [(f"{place}.name", position.name) for place, position in zip(written, positions, strict=True)]
    named += [(f"{place}.name", pool.name) for place, pool in zip(pools, document.pools, strict=True)]
    problems += same_letters(named)
    known = dict.fromkeys(asset.name for asset in assets)
    problems += first_of(
        unknown_name(f"positions[{i}].asset ({position.name})", position.asset, known, "an asset")
        for i, position in enumerate(document.positions)
        if position.asset not in known
    )
    return problems if tree is None else problems or check_tree(tree)


def check_plan(document: Document) -> list[Problem]:
    """What is wrong with how to simulate and what to measure."""
    single = not isinstance(document.measures.confidence, list)
    days = document.simulation.horizon_days is not None
    places = {
        "Plan.confidences[0]" if single else "Plan.confidences": "measures.confidence",
        "Plan.horizon": "simulation.horizon_days" if days else "simulation.horizon_years",
        "Plan.": "simulation.",
    }
    found = said_by(lambda: plan_of(document), places)
    none = {"value": "[]", "remedy": "write confidence = [0.95, 0.99]"}
    found = [replace(problem, **none) if problem.value == "()" else problem for problem in found]
    years = horizon_of(document.simulation)
    told = any(problem.place == places["Plan.horizon"] for problem in found)
    return found if told else found + _check_horizon(years, places["Plan.horizon"])


def _check_horizon(years: float, place: str) -> list[Problem]:
    """Returns over less would be so small that every position's losses were beyond the limits."""
    if years >= SHORTEST_HORIZON:
        return []
    allowed = f"a horizon of at least {SHORTEST_HORIZON:g} years, 30 microseconds"
    return [Problem(place, f"{years:g} years", allowed, "one month is 1 / 12 of a year")]
