"""Philox4x32-10: 128 random bits as a pure function of a counter and a key.

Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3 (SC11). There is no state: a draw is named by
(seed, stream, path, step, asset pair), and no two draws share a name.
"""

import numpy as np

from simcore.compile import inlined, kernel

U = np.uint64
LOW = U(0xFFFFFFFF)
HALF = U(32)
_MULTIPLIER_0, _MULTIPLIER_1 = U(0xD2511F53), U(0xCD9E8D57)
_WEYL_0, _WEYL_1 = U(0x9E3779B9), U(0xBB67AE85)
_PATH_HIGH_BITS = U(24)

STREAM_NORMAL = 0  # the horizon's normals are its step 0
STREAM_BRIDGE = 1  # what splits a drawn horizon into steps
STREAM_MIXING = 2  # one uniform per path and step, for Student-t
STREAM_BOOTSTRAP = 3  # two uniforms per path and step: whether a block ends, and where the next begins
STREAM_FACTORS = 4  # as STREAM_NORMAL, a factor in the place of an asset
STREAM_FACTORS_BRIDGE = 5  # as STREAM_BRIDGE
STREAM_SINGLE = 16  # added to a stream of normals where they are float32: four assets share a counter
STREAM_LOSSES = 32  # rows of losses that are drawn again; the step is 0, the pair the place in the replicate
STREAM_HISTORY = 33  # rows of a history that are drawn again; the step tells which history
STREAM_NAMES = ("normal", "bridge", "mixing", "bootstrap", "factors", "factors' bridge")


@inlined
def philox(c0, c1, c2, c3, k0, k1):
    """Ten rounds. Words are uint64 of which the low halves count; the high halves of what is returned are junk."""
    for _ in range(10):
        p0 = _MULTIPLIER_0 * (c0 & LOW)
        p1 = _MULTIPLIER_1 * (c2 & LOW)
        n0 = (p1 >> HALF) ^ c1 ^ k0
        n2 = (p0 >> HALF) ^ c3 ^ k1
        c1 = p1
        c3 = p0
        c0 = n0
        c2 = n2
        k0 = k0 + _WEYL_0
        k1 = k1 + _WEYL_1
    return c0, c1, c2, c3


@inlined
def draw(path, stream, step, pair, seed):
    """Two uint64 of random bits for the counter (path low 32 | path high 24 + stream 8 | step | asset pair)."""
    c1 = (path >> HALF) | (stream << _PATH_HIGH_BITS)
    a, b, c, d = philox(path, c1, step, pair, seed & LOW, seed >> HALF)
    return (a << HALF) | (b & LOW), (c << HALF) | (d & LOW)


@kernel
def philox_words(counter, key, out):
    """The four words of one counter, for the known answers.

    counter, key : uint64[4], uint64[2], words below 2^32; out : uint64[4]
    """
    a, b, c, d = philox(counter[0], counter[1], counter[2], counter[3], key[0], key[1])
    out[0] = a & LOW
    out[1] = b & LOW
    out[2] = c & LOW
    out[3] = d & LOW
