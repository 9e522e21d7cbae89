"""Rows of losses drawn again, and measured: one replicate of a bootstrap, by counters.

A replicate draws as many rows as there are, in blocks of consecutive rows that have a geometric length (the stationary
bootstrap of Politis and Romano, 1994); of mean length 1 they are single rows. Only how often each row was drawn is
kept: nodes share the draw, so their figures are paired. A draw is a pure function of (seed, replicate, place in it).
"""

import numpy as np

from simcore.compile import kernel
from simcore.kernels.philox import HALF, LOW, draw

U = np.uint64
STREAM_RESAMPLING = U(32)  # the streams of simulations are below


@kernel
def draw_counts(replicate, restart, seed, counts):
    """How often each row is in a replicate.

    Parameters
    ----------
    replicate : int
    restart : uint64
        A new block begins where 64 random bits are at most this; all bits set: at every row.
    seed : uint64
    counts : int64[n], out
        n is below 2^32.
    """
    n = counts.size
    counts[:] = 0
    row = 0
    for i in range(n):
        a, b = draw(U(replicate), STREAM_RESAMPLING, U(0), U(i), seed)
        if i == 0 or b <= restart:
            row = np.int64(((a >> HALF) * U(n) + (((a & LOW) * U(n)) >> HALF)) >> HALF)  # a n / 2^64, rounded down
        else:
            row += 1
            if row == n:
                row = 0
        counts[row] += 1


@kernel
def measure_replicates(first, restart, seed, losses, center, order, ranks, tails, out):
    """The measures of every node in the replicates first, first + 1, ...

    Parameters
    ----------
    first : int
    restart, seed : uint64
        As of `draw_counts`.
    losses : float64[n, nodes]
    center : float64[nodes]
        What deviations are measured from.
    order : int32[nodes, n]
        The rows of each node from the largest loss down.
    ranks : int64[c]
        How many of the worst losses reach down to VaR, ascending: the highest confidence first.
    tails : float64[c]
        (1 - confidence) n of each.
    out : float64[replicates, nodes, 2 + 2 c], out
        Mean, volatility, then VaR and ES of each confidence.
    """
    n, nodes = losses.shape
    counts = np.empty(n, np.int64)
    shift = np.empty(nodes)
    square = np.empty(nodes)
    for b in range(out.shape[0]):
        draw_counts(first + b, restart, seed, counts)
        for j in range(nodes):
            shift[j] = 0.0
            square[j] = 0.0
        for i in range(n):
            weight = np.float64(counts[i])
            for j in range(nodes):
                deviation = losses[i, j] - center[j]
                shift[j] += weight * deviation
                square[j] += weight * deviation * deviation
        for j in range(nodes):
            mean = shift[j] / n
            out[b, j, 0] = center[j] + mean
            out[b, j, 1] = np.sqrt(max(0.0, square[j] / n - mean * mean))
            _tail(losses[:, j], order[j], counts, ranks, tails, out[b, j, 2:])


@kernel
def _tail(losses, order, counts, ranks, tails, out):
    """VaR and ES of one node: down from its largest loss, until as many rows are seen as reach to VaR."""
    seen = 0
    excess = 0.0  # of all that was seen, above the last loss
    last = losses[order[0]]
    c = 0
    for i in range(order.size):
        if c == ranks.size:
            break
        count = counts[order[i]]
        if count > 0:
            loss = losses[order[i]]
            excess += seen * (last - loss)
            last = loss
            seen += count
            while c < ranks.size and seen >= ranks[c]:
                out[2 * c] = loss
                out[2 * c + 1] = loss + excess / tails[c]
                c += 1
