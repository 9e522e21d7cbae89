"""Whether there are enough paths: the estimate as it was after fewer of them, and how its interval narrows.

What a shorter run would have given is cut out of the whole one, whose batches and worst losses are kept. Of a few paths
the worst losses of all are too few; there the curve begins later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.lookup import (
    case_of,
    check_run,
    confidence_of,
    pool_of,
    refuse_riskless,
    relative_words,
    rows_at,
    unit_of,
)
from analysis.plots import style
from analysis.plots.bands import Band, band_of, draw_band
from analysis.text import figure_name
from simcore.errors import InputError, Problem, show
from simcore.summary import Summary, first_batches, knows
from simcore.tails import BoundedTail

if TYPE_CHECKING:
    from analysis.runs import Run

POINTS = 30
_ES = "expected_shortfall"


class Convergence(NamedTuple):
    """What `convergence` draws.

    Attributes
    ----------
    case, pool : str
    confidence : float
    paths : ndarray of int64, shape (k,)
        Ascending; the last is the whole run.
    band : Band, currency
        ES after so many paths; no interval below 20 batches.
    """

    case: str
    pool: str
    confidence: float
    paths: NDArray[np.int64]
    band: Band


def convergence_of(
    run: Run, *, case: str | None = None, pool: str | None = None, confidence: float | None = None
) -> Convergence:
    """What `convergence` draws: ES after the first batches, for about 30 numbers of them, evenly on a logarithmic axis.

    Parameters
    ----------
    run : Run
        With its summaries.
    case, pool, confidence : optional
        As of `convergence`.

    Returns
    -------
    Convergence
        From where on all is known. Of a run with bounded tails: of the paths whose tails are whole, then of all.

    Raises
    ------
    InputError
        When the run has no such case, pool or confidence, or the pool has no risk or no ES.
    """
    from analysis.existence import risky_exposures, why_no_error
    from analysis.expectation import expected_loss
    from analysis.figures import estimate_of

    chosen, at = case_of(run, case), confidence_of(run, confidence)
    name = pool_of(chosen, pool)
    refuse_riskless(chosen, name)
    table = rows_at(run, chosen.name, _ES, at)[name, "pooled"]
    if table.value is None:
        raise InputError([Problem("pool", show(name), f"a pool with ES; here: {table.note}", "choose another pool")])
    plan, positions = run.scenario.plan, chosen.pools.positions_below(name)
    known = _known_parts(run.summaries[chosen.name][name], at)
    figures = [estimate_of(part, _ES, at) for part in known]
    if reason := why_no_error(chosen.market, plan.horizon, risky_exposures(chosen, positions), _ES):
        figures = [figure.without_error(reason) for figure in figures]
    if run.scenario.relative_to == "mean":
        mean = expected_loss(chosen, plan, positions)
        assert mean is not None  # else the table has no ES
        figures = [figure.relative_to(mean) for figure in figures]
    paths = np.array([part.paths for part in known])
    return Convergence(chosen.name, name, at, paths, band_of(figures))


def _known_parts(summary: Summary, confidence: float) -> list[Summary]:
    """The first batches, more and more of them, and the whole run; those from which on none has too few losses."""
    tail = summary.tail
    whole, parts = (tail.first, [summary]) if isinstance(tail, BoundedTail) else (summary, [])
    numbers = np.unique(np.geomspace(1, len(whole.batch), POINTS).round().astype(np.int64)).tolist()
    for batches in reversed(numbers):
        part = first_batches(whole, batches, confidence)
        if not knows(part, confidence):
            break
        parts.append(part)
    return parts[::-1]


def convergence(
    run: Run,
    *,
    case: str | None = None,
    pool: str | None = None,
    confidence: float | None = None,
    ax: Any = None,
    theme: style.Theme = "light",
) -> Any:
    """ES of a pool against the number of paths, with its 95 % interval; the last is the table's.

    Parameters
    ----------
    run : Run
        As `analysis.run` gives it.
    case : str, optional
        ``base`` when absent.
    pool : str, optional
        The one with the most positions when absent.
    confidence : float, optional
        One of the scenario's; the highest when absent.
    ax : matplotlib.axes.Axes, optional
        New ones when absent.
    theme : {"light", "dark"}

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        When `run` is none, or has no summaries or no such case, pool or confidence, there is no such theme, or the pool
        has no risk or no ES.
    SimcoreError
        When Matplotlib is not installed.

    Notes
    -----
    At the lowest confidence of a scenario the curve begins late: the losses kept of few paths do not reach down to VaR.
    """
    check_run(run, summaries=True)
    colours = style.colours_of(theme)
    shown = convergence_of(run, case=case, pool=pool, confidence=confidence)
    es = figure_name(_ES, shown.confidence)
    ax = style.axes_of(ax)
    style.dress(ax, colours, title=style.heading(f"{es} against paths", shown.pool, shown.case), grid="y")
    draw_band(ax, shown.paths, shown.band, colours.pooled, linewidth=1.6, marker="o", markersize=3.0)
    final = float(shown.band.value[-1])
    ax.axhline(final, color=colours.ink, linewidth=0.8, linestyle=":")
    ax.annotate(
        style.short_amount(final), (1.0, final), xycoords=("axes fraction", "data"), xytext=(4, 0),
        textcoords="offset points", va="center", fontsize="small", color=colours.ink, annotation_clip=False,
    )  # fmt: skip
    ax.set_xscale("log")
    ax.set_xlim(shown.paths[0] / 1.1, 1.1 * shown.paths[-1])
    few = shown.paths[-1] < 1_000 * shown.paths[0]
    ax.xaxis.set_major_locator(style.matplotlib("ticker").LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,)))
    ax.minorticks_off()
    style.amounts(ax.xaxis)
    style.amounts(ax.yaxis)
    ax.set_xlabel("paths", loc="left")
    ax.set_ylabel(f"{es}{relative_words(run)}, {unit_of(run)}", parse_math=False)
    style.stamp(ax, colours, run.scenario.plan)
    return ax
