"""Tuned rivals: blocks that fit the cache, buffers used again, a pool of threads; a pilot if asked for."""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any

import numpy as np

from analysis.bench_work import Floats, Work

BYTES_IN_A_BLOCK = 262_144
FEWEST_PATHS = 256  # below, products of many assets are slow
PILOT = 4_096  # paths that say where the tail begins

Draw = Callable[[], Floats]  # normals, or log returns over all steps less their mean, (n, block)
Exp = Callable[[Floats, Floats], object]  # writes the exponentials of the first into the second


def numpy_draw(job: Work, seed: int, stream: int, block: int, *, method: str) -> Draw:
    """Normals of NumPy's generator with the shortest state, into a buffer."""
    generator = np.random.Generator(np.random.SFC64([seed, stream]))
    z = np.empty((len(job.scale), block), job.dtype)
    return _steps(job, lambda: generator.standard_normal(dtype=job.dtype, out=z), _product(job, block, method))


def mkl_draw(job: Work, seed: int, stream: int, block: int, *, brng: str, method: str) -> Draw:
    """Normals of MKL; by the method `cholesky` MKL multiplies too, in every step, and holds the interpreter lock."""
    mkl: Any = import_module("mkl_random")
    state = mkl.MKLRandomState(1_000_003 * stream + seed, brng=brng)
    n = len(job.scale)
    if method == "cholesky":
        mean, factor = np.zeros(n), job.factor
        return _steps(job, lambda: state.multinormal_cholesky(mean, factor, block).T, lambda x: x)
    return _steps(job, lambda: state.standard_normal((n, block)), _product(job, block, method))


def torch_draw(job: Work, seed: int, stream: int, block: int) -> Draw:
    """Normals and the product of PyTorch, into buffers."""
    torch: Any = import_module("torch")
    generator = torch.Generator().manual_seed(1_000_003 * stream + seed)
    factor = torch.from_numpy(job.factor)
    z, out = (torch.empty((len(job.scale), block), dtype=factor.dtype) for _ in range(2))

    def normals() -> Floats:
        return torch.randn(z.shape, generator=generator, out=z).numpy()

    return _steps(job, normals, lambda x: torch.mm(factor, torch.from_numpy(x), out=out).numpy())


def _steps(job: Work, normals: Draw, multiply: Callable[[Floats], Floats]) -> Draw:
    """All steps: their normals are summed and multiplied once, as simcore does, since the factor stays the same."""

    def draw() -> Floats:
        total = normals()
        if job.steps > 1:
            total = total.copy(order="K")
        for _ in range(job.steps - 1):
            np.add(total, normals(), out=total)
        return multiply(total)

    return draw


def torch_exp(x: Floats, out: Floats) -> None:
    """Exponentials by PyTorch."""
    torch: Any = import_module("torch")
    torch.exp(torch.from_numpy(x), out=torch.from_numpy(out))


def _product(job: Work, block: int, method: str) -> Callable[[Floats], Floats]:
    """Factor times normals: `dot` is NumPy's, `trmm` is SciPy's, in place and with half the operations."""
    factor = job.factor
    if method == "trmm":
        blas: Any = import_module("scipy.linalg.blas")
        trmm = blas.dtrmm if job.precision == "double" else blas.strmm
        factor = np.asfortranarray(factor)
        return lambda z: trmm(1.0, factor, z.T, side=1, lower=1, trans_a=1, overwrite_b=1).T
    out = np.empty((len(factor), block), job.dtype)
    return lambda z: np.dot(factor, z, out=out)


def blocked_table(
    job: Work, threads: int, source: Callable[[int, int], Draw], exp: Exp = np.exp, *, pilot: bool = False
) -> Floats:
    """The whole work, with what `source(stream, block)` draws; a pilot bounds the tail, as in simcore, or none does."""
    n = len(job.volatility)
    block = max(FEWEST_PATHS, BYTES_IN_A_BLOCK // np.dtype(job.dtype).itemsize // n)
    growth = np.exp(job.steps * job.drift)  # value at the horizon = growth x exp(log return less its mean)
    weights = growth.astype(job.dtype)
    ends = np.empty((n + 1, job.paths), job.dtype)  # the pool's value at the horizon, then each position's over growth
    firsts = range(0, job.paths, block)

    def simulate(stream: int) -> None:
        draw = source(stream, block)
        for first in firsts[len(firsts) * stream // threads : len(firsts) * (stream + 1) // threads]:
            last = min(first + block, job.paths)
            x = draw()
            exp(x[:, : last - first], ends[1:, first:last])
            np.dot(weights, ends[1:, first:last], out=ends[0, first:last])

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(simulate, range(threads)))
    return measured(ends, job, threads, pilot=pilot)


def measured(ends: Floats, job: Work, threads: int, *, pilot: bool = False) -> Floats:
    """The table from the pool's value at the horizon and every position's over its growth. ends : (n + 1, paths)"""
    n = len(job.volatility)
    growth = np.exp(job.steps * job.drift)

    def measure(node: int) -> tuple[float, float, float]:
        start, its_growth = (float(n), 1.0) if node == 0 else (1.0, float(growth[node - 1]))
        return _figures(ends[node], job, start, its_growth, pilot=pilot)

    with ThreadPoolExecutor(threads) as pool:
        return np.array(list(pool.map(measure, range(n + 1))))


def _figures(ends: Floats, job: Work, start: float, growth: float, *, pilot: bool) -> tuple[float, float, float]:
    """Volatility, VaR and ES of the loss start - growth x ends, without a sort; reorders `ends` if no pilot helps."""
    at_var, from_es = job.ranks
    tail = job.paths - from_es
    if job.precision == "double":
        mean = ends.mean()
        deviation = np.sqrt(np.dot(ends, ends) / job.paths - mean * mean)
    else:
        deviation = ends.std(dtype=np.float64)  # a sum of squares in float32 would lose its digits
    low = _below_the_pilot(ends, tail) if pilot else ends
    low.partition((job.paths - 1 - at_var, tail - 1))
    lowest = low[:tail].mean(dtype=np.float64)
    return growth * float(deviation), start - growth * float(low[job.paths - 1 - at_var]), start - growth * lowest


def _below_the_pilot(ends: Floats, tail: int) -> Floats:
    """The lowest few, `tail` of them at least: what is below a bound that the first paths give."""
    first = ends[:PILOT]
    expected = tail * len(first) / len(ends)
    beyond = min(len(first) - 1, int(expected + 5.0 * math.sqrt(expected)))
    low = ends[ends < np.partition(first, beyond)[beyond]]
    return low if len(low) >= tail else ends.copy()
