"""Rows drawn again by counters: replicates of a bootstrap, of losses that are measured or of a history.

A replicate draws as many rows as there are, in blocks of consecutive rows that have a geometric length (the stationary
bootstrap of Politis and Romano, 1994); of mean length 1 they are single rows. A draw is a pure function of (seed,
stream, replicate, history, place in the replicate): whatever is computed from it is paired.
"""

import numpy as np

from simcore.compile import inlined, kernel
from simcore.kernels.philox import HALF, LOW, STREAM_HISTORY, STREAM_LOSSES, draw

U = np.uint64


@inlined
def _following(row, place, count, replicate, stream, step, restart, seed):
    """The row at one place of a replicate, after `row`: the next, around a circle, or one drawn uniformly."""
    a, b = draw(U(replicate), U(stream), U(step), U(place), seed)
    if place == 0 or b <= restart:
        return np.int64(((a >> HALF) * U(count) + (((a & LOW) * U(count)) >> HALF)) >> HALF)  # a count / 2^64, down
    return row + 1 if row + 1 < count else 0


@kernel
def draw_rows(replicate, history, restart, seed, rows):
    """The rows of a history that are in a replicate, in the order drawn.

    Parameters
    ----------
    replicate : int
    history : int
        Which of several histories, so that each has draws of its own.
    restart : uint64
        A new block begins where 64 random bits are at most this; all bits set: at every row.
    seed : uint64
    rows : int64[n], out
        n is below 2^32.
    """
    row = 0
    for i in range(rows.size):
        row = _following(row, i, rows.size, replicate, STREAM_HISTORY, history, restart, seed)
        rows[i] = row


@kernel
def draw_counts(replicate, restart, seed, counts):
    """How often each row of losses is in a replicate.

    Parameters
    ----------
    replicate : int
    restart, seed : uint64
        As of `draw_rows`.
    counts : int64[n], out
        n is below 2^32.
    """
    counts[:] = 0
    row = 0
    for i in range(counts.size):
        row = _following(row, i, counts.size, replicate, STREAM_LOSSES, 0, restart, seed)
        counts[row] += 1


@kernel
def measure_replicates(first, restart, seed, losses, order, ranks, tails, out):
    """The measures of every node in the replicates first, first + 1, ...

    Parameters
    ----------
    first : int
    restart, seed : uint64
        As of `draw_counts`.
    losses : float64[n, nodes]
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
    mean = np.empty(nodes)
    square = np.empty(nodes)
    for b in range(out.shape[0]):
        draw_counts(first + b, restart, seed, counts)
        drawn = 0
        while counts[drawn] == 0:
            drawn += 1
        mean[:] = 0.0
        for i in range(n):  # from a row that was drawn: beside a huge one that was not, all digits would cancel
            weight = np.float64(counts[i])
            for j in range(nodes):
                mean[j] += weight * (losses[i, j] - losses[drawn, j])
        for j in range(nodes):
            mean[j] = losses[drawn, j] + mean[j] / n
        square[:] = 0.0
        for i in range(n):
            weight = np.float64(counts[i])
            for j in range(nodes):
                deviation = losses[i, j] - mean[j]
                square[j] += weight * deviation * deviation
        for j in range(nodes):
            out[b, j, 0] = mean[j]
            out[b, j, 1] = np.sqrt(square[j] / n)
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
