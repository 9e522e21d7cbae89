"""Figures against exact laws, at a million paths: within 5.85 closed-form standard errors.

Each wrong variant that is easy to write (a transposed factor, a t of the wrong variance, sqrt-of-time on t steps)
must fail the very check that the engine passes.
"""

import functools
import math

import numpy as np
import pytest
from closed_forms import (
    benefit,
    density,
    excess_moments,
    joint_tail,
    linear,
    log_student_t,
    lognormal,
    pooling_ratio,
    portfolio,
    quantile,
    t3_sum_cdf,
    t3_sum_density,
    t3_sum_value_at_risk,
)
from numpy.testing import assert_allclose
from scipy import integrate, stats
from statistics_helpers import LIMIT, assert_right, correlation_errors_away, errors_away, sample_errors_away
from summaries import summarise

import analysis
from analysis.estimate import benefit as benefit_of
from analysis.estimate import total
from analysis.figures import estimate_of
from simcore import Case, Market, Plan, Pool, PoolTree, Position, factor, replay, simulate

PATHS = 1_000_000
SEED = 42
CONFIDENCES = (0.95, 0.99)
TAIL = [(measure, c) for measure in ("value_at_risk", "expected_shortfall") for c in CONFIDENCES]
RISK = [("volatility", None), *TAIL]
FIGURES = [("mean", None), *RISK]

VALUES = np.array([100.0, 250.0, -80.0, 40.0])
MU = np.array([0.08, 0.12, 0.05, 0.15])
SIGMA = np.array([0.20, 0.30, 0.15, 0.45])
CORRELATION = np.array([[1.0, 0.6, 0.3, -0.2], [0.6, 1.0, 0.5, 0.1], [0.3, 0.5, 1.0, 0.4], [-0.2, 0.1, 0.4, 1.0]])
HORIZON = 0.25


def one_pool(values, mu, sigma, correlation, *, compounding, dof=None):
    """A case whose positions, one per asset, are all in one pool."""
    names = [f"asset {i}" for i in range(len(values))]
    moments = {"expected_return": mu, "volatility": sigma, "correlation": correlation}
    market = Market.from_moments(names, **moments, compounding=compounding, dof=dof)
    positions = [Position(name, name, float(value)) for name, value in zip(names, values, strict=True)]
    return Case("base", market, PoolTree(positions, [Pool("pool", names)]))


def equal_pool(members, correlation, dof=None):
    """Equal members, simple compounding, no drift."""
    matrix = np.full((members, members), correlation)
    np.fill_diagonal(matrix, 1.0)
    numbers = np.full(members, 100.0), np.zeros(members), np.full(members, 0.2)
    return one_pool(*numbers, matrix, compounding="simple", dof=dof)


def run(case, *, paths=PATHS, horizon=HORIZON, **options):
    """The summaries of every node."""
    return simulate([case], Plan(paths, horizon, SEED, CONFIDENCES, **options))["base"]


def compared(summaries, members, measure, confidence):
    """Pooled, unpooled and benefit."""
    pooled = estimate_of(summaries["pool"], measure, confidence)
    unpooled = total([estimate_of(summaries[member], measure, confidence) for member in members])
    return pooled, unpooled, benefit_of(pooled, unpooled)


@functools.cache
def linear_run(dof):
    return run(one_pool(VALUES, MU, SIGMA, CORRELATION, compounding="simple", dof=dof))


# t with 4 degrees of freedom has no fourth moment, so that its volatility has no standard error to measure with
LINEAR = [(dof, *figure) for dof in (None, 6.0, 4.0) for figure in FIGURES if (dof, figure[0]) != (4.0, "volatility")]


@pytest.mark.parametrize(("dof", "measure", "confidence"), LINEAR)
def test_linear_portfolio(dof, measure, confidence):
    summaries = linear_run(dof)
    for i, (value, mu, sigma) in enumerate(zip(VALUES, MU, SIGMA, strict=True)):
        alone = linear(*portfolio([value], [mu], [sigma], [[1.0]], HORIZON), measure, confidence, dof)
        assert_right(estimate_of(summaries[f"asset {i}"], measure, confidence), alone, PATHS)
    pooled = linear(*portfolio(VALUES, MU, SIGMA, CORRELATION, HORIZON), measure, confidence, dof)
    assert_right(estimate_of(summaries["pool"], measure, confidence), pooled, PATHS)


@pytest.mark.parametrize(("measure", "confidence"), TAIL)
def test_log_student_t_has_var_and_es_of_a_long(measure, confidence):
    summaries = run(one_pool([100.0], [0.1], [0.4], [[1.0]], compounding="log", dof=4.0))
    location, scale = (0.1 - 0.4**2 / 2.0) * HORIZON, 0.4 * math.sqrt(HORIZON)
    truth = log_student_t(100.0, location, scale, measure, confidence, 4.0)
    assert_right(estimate_of(summaries["pool"], measure, confidence), truth, PATHS)


@pytest.mark.parametrize("collapse", [True, False])
@pytest.mark.parametrize("steps", [1, 2, 12])
def test_geometric_brownian_motion(steps, collapse):
    """Mean, variance, and the quantiles of both sides: those of the upper one are the losses of a short."""
    mu, sigma, horizon = 0.12, 0.35, 2.0
    market = Market.from_moments(["a"], expected_return=[mu], volatility=[sigma], correlation=[[1.0]])
    case = Case("base", market, PoolTree([Position("long", "a", 100.0), Position("short", "a", -70.0)]))
    summaries = run(case, horizon=horizon, steps=steps, collapse=collapse)
    drift, scale = (mu - sigma**2 / 2.0) * horizon, sigma * math.sqrt(horizon)
    assert_allclose(lognormal(100.0, drift, scale, "mean").value, 100.0 * (1.0 - math.exp(mu * horizon)), rtol=1e-12)
    for node, value in {"long": 100.0, "short": -70.0}.items():
        for measure, confidence in FIGURES:
            truth = lognormal(value, drift, scale, measure, confidence)
            assert_right(estimate_of(summaries[node], measure, confidence), truth, PATHS)


@pytest.mark.parametrize("collapse", [True, False])
@pytest.mark.parametrize("steps", [2, 12])
def test_compounded_step_returns_are_the_same_lognormal(steps, collapse):
    paths, mu, sigma, horizon = PATHS, 0.12, 0.35, 2.0
    case = one_pool([100.0], [mu], [sigma], [[1.0]], compounding="log")
    plan = Plan(paths, horizon, SEED, CONFIDENCES, steps=steps, collapse=collapse)
    returns = replay(case, plan, np.arange(paths)).returns[:, :, 0]
    drift, scale = (mu - sigma**2 / 2.0) * horizon, sigma * math.sqrt(horizon)
    losses = summarise(100.0 * (1.0 - np.exp(returns.sum(axis=1))), batch_paths=2048)
    for measure, confidence in FIGURES:
        truth = lognormal(100.0, drift, scale, measure, confidence)
        assert_right(estimate_of(losses, measure, confidence), truth, paths)
    points = stats.norm.ppf(np.linspace(0.01, 0.99, 25))
    for step in range(steps):
        standard = (returns[:, step] - drift / steps) / (scale / math.sqrt(steps))
        assert sample_errors_away(standard, stats.norm.cdf, points) <= LIMIT
        assert errors_away(standard.mean(), linear(0.0, 1.0, "mean"), paths) <= LIMIT
        assert errors_away(standard.std(), linear(0.0, 1.0, "volatility"), paths) <= LIMIT
        for other in range(step):
            assert correlation_errors_away(returns[:, other], returns[:, step]) <= LIMIT


@pytest.mark.parametrize("collapse", [True, False])
def test_simple_returns_add_over_steps(collapse):
    case = one_pool(VALUES, MU, SIGMA, CORRELATION, compounding="simple")
    summaries = run(case, steps=12, collapse=collapse)
    for measure, confidence in FIGURES:
        pooled = linear(*portfolio(VALUES, MU, SIGMA, CORRELATION, HORIZON), measure, confidence)
        assert_right(estimate_of(summaries["pool"], measure, confidence), pooled, PATHS)
    some = replay(case, Plan(PATHS, HORIZON, SEED, CONFIDENCES, steps=12, collapse=collapse), np.arange(5000))
    added = -(some.returns.sum(axis=1) * VALUES).sum(axis=1)
    assert_allclose(some.losses["pool"], added, rtol=1e-12, atol=1e-12 * np.abs(VALUES).sum())


@pytest.mark.parametrize("dof", [None, 6.0], ids=["normal", "t6"])
@pytest.mark.parametrize(("members", "correlation"), [(10, 0.3), (4, 0.0), (25, 0.0), (5, -0.2)])
def test_benefit_of_an_equicorrelated_pool(members, correlation, dof):
    """1 - sqrt(rho + (1 - rho) / n), whatever the measure; 1 - 1 / sqrt(n) where a correlation of 0 was stated."""
    summaries = run(equal_pool(members, correlation, dof))
    for measure, confidence in RISK:
        estimate = compared(summaries, [f"asset {i}" for i in range(members)], measure, confidence)[2]
        truth = benefit(correlation, members, measure, confidence, dof)
        if correlation == 0.0:
            assert_allclose(truth.value, 1.0 - 1.0 / math.sqrt(members), rtol=1e-15)
        assert_right(estimate, truth, PATHS)


@pytest.mark.parametrize("dof", [None, 4.0], ids=["normal", "t4"])
@pytest.mark.parametrize("compounding", ["simple", "log"])
def test_correlation_1_leaves_no_benefit(compounding, dof):
    """Comonotone losses: quantiles add; under log compounding only quantiles do."""
    values, mu, sigma = [100.0, 250.0, 80.0, 40.0, 1.0], [0.08, 0.0, 0.05, -0.15, 0.1], [0.2, 0.3, 0.15, 0.45, 0.01]
    case = one_pool(values, mu, sigma, np.ones((5, 5)), compounding=compounding, dof=dof)
    summaries = run(case)
    for measure, confidence in RISK if compounding == "simple" else TAIL:
        pooled, unpooled, estimate = compared(summaries, [f"asset {i}" for i in range(5)], measure, confidence)
        assert abs(estimate.value) <= 1e-12
        assert estimate.std_error <= 1e-12
        assert_allclose(pooled.std_error, unpooled.std_error, rtol=1e-9)


T3_SIGMA, T3_STEPS = 0.2, 10
GRID = np.concatenate([np.linspace(-12.0, 12.0, 49), [-30.0, -20.0, 20.0, 30.0]])


@pytest.fixture(scope="module")
def t3_steps():
    """Ten t3 steps over ten years, in units of one step's deviation: the sample, and its summary in currency."""
    case = one_pool([1.0], [0.0], [T3_SIGMA], [[1.0]], compounding="simple", dof=3.0)
    plan = Plan(PATHS, float(T3_STEPS), SEED, CONFIDENCES, steps=T3_STEPS, outputs=("losses",))
    result = simulate([case], plan)
    return result.outputs["base"].losses["pool"] / T3_SIGMA, result["base"]["pool"]


def test_ten_t3_steps_are_their_convolution(t3_steps):
    sample, summary = t3_steps
    assert sample_errors_away(sample, lambda x: t3_sum_cdf(x, T3_STEPS), GRID) <= LIMIT
    for confidence in CONFIDENCES:
        truth = t3_sum_value_at_risk(T3_SIGMA, confidence, T3_STEPS)
        assert_right(estimate_of(summary, "value_at_risk", confidence), truth, PATHS)


def test_ten_t3_steps_are_not_a_scaled_t3(t3_steps):
    sample, summary = t3_steps
    unit = math.sqrt(T3_STEPS / 3.0)
    assert sample_errors_away(sample, lambda x: stats.t.cdf(x / unit, 3.0), GRID) > LIMIT
    for confidence in CONFIDENCES:
        scaled = linear(0.0, T3_SIGMA * math.sqrt(T3_STEPS), "value_at_risk", confidence, 3.0)
        assert errors_away(estimate_of(summary, "value_at_risk", confidence).value, scaled, PATHS) > LIMIT


def test_square_root_of_time_on_a_t3_step_fails():
    """The control of the convolution: one step, scaled, is refused by the check that ten steps pass."""
    case = one_pool([1.0], [0.0], [T3_SIGMA], [[1.0]], compounding="simple", dof=3.0)
    result = simulate([case], Plan(PATHS, 1.0, SEED, CONFIDENCES, outputs=("losses",)))
    scaled = result.outputs["base"].losses["pool"] * math.sqrt(T3_STEPS)
    assert sample_errors_away(scaled / T3_SIGMA, lambda x: t3_sum_cdf(x, T3_STEPS), GRID) > LIMIT
    for confidence in CONFIDENCES:
        truth = t3_sum_value_at_risk(T3_SIGMA, confidence, T3_STEPS)
        assert errors_away(analysis.value_at_risk(scaled, confidence), truth, PATHS) > LIMIT


def test_a_transposed_factor_fails():
    """The engine's own normals, correlated by hand: L passes, L' is refused for the pool and for single assets."""
    independent = one_pool(VALUES, np.zeros(4), np.ones(4), np.eye(4), compounding="simple")
    plan = Plan(PATHS, 1.0, SEED, CONFIDENCES, outputs=("returns",))
    normals = simulate([independent], plan).outputs["base"].returns[:, 0, :]
    lower = factor(CORRELATION, ["a", "b", "c", "d"])
    pool = linear(*portfolio(VALUES, np.zeros(4), SIGMA, CORRELATION, 1.0), "volatility")
    first = linear(*portfolio(VALUES[:1], [0.0], SIGMA[:1], [[1.0]], 1.0), "volatility")
    for matrix, right in ((lower, True), (lower.T, False)):
        losses = -(normals @ matrix.T) * SIGMA * VALUES
        assert (errors_away(analysis.volatility(losses.sum(axis=1)), pool, PATHS) <= LIMIT) is right
        assert (errors_away(analysis.volatility(losses[:, 0]), first, PATHS) <= LIMIT) is right


@pytest.mark.parametrize("dof", [4.0, 6.0])
def test_a_student_t_without_unit_variance_fails(dof):
    case = one_pool([100.0], [0.0], [0.2], [[1.0]], compounding="simple", dof=dof)
    result = simulate([case], Plan(PATHS, 1.0, SEED, CONFIDENCES, outputs=("losses",)))
    losses = result.outputs["base"].losses["pool"]
    for measure, confidence in TAIL if dof == 4.0 else RISK:
        truth = linear(0.0, 20.0, measure, confidence, dof)
        for stretch, right in ((1.0, True), (math.sqrt(dof / (dof - 2.0)), False)):
            estimate = estimate_of(summarise(losses * stretch, batch_paths=4096), measure, confidence)
            assert (errors_away(estimate.value, truth, PATHS) <= LIMIT) is right


# The closed forms themselves, against quadrature of their definitions.


@pytest.mark.parametrize("dof", [None, 3.0, 4.0, 6.5])
def test_tail_moments_are_the_integrals_they_name(dof):
    x = quantile(0.95, dof)
    for power, closed in enumerate(excess_moments(x, dof), start=1):
        area = integrate.quad(lambda u, k=power: (u - x) ** k * density(u, dof), x, math.inf, epsabs=0.0)[0]
        assert_allclose(closed, area, rtol=1e-7)


@pytest.mark.parametrize("law", ["normal", "t4", "long", "short", "log t4"])
def test_expected_shortfall_is_the_mean_of_value_at_risk_beyond(law):
    def truth(measure, confidence):
        if law in ("long", "short"):
            return lognormal(100.0 if law == "long" else -100.0, 0.05, 0.3, measure, confidence).value
        if law == "log t4":
            return log_student_t(100.0, 0.05, 0.3, measure, confidence, 4.0).value
        return linear(1.0, 2.0, measure, confidence, {"normal": None, "t4": 4.0}[law]).value

    area = integrate.quad(lambda u: truth("value_at_risk", u), 0.95, 1.0, limit=200)[0]
    assert_allclose(truth("expected_shortfall", 0.95), area / 0.05, rtol=1e-6)


@pytest.mark.parametrize("value", [100.0, -70.0])
@pytest.mark.parametrize(("measure", "confidence"), [f for f in FIGURES if f[0] != "value_at_risk"])
def test_lognormal_spreads_are_those_of_the_influence_functions(value, measure, confidence):
    drift, scale = 0.05, 0.4
    mean = lognormal(value, drift, scale, "mean").value
    truth = lognormal(value, drift, scale, measure, confidence)
    threshold = lognormal(value, drift, scale, "value_at_risk", confidence).value if confidence else 0.0
    influence = {
        "mean": lambda loss: loss - truth.value,
        "volatility": lambda loss: ((loss - mean) ** 2 - truth.value**2) / (2.0 * truth.value),
        "expected_shortfall": lambda loss: threshold + max(0.0, loss - threshold) / (1.0 - confidence) - truth.value,
    }[measure]
    square = lambda z: influence(value * (1.0 - math.exp(drift + scale * z))) ** 2 * density(z)  # noqa: E731
    bend = math.copysign(quantile(confidence), -value) if confidence else 0.0
    parts = [integrate.quad(square, *ends, epsrel=1e-10)[0] for ends in ((-12.0, bend), (bend, 12.0))]
    assert_allclose(truth.spread, math.sqrt(sum(parts)), rtol=1e-6)


def test_joint_tails_are_those_of_the_bivariate_laws():
    x, shape = quantile(0.95), [[1.0, 0.4], [0.4, 1.0]]
    assert_allclose(joint_tail(0.4, x, "value_at_risk"), stats.multivariate_normal.cdf([-x, -x], cov=shape), rtol=1e-6)
    x, unit = quantile(0.95, 6.0), math.sqrt(6.0 / 4.0)
    law = stats.multivariate_t(shape=shape, df=6.0, seed=1)
    by_lattice = law.cdf([-x * unit, -x * unit], maxpts=400_000)
    assert_allclose(joint_tail(0.4, x, "value_at_risk", 6.0), by_lattice, rtol=1e-3)
    independent = excess_moments(quantile(0.95))[0] ** 2
    assert_allclose(joint_tail(0.0, quantile(0.95), "expected_shortfall"), independent, rtol=1e-8)


@pytest.mark.parametrize("steps", [1, 2, 10])
def test_the_sum_of_t3_is_the_inverse_of_its_characteristic_function(steps):
    x, h = np.array([-7.5, -1.0, 0.0, 0.3, 2.0, 9.0]), 1e-4
    u = (np.arange(400_000) + 0.5) * h
    powered = (np.exp(-u) * (1.0 + u)) ** steps
    assert_allclose(t3_sum_density(x, steps), [np.sum(powered * np.cos(u * v)) * h / math.pi for v in x], atol=1e-9)
    assert_allclose(
        t3_sum_cdf(x, steps), [0.5 + np.sum(powered * np.sin(u * v) / u) * h / math.pi for v in x], atol=1e-9
    )
    if steps == 1:
        assert_allclose(t3_sum_cdf(x, 1), stats.t.cdf(x * math.sqrt(3.0), 3.0), atol=1e-14)


def test_the_pooling_ratio():
    assert pooling_ratio(1.0, 7) == 1.0
    assert pooling_ratio(0.0, 25) == 0.2
    by_hand = math.sqrt(0.37) * math.sqrt((1.0 - 2.0 * 0.37 + (1.0 + 9.0 * 0.3**2) / 10.0) / 2.0)
    assert_allclose(benefit(0.3, 10, "volatility").spread, by_hand, rtol=1e-12)
