"""The same work for every peer: simulate, compound, pool, and measure the pool and every position.

Each function gives volatility, VaR 99 % and ES 97.5 % of the pool, then of every position: shape (n + 1, 3).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis import estimate_of
from simcore import Case, Market, Plan, Pool, PoolTree, Position, simulate

HORIZON = 1.0 / 12.0
VAR, ES = 0.99, 0.975

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Work:
    """n assets with a random correlation matrix (few factors and own noise), value 1 each, in one pool."""

    paths: int
    volatility: Floats
    correlation: Floats


def work(n: int, paths: int) -> Work:
    """A problem of n assets; the same one for the same n."""
    rng = np.random.default_rng(0)
    loadings = 0.5 * rng.standard_normal((n, max(3, n // 10)))
    covariance = loadings @ loadings.T + np.diag(rng.uniform(0.5, 1.5, n))
    deviation = np.sqrt(np.diag(covariance))
    correlation = covariance / deviation[:, None] / deviation
    correlation = (correlation + correlation.T) / 2.0
    np.fill_diagonal(correlation, 1.0)
    return Work(paths, rng.uniform(0.1, 0.4, n), correlation)


def simcore_table(job: Work, seed: int, threads: int) -> Floats:
    """This project, from arrays to estimates with their standard errors and intervals."""
    names = [f"asset {i}" for i in range(len(job.volatility))]
    zero = np.zeros(len(names))
    market = Market.from_moments(names, expected_return=zero, volatility=job.volatility, correlation=job.correlation)
    tree = PoolTree([Position(name, name, 1.0) for name in names], [Pool("pool", tuple(names))])
    plan = Plan(job.paths, HORIZON, seed, (ES, VAR))
    summaries = simulate([Case("base", market, tree)], plan, threads=threads)["base"]
    figures = (("volatility", None), ("value_at_risk", VAR), ("expected_shortfall", ES))
    table = [[estimate_of(summaries[node], *figure).value for figure in figures] for node in ("pool", *names)]
    return np.array(table, dtype=np.float64)


def numpy_table(job: Work, seed: int) -> Floats:
    """What one writes in NumPy: one matrix of paths, one product, exp, partition; no errors."""
    n = len(job.volatility)
    factor = np.linalg.cholesky(job.correlation)
    z = np.random.default_rng(seed).standard_normal((job.paths, n))
    scale = job.volatility * np.sqrt(HORIZON)
    losses = 1.0 - np.exp((z @ factor.T) * scale - 0.5 * scale * scale)
    k_var, k_es = int(np.ceil(VAR * job.paths)) - 1, int(np.ceil(ES * job.paths)) - 1
    table = []
    for sample in (losses.sum(axis=1), *losses.T):
        ordered = np.partition(sample, (k_es, k_var))
        table.append((sample.std(), ordered[k_var], ordered[k_es:].mean()))
    return np.array(table)
