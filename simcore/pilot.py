"""The pilot: the first blocks in full, for the center and the tail threshold of every node.

Both are functions of the plan and the cases alone, so that every range of every engine uses the same ones.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcore.blocks import run_stored
from simcore.case import Case, Plan
from simcore.engines import Engine
from simcore.kernels.block import BLOCK
from simcore.kernels.order import largest
from simcore.lowering import lower
from simcore.ranges import layout
from simcore.summary import tree_sums

_FEWEST_BLOCKS, _MOST_BLOCKS = 8, 512  # about 1/64 of a run between them
_AT_ONCE = 2**18  # losses that take longer to look through than threads to hand them over
_SAFETY = 6.0  # standard deviations by which the pilot may misjudge the share of a tail
_SPARE = 4  # times the rank that is likely needed, for thresholds that turn out too high


@dataclass(frozen=True, eq=False)
class Pilot:
    """What is kept of the first blocks.

    Attributes
    ----------
    paths : int
        Paths of the pilot.
    rank : int
        The rank, from the largest loss, of a threshold above which a tail reaches its depth in all likelihood.
    worst : ndarray, shape (slots, k), currency
        The largest losses, in no order: four times the rank, or as many as there are.
    centers : ndarray, shape (slots,), currency
        Mean loss of the first block.
    losses : ndarray, shape (slots, paths), or None
        All of them where there are `known_batches`.
    """

    paths: int
    rank: int
    worst: NDArray[np.float64]
    centers: NDArray[np.float64]
    losses: NDArray[np.float64] | None


def pilot_paths(plan: Plan) -> int:
    """Paths of the pilot of a run."""
    return min(plan.paths, BLOCK * max(_FEWEST_BLOCKS, min(_MOST_BLOCKS, layout(plan.paths).blocks // 64)))


def known_batches(plan: Plan) -> int:
    """How many of the first batches a run makes of its pilot's losses; none where that would save little."""
    run, paths = layout(plan.paths), pilot_paths(plan)
    if plan.outputs or paths > _FEWEST_BLOCKS * BLOCK:
        return 0
    return run.batches if paths == plan.paths else paths // (run.span * BLOCK)


def computed_paths(plan: Plan) -> int:
    """Paths that a run computes: its own, and those of its pilot that it computes again."""
    known = known_batches(plan) * layout(plan.paths).span * BLOCK
    return plan.paths + pilot_paths(plan) - min(known, plan.paths)


def pilot(cases: Sequence[Case], plan: Plan, depth: int, engine: Engine) -> Pilot:
    """Run the first blocks of these cases, whose tails are to be so deep."""
    paths = pilot_paths(plan)
    program = lower(cases, plan, ("losses",))
    losses = np.empty((program.stored, paths))
    run_stored(program, plan, np.arange(paths), losses, engine)
    # from the first loss, so that a riskless node's center is that loss exactly
    first_losses, head = losses[:, 0], losses[:, :BLOCK]
    centers = first_losses + tree_sums(head - first_losses[:, np.newaxis]) / head.shape[1]
    share = depth / plan.paths
    rank = math.ceil(paths * share + _SAFETY * math.sqrt(paths * share * (1.0 - share))) + 1
    worst = np.empty((len(losses), min(paths, _SPARE * rank)))

    def finding_thresholds(first: int) -> None:
        largest(losses[first : first + size], worst[first : first + size])

    size = max(1, _AT_ONCE // paths)
    engine(finding_thresholds, range(0, len(losses), size))
    return Pilot(paths, rank, worst, centers, losses if known_batches(plan) else None)


def tail_thresholds(scout: Pilot, plan: Plan, extra: NDArray[np.float64]) -> NDArray[np.float64]:
    """Thresholds above which each slot's tail reaches its depth, in all likelihood.

    Parameters
    ----------
    scout : Pilot
    plan : Plan
    extra : ndarray, shape (slots,)
        Factors on the pilot's rank: 1, or more after a run that kept too few.

    Returns
    -------
    ndarray, shape (slots,)
        -inf, so that everything is kept, where the pilot is the run or holds no such rank.
    """
    out = np.full(len(scout.worst), -np.inf)
    if scout.paths < plan.paths:
        for slot, worst in enumerate(scout.worst):
            place = worst.size - math.ceil(scout.rank * extra[slot])
            if place >= 0:
                out[slot] = np.partition(worst, place)[place] + 0.0  # never -0.0, which may stand on either side of 0.0
    return out
