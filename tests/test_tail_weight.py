"""Degrees of freedom by joint maximum likelihood: SciPy's density, a plain EM, samples whose law is known, the ends."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import multivariate_t

from scenarios.tail_weight import LOWEST, fit, tail_weight

R = np.array([[1.0, 0.5, 0.2], [0.5, 1.0, -0.3], [0.2, -0.3, 1.0]])


def student(dof, periods, n, seed):
    """Unit variances, common mixing: the innovations of simcore."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((periods, n))
    return z if math.isinf(dof) else z * np.sqrt((dof - 2.0) / rng.chisquare(dof, (periods, 1)))


def likelihood(x, mean, scatter, dof):
    return multivariate_t(loc=mean, shape=scatter, df=dof).logpdf(x).sum()


def fitted(x, dof):
    """What `fit` finds, with the mean and the scatter that its weights make."""
    found = fit(x, dof, np.ones(len(x)))
    total = found.weights.sum()
    off = x - found.weights @ x / total
    return found, found.weights @ x / total, (off * found.weights[:, None]).T @ off / total


@pytest.mark.parametrize("dof", [2.0, 4.0, 30.0, 1e4])
def test_mean_and_scatter_are_at_the_top_of_scipy_s_likelihood(dof):
    x = 1.0 + student(4.0, 80, 3, 1) @ np.linalg.cholesky(R).T
    found, mean, scatter = fitted(x, dof)
    assert found.log_likelihood == pytest.approx(likelihood(x, mean, scatter, dof), rel=1e-12)
    rng = np.random.default_rng(2)
    for size in (1e-3, 1e-1):
        for _ in range(10):
            mix = np.eye(3) + size * rng.standard_normal((3, 3))
            other = likelihood(x, mean + size * rng.standard_normal(3), mix @ scatter @ mix.T, dof)
            assert other < found.log_likelihood


@pytest.mark.parametrize("dof", [2.5, 6.0, 40.0])
def test_the_score_is_the_slope_of_the_profile(dof):
    x, h = student(5.0, 60, 4, 3), 1e-4 * dof
    low, high = (fit(x, at, np.ones(60)).log_likelihood for at in (dof - h, dof + h))
    assert fit(x, dof, np.ones(60)).score == pytest.approx((high - low) / (2.0 * h), rel=1e-5)


def plain(x):
    """Dempster, Laird and Rubin's EM, which divides by the rows, and a search over dof in each step."""
    periods, n = x.shape
    mean, scatter, dof = x.mean(axis=0), np.cov(x.T).reshape(n, n), 8.0
    for _ in range(300):
        off = x - mean
        weights = (dof + n) / (dof + np.einsum("ti,ij,tj->t", off, np.linalg.inv(scatter), off))
        mean = weights @ x / weights.sum()
        off = x - mean
        scatter = (weights[:, None] * off).T @ off / periods
        found = minimize_scalar(lambda u: -likelihood(x, mean, scatter, math.exp(u)), bounds=(0.7, 6.0))  # noqa: B023
        dof = math.exp(found.x)
    return dof, -found.fun


@pytest.mark.parametrize(("dof", "periods", "n"), [(5.0, 60, 12), (4.0, 100, 1)])
def test_a_plain_em_finds_the_same(dof, periods, n):
    x = student(dof, periods, n, 4)
    found, (other, top) = tail_weight(x), plain(x)
    assert found.dof == pytest.approx(other, rel=1e-4)
    off = x - x.mean(axis=0)
    normal = -0.5 * periods * (n * math.log(2.0 * math.pi) + n + np.linalg.slogdet(off.T @ off / periods)[1])
    assert found.likelihood_ratio == pytest.approx(2.0 * (top - normal), rel=1e-6)


def test_the_standard_error_is_the_curvature_of_the_profile():
    x = student(5.0, 200, 6, 5)
    found = tail_weight(x)
    h = 0.02 * found.dof
    low, mid, high = (fit(x, found.dof + k * h, np.ones(200)).log_likelihood for k in (-1, 0, 1))
    assert found.std_error == pytest.approx(h / math.sqrt(2.0 * mid - low - high), rel=1e-3)


def plugged_in(x):
    """The control: the sample covariance is taken for that of the law."""
    mean, covariance = x.mean(axis=0), np.cov(x.T)

    def worse(u):
        return -likelihood(x, mean, covariance * u / (2.0 + u), 2.0 + u)

    return 2.0 + minimize_scalar(worse, bounds=(0.01, 200.0)).x


@pytest.mark.parametrize(("dof", "periods", "n"), [(6.0, 1000, 5), (5.0, 60, 18), (5.0, 200, 18)])
def test_estimates_lie_within_their_errors_whatever_the_rows(dof, periods, n):
    """Of 60 samples 57 are within 1.96 of them when errors are right."""
    samples = [student(dof, periods, n, seed) for seed in range(60)]
    found = [tail_weight(x) for x in samples]
    off = np.array([(one.dof - dof) / one.std_error for one in found])
    assert (abs(off) < 1.96).sum() >= 50
    assert 0.6 < off.std() < 1.4
    assert np.median([one.dof for one in found]) == pytest.approx(dof, rel=0.15)
    if periods <= 200:
        wrong = np.array([plugged_in(x) for x in samples[:20]])
        assert (abs(wrong - dof) < 1.96 * np.array([one.std_error for one in found[:20]])).sum() <= 12


def test_unit_and_place_and_mixing_of_columns_change_nothing():
    x = student(5.0, 300, 3, 3)
    mixed = 0.01 * x @ np.array([[1.0, 0.5, 0.0], [0.0, 2.0, 0.1], [0.3, 0.0, 1.0]]) + 5.0
    one, other = tail_weight(x), tail_weight(mixed)
    assert one.dof == pytest.approx(other.dof, rel=1e-6)
    assert one.std_error == pytest.approx(other.std_error, rel=1e-6)


@pytest.mark.parametrize(("periods", "n"), [(500, 4), (60, 3), (60, 18), (10, 1)])
def test_normal_samples_are_found_to_be_normal(periods, n):
    """Chance exceeds the threshold in at most about 5 %: 5 of 100, and 16 where it has 5 standard errors against it."""
    found = [tail_weight(student(math.inf, periods, n, seed)) for seed in range(100)]
    infinite = [one for one in found if math.isinf(one.dof)]
    assert len(infinite) >= 30
    assert all(one.normal_fits and math.isnan(one.std_error) and one.likelihood_ratio == 0.0 for one in infinite)
    assert sum(not one.normal_fits for one in found) <= 16
    if periods >= 60:
        heavy = [tail_weight(student(4.0, periods, n, seed)).normal_fits for seed in range(20)]  # the control
        assert sum(heavy) <= 5


def test_fewer_rows_than_twice_the_assets_do_not_tell():
    x = student(5.0, 36, 18, 1)
    assert tail_weight(x).note == ""
    found = tail_weight(x[:35])
    assert math.isnan(found.dof)
    assert not found.normal_fits
    assert found.note == "35 complete rows are too few, 36 are needed"
    assert tail_weight(x[:2, :1]).note == "2 complete rows are too few, 3 are needed"
    assert tail_weight(x[:0]).note == "0 complete rows are too few, 36 are needed"


def test_without_a_density_there_is_none():
    x = student(5.0, 50, 3, 1)
    for other in (np.column_stack([x, x[:, 0] + x[:, 1]]), np.column_stack([x, np.full(50, 0.1)])):
        found = tail_weight(other)
        assert math.isnan(found.dof)
        assert found.note == "the sample correlation of complete rows is singular"


@pytest.mark.parametrize("share", [0.12, 0.5, 0.9])
def test_rows_that_are_the_same_let_the_likelihood_rise_without_end(share):
    """As holidays that were filled in: scatter shrinks onto them. With fewer, `LOWEST` is reached first."""
    x = student(5.0, 1000, 18, 1)
    x[:40] = 0.0
    assert tail_weight(x).dof == LOWEST
    x[: int(1000 * share)] = 0.0
    found = tail_weight(x)
    assert math.isnan(found.dof)
    assert "no maximum" in found.note


def test_a_law_without_variance_ends_at_2():
    found = tail_weight(np.random.default_rng(1).standard_cauchy((500, 3)))
    assert found.dof == LOWEST == 2.0
    assert math.isnan(found.std_error)
    assert not found.normal_fits
