"""Who races: each peer takes the same work, and gives volatility, VaR and ES of the pool and every position.

A rival may have several forms; a trial before each race picks the fastest of them on this machine.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from itertools import product

import numpy as np
from blocked import blocked_table, mkl_draw, numpy_draw
from work import ES, HORIZON, VAR, Floats, Work


@dataclass(frozen=True)
class Form:
    """How a peer runs: threads of its own pool, threads of its BLAS, and MKL's generator and method."""

    pool: int = 1
    blas: int = 1
    brng: str = ""
    method: str = ""

    def __str__(self) -> str:
        words = [
            self.method,
            self.brng,
            f"pool of {self.pool}" * (self.pool > 1),
            f"BLAS {self.blas}" * (self.blas > 1),
        ]
        return ", ".join(filter(None, words)) or "one thread"


@dataclass(frozen=True, eq=False)
class Figures:
    """Columns volatility, VaR, ES; the pool's row, then one for each position; simcore alone knows standard errors."""

    value: Floats
    std_error: Floats | None = None


def simcore_figures(job: Work, seed: int, form: Form) -> Figures:
    """This project, from arrays to estimates with standard errors and intervals; every step is drawn."""
    from analysis import estimate_of  # here, so that no rival's memory holds it
    from simcore import Case, Market, Plan, Pool, PoolTree, Position, simulate

    names = [f"asset {i}" for i in range(len(job.volatility))]
    zero = np.zeros(len(names))
    market = Market.from_moments(names, expected_return=zero, volatility=job.volatility, correlation=job.correlation)
    tree = PoolTree([Position(name, name, 1.0) for name in names], [Pool("pool", tuple(names))])
    plan = Plan(job.paths, HORIZON, seed, (ES, VAR), steps=job.steps, collapse=job.steps == 1)
    summaries = simulate([Case("base", market, tree)], plan, threads=form.pool)["base"]
    columns = (("volatility", None), ("value_at_risk", VAR), ("expected_shortfall", ES))
    rows = [[estimate_of(summaries[node], *column) for column in columns] for node in ("pool", *names)]
    value, error = ([[getattr(cell, name) for cell in row] for row in rows] for name in ("value", "std_error"))
    return Figures(np.array(value, dtype=float), np.array(error, dtype=float))


def numpy_figures(job: Work, seed: int, form: Form) -> Figures:
    """What one writes in NumPy: one matrix of paths, a product for each step, exp, partition."""
    rng = np.random.default_rng(seed)
    factor = np.linalg.cholesky(job.correlation)

    def step() -> Floats:
        return (rng.standard_normal((job.paths, len(factor))) @ factor.T) * job.scale + job.drift

    returns = step()
    for _ in range(job.steps - 1):
        returns += step()
    losses = 1.0 - np.exp(returns)
    at_var, from_es = job.ranks
    table = []
    for sample in (losses.sum(axis=1), *losses.T):
        ordered = np.partition(sample, (at_var, from_es))
        table.append((sample.std(), ordered[at_var], ordered[from_es:].mean()))
    return Figures(np.array(table))


def tuned_figures(job: Work, seed: int, form: Form) -> Figures:
    """NumPy at its best."""
    return Figures(blocked_table(job, form.pool, partial(numpy_draw, job, seed, method=form.method)))


def mkl_figures(job: Work, seed: int, form: Form) -> Figures:
    """mkl_random at its best."""
    source = partial(mkl_draw, job, seed, brng=form.brng, method=form.method)
    return Figures(blocked_table(job, form.pool, source))


PEERS: dict[str, Callable[[Work, int, Form], Figures]] = {
    "simcore": simcore_figures,
    "numpy": numpy_figures,
    "numpy tuned": tuned_figures,
    "mkl_random": mkl_figures,
}
MISSING = {"mkl_random": "mkl_random is not installed: .venv/bin/python -m pip install -c constraints.txt mkl_random"}


def missing(peer: str) -> str:
    """Why the peer cannot race; empty when it can."""
    return MISSING[peer] if peer in MISSING and not find_spec(peer) else ""


def forms(peer: str, threads: int) -> list[Form]:
    """What the peer may try with so many threads; a pool of threads goes with one thread in BLAS.

    MKL's `cholesky` holds the interpreter lock: no pool helps it, so there its BLAS has the threads.
    """
    if peer == "numpy":
        return [Form(blas=blas) for blas in range(1, threads + 1)]
    if peer == "numpy tuned":
        return [Form(threads, method=method) for method in ("dot", "trmm")]
    if peer == "mkl_random":
        ways = product(("SFMT19937", "MRG32K3A"), ("dot", "trmm"))
        return [
            *(Form(threads, 1, brng, method) for brng, method in ways),
            Form(1, threads, "SFMT19937", "cholesky"),
        ]
    return [Form(threads)]
