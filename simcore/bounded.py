"""Runs whose tails are bounded: brackets around what figures need, in place of every loss above a threshold.

The first paths, run with whole tails, tell a bracket for each node and confidence. The first batches that hold 2^24
paths are run with these, and tell narrower ones for all other batches. When all is done, the ranks that figures need
must lie in their brackets, and the worst losses must be there; what misses is widened where it missed, and the run
repeated.
Every bracket is a function of the cases and the plan, and batches are never cut, so that no result depends on who runs
what.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simcore import brackets
from simcore.blocks import Part, run_range
from simcore.brackets import Bracket, end_ranks, head_paths, joined, needed_ranks, worst_rank
from simcore.case import Plan
from simcore.confidence import quantile_rank
from simcore.engines import Engine
from simcore.errors import SimcoreError
from simcore.kernels.block import BLOCK
from simcore.program import Program
from simcore.ranges import Layout, layout
from simcore.summary import Summary
from simcore.tails import BoundedTail, Level, Tail

Floats = NDArray[np.float64]


class Limits(NamedTuple):
    """What sorts the losses of a phase, and what share of them is expected above thresholds and in brackets.

    thresholds : float64[slots], of the worst losses; ends : float64[slots, confidences, 2], low and high
    """

    thresholds: Floats
    ends: Floats
    worst_share: float
    share: float


class Spare(NamedTuple):
    """Factors on what brackets and thresholds leave to chance: 1, doubled where something missed.

    ends : float64[slots, confidences, 2], of low and high; worst : float64[slots]
    """

    ends: Floats
    worst: Floats

    def widened(self, missed: "Spare") -> "Spare":
        """Twice as much where `missed` is not 0."""
        return Spare(*(np.where(miss, 2.0 * own, own) for own, miss in zip(self, missed, strict=True)))


def run_bounded(
    program: Program, plan: Plan, first: Sequence[Summary], store: Floats, pieces: int, engine: Engine
) -> list[Summary]:
    """Run a program with bounded tails.

    Parameters
    ----------
    program, plan
        The whole run's.
    first : sequence of Summary, one a slot
        Of the first paths, with tails of `brackets.first_depth`.
    store : ndarray, shape (program.stored, paths), out
    pieces : int
        Ranges to cut the run into, at least, where it has as many batches.
    engine : callable

    Returns
    -------
    list of Summary
        One a slot, each with a `BoundedTail`.
    """
    slots, levels = len(first), len(plan.confidences)
    spare = Spare(np.ones((slots, levels, 2)), np.ones(slots))
    while True:
        limits = first_limits(first, plan, spare)
        done, last = _attempt(program, plan, first, limits, spare, store, pieces, engine)
        missed = Spare(*(np.array(column) for column in zip(*(missed for _, missed in done), strict=True)))
        if not any(column.any() for column in missed):
            return [summary for summary, _ in done]
        open_end = np.isneginf(last.ends) & (missed.ends > 0.0), np.isneginf(last.thresholds) & (missed.worst > 0.0)
        if any(column.any() for column in open_end):
            raise SimcoreError("a loss is not a number, which no valid case should give: please report it")
        spare = spare.widened(missed)


def first_limits(first: Sequence[Summary], plan: Plan, spare: Spare) -> Limits:
    """Limits from the first paths: open where their tails do not reach."""
    seen = brackets.FIRST_PATHS
    tails = [summary.tail.worst for summary in first]

    def at(tail: Tail, rank: int) -> float:
        if rank < 1:
            return np.inf
        return tail.loss_at(rank) + 0.0 if rank <= tail.reach else -np.inf  # never -0.0, which equals 0.0

    ranks = _ranks(plan, seen, spare)
    ends = [[[at(tail, rank) for rank in pair] for pair in pairs] for tail, pairs in zip(tails, ranks, strict=True)]
    deepest = [worst_rank(plan.paths, seen, float(factor)) for factor in spare.worst]
    thresholds = [at(tail, rank) for tail, rank in zip(tails, deepest, strict=True)]
    return Limits(np.array(thresholds), np.array(ends), max(deepest) / seen, _share(ranks, seen))


def _ranks(plan: Plan, seen: int, spare: Spare) -> list[list[tuple[int, int]]]:
    """For each slot and confidence the ranks, from the largest of the `seen` first losses, of low and high."""
    needed = [needed_ranks(confidence, plan.paths) for confidence in plan.confidences]
    return [
        [end_ranks(*pair, plan.paths, seen, factor) for pair, factor in zip(needed, factors.tolist(), strict=True)]
        for factors in spare.ends
    ]


def _share(ranks: list[list[tuple[int, int]]], seen: int) -> float:
    return max(low - max(high, 0) for pairs in ranks for low, high in pairs) / seen


def _attempt(
    program: Program,
    plan: Plan,
    first: Sequence[Summary],
    limits: Limits,
    spare: Spare,
    store: Floats,
    pieces: int,
    engine: Engine,
) -> tuple[list[tuple[Summary, Spare]], Limits]:
    """Both phases; of each slot its summary and what it missed, and the limits of the last phase."""
    run = layout(plan.paths)
    seen = head_paths(plan.paths)
    ranges = run.ranges(max(pieces, -(-plan.paths // seen)))
    head = [batches for batches in ranges if batches[0] * run.span * BLOCK < seen]
    centers = np.array([summary.center for summary in first])

    def phase(some: list[tuple[int, int]], limits: Limits) -> list[Part]:
        def simulating(batches: tuple[int, int]) -> Part:
            of_tails, of_brackets = (limits.thresholds, limits.worst_share), (limits.ends, limits.share)
            return run_range(program, plan, run, batches, centers, *of_tails, store, *of_brackets)

        return sorted(engine(simulating, some), key=lambda part: int(part.batch[0]))

    parts = phase(head, limits)
    known = [_brackets((), parts, slot, limits) for slot in range(len(first))]
    if rest := ranges[len(head) :]:
        limits = _narrower(known, plan, seen, spare, limits)
        known = [
            [bracket.narrowed(*ends) for bracket, ends in zip(slot, pairs, strict=True)]
            for slot, pairs in zip(known, limits.ends.tolist(), strict=True)
        ]
    later = phase(rest, limits) if rest else []

    def sorting_tails(slot: int) -> tuple[Summary, Spare]:
        whole = _brackets(known[slot], later, slot, limits)
        return _summary(plan, run, [*parts, *later], slot, whole, first[slot], limits)

    return engine(sorting_tails, range(len(first))), limits


def _brackets(before: Sequence[Bracket], parts: Sequence[Part], slot: int, limits: Limits) -> list[Bracket]:
    """A slot's brackets of the batches before and those of parts.

    What lies inside, which is a run's memory, is taken out of the parts.
    """
    found = []
    for k, (low, high) in enumerate(limits.ends[slot].tolist()):
        pieces = [*before[k : k + 1]]
        for part in parts:
            above, at_high, inside, at_low = part.counts[:, slot, k].T
            values = part.inside[slot][k]
            pieces.append(Bracket(low, high, above, at_high, inside, at_low, part.excess[:, slot, k], values))
        found.append(joined(pieces))
    for part in parts:
        part.inside[slot].clear()
    return found


def _narrower(known: Sequence[Sequence[Bracket]], plan: Plan, seen: int, spare: Spare, limits: Limits) -> Limits:
    """Limits from the first phase's brackets, and no wider than they are."""
    ranks = _ranks(plan, seen, spare)
    ends = [
        [bracket.losses_at(pair) for bracket, pair in zip(slot, pairs, strict=True)]
        for slot, pairs in zip(known, ranks, strict=True)
    ]
    return limits._replace(ends=np.array(ends), share=_share(ranks, seen))


def _summary(
    plan: Plan,
    run: Layout,
    parts: Sequence[Part],
    slot: int,
    found: Sequence[Bracket],
    first: Summary,
    limits: Limits,
) -> tuple[Summary, Spare]:
    """A slot's summary, and what it missed: 1 at each end of a bracket beyond which a needed rank lies."""
    batch, count = (np.concatenate([getattr(part, name) for part in parts]) for name in ("batch", "count"))
    deviation, square, ties = (
        np.concatenate([getattr(part, name)[:, slot] for part in parts]) for name in ("deviation", "square", "ties")
    )
    values, paths = (np.concatenate(pieces) for pieces in zip(*(part.tails[slot] for part in parts), strict=True))
    worst = Tail(values, paths, float(limits.thresholds[slot]), ties, brackets.WORST).cut()
    levels, missed = [], []
    for confidence, bracket in zip(plan.confidences, found, strict=True):
        (low, high), (begin, end) = needed_ranks(confidence, plan.paths), bracket.known
        missed.append([low > end, high < begin])
        rank = plan.paths - quantile_rank(confidence, plan.paths) + 1
        ranks = low, rank, high
        losses = dict(zip(ranks, bracket.losses_at(ranks), strict=True))
        point = bracket.narrowed(losses[rank], losses[rank])
        levels.append(Level(confidence, losses, losses[rank], point.above, point.excess))
    tail = BoundedTail(tuple(levels), worst, first)
    summary = Summary(run.span * BLOCK, batch, count, first.center, deviation, square, tail)
    return summary, Spare(np.array(missed, dtype=np.float64), np.array(not worst.enough, dtype=np.float64))
