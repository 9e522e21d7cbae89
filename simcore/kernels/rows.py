"""Small functions on rows of a block: evolve, aggregate, reduce.

Rows are float64[>= BLOCK], one number a path; `out` comes last. `used` is how many paths of the block are in the run.
Rows that hold draws or products may be float32 instead: what is done with them is done in float64, and rounded once.
"""

import numpy as np

from simcore.compile import (
    as_bits,
    as_float,
    at_least,
    fma,
    inlined,
    kernel,
    polynomial,
    prefer_wide_vectors,
    trailing_zeros,
)
from simcore.kernels.block import BLOCK
from simcore.kernels.coefficients import EXPM1
from simcore.kernels.normals import ONE_BITS, ROUND
from simcore.limits import LARGEST_RETURN

U = np.uint64
_LOG2_E = 1.4426950408889634
_LN2_HIGH = 0.6931471803691238
_LN2_LOW = 1.9082149292705877e-10


@inlined
def expm1(x):
    """exp(x) - 1 to the last bits also near 0, for |x| <= LARGEST_RETURN; saturated beyond."""
    x = x if x < LARGEST_RETURN else LARGEST_RETURN
    x = x if x > -LARGEST_RETURN else -LARGEST_RETURN
    shifted = fma(x, _LOG2_E, ROUND)
    k = shifted - ROUND
    r = fma(k, -_LN2_LOW, fma(k, -_LN2_HIGH, x))
    power = as_float((as_bits(shifted) << U(52)) + ONE_BITS)
    return fma(power, r * polynomial(r, EXPM1), power - 1.0)


@kernel
def loss_log(x, drift, scale, value, out):
    """Loss of a value that becomes value exp(drift + scale x)."""
    prefer_wide_vectors()
    for i in range(BLOCK):
        out[i] = -value * expm1(fma(scale, np.float64(x[i]), drift))


@kernel
def loss_simple(x, drift, scale, value, out):
    """Loss of a value that becomes value (1 + drift + scale x)."""
    for i in range(BLOCK):
        out[i] = -value * fma(scale, np.float64(x[i]), drift)


@kernel
def affine(x, drift, scale, out):
    """drift + scale x"""
    for i in range(BLOCK):
        out[i] = fma(scale, np.float64(x[i]), drift)


@kernel
def copy(x, out):
    """out = x"""
    for i in range(BLOCK):
        out[i] = x[i]


@kernel
def add(x, out):
    """out += x"""
    for i in range(BLOCK):
        out[i] += x[i]


@kernel
def multiply(x, factor, out):
    """out = x factor, path by path."""
    for i in range(BLOCK):
        out[i] = x[i] * factor[i]


@kernel
def add_product(x, factor, out):
    """out += x factor, path by path, each rounded."""
    for i in range(BLOCK):
        out[i] += x[i] * factor[i]


@kernel
def bridge(steps_left, deviation, remaining, e):
    """The next step of a drawn horizon: e becomes r / m + e deviation, and leaves `remaining`."""
    for i in range(BLOCK):
        e[i] = fma(np.float64(e[i]), deviation, remaining[i] / steps_left)
        remaining[i] -= e[i]


@inlined
def deviation(x, i, center, used):
    """x[i] - center, and 0 for what is no path of the run."""
    return x[i] - center if i < used else 0.0


@kernel
def moments(x, center, used, scratch, out):
    """Sum of deviations from center and of their squares, each by halving: a fixed tree that vectorises.

    The first three of nine halvings are done in registers: 0.51 to 0.19 ns a loss [Zen 4].

    scratch : float64[2, BLOCK / 8]; out : float64[2]
    """
    prefer_wide_vectors()
    d, s = scratch[0], scratch[1]
    half = BLOCK // 8
    for i in range(half):
        d0 = deviation(x, i, center, used)
        d1 = deviation(x, i + half, center, used)
        d2 = deviation(x, i + 2 * half, center, used)
        d3 = deviation(x, i + 3 * half, center, used)
        d4 = deviation(x, i + 4 * half, center, used)
        d5 = deviation(x, i + 5 * half, center, used)
        d6 = deviation(x, i + 6 * half, center, used)
        d7 = deviation(x, i + 7 * half, center, used)
        d[i] = ((d0 + d4) + (d2 + d6)) + ((d1 + d5) + (d3 + d7))
        s[i] = ((d0 * d0 + d4 * d4) + (d2 * d2 + d6 * d6)) + ((d1 * d1 + d5 * d5) + (d3 * d3 + d7 * d7))
    while half > 1:
        half //= 2
        for i in range(half):
            d[i] += d[i + half]
            s[i] += s[i + half]
    out[0] = d[0]
    out[1] = s[0]


@kernel
def append_tail(x, numbers, threshold, used, values, paths, count):
    """Append what lies strictly above the threshold, with its path.

    By a mask of 64, without a branch a value: 0.85 to 0.15 ns a loss [Zen 4].

    values : float64[>= count + BLOCK]; paths : int64[same]. Returns the new count, and how many equal the threshold.
    """
    ties = 0
    for first in range(0, used, 64):
        left = at_least(x.ctypes.data + 8 * first, threshold)
        if used - first < 64:
            left &= (U(1) << U(used - first)) - U(1)
        while left != U(0):
            i = first + trailing_zeros(left)
            left &= left - U(1)
            loss = x[i]
            values[count] = loss
            paths[count] = numbers[i]
            above = np.int64(loss > threshold)
            count += above
            ties += 1 - above
    return count, ties


@kernel
def append_inside(x, low, high, used, counts, values, count):
    """Append what lies strictly between low and high, and count what lies above, at high, inside and at low.

    values : float64[>= count + BLOCK]; counts : int64[4], added to. Returns the new count, and the sum of x - high
    over what lies above: in the order of the paths.
    """
    begun = count
    above = at_high = reached = 0
    excess = 0.0
    for first in range(0, used, 64):
        left = at_least(x.ctypes.data + 8 * first, low)
        if used - first < 64:
            left &= (U(1) << U(used - first)) - U(1)
        while left != U(0):
            loss = x[first + trailing_zeros(left)]
            left &= left - U(1)
            values[count] = loss
            count += np.int64(loss > low) & np.int64(loss < high)
            excess += loss - high if loss > high else 0.0
            above += np.int64(loss > high)
            at_high += np.int64(loss == high)
            reached += 1
    inside = count - begun
    counts[0] += above
    counts[1] += at_high
    counts[2] += inside
    counts[3] += reached - above - at_high - inside
    return count, excess
