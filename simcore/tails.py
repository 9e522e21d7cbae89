"""The tail of one node: its worst losses, each with the number of its path; bounded, what its figures need of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simcore.border import read_only

if TYPE_CHECKING:
    from simcore.summary import Summary

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Tail:
    """The worst losses of one node, each with the number of its path.

    Attributes
    ----------
    values : ndarray, shape (k,), currency
        Losses, ascending; equal ones by path.
    paths : ndarray of int64, shape (k,)
    threshold : float, currency
        Every loss strictly above it was kept, until `depth` of them were there.
    ties : ndarray of int64, shape (batches,)
        Losses equal to the threshold in each batch.
    depth : int
        How many of the worst losses the run asked for.
    """

    values: Floats
    paths: Integers
    threshold: float
    ties: Integers
    depth: int

    def __post_init__(self) -> None:
        read_only(self, "values", "paths", "ties")

    @cached_property
    def reach(self) -> int:
        """How many of the worst losses are known: those kept and those tied at the threshold, at most the depth."""
        return min(self.depth, len(self.values) + int(self.ties.sum()))

    @property
    def enough(self) -> bool:
        """Whether as many are known as the run asked for."""
        return self.reach == self.depth

    @property
    def worst(self) -> "Tail":
        """The worst losses with the numbers of their paths: of this tail, all."""
        return self

    def knows(self, ranks: Sequence[int]) -> bool:
        """Whether the losses at these ranks, from the largest, are known."""
        return max(ranks) <= self.reach

    def loss_at(self, rank: int) -> float:
        """The `rank`-th largest loss, from 1.

        Raises
        ------
        IndexError
            When `rank` is beyond `reach`.
        """
        if not 1 <= rank <= self.reach:
            raise IndexError(f"rank {rank} is outside the {self.reach} worst losses that are known")
        return float(self.values[-rank]) if rank <= len(self.values) else self.threshold

    def cut(self) -> "Tail":
        """This tail in order, with no more than the `depth` worst losses."""
        from simcore.kernels.order import in_order  # here, so that reading files and options starts without numba

        values, paths = in_order(self.values, self.paths)
        first = max(0, len(values) - self.depth)
        return Tail(values[first:].copy(), paths[first:].copy(), self.threshold, self.ties, self.depth)


@dataclass(frozen=True, eq=False)
class Level:
    """What a bounded tail knows of one confidence.

    Attributes
    ----------
    confidence : float
    losses : dict of int to float, currency
        The losses at the ranks, from the largest, of VaR and of the ends of its interval.
    value : float, currency
        VaR.
    above : ndarray of int64, shape (batches,)
        Losses above it in each batch.
    excess : ndarray, shape (batches,), currency
        Sum of (loss - value) over those.
    """

    confidence: float
    losses: dict[int, float]
    value: float
    above: Integers
    excess: Floats

    def __post_init__(self) -> None:
        read_only(self, "above", "excess")


@dataclass(frozen=True, eq=False)
class BoundedTail:
    """What is kept of one node's tail where all of it would pass ``Plan.tail_budget``.

    Attributes
    ----------
    levels : tuple of Level
        One for each confidence of the plan; nothing is known of others.
    worst : Tail
        The 1,000 worst losses of all paths, with the numbers of their paths.
    first : Summary
        Of the first 1,000,000 paths, with its whole tail.
    """

    levels: tuple[Level, ...]
    worst: Tail
    first: "Summary"

    def knows(self, ranks: Sequence[int]) -> bool:
        """Whether the losses at these ranks, from the largest, are known."""
        return any(all(rank in level.losses for rank in ranks) for level in self.levels)

    def loss_at(self, rank: int) -> float:
        """The `rank`-th largest loss, from 1.

        Raises
        ------
        IndexError
            When it is none of those that a figure of the plan's confidences needs.
        """
        for level in self.levels:
            if rank in level.losses:
                return level.losses[rank]
        raise IndexError(f"rank {rank} is none of those that a bounded tail knows")

    def level_at(self, loss: float) -> Level:
        """The level whose VaR is `loss`.

        Raises
        ------
        LookupError
            When there is none.
        """
        for level in self.levels:
            if level.value == loss:
                return level
        raise LookupError(f"{loss} is the VaR of no confidence of the plan: a bounded tail knows nothing of it")
