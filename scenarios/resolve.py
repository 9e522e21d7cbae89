"""What a valid document says with nothing left implicit: simcore's positions, pools and plan, and arrays of moments."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from scenarios.loadings import Correlations, Loadings, reordered
from scenarios.moments import Moments
from scenarios.possible import possible
from scenarios.schema import Document, Simulation
from scenarios.schema_shocks import Change, CorrelationChange, Shock
from scenarios.schema_universe import Classes, Universe
from scenarios.shocks import change_correlation, change_figures, change_jump, change_loadings, classed_correlation
from simcore.case import Plan
from simcore.dependence import Dependence
from simcore.market import Market
from simcore.pools import Pool, Position


def market_of(universe: Universe, moments: Moments, dependence: Dependence) -> Market:
    """The market of these moments, as `Market.from_moments`, which would factor each matrix again."""
    names = tuple(asset.name for asset in universe.assets)
    mu, sigma = moments.expected_return, moments.volatility
    if universe.compounding == "log":
        return Market(names, mu - 0.5 * (sigma * sigma), sigma, "log", dependence, moments.jump)
    return Market(names, mu, sigma, "simple", dependence, moments.jump)


def positions_of(document: Document) -> tuple[Position, ...]:
    """Assets with a value, then [[positions]]."""
    own = ((asset.name, asset.name, asset.value) for asset in document.universe.assets if asset.value is not None)
    written = ((position.name, position.asset, position.value) for position in document.positions)
    return tuple(Position(*position) for position in (*own, *written))


def pools_of(document: Document) -> tuple[Pool, ...]:
    """The pools written, or the one called ``pool`` of all positions."""
    if document.pools:
        return tuple(Pool(pool.name, tuple(pool.members)) for pool in document.pools)
    return (Pool("pool", tuple(position.name for position in positions_of(document))),)


def plan_of(document: Document) -> Plan:
    """The plan; simcore checks it."""
    simulation, confidence = document.simulation, document.measures.confidence
    confidences = tuple(confidence) if isinstance(confidence, list) else (confidence,)
    how = {"steps": simulation.steps, "precision": simulation.precision}
    plan = Plan(simulation.paths, horizon_of(simulation), simulation.seed, confidences, **how)
    return plan if simulation.tail_budget is None else replace(plan, tail_budget=simulation.tail_budget)


def horizon_of(simulation: Simulation) -> float:
    """The horizon in years."""
    if simulation.horizon_years is not None:
        return simulation.horizon_years
    days, year = simulation.horizon_days, simulation.days_per_year
    if days is None or year is None:
        raise AssertionError("the schema lets exactly one form through")
    return days / year


def correlation_of(universe: Universe) -> Correlations:
    """What ties returns together: the factors' loadings, or the full matrix, repaired where the universe says so."""
    if universe.factors is not None:
        return Loadings(np.array(universe.factors, dtype=np.float64))
    return possible(written_correlation(universe), universe.repair)


def written_correlation(universe: Universe) -> NDArray[np.float64]:
    """The full matrix as it is written; a diagonal that was written stays as it was."""
    written = universe.correlation
    if isinstance(written, list):
        return np.array(written, dtype=np.float64)
    if isinstance(written, Classes):
        classes = np.array([asset.class_ for asset in universe.assets])
        matrix = np.where(classes[:, np.newaxis] == classes, written.within_class, written.between)
    else:
        matrix = np.full((len(universe.assets), len(universe.assets)), written)
    np.fill_diagonal(matrix, 1.0)
    return matrix


def moments_in(universe: Universe, correlation: Correlations) -> Moments:
    """The figures of the assets, with this correlation."""
    return Moments(
        np.array([asset.expected_return for asset in universe.assets]),
        np.array([asset.volatility for asset in universe.assets]),
        correlation,
    )


def selection(universe: Universe, change: Change) -> NDArray[np.bool_]:
    """Which assets a change is for: of a class, of a list, or all."""
    if change.class_ is not None:
        return np.array([asset.class_ == change.class_ for asset in universe.assets])
    if change.assets is not None:
        listed = set(change.assets)
        return np.array([asset.name in listed for asset in universe.assets])
    return np.ones(len(universe.assets), dtype=bool)


def changed(moments: Moments, universe: Universe, change: Change) -> Moments:
    """The moments after one change."""
    selected = selection(universe, change)
    expected, volatility, correlation = moments.expected_return, moments.volatility, moments.correlation
    jump = moments.jump if change.jump is None else change_jump(moments.jump, selected, add=change.jump.add)
    if change.expected_return is not None:
        expected = change_figures(expected, selected, **change.expected_return.model_dump())
    if change.volatility is not None:
        volatility = change_figures(volatility, selected, **change.volatility.model_dump())
    if change.correlation is not None:
        correlation = _correlation_after(correlation, universe, selected, change.correlation)
    if change.regime is not None and change.regime.universe is not None:
        volatility, correlation = _of_regime(change.regime.universe, universe)
    return Moments(expected, volatility, correlation, jump)


def _correlation_after(
    correlation: Correlations, universe: Universe, selected: NDArray[np.bool_], change: CorrelationChange
) -> Correlations:
    if isinstance(correlation, Loadings):
        if change.toward is None or change.weight is None:
            raise AssertionError("check_shocks lets no other change of factors through")
        return Loadings(change_loadings(correlation.rows, toward=change.toward, weight=change.weight))
    if change.matrix is not None:
        return np.array(change.matrix, dtype=np.float64)
    if change.within_class is not None and change.between is not None:
        classes = np.array([asset.class_ for asset in universe.assets])
        return classed_correlation(correlation, selected, classes, change.within_class, change.between)
    if change.toward is None or change.weight is None:
        raise AssertionError("the schema lets exactly one form through")
    return change_correlation(correlation, selected, toward=change.toward, weight=change.weight)


def _of_regime(regime: Universe, universe: Universe) -> tuple[NDArray[np.float64], Correlations]:
    """Volatilities and correlation of a regime, for the assets of the universe in its order."""
    index = {asset.name: i for i, asset in enumerate(regime.assets)}
    order = np.array([index[asset.name] for asset in universe.assets])
    volatility = np.array([asset.volatility for asset in regime.assets])
    return volatility[order], reordered(correlation_of(regime), order)


def changed_by(moments: Moments, universe: Universe, shock: Shock) -> Moments:
    """The moments after all changes of a shock, in their order; the correlation may be impossible."""
    for change in shock.changes:
        moments = changed(moments, universe, change)
    return moments


def shocked(moments: Moments, universe: Universe, shock: Shock) -> Moments:
    """The moments under a shock: after its changes, and repaired where the universe says so."""
    after = changed_by(moments, universe, shock)
    return replace(after, correlation=possible(after.correlation, universe.repair))
