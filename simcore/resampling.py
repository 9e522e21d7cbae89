"""Bootstrap replicates: of every measure of every node, from rows of losses that are drawn again, the same rows for all
nodes; and of the rows of a history, for who estimates from them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcore.confidence import tail_size
from simcore.engines import Engine
from simcore.kernels.resampling import draw_rows, measure_replicates
from simcore.kernels.weighted import weighted_products
from simcore.summarize import worst_ranks
from simcore.summary import tree_sum

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
    order = np.array([np.argsort(-row, kind="stable").astype(np.int32) for row in losses])
    ranks, tails = worst_ranks(deepest, n), np.array([tail_size(c, n) for c in deepest])
    restart = _restart(mean_block)
    values = np.empty((replicates, nodes, len(figures)))
    size = max(1, -(-replicates // _PIECES))

    def resampling(first: int) -> None:
        out = values[first : first + size]
        measure_replicates(first, restart, np.uint64(seed), by_row, order, ranks, tails, out)

    engine(resampling, range(0, replicates, size))
    return Replicates(tuple(figures), values)


def rows_drawn(n: int, replicate: int, *, history: int, mean_block: float, seed: int) -> NDArray[np.int64]:
    """The rows of a history that a replicate consists of, in the order drawn.

    Parameters
    ----------
    n : int
        Rows of the history, and of the replicate; below 2^32.
    replicate : int
        From 0.
    history : int
        Which of several histories, from 0: each has draws of its own.
    mean_block : float
        As in `resample`.
    seed : int
        0 to 2^63 - 1.

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    rows = np.empty(n, dtype=np.int64)
    draw_rows(replicate, history, _restart(mean_block), np.uint64(seed), rows)
    return rows


def weighted_covariance(x: Floats, weights: Floats, divisor: float) -> tuple[Floats, Floats]:
    """Mean and covariance of rows by weights.

    Parameters
    ----------
    x : ndarray, shape (rows, n)
        Near its mean, as a history less its mean is: products are of what is given.
    weights : ndarray, shape (rows,)
        Not negative.
    divisor : float
        Of the sum of w (x - mean)(x - mean)': the number of rows drawn less 1, for one.

    Returns
    -------
    mean : ndarray, shape (n,)
    covariance : ndarray, shape (n, n)
    """
    n = x.shape[1]
    first, second = np.empty(n), np.empty((n, n))
    weighted_products(np.ascontiguousarray(x), weights, first, second)
    total = tree_sum(weights)
    mean = first / total
    lower = np.tril(second) - np.tril(first[:, np.newaxis] * mean)
    return mean, (lower + np.tril(lower, -1).T) / divisor


def _restart(mean_block: float) -> np.uint64:
    return np.uint64(min(2**64 - 1, int(2**64 / mean_block)))
