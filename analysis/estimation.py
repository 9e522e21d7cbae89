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

from analysis.comparison import Row, tree_views
from analysis.estimate import join_notes
from analysis.expectation import expected_loss
from analysis.figures import value_of
from analysis.standalone import Figure, RelativeTo, figures_of
from scenarios.estimation import ENOUGH_BLOCKS, cases_drawn
from simcore import engines
from simcore.case import Case, Plan
from simcore.confidence import as_fraction
from simcore.summary import Summary

if TYPE_CHECKING:
    from scenarios.build import Scenario

FEWEST_PATHS = 2**15
_TAIL_LOSSES = 300  # behind the figure of highest confidence
_MOST_CASES, _BYTES = 64, 2**28  # that are simulated at once, and what they may take
_BELOW = Fraction(1, 40)  # of the replicates at each end
_NONE = "no estimation interval: "
NOT_ESTIMATED = _NONE + "volatilities and correlations do not come from a history"
IMPOSSIBLE = _NONE + "in {} of {} histories the shock asks for correlations that no returns can have"
REACHES_0 = _NONE + "the one of the unpooled figure reaches 0"
FEW = "the estimation interval is too narrow: {} of at least {} blocks of rows"


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
        Where there is no interval, the note says why.

    Notes
    -----
    The percentile interval of the bootstrap: with d the difference between the figure of a history drawn again and that
    of the scenario's own, both from the same paths, the interval is the figure plus the differences at 2.5 and 97.5 %.
    """
    estimation = scenario.estimation
    if estimation is None:
        return list(rows)
    plan, count = _plan(scenario.plan), estimation.replicates
    at_once = _at_once(scenario, plan, threads)

    def estimating(first: int) -> NDArray[np.float64]:
        drawn = [cases_drawn(estimation, r) for r in range(first, min(first + at_once, count))]
        return _figures(drawn, plan, scenario.relative_to, threads, len(rows))

    (own,) = _figures([scenario.cases], plan, scenario.relative_to, threads, len(rows))
    again = np.concatenate((engine or engines.threads(1))(estimating, range(0, count, at_once)))
    differences = np.sort(again - own, axis=0)  # NaN last
    below = max(1, math.floor(_BELOW * (count + 1)))
    missing = np.isnan(differences).sum(axis=0).tolist()
    blocks = {case.name: its for case, its in zip(scenario.cases, estimation.blocks, strict=True)}
    impossible = dict.fromkeys(blocks, count)  # histories in which a case cannot be
    for row, none in zip(rows, missing, strict=True):
        impossible[row.case] = min(impossible[row.case], none)
    table: list[Row] = []
    for row, none, d in zip(rows, missing, differences.T, strict=True):
        its = blocks[row.case]
        if row.value is None:
            table.append(row)
        elif its is None:
            table.append(_noted(row, NOT_ESTIMATED))
        elif impossible[row.case]:
            table.append(_noted(row, IMPOSSIBLE.format(impossible[row.case], count)))
        elif none:
            table.append(_noted(row, REACHES_0))
        else:
            row = row._replace(
                estimation_low=row.value + float(d[below - 1]), estimation_high=row.value + float(d[-below])
            )
            table.append(row if its >= ENOUGH_BLOCKS else _noted(row, FEW.format(f"{its:.3g}", ENOUGH_BLOCKS)))
    return _without_crossing(table)


def _noted(row: Row, note: str) -> Row:
    return row._replace(note=join_notes(row.note or "", note))


def _is_benefit(row: Row) -> bool:
    return row.view.startswith("benefit")


def _without_crossing(table: list[Row]) -> list[Row]:
    """No interval of a benefit whose unpooled figure may well be 0 or below: a ratio to that says nothing."""
    lowest = {(*row[:3], row.view, row.measure, row.confidence): row.estimation_low for row in table}

    def kept(row: Row) -> Row:
        unpooled = row.view.replace("benefit", "unpooled")
        low = lowest.get((*row[:3], unpooled, row.measure, row.confidence))
        if not _is_benefit(row) or row.estimation_low is None or (low is not None and low > 0.0):
            return row
        return _noted(row._replace(estimation_low=None, estimation_high=None), REACHES_0)

    return list(map(kept, table))


def _plan(plan: Plan) -> Plan:
    """Fewer paths: they are the same for all, so their noise all but cancels in the differences."""
    wanted = float(_TAIL_LOSSES / (1 - as_fraction(max(plan.confidences))))
    return replace(plan, paths=min(plan.paths, max(FEWEST_PATHS, 1 << math.ceil(math.log2(wanted)))))


def _at_once(scenario: Scenario, plan: Plan, threads: int | None) -> int:
    """How many histories are simulated together: they share the draws, and the memory."""
    from simcore.capacity import needed_bytes
    from simcore.lowering import lower

    program = lower(scenario.cases, plan)
    needed = needed_bytes(scenario.cases, plan, threads or engines.available_threads()) + 2 * program.params.nbytes
    return max(1, min(_MOST_CASES // len(scenario.cases), _BYTES // needed))


def _figures(
    drawn: Sequence[Sequence[Case | None]], plan: Plan, relative_to: RelativeTo, threads: int | None, size: int
) -> NDArray[np.float64]:
    """Every figure of the table, a row for each set of cases; NaN where there is none."""
    from simcore.simulation import simulate

    named = [
        [replace(case, name=f"{case.name} {i}") if case else None for case in cases] for i, cases in enumerate(drawn)
    ]
    there = [case for cases in named for case in cases if case]
    results = simulate(there, plan, threads=threads) if there else {}
    found = {case.name: list(_of_case(case, plan, results[case.name], relative_to)) for case in there}
    empty = [math.nan] * (size // len(drawn[0]))  # all cases have the same pools
    return np.array([[x for case in cases for x in (found[case.name] if case else empty)] for cases in named])


def _of_case(case: Case, plan: Plan, summaries: Mapping[str, Summary], relative_to: RelativeTo) -> Iterator[float]:
    tree = case.pools
    alone: dict[str, dict[Figure, float]] = {}
    for node in tree.names:
        shift = expected_loss(case, plan, tree.positions_below(node)) if relative_to == "mean" else 0.0
        alone[node] = {
            (measure, c): value_of(summaries[node], measure, c) - (0.0 if c is None or shift is None else shift)
            for measure, c in figures_of(plan.confidences)
        }
    for _, _, figures in tree_views(tree, alone, (), math.fsum, _benefit, math.nan):
        yield from figures.values()


def _benefit(pooled: float, unpooled: float) -> float:
    return 1.0 - pooled / unpooled if unpooled else math.nan
