"""Degrees of freedom by maximum likelihood: SciPy's density, samples whose law is known, and what does not exist."""

import math

import numpy as np
import pytest
from scipy.stats import multivariate_t

from scenarios.tail_weight import HIGHEST, curvature, log_likelihood, standard_error, tail_weight

R = np.array([[1.0, 0.5, 0.2], [0.5, 1.0, -0.3], [0.2, -0.3, 1.0]])


def student(dof, periods, n, seed):
    """Unit variances, common mixing: the innovations of simcore."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((periods, n))
    return z if math.isinf(dof) else z * np.sqrt((dof - 2.0) / rng.chisquare(dof, (periods, 1)))


@pytest.mark.parametrize("dof", [2.5, 4.0, 30.0])
def test_the_likelihood_is_scipy_s(dof):
    """Differences between two dof, since what does not depend on it is left out."""
    x = student(4.0, 50, 3, 1) @ np.linalg.cholesky(R).T
    q = np.einsum("ti,ij,tj->t", x, np.linalg.inv(R), x)

    def scipys(dof):
        return multivariate_t(shape=R * (dof - 2.0) / dof, df=dof).logpdf(x).sum()

    mine = log_likelihood(dof, q, 3) - log_likelihood(7.0, q, 3)
    assert mine == pytest.approx(scipys(dof) - scipys(7.0), rel=1e-10)


def test_far_out_it_is_the_normal():
    q = np.random.default_rng(1).chisquare(3, 100)
    assert log_likelihood(1e7, q, 3) == pytest.approx(log_likelihood(math.inf, q, 3), rel=1e-6)


@pytest.mark.parametrize("dof", [2.5, 6.0, 40.0])
def test_the_curvature_is_the_second_difference(dof):
    q, h = np.random.default_rng(1).chisquare(5, 50), 1e-3 * (dof - 2.0)
    low, mid, high = (log_likelihood(dof + k * h, q, 5) for k in (-1, 0, 1))
    assert curvature(dof, q, 5) == pytest.approx((low - 2.0 * mid + high) / h**2, rel=1e-3)


def test_the_estimate_is_at_the_top_of_the_likelihood():
    x = student(5.0, 400, 3, 2)
    found = tail_weight(x)
    z = (x - x.mean(axis=0)) @ np.linalg.cholesky(np.linalg.inv(np.cov(x.T)))
    q = (z**2).sum(axis=1)
    here = log_likelihood(found.dof, q, 3)
    assert all(log_likelihood(found.dof * f, q, 3) < here for f in (0.999, 1.001, 0.5, 2.0))
    assert found.likelihood_ratio == pytest.approx(2.0 * (here - log_likelihood(math.inf, q, 3)), rel=1e-9)


@pytest.mark.parametrize(("dof", "n"), [(6.0, 5), (10.0, 3)])
def test_estimates_lie_within_their_errors(dof, n):
    """60 samples; the curvature alone, the control, claims too much."""
    found = [tail_weight(student(dof, 1000, n, seed)) for seed in range(60)]
    off = np.array([(one.dof - dof) / one.std_error for one in found])
    assert abs(off).max() < 5.0
    assert 0.7 < off.std() < 1.4
    q = (student(dof, 1000, n, 0) ** 2).sum(axis=1)
    assert standard_error(dof, q, n) > 1.1 / math.sqrt(-curvature(dof, q, n))


def test_unit_and_place_and_mixing_of_columns_change_nothing():
    x = student(5.0, 300, 3, 3)
    mixed = 0.01 * x @ np.array([[1.0, 0.5, 0.0], [0.0, 2.0, 0.1], [0.3, 0.0, 1.0]]) + 5.0
    one, other = tail_weight(x), tail_weight(mixed)
    assert one.dof == pytest.approx(other.dof, rel=1e-6)
    assert one.std_error == pytest.approx(other.std_error, rel=1e-6)


def test_normal_samples_are_found_to_be_normal():
    """About half of them end at infinity, and chance exceeds the threshold in about 5 %."""
    found = [tail_weight(student(math.inf, 500, 4, seed)) for seed in range(100)]
    infinite = [one for one in found if math.isinf(one.dof)]
    assert 30 <= len(infinite) <= 85
    assert all(one.normal_fits and math.isnan(one.std_error) and one.likelihood_ratio == 0.0 for one in infinite)
    assert sum(not one.normal_fits for one in found) <= 15
    assert all(one.dof <= HIGHEST for one in found if one not in infinite)
    assert not any(tail_weight(student(5.0, 500, 4, seed)).normal_fits for seed in range(20))  # the control


def test_without_a_density_there_is_none():
    x = student(5.0, 50, 3, 1)
    assert tail_weight(np.column_stack([x, x[:, 0] + x[:, 1]])) is None
    assert tail_weight(x[:4]) is None


def test_one_outlier_of_many_rows_ends_at_the_edge():
    x = np.full((1000, 1), 1e-6) * np.where(np.arange(1000) % 2, 1, -1)[:, None]
    x[500] = 1.0
    found = tail_weight(x)
    assert found.dof < 2.01
    assert not found.normal_fits
