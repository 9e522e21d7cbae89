"""Small functions on rows of a block: evolve, aggregate, reduce.

Rows are float64[>= BLOCK], one number a path; `out` comes last. `used` is how many paths of the block are in the run.
"""

import numpy as np

from simcore.compile import as_bits, as_float, fma, inlined, kernel, polynomial, prefer_wide_vectors
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
        out[i] = -value * expm1(fma(scale, x[i], drift))


@kernel
def loss_simple(x, drift, scale, value, out):
    """Loss of a value that becomes value (1 + drift + scale x)."""
    for i in range(BLOCK):
        out[i] = -value * fma(scale, x[i], drift)


@kernel
def affine(x, drift, scale, out):
    """drift + scale x"""
    for i in range(BLOCK):
        out[i] = fma(scale, x[i], drift)


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
        step = fma(e[i], deviation, remaining[i] / steps_left)
        e[i] = step
        remaining[i] -= step


@kernel
def moments(x, center, used, scratch, out):
    """Sum of deviations from center and of their squares, each by halving: a fixed tree that vectorises.

    scratch : float64[2, BLOCK]; out : float64[2]
    """
    d, s = scratch[0], scratch[1]
    for i in range(BLOCK):
        deviation = x[i] - center if i < used else 0.0
        d[i] = deviation
        s[i] = deviation * deviation
    half = BLOCK // 2
    while half > 0:
        for i in range(half):
            d[i] += d[i + half]
            s[i] += s[i + half]
        half //= 2
    out[0] = d[0]
    out[1] = s[0]


@kernel
def append_tail(x, numbers, threshold, used, values, paths, count):
    """Append what lies strictly above the threshold, with its path; without a branch a value.

    values : float64[>= count + BLOCK]; paths : int64[same]. Returns the new count.
    """
    for i in range(used):
        loss = x[i]
        values[count] = loss
        paths[count] = numbers[i]
        count += np.int64(loss > threshold)
    return count


@kernel
def count_ties(x, threshold, used):
    """How many values equal the threshold."""
    ties = np.int64(0)
    for i in range(used):
        ties += np.int64(x[i] == threshold)
    return ties
