"""Rows of standard normals: Philox bits, then Box-Muller by polynomials, in two stages.

One loop that did both would run out of registers: 365 instead of 564 million normals a second [measured on Sapphire
Rapids]. The formulas are free of branches and of the C library: they vectorise and give the same bits everywhere.
"""

import math

import numpy as np

from simcore.compile import as_bits, as_float, fma, inlined, kernel, polynomial, prefer_wide_vectors, signed_exponent
from simcore.kernels.block import BLOCK
from simcore.kernels.coefficients import COSINE, LOG1P, SINE
from simcore.kernels.philox import draw

U = np.uint64

ONE_BITS = U(0x3FF0000000000000)
_SQRT_HALF_BITS = U(0x3FE6A09E667F3BCD)
_ROUND_BITS = U(0x4338000000000000)  # adding it to a small integer makes the bits of 1.5 * 2^52 + that integer
ROUND = 6755399441055744.0  # 1.5 * 2^52
_LN2 = 0.6931471805599453
_ONE_LESS_HALF_ULP = 1.0 - 2.0**-53


@inlined
def uniform(bits):
    """The upper 52 bits as (k + 1/2) / 2^52: symmetric about 1/2, never 0 or 1."""
    return as_float((bits >> U(12)) | ONE_BITS) - _ONE_LESS_HALF_ULP


@inlined
def log(x):
    """Natural logarithm of a positive normal x."""
    bits = as_bits(x)
    exponent = signed_exponent(bits - _SQRT_HALF_BITS)
    f = as_float(bits - (exponent << U(52))) - 1.0
    return fma(as_float(exponent + _ROUND_BITS) - ROUND, _LN2, f * polynomial(f, LOG1P))


@inlined
def box_muller(a, b):
    """Two independent standard normals from 2 x 64 bits.

    The radius from the upper 52 bits of a; the angle from b: 2 bits choose the quadrant, 52 the place in it.
    """
    radius = math.sqrt(-2.0 * log(uniform(a)))
    t = as_float(((b << U(2)) >> U(12)) | ONE_BITS) - 1.5 + 2.0**-53
    y = t * t
    sine = t * polynomial(y, SINE)
    cosine = polynomial(y, COSINE)
    quadrant = b >> U(62)
    swap = (quadrant & U(1)) != U(0)
    x = sine if swap else cosine
    y = cosine if swap else sine
    x_sign = ((quadrant + U(1)) & U(2)) << U(62)
    y_sign = (quadrant & U(2)) << U(62)
    return radius * as_float(as_bits(x) ^ x_sign), radius * as_float(as_bits(y) ^ y_sign)


@kernel
def fill_bits(numbers, stream, step, pair, seed, first, second):
    """128 bits a path into two rows. numbers : int64[BLOCK], path numbers; first, second : float64[>= BLOCK], out."""
    prefer_wide_vectors()
    for i in range(BLOCK):
        a, b = draw(U(numbers[i]), stream, step, pair, seed)
        first[i] = as_float(a)
        second[i] = as_float(b)


@kernel
def bits_to_normals(first, second):
    """Rows of bits to rows of normals, in place."""
    prefer_wide_vectors()
    for i in range(BLOCK):
        x, y = box_muller(as_bits(first[i]), as_bits(second[i]))
        first[i] = x
        second[i] = y


@kernel
def fill_normals(numbers, count, stream, step, seed, rows):
    """Normals of assets 0 to count - 1, a row each; with an odd count the row after them is written too.

    numbers : int64[BLOCK], path numbers; rows : float64[>= count rounded up to even, >= BLOCK], out
    """
    for pair in range((count + 1) // 2):
        fill_bits(numbers, stream, step, U(pair), seed, rows[2 * pair], rows[2 * pair + 1])
        bits_to_normals(rows[2 * pair], rows[2 * pair + 1])
