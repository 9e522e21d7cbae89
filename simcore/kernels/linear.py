"""The triangular product of a block, and the factor it uses.

Every element is one chain of fused multiply-adds, k ascending: its bits depend on no tile, vector width or later asset.
"""

import math

import numpy as np

from simcore.compile import TILE_PATHS, TILE_ROWS, fma, kernel, multiply_tile
from simcore.kernels.block import BLOCK

_DEPTH, _HEIGHT = 240, 96  # columns and rows of the factor that are worked on together: they stay in the cache


@kernel
def product(factor, z, x):
    """x = L z for a block.

    factor : float64[n n], lower triangular, row by row; z, x : float64[n, >= BLOCK], n a multiple of TILE_ROWS, x out
    """
    n = z.shape[0]
    factor_stride = 8 * n
    for i in range(n):
        row = x[i]
        for s in range(BLOCK):
            row[s] = 0.0
    for k in range(0, n, _DEPTH):
        for top in range(k, n, _HEIGHT):
            for s in range(0, BLOCK, TILE_PATHS):
                for i in range(top, min(n, top + _HEIGHT), TILE_ROWS):
                    multiply_tile(
                        x.ctypes.data + i * x.strides[0] + 8 * s,
                        x.strides[0],
                        factor.ctypes.data + i * factor_stride + 8 * k,
                        factor_stride,
                        z.ctypes.data + k * z.strides[0] + 8 * s,
                        z.strides[0],
                        min(_DEPTH, i + TILE_ROWS - k),
                    )


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
