"""A program: a table of row operations that the driver walks for every block.

Operations are written only by the `Builder`, with named fields; `Program.describe` prints them in words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simcore.kernels.block import BLOCK
from simcore.kernels.driver import KIND, SINGLE, SIZE, Kind


class Op(NamedTuple):
    """One row of the table; the driver reads the columns in this order.

    kind : which operation
    out, source, size : first row written, first row read, how many rows
    by : a row to multiply by, the stream of a draw, or the first of other rows; -1 for none
    param, link : where its numbers and its row lists begin
    slot : the step of a draw, the slot of a sink, or how many other rows
    single : whether draws and products are float32: which rows those are, `Kind` says
    """

    kind: Kind
    out: int = -1
    source: int = -1
    size: int = 1
    by: int = -1
    param: int = -1
    link: int = -1
    slot: int = -1
    single: bool = False


@dataclass(frozen=True, eq=False)
class Program:
    """What the driver runs.

    Attributes
    ----------
    ops : ndarray of int64, shape (k, 9)
    links : ndarray of int64
    params : ndarray of float64
    rows : int
        Rows of the workspace.
    slots : tuple of (case name, node name)
        What SUMMARY operations feed, and the first rows that STORE operations keep.
    stored : int
        Rows that STORE operations keep for each path: the slots' losses, then case by case every step's returns.
    words : tuple of str, length k
        Each operation in words.
    single : True or None
        True where any operation is in single precision: what the driver is compiled for.
    """

    ops: NDArray[np.int64]
    links: NDArray[np.int64]
    params: NDArray[np.float64]
    rows: int
    slots: tuple[tuple[str, str], ...]
    stored: int
    words: tuple[str, ...]
    single: Literal[True] | None

    def kinds(self) -> list[Kind]:
        """The kinds of its operations, in the order of their first."""
        return [Kind(kind) for kind in dict.fromkeys(self.ops[:, KIND].tolist())]

    def count(self, kind: Kind) -> int:
        """How many operations of a kind a block takes."""
        return int((self.ops[:, KIND] == kind).sum())

    def rows_of(self, kind: Kind) -> int:
        """On how many rows all operations of a kind work."""
        return int(self.ops[self.ops[:, KIND] == kind, SIZE].sum())

    def describe(self) -> str:
        """The program in words, a line an operation."""
        head = f"{len(self.ops)} operations on {self.rows} rows of {BLOCK} paths"
        return "\n".join([head, *(f"{i:4d}  {line}" for i, line in enumerate(self.words))])


class Builder:
    """Collects operations, and hands out rows, numbers and row lists."""

    def __init__(self) -> None:
        self.ops: list[Op] = []
        self.words: list[str] = []
        self.params: list[NDArray[np.float64]] = []
        self.links: list[int] = []
        self.param_size = 0
        self.rows = 0

    def take(self, count: int) -> int:
        """First of `count` new rows."""
        self.rows += count
        return self.rows - count

    def numbers(self, values: Sequence[float] | NDArray[np.float64]) -> int:
        """Where these parameters lie."""
        array = np.asarray(values, dtype=np.float64).reshape(-1)
        self.params.append(array)
        self.param_size += array.size
        return self.param_size - array.size

    def rowlist(self, rows: Sequence[int]) -> int:
        """Where this list of rows lies."""
        self.links.extend(rows)
        return len(self.links) - len(rows)

    def program(self, slots: tuple[tuple[str, str], ...], stored: int) -> Program:
        """What was collected."""
        ops = np.array(self.ops, dtype=np.int64).reshape(-1, len(Op._fields))
        return Program(
            ops,
            np.array(self.links, dtype=np.int64),
            np.concatenate([*self.params, np.zeros(0)]),
            self.rows,
            slots,
            stored,
            tuple(self.words),
            True if ops[:, SINGLE].any() else None,
        )

    def emit(self, op: Op, words: str) -> None:
        """Add one operation."""
        self.ops.append(op)
        self.words.append(words)


def span(first: int, count: int = 1) -> str:
    """Rows in words."""
    return f"row {first}" if count == 1 else f"rows {first}-{first + count - 1}"
