"""From a `Summary` to an `Estimate`: a figure with its simulation error, and the figures made from others.

Every estimate carries its influence means per batch, so that any smooth function of estimates of one run gets its
error, paired path by path, from its gradient alone (`delta_method`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from analysis.measures import check_confidence
from simcore.confidence import as_fraction, interval_ranks, quantile_rank, tail_size
from simcore.errors import InputError, Problem, raise_if_any, show
from simcore.summary import Summary, tree_sum
from simcore.tails import BoundedTail, read_only

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
    batch: Floats | None = None
    count: Integers | None = None

    def __post_init__(self) -> None:
        if self.batch is not None and self.count is not None:
            read_only(self, "batch", "count")

    def relative_to(self, constant: float) -> "Estimate":
        """This estimate less a constant, which has no error."""
        value, low, high = (None if x is None else x - constant for x in (self.value, self.low, self.high))
        return replace(self, value=value, low=low, high=high)

    def without_error(self, note: str) -> "Estimate":
        """This estimate where the figure exists, and its standard error does not."""
        return Estimate(self.value, note=join_notes(self.note, note))


def mean(summary: Summary) -> Estimate:
    """The mean loss. Influence: L - m."""
    shift = tree_sum(summary.deviation) / summary.paths
    return _from_batches(summary.mean, summary.deviation / summary.count - shift, summary.count)


def volatility(summary: Summary) -> Estimate:
    """The standard deviation s of the loss. Influence: ((L - m)^2 - s^2) / (2 s)."""
    variance = summary.m2 / summary.paths
    value = math.sqrt(variance)
    if value == 0.0:
        return _from_batches(0.0, np.zeros(len(summary.count)), summary.count)
    shift = tree_sum(summary.deviation) / summary.paths
    around_mean = (summary.square - 2.0 * shift * summary.deviation) / summary.count + shift * shift
    return _from_batches(value, (around_mean - variance) / (2.0 * value), summary.count)


def value_at_risk(summary: Summary, confidence: float) -> Estimate:
    """The k-th smallest loss, k = ceil(confidence n).

    Raises
    ------
    InputError
        When the run kept too few losses for this confidence.

    Notes
    -----
    Influence: s (1{L > v} - P(L > v)), with s = 1 / f(v) from the spacing of the order statistics that are
    w = 1.96 sqrt(n c (1 - c)) ranks, and at least one, below and above k. Those two are the interval.
    The share of the sample above v stands for 1 - c, from which it differs by less than 1 / n unless v is an atom.
    """
    n = summary.paths
    rank, low_rank, high_rank = _ranks(summary, confidence)
    value, low, high = (summary.tail.loss_at(n - r + 1) for r in (rank, low_rank, high_rank))
    slope = (high - low) * n / (high_rank - low_rank) if high_rank > low_rank else 0.0
    above = summary.batch_counts_above(value)
    batch = slope * (above / summary.count - int(above.sum()) / n)
    estimate = _from_batches(value, batch, summary.count, note=_tail_note(confidence, n))
    return estimate if estimate.std_error is None else replace(estimate, low=low, high=high)


def expected_shortfall(summary: Summary, confidence: float) -> Estimate:
    """The average of the worst (1 - confidence) of the probability, Acerbi and Tasche.

    Raises
    ------
    InputError
        When the run kept too few losses for this confidence.

    Notes
    -----
    Influence: v + (L - v)+ / (1 - c) - ES.
    """
    n = summary.paths
    threshold = summary.tail.loss_at(n - _ranks(summary, confidence)[0] + 1)
    excess = summary.batch_excess_above(threshold)
    beyond = tree_sum(excess) / tail_size(confidence, n)
    batch = excess / (summary.count * float(1 - as_fraction(confidence))) - beyond
    return _from_batches(threshold + beyond, batch, summary.count, note=_tail_note(confidence, n))


def value_of(summary: Summary, measure: str, confidence: float | None) -> float:
    """The value alone of `estimate_of`, for who has thousands of runs."""
    if confidence is None:
        return summary.mean if measure == "mean" else math.sqrt(summary.m2 / summary.paths)
    threshold = summary.tail.loss_at(summary.paths - _ranks(summary, confidence)[0] + 1)
    if measure == "value_at_risk":
        return threshold
    return threshold + tree_sum(summary.batch_excess_above(threshold)) / tail_size(confidence, summary.paths)


def estimate_of(summary: Summary, measure: str, confidence: float | None = None) -> Estimate:
    """The estimate of a measure by its name in the table.

    Parameters
    ----------
    summary : Summary
    measure : {"mean", "volatility", "value_at_risk", "expected_shortfall"}
    confidence : float, optional
        In (0.5, 1), for the last two.

    Returns
    -------
    Estimate

    Raises
    ------
    InputError
        When there is no such measure or confidence, or the run kept too few losses for it.
    """
    plain = {"mean": mean, "volatility": volatility}
    tail = {"value_at_risk": value_at_risk, "expected_shortfall": expected_shortfall}
    if measure in plain:
        return plain[measure](summary)
    if measure not in tail:
        known = ", ".join([*plain, *tail])
        raise InputError([Problem("measure", show(measure), f"one of {known}", "correct the name")])
    if confidence is None:
        raise InputError([Problem("confidence", "None", "a number strictly between 0.5 and 1", "give one, as 0.99")])
    return tail[measure](summary, confidence)


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
    return _from_batches(value, batch, count, note=note)


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


def _from_batches(value: float, batch: Floats, count: Integers, *, note: str = "") -> Estimate:
    """SE^2 = B / (B - 1) sum (n_b / n)^2 m_b^2; the interval uses t with B - 1 degrees of freedom."""
    batches = len(count)
    if batches < FEWEST_BATCHES:
        few = f"no standard error: {batches} of at least {FEWEST_BATCHES} batches, simulate more paths"
        return Estimate(value, note=join_notes(note, few))
    weighted = (count / int(count.sum())) * batch
    std_error = math.sqrt(batches / (batches - 1) * tree_sum(weighted * weighted))
    half_width = _t_quantile(batches - 1) * std_error
    return Estimate(value, std_error, value - half_width, value + half_width, note, batch, count)


@lru_cache
def _t_quantile(dof: int) -> float:
    from scipy.special import stdtrit

    return float(f"{float(stdtrit(dof, 0.975)):.12g}")  # an ulp of the C library must not reach a figure


def _ranks(summary: Summary, confidence: float) -> tuple[int, int, int]:
    """Ranks, from the smallest loss, of VaR and of the ends of its 95 % interval, cut at the sample's ends."""
    raise_if_any(check_confidence(confidence))
    n = summary.paths
    rank, (low, high) = quantile_rank(confidence, n), interval_ranks(confidence, n)
    if not summary.tail.knows([n - r + 1 for r in (rank, low, high)]):
        if isinstance(summary.tail, BoundedTail):
            known = ", ".join(f"{level.confidence}" for level in summary.tail.levels)
            allowed = f"one of {known}: the run was too large to keep more of its tails"
            remedy = "add it to Plan.confidences and run again, or raise Plan.tail_budget"
        else:
            allowed = f"a confidence for which the {summary.tail.reach} worst losses that are known are enough"
            remedy = "add it to Plan.confidences and run again; of merged parts, merge all"
        raise InputError([Problem("confidence", show(confidence), allowed, remedy)])
    return rank, low, high


def few_behind(losses: float) -> str:
    """The caution that few losses stand behind a figure, and how many; empty when they are enough."""
    if losses >= FEWEST_TAIL_LOSSES:
        return ""
    return f"only {losses:.4g} losses in the tail (below {FEWEST_TAIL_LOSSES})"


def _tail_note(confidence: float, n: int) -> str:
    few = few_behind(tail_size(confidence, n))
    return few and f"{few}, simulate more paths"
