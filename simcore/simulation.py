"""`simulate` runs cases and summarises every node; `replay` computes chosen paths again, in full detail.

A run is: lower to a program; a pilot of the first blocks, for the centers and the thresholds of the tails; the ranges
of blocks, by an engine; the merge. A tail that kept too few is noticed, and run again with a lower threshold. Where
tails would pass their budget, all this is done of the first paths, then of all with bounded tails (simcore/bounded.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore import brackets, engines
from simcore.blocks import Part, run_range, run_stored
from simcore.border import as_tuple, expect
from simcore.bounded import run_bounded
from simcore.capacity import bounds_tails, check_capacity
from simcore.case import Case, Plan
from simcore.confidence import tail_depth
from simcore.engines import Engine
from simcore.errors import InputError, Problem, SimcoreError, show
from simcore.kernels.block import BLOCK
from simcore.kernels.driver import SIZE
from simcore.lowering import Sink, check_cases, lower, lower_losses, stored_rows
from simcore.memory import refuse_beyond_memory
from simcore.pilot import Pilot, known_batches, pilot, tail_thresholds
from simcore.program import Program
from simcore.ranges import Layout, layout
from simcore.summary import Summary
from simcore.tails import Tail

_ENOUGH_RANGES, _MOST_RANGES = 16, 128  # for threads to share the work evenly, and for progress to be seen
_ROWS_IN_A_RANGE = 8192  # of a block each, which take some 5 ms
_BLOCKS_IN_A_RANGE = 1024
_DEEP = 4096  # losses of a tail that take longer to sort than threads to hand it over


@dataclass(frozen=True, eq=False)
class Paths:
    """Paths of one case in full detail.

    Attributes
    ----------
    paths : ndarray of int64, shape (k,)
        Their numbers.
    losses : dict of str to ndarray, shape (k,), currency
        Loss of every node over the horizon.
    returns : ndarray, shape (k, steps, assets), or None
        Return of every asset in every step: log returns under log compounding, simple ones under simple. A jump comes
        before them and is in none.
    """

    paths: NDArray[np.int64]
    losses: dict[str, NDArray[np.float64]]
    returns: NDArray[np.float64] | None


class Simulation(dict[str, dict[str, Summary]]):
    """Summaries by case and node; `outputs` holds, by case, what ``Plan.outputs`` asked for."""

    def __init__(self, summaries: dict[str, dict[str, Summary]], outputs: dict[str, Paths]) -> None:
        super().__init__(summaries)
        self.outputs = outputs


def simulate(
    cases: Sequence[Case], plan: Plan, *, threads: int | None = None, engine: Engine | None = None
) -> Simulation:
    """Simulate cases from the same random numbers, and summarise every node.

    Parameters
    ----------
    cases : sequence of Case
        With different names and the same assets.
    plan : Plan
    threads : int, optional
        All processors when absent. No result depends on it.
    engine : callable, optional
        Who runs the ranges of blocks instead of threads; `threads` then only says how many share the memory.

    Returns
    -------
    Simulation
        A dict of case name to a dict of node name to `Summary`.

    Raises
    ------
    InputError
        When cases do not fit together.
    CapacityError
        When tails or requested outputs cannot fit into memory; it names the largest number of paths that fits.
    """
    cases = as_tuple(cases, "cases")
    check_cases(cases, plan)
    engines.threads(threads)  # refuses what is no number of threads
    count = threads or engines.available_threads()
    check_capacity(cases, plan, count)
    program = lower(cases, plan, ("summary", *plan.outputs))
    pieces = _pieces(layout(plan.paths), program)
    engine = engine or engines.threads(min(count, pieces))
    store = np.empty((program.stored, plan.paths if program.stored else 0))
    if bounds_tails(cases, plan):
        few = replace(plan, paths=brackets.FIRST_PATHS, outputs=())
        depth = brackets.first_depth(plan.confidences, plan.paths)
        first = _run_whole(lower(cases, few), cases, few, depth, np.empty((0, 0)), engine)
        summaries = run_bounded(program, plan, first, store, pieces, engine)
    else:
        depth = max(tail_depth(confidence, plan.paths) for confidence in plan.confidences)
        summaries = _run_whole(program, cases, plan, depth, store, engine)
    outputs = _paths(program, cases, plan, np.arange(plan.paths), store) if plan.outputs else {}
    result = Simulation({case.name: {} for case in cases}, outputs)
    for (case, node), summary in zip(program.slots, summaries, strict=True):
        result[case][node] = summary
    return result


def replay(case: Case, plan: Plan, paths: ArrayLike, *, returns: bool = True, threads: int | None = None) -> Paths:
    """Compute chosen paths of a run again: bit for bit its losses, and every asset's return in every step.

    Parameters
    ----------
    case : Case
    plan : Plan
    paths : array_like of int, shape (k,)
        Path numbers, each from 0 to ``plan.paths - 1``, in any order.
    returns : bool
        Whether the returns are computed; they take most of the time and memory where there are many steps.
    threads : int, optional
        All processors when absent. No result depends on it.

    Returns
    -------
    Paths

    Raises
    ------
    InputError
        When a path number is not one of the run's.
    CapacityError
        When that many paths do not fit into memory.
    """
    expect(plan, Plan, "plan")
    numbers, engine = _check_numbers(paths, plan), engines.threads(threads)
    sinks: tuple[Sink, ...] = ("losses", "returns") if returns else ("losses",)
    check_cases([case], plan)
    kept = stored_rows([case], plan, sinks)
    fewer = "take fewer steps, assets and positions"
    refuse_beyond_memory(lambda k: 8 * kept * k, len(numbers), "paths", "ask for fewer paths at a time", fewer)
    program = lower([case], plan, sinks)
    store = np.empty((program.stored, len(numbers)))
    run_stored(program, plan, numbers, store, engine)
    return _paths(program, (case,), plan, numbers, store)[case.name]


def _run_whole(
    program: Program, cases: Sequence[Case], plan: Plan, depth: int, store: NDArray[np.float64], engine: Engine
) -> list[Summary]:
    """Summaries with whole tails, so deep."""
    scout = pilot(cases, plan, depth, engine)
    extra = np.ones(len(program.slots))
    while True:
        thresholds = tail_thresholds(scout, plan, extra)
        summaries = _run(program, plan, scout, thresholds, depth, store, engine)
        short = np.array([not summary.tail.worst.enough for summary in summaries])
        if not short.any():
            return summaries
        if np.isneginf(thresholds[short]).any():
            raise SimcoreError("a loss is not a number, which no valid case should give: please report it")
        extra[short] *= 2.0


def _pieces(run: Layout, program: Program) -> int:
    """Ranges to cut a run into, at least: each has work for longer than it takes to hand it out."""
    rows = int(program.ops[:, SIZE].sum())  # that a block works on
    most = max(_ENOUGH_RANGES, min(_MOST_RANGES, run.blocks // _BLOCKS_IN_A_RANGE))
    return max(1, min(most, run.blocks * rows // _ROWS_IN_A_RANGE))


def _run(
    program: Program,
    plan: Plan,
    scout: Pilot,
    thresholds: NDArray[np.float64],
    depth: int,
    store: NDArray[np.float64],
    engine: Engine,
) -> list[Summary]:
    run = layout(plan.paths)
    above = np.where(np.isneginf(thresholds), scout.paths, (scout.worst > thresholds[:, None]).sum(axis=1))
    share = float(above.max()) / scout.paths

    def simulating(batches: tuple[int, int]) -> Part:
        return run_range(program, plan, run, batches, scout.centers, thresholds, share, store)

    parts = []
    start = 0
    if scout.losses is not None:
        start, known = known_batches(plan), lower_losses(program)
        parts = [run_range(known, plan, run, (0, start), scout.centers, thresholds, share, scout.losses)]
    if ranges := run.ranges(_pieces(run, program), start):
        parts += engine(simulating, ranges)
    parts.sort(key=lambda part: int(part.batch[0]))
    batch, count = (np.concatenate([getattr(part, name) for part in parts]) for name in ("batch", "count"))
    sums = [np.concatenate([getattr(part, name) for part in parts]).T for name in ("deviation", "square", "ties")]
    tails = [list(column) for column in zip(*(part.tails for part in parts), strict=True)]
    del parts

    def sorting_tails(slot: int) -> Summary:
        deviation, square, ties = (np.ascontiguousarray(column[slot]) for column in sums)
        values, paths = (np.concatenate(pieces) for pieces in zip(*tails[slot], strict=True))
        tails[slot].clear()
        tail = Tail(values, paths, float(thresholds[slot]), ties, depth).cut()
        return Summary(run.span * BLOCK, batch, count, float(scout.centers[slot]), deviation, square, tail)

    slots = range(len(program.slots))
    return engine(sorting_tails, slots) if depth >= _DEEP else [sorting_tails(slot) for slot in slots]


def _paths(
    program: Program, cases: Sequence[Case], plan: Plan, numbers: NDArray[np.int64], store: NDArray[np.float64]
) -> dict[str, Paths]:
    store.setflags(write=False)
    result = {}
    steps, n = plan.steps, len(cases[0].market.names)
    for i, case in enumerate(cases):
        losses = {node: store[s] for s, (name, node) in enumerate(program.slots) if name == case.name}
        first = len(program.slots) + i * steps * n
        returns = store[first : first + steps * n].reshape(steps, n, -1).transpose(2, 0, 1)
        result[case.name] = Paths(numbers, losses, returns if program.stored > len(program.slots) else None)
    return result


def _check_numbers(paths: ArrayLike, plan: Plan) -> NDArray[np.int64]:
    numbers = np.asarray(paths)
    allowed = f"whole numbers from 0 to {plan.paths - 1}, at least one"
    if numbers.ndim != 1 or numbers.size == 0 or numbers.dtype.kind not in "iu":
        remedy = "give path numbers, such as summary.tail.worst.paths[-10:]"
        raise InputError([Problem("paths", show(paths), allowed, remedy)])
    bad = np.flatnonzero((numbers < 0) | (numbers >= plan.paths))[:5]
    if bad.size:
        raise InputError([Problem(f"paths[{i}]", show(numbers[i]), allowed, "the run has no such path") for i in bad])
    return np.ascontiguousarray(numbers, dtype=np.int64)
