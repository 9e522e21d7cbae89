"""The product of a factor model: what an asset has of its own, and its share of each factor."""

import numpy as np

from simcore.compile import TILE_BYTES, TILE_ROWS, kernel, multiply_tile
from simcore.kernels.block import BLOCK
from simcore.kernels.rows import affine

_HEIGHT = 96  # rows that are worked on together: they stay in the cache


@kernel
def factor_product(own, loadings, e, f, x):
    """x = own e + B f for a block: each element one chain of fused multiply-adds, factor by factor, from own e.

    own : float[n], loadings : float[>= n k], row by row; e, x : float[n, >= BLOCK], n a multiple of TILE_ROWS;
    f : float[k, >= BLOCK]; x out; all float64, or all float32
    """
    n, k, size = x.shape[0], f.shape[0], x.itemsize
    for top in range(0, n, _HEIGHT):
        for i in range(top, min(n, top + _HEIGHT)):
            affine(e[i], 0.0, np.float64(own[i]), x[i])
        for s in range(0, size * BLOCK, TILE_BYTES):
            for i in range(top, min(n, top + _HEIGHT), TILE_ROWS):
                multiply_tile(
                    x,
                    x.ctypes.data + i * x.strides[0] + s,
                    x.strides[0],
                    loadings.ctypes.data + size * i * k,
                    size * k,
                    f.ctypes.data + s,
                    f.strides[0],
                    k,
                )
