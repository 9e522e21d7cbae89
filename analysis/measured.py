"""Losses simulated or observed elsewhere, measured: the tidy table from a column for each position.

Figures are the exact measures of the losses, with the bits that `simcore run` gives for the same losses. Rows are
equally likely. Errors come from a bootstrap over rows (analysis/resampled.py), or from batches of rows as those of a
simulation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from analysis import estimate, resampled
from analysis.comparison import RISKLESS, Row, rows_of, tree_views
from analysis.estimate import Estimate, join_notes, riskless
from analysis.figures import estimate_of
from analysis.resampled import BEYOND, NO_UPPER_END, Resampled, binomial_ranks, losses_behind, tail_note
from analysis.standalone import Figure, figures_of
from simcore import engines
from simcore.engines import Engine
from simcore.errors import CapacityError
from simcore.memory import refuse_beyond_memory
from simcore.pools import PoolTree
from simcore.summarize import node_losses, summarize
from simcore.summary import Summary

if TYPE_CHECKING:
    from simcore.resampling import Replicates

Floats = NDArray[np.float64]

CASE = "base"
REPLICATES = 1000  # of a bootstrap, when nothing is said
MOST_ROWS = 100_000  # with as many a bootstrap takes seconds; beyond, batches say the same
FEWEST_BATCH_ROWS = 512 * (estimate.FEWEST_BATCHES - 1) + 1
FEWEST_REPLICATES, MOST_REPLICATES = 100, 1_000_000


@dataclass(frozen=True)
class Sampling:
    """Where errors come from.

    Attributes
    ----------
    replicates : int
        Of the bootstrap; 0: batches of rows instead.
    mean_block : float
        Mean length, in rows, of the blocks that the bootstrap draws; 1: rows are independent.
    seed : int
        Of the bootstrap.
    """

    replicates: int
    mean_block: float = 1.0
    seed: int = 1


def sampling_of(rows: int, *, replicates: int | None, mean_block: float, seed: int) -> Sampling:
    """The `Sampling` of so many rows; without a number of replicates, the one that is documented.

    1,000 up to 100,000 rows, and where blocks of rows are asked for; 0 beyond.
    """
    if replicates is None:
        replicates = REPLICATES if rows <= MOST_ROWS or mean_block > 1.0 else 0
    return Sampling(replicates, mean_block, seed)


def measured_rows(
    tree: PoolTree,
    positions: Floats,
    confidences: Sequence[float],
    sampling: Sampling,
    *,
    name: str = "",
    currency: str = "",
    engine: Engine | None = None,
) -> list[Row]:
    """The tidy table of losses.

    Parameters
    ----------
    tree : PoolTree
        The values of its positions play no part.
    positions : ndarray, shape (n, m), currency
        Loss of each position, a row for each path, day or year; positive is a loss.
    confidences : sequence of float
        In their order in the table.
    sampling : Sampling
    name, currency : str
        What stands in the columns `scenario` and `unit`.
    engine : callable, optional
        Who runs the replicates; threads when absent. No figure depends on it.

    Returns
    -------
    list of Row
        As `analysis.rows` gives them, of one case ``base``.
    """
    losses = node_losses(tree, positions)
    constant = {node for node, row in zip(tree.names, losses, strict=True) if len(row) > 1 and row.min() == row.max()}
    figures = figures_of(confidences)
    if sampling.replicates:
        views = _bootstrapped(tree, losses, figures, sampling, constant, engine or engines.threads())
    else:
        views = _batched(tree, losses, figures, constant)
    return rows_of(views, tree, case=CASE, name=name, currency=currency)


Views = Iterator[tuple[str, str, Mapping[Figure, Estimate]]]


def _batched(tree: PoolTree, losses: Floats, figures: Sequence[Figure], constant: set[str]) -> Views:
    """As of a simulation: every figure's error from its influence in each batch of consecutive rows."""
    alone = {}
    for node, row in zip(tree.names, losses, strict=True):
        summary = summarize(row, _confidences(figures))
        alone[node] = {figure: _of_batches(row, summary, figure, node in constant) for figure in figures}
    nothing = Estimate(None, note=RISKLESS)
    yield from tree_views(tree, alone, constant, estimate.total, estimate.benefit, nothing)


def _of_batches(losses: Floats, summary: Summary, figure: Figure, constant: bool) -> Estimate:
    if constant:
        return riskless(0.0 if figure[0] == "volatility" else summary.mean, summary.count)
    found = estimate_of(summary, *figure)
    note = "" if figure[1] is None else tail_note(losses_behind(figure[1], len(losses)))
    if note == BEYOND:
        return Estimate(found.value, note=note)
    few = "" if found.batch is not None else f"no standard error: fewer than {FEWEST_BATCH_ROWS} rows for batches"
    found = replace(found, note=join_notes(note, few))
    if figure[0] != "value_at_risk":
        return found
    return replace(found, note=join_notes(found.note, _ties(losses, found.value or 0.0, found.low, found.high)))


def _bootstrapped(
    tree: PoolTree,
    losses: Floats,
    figures: Sequence[Figure],
    sampling: Sampling,
    constant: set[str],
    engine: Engine,
) -> Views:
    """Every figure's error from the same resampled rows, so that sums and benefits are paired."""
    count = losses.shape[1]
    drawn = None
    few = too_few_blocks(count, sampling.mean_block)
    if not few:
        from simcore.resampling import resample

        drawn = resample(
            losses,
            _confidences(figures),
            replicates=sampling.replicates,
            mean_block=sampling.mean_block,
            seed=sampling.seed,
            engine=engine,
        )
    independent = sampling.mean_block <= 1.0
    alone = {}
    for j, node in enumerate(tree.names):
        summary = summarize(losses[j], _confidences(figures))
        alone[node] = {
            f: _constant(summary, f, drawn, independent, few)
            if node in constant
            else _resampled(losses[j], summary, f, None if drawn is None else drawn.of(j, f), independent, few)
            for f in figures
        }
    nothing = Resampled(None, note=RISKLESS)
    order = {name: j for j, name in enumerate(tree.names)}
    for node, view, found in tree_views(tree, alone, constant, resampled.total, resampled.benefit, nothing):
        own = losses[order[node]] if view in ("pooled", "standalone") else None
        yield node, view, {f: _cell(r, f, own, independent, node in constant) for f, r in found.items()}


def _constant(summary: Summary, figure: Figure, drawn: Replicates | None, independent: bool, few: str) -> Resampled:
    """One figure of a node that always loses the same: no replicate differs."""
    value = 0.0 if figure[0] == "volatility" else summary.mean
    if drawn is None:
        return Resampled(value, note=few)
    count = summary.paths
    return Resampled(value, np.full(len(drawn.values), value), (lambda: np.zeros(count)) if independent else None)


def _resampled(
    losses: Floats, summary: Summary, figure: Figure, replicates: Floats | None, independent: bool, few: str
) -> Resampled:
    """One figure of one node by itself; `few` says why there are no replicates."""
    value = estimate_of(summary, *figure).value
    assert value is not None
    behind = losses_behind(figure[1], len(losses))
    note = "" if figure[1] is None else tail_note(behind)
    if note == BEYOND or replicates is None:
        return Resampled(value, note=join_notes(note, few))

    def influence() -> Floats:
        return resampled.influence_of(losses, figure, value)

    # a quantile is no mean of its tail: its levels stay
    wide = behind if figure[0] != "value_at_risk" else float(len(losses))
    return Resampled(value, replicates, influence if independent else None, wide, note)


def _cell(found: Resampled, figure: Figure, own: Floats | None, independent: bool, constant: bool) -> Estimate:
    """The estimate of a figure; of one node's VaR with the interval and the notes of order statistics."""
    cell = found.estimate()
    if own is None or figure[0] != "value_at_risk" or constant or found.value is None:
        return cell
    low, high, note = cell.low, cell.high, cell.note
    if independent and len(own) >= resampled.FEWEST_ROWS:
        first, last = binomial_ranks(figure[1] or 0.0, len(own))
        ordered = np.partition(own, [max(first - 1, 0), min(last, len(own)) - 1])
        low = float(ordered[first - 1]) if first > 0 else None
        high = float(ordered[last - 1]) if last <= len(own) else None
        note = join_notes(found.note, "" if last <= len(own) else NO_UPPER_END)
    return replace(cell, low=low, high=high, note=join_notes(note, _ties(own, found.value, low, high)))


def check_memory(tree: PoolTree, rows: int, confidences: Sequence[float], sampling: Sampling, file: str) -> None:
    """Refuse losses that cannot be measured in this machine's memory.

    Raises
    ------
    CapacityError
        It names the largest number of rows that fits.
    """
    nodes = len(tree.names)
    figures = 2 + 2 * len(confidences)

    def need(count: int) -> int:
        held = 8 * count * (nodes + len(tree.positions)) + 64 * count
        return held + (12 * count * nodes + 8 * sampling.replicates * nodes * figures if sampling.replicates else 0)

    try:
        remedy = "measure fewer rows or columns, or --replicates 0"
        refuse_beyond_memory(need, rows, "rows", remedy, "measure fewer columns, or --replicates 0", unit="row")
    except CapacityError as error:
        raise CapacityError([replace(problem, file=file) for problem in error.problems]) from None


def too_few_blocks(rows: int, mean_block: float) -> str:
    """Why so many rows, in blocks of this mean length, have no bootstrap; empty when they have one."""
    if rows / mean_block >= resampled.FEWEST_ROWS:
        return ""
    what = "rows" if mean_block <= 1.0 else f"blocks ({rows} rows of a mean block of {mean_block:g})"
    return f"no standard error: {rows / mean_block:.3g} of at least {resampled.FEWEST_ROWS} {what}"


def _ties(losses: Floats, value: float, low: float | None, high: float | None) -> str:
    """The caution that equal losses end the interval at VaR itself."""
    equal = int(np.count_nonzero(losses == value))
    return f"{equal} equal losses at VaR: its interval ends there" if equal > 1 and value in (low, high) else ""


def _confidences(figures: Sequence[Figure]) -> list[float]:
    return [c for measure, c in figures if measure == "value_at_risk" and c is not None]
