"""What is kept of one node of one case: batches of moments, and the tail.

Summaries of disjoint batches of one run merge to the summary of their union, bit for bit the same in any order:
batches are kept, not folded, sums over them follow the fixed binary tree, and the tail is ordered by value, then path.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simcore.border import as_tuple, read_only
from simcore.confidence import interval_ranks, quantile_rank, tail_depth
from simcore.errors import InputError, Problem, show
from simcore.tails import BoundedTail, Tail

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def tree_sum(values: Floats) -> float:
    """The sum of `values` by the fixed binary tree over aligned power-of-two ranges.

    Additions of neighbours only, so that the bits depend on no vector width and no threads.
    """
    return float(tree_sums(values)) if len(values) else 0.0


def tree_sums(values: Floats) -> Floats:
    """`tree_sum` along the last axis, which has at least one value."""
    size = values.shape[-1]
    level = values
    if size & (size - 1):
        level = np.full((*values.shape[:-1], 1 << size.bit_length()), -0.0)  # adding -0.0 changes no bit
        level[..., :size] = values
    while level.shape[-1] > 1:
        level = level[..., 0::2] + level[..., 1::2]
    return level[..., 0]


def sums_of_squares(deviation: Floats, square: Floats, paths: int) -> Floats:
    """Sums of (loss - mean)^2 from those about a center, by batch along the last axis; never below 0."""
    shift = tree_sums(deviation)
    spread = tree_sums(square) - shift * shift / paths
    return np.where(spread < 0.0, 0.0, spread)


@dataclass(frozen=True, eq=False)
class Summary:
    """One node of one case, over the batches that were run.

    A batch is an aligned range of ``batch_paths`` consecutive paths; the last of a run may be short.

    Attributes
    ----------
    batch_paths : int
        Paths in a whole batch, a power of two; path p is in batch ``p // batch_paths``.
    batch : ndarray of int64, shape (b,)
        Numbers of the batches, ascending.
    count : ndarray of int64, shape (b,)
        Paths in each.
    center : float, currency
        The mean loss of the run's first block: what deviations are measured from.
    deviation : ndarray, shape (b,), currency
        Sum of (loss - center) in each batch.
    square : ndarray, shape (b,), currency squared
        Sum of (loss - center)^2 in each batch.
    tail : Tail or BoundedTail
    """

    batch_paths: int
    batch: Integers
    count: Integers
    center: float
    deviation: Floats
    square: Floats
    tail: Tail | BoundedTail

    def __post_init__(self) -> None:
        read_only(self, "batch", "count", "deviation", "square")

    @cached_property
    def paths(self) -> int:
        """Paths in all batches."""
        return int(self.count.sum())

    @property
    def mean(self) -> float:
        """Mean loss, in the currency."""
        return self.center + tree_sum(self.deviation) / self.paths

    @cached_property
    def m2(self) -> float:
        """Sum of (loss - mean)^2, in the currency squared; never below 0."""
        return float(sums_of_squares(self.deviation, self.square, self.paths))

    def batch_counts_above(self, loss: float) -> Integers:
        """How many losses of each batch lie strictly above `loss`, which the tail must reach."""
        if isinstance(self.tail, BoundedTail):
            return self.tail.level_at(loss).above
        first = np.searchsorted(self.tail.values, loss, side="right")
        return np.bincount(self._slot(self.tail.paths[first:]), minlength=len(self.batch)).astype(np.int64)

    def batch_excess_above(self, loss: float) -> Floats:
        """Sum over each batch of (L - loss)+, for a `loss` that the tail reaches."""
        if isinstance(self.tail, BoundedTail):
            return self.tail.level_at(loss).excess
        first = np.searchsorted(self.tail.values, loss, side="right")
        excess = self.tail.values[first:] - loss
        sums = np.bincount(self._slot(self.tail.paths[first:]), weights=excess, minlength=len(self.batch))
        return sums.astype(np.float64)

    def _slot(self, paths: Integers) -> Integers:
        batch = paths >> (self.batch_paths.bit_length() - 1)
        if self.batch[-1] + 1 == len(self.batch):
            return batch  # a whole run
        slot = np.zeros(self.batch[-1] + 1, dtype=np.int64)
        slot[self.batch] = np.arange(len(self.batch))
        return slot[batch]


def merge(parts: Sequence[Summary]) -> Summary:
    """The summary of the union of disjoint batches of one run, in any order.

    Parameters
    ----------
    parts : sequence of Summary
        Of one node of one case.

    Returns
    -------
    Summary

    Raises
    ------
    InputError
        When there are none, two hold the same batch, or they come from different runs.
    """
    parts = as_tuple(parts, "parts")
    if not parts or not all(isinstance(part, Summary) for part in parts):
        raise InputError([Problem("parts", show(parts), "Summaries, at least one", "give those of one node and case")])
    first = parts[0]
    batch = np.concatenate([part.batch for part in parts])
    if len(np.unique(batch)) != len(batch):
        allowed, remedy = "each batch of a run once", "leave out the part that repeats"
        raise InputError([Problem("parts", "two parts that hold the same batch", allowed, remedy)])
    tails = [part.tail for part in parts if isinstance(part.tail, Tail)]
    if len(tails) < len(parts):
        allowed = "summaries with whole tails: a bounded one is of a whole run, with nothing to be merged with"
        remedy = "raise Plan.tail_budget, or take the whole run"
        raise InputError([Problem("parts", "a summary with a bounded tail", allowed, remedy)])
    run = {(part.batch_paths, part.center, tail.threshold, tail.depth) for part, tail in zip(parts, tails, strict=True)}
    if len(run) != 1:
        allowed = "equal batch size, center, threshold and depth"
        raise InputError([Problem("parts", "parts of different runs", allowed, "merge parts of one node and run")])
    order = np.argsort(batch)
    tail = Tail(
        np.concatenate([tail.values for tail in tails]),
        np.concatenate([tail.paths for tail in tails]),
        tails[0].threshold,
        np.concatenate([tail.ties for tail in tails])[order],
        tails[0].depth,
    )
    return Summary(
        first.batch_paths,
        batch[order],
        np.concatenate([part.count for part in parts])[order],
        first.center,
        np.concatenate([part.deviation for part in parts])[order],
        np.concatenate([part.square for part in parts])[order],
        tail.cut(),
    )


def first_batches(summary: Summary, batches: int, confidence: float) -> Summary:
    """The summary of the first batches of a run, as a run of their paths alone would have kept it.

    Parameters
    ----------
    summary : Summary
        Of a whole run, with a whole tail.
    batches : int
        From 1 to all.
    confidence : float
        What the tail is kept for; it goes no deeper than the whole run's does.

    Returns
    -------
    Summary
        Its tail is not `enough` where the whole run kept too few losses of these paths; `knows` says whether they do
        for the figures.
    """
    tail = summary.tail.worst
    count = summary.count[:batches]
    inside = tail.paths < batches * summary.batch_paths
    ties, threshold = tail.ties[:batches], tail.threshold
    if len(tail.values) == tail.depth:  # losses between the threshold and the least one kept are lost
        ties, threshold = np.zeros_like(ties), float(tail.values[0])
    depth = tail_depth(confidence, int(count.sum()))
    return Summary(
        summary.batch_paths,
        summary.batch[:batches],
        count,
        summary.center,
        summary.deviation[:batches],
        summary.square[:batches],
        Tail(tail.values[inside], tail.paths[inside], threshold, ties, depth).cut(),
    )


def knows(summary: Summary, confidence: float) -> bool:
    """Whether a summary tells VaR and ES at a confidence, with their errors.

    Parameters
    ----------
    summary : Summary
    confidence : float
        In (0.5, 1).

    Returns
    -------
    bool
        Whether VaR and both ends of its 95 % interval are among the losses that the tail knows.
    """
    n = summary.paths
    ranks = (quantile_rank(confidence, n), *interval_ranks(confidence, n))
    return summary.tail.knows([n - rank + 1 for rank in ranks])
