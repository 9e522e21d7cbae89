"""How simcore's seconds grow, what shared draws save, and how near the machine's limit it is. For `make bench` only.

What is asserted is less than what was measured: a noisy neighbour takes a fifth.
"""

import statistics
from collections.abc import Sequence

import numpy as np
import pytest
from own import Job, alone, simulation_seconds
from roofline import limit
from stopwatch import stopwatch

from simcore.engines import available_threads

GROWTH = {
    "assets": [Job(n, 20_000_000 // max(n, 10)) for n in (2, 10, 50, 200, 500)] + [Job(2000, 20_480)],
    "steps, drawn": [Job(10, 400_000, steps) for steps in (1, 4, 12, 52, 252)],
    "steps, horizon only": [Job(10, 400_000, steps, collapse=True) for steps in (1, 12, 252)],
    "paths": [Job(10, paths) for paths in (100_000, 1_000_000, 10_000_000, 100_000_000)],
    "pools": [Job(50, 50_000, positions=2000, pools=pools) for pools in (1, 10, 100, 1000)],
    "shocks": [Job(50, 200_000, shocks=shocks) for shocks in (0, 1, 5, 10, 20)],
}


@pytest.mark.benchmark(timer=stopwatch)
@pytest.mark.parametrize("what", GROWTH)
def test_growth(benchmark, capsys, what):
    """One thread; seconds of the simulation."""
    jobs = GROWTH[what]
    seconds = alone(simulation_seconds, jobs, 2)
    best = [min(its) for its in seconds]
    benchmark.group, benchmark.name = "growth", what
    lines = [[str(job), job.normals, sum_] for job, sum_ in zip(jobs, best, strict=True)]
    benchmark.extra_info.update(growth=lines)
    with capsys.disabled():
        print(f"\ngrowth with {what}:")
        for job, its in zip(jobs, best, strict=True):
            print(f"  {job}: {its:.3f} s, {job.normals / its / 1e6:.0f} million normals a second")
    stopwatch.replay(benchmark, [sum(best)])


def _ratio(numerator: Sequence[float], denominator: Sequence[float]) -> float:
    return statistics.median(np.array(numerator) / np.array(denominator))


@pytest.mark.benchmark(timer=stopwatch)
@pytest.mark.parametrize(("steps", "least"), [(1, 1.2), (12, 3.0)])
def test_ten_shocks_cost_less_than_ten_runs(benchmark, capsys, steps, least):
    """n = 50, simulation seconds; the ten cases of volatility shocks share draws and products."""
    paths = 480_000 // steps
    together, single = alone(simulation_seconds, [Job(50, paths, steps, shocks=9), Job(50, paths, steps)], 5)
    ratio = 10.0 * _ratio(single, together)
    benchmark.group, benchmark.name = "ten volatility shocks", f"n = 50, T = {steps}"
    benchmark.extra_info.update(claim=f"10 volatility shocks against 10 runs, n = 50, T = {steps}", ratio=ratio)
    with capsys.disabled():
        print(f"\n10 volatility shocks, n = 50, T = {steps}: {ratio:.2f} times as fast as 10 runs")
    stopwatch.replay(benchmark, together)
    assert ratio >= least


@pytest.mark.benchmark(timer=stopwatch)
@pytest.mark.parametrize("n", [10, 50, 500])
@pytest.mark.parametrize(("steps", "least"), [(12, 1.5), (1, 1.2)])
def test_two_threads(benchmark, capsys, n, steps, least):
    """Jobs of half a second and more on one thread."""
    if available_threads() < 2:
        pytest.skip("one processor")
    paths = {10: 12_000_000, 50: 2_400_000, 500: 100_000}[n] if steps == 1 else 36_000_000 // n
    jobs = [Job(n, paths, steps, threads=threads) for threads in (1, 2)]
    one, two = alone(simulation_seconds, jobs, 5)
    ratio = _ratio(one, two)
    benchmark.group, benchmark.name = "two threads", f"n = {n}, T = {steps}"
    benchmark.extra_info.update(claim=f"2 threads against 1, n = {n}, T = {steps}, {min(one):.1f} s", ratio=ratio)
    with capsys.disabled():
        print(f"\n2 threads, n = {n}, T = {steps}: {ratio:.2f} times as fast as 1 ({min(one):.2f} s)")
    stopwatch.replay(benchmark, two)
    assert min(one) >= 0.5
    assert ratio >= least


@pytest.mark.benchmark(timer=stopwatch)
@pytest.mark.parametrize(("n", "promised"), [(10, 0.5), (50, 0.5), (500, 0.6)])
def test_roofline(benchmark, capsys, n, promised):
    """T = 12, every step drawn: seconds that the draws and the product alone would take, over the simulation's."""
    job = Job(n, 48_000_000 // n, 12)
    seconds, least = alone(_against_the_limit, job)
    share = least / statistics.median(seconds)
    benchmark.group, benchmark.name = "roofline", f"n = {n}, T = 12"
    benchmark.extra_info.update(claim=f"share of the machine's limit, n = {n}, T = 12", ratio=share)
    with capsys.disabled():
        print(f"\nroofline, n = {n}, T = 12: {100 * share:.0f} % of the limit")
    stopwatch.replay(benchmark, seconds)
    assert share >= promised


def _against_the_limit(job: Job) -> tuple[list[float], float]:
    before = limit(job.n, job.paths, job.steps)
    (seconds,) = simulation_seconds([job], 5)
    return seconds, (before + limit(job.n, job.paths, job.steps)) / 2.0
