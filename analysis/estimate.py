"""An `Estimate`: a figure with its simulation error, and the figures made from others.

Every estimate carries its influence means per batch, so that any smooth function of estimates of one run gets its
error, paired path by path, from its gradient alone (`delta_method`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simcore.border import read_only
from simcore.errors import InputError, Problem
from simcore.summary import tree_sum, tree_sums

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

FEWEST_BATCHES = 20  # fewer give no standard error worth printing
FEWEST_TAIL_LOSSES = 100  # fewer behind a figure earn it a note
UNPOOLED_REACHES_0 = "no benefit: the unpooled figure, or its interval, reaches 0"


@dataclass(frozen=True, eq=False)
class Estimate:
    """A figure and its simulation error; a number that does not exist is None.

    Attributes
    ----------
    value, std_error : float or None
    low, high : float or None
        The 95 % interval.
    note : str
        Why something is empty, or a caution.
    batch : ndarray, shape (b,), or None
        Mean of the influence function over the paths of each batch; None when there is no standard error.
    count : ndarray of int64, shape (b,), or None
        Paths in each batch.
    """

    value: float | None
    std_error: float | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""
    batch: Floats | None = field(default=None, repr=False)
    count: Integers | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.batch is not None and self.count is not None:
            read_only(self, "batch", "count")

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from analysis.notebook import estimate_html

        return estimate_html(self)

    def relative_to(self, constant: float) -> "Estimate":
        """This estimate less a constant, which has no error."""
        value, low, high = (None if x is None else x - constant for x in (self.value, self.low, self.high))
        return replace(self, value=value, low=low, high=high)

    def without_error(self, note: str) -> "Estimate":
        """This estimate where the figure exists, and its standard error does not."""
        return Estimate(self.value, note=join_notes(self.note, note))


def riskless(value: float, count: Integers) -> Estimate:
    """The estimate of a figure that is the same on every path."""
    return Estimate(value, 0.0, value, value, "", np.zeros(len(count)), count)


def delta_method(value: float, gradient: Sequence[float], estimates: Sequence[Estimate]) -> Estimate:
    """The estimate of a smooth function g of estimates of one run.

    Parameters
    ----------
    value : float
        g at the estimates' values.
    gradient : sequence of float
        The derivative of g by each of them, there.
    estimates : sequence of Estimate
        At least one, each with a value, from the same paths: of two runs only a different layout is noticed.

    Returns
    -------
    Estimate
        Without standard error when one of them has none; with the notes of all.

    Raises
    ------
    InputError
        When their batches differ.

    Notes
    -----
    The influence mean of g in a batch is the gradient times theirs.
    """
    note = join_notes(*(estimate.note for estimate in estimates))
    count = estimates[0].count
    if count is not None and all(estimate.std_error == 0.0 for estimate in estimates):
        return replace(riskless(value, count), note=note)
    batch = np.zeros(0 if count is None else len(count))
    for slope, estimate in zip(gradient, estimates, strict=True):
        if estimate.batch is None or estimate.count is None or count is None:
            return Estimate(value, note=note)
        if not np.array_equal(estimate.count, count):
            allowed, remedy = "estimates of one run: their batches are the same paths", "simulate all cases in one call"
            raise InputError([Problem("estimates", "estimates of different runs", allowed, remedy)])
        batch = batch + slope * estimate.batch
    assert count is not None
    return from_batches([value], batch[np.newaxis], count, note=note)[0]


def total(estimates: Sequence[Estimate]) -> Estimate:
    """The sum: of the stand-alone measures of members, the unpooled measure. Empty when one of them is."""
    values = [estimate.value for estimate in estimates if estimate.value is not None]
    if len(values) < len(estimates):
        return Estimate(None, note=join_notes(*(e.note for e in estimates if e.value is None)))
    return delta_method(tree_sum(np.array(values)), [1.0] * len(values), estimates)


def difference(first: Estimate, second: Estimate) -> Estimate:
    """first - second, paired: both from the same paths. Empty when one of them is."""
    if first.value is None or second.value is None:
        return Estimate(None, note=join_notes(*(e.note for e in (first, second) if e.value is None)))
    return delta_method(first.value - second.value, [1.0, -1.0], [first, second])


def benefit(pooled: Estimate, unpooled: Estimate) -> Estimate:
    """1 - pooled / unpooled. Empty when one of them is, or when the interval of unpooled reaches 0."""
    if pooled.value is None or unpooled.value is None:
        return Estimate(None, note=join_notes(*(e.note for e in (pooled, unpooled) if e.value is None)))
    lowest = unpooled.value if unpooled.low is None else unpooled.low
    if lowest <= 0.0:
        return Estimate(None, note=UNPOOLED_REACHES_0)
    ratio = pooled.value / unpooled.value
    return delta_method(1.0 - ratio, [-1.0 / unpooled.value, ratio / unpooled.value], [pooled, unpooled])


def join_notes(*notes: str) -> str:
    """The notes, each part once, in order."""
    return "; ".join(dict.fromkeys(part for note in notes for part in note.split("; ") if part))


def from_batches(
    values: Sequence[float],
    batch: Floats,
    count: Integers,
    *,
    note: str = "",
    interval: tuple[Sequence[float], Sequence[float]] | None = None,
) -> list[Estimate]:
    """Estimates from their values and their influence means in each batch.

    Parameters
    ----------
    values : sequence of float, length k
    batch : ndarray, shape (k, b)
    count : ndarray of int64, shape (b,)
        Paths in each batch.
    note : str
    interval : (low, high), each of length k, optional
        Of order statistics; without it value -+ t SE, t with b - 1 degrees of freedom.

    Returns
    -------
    list of Estimate

    Notes
    -----
    SE^2 = b / (b - 1) sum (n_b / n)^2 m_b^2.
    """
    batches = len(count)
    if batches < FEWEST_BATCHES:
        few = f"no standard error: {batches} of at least {FEWEST_BATCHES} batches, simulate more paths"
        return [Estimate(value, note=join_notes(note, few)) for value in values]
    weighted = (count / int(count.sum())) * batch
    std_error = np.sqrt(batches / (batches - 1) * tree_sums(weighted * weighted))
    if interval is None:
        half_width = _t_quantile(batches - 1) * std_error
        interval = (values - half_width).tolist(), (values + half_width).tolist()
    cells = zip(values, std_error.tolist(), *interval, batch, strict=True)
    return [Estimate(value, error, low, high, note, its, count) for value, error, low, high, its in cells]


@lru_cache
def _t_quantile(dof: int) -> float:
    from scipy.special import stdtrit

    return float(f"{float(stdtrit(dof, 0.975)):.12g}")  # an ulp of the C library must not reach a figure


def few_behind(losses: float) -> str:
    """The caution that few losses stand behind a figure, and how many; empty when they are enough."""
    if losses >= FEWEST_TAIL_LOSSES:
        return ""
    return f"only {losses:.4g} losses in the tail (below {FEWEST_TAIL_LOSSES})"
