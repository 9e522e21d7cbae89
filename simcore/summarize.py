"""Losses that are already there, as a simulation would have given them: the loss of every node, and its `Summary`.

A Summary made here has the bits of the one that a run of the same losses keeps.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simcore.confidence import quantile_rank, tail_depth
from simcore.kernels.block import BLOCK
from simcore.pools import PoolTree
from simcore.ranges import layout
from simcore.summary import Summary, Tail, tree_sum

Floats = NDArray[np.float64]


def node_losses(tree: PoolTree, positions: Floats) -> Floats:
    """The loss of every node on every path.

    Parameters
    ----------
    tree : PoolTree
    positions : ndarray, shape (n, m), currency
        Losses of its positions, in their order.

    Returns
    -------
    ndarray, shape (m + p, n), currency
        Row by row the nodes: a pool is the sum of its members, from the first on.
    """
    count = len(tree.positions)
    losses = np.empty((len(tree.names), len(positions)))
    losses[:count] = positions.T
    for q in tree.order:
        first, *others = tree.child[tree.start[q] : tree.start[q + 1]]
        losses[count + q] = losses[first]
        for member in others:
            losses[count + q] += losses[member]
    return losses


def summarize(losses: Floats, confidences: Sequence[float]) -> Summary:
    """The Summary of one node from its loss on every path, in the order of the paths.

    Parameters
    ----------
    losses : ndarray, shape (n,), currency
        Finite; at least one.
    confidences : sequence of float
        How deep the tail is kept.

    Returns
    -------
    Summary
    """
    n = len(losses)
    cut = layout(n)
    center = float(losses[0] + tree_sum(losses[:BLOCK] - losses[0]) / len(losses[:BLOCK]))
    deviation = np.zeros(cut.blocks * BLOCK)
    np.subtract(losses, center, out=deviation[:n])
    count = np.array([cut.batch_paths(b) for b in range(cut.batches)], dtype=np.int64)
    depth = max(tail_depth(confidence, n) for confidence in confidences)
    return Summary(
        batch_paths=cut.span * BLOCK,
        batch=np.arange(cut.batches),
        count=count,
        center=center,
        deviation=_batch_sums(deviation, cut.span, cut.batches),
        square=_batch_sums(deviation * deviation, cut.span, cut.batches),
        tail=_tail(losses, depth, cut.span * BLOCK, cut.batches),
    )


def _batch_sums(values: Floats, span: int, batches: int) -> Floats:
    """Sums of whole blocks by halving, and of the blocks of a batch by the tree over neighbours."""
    blocks = values.reshape(-1, BLOCK)
    half = BLOCK // 2
    while half:
        blocks = blocks[:, :half] + blocks[:, half:]
        half //= 2
    level = np.full(batches * span, -0.0)  # adding -0.0 changes no bit
    level[: len(blocks)] = blocks[:, 0]
    level = level.reshape(batches, span)
    while level.shape[1] > 1:
        level = level[:, 0::2] + level[:, 1::2]
    return level[:, 0].copy()


def _tail(losses: Floats, depth: int, batch_paths: int, batches: int) -> Tail:
    """The `depth` worst losses: those above the least of them, with their paths, and how many equal it."""
    n = len(losses)
    threshold = float(np.partition(losses, n - depth)[n - depth]) + 0.0  # never -0.0
    paths = np.flatnonzero(losses > threshold)
    ties = np.bincount(np.flatnonzero(losses == threshold) // batch_paths, minlength=batches).astype(np.int64)
    return Tail(losses[paths], paths, threshold, ties, depth).cut()


def worst_ranks(confidences: Sequence[float], n: int) -> NDArray[np.int64]:
    """How many of the worst of `n` losses reach down to VaR, for each confidence."""
    return np.array([n - quantile_rank(confidence, n) + 1 for confidence in confidences], dtype=np.int64)
