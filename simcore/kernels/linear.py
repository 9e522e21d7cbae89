"""The triangular product of a block, and the factor it uses.

Every element is one chain of fused multiply-adds, k ascending: its bits depend on no tile, vector width or later asset.
"""

import math

import numpy as np

from simcore.compile import fma, kernel
from simcore.kernels.block import BLOCK

TILE = 4  # rows of a factor and of its blocks are padded with zeros to a multiple


@kernel
def _tile(factor, i, k, z0, z1, z2, z3, x0, x1, x2, x3):
    """Four rows of x += four columns of the factor times four rows of z."""
    a0, a1, a2, a3 = factor[i, k], factor[i, k + 1], factor[i, k + 2], factor[i, k + 3]
    b0, b1, b2, b3 = factor[i + 1, k], factor[i + 1, k + 1], factor[i + 1, k + 2], factor[i + 1, k + 3]
    c0, c1, c2, c3 = factor[i + 2, k], factor[i + 2, k + 1], factor[i + 2, k + 2], factor[i + 2, k + 3]
    d0, d1, d2, d3 = factor[i + 3, k], factor[i + 3, k + 1], factor[i + 3, k + 2], factor[i + 3, k + 3]
    for s in range(BLOCK):
        p, q, r, t = z0[s], z1[s], z2[s], z3[s]
        x0[s] = fma(a3, t, fma(a2, r, fma(a1, q, fma(a0, p, x0[s]))))
        x1[s] = fma(b3, t, fma(b2, r, fma(b1, q, fma(b0, p, x1[s]))))
        x2[s] = fma(c3, t, fma(c2, r, fma(c1, q, fma(c0, p, x2[s]))))
        x3[s] = fma(d3, t, fma(d2, r, fma(d1, q, fma(d0, p, x3[s]))))


@kernel
def product(factor, z, x):
    """x = L z for a block.

    factor : float64[n, n], lower triangular, n a multiple of TILE; z, x : float64[n, >= BLOCK], x out
    """
    n = factor.shape[0]
    for i in range(0, n, TILE):
        for r in range(i, i + TILE):
            row = x[r]
            for s in range(BLOCK):
                row[s] = 0.0
        for k in range(0, i + TILE, TILE):
            _tile(factor, i, k, z[k], z[k + 1], z[k + 2], z[k + 3], x[i], x[i + 1], x[i + 2], x[i + 3])


@kernel
def cholesky(schur, null_pivot, out):
    """The unpivoted Cholesky factor; a pivot up to `null_pivot` and its column are zero.

    schur : float64[n, n], the matrix's lower triangle, used up; out : float64[n, n] of zeros
    """
    n = schur.shape[0]
    column = np.zeros(n)
    for k in range(n):
        pivot = schur[k, k]
        if pivot <= null_pivot:
            continue
        root = math.sqrt(pivot)
        for i in range(k, n):
            column[i] = schur[i, k] / root
            out[i, k] = column[i]
        for i in range(k + 1, n):
            row = schur[i]
            scale = -column[i]
            for j in range(k + 1, i + 1):
                row[j] = fma(scale, column[j], row[j])


@kernel
def residual(matrix, factor):
    """The largest |L L' - R| in the lower triangle. matrix, factor : float64[n, n]"""
    n = matrix.shape[0]
    largest = 0.0
    row = np.zeros(n)
    transposed = factor.T.copy()
    for i in range(n):
        for j in range(i + 1):
            row[j] = matrix[i, j]
        for k in range(i + 1):
            scale = -factor[i, k]
            column = transposed[k]
            for j in range(k, i + 1):
                row[j] = fma(scale, column[j], row[j])
        for j in range(i + 1):
            if abs(row[j]) > largest:
                largest = abs(row[j])
    return largest
