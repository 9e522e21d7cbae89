"""Whether a run fits into this machine's memory: an estimate beforehand, and a refusal that names what fits."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

from simcore import brackets
from simcore.case import Case, Plan
from simcore.confidence import tail_depth
from simcore.kernels.block import BLOCK, STRIDE
from simcore.lowering import slots_of, stored_rows, workspace_rows
from simcore.memory import refuse_beyond_memory, usable
from simcore.pilot import pilot_paths
from simcore.ranges import MOST_BATCHES

_BYTES_OF_A_TAIL_LOSS = 32  # value and path, in the parts and merged, and more than the depth is kept
_BYTES_TO_SORT = 32  # the same again, for each tail that is being put in order
_BYTES_OF_A_LOSS, _SHARE_BEYOND_DEPTH = 16, 1.2  # value and path of what a threshold keeps, for the budget
_BYTES_TO_NARROW = 48  # a loss inside a bracket: joined, sorted, and told apart by batches
_BYTES_OF_A_BATCH = 80  # of a bracket: counts and excess, as they are kept and merged
_BYTES_OF_A_BUFFER = 2 * BLOCK * 16  # value and path: room for each tail of each worker, at least
_BYTES_OF_A_SUMMARY = 10_000  # with its batches, and the rows of the table that come of it
_BYTES_OF_A_ROW = 8 * STRIDE  # of a worker's workspace


def bounds_tails(cases: Sequence[Case], plan: Plan) -> bool:
    """Whether the tails of this run are bounded: its cases and plan alone decide, never the machine."""
    whole = _SHARE_BEYOND_DEPTH * _BYTES_OF_A_LOSS * slots_of(cases) * _depth(plan)
    return plan.paths > brackets.FIRST_PATHS and whole > plan.tail_budget


def needed_bytes(cases: Sequence[Case], plan: Plan, workers: int) -> int:
    """Memory that a run needs, about: tails while `workers` merge them, their workspaces, pilot, and outputs."""
    slots = slots_of(cases)
    bounded = bounds_tails(cases, plan)
    tails = _bounded_bytes(slots, plan, workers) if bounded else _whole_bytes(slots, _depth(plan), workers)
    buffers = 1 + len(plan.confidences) / 2 if bounded else 1  # values without paths for each bracket
    each_worker = workspace_rows(cases, plan) * _BYTES_OF_A_ROW + int(slots * buffers * _BYTES_OF_A_BUFFER)
    outputs = 8 * stored_rows(cases, plan, plan.outputs) * plan.paths
    piloted = replace(plan, paths=brackets.FIRST_PATHS) if bounded else plan
    return tails + workers * each_worker + slots * (_BYTES_OF_A_SUMMARY + 8 * pilot_paths(piloted)) + outputs


def check_capacity(cases: Sequence[Case], plan: Plan, workers: int) -> None:
    """Refuse a run that cannot fit when `workers` share it.

    Raises
    ------
    CapacityError
        It names the estimate and the largest number of paths that fits.
    """
    if needed_bytes(cases, plan, workers) <= usable():
        return

    def of(paths: int) -> Plan:
        return replace(plan, paths=paths)

    def need(paths: int) -> int:
        return needed_bytes(cases, of(paths), workers)

    # the fewest paths whose tails are bounded: more than fewer paths with whole tails may fit
    least = bisect_left(range(1, plan.paths), True, key=lambda paths: bounds_tails(cases, of(paths))) + 1
    outputs = "ask for fewer outputs, " if plan.outputs else ""
    budget = "" if bounds_tails(cases, plan) else ", or lower the tail budget"
    refuse_beyond_memory(
        lambda paths: min(need(paths), need(max(paths, least))),
        plan.paths,
        "Plan.paths",
        f"run fewer paths, {outputs}or raise the lowest confidence{budget}",
        f"{outputs}take fewer cases, pools or positions, or fewer threads",
    )


def _depth(plan: Plan) -> int:
    return max(tail_depth(confidence, plan.paths) for confidence in plan.confidences)


def _whole_bytes(slots: int, depth: int, workers: int) -> int:
    return depth * (slots * _BYTES_OF_A_TAIL_LOSS + min(workers, slots) * _BYTES_TO_SORT)


def _bounded_bytes(slots: int, plan: Plan, workers: int) -> int:
    """The first paths' whole tails, what lies inside brackets, the worst losses, and counts of batches."""
    inside = [brackets.inside_expected(confidence, plan.paths) for confidence in plan.confidences]
    worst = brackets.worst_rank(plan.paths, brackets.FIRST_PATHS, 1.0) / brackets.FIRST_PATHS * plan.paths
    each = 8 * sum(inside) + _BYTES_OF_A_TAIL_LOSS * worst + len(inside) * MOST_BATCHES * _BYTES_OF_A_BATCH
    first = _whole_bytes(slots, brackets.first_depth(plan.confidences, plan.paths), workers)
    return first + int(slots * each + min(workers, slots) * _BYTES_TO_NARROW * max(inside))
