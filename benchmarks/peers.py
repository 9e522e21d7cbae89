"""Who races: each peer takes the same work, and gives volatility, VaR and ES of the pool and every position.

A rival may have several forms; a trial before each race picks the fastest of them on this machine. `usual.py` has the
rivals as their documentation shows them, `blocked.py` those that are tuned; "pilot": the tail is bounded as in simcore.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from itertools import product
from typing import Any

import usual
from blocked import blocked_table, mkl_draw, numpy_draw, torch_draw, torch_exp

from analysis.bench_work import Figures, Floats, Work, numpy_figures, simcore_figures, usual_figures


@dataclass(frozen=True)
class Form:
    """How a peer runs: threads of its own pool, threads of its BLAS, and its generator and method."""

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


def _usual(returns: Callable[[Work, int], Floats], job: Work, seed: int, form: Form) -> Figures:
    """A rival as one usually writes it."""
    return usual_figures(returns(job, seed), job)


def numpy_tuned(job: Work, seed: int, form: Form, *, pilot: bool = False) -> Figures:
    """NumPy in blocks."""
    source = partial(numpy_draw, job, seed, method=form.method)
    return Figures(blocked_table(job, form.pool, source, pilot=pilot))


def mkl_tuned(job: Work, seed: int, form: Form, *, pilot: bool = False) -> Figures:
    """mkl_random in blocks."""
    source = partial(mkl_draw, job, seed, brng=form.brng, method=form.method)
    return Figures(blocked_table(job, form.pool, source, pilot=pilot))


def torch_tuned(job: Work, seed: int, form: Form, *, pilot: bool = False) -> Figures:
    """PyTorch in blocks."""
    torch: Any = import_module("torch")
    torch.set_num_threads(form.blas)
    return Figures(blocked_table(job, form.pool, partial(torch_draw, job, seed), torch_exp, pilot=pilot))


PEERS: dict[str, Callable[[Work, int, Form], Figures]] = {
    "simcore": lambda job, seed, form: simcore_figures(job, seed, form.pool),
    "numpy": lambda job, seed, form: numpy_figures(job, seed),
    "scipy": partial(_usual, usual.scipy_returns),
    "mkl_random": partial(_usual, usual.mkl_returns),
    "QuantLib": partial(_usual, usual.quantlib_returns),
    "jax": lambda job, seed, form: Figures(usual.jax_table(job, seed, form.brng, form.blas)),
    "numpy tuned": numpy_tuned,
    "mkl_random tuned": mkl_tuned,
    "torch tuned": torch_tuned,
    "numpy, pilot": partial(numpy_tuned, pilot=True),
    "mkl_random, pilot": partial(mkl_tuned, pilot=True),
    "torch, pilot": partial(torch_tuned, pilot=True),
}
_SINGLE = ("simcore", "numpy", "jax", "numpy tuned", "torch tuned", "numpy, pilot", "torch, pilot")
SHARE = {"QuantLib": 40}  # does so much less of the work, and its seconds count so often: it is that slow


def _library(peer: str) -> str:
    """The package that the peer is made of."""
    return peer.replace(",", " ").split()[0]


def missing(peer: str, n: int = 0, precision: str = "double") -> str:
    """Why the peer cannot race; empty when it can."""
    if not find_spec(package := _library(peer)):
        return f"{package} is not installed: see benchmarks/README.md"
    if precision == "single" and peer not in _SINGLE:
        return f"{peer} draws no float32"
    return "QuantLib takes minutes for so many assets" if peer == "QuantLib" and n > 50 else ""


def forms(peer: str, threads: int, *, short: bool = False) -> list[Form]:
    """What the peer may try with so many threads; a pool of threads goes with one thread in BLAS.

    A short job may be done faster by one thread, which simcore finds out by itself. MKL's `cholesky` holds the
    interpreter lock: a pool helps only what comes after it, so there its BLAS may have the threads, too.
    """
    if peer in ("numpy", "scipy", "mkl_random"):
        return [Form(blas=blas) for blas in range(1, threads + 1)]
    if peer == "QuantLib":
        return [Form()]
    if peer == "jax":
        return [Form(blas=threads, brng=brng) for brng in ("threefry2x32", "rbg")]
    if peer == "simcore":
        return [Form(threads)]
    pools = range(1, threads + 1) if short else [threads]
    library = _library(peer)
    if library == "numpy":
        return [Form(pool, method=method) for pool in pools for method in ("dot", "trmm")]
    if library == "torch":
        return [*map(Form, pools), *([Form(1, threads)] if threads > 1 else [])]
    cholesky = [Form(pool, 1, "SFMT19937", "cholesky") for pool in pools]
    if threads > 1:
        cholesky.append(Form(1, threads, "SFMT19937", "cholesky"))
    if peer == "mkl_random tuned":
        return cholesky
    ways = product(pools, ("SFMT19937", "MRG32K3A"), ("dot", "trmm"))
    return [*(Form(pool, 1, brng, method) for pool, brng, method in ways), *cholesky]
