"""simcore alone: how its seconds grow with the size of a job, timed in a process that does nothing else."""

import multiprocessing
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from race import BLAS_THREADS

from analysis.bench_work import ES, HORIZON, VAR, work


@dataclass(frozen=True)
class Job:
    """Positions in n assets, in pools of equal size, under shocks to the volatilities beside the base case."""

    n: int
    paths: int
    steps: int = 1
    positions: int = 0  # as many as assets when 0
    pools: int = 1
    shocks: int = 0
    threads: int = 1
    collapse: bool = False
    confidences: tuple[float, ...] = (ES, VAR)

    @property
    def normals(self) -> int:
        """How many are drawn."""
        return self.n * self.paths * (1 if self.collapse else self.steps)

    def __str__(self) -> str:
        return (
            f"n = {self.n:,}, T = {self.steps}, {self.positions or self.n:,} positions, {self.pools:,} pools, "
            f"{self.shocks} shocks, {self.paths:,} paths"
        )


def alone(function: Callable[..., Any], *arguments: Any) -> Any:
    """What the function gives in a fresh process, whose BLAS has one thread."""
    before = dict(os.environ)
    os.environ |= dict.fromkeys(BLAS_THREADS, "1")
    try:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
            return process.submit(function, *arguments).result()
    finally:
        os.environ.clear()
        os.environ |= before


def simulation_seconds(jobs: list[Job], rounds: int) -> list[list[float]]:
    """Seconds of `simulate` alone, warm, by job and round; the jobs take turns."""
    from simcore import simulate

    prepared = [_cases(job) for job in jobs]
    for (cases, plan), job in zip(prepared, jobs, strict=True):
        simulate(cases, replace(plan, paths=min(plan.paths, 20_480)), threads=job.threads)
    seconds: list[list[float]] = [[] for _ in jobs]
    for _ in range(rounds):
        for (cases, plan), job, its in zip(prepared, jobs, seconds, strict=True):
            start = time.perf_counter()
            simulate(cases, plan, threads=job.threads)
            its.append(time.perf_counter() - start)
    return seconds


def _cases(job: Job) -> tuple[list[Any], Any]:
    from simcore import Case, Market, Plan, Pool, PoolTree, Position

    task = work(job.n, job.paths, job.steps)
    names = [f"asset {i}" for i in range(job.n)]
    market = Market.from_moments(
        names, expected_return=np.zeros(job.n), volatility=task.volatility, correlation=task.correlation
    )
    count = job.positions or job.n
    positions = [Position(f"position {i}", names[i % job.n], 1.0) for i in range(count)]
    pools = [Pool(f"pool {q}", tuple(f"position {i}" for i in range(q, count, job.pools))) for q in range(job.pools)]
    tree = PoolTree(positions, pools)
    cases = [Case("base", market, tree)]
    for i in range(job.shocks):
        scale = market.scale * (1.1 + 0.1 * i)
        cases.append(Case(f"shock {i}", replace(market, scale=scale), tree))
    return cases, Plan(job.paths, HORIZON, 1, job.confidences, steps=job.steps, collapse=job.collapse)
