"""Runs blocks of a program: the only callers of the compiled driver."""

import numpy as np
from numpy.typing import NDArray

from simcore.case import Plan
from simcore.kernels.block import BLOCK
from simcore.kernels.driver import drive
from simcore.program import Program
from simcore.ranges import Layout
from simcore.summary import Summary, Tail

_NO_NUMBERS = np.empty(0, dtype=np.int64)


def run_stored(program: Program, plan: Plan, numbers: NDArray[np.int64], store: NDArray[np.float64]) -> None:
    """Run chosen paths of a program that only stores. store : float64[program.stored, len(numbers)], out"""
    blocks = -(-len(numbers) // BLOCK)
    none, nothing = np.empty(0), np.empty((1, 0))
    drive(
        program.ops, program.links, program.params, program.rows, np.uint64(plan.seed), numbers, 0, blocks,
        len(numbers), max(1, blocks), none, none, nothing, nothing, np.empty((1, 0), np.int64),
        nothing, np.empty((1, 0), np.int64), np.empty(0, np.int64), store,
    )  # fmt: skip


def run_range(
    program: Program,
    plan: Plan,
    run: Layout,
    batches: tuple[int, int],
    centers: NDArray[np.float64],
    thresholds: NDArray[np.float64],
    share: float,
    depth: int,
    store: NDArray[np.float64],
) -> list[Summary]:
    """Run one range of batches.

    Parameters
    ----------
    program, plan, run
        The whole run's.
    batches : (int, int)
        First batch, and the one after the last.
    centers, thresholds : ndarray, shape (slots,)
        From the pilot.
    share : float
        The largest share of losses above a threshold in the pilot; it sizes the tails.
    depth : int
        How many of the worst losses the run keeps.
    store : ndarray, shape (program.stored, paths), out
        The columns of these batches are written.

    Returns
    -------
    list of Summary
        Of every slot, over these batches.
    """
    first, last = batches
    slots = len(program.slots)
    batch = np.arange(first, last)
    count = np.array([run.batch_paths(b) for b in range(first, last)], dtype=np.int64)
    blocks = first * run.span, min(last * run.span, run.blocks)
    expected = share * count.sum()
    capacity = int(min(count.sum(), 1.2 * expected + 8.0 * np.sqrt(expected + 1.0))) + 2 * BLOCK
    while True:
        deviation, square = np.zeros((2, len(batch), slots))
        ties = np.zeros((len(batch), slots), dtype=np.int64)
        values, paths = np.empty((slots, capacity)), np.empty((slots, capacity), dtype=np.int64)
        kept = np.zeros(slots, dtype=np.int64)
        if drive(
            program.ops, program.links, program.params, program.rows, np.uint64(plan.seed), _NO_NUMBERS, *blocks,
            plan.paths, run.span, centers, thresholds, deviation, square, ties, values, paths, kept, store,
        ):  # fmt: skip
            break
        capacity *= 2
    return [
        Summary(
            run.span * BLOCK,
            batch,
            count,
            float(centers[s]),
            deviation[:, s].copy(),
            square[:, s].copy(),
            Tail(
                values[s, : kept[s]].copy(), paths[s, : kept[s]].copy(), float(thresholds[s]), ties[:, s].copy(), depth
            ),
        )
        for s in range(slots)
    ]
