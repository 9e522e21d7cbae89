"""The stationary bootstrap: every path walks through the rows of a history, in blocks of random length.

Politis, Romano: The stationary bootstrap (JASA 1994). A block begins at a row drawn uniformly, goes on row by row in a
circle, and ends after each step with the same probability: its length is geometric.
"""

import numpy as np

from simcore.compile import inlined, kernel
from simcore.kernels.block import BLOCK
from simcore.kernels.normals import uniform
from simcore.kernels.philox import STREAM_BOOTSTRAP, draw
from simcore.kernels.rows import expm1

U = np.uint64


@kernel
def advance(numbers, step, seed, row_count, restart, state):
    """The row of the history that each path is at after one more step; anywhere at step 0.

    numbers : int64[BLOCK]; restart : probability that a block ends; state : float64[>= BLOCK] of whole numbers, in, out
    """
    for i in range(BLOCK):
        a, b = draw(U(numbers[i]), U(STREAM_BOOTSTRAP), U(step), U(0), seed)
        following = state[i] + 1.0
        if step == 0 or uniform(a) < restart:
            following = np.floor(uniform(b) * row_count)
        state[i] = following if following < row_count else 0.0


@kernel
def pick(column, state, out):
    """out = the column's entry in the row that each path is at. column : float64[rows of the history]"""
    for i in range(BLOCK):
        out[i] = column[np.int64(state[i])]


@inlined
def _growth(x, scale):
    return 1.0 + expm1(scale * x)


@kernel
def expected_growth(column, scale, restart, steps, weight, before):
    """E[exp(scale (x_1 + ... + x_steps))] over the walk, exactly: forward over all rows, step by step.

    column, weight, before : float64[rows of the history], the last two for the work
    """
    count = column.size
    for i in range(count):
        weight[i] = _growth(column[i], scale) / count
    for _ in range(1, steps):
        total = 0.0
        for i in range(count):
            before[i] = weight[i]
            total += weight[i]
        fresh = restart * total / count
        for i in range(count):
            weight[i] = _growth(column[i], scale) * ((1.0 - restart) * before[i - 1 if i else count - 1] + fresh)
    total = 0.0
    for i in range(count):
        total += weight[i]
    return total
