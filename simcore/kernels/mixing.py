"""The mixing variable of Student-t: sqrt((dof - 2) / G), G the chi-square quantile at a uniform.

A normal times it has a t law of unit variance. It falls as its uniform rises, and moves smoothly with dof, so that
cases that differ in dof stay coupled. The quantile is interpolated: the smaller of v and 1 - v lies in one of 52
octaves, cut into 8 cells each, with a polynomial of degree 8 in each cell. The relative error is below 1e-11; most of
it is that of SciPy's quantiles for large dof.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simcore.compile import as_bits, as_float, fma, kernel
from simcore.kernels.block import BLOCK
from simcore.kernels.normals import uniform
from simcore.kernels.philox import STREAM_MIXING, draw

U = np.uint64
OCTAVES = 52  # min(v, 1 - v) is from 2^-53 to below 2^-1
CELLS = 8  # in an octave
_TERMS = 9
# Chebyshev's, rounded: any distinct nodes interpolate, and literals have the same bits everywhere
_NODES = (-0.984375, -0.8671875, -0.640625, -0.34375, 0.0, 0.34375, 0.640625, 0.8671875, 0.984375)
_MANTISSA = U(0x000FFFFFFFFFFFFF)
_HALF_EXPONENT = U(0x3FE)
_CELL_SHIFT = U(49)
_CELL_MASK = U(0x0001FFFFFFFFFFFF)

TABLE_SIZE = 2 * OCTAVES * CELLS * _TERMS


@lru_cache(maxsize=16)
def mixing_table(dof: float) -> NDArray[np.float64]:
    """The table that `fill_mixing` reads, for one dof.

    Returns
    -------
    ndarray, shape (TABLE_SIZE,), read-only
        For v below 1/2, then above: octaves downwards, cells upwards, Newton's coefficients.

    Notes
    -----
    Only elementwise arithmetic on SciPy's quantiles: no BLAS and none of NumPy's transcendentals.
    """
    from scipy.special import gammainccinv, gammaincinv

    octave = np.ldexp(1.0, -2 - np.arange(OCTAVES))[:, None, None]
    cell = (1.0 + (np.arange(CELLS)[:, None] + (np.array(_NODES) + 1.0) / 2.0) / CELLS)[None, :, :]
    q = octave * cell
    quantile = np.stack([2.0 * gammaincinv(dof / 2.0, q), 2.0 * gammainccinv(dof / 2.0, q)])
    c = np.sqrt((dof - 2.0) / quantile)
    for order in range(1, _TERMS):
        for j in range(_TERMS - 1, order - 1, -1):
            c[..., j] = (c[..., j] - c[..., j - 1]) / (_NODES[j] - _NODES[j - order])
    table = c.reshape(-1)
    table.setflags(write=False)
    return table


@kernel
def fill_mixing(numbers, step, seed, table, row):
    """One mixing variable a path. numbers : int64[BLOCK]; table : float64[TABLE_SIZE]; row : float64[>= BLOCK], out"""
    for i in range(BLOCK):
        bits, _ = draw(U(numbers[i]), U(STREAM_MIXING), step, U(0), seed)
        v = uniform(bits)
        upper = v > 0.5
        q = as_bits(1.0 - v if upper else v)
        octave = np.int64(_HALF_EXPONENT - U(1) - (q >> U(52)))
        cell = np.int64((q & _MANTISSA) >> _CELL_SHIFT)
        # the mantissa's rest, moved to [-1, 1)
        t = as_float(((q & _CELL_MASK) << U(3)) | U(0x3FF0000000000000)) * 2.0 - 3.0
        at = _TERMS * (cell + CELLS * (octave + (OCTAVES if upper else 0)))
        p = table[at + _TERMS - 1]
        for j in range(_TERMS - 2, -1, -1):
            p = fma(p, t - _NODES[j], table[at + j])
        row[i] = p
