"""The fan: how the value of a pool may go from the start to the horizon, where there are steps between."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.lookup import case_of, check_run, pool_of, unit_of
from analysis.plots import style
from analysis.plots.bands import label_ends
from analysis.values import values_over_time
from simcore.errors import InputError, Problem

if TYPE_CHECKING:
    from analysis.runs import Run

SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
SINGLE = 5  # paths that are drawn by themselves
MOST_PATHS, FEWEST_PATHS = 2000, 100
_MOST_BYTES = 2**29  # that returns may take, beyond which fewer paths are replayed

Floats = NDArray[np.float64]


class Fan(NamedTuple):
    """Values of a pool over time.

    Attributes
    ----------
    case, pool : str
    relative : bool
        Whether values are shares of the value at start; in the currency where that is not above 0.
    time : ndarray, shape (k,), years
        0 twice where values jump: before and after.
    values : ndarray, shape (paths, k)
        Of the first paths of the run.
    bands : ndarray, shape (5, k)
        Quantiles of them: 5, 25, 50, 75 and 95 %.
    """

    case: str
    pool: str
    relative: bool
    time: Floats
    values: Floats
    bands: Floats


def fan_of(run: Run, *, case: str | None = None, pool: str | None = None) -> Fan:
    """What `fan` draws.

    Parameters
    ----------
    run : Run
    case, pool : str, optional
        As of `fan`.

    Returns
    -------
    Fan

    Raises
    ------
    InputError
        When the run has one step, or no such case or pool.
    CapacityError
        When the returns of 100 paths cannot fit into memory.
    """
    plan = run.scenario.plan
    if plan.steps == 1:
        allowed = "two or more steps, since between the start and the horizon there is nothing to see"
        raise InputError([Problem("simulation.steps", "1", allowed, "run it with --steps 12, or write steps = 12")])
    chosen = case_of(run, case)
    name = pool_of(chosen, pool)
    positions = chosen.pools.positions_below(name)
    fitting = _MOST_BYTES // (8 * plan.steps * len(chosen.market.names))
    paths = min(plan.paths, MOST_PATHS, max(FEWEST_PATHS, fitting))
    time, values = values_over_time(chosen, plan, positions, paths, threads=run.threads)
    start = math.fsum(position.value for position in positions)
    if start > 0.0:
        values /= start
    return Fan(chosen.name, name, start > 0.0, time, values, np.quantile(values, SHARES, axis=0))


def fan(
    run: Run, *, case: str | None = None, pool: str | None = None, ax: Any = None, theme: style.Theme = "light"
) -> Any:
    """Bands that hold 50 and 90 % of the values of a pool over time, the median, and five single paths.

    Parameters
    ----------
    run : Run
        As `analysis.run` gives it.
    case : str, optional
        ``base`` when absent.
    pool : str, optional
        The one with the most positions when absent.
    ax : matplotlib.axes.Axes, optional
        New ones when absent.
    theme : {"light", "dark"}

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        When `run` is none, or has one step or no such case or pool, or there is no such theme.
    CapacityError
        When the returns of 100 paths cannot fit into memory.
    SimcoreError
        When Matplotlib is not installed.

    Notes
    -----
    Of the first 2,000 paths, or of fewer, at least 100, where their returns would take more than half a GiB.
    """
    check_run(run)
    colours = style.colours_of(theme)
    found = fan_of(run, case=case, pool=pool)
    ax = style.axes_of(ax)
    style.dress(ax, colours, title=style.heading("value over time", found.pool, found.case), grid="y")
    months = run.scenario.plan.horizon <= 2.0
    time = found.time * (12.0 if months else 1.0)
    low, lower, median, upper, high = found.bands
    ax.fill_between(time, low, high, color=colours.pooled, alpha=0.18, linewidth=0)
    ax.fill_between(time, lower, upper, color=colours.pooled, alpha=0.35, linewidth=0)
    for values in found.values[:SINGLE]:
        ax.plot(time, values, color=colours.ink, linewidth=0.7, alpha=0.7)
    ax.plot(time, median, color=colours.pooled, linewidth=2.0, linestyle="--")
    _fit(ax, float(time[-1]), np.concatenate([found.bands.ravel(), found.values[:SINGLE].ravel()]))
    words = [f"{100.0 * share:.0f} %" if share != 0.5 else "median" for share in SHARES]
    if low[-1] < high[-1]:
        label_ends(ax, list(zip(found.bands[:, -1].tolist(), words, strict=True)), colours.ink)
    ax.set_xlabel("months" if months else "years")
    if found.relative:
        ax.set_ylabel("value, per cent of the start")
        style.percents(ax.yaxis)
    else:
        ax.set_ylabel(f"value, {unit_of(run)}", parse_math=False)
        style.amounts(ax.yaxis)
    count = len(found.values)
    single = f"; thin: the first {min(SINGLE, count)}" if count > 1 else ""
    style.stamp(ax, colours, run.scenario.plan, f"bands of the first {count:,}{single}", below_label=True)
    return ax


def _fit(ax: Any, last: float, values: Floats) -> None:
    """Limits around values, not so narrow that their rounding is seen where nothing moves."""
    low, high = float(values.min()), float(values.max())
    room = max(0.05 * (high - low), 1e-3 * max(abs(low), abs(high))) or 1.0
    ax.set_ylim(low - room, high + room)
    ax.set_xlim(-0.01 * last, last)  # beside the axis, or a jump would be hidden
