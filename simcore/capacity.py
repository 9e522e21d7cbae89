"""Whether a run fits into this machine's memory: an estimate beforehand, and a refusal that names what fits."""

import os
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import replace

from simcore.case import Plan
from simcore.confidence import tail_depth
from simcore.errors import CapacityError, Problem
from simcore.pilot import pilot_paths
from simcore.program import Program

_BYTES_OF_A_TAIL_LOSS = 32  # value and path, in the parts and merged, and more than the depth is kept
_BYTES_TO_SORT = 32  # the same again, for each tail that is being put in order


def needed_bytes(program: Program, plan: Plan, workers: int) -> int:
    """Memory that a run needs, about: the tails while `workers` merge them, the pilot, and the outputs asked for."""
    depth = max(tail_depth(confidence, plan.paths) for confidence in plan.confidences)
    slots = len(program.slots)
    tails = depth * (slots * _BYTES_OF_A_TAIL_LOSS + min(workers, slots) * _BYTES_TO_SORT)
    return tails + 8 * slots * pilot_paths(plan) + 8 * program.stored * plan.paths


def check_capacity(program: Program, plan: Plan, workers: int) -> None:
    """Refuse a run that cannot fit when `workers` share it.

    Raises
    ------
    CapacityError
        It names the estimate and the largest number of paths that fits.
    """
    outputs = "ask for fewer outputs, " if plan.outputs else ""
    remedy = f"run fewer paths, {outputs}or raise the lowest confidence"
    refuse_beyond_memory(
        lambda paths: needed_bytes(program, replace(plan, paths=paths), workers), plan.paths, "Plan.paths", remedy
    )


def refuse_beyond_memory(need: Callable[[int], int], paths: int, place: str, remedy: str) -> None:
    """Refuse more paths than fit into 80 % of this machine's memory.

    Parameters
    ----------
    need : callable
        The bytes that a number of paths, from 1, needs; more paths need more.
    paths : int
    place, remedy : str
        For the message.

    Raises
    ------
    CapacityError
    """
    if not hasattr(os, "sysconf"):
        return
    memory = int(0.8 * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    if need(paths) > memory:
        fits = bisect_right(range(1, paths), memory, key=need)
        value = f"{paths} (about {need(paths) / 2**30:.1f} GiB)"
        allowed = f"at most about {fits} paths: {memory / 2**30:.1f} GiB, 80 % of this machine's memory"
        raise CapacityError([Problem(place, value, allowed, remedy)])
