"""The headline: how a pool's losses lie against those of its positions without any diversification.

The latter are the comonotone sum: each position's losses sorted, then added rank by rank, the worst with the worst. Its
VaR and ES are the sums of the positions' own, the unpooled ones, so that the distance between the marks is the benefit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from textwrap import fill
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.lookup import (
    benefit_view,
    case_of,
    check_run,
    confidence_of,
    pool_of,
    refuse_riskless,
    rows_at,
    unit_of,
    unpooled_view,
)
from analysis.plots import style
from analysis.plots.histograms import Histogram, beyond, histogram
from analysis.text import figure_name

if TYPE_CHECKING:
    from analysis.runs import Run

Floats = NDArray[np.float64]

MOST_PATHS = 100_000
MOST_LOSSES = 2**25  # of all nodes, on as many paths: 256 MiB
_LEVELS = (0.97, 0.89, 0.81, 0.73)  # of the marks from left to right: each label stands above the lines to its right


class Mark(NamedTuple):
    """A figure of the table: side is "pooled" or "unpooled"."""

    side: str
    measure: str
    value: float


class LossDensity(NamedTuple):
    """What `loss_density` draws.

    Attributes
    ----------
    case, pool : str
    confidence : float
    pooled, unpooled : Histogram
        Of the pool's losses, and of the comonotone sum.
    marks : list of Mark
        Ascending.
    benefit : float or None
        What pooling removes of ES.
    paths : int
        That the histograms are of: the first ones of the run.
    mean : float or None, currency
        The pool's exact expected loss, less which all losses are; None where they are as they are.
    notes : list of str
        Why marks are missing.
    """

    case: str
    pool: str
    confidence: float
    pooled: Histogram
    unpooled: Histogram
    marks: list[Mark]
    benefit: float | None
    paths: int
    mean: float | None
    notes: list[str]


def comonotone_sum(losses: Iterable[Floats]) -> Floats:
    """Losses of each position sorted, then added rank by rank.

    Parameters
    ----------
    losses : iterable of ndarray, shape (n,), currency
        At least one.

    Returns
    -------
    ndarray, shape (n,), currency
        Ascending. VaR and ES at any confidence are the sums of the positions' own, but for rounding.
    """
    each = iter(losses)
    total = np.sort(next(each))
    for one in each:
        total += np.sort(one)
    return total


def density_of(
    run: Run, *, case: str | None = None, pool: str | None = None, confidence: float | None = None
) -> LossDensity:
    """What `loss_density` draws: the densities of the first paths replayed, and the figures of the table.

    Parameters
    ----------
    run : Run
    case, pool, confidence : optional
        As of `loss_density`.

    Returns
    -------
    LossDensity

    Raises
    ------
    InputError
        When the run has no such case, pool or confidence, or the pool has no risk.
    CapacityError
        When the losses do not fit into memory.
    """
    from analysis.expectation import expected_loss
    from simcore.simulation import replay

    chosen, at = case_of(run, case), confidence_of(run, confidence)
    name, tree = pool_of(chosen, pool), chosen.pools
    refuse_riskless(chosen, name)
    plan, positions = run.scenario.plan, tree.positions_below(name)
    tables = {measure: rows_at(run, chosen.name, measure, at) for measure in ("value_at_risk", "expected_shortfall")}
    marks: list[Mark] = []
    missing: dict[str, list[str]] = {}
    for side, view in (("pooled", "pooled"), ("unpooled", unpooled_view(tree, name))):
        for measure, table in tables.items():
            row = table[name, view]
            if row.value is None:
                missing.setdefault(row.note or "", []).append(f"{side} {figure_name(measure, None)}")
            else:
                marks.append(Mark(side, measure, row.value))
    paths = min(plan.paths, MOST_PATHS, MOST_LOSSES // len(tree.names))
    losses = replay(chosen, plan, np.arange(paths), returns=False, threads=run.threads).losses
    mean = expected_loss(chosen, plan, positions) if run.scenario.relative_to == "mean" else None
    samples = {"pooled": losses[name], "unpooled": comonotone_sum(losses[position.name] for position in positions)}
    densities = {}
    for side, sample in samples.items():
        reach = max((mark.value for mark in marks if mark.side == side), default=-math.inf)
        densities[side] = histogram(sample - (mean or 0.0), reach)
    marks.sort(key=lambda mark: mark.value)
    benefit = tables["expected_shortfall"][name, benefit_view(tree, name)].value
    notes = [f"{', '.join(names)}: {note}" for note, names in missing.items()]
    return LossDensity(
        chosen.name, name, at, **densities, marks=marks, benefit=benefit, paths=paths, mean=mean, notes=notes
    )


def loss_density(
    run: Run,
    *,
    case: str | None = None,
    pool: str | None = None,
    confidence: float | None = None,
    ax: Any = None,
    theme: style.Theme = "light",
) -> Any:
    """Density of a pool's loss against that of the comonotone sum of its positions' losses, with VaR and ES of both.

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
        When `run` is none or has no such case, pool or confidence, there is no such theme, or the pool has no risk.
    CapacityError
        When the losses do not fit into memory.
    SimcoreError
        When Matplotlib is not installed.

    Notes
    -----
    Densities are of the first 100,000 paths, or of as many as hold 2^25 losses of all nodes; VaR and ES of all paths.
    """
    check_run(run)
    colours = style.colours_of(theme)
    shown = density_of(run, case=case, pool=pool, confidence=confidence)
    ax = style.axes_of(ax)
    style.dress(ax, colours, title=_title(shown))
    _draw(ax, shown.pooled, fill=True, color=colours.pooled, alpha=0.25, linewidth=0.0)
    for mark in shown.marks:
        if (mark.side, mark.measure) == ("pooled", "value_at_risk"):
            tail = beyond(shown.pooled, mark.value)
            _draw(ax, tail, fill=True, color=colours.pooled, alpha=0.75, linewidth=0.0)
    _draw(ax, shown.pooled, color=colours.pooled, linewidth=1.6, baseline=None)
    _draw(ax, shown.unpooled, color=colours.unpooled, linewidth=1.6, baseline=None, linestyle="--")
    _frame(ax, shown)
    _label_sides(ax, shown, colours)
    _label_marks(ax, shown.marks, colours)
    what = "loss" if shown.mean is None else "loss relative to its mean"
    ax.set_xlabel(f"{what}, {unit_of(run)}", loc="left", parse_math=False)
    style.amounts(ax.xaxis)
    _share_of_paths(ax, shown, unit_of(run))
    told = [fill(note, 110) for note in shown.notes]
    if shown.paths < run.scenario.plan.paths:
        told.insert(0, f"densities of the first {shown.paths:,}")
    style.stamp(ax, colours, run.scenario.plan, "\n".join(told))
    return ax


def _title(shown: LossDensity) -> str:
    words = "loss, pooled and unpooled"
    if shown.benefit is not None:
        es = figure_name("expected_shortfall", shown.confidence)
        words = f"pooling removes {100.0 * shown.benefit:z.1f} % of {es}"
    return style.heading(words, shown.pool, shown.case)


def _draw(ax: Any, density: Histogram, **look: Any) -> None:
    ax.stairs(density.height, density.edges, **look)


def _frame(ax: Any, shown: LossDensity) -> None:
    """Limits with room for the names of the sides on the left, and for the labels of the marks."""
    sides = (shown.pooled, shown.unpooled)
    low, high = min(side.edges[0] for side in sides), max(side.edges[-1] for side in sides)
    last = max((mark.value for mark in shown.marks), default=-math.inf)
    left = low - 0.08 * (high - low)
    ax.set_xlim(left, max(high, left + (last - left) / 0.74))
    top = 1.06 * max(side.height.max() for side in sides)
    for mark, level in zip(shown.marks, _LEVELS, strict=False):
        below = [height for side in sides for height in side.height[side.edges[1:] > mark.value]]
        top = max(top, max(below, default=0.0) / (level - 0.08))  # labels stand over what lies to the right of them
    ax.set_ylim(0.0, top)


def _label_sides(ax: Any, shown: LossDensity, colours: style.Colours) -> None:
    """The name of each, left of both and above what rises to there."""
    for words, side, share in (("pooled", shown.pooled, 0.85), ("unpooled", shown.unpooled, 0.4)):
        height = share * side.height.max()
        reaching = [one.edges[:-1][one.height >= height] for one in (shown.pooled, shown.unpooled)]
        flank = min(edges[0] for edges in reaching if len(edges))
        ax.annotate(
            words, (flank, height), xytext=(-5, 0), textcoords="offset points", ha="right", va="bottom",
            fontsize="small", color=colours.ink, annotation_clip=False,
        )  # fmt: skip


def _label_marks(ax: Any, marks: list[Mark], colours: style.Colours) -> None:
    colour = {"pooled": colours.pooled, "unpooled": colours.unpooled}
    for mark, level in zip(marks, _LEVELS, strict=False):
        dashes = "-" if mark.side == "pooled" else "--"
        ax.plot(
            [mark.value] * 2, [0.0, level], transform=ax.get_xaxis_transform(), color=colour[mark.side],
            linestyle=dashes, linewidth=1.2,
        )  # fmt: skip
        words = f"{mark.side} {figure_name(mark.measure, None)} {style.short_amount(mark.value)}"
        ax.annotate(
            words, (mark.value, level), xycoords=("data", "axes fraction"), xytext=(4, 0), textcoords="offset points",
            va="top", fontsize="small", color=colours.ink, annotation_clip=False,
        )  # fmt: skip


def _share_of_paths(ax: Any, shown: LossDensity, unit: str) -> None:
    """Ticks in per cent of the paths by a power of ten of the currency, since shares by a single unit are tiny."""
    highest = max(shown.pooled.height.max(), shown.unpooled.height.max())
    width = 10.0 ** math.floor(-math.log10(highest))
    ax.yaxis.set_major_formatter(lambda height, _: f"{100.0 * width * height:.10g} %")
    ax.set_ylabel(f"paths per {style.short_amount(width)} {unit}", parse_math=False)
