"""Runs blocks of a program: the only callers of the compiled driver."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcore.case import Plan
from simcore.engines import Engine
from simcore.kernels.block import BLOCK
from simcore.kernels.driver import drive
from simcore.program import Program
from simcore.ranges import Layout

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_PIECES = 4  # of stored paths, for threads to share
_NO_NUMBERS = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Part:
    """What one range of batches gives.

    Attributes
    ----------
    batch, count : ndarray of int64, shape (b,)
        Numbers of the batches, and the paths in each.
    deviation, square : ndarray, shape (b, slots)
        Sums of (loss - center) and of its square.
    ties : ndarray of int64, shape (b, slots)
        Losses equal to the threshold.
    tails : list of (values, paths), a pair a slot
        Losses above the threshold, and their paths. A run's memory is in its tails.
    counts : ndarray of int64, shape (b, slots, brackets, 4)
        Losses above each bracket, at its high end, inside, at its low end.
    excess : ndarray, shape (b, slots, brackets)
        Sums of (loss - high) over those above.
    inside : list of list of ndarray, a list a slot
        Losses inside each bracket, in the order of their paths.
    """

    batch: Integers
    count: Integers
    deviation: Floats
    square: Floats
    ties: Integers
    tails: list[tuple[Floats, Integers]]
    counts: Integers
    excess: Floats
    inside: list[list[Floats]]


def run_stored(program: Program, plan: Plan, numbers: Integers, store: Floats, engine: Engine) -> None:
    """Run chosen paths of a program that only stores. store : float64[program.stored, len(numbers)], out"""
    blocks = -(-len(numbers) // BLOCK)
    none, nothing, counts = np.empty(0), np.empty((1, 0)), np.empty((1, 0), np.int64)
    no_brackets = (
        np.empty((0, 0, 2)),
        np.empty((1, 0, 0, 4), np.int64),
        np.empty((1, 0, 0)),
        np.empty((0, 0, 0)),
        counts,
    )
    size = -(-blocks // _PIECES)

    def computing_paths(first: int) -> None:
        drive(
            program.ops, program.links, program.params, program.rows, np.uint64(plan.seed), numbers, first,
            min(blocks, first + size), len(numbers), size, none, none, nothing, nothing, counts,
            nothing, counts, np.empty(0, np.int64), *no_brackets, store, program.single,
        )  # fmt: skip

    engine(computing_paths, range(0, blocks, size))


def run_range(
    program: Program,
    plan: Plan,
    run: Layout,
    batches: tuple[int, int],
    centers: Floats,
    thresholds: Floats,
    share: float,
    store: Floats,
    brackets: Floats | None = None,
    window: float = 0.0,
) -> Part:
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
    store : ndarray, shape (program.stored, paths), out
        The columns of these batches are written.
    brackets : ndarray, shape (slots, brackets, 2), optional
        Low and high end of each.
    window : float
        The largest share of losses that is expected inside a bracket; it sizes the room for them.

    Returns
    -------
    Part
    """
    first, last = batches
    slots = len(program.slots)
    batch = np.arange(first, last)
    count = np.array([run.batch_paths(b) for b in range(first, last)], dtype=np.int64)
    blocks = first * run.span, min(last * run.span, run.blocks)
    brackets = np.empty((slots, 0, 2)) if brackets is None else brackets
    levels = brackets.shape[1]
    capacity, room = _room(share, int(count.sum())), _room(window, int(count.sum()))
    while True:
        deviation, square = np.zeros((2, len(batch), slots))
        ties = np.zeros((len(batch), slots), dtype=np.int64)
        values, paths = np.empty((slots, capacity)), np.empty((slots, capacity), dtype=np.int64)
        kept = np.zeros(slots, dtype=np.int64)
        counts, excess = np.zeros((len(batch), slots, levels, 4), np.int64), np.zeros((len(batch), slots, levels))
        inside, held = np.empty((slots, levels, room)), np.zeros((slots, levels), np.int64)
        if drive(
            program.ops, program.links, program.params, program.rows, np.uint64(plan.seed), _NO_NUMBERS, *blocks,
            plan.paths, run.span, centers, thresholds, deviation, square, ties, values, paths, kept,
            brackets, counts, excess, inside, held, store, program.single,
        ):  # fmt: skip
            break
        capacity, room = 2 * capacity, 2 * room
    tails = [(values[s, : kept[s]].copy(), paths[s, : kept[s]].copy()) for s in range(slots)]
    between = [[inside[s, k, : held[s, k]].copy() for k in range(levels)] for s in range(slots)] if levels else []
    return Part(batch, count, deviation, square, ties, tails, counts, excess, between)


def _room(share: float, paths: int) -> int:
    """Room for a share of these paths in all likelihood, and for what the driver wants free."""
    expected = share * paths
    return int(min(paths, 1.2 * expected + 8.0 * np.sqrt(expected + 1.0))) + 2 * BLOCK
