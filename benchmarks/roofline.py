"""What one thread of this machine cannot do faster: draw the normals, and multiply by the factor once."""

import time
from collections.abc import Callable

import numpy as np

from simcore.kernels.block import BLOCK, STRIDE
from simcore.kernels.normals import fill_normals


def limit(n: int, paths: int, steps: int) -> float:
    """Seconds of the draws alone at the best measured rate, and of a triangular product at the rate of BLAS's dgemm.

    The factor is the same in every step, so the sum over the steps is multiplied, once. BLAS has one thread if its
    environment says so.
    """
    return paths * n * steps * _seconds_of_a_normal() + paths * n * (n + 1) * _seconds_of_a_flop(n)


def _seconds_of_a_normal() -> float:
    rows, numbers = np.zeros((8, STRIDE)), np.arange(BLOCK)
    seconds = _best(
        lambda: [fill_normals(numbers, 8, np.uint64(0), np.uint64(0), np.uint64(1), rows) for _ in range(64)]
    )
    return seconds / (64 * 8 * BLOCK)


def _seconds_of_a_flop(n: int) -> float:
    size = max(n, 500)  # small products of BLAS are far below its rate
    a, b, out = np.ones((size, size)), np.ones((size, BLOCK)), np.empty((size, BLOCK))
    return _best(lambda: np.dot(a, b, out=out)) / (2 * size * size * BLOCK)


def _best(function: Callable[[], object], rounds: int = 15) -> float:
    best = np.inf
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        best = min(best, time.perf_counter() - start)
    return float(best)
