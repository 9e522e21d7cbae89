"""The rivals as their documentation shows them: one array of all paths, a product for each step, exp, partition."""

import os
from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np
from blocked import measured

from analysis.bench_work import HORIZON, Floats, Work


def scipy_returns(job: Work, seed: int) -> Floats:
    """SciPy's multivariate normal, given its factor."""
    from scipy.stats import Covariance, multivariate_normal

    rng = np.random.default_rng(seed)
    covariance: Any = Covariance.from_cholesky(job.factor)  # its own annotation says a number
    law = multivariate_normal(job.drift, covariance)
    returns = law.rvs(job.paths, random_state=rng)
    for _ in range(job.steps - 1):
        returns += law.rvs(job.paths, random_state=rng)
    return returns


def mkl_returns(job: Work, seed: int) -> Floats:
    """mkl_random's multivariate normal, by its Cholesky method."""
    mkl: Any = import_module("mkl_random")
    state, factor = mkl.MKLRandomState(seed, brng="SFMT19937"), job.factor
    returns = state.multinormal_cholesky(job.drift, factor, job.paths)
    for _ in range(job.steps - 1):
        returns += state.multinormal_cholesky(job.drift, factor, job.paths)
    return returns


def quantlib_returns(job: Work, seed: int) -> Floats:
    """QuantLib's generator of joint paths."""
    ql: Any = import_module("QuantLib")
    n = len(job.volatility)
    today, days = ql.Date(2, 1, 2024), ql.Actual365Fixed()
    ql.Settings.instance().evaluationDate = today
    spot, zero = ql.QuoteHandle(ql.SimpleQuote(1.0)), ql.YieldTermStructureHandle(ql.FlatForward(today, 0.0, days))
    processes = []
    for sigma in job.volatility.tolist():
        volatility = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), sigma, days))
        processes.append(ql.BlackScholesMertonProcess(spot, zero, zero, volatility))
    array = ql.StochasticProcessArray(processes, ql.Matrix(job.correlation.tolist()))
    uniforms = ql.UniformRandomSequenceGenerator(n * job.steps, ql.UniformRandomGenerator(seed))
    times = list(ql.TimeGrid(HORIZON, job.steps))
    paths = ql.GaussianMultiPathGenerator(array, times, ql.GaussianRandomSequenceGenerator(uniforms), False)
    ends = []
    for _ in range(job.paths):
        path = paths.next().value()
        ends.append([path[i].back() for i in range(n)])
    return np.log(np.array(ends))


def jax_table(job: Work, seed: int, brng: str, threads: int) -> Floats:
    """JAX: all paths in one compiled function; the measures by NumPy, with a pilot: JAX only sorts, slower."""
    jax, (simulate, key) = import_module("jax"), _jax(job.paths, job.steps, len(job.scale), job.precision, brng)
    growth = np.exp(job.steps * job.drift)
    ends = np.asarray(jax.block_until_ready(simulate(key(seed), job.factor, growth.astype(job.dtype))))
    return measured(ends, job, threads, pilot=True)


@lru_cache
def _jax(paths: int, steps: int, n: int, precision: str, brng: str) -> Any:
    """The compiled simulation, and how to make its key."""
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    jax: Any = import_module("jax")
    jax.config.update("jax_enable_x64", True)
    jnp, dtype = jax.numpy, np.float64 if precision == "double" else np.float32

    def simulate(key: Any, factor: Any, weights: Any) -> Any:
        def step(total: Any, one: Any) -> Any:
            return total + factor @ jax.random.normal(one, (n, paths), dtype), None

        x, _ = jax.lax.scan(step, jnp.zeros((n, paths), dtype), jax.random.split(key, steps))
        ends = jnp.exp(x)
        return jnp.concatenate([(weights @ ends)[None], ends])

    return jax.jit(simulate), lambda seed: jax.random.key(seed, impl=brng)
