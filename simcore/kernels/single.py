"""Rows of standard normals in float32: as simcore/kernels/normals.py, four to a counter instead of two.

Each pair takes 64 bits: 39 of them are the uniform of the radius, 25 the angle. So the longest radius is 7.45 and the
law's tails are those of the normal to 1e-9 and beyond; with 32 bits the steps between the longest radii would be seen.
"""

import math

import numpy as np

from simcore.compile import as_bits, as_float, fma, inlined, kernel, polynomial, prefer_wide_vectors, signed_exponent
from simcore.kernels.block import BLOCK
from simcore.kernels.coefficients import COSINE_SINGLE, LOG1P_SINGLE, SINE_SINGLE
from simcore.kernels.philox import HALF, draw

U = np.uint64
# numba widens arithmetic of words to 64 bits: W(...) around it keeps sixteen of them in a vector, 0.97 to 0.87 ns a
# normal [Zen 4]
W = np.uint32
F = np.float32

_ONE_BITS = W(0x3F800000)
_SQRT_HALF_BITS = W(0x3F3504F3)
_ROUND_BITS = W(0x4B400000)  # adding it to a small integer makes the bits of 1.5 * 2^23 + that integer
_ROUND = F(12582912.0)  # 1.5 * 2^23
_LN2 = F(0.6931471805599453)
_SPARE = W(127)  # the bits of the angle's word that the angle leaves to the radius
_WORD, _PLACE = F(2.0**-32), F(2.0**-39)
_HALF_PLACE = F(2.0**-40)


@inlined
def log_uniform(a, b):
    """Logarithm of the uniform (k + 1/2) / 2^39, k being the 32 bits of a, then the lowest 7 of b.

    What is near 0 or near 1 is made from the bits with all its digits: above 3/4, 1 less the uniform is.
    """
    upper = a >= W(0xC0000000)
    flip = W(0xFFFFFFFF) if upper else W(0)
    near = fma(F(W(a ^ flip)), _WORD, fma(F(W(W(b ^ flip) & _SPARE)), _PLACE, _HALF_PLACE))
    bits = as_bits(near)
    exponent = signed_exponent(W(bits - _SQRT_HALF_BITS))
    below = as_float(W(bits - W(exponent << W(23)))) - F(1.0)
    f = -near if upper else below
    power = F(0.0) if upper else as_float(W(exponent + _ROUND_BITS)) - _ROUND
    return fma(power, _LN2, f * polynomial(f, LOG1P_SINGLE))


@inlined
def box_muller(a, b):
    """Two independent standard normals from 2 x 32 bits.

    Of b, 2 bits choose the quadrant, 23 the place in it, and 7 are the radius's.
    """
    radius = math.sqrt(F(-2.0) * log_uniform(a, b))
    t = as_float(W(W(W(b << W(2)) >> W(9)) | _ONE_BITS)) - F(1.5) + F(2.0**-24)
    y = t * t
    sine = t * polynomial(y, SINE_SINGLE)
    cosine = polynomial(y, COSINE_SINGLE)
    quadrant = W(b >> W(30))
    swap = W(quadrant & W(1)) != W(0)
    x = sine if swap else cosine
    y = cosine if swap else sine
    x_sign = W(W(W(quadrant + W(1)) & W(2)) << W(30))
    y_sign = W(W(quadrant & W(2)) << W(30))
    return radius * as_float(W(as_bits(x) ^ x_sign)), radius * as_float(W(as_bits(y) ^ y_sign))


@kernel
def fill_words(numbers, stream, step, group, seed, rows):
    """128 bits a path into four rows. numbers : int64[BLOCK], path numbers; rows : float32[4, >= BLOCK], out."""
    prefer_wide_vectors()
    first, second, third, fourth = rows[0], rows[1], rows[2], rows[3]
    for i in range(BLOCK):
        a, b = draw(U(numbers[i]), stream, step, group, seed)
        first[i] = as_float(W(a >> HALF))
        second[i] = as_float(W(a))
        third[i] = as_float(W(b >> HALF))
        fourth[i] = as_float(W(b))


@kernel
def words_to_normals(first, second):
    """Rows of bits to rows of normals, in place."""
    prefer_wide_vectors()
    for i in range(BLOCK):
        x, y = box_muller(as_bits(first[i]), as_bits(second[i]))
        first[i] = x
        second[i] = y


@kernel
def fill_single(numbers, count, stream, step, seed, rows):
    """Normals of assets 0 to count - 1, a row each, four by four: up to three rows after them are written too.

    numbers : int64[BLOCK], path numbers; rows : float32[>= count rounded up to a multiple of 4, >= BLOCK], out
    """
    for group in range((count + 3) // 4):
        four = rows[4 * group : 4 * group + 4]
        fill_words(numbers, stream, step, U(group), seed, four)
        words_to_normals(four[0], four[1])
        words_to_normals(four[2], four[3])
