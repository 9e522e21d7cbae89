"""Brackets: what is kept of a node's tail where all of it would take too much memory.

An order statistic needs no more than the number of losses above a bracket and the losses inside it; expected shortfall
needs the sum of those above as well. Losses that equal an end are counted and not stored, so that equal losses, however
many, take no room: what lies strictly inside is no more than the bracket was made for.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcore.confidence import interval_ranks
from simcore.kernels.block import BLOCK
from simcore.ranges import layout

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

FIRST_PATHS = 1_000_000  # their tails are kept whole, and tell the first brackets
NARROWING_PATHS = 2**24  # after so many, in whole batches, brackets are narrowed, once
WORST = 1_000  # losses of each node that are kept with the numbers of their paths

_SAFETY = 6.0  # standard deviations by which a rank among the first paths may misjudge one among all
_FEW = 10.0  # ranks to spare beside them, where so few losses are expected that no normal law describes their number


@dataclass(frozen=True, eq=False)
class Bracket:
    """Losses of one node around one quantile, by batch.

    Attributes
    ----------
    low, high : float, currency
        The same where the losses there are all equal; -inf and inf where there is no end.
    above, at_high, at_low : ndarray of int64, shape (b,)
        Losses above high, equal to it, equal to low; the last is 0 where the two are the same.
    excess : ndarray, shape (b,), currency
        Sum of (loss - high) over those above.
    inside : ndarray of int64, shape (b,)
        How many of `values` each batch has.
    values : ndarray, shape (k,), currency
        Losses strictly between low and high, batch by batch.
    """

    low: float
    high: float
    above: Integers
    at_high: Integers
    inside: Integers
    at_low: Integers
    excess: Floats
    values: Floats

    @property
    def known(self) -> tuple[int, int]:
        """The first and the last rank, from the largest loss, that lie in the bracket."""
        above = int(self.above.sum())
        return above + 1, above + int(self.at_high.sum()) + len(self.values) + int(self.at_low.sum())

    def losses_at(self, ranks: Sequence[int]) -> list[float]:
        """The loss at each rank, from the largest; the nearer end where a rank lies outside the bracket."""
        inside = self.known[0] + int(self.at_high.sum())
        ordered = np.sort(self.values)
        ordered += 0.0  # -0.0 and 0.0 are equal, and which of them comes first is not told

        def at(rank: int) -> float:
            if rank < inside:
                return self.high
            return float(ordered[inside - rank - 1]) if rank < inside + len(ordered) else self.low

        return [at(rank) for rank in ranks]

    def narrowed(self, low: float, high: float) -> "Bracket":
        """The bracket from low to high, which lie in this one: between equal ends, what lies above a point."""
        batches = len(self.above)
        batch = np.repeat(np.arange(batches, dtype=np.uint16), self.inside)  # a number a loss: in few bytes

        def equal_to(end: float) -> Integers:
            if end == self.high:
                return self.at_high
            return self.at_low if end == self.low else _counted(batch[self.values == end], batches)

        over = self.values > high
        above, excess = self.above, self.excess
        if high < self.high:
            beyond = self.above + self.at_high
            above = beyond + _counted(batch[over], batches)
            # where the bracket has no high end nothing lies beyond it, and 0 times inf is no number
            lifted = beyond * (self.high - high) if beyond.any() else 0.0
            excess = self.excess + lifted + np.bincount(batch[over], self.values[over] - high, batches)
        keep = (self.values > low) & ~over & (self.values != high)
        none = np.zeros(batches, dtype=np.int64)
        return Bracket(
            low,
            high,
            above,
            equal_to(high),
            _counted(batch[keep], batches),
            equal_to(low) if low < high else none,
            excess,
            self.values[keep],
        )


def joined(pieces: Sequence[Bracket]) -> Bracket:
    """One bracket of consecutive batches from those of some batches each, all with the same ends."""
    names = ("above", "at_high", "inside", "at_low", "excess", "values")
    columns = (np.concatenate([getattr(piece, name) for piece in pieces]) for name in names)
    return Bracket(pieces[0].low, pieces[0].high, *columns)


def needed_ranks(confidence: float, n: int) -> tuple[int, int]:
    """The lowest and the highest of the `n` losses that VaR and its interval need, as ranks from the largest loss."""
    low, high = interval_ranks(confidence, n)
    return n - low + 1, n - high + 1


def end_ranks(low: int, high: int, n: int, seen: int, spare: Sequence[float]) -> tuple[int, int]:
    """Ranks among the `seen` first of `n` losses around those of `low` and `high` among all, in all likelihood.

    Parameters
    ----------
    low, high : int
        Ranks from the largest loss, from 1.
    n, seen : int
        Paths.
    spare : (float, float)
        Factors on what is left to chance below and above: 1, or more after a miss.

    Returns
    -------
    (int, int)
        The former is above `seen`, and the latter below 1, where no loss seen is far enough out.
    """
    below, above = (
        factor * (_SAFETY * math.sqrt(seen * (rank / n) * (1.0 - rank / n)) + _FEW)
        for rank, factor in zip((low, high), spare, strict=True)
    )
    return math.ceil(low / n * seen + below), math.floor(high / n * seen - above)


def worst_rank(n: int, seen: int, spare: float) -> int:
    """The rank among the `seen` first of `n` losses above which the `WORST` of all lie, in all likelihood."""
    return end_ranks(WORST, 1, n, seen, (spare, 1.0))[0]


def first_depth(confidences: Sequence[float], n: int) -> int:
    """How deep the tails of the first paths are kept: as deep as brackets go, and those after a miss."""
    twice = (2.0, 1.0)
    lows = [end_ranks(*needed_ranks(confidence, n), n, FIRST_PATHS, twice)[0] for confidence in confidences]
    return min(FIRST_PATHS, max(*lows, worst_rank(n, FIRST_PATHS, 2.0)))


def inside_expected(confidence: float, n: int) -> float:
    """How many of `n` losses lie inside the brackets of one confidence, about."""
    ends, total, done = needed_ranks(confidence, n), 0.0, 0
    for seen, until in ((FIRST_PATHS, head_paths(n)), (head_paths(n), n)):
        low, high = end_ranks(*ends, n, seen, (1.0, 1.0))
        total += (min(low, seen) - max(high, 0)) / seen * (until - done)
        done = until
    return total


def head_paths(n: int) -> int:
    """How many of `n` paths are run with the brackets of the first: whole batches."""
    return min(n, max(NARROWING_PATHS, layout(n).span * BLOCK))


def _counted(batch: NDArray[np.uint16], batches: int) -> Integers:
    return np.bincount(batch, minlength=batches).astype(np.int64)
