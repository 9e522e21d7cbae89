"""The triangular product of a block, and the factor it uses.

Every element is one chain of fused multiply-adds, k ascending: its bits depend on no tile, vector width or later asset.
"""

import math

import numpy as np

from simcore.compile import TILE_BYTES, TILE_PATHS, TILE_ROWS, fma, kernel, multiply_tile
from simcore.kernels.block import BLOCK

_DEPTH, _HEIGHT = 960, 48  # columns and rows of the factor that are worked on together: they stay in the L2 cache


@kernel
def product(factor, z, x):
    """x = L z for a block, in float64 or in float32.

    factor : float[>= n n], lower triangular, row by row; z, x : float[n, >= BLOCK], n a multiple of TILE_ROWS, x out
    """
    n, size = z.shape[0], x.itemsize
    factor_stride = size * n
    for i in range(n):
        row = x[i]
        for s in range(BLOCK):
            row[s] = 0.0
    for k in range(0, n, _DEPTH):
        for top in range(k, n, _HEIGHT):
            for s in range(0, size * BLOCK, TILE_BYTES):
                for i in range(top, min(n, top + _HEIGHT), TILE_ROWS):
                    multiply_tile(
                        x,
                        x.ctypes.data + i * x.strides[0] + s,
                        x.strides[0],
                        factor.ctypes.data + i * factor_stride + size * k,
                        factor_stride,
                        z.ctypes.data + k * z.strides[0] + s,
                        z.strides[0],
                        min(_DEPTH, i + TILE_ROWS - k),
                    )


@kernel
def cholesky(schur, null_pivot, out):
    """The unpivoted Cholesky factor; a pivot up to `null_pivot` and its column are zero.

    Panel by panel of columns, so that all but a panel's own columns come from tiles: 79 to 5 ms for 500 assets.

    schur : float64[n, n], the matrix's lower triangle; out : float64[n, n] of zeros
    """
    n = schur.shape[0]
    left, lower = _padded(n), _padded(n)  # what is left of the matrix, and its factor
    panel = np.empty((n, TILE_PATHS))
    columns = np.zeros((TILE_PATHS, TILE_PATHS))  # of the factor, at the panel's diagonal: columns[k, j] = L[j, k]
    root = np.empty(TILE_PATHS)  # 0 where the pivot is null
    for first in range(0, n, TILE_PATHS):
        last = min(n, first + TILE_PATHS)
        for i in range(first, n):
            for j in range(first, min(i + 1, last)):
                left[i, j] = schur[i, j]
        _negative_columns(lower, first, last, panel)
        for i in range(first, n, TILE_ROWS):
            _subtract(left, i, first, lower, panel, first)
        for i in range(first, n):
            row = left[i, first : first + TILE_PATHS]
            for k in range(min(i + 1, last) - first):
                if i == first + k:
                    root[k] = math.sqrt(row[k]) if row[k] > null_pivot else 0.0
                if root[k] == 0.0:
                    continue
                entry = row[k] / root[k]
                lower[i, first + k] = entry
                if i < last:
                    columns[k, i - first] = entry
                for j in range(TILE_PATHS):  # those up to k are not read again
                    row[j] = fma(-entry, columns[k, j], row[j])
    for i in range(n):
        for j in range(i + 1):
            out[i, j] = lower[i, j]


@kernel
def residual(matrix, factor):
    """The largest |L L' - R| in the lower triangle. matrix, factor : float64[n, n]"""
    n = matrix.shape[0]
    largest = 0.0
    left, lower = _padded(n), _padded(n)
    for i in range(n):
        for j in range(i + 1):
            left[i, j] = matrix[i, j]
            lower[i, j] = factor[i, j]
    panel = np.empty((n, TILE_PATHS))
    for first in range(0, n, TILE_PATHS):
        _negative_columns(lower, first, min(n, first + TILE_PATHS), panel)
        for i in range(first, n, TILE_ROWS):
            _subtract(left, i, first, lower, panel, min(n, first + TILE_PATHS))
    for i in range(n):
        for j in range(i + 1):
            largest = max(largest, abs(left[i, j]))
    return largest


@kernel
def _padded(n):
    """Zeros for n rows of n, whole tiles each; no stride is a power of two."""
    tiles = -(-n // TILE_PATHS)
    return np.zeros((tiles * TILE_PATHS, tiles * TILE_PATHS + 8))


@kernel
def _negative_columns(lower, first, last, out):
    """Minus rows first to last - 1 of a factor, as columns: out[k, j] = -lower[first + j, k]."""
    for k in range(last):
        for j in range(TILE_PATHS):
            out[k, j] = -lower[first + j, k]


@kernel
def _subtract(left, i, first, lower, panel, depth):
    """A tile of `left` less lower times what `panel` is minus of, k ascending from 0 to depth - 1."""
    multiply_tile(
        left,
        left.ctypes.data + i * left.strides[0] + 8 * first,
        left.strides[0],
        lower.ctypes.data + i * lower.strides[0],
        lower.strides[0],
        panel.ctypes.data,
        panel.strides[0],
        depth,
    )
