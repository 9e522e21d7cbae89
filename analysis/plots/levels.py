"""The waterfall: the sum of the positions' own ES, what each level of the pool tree removes of it, the pooled ES.

Sums of what stands side by side are drawn, and not differences: so the pieces meet, and the last is the table's figure.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.estimate import join_notes
from analysis.lookup import case_of, check_run, confidence_of, pool_of, relative_words, rows_at, unit_of
from analysis.plots import style
from analysis.text import amount, amount_scale, counted, figure_name, power_name
from simcore.errors import InputError, Problem, show

if TYPE_CHECKING:
    from analysis.runs import Run
    from simcore.pools import PoolTree

MOST_LEVELS = 9  # of which there is a bar each; deeper ones share the first
_NOISE = 1e-12  # of the largest sum: what rounding leaves of nothing
_LINES = 3  # of the words below a bar


class Levels(NamedTuple):
    """Expected shortfall, from the positions standing alone to the pool.

    Attributes
    ----------
    case, pool : str
    confidence : float
    positions : int
        How many are below the pool.
    words : tuple of str, length k
        Which pools are put together at each level, from the innermost to the pool itself.
    totals : ndarray, shape (k + 1,), currency
        Sums of the ES of what stands side by side: all positions; then, after each level, its pools, and what is in
        none of them. The last is the pool's own.
    """

    case: str
    pool: str
    confidence: float
    positions: int
    words: tuple[str, ...]
    totals: NDArray[np.float64]

    @property
    def removed(self) -> NDArray[np.float64]:
        """What each level removes, never below 0 but for rounding, since ES is subadditive. shape (k,), currency"""
        return self.totals[:-1] - self.totals[1:]


def levels_of(run: Run, *, case: str | None = None, pool: str | None = None, confidence: float | None = None) -> Levels:
    """What `waterfall` draws.

    Parameters
    ----------
    run : Run
    case, pool, confidence : optional
        As of `waterfall`.

    Returns
    -------
    Levels

    Raises
    ------
    InputError
        When the run has no such case, pool or confidence, or an expected shortfall does not exist.
    """
    chosen, at = case_of(run, case), confidence_of(run, confidence)
    name, tree = pool_of(chosen, pool), chosen.pools
    table = rows_at(run, chosen.name, "expected_shortfall", at)
    levels = _pools_by_depth(tree, name)[::-1]
    side_by_side = [position.name for position in tree.positions_below(name)]
    count = len(side_by_side)
    rows = [table[node, "standalone"] for node in side_by_side]
    rows += [table[node, "pooled"] for level in levels for node in level]
    if missing := [row for row in rows if row.value is None]:
        allowed = f"a pool with ES in all its parts; here: {join_notes(*(row.note or '' for row in missing))}"
        raise InputError([Problem("pool", show(name), allowed, "choose another pool")])
    own = {row.node: row.value or 0.0 for row in rows}
    totals = [math.fsum(own[node] for node in side_by_side)]
    for level in levels:
        inside = {member for node in level for member in tree.members(node)}
        side_by_side = [node for node in side_by_side if node not in inside] + level
        totals.append(math.fsum(own[node] for node in side_by_side))
    words = [", ".join(level) if len(level) <= 3 else counted(len(level), "pool") for level in levels]
    if (deep := len(levels) - MOST_LEVELS) > 0:
        words = [f"{counted(deep + 1, 'level')} of pools below", *words[deep + 1 :]]
        totals = [totals[0], *totals[deep + 1 :]]
    return Levels(chosen.name, name, at, count, tuple(words), np.array(totals))


def waterfall(
    run: Run,
    *,
    case: str | None = None,
    pool: str | None = None,
    confidence: float | None = None,
    ax: Any = None,
    theme: style.Theme = "light",
) -> Any:
    """The sum of the positions' own expected shortfall, what each level of pools removes, and what is left.

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
        When `run` is none or has no such case, pool or confidence, there is no such theme, or an expected shortfall
        does not exist.
    SimcoreError
        When Matplotlib is not installed.
    """
    check_run(run)
    colours = style.colours_of(theme)
    levels = levels_of(run, case=case, pool=pool, confidence=confidence)
    ax = style.axes_of(ax)
    title = style.heading("what each level of pools removes", levels.pool, levels.case)
    style.dress(ax, colours, title=title, grid="y")
    power, decimals = amount_scale((), levels.totals.tolist())
    _draw(ax, colours, levels, power, decimals)
    measure = figure_name("expected_shortfall", levels.confidence)
    ax.set_ylabel(f"{measure}{relative_words(run)}, {power_name(power)}{unit_of(run)}", parse_math=False)
    ax.set_xlabel("pools, from the innermost to the outermost")
    ax.yaxis.set_major_formatter(lambda value, _: f"{value / 1000.0**power:,.10g}")
    style.stamp(ax, colours, run.scenario.plan, below_label=True)
    return ax


def _draw(ax: Any, colours: style.Colours, levels: Levels, power: int, decimals: int) -> None:
    totals, count = levels.totals, len(levels.words)
    noise = _NOISE * float(np.abs(totals).max())
    removed = np.where(levels.removed <= noise, 0.0, levels.removed)
    ends = [(0.0, totals[0]), *pairwise(totals), (0.0, totals[-1])]
    ax.bar(
        range(count + 2),
        [abs(b - a) for a, b in ends],
        bottom=[min(a, b) for a, b in ends],
        color=[colours.unpooled, *[colours.benefit] * count, colours.pooled],
        width=0.7,
    )
    for i, total in enumerate(totals):
        ax.plot([i + 0.35, i + 0.65], [total, total], color=colours.faint, linewidth=0.8)
    words = [amount(totals[0], power, decimals)]
    words += [_change(one, totals[0], amount(one, power, decimals)) for one in removed]
    words += [amount(totals[-1], power, decimals)]
    for i, (said, (a, b)) in enumerate(zip(words, ends, strict=True)):
        ax.annotate(
            said, (i, max(a, b)), (0, 3), textcoords="offset points", ha="center", va="bottom", fontsize="small",
            color=colours.ink,
        )  # fmt: skip
    ax.axhline(0.0, color=colours.faint, linewidth=0.8)
    ax.use_sticky_edges = False  # the lower edge of a bar of 0 at the top would leave no room for the words above
    if noise > 0.0:
        ax.margins(y=0.15)
        if totals.min() >= 0.0:
            ax.set_ylim(bottom=0.0)
    else:
        ax.set_ylim(0.0, 1.0)  # nothing has a scale
    below = [f"sum of {counted(levels.positions, 'position')}", *levels.words, "pooled"]
    width = max(7, 92 // len(below))
    ax.set_xticks(
        range(count + 2), [style.in_lines(one, width, _LINES) for one in below], fontsize="small", parse_math=False
    )
    ax.tick_params(axis="x", length=0)


def _change(removed: float, whole: float, size: str) -> str:
    """What a level does to the sum: its size, and in per cent of the sum of the positions."""
    if removed == 0.0:
        return "0"
    share = f"\n-{100.0 * removed / whole:.1f} %" if whole > 0.0 else ""
    return f"-{size}{share}"


def _pools_by_depth(tree: PoolTree, pool: str) -> list[list[str]]:
    """The pool, then the pools in it, then those in these."""
    pools = {other.name for other in tree.pools}
    levels, level = [], [pool]
    while level:
        levels.append(level)
        level = [member for node in level for member in tree.members(node) if member in pools]
    return levels
