"""The interval that comes from not knowing the parameters, beside the one that comes from simulating.

The scenario is simulated again for every history that is drawn (`scenarios.estimation`), from the same random numbers,
so that what differs between two figures is the history alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.comparison import Figure, RelativeTo, Row, figures_of, tree_views
from analysis.estimate import value_of
from analysis.expectation import expected_loss
from scenarios.estimation import cases_drawn
from simcore import engines
from simcore.case import Case, Plan
from simcore.confidence import as_fraction
from simcore.summary import Summary

if TYPE_CHECKING:
    from scenarios.build import Scenario

FEWEST_PATHS = 2**15
FEWEST_TAIL_LOSSES = 300  # behind the figure of highest confidence
_CASES_AT_ONCE, _NODES_AT_ONCE = 64, 10_000
_BELOW = Fraction(1, 40)  # of the replicates at each end
NOT_ESTIMATED = "no estimation interval: volatilities and correlations do not come from a history"


class Drawn(NamedTuple):
    """What estimation errors come from: how many histories, in blocks of which mean length, of how many paths each."""

    replicates: int
    mean_block: float
    paths: int


def drawn_of(scenario: Scenario) -> Drawn | None:
    """What the estimation errors of a scenario come from, where it asks for them."""
    its = scenario.estimation
    return Drawn(its.replicates, its.mean_block, _plan(scenario.plan).paths) if its else None


def with_estimation(
    scenario: Scenario, rows: Sequence[Row], *, threads: int | None = None, engine: engines.Engine | None = None
) -> list[Row]:
    """The rows of a scenario with the interval of estimation, where it asks for that.

    Parameters
    ----------
    scenario : scenarios.Scenario
    rows : sequence of Row
        As `analysis.rows` gives them.
    threads : int, optional
    engine : callable, optional
        Who goes through the histories; each is simulated by all threads.

    Returns
    -------
    list of Row

    Notes
    -----
    The percentile interval of the bootstrap: with d the difference between the figure of a history drawn again and that
    of the scenario's own, both from the same paths, the interval is the figure plus the differences at 2.5 and 97.5 %.
    """
    estimation = scenario.estimation
    if estimation is None:
        return list(rows)
    plan, nodes = _plan(scenario.plan), sum(len(case.pools.names) for case in scenario.cases)
    at_once = max(1, min(_CASES_AT_ONCE // len(scenario.cases), _NODES_AT_ONCE // nodes))

    def estimating(first: int) -> NDArray[np.float64]:
        drawn = (cases_drawn(estimation, r) for r in range(first, min(first + at_once, estimation.replicates)))
        return _figures(list(drawn), plan, scenario.relative_to, threads)

    (own,) = _figures([scenario.cases], plan, scenario.relative_to, threads)
    again = np.concatenate((engine or engines.threads(1))(estimating, range(0, estimation.replicates, at_once)))
    differences = np.sort(again - own, axis=0)
    below = max(1, math.floor(_BELOW * (estimation.replicates + 1)))
    low, high = differences[below - 1], differences[-below]
    estimated = {case.name: its for case, its in zip(scenario.cases, estimation.estimated, strict=True)}
    out = []
    for row, down, up in zip(rows, low.tolist(), high.tolist(), strict=True):
        if not estimated[row.case]:
            note = "; ".join(filter(None, (row.note, NOT_ESTIMATED)))
            out.append(row._replace(note=note))
        elif row.value is None or not math.isfinite(down + up):
            out.append(row)
        else:
            out.append(row._replace(estimation_low=row.value + down, estimation_high=row.value + up))
    return out


def _plan(plan: Plan) -> Plan:
    """Fewer paths: they are the same for all, so their noise all but cancels in the differences."""
    wanted = float(FEWEST_TAIL_LOSSES / (1 - as_fraction(max(plan.confidences))))
    return replace(plan, paths=min(plan.paths, max(FEWEST_PATHS, 1 << math.ceil(math.log2(wanted)))))


def _figures(
    drawn: Sequence[Sequence[Case]], plan: Plan, relative_to: RelativeTo, threads: int | None
) -> NDArray[np.float64]:
    """Every figure of the table, a row for each set of cases; NaN where there is none."""
    from simcore.simulation import simulate

    named = [[replace(case, name=f"{case.name} {i}") for case in cases] for i, cases in enumerate(drawn)]
    results = simulate([case for cases in named for case in cases], plan, threads=threads)
    return np.array(
        [[x for case in cases for x in _of_case(case, plan, results[case.name], relative_to)] for cases in named]
    )


def _of_case(case: Case, plan: Plan, summaries: Mapping[str, Summary], relative_to: RelativeTo) -> Iterator[float]:
    tree = case.pools
    alone: dict[str, dict[Figure, float]] = {}
    for node in tree.names:
        shift = expected_loss(case, plan, tree.positions_below(node)) if relative_to == "mean" else 0.0
        alone[node] = {
            (measure, c): value_of(summaries[node], measure, c) - (0.0 if c is None or shift is None else shift)
            for measure, c in figures_of(plan)
        }
    for _, _, figures in tree_views(tree, alone, (), math.fsum, _benefit, math.nan):
        yield from figures.values()


def _benefit(pooled: float, unpooled: float) -> float:
    return 1.0 - pooled / unpooled if unpooled else math.nan
