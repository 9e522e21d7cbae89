"""`simcore bench`: how fast this machine is, beside NumPy's usual code; under a minute, and no more than a first look.

benchmarks/ in the repository has the whole race: more rivals, in their best form, in processes of their own.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any, NamedTuple

from analysis.document import cpu_name
from analysis.text import counted, wrapped

SIZES = ((10, 1, 2_400_000), (50, 1, 480_000), (500, 1, 40_000), (10, 12, 200_000), (50, 12, 40_000))  # n, T, paths
ROUNDS = 3
FURTHEST = 5.85  # standard errors: one false alarm in 1e8 figures, and the whole race compares 20,000


class Raced(NamedTuple):
    """One size: millions of normals a second, how many times as fast as NumPy, and how far apart the figures are."""

    n: int
    steps: int
    paths: int
    simcore: float
    numpy: float
    ratio: float
    distance: float


class Benched(NamedTuple):
    """What a machine did: seconds until the kernels were ready, and every size."""

    ready: float
    threads: int
    sizes: list[Raced]


def bench(*, threads: int, say: Callable[[str], None], sizes: Sequence[tuple[int, int, int]] = SIZES) -> Benched:
    """Race NumPy's usual code on this machine.

    Parameters
    ----------
    threads : int
        Of simcore; NumPy has those that its BLAS takes.
    say : callable
        Told what is being raced.
    sizes : sequence of (assets, steps, paths)
        Every step is drawn by both. NumPy correlates each; simcore their sum, since the factor stays the same.

    Returns
    -------
    Benched
    """
    began = time.perf_counter()
    from analysis.warm import compile_kernels

    compile_kernels(["double"])
    ready = time.perf_counter() - began
    done = []
    for n, steps, paths in sizes:
        say(f"{n} assets, {steps} {'step' if steps == 1 else 'steps'}, {paths:,} paths")
        done.append(_raced(n, steps, paths, threads))
    return Benched(ready, threads, done)


def _raced(n: int, steps: int, paths: int, threads: int) -> Raced:
    from analysis.bench_work import numpy_figures, simcore_figures, work

    job = work(n, paths, steps)
    simcore_figures(work(n, 20_480, steps), 0, threads)
    seconds: list[tuple[float, float]] = []
    distance = 0.0
    for seed in range(1, ROUNDS + 1):
        first = time.perf_counter()
        ours = simcore_figures(job, seed, threads)
        then = time.perf_counter()
        theirs = numpy_figures(job, seed)
        seconds.append((then - first, time.perf_counter() - then))
        distance = max(distance, ours.distance(theirs))
    normals = n * steps * paths / 1e6
    own, numpy = (normals / statistics.median(its) for its in zip(*seconds, strict=True))
    return Raced(n, steps, paths, own, numpy, statistics.median(b / a for a, b in seconds), distance)


def bench_text(benched: Benched) -> str:
    """What `simcore bench` prints."""
    rows = [["assets", "steps", "paths", "simcore", "NumPy", "times as fast"]]
    rows += [
        [str(r.n), str(r.steps), f"{r.paths:,}", f"{r.simcore:,.0f}", f"{r.numpy:,.0f}", f"{r.ratio:.1f}"]
        for r in benched.sizes
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    furthest = max(r.distance for r in benched.sizes)
    verdict = "agree" if furthest < FURTHEST else "do not agree, please report it"
    head = f"{machine()}; {counted(benched.threads, 'thread')}; kernels ready after {benched.ready:.1f} s"
    foot = (
        "Both give volatility, VaR 99 % and ES 97.5 % of a pool and of every position, simcore with standard errors; "
        "NumPy by its usual code: one matrix of paths, z @ L.T, exp, np.partition. "
        f"Their figures {verdict}: at most {furthest:.1f} standard errors apart."
    )
    what = "Millions of normals a second, double precision, every step drawn:"
    return "\n".join([wrapped([head]), "", what, *table, "", wrapped([foot])])


def machine() -> str:
    """The processor and the versions that matter."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("simcore", "numpy", "numba"))
    return f"{cpu_name()}, {counted(os.cpu_count() or 1, 'processor')}; {versions}"


def bench_document(benched: Benched) -> dict[str, Any]:
    """The same as a document."""
    sizes = [raced._asdict() for raced in benched.sizes]
    return {"machine": machine(), "ready_seconds": benched.ready, "threads": benched.threads, "sizes": sizes}
