"""Estimates along an axis with their intervals, and labels at the end of lines in place of a legend."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from analysis.comparison import Row
    from analysis.estimate import Estimate

Floats = NDArray[np.float64]

_LINE = 11.0  # points from one small label to the next


class Band(NamedTuple):
    """Estimates with their 95 % intervals; NaN where there is none.

    Attributes
    ----------
    value, low, high : ndarray, shape (k,)
    """

    value: Floats
    low: Floats
    high: Floats


def band_of(figures: Iterable[Estimate | Row]) -> Band:
    """The band of estimates, or of rows of the table."""
    cells = [[math.nan if end is None else end for end in (one.value, one.low, one.high)] for one in figures]
    return Band(*np.array(cells, dtype=np.float64).reshape(-1, 3).T)


def draw_band(ax: Any, x: ArrayLike, band: Band, colour: str, **line: Any) -> None:
    """A line through the estimates, over their intervals."""
    ax.fill_between(x, band.low, band.high, color=colour, alpha=0.2, linewidth=0.0)
    ax.plot(x, band.value, color=colour, **line)


def label_ends(ax: Any, ends: Sequence[tuple[float, str]], colour: str) -> None:
    """Words at the right of the axes, each beside the value that its line ends at, none over another.

    The limits of the y axis have to stand.
    """
    low, high = ax.get_ylim()
    points = ax.get_window_extent().height * 72.0 / ax.figure.dpi
    heights = [(value - low) / (high - low) for value, _ in ends]
    for height, (_, words) in zip(spread(heights, _LINE / points), ends, strict=True):
        ax.annotate(
            words, (1.0, height), xycoords="axes fraction", xytext=(4, 0), textcoords="offset points",
            va="center", fontsize="small", color=colour, annotation_clip=False,
        )  # fmt: skip


def spread(heights: Sequence[float], gap: float) -> list[float]:
    """Where labels go that belong at `heights`: no two nearer than `gap`, in their order, and as near as can be.

    >>> spread([0.5, 0.5, 1.0], 0.25)
    [0.375, 0.625, 1.0]
    """
    from scipy.optimize import isotonic_regression

    order = np.argsort(heights, kind="stable")
    steps = gap * np.arange(len(order))
    placed = np.empty(len(order))
    placed[order] = isotonic_regression(np.asarray(heights)[order] - steps).x + steps
    return placed.tolist()
