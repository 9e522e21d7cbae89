"""Bootstrap replicates of every measure of every node: rows of losses are drawn again, the same rows for all nodes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcore.confidence import tail_size
from simcore.engines import Engine
from simcore.kernels.resampling import measure_replicates
from simcore.summarize import worst_ranks

Floats = NDArray[np.float64]

_PIECES = 64  # for threads to share, and for progress to be seen


@dataclass(frozen=True, eq=False)
class Replicates:
    """What the bootstrap gives.

    Attributes
    ----------
    figures : tuple of (measure, confidence)
    values : ndarray, shape (replicates, nodes, figures), currency
    """

    figures: tuple[tuple[str, float | None], ...]
    values: Floats

    def of(self, node: int, figure: tuple[str, float | None]) -> Floats:
        """The replicates of one figure of one node. shape (replicates,)"""
        return self.values[:, node, self.figures.index(figure)]


def resample(
    losses: Floats, confidences: Sequence[float], *, replicates: int, mean_block: float, seed: int, engine: Engine
) -> Replicates:
    """Measure rows that are drawn again.

    Parameters
    ----------
    losses : ndarray, shape (nodes, n), currency
        Of every node on every path; n below 2^31.
    confidences : sequence of float
    replicates : int
    mean_block : float
        Mean length of the blocks of consecutive rows that are drawn, in rows; 1: single rows. After the last row comes
        the first.
    seed : int
        0 to 2^63 - 1.
    engine : callable
        Who runs the replicates. No figure depends on it, nor the first replicates on how many there are.

    Returns
    -------
    Replicates
    """
    nodes, n = losses.shape
    deepest = sorted(confidences, reverse=True)
    figures: list[tuple[str, float | None]] = [("mean", None), ("volatility", None)]
    figures += [(measure, c) for c in deepest for measure in ("value_at_risk", "expected_shortfall")]
    by_row = np.ascontiguousarray(losses.T)
    center = np.array([row[0] for row in losses])
    order = np.array([np.argsort(-row, kind="stable").astype(np.int32) for row in losses])
    ranks, tails = worst_ranks(deepest, n), np.array([tail_size(c, n) for c in deepest])
    restart = np.uint64(min(2**64 - 1, int(2**64 / mean_block)))
    values = np.empty((replicates, nodes, len(figures)))
    size = max(1, -(-replicates // _PIECES))

    def resampling(first: int) -> None:
        out = values[first : first + size]
        measure_replicates(first, restart, np.uint64(seed), by_row, center, order, ranks, tails, out)

    engine(resampling, range(0, replicates, size))
    return Replicates(tuple(figures), values)
