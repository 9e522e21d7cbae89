"""Whether a run fits into this machine's memory: an estimate beforehand, and a refusal that names what fits."""

from collections.abc import Sequence
from dataclasses import replace

from simcore import brackets
from simcore.case import Case, Plan
from simcore.confidence import tail_depth
from simcore.kernels.block import BLOCK
from simcore.lowering import slots_of, stored_rows
from simcore.memory import refuse_beyond_memory
from simcore.pilot import pilot_paths

_BYTES_OF_A_TAIL_LOSS = 32  # value and path, in the parts and merged, and more than the depth is kept
_BYTES_TO_SORT = 32  # the same again, for each tail that is being put in order
_BYTES_OF_A_LOSS, _SHARE_BEYOND_DEPTH = 16, 1.2  # value and path of what a threshold keeps, for the budget
_BYTES_OF_A_BUFFER = 2 * BLOCK * 16  # value and path: room for each tail of each worker, at least
_BYTES_OF_A_SUMMARY = 10_000  # with its batches, and the rows of the table that come of it
_BYTES_OF_A_ROW = 8 * (BLOCK + 8)  # of a worker's workspace


def bounds_tails(cases: Sequence[Case], plan: Plan) -> bool:
    """Whether the tails of this run are bounded: its cases and plan alone decide, never the machine."""
    depth = max(tail_depth(confidence, plan.paths) for confidence in plan.confidences)
    whole = _SHARE_BEYOND_DEPTH * _BYTES_OF_A_LOSS * slots_of(cases) * depth
    return plan.paths > brackets.FIRST_PATHS and whole > plan.tail_budget


def needed_bytes(cases: Sequence[Case], plan: Plan, workers: int) -> int:
    """Memory that a run needs, about: tails while `workers` merge them, their workspaces, pilot, and outputs."""
    depth = max(tail_depth(confidence, plan.paths) for confidence in plan.confidences)
    slots, rows = slots_of(cases), max(len(case.market.names) + len(case.pools.names) for case in cases)
    tails = depth * (slots * _BYTES_OF_A_TAIL_LOSS + min(workers, slots) * _BYTES_TO_SORT)
    each_worker = rows * _BYTES_OF_A_ROW + slots * _BYTES_OF_A_BUFFER
    outputs = 8 * stored_rows(cases, plan, plan.outputs) * plan.paths
    return tails + workers * each_worker + slots * (_BYTES_OF_A_SUMMARY + 8 * pilot_paths(plan)) + outputs


def check_capacity(cases: Sequence[Case], plan: Plan, workers: int) -> None:
    """Refuse a run that cannot fit when `workers` share it.

    Raises
    ------
    CapacityError
        It names the estimate and the largest number of paths that fits.
    """
    outputs = "ask for fewer outputs, " if plan.outputs else ""
    refuse_beyond_memory(
        lambda paths: needed_bytes(cases, replace(plan, paths=paths), workers),
        plan.paths,
        "Plan.paths",
        f"run fewer paths, {outputs}or raise the lowest confidence",
        f"{outputs}take fewer cases, pools or positions, or fewer threads",
    )
