"""VaR and ES against confidence: what is pooled and what is not, from the middle of the tail to its end."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_CEILING, Context, Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.estimate import FEWEST_TAIL_LOSSES
from analysis.lookup import case_of, check_run, pool_alone, pool_of, refuse_riskless, relative_words, unit_of
from analysis.plots import style
from analysis.plots.bands import Band, band_of, draw_band, label_ends
from analysis.text import figure_name, per_cent
from simcore.confidence import as_fraction, tail_size
from simcore.errors import InputError, Problem, show

if TYPE_CHECKING:
    from analysis.runs import Run
    from simcore.case import Plan

POINTS = 25
_TICKS = (0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.99999, 0.999999, 0.9999999, 0.99999999)
_MORE_TICKS = (0.6, 0.75, 0.9, 0.95, 0.975, 0.99, 0.995, 0.9975, 0.999, 0.9995, 0.9999, 0.99999, 0.999999)


class TailCurve(NamedTuple):
    """What `tail_curve` draws.

    Attributes
    ----------
    case, pool : str
    confidences : list of float, length k
        Ascending.
    bands : dict of (side, measure) to Band, currency
        Side "pooled", and "unpooled": the sum of the positions' own. What does not exist is not there.
    """

    case: str
    pool: str
    confidences: list[float]
    bands: dict[tuple[str, str], Band]

    @property
    def beyond(self) -> NDArray[np.float64]:
        """1 - c of each confidence, exactly as it is written."""
        return np.array([float(1 - as_fraction(c)) for c in self.confidences])


def confidences_of(plan: Plan, *, bounded: bool) -> list[float]:
    """Confidences of the curve: from the lowest of the plan to where 100 losses are left.

    Parameters
    ----------
    plan : Plan
    bounded : bool
        Whether tails are: then nothing is known but at the plan's own.

    Returns
    -------
    list of float
        Ascending; the plan's own, and others evenly between on a logarithmic axis of 1 - c, with few digits. None where
        fewer losses than 100 are beyond the lowest.
    """
    lowest, found = min(plan.confidences), set(plan.confidences)
    if not bounded:
        upwards = Context(prec=6, rounding=ROUND_CEILING)
        tails = np.geomspace(1.0 - lowest, FEWEST_TAIL_LOSSES / plan.paths, POINTS)
        found |= {float(1 - upwards.create_decimal(Decimal(f"{tail:.12g}"))) for tail in tails}
    return sorted(c for c in found if c >= lowest and tail_size(c, plan.paths) >= FEWEST_TAIL_LOSSES)


def tail_of(run: Run, *, case: str | None = None, pool: str | None = None) -> TailCurve:
    """What `tail_curve` draws: VaR and ES at many confidences, estimated as those of the table.

    Parameters
    ----------
    run : Run
        With its summaries.
    case, pool : str, optional
        As of `tail_curve`.

    Returns
    -------
    TailCurve

    Raises
    ------
    InputError
        When the run has no such case or pool, the pool has no risk, neither VaR nor ES exists, or fewer than 100 losses
        are beyond the lowest confidence.
    """
    from analysis.comparison import rows
    from simcore.tails import BoundedTail

    chosen = case_of(run, case)
    name = pool_of(chosen, pool)
    refuse_riskless(chosen, name)
    plan, summaries = run.scenario.plan, run.summaries[chosen.name]
    confidences = confidences_of(plan, bounded=isinstance(summaries[name].tail, BoundedTail))
    if not confidences:
        allowed = f"paths of which {FEWEST_TAIL_LOSSES} lie beyond a confidence of {min(plan.confidences)}"
        raise InputError([Problem("simulation.paths", show(plan.paths), allowed, "simulate more paths")])
    alone, finer = pool_alone(chosen, name), replace(plan, confidences=tuple(confidences))
    table = rows([alone], finer, {chosen.name: summaries}, relative_to=run.scenario.relative_to)
    found = {(row.view, row.measure, row.confidence): row for row in table if row.node == name}
    bands, notes = {}, []
    for side in ("pooled", "unpooled"):
        for measure in ("expected_shortfall", "value_at_risk"):
            curve = [found[side, measure, c] for c in confidences]
            if curve[0].value is None:
                notes.append(curve[0].note)
            else:
                bands[side, measure] = band_of(curve)
    if not bands:
        raise InputError([Problem("pool", show(name), f"a pool with VaR or ES; here: {notes[0]}", "choose another")])
    return TailCurve(chosen.name, name, confidences, bands)


def tail_curve(
    run: Run, *, case: str | None = None, pool: str | None = None, ax: Any = None, theme: style.Theme = "light"
) -> Any:
    """VaR and ES of a pool against confidence, and the sums of its positions' own, with 95 % intervals.

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
        When `run` is none, or has no summaries or no such case or pool, there is no such theme, the pool has no risk,
        neither VaR nor ES exists, or there are fewer than 100 losses beyond the lowest confidence.
    SimcoreError
        When Matplotlib is not installed.

    Notes
    -----
    From the lowest confidence of the scenario to where 100 losses are left. Dots are the scenario's own confidences; of
    a run with bounded tails there are no others.
    """
    check_run(run, summaries=True)
    colours = style.colours_of(theme)
    shown = tail_of(run, case=case, pool=pool)
    ax = style.axes_of(ax)
    style.dress(ax, colours, title=style.heading("VaR and ES in the tail", shown.pool, shown.case), grid="y")
    beyond = shown.beyond
    own = [i for i, c in enumerate(shown.confidences) if c in run.scenario.plan.confidences]
    for (side, measure), band in shown.bands.items():
        draw_band(
            ax, beyond, band, colours.pooled if side == "pooled" else colours.unpooled,
            linestyle="-" if side == "pooled" else "--", linewidth=2.2 if measure == "expected_shortfall" else 1.2,
            marker="o", markersize=4.0, markevery=own,
        )  # fmt: skip
    ax.set_xscale("log")
    ax.set_xlim(1.1 * beyond[0], beyond[-1] / 1.1)
    ticks = _ticks(shown)
    ax.set_xticks([float(1 - as_fraction(c)) for c in ticks], [f"{per_cent(c)} %" for c in ticks])
    ax.minorticks_off()
    ax.set_ylim(ax.get_ylim())
    label_ends(
        ax, [(b.value[-1], f"{figure_name(m, None)} {side}") for (side, m), b in shown.bands.items()], colours.ink
    )
    ax.set_xlabel("confidence", loc="left")
    ax.set_ylabel(f"VaR and ES{relative_words(run)}, {unit_of(run)}", parse_math=False)
    style.amounts(ax.yaxis)
    style.stamp(ax, colours, run.scenario.plan, "unpooled: the sum of the positions' own")
    return ax


def _ticks(shown: TailCurve) -> list[float]:
    """Confidences to be written at the axis: round ones, three at least where there are as many, else its ends."""
    first, last = shown.confidences[0], shown.confidences[-1]
    few, more = ([c for c in ticks if first <= c <= last] for ticks in (_TICKS, _MORE_TICKS))
    ticks = few if len(few) > 2 else more
    return ticks if len(ticks) > 1 else sorted({first, last})
