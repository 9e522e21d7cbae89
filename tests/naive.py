"""The obvious twin of every kernel: plain Python and NumPy, a number at a time. What the kernels are tested against.

Where a kernel promises bits, so does its twin: `fma` rounds the exact result once.
"""

import math
from fractions import Fraction

import mpmath as mp
import numpy as np
from mpmath import libmp
from scipy import special

MASK = 0xFFFFFFFF
NORMAL, BRIDGE, MIXING, BOOTSTRAP, FACTORS, FACTORS_BRIDGE, LOSSES, HISTORY = 0, 1, 2, 3, 4, 5, 32, 33  # streams
SINGLE = 16  # added to a stream of normals that are float32


def fma(a, b, c, single=False):
    """a b + c, rounded once: to float64, or to float32."""
    exact = Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))
    return libmp.to_float(libmp.from_rational(*exact.as_integer_ratio(), 24 if single else 53, "n"))


def philox(counter, key, rounds=10):
    """Philox4x32 of four counter words and two key words, as the paper writes it."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(rounds):
        high0, low0 = divmod(0xD2511F53 * c0, 1 << 32)
        high1, low1 = divmod(0xCD9E8D57 * c2, 1 << 32)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
    return c0, c1, c2, c3


def counter(path, stream, step, pair):
    """The counter words: path low 32 | path high 24 + stream 8 | step 20 + attempt 12 | asset pair 32."""
    return path & MASK, (path >> 32) + (stream << 24), step, pair


def draw(path, stream, step, pair, seed):
    """Two times 64 random bits."""
    a, b, c, d = philox(counter(path, stream, step, pair), (seed & MASK, seed >> 32))
    return (a << 32) | b, (c << 32) | d


def uniform(bits):
    """(k + 1/2) / 2^52, of the upper 52 bits k."""
    return float(Fraction(2 * (bits >> 12) + 1, 2**53))


def box_muller(a, b):
    """Two standard normals in 40 digits: the radius from a; from b the quadrant (2 bits) and the place in it (52)."""
    return _on_circle(2 * (a >> 12) + 1, 2**53, b >> 62, 2 * ((b >> 10) & (2**52 - 1)) + 1, 2**53)


def _on_circle(u, u_of, quadrant, place, place_of):
    """The normals of a uniform u / u_of, in a quadrant, at a place in it of place_of."""
    with mp.workdps(40):
        radius = mp.sqrt(-2 * mp.log(mp.mpf(u) / u_of))
        angle = mp.pi / 2 * (quadrant + mp.mpf(place) / place_of - mp.mpf(1) / 2)
        return radius * mp.cos(angle), radius * mp.sin(angle)


def box_muller_single(a, b):
    """The same from two times 32 bits: 39 for the radius, the last 7 of them b's lowest; 2 and 23 for the angle."""
    return _on_circle(2 * ((a << 7) | (b & 127)) + 1, 2**40, b >> 30, 2 * ((b >> 7) & (2**23 - 1)) + 1, 2**24)


def normal(path, stream, step, asset, seed):
    """The standard normal of one asset: two assets share a counter."""
    return float(box_muller(*draw(path, stream, step, asset // 2, seed))[asset % 2])


def normal_single(path, stream, step, asset, seed):
    """The same in single precision: four assets share a counter."""
    words = philox(counter(path, stream + SINGLE, step, asset // 4), (seed & MASK, seed >> 32))
    pair = asset % 4 // 2
    return float(box_muller_single(*words[2 * pair : 2 * pair + 2])[asset % 2])


def chi_square_quantile(v, dof):
    """At uniforms v, from the nearer end, so that no digit of them is lost.

    SciPy's has too few digits beyond dof = 1e5; there, Cornish and Fisher's expansion (Goldberg, Levine 1946) has all.
    """
    v = np.asarray(v)
    below = v < 0.5
    near = np.where(below, v, 1.0 - v)
    if dof < 1e5:
        ends = special.gammaincinv(dof / 2, near), special.gammainccinv(dof / 2, near)
        return 2.0 * np.where(below, *ends)
    z = np.where(below, 1.0, -1.0) * special.ndtri(near)
    root = math.sqrt(2.0 * dof)
    terms = [
        dof,
        root * z,
        2.0 / 3.0 * (z**2 - 1.0),
        (z**3 - 7.0 * z) / (9.0 * root),
        -(6.0 * z**4 + 14.0 * z**2 - 32.0) / (405.0 * dof),
        (9.0 * z**5 + 256.0 * z**3 - 433.0 * z) / (4860.0 * root * dof),
        (12.0 * z**6 - 243.0 * z**4 - 923.0 * z**2 + 1472.0) / (25515.0 * dof**2),
    ]
    return sum(terms)


def mixing(v, dof):
    """sqrt((dof - 2) / G), G the chi-square quantile at v."""
    return np.sqrt((dof - 2.0) / chi_square_quantile(v, dof))


def product(factor, z):
    """L z, an element a chain of fused multiply-adds, k ascending. factor : (n, n); z : (n, paths)"""
    out = np.zeros_like(z)
    for i in range(len(factor)):
        for p in range(z.shape[1]):
            for k in range(i + 1):
                out[i, p] = fma(factor[i, k], z[k, p], out[i, p], z.dtype == np.float32)
    return out


def factor_product(own, loadings, e, f):
    """own e + B f, an element a chain of fused multiply-adds from own e, k ascending. e : (n, paths); f : (k, paths)"""
    out = np.asarray(own)[:, np.newaxis] * e
    for i in range(len(out)):
        for p in range(e.shape[1]):
            for k in range(len(f)):
                out[i, p] = fma(loadings[i, k], f[k, p], out[i, p], e.dtype == np.float32)
    return out


def cholesky(matrix, null_pivot=1e-12):
    """The textbook's unpivoted factor, column by column; null pivots give zero columns."""
    n = len(matrix)
    left = np.array(matrix, dtype=float)
    out = np.zeros((n, n))
    for k in range(n):
        if left[k, k] <= null_pivot:
            continue
        for i in range(k, n):
            out[i, k] = left[i, k] / math.sqrt(left[k, k])
        for i in range(k + 1, n):
            for j in range(k + 1, i + 1):
                left[i, j] = fma(-out[i, k], out[j, k], left[i, j])
    return out


def halving_sum(values):
    """The sum of a block: the upper half onto the lower, until one is left."""
    values = list(values)
    while len(values) > 1:
        half = len(values) // 2
        values = [values[i] + values[i + half] for i in range(half)]
    return values[0]


def moments(x, center, used):
    """Sums of deviations and of their squares over the first `used` of a block, by halving."""
    deviation = [float(v) - center if i < used else 0.0 for i, v in enumerate(x)]
    return halving_sum(deviation), halving_sum([d * d for d in deviation])


def binary_tree_sum(values):
    """The sum over the binary tree of aligned power-of-two ranges, top down."""
    n = len(values)
    if n <= 1:
        return float(sum(values))
    half = 1 << (n - 1).bit_length() - 1
    return binary_tree_sum(values[:half]) + binary_tree_sum(values[half:])


def mean_and_volatility(losses, counts):
    """Of rows that are there so many times, as fractions; one square root."""
    rows = [Fraction(float(loss)) for loss, count in zip(losses, counts, strict=True) for _ in range(count)]
    mean = sum(rows) / len(rows)
    return float(mean), math.sqrt(sum((row - mean) ** 2 for row in rows) / len(rows))


def in_order(values, paths):
    """Losses and their paths by value, then path."""
    order = sorted(range(len(values)), key=lambda i: (values[i], paths[i]))
    return [values[i] for i in order], [paths[i] for i in order]


def tail(losses, depth):
    """The worst `depth` losses and their paths, ascending; equal ones by path."""
    values, paths = in_order(losses, range(len(losses)))
    return values[-depth:], paths[-depth:]


def normals_of_step(case, plan, path, streams, step):
    """One normal an asset, then one a factor."""
    counts = len(case.market.names), np.shape(getattr(case.market.dependence, "loadings", [[]]))[1]
    draw_one = normal if plan.precision == "double" else normal_single
    return [
        draw_one(path, stream, step, i, plan.seed)
        for stream, count in zip(streams, counts, strict=True)
        for i in range(count)
    ]


def walk(path, steps, count, mean_block, seed):
    """The rows of a history that one path meets."""
    rows = []
    for step in range(steps):
        a, b = draw(path, BOOTSTRAP, step, 0, seed)
        fresh = not rows or uniform(a) < 1.0 / mean_block
        rows.append(math.floor(uniform(b) * count) if fresh else (rows[-1] + 1) % count)
    return rows


def rows_drawn(count, replicate, stream, history, mean_block, seed):
    """The rows of one replicate of a bootstrap, as many as there are."""
    restart = min(2**64 - 1, int(2**64 / mean_block))
    rows = []
    for place in range(count):
        a, b = draw(replicate, stream, history, place, seed)
        fresh = not rows or b <= restart
        rows.append((a * count) >> 64 if fresh else (rows[-1] + 1) % count)
    return rows


def innovations(case, plan, path):
    """Innovations over the whole horizon, of deviation 1, a list a step; those of a history are correlated as they are.

    An innovation an asset, then one a factor. Normal: the horizon's draw, split by the bridge; or every step its own
    with collapse=False. Student-t: every step.
    """
    steps = plan.steps
    history = getattr(case.market.dependence, "rows", None)
    if history is not None:
        rows = walk(path, steps, len(history), case.market.dependence.mean_block, plan.seed)
        return [[float(x) / math.sqrt(steps) for x in history[row]] for row in rows]
    dof = getattr(case.market.dependence, "dof", None)
    if dof is None and plan.collapse:
        left = normals_of_step(case, plan, path, (NORMAL, FACTORS), 0)
        out = []
        for m in range(steps, 0, -1):
            streams = BRIDGE, FACTORS_BRIDGE
            e = normals_of_step(case, plan, path, streams, steps - m) if m > 1 else [0.0] * len(left)
            out.append([r / m + x * math.sqrt((m - 1) / (m * steps)) for r, x in zip(left, e, strict=True)])
            left = [r - x for r, x in zip(left, out[-1], strict=True)]
        return out
    out = []
    for step in range(steps):
        z = normals_of_step(case, plan, path, (NORMAL, FACTORS), step)
        m = 1.0 if dof is None else mixing(uniform(draw(path, MIXING, step, 0, plan.seed)[0]), dof)
        out.append([m * x / math.sqrt(steps) for x in z])
    return out


def correlating(dependence, count):
    """The matrix that makes correlated innovations of `count` independent ones."""
    if hasattr(dependence, "loadings"):
        return np.hstack([np.diag(dependence.own), dependence.loadings])
    return getattr(dependence, "factor", np.eye(count))


def returns(case, plan, path):
    """Returns of one path: a list a step, a number an asset."""
    market = case.market
    step = plan.horizon / plan.steps
    out = []
    for z in innovations(case, plan, path):
        rows = correlating(market.dependence, len(z))
        x = [math.fsum(f * e for f, e in zip(row, z, strict=True)) for row in rows]
        unit = math.sqrt(plan.horizon)
        out.append([d * step + s * unit * e for d, s, e in zip(market.drift, market.scale, x, strict=True)])
    return out


def losses_from_returns(case, step_returns):
    """Loss of every node on one path: returns of steps add up, log returns before they compound."""
    market, pools = case.market, case.pools
    horizon = [math.fsum(column) for column in zip(*step_returns, strict=True)]
    growth = [math.expm1(r) if market.compounding == "log" else r for r in horizon]
    members = {pool.name: pool.members for pool in pools.pools}
    out = {p.name: -p.value * growth[market.names.index(p.asset)] for p in pools.positions}

    def loss(node):
        return out[node] if node in out else math.fsum(loss(member) for member in members[node])

    return {node: loss(node) for node in pools.names}


def losses(case, plan, path):
    """Loss of every node on one path."""
    return losses_from_returns(case, returns(case, plan, path))


def bracket(losses, low, high):
    """How many lie above a bracket, at its high end, inside, at its low end; the excess over it; what lies inside."""
    above = at_high = at_low = 0
    excess, inside = 0.0, []
    for loss in losses:
        if loss > high:
            above += 1
            excess += loss - high
        elif loss == high:
            at_high += 1
        elif loss > low:
            inside.append(loss)
        elif loss == low:
            at_low += 1
    return [above, at_high, len(inside), at_low], excess, inside
