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
from simcore.confidence import tail_depth
from simcore.kernels.block import BLOCK
from simcore.lowering import lower
from simcore.ranges import layout
from simcore.summary import tree_sum

_FEWEST_BLOCKS, _MOST_BLOCKS = 32, 512  # about 1/64 of a run between them
_SAFETY = 6.0  # standard deviations by which the pilot may misjudge the share of a tail


@dataclass(frozen=True, eq=False)
class Pilot:
    """Losses of the first blocks.

    Attributes
    ----------
    losses : ndarray, shape (slots, paths of the pilot), currency
    centers : ndarray, shape (slots,), currency
        Mean loss of the first block.
    """

    losses: NDArray[np.float64]
    centers: NDArray[np.float64]


def pilot(cases: Sequence[Case], plan: Plan) -> Pilot:
    """Run the first blocks of these cases."""
    blocks = min(layout(plan.paths).blocks, max(_FEWEST_BLOCKS, min(_MOST_BLOCKS, layout(plan.paths).blocks // 64)))
    paths = min(plan.paths, blocks * BLOCK)
    program = lower(cases, plan, ("losses",))
    losses = np.empty((program.stored, paths))
    run_stored(program, plan, np.arange(paths), losses)
    # from the first loss, so that a riskless node's center is that loss exactly
    first = losses[:, 0]
    centers = np.array([x[0] + tree_sum(x[:BLOCK] - x[0]) / len(x[:BLOCK]) for x in losses])
    return Pilot(losses, np.where(np.isfinite(centers), centers, first))


def tail_thresholds(scout: Pilot, plan: Plan, extra: NDArray[np.float64]) -> NDArray[np.float64]:
    """Thresholds above which each slot's tail reaches its depth, in all likelihood.

    Parameters
    ----------
    scout : Pilot
    plan : Plan
    extra : ndarray, shape (slots,)
        Factors by which more of the pilot than that is taken: 1, or more after a run that kept too few.

    Returns
    -------
    ndarray, shape (slots,)
        The rank-th largest loss of the pilot; -inf where the pilot has no such rank, and everything is kept.
    """
    size = scout.losses.shape[1]
    depth = max(tail_depth(confidence, plan.paths) for confidence in plan.confidences)
    share = depth / plan.paths
    rank = math.ceil(size * share + _SAFETY * math.sqrt(size * share * (1.0 - share))) + 1
    out = np.full(len(scout.losses), -np.inf)
    for slot, losses in enumerate(scout.losses):
        place = size - math.ceil(rank * extra[slot])
        if place >= 0 and size < plan.paths:
            out[slot] = np.partition(losses, place)[place]
    return out
