"""Densities as histograms: no path is smeared to where none was, and what lies outside is in no bar."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_OUTSIDE = 0.001  # of the losses, on either side
_MOST_BINS = 600


class Histogram(NamedTuple):
    """A density.

    Attributes
    ----------
    edges : ndarray, shape (bins + 1,), currency
    height : ndarray, shape (bins,), 1 / currency
        Share of all paths that fall between two edges, by the distance of these.
    """

    edges: Floats
    height: Floats


def histogram(losses: Floats, reach: float) -> Histogram:
    """All but the lowest and the highest 0.1 % of the losses, and whatever lies below `reach`.

    The losses have 2 n^(1/3) bins (Rice's rule), and at least 10; what lies above them up to `reach` has as wide
    ones, as long as there are no more than 600. Of losses that differ by rounding only they reach 1e-10 to either side.
    """
    low, high = np.quantile(losses, [_OUTSIDE, 1.0 - _OUTSIDE])
    bins = max(10, round(2.0 * len(losses) ** (1 / 3)))
    size = max(abs(low), abs(high))
    if high - low <= 1e-12 * size:
        low, high = low - 1e-10 * size, high + 1e-10 * size
    if reach > high:
        bins, high = min(_MOST_BINS, math.ceil(bins * (reach - low) / (high - low))), reach
    count, edges = np.histogram(losses, bins, (low, high))
    return Histogram(edges, count / (len(losses) * np.diff(edges)))


def beyond(density: Histogram, loss: float) -> Histogram:
    """The part of a histogram above a loss that lies in it."""
    first = int(np.clip(np.searchsorted(density.edges, loss, side="right"), 1, len(density.height)))
    return Histogram(np.concatenate([[loss], density.edges[first:]]), density.height[first - 1 :])
