"""The benefit of pooling in each case, from calm to crisis: whether it is there when it is needed.

The benefit is that of ES, which is subadditive: on no sample is it negative.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from analysis.lookup import benefit_view, check_run, confidence_of, pool_of, shown_cases
from analysis.plots import style
from analysis.plots.bands import band_of
from analysis.text import figure_name, fitted
from simcore.errors import InputError, Problem, show

if TYPE_CHECKING:
    from analysis.comparison import Row
    from analysis.runs import Run

MOST_CASES = 20
_LEAST = 0.05  # benefit that the axis goes to


class Benefits(NamedTuple):
    """What `benefit_by_case` draws.

    Attributes
    ----------
    pool : str
    confidence : float
    rows : list of Row
        Of the table, a case each, in the order of the file.
    hidden : int
        Cases beside them, whose benefits are no lower.
    """

    pool: str
    confidence: float
    rows: list[Row]
    hidden: int


def benefits_of(run: Run, *, pool: str | None = None, confidence: float | None = None) -> Benefits:
    """What `benefit_by_case` draws: the benefits of the first case, and of the 19 lowest others.

    Parameters
    ----------
    run : Run
    pool, confidence : optional
        As of `benefit_by_case`.

    Returns
    -------
    Benefits

    Raises
    ------
    InputError
        When the run has no such pool or confidence, or the pool has no benefit in any case.
    """
    first, at = run.scenario.cases[0], confidence_of(run, confidence)
    name = pool_of(first, pool)
    wanted = (name, benefit_view(first.pools, name), "expected_shortfall", at)
    rows = {row.case: row for row in run.rows if (row.node, row.view, row.measure, row.confidence) == wanted}
    if all(row.value is None for row in rows.values()):
        allowed = f"a pool with a benefit in some case; here: {rows[first.name].note}"
        raise InputError([Problem("pool", show(name), allowed, "choose another pool")])
    kept = shown_cases(rows, MOST_CASES)
    return Benefits(name, at, [rows[case] for case in kept], len(rows) - len(kept))


def size_of(shown: Benefits) -> tuple[float, float]:
    """Inches across and down of axes with room for so many cases."""
    return style.SIZE[0], 1.3 + 0.28 * len(shown.rows)


def benefit_by_case(
    run: Run, *, pool: str | None = None, confidence: float | None = None, ax: Any = None, theme: style.Theme = "light"
) -> Any:
    """Benefit in ES of a pool in every case, in the order of the file, with its 95 % interval of simulation error.

    Parameters
    ----------
    run : Run
        As `analysis.run` gives it.
    pool : str, optional
        The one with the most positions when absent.
    confidence : float, optional
        One of the scenario's; the highest when absent.
    ax : matplotlib.axes.Axes, optional
        New ones when absent, as high as the cases need.
    theme : {"light", "dark"}

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        When `run` is none or has no such pool or confidence, there is no such theme, or the pool has no benefit in any
        case.
    SimcoreError
        When Matplotlib is not installed.

    Notes
    -----
    Of more than 20 cases it shows the first, and of the others the 19 with the lowest benefits.
    """
    check_run(run)
    colours = style.colours_of(theme)
    shown = benefits_of(run, pool=pool, confidence=confidence)
    ax = style.axes_of(ax, size_of(shown))
    es = figure_name("expected_shortfall", shown.confidence)
    style.dress(ax, colours, title=style.heading(f"what pooling removes of {es}", shown.pool, width=60), grid="x")
    band = band_of(shown.rows)
    for y, (row, value, low, high) in enumerate(zip(shown.rows, *band, strict=True)):
        if row.value is None:
            _write(ax, y, 0.0, fitted(row.note or "", 70), colours.faint)
            continue
        ax.barh(y, value, height=0.62, color=colours.benefit)
        if np.isfinite(low):
            ax.errorbar(value, y, xerr=[[value - low], [high - value]], color=colours.ink, linewidth=1.2, capsize=3.0)
        interval = f" [{100.0 * low:z.1f}, {100.0 * high:z.1f}]" if np.isfinite(low) else ""
        _write(ax, y, max(0.0, np.nanmax([value, high])), f"{100.0 * value:z.1f} %{interval}", colours.ink)
    longest = np.nanmax([_LEAST, *band.value, *band.high])
    ax.set_xlim(0.0, longest / 0.68)  # with room for the words beside it
    ax.set_ylim(len(shown.rows) - 0.4, -0.6)
    ax.set_yticks(range(len(shown.rows)), [fitted(row.case, 28) for row in shown.rows], parse_math=False)
    ax.tick_params(axis="y", length=0.0)
    style.percents(ax.xaxis)
    ax.set_xlabel("benefit, per cent", loc="left")
    hidden = f"not shown: {shown.hidden:,} cases, none with a lower benefit" if shown.hidden else ""
    style.stamp(ax, colours, run.scenario.plan, hidden)
    return ax


def _write(ax: Any, y: int, x: float, words: str, colour: str) -> None:
    ax.annotate(
        words, (x, y), xytext=(5, 0), textcoords="offset points", va="center", fontsize="small", color=colour,
        annotation_clip=False, parse_math=False,
    )  # fmt: skip
