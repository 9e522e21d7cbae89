"""What the schema cannot see: names that refer to others, matrices, trees, ranges that simcore sets.

Simcore's own checks are called wherever there is one, and their places said as the file's key paths.
"""

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from scenarios.messages import toml_text, unknown_name
from scenarios.moments import Moments
from scenarios.resolve import changed, correlation_of, moments_in, plan_of, pools_of, positions_of, selection
from scenarios.schema import Change, Classes, Document, Innovation, Shock, Universe
from scenarios.shocks import least_common_correlation
from simcore.correlation import ROUNDING, check_correlation
from simcore.errors import InputError, Problem, some
from simcore.market import Gaussian, Market, StudentT
from simcore.pools import check_nodes

MOST_VOLATILITY = 10.0  # per square root of a year, as in the schema: no shock may lead beyond


def check(document: Document) -> list[Problem]:
    """Everything wrong with a document whose keys are right one by one."""
    return [
        *_check_assets(document.universe),
        *_check_correlation(document.universe),
        *_check_nodes(document),
        *_check_shocks(document),
        *_check_plan(document),
    ]


def _said_by(make: Callable[[], object], places: dict[str, str]) -> list[Problem]:
    """What simcore's border says of `make`; the first beginning of a place that is in `places` is replaced."""

    def moved(place: str) -> str:
        old = next((old for old in places if place.startswith(old)), "")
        return places.get(old, "") + place.removeprefix(old)

    try:
        make()
    except InputError as error:
        return [replace(problem, place=moved(problem.place)) for problem in error.problems]
    return []


def _check_assets(universe: Universe) -> list[Problem]:
    names = tuple(asset.name for asset in universe.assets)
    figures = moments_in(universe, np.eye(len(names)))

    def market() -> Market:
        return Market(names, figures.expected_return, figures.volatility, "log", Gaussian(figures.correlation))

    found = _said_by(market, {"Market.names": "universe.assets"})
    problems = [replace(problem, place=f"{problem.place}.name") for problem in found]
    if isinstance(innovation := universe.innovation, Innovation):
        dof = innovation.student_t
        problems += _said_by(lambda: StudentT(np.eye(1), dof), {"StudentT.dof": "universe.innovation.student_t"})
    return problems


def _check_correlation(universe: Universe) -> list[Problem]:
    place, written = "universe.correlation", universe.correlation
    names = tuple(asset.name for asset in universe.assets)
    if isinstance(written, list):
        return check_correlation(written, names, place=place)
    if not isinstance(written, Classes):
        return _check_common(place, written, len(names), "assets")
    allowed = f"a class, since {place} goes by classes"
    remedy = "give the asset a class, or write one number or a full matrix"
    lacking = [
        Problem(f"universe.assets[{i}].class ({asset.name})", "(missing)", allowed, remedy)
        for i, asset in enumerate(universe.assets)
        if asset.class_ is None
    ]
    return lacking or check_correlation(correlation_of(universe), names, place=place)


def _check_common(place: str, value: float, n: int, what: str) -> list[Problem]:
    """A correlation that all pairs of n assets are to share."""
    if n < 2 or value >= least_common_correlation(n) - ROUNDING:
        return []
    low = f"{least_common_correlation(n):.6g}"
    allowed = f"a number from {low} = -1/{n - 1} to 1 for {n} {what}"
    remedy = f"more than two assets cannot all be opposites: write {low} or more"
    return [Problem(place, toml_text(value), allowed, remedy)]


def _check_nodes(document: Document) -> list[Problem]:
    positions, assets = positions_of(document), document.universe.assets
    if not positions:
        remedy = "give assets a value, or write [[positions]]"
        return [Problem("positions", "(missing)", "at least one position", remedy)]
    written = [f"universe.assets[{i}]" for i, asset in enumerate(assets) if asset.value is not None]
    written += [f"positions[{i}]" for i in range(len(document.positions))]

    def moved(text: str) -> str:
        return re.sub(r"positions\[(\d+)\](?=\.(name|value)\b)", lambda found: written[int(found[1])], text, count=1)

    problems = [
        replace(problem, place=moved(problem.place), allowed=moved(problem.allowed))
        for problem in check_nodes(positions, pools_of(document) if document.pools else ())
    ]
    if not document.pools:
        allowed = "another name: without [[pools]], the pool of all positions is called pool"
        problems += [
            Problem(f"{place}.name", '"pool"', allowed, "rename it, or write [[pools]]")
            for place, position in zip(written, positions, strict=True)
            if position.name == "pool"
        ]
    known = [asset.name for asset in assets]
    return problems + [
        unknown_name(f"positions[{i}].asset ({position.name})", position.asset, known, "an asset")
        for i, position in enumerate(document.positions)
        if position.asset not in known
    ]


def _check_plan(document: Document) -> list[Problem]:
    single = not isinstance(document.measures.confidence, list)
    days = document.simulation.horizon_days is not None
    places = {
        "Plan.confidences[0]" if single else "Plan.confidences": "measures.confidence",
        "Plan.horizon": "simulation.horizon_days" if days else "simulation.horizon_years",
        "Plan.": "simulation.",
    }
    found = _said_by(lambda: plan_of(document), places)
    none = {"value": "[]", "remedy": "write confidence = [0.95, 0.99]"}
    return [replace(problem, **none) if problem.value == "()" else problem for problem in found]


def _check_shocks(document: Document) -> list[Problem]:
    universe, shocks = document.universe, document.shocks
    sound = not _check_correlation(universe)
    base = moments_in(universe, correlation_of(universe) if sound else np.eye(len(universe.assets)))
    problems = []
    for i, shock in enumerate(shocks):
        earlier = [other.name for other in shocks[:i]]
        if shock.name == "base":
            allowed = "a name other than base, which is the case without a shock"
            problems.append(Problem(f"shocks[{i}].name", '"base"', allowed, "rename the shock"))
        elif shock.name in earlier:
            allowed = f"a name no other shock has (shocks[{earlier.index(shock.name)}].name has it)"
            problems.append(Problem(f"shocks[{i}].name", toml_text(shock.name), allowed, "rename one of the two"))
        problems += _check_shock(base, universe, shock, f"shocks[{i}].changes", sound)
    return problems


def _check_shock(base: Moments, universe: Universe, shock: Shock, place: str, sound: bool) -> list[Problem]:
    problems, moments = [], base
    for j, change in enumerate(shock.changes):
        here = f"{place}[{j}]"
        if found := _check_change(universe, change, here, shock.name):
            problems += found
            continue
        before, moments = moments, changed(moments, universe, change)
        problems += _check_volatility(universe, before, moments, change, f"{here}.volatility ({shock.name})")
    if problems or not sound or all(change.correlation is None for change in shock.changes):
        return problems
    names = tuple(asset.name for asset in universe.assets)
    return check_correlation(moments.correlation, names, place=f"{place} ({shock.name})")


def _check_change(universe: Universe, change: Change, place: str, shock: str) -> list[Problem]:
    names = [asset.name for asset in universe.assets]
    classes = [asset.class_ for asset in universe.assets if asset.class_ is not None]
    if change.class_ is not None and change.class_ not in classes:
        return [unknown_name(f"{place}.class ({shock})", change.class_, classes, "a class")]
    listed = change.assets or []
    problems = [
        unknown_name(f"{place}.assets[{k}] ({shock})", name, names, "an asset")
        for k, name in enumerate(listed)
        if name not in names
    ]
    problems += [
        Problem(f"{place}.assets[{k}] ({shock})", toml_text(name), "each asset once", "remove it")
        for k, name in enumerate(listed)
        if name in listed[:k]
    ]
    if problems or change.correlation is None:
        return problems
    count = int(selection(universe, change).sum())
    if count < 2:
        remedy = "select more, or remove the change: it changes nothing"
        return [Problem(f"{place}.correlation ({shock})", f"{count} asset selected", "two assets or more", remedy)]
    return _check_common(f"{place}.correlation.toward ({shock})", change.correlation.toward, count, "selected assets")


def _check_volatility(universe: Universe, before: Moments, after: Moments, change: Change, place: str) -> list[Problem]:
    bad = np.flatnonzero(~((after.volatility >= 0.0) & (after.volatility <= MOST_VOLATILITY)))
    if not len(bad):
        return []
    led = [f"{universe.assets[i].name} {before.volatility[i]:.6g} to {after.volatility[i]:.6g}" for i in bad]
    written = change.volatility.model_dump(exclude_none=True) if change.volatility else {}
    value = f"{toml_text(written)}, which leads {some(led, 5)}"
    allowed = f"volatilities from 0 to {MOST_VOLATILITY:g} after the change, per square root of a year"
    return [Problem(place, value, allowed, "20 % is written 0.20, and twice as much { multiply = 2.0 }")]
