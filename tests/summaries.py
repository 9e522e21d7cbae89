"""Summaries of plain losses, the obvious way: what the engine would keep of one node."""

import numpy as np

from simcore.confidence import tail_depth
from simcore.summary import Summary, Tail


def summarise(losses, *, batch_paths=512, confidences=(0.95, 0.99), threshold=None):
    """The `Summary` of `losses`, path by path; whole batches of `batch_paths`, the last may be short.

    Losses strictly above `threshold` are kept; by default as many as the depth asks for.
    """
    losses = np.asarray(losses, dtype=np.float64)
    n = len(losses)
    depth = max(tail_depth(c, n) for c in confidences)
    if threshold is None:
        threshold = np.sort(losses)[n - depth]
    batches = [losses[first : first + batch_paths] for first in range(0, n, batch_paths)]
    center = float(np.mean(losses[:512]))
    kept = np.flatnonzero(losses > threshold)
    ties = np.array([np.sum(batch == threshold) for batch in batches])
    return Summary(
        batch_paths=batch_paths,
        batch=np.arange(len(batches)),
        count=np.array([len(batch) for batch in batches]),
        center=center,
        deviation=np.array([np.sum(batch - center) for batch in batches]),
        square=np.array([np.sum((batch - center) ** 2) for batch in batches]),
        tail=Tail(losses[kept], kept, float(threshold), ties, depth).cut(),
    )
