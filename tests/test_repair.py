"""The nearest correlation matrix: the figures of the literature, a certificate of optimality, and what it refuses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from models import bits, child, equicorrelation

from simcore import InputError, factor, nearest_correlation
from simcore.correlation import LARGEST_RESIDUAL
from simcore.repair import repair_of

THREE = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
TRIDIAGONAL = 2.0 * np.eye(4) - np.eye(4, k=1) - np.eye(4, k=-1)


def symmetric(n, seed, size=1.0):
    """Any symmetric matrix with unit diagonal."""
    half = np.triu(np.random.default_rng(seed).uniform(-size, size, (n, n)), 1)
    return half + half.T + np.eye(n)


def assert_sound(matrix):
    assert (matrix == matrix.T).all()
    assert (np.diag(matrix) == 1.0).all()
    assert np.linalg.eigvalsh(matrix)[0] >= -1e-12
    lower = factor(matrix)
    assert np.abs(lower @ lower.T - matrix).max() <= LARGEST_RESIDUAL


def short_of_the_nearest(a, x):
    """By how much X misses the conditions of being nearest to A; they hold for no other matrix.

    Z = X - A - diag(y) is positive semidefinite and X Z = 0. The diagonal of Z follows from that of X Z.
    """
    z = x - a
    np.fill_diagonal(z, 0.0)
    np.fill_diagonal(z, -(x * z).sum(axis=1))
    return max(-np.linalg.eigvalsh(z)[0], np.abs(x @ z).max())


def test_figures_of_the_literature():
    np.testing.assert_allclose(nearest_correlation(THREE)[0], [1.0, 0.7606898534, 0.1572981061], atol=5e-11, rtol=0)
    found = nearest_correlation(TRIDIAGONAL)
    assert_sound(found)
    figures = [found[0, 1], found[0, 2], found[0, 3], found[1, 2]]
    expected = [-0.8084124981, 0.1915875019, 0.1067750490, -0.6562326948]
    np.testing.assert_allclose(figures, expected, atol=5e-11, rtol=0)


@pytest.mark.parametrize("n", [3, 4, 9])
def test_opposites_of_n_become_what_n_can_share(n):
    """By symmetry -1 / (n - 1): all vectors of a simplex, of rank n - 1."""
    found = nearest_correlation(equicorrelation(n, -0.9))
    np.testing.assert_allclose(found, equicorrelation(n, -1.0 / (n - 1)), atol=1e-13, rtol=0)
    assert_sound(found)
    assert np.linalg.matrix_rank(found, tol=1e-9) == n - 1


@given(n=st.integers(2, 10), seed=st.integers(0, 2**32), size=st.sampled_from([0.5, 1.0, 3.0]), signs=st.booleans())
def test_nothing_is_nearer(n, seed, size, signs):
    a = symmetric(n, seed, size)
    found = nearest_correlation(np.sign(a) if signs else a)
    assert_sound(found)
    assert short_of_the_nearest(np.sign(a) if signs else a, found) < 1e-8 or found.tobytes() == a.tobytes()


def test_clipping_eigenvalues_is_not_the_nearest():
    """The negative control of the certificate: what is usually done."""
    a = symmetric(6, 3)
    values, vectors = np.linalg.eigh(a)
    clipped = (vectors * np.maximum(values, 0.0)) @ vectors.T
    unit = np.sqrt(np.diag(clipped))
    clipped /= unit[:, np.newaxis] * unit
    assert short_of_the_nearest(a, clipped) > 1e-2
    assert short_of_the_nearest(a, nearest_correlation(a)) < 1e-10
    assert np.linalg.norm(clipped - a) > np.linalg.norm(nearest_correlation(a) - a)


def projected_plainly(a, steps):
    """Higham's algorithm as it is written: two projections in turn, and Dykstra's correction."""
    y, correction = a.copy(), np.zeros_like(a)
    for _ in range(steps):
        r = y - correction
        values, vectors = np.linalg.eigh(r)
        x = (vectors * np.maximum(values, 0.0)) @ vectors.T
        correction = x - r
        y = x.copy()
        np.fill_diagonal(y, 1.0)
    return y


@pytest.mark.parametrize("a", [THREE, TRIDIAGONAL, symmetric(7, 1), np.sign(symmetric(12, 2))])
def test_it_is_highams_algorithm(a):
    np.testing.assert_allclose(nearest_correlation(a), projected_plainly(a, 3000), atol=1e-10, rtol=0)


@given(n=st.integers(1, 8), rank=st.integers(1, 8), seed=st.integers(0, 2**32))
def test_what_is_valid_comes_back_bit_for_bit(n, rank, seed):
    rows = np.random.default_rng(seed).normal(size=(n, rank))
    rows /= np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    matrix = rows @ rows.T
    np.fill_diagonal(matrix, 1.0)
    np.testing.assert_array_equal(bits(nearest_correlation(matrix)), bits(matrix))
    assert repair_of(matrix, nearest_correlation(matrix), tuple("abcdefgh"[:n])) is None


@given(n=st.integers(2, 12), seed=st.integers(0, 2**32))
def test_what_is_repaired_is_valid(n, seed):
    found = nearest_correlation(symmetric(n, seed))
    np.testing.assert_array_equal(bits(nearest_correlation(found)), bits(found))


@pytest.mark.parametrize("edge", [1e-13, 1e-12, 3e-12, 1e-10])
def test_a_pivot_on_the_edge_of_null(edge):
    """An asset that is all but a combination of others: the factor takes what comes of it."""
    rows = np.random.default_rng(5).normal(size=(6, 6))
    rows[3] = rows[0] + rows[1] + np.sqrt(edge) * rows[3]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    matrix = rows @ rows.T
    np.fill_diagonal(matrix, 1.0)
    matrix = (matrix + matrix.T) / 2.0
    found = nearest_correlation(matrix)
    assert_sound(found)
    assert np.abs(found - matrix).max() < 2e-9


def test_500_random_assets_in_ten_seconds():
    """One thread, so that nothing else on the machine stops it; in a process of its own."""
    code = (
        "import time, numpy as np; from simcore import nearest_correlation, factor;"
        "half = np.triu(np.random.default_rng(1).uniform(-1, 1, (500, 500)), 1); a = half + half.T + np.eye(500);"
        "began = time.perf_counter(); found = nearest_correlation(a); print(time.perf_counter() - began);"
        "assert np.linalg.eigvalsh(found)[0] >= -1e-12; factor(found)"
    )
    done = child("-c", code, OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
    assert float(done.stdout) < 10.0


@pytest.mark.parametrize(
    ("matrix", "said"),
    [
        ([[1.0, 0.5]], "an array of shape (1, 2)"),
        ([], "an array of shape (0,)"),
        ([[1.0, float("nan")], [0.0, 1.0]], "correlation[0][1] = nan"),
        ([[1.0, float("inf")], [float("inf"), 1.0]], "correlation[0][1] = inf"),
        ([[1.0, 0.5], [0.4, 1.0]], "correlation[0][1] = 0.5 but [1][0] = 0.4"),
        ("abc", "an array of numbers"),
        (1e6 * symmetric(9, 1), "do not converge"),
        (1e300 * symmetric(9, 1), "do not converge"),
    ],
)
def test_refused(matrix, said):
    with pytest.raises(InputError) as caught:
        nearest_correlation(matrix)
    assert said in str(caught.value)


def test_the_report():
    found = nearest_correlation(THREE)
    report = repair_of(THREE, found, ("A", "B", "C"))
    assert report.distance == pytest.approx(np.linalg.norm(found - THREE), rel=1e-14)
    assert report.smallest_eigenvalue == pytest.approx(1.0 - np.sqrt(2.0), rel=1e-14)
    assert {(m.first, m.second) for m in report.moved} == {("A", "B"), ("A", "C"), ("B", "C")}
    sizes = [abs(m.after - m.before) for m in report.moved]
    assert sizes == sorted(sizes, reverse=True)
    many = symmetric(9, 4)
    assert len(repair_of(many, nearest_correlation(many), tuple("abcdefghi")).moved) == 5
