"""Figures with the error of a bootstrap: replicates beside a value, and the intervals made of them.

Rows that are drawn one by one have BCa intervals (Efron, "Better bootstrap confidence intervals", 1987): percentiles of
the replicates, moved by their median's bias and by the skewness of the figure's influence function. Blocks of rows have
plain percentiles. Either way the levels are widened to those of t, as by Hesterberg ("What teachers should know about
the bootstrap", 2015), with as many degrees of freedom as losses stand behind the figure, less one. Few losses ask for
levels beyond all replicates: such an end is empty, since the last replicate is none.
VaR of one node has the interval of the binomial distribution instead: two of its order statistics.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from analysis.estimate import UNPOOLED_REACHES_0, Estimate, few_behind, join_notes
from simcore.confidence import as_fraction, quantile_rank, tail_size
from simcore.summary import tree_sum

Floats = NDArray[np.float64]

FEWEST_ROWS = 20  # fewer give no standard error worth printing
BEYOND = "confidence beyond the sample, above 1 - 1/n: the largest loss, without an error"
NO_UPPER_END = "no upper end: the largest loss may lie below it"
BELOW_REPLICATES = "no lower end: it lies below all replicates"
ABOVE_REPLICATES = "no upper end: it lies above all replicates"
_LEVELS = (0.025, 0.975)


@dataclass(frozen=True, eq=False)
class Resampled:
    """A figure of the losses as they are, and of each replicate.

    Attributes
    ----------
    value : float or None
        None where there is none; the note says why.
    replicates : ndarray, shape (r,), or None
        None where there is no error.
    influence : callable, or None
        Gives the influence of each row on the figure, up to a factor, shape (n,); None for blocks of rows.
    behind : float
        How many losses stand behind the figure.
    note : str
    """

    value: float | None
    replicates: Floats | None = None
    influence: Callable[[], Floats] | None = None
    behind: float = math.inf
    note: str = ""

    @cached_property
    def std_error(self) -> float | None:
        """The standard deviation of the replicates, dividing by one less than there are."""
        if self.replicates is None:
            return None
        deviation = self.replicates - tree_sum(self.replicates) / len(self.replicates)
        return math.sqrt(tree_sum(deviation * deviation) / (len(deviation) - 1))

    @cached_property
    def interval(self) -> tuple[float | None, float | None] | None:
        """The interval of 95 %, an end None where it lies beyond all replicates; None without replicates."""
        if self.replicates is None or self.value is None:
            return None
        ordered = np.sort(self.replicates)
        low, high = self._levels(ordered)
        ranks = math.floor(low * (len(ordered) + 1)), math.ceil(high * (len(ordered) + 1))
        first, last = (float(ordered[rank - 1]) if 1 <= rank <= len(ordered) else None for rank in ranks)
        return first, last

    def _levels(self, ordered: Floats) -> tuple[float, float]:
        """Which shares of the replicates lie below the ends of the interval."""
        from scipy.special import ndtr, ndtri

        wide = _widened(self.behind)
        if self.influence is None or self.value is None or ordered[0] == ordered[-1] or math.isinf(wide):
            return float(ndtr(-wide)), float(ndtr(wide))
        below, to = (int(np.searchsorted(ordered, self.value, side=side)) for side in ("left", "right"))
        share = 0.5 * (below + to) / len(ordered)
        bias = float(ndtri(min(1.0 - 0.5 / len(ordered), max(0.5 / len(ordered), share))))
        skew = _skewness(self.influence()) / 6.0
        moved = (bias + z for z in (-wide, wide))
        low, high = (bias + z / max(1e-9, 1.0 - skew * z) for z in moved)
        return float(ndtr(low)), float(ndtr(high))

    def estimate(self) -> Estimate:
        """As a cell of the table."""
        if self.interval is None:
            return Estimate(self.value, self.std_error, note=self.note)
        low, high = self.interval
        ends = BELOW_REPLICATES if low is None else "", ABOVE_REPLICATES if high is None else ""
        return Estimate(self.value, self.std_error, low, high, join_notes(self.note, *ends))


def total(parts: Sequence[Resampled]) -> Resampled:
    """The sum, replicate by replicate. Empty when one of them is."""
    missing = [part for part in parts if part.value is None]
    if missing:
        return Resampled(None, note=join_notes(*(part.note for part in missing)))
    note, behind = join_notes(*(part.note for part in parts)), min(part.behind for part in parts)
    value = tree_sum(np.array([part.value for part in parts]))
    replicates = [part.replicates for part in parts if part.replicates is not None]
    if len(replicates) < len(parts):
        return Resampled(value, note=note)
    influences = [part.influence for part in parts if part.influence is not None]

    def influence() -> Floats:
        first, *others = (of_part() for of_part in influences)
        for other in others:
            first += other
        return first

    joint = influence if len(influences) == len(parts) else None
    return Resampled(value, _sum(replicates), joint, behind, note)


def benefit(pooled: Resampled, unpooled: Resampled) -> Resampled:
    """1 - pooled / unpooled, replicate by replicate. Empty when one is, or the interval of unpooled reaches 0."""
    if pooled.value is None or unpooled.value is None:
        return Resampled(None, note=join_notes(*(r.note for r in (pooled, unpooled) if r.value is None)))
    if _lowest(unpooled, unpooled.value) <= 0.0:
        return Resampled(None, note=UNPOOLED_REACHES_0)
    ratio, base = pooled.value / unpooled.value, unpooled.value
    note, behind = join_notes(pooled.note, unpooled.note), min(pooled.behind, unpooled.behind)
    if pooled.replicates is None or unpooled.replicates is None:
        return Resampled(1.0 - ratio, note=note)
    of_pooled, of_unpooled = pooled.influence, unpooled.influence

    def influence() -> Floats:
        assert of_pooled is not None
        assert of_unpooled is not None
        return (ratio * of_unpooled() - of_pooled()) / base

    joint = influence if of_pooled and of_unpooled else None
    with np.errstate(divide="ignore", invalid="ignore"):
        replicates = 1.0 - pooled.replicates / unpooled.replicates
    if not np.isfinite(replicates).all():  # an unpooled replicate of 0: outside the interval, and no share of anything
        return Resampled(1.0 - ratio, note=join_notes(note, "no standard error: the unpooled figure may be 0"))
    return Resampled(1.0 - ratio, replicates, joint, behind, note)


def _lowest(figure: Resampled, value: float) -> float:
    """The lower end of the interval; the smallest replicate where it lies below all, the value where there are none."""
    if figure.interval is None or figure.replicates is None:
        return value
    low = figure.interval[0]
    return float(figure.replicates.min()) if low is None else low


def influence_of(losses: Floats, figure: tuple[str, float | None], value: float) -> Floats:
    """The influence of each loss on a figure of them, up to a factor, centered. shape (n,)"""
    measure, confidence = figure
    n = len(losses)
    if measure == "value_at_risk":
        raw = (losses > value).astype(np.float64)
    elif measure == "expected_shortfall":
        rank = quantile_rank(confidence or 0.0, n) - 1
        raw = np.maximum(losses - np.partition(losses, rank)[rank], 0.0)
        raw /= float(1 - as_fraction(confidence or 0.0))
    else:
        raw = losses - tree_sum(losses) / n
        if measure == "volatility" and value > 0.0:
            raw = raw * raw / (2.0 * value)
    return raw - tree_sum(raw) / n


@lru_cache
def binomial_ranks(confidence: float, n: int) -> tuple[int, int]:
    """Ranks, from the smallest of n losses, of the ends of the exact 95 % interval of VaR.

    Each end misses with a probability of at most 2.5 %, whatever the law. 0 and n + 1 where no loss is an end.

    Notes
    -----
    The count B of losses below VaR is binomial (n, c): the lower end is the largest rank l with P(B < l) < 2.5 %, the
    upper one the smallest rank u with P(B < u) >= 97.5 % (David and Nagaraja, Order Statistics, 2003, section 7.1).

    >>> binomial_ranks(0.95, 1000), binomial_ranks(0.99, 100)
    ((936, 964), (97, 101))
    """
    from scipy.special import bdtr

    def least(share: float) -> int:
        """The smallest rank with P(B < rank) >= share."""
        low, high = 1, n + 1
        while low < high:
            middle = (low + high) // 2
            if bdtr(middle - 1, n, confidence) >= share:
                high = middle
            else:
                low = middle + 1
        return low

    lower, upper = _LEVELS
    return least(lower) - 1, least(upper)


def tail_note(losses_behind: float) -> str:
    """The caution that few losses stand behind a figure, or that there is none in its tail."""
    return BEYOND if losses_behind < 1.0 else few_behind(losses_behind)


def losses_behind(confidence: float | None, n: int) -> float:
    """How many of n losses stand behind a figure: all of them, or those of the tail."""
    return float(n) if confidence is None else tail_size(confidence, n)


@lru_cache
def _widened(behind: float) -> float:
    """Standard normal quantile of the upper level, moved outward to that of t over sqrt(m / (m - 1))."""
    from scipy.special import ndtri, stdtrit

    if not math.isfinite(behind):
        return float(ndtri(_LEVELS[1]))
    return math.sqrt(behind / (behind - 1.0)) * float(stdtrit(behind - 1.0, _LEVELS[1])) if behind > 1.0 else math.inf


def _skewness(influence: Floats) -> float:
    """Sum of cubes over the power 3/2 of the sum of squares: the skewness of their sum."""
    largest = np.abs(influence).max()
    if largest == 0.0:
        return 0.0
    unit = np.ldexp(influence, -np.frexp(largest)[1])  # no power of it vanishes or overflows
    return tree_sum(unit * unit * unit) / tree_sum(unit * unit) ** 1.5


def _sum(parts: Sequence[Floats]) -> Floats:
    out = parts[0].copy()
    for part in parts[1:]:
        out += part
    return out
