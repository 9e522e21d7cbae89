"""The product of a factor model: what an asset has of its own, and its share of each factor."""

from simcore.compile import TILE_PATHS, TILE_ROWS, kernel, multiply_tile
from simcore.kernels.block import BLOCK
from simcore.kernels.rows import affine

_HEIGHT = 96  # rows that are worked on together: they stay in the cache


@kernel
def factor_product(own, loadings, e, f, x):
    """x = own e + B f for a block: each element one chain of fused multiply-adds, factor by factor, from own e.

    own : float64[n], loadings : float64[n k], row by row; e, x : float64[n, >= BLOCK], n a multiple of TILE_ROWS;
    f : float64[k, >= BLOCK]; x out
    """
    n, k = x.shape[0], f.shape[0]
    for top in range(0, n, _HEIGHT):
        for i in range(top, min(n, top + _HEIGHT)):
            affine(e[i], 0.0, own[i], x[i])
        for s in range(0, BLOCK, TILE_PATHS):
            for i in range(top, min(n, top + _HEIGHT), TILE_ROWS):
                multiply_tile(
                    x.ctypes.data + i * x.strides[0] + 8 * s,
                    x.strides[0],
                    loadings.ctypes.data + 8 * i * k,
                    8 * k,
                    f.ctypes.data + 8 * s,
                    f.strides[0],
                    k,
                )
