"""The factor of a correlation matrix: exact cases, continuity, and everything that it refuses."""

import math

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from models import bits, equicorrelation

from simcore import InputError, factor
from simcore.correlation import LARGEST_RESIDUAL, NULL_PIVOT, SMALLEST_EIGENVALUE, check_correlation


def gram(n, rank, seed):
    """The correlation matrix of n random directions in `rank` dimensions."""
    rows = np.random.default_rng(seed).normal(size=(n, rank))
    rows /= np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    out = rows @ rows.T
    np.fill_diagonal(out, 1.0)
    return (out + out.T) / 2.0


def test_the_constants_of_the_contract():
    assert (SMALLEST_EIGENVALUE, NULL_PIVOT, LARGEST_RESIDUAL) == (-1e-10, 1e-12, 1e-9)


@given(n=st.integers(1, 12), rank=st.integers(1, 12), seed=st.integers(0, 2**32))
def test_l_times_l_transposed_gives_every_correlation_matrix_back(n, rank, seed):
    matrix = gram(n, rank, seed)
    lower = factor(matrix)
    assert not np.triu(lower, 1).any()
    assert np.abs(lower @ lower.T - matrix).max() <= LARGEST_RESIDUAL
    assert (np.diag(lower) >= 0.0).all()


@pytest.mark.parametrize("n", [1, 2, 3, 6, 8])
def test_the_factor_is_its_twin_bit_for_bit(n):
    matrix = gram(n, n, seed=n)
    np.testing.assert_array_equal(bits(factor(matrix)), bits(naive.cholesky(matrix)))


@pytest.mark.parametrize("signs", [[1, 1, 1, 1], [1, -1, 1, -1]])
def test_rank_1_is_one_column(signs):
    lower = factor(np.outer(signs, signs))
    np.testing.assert_array_equal(lower[:, 0], signs)
    assert not lower[:, 1:].any()


def test_independence_is_the_identity():
    np.testing.assert_array_equal(factor(np.eye(5)), np.eye(5))


@pytest.mark.parametrize("rank", [1, 2, 3, 5])
def test_a_deficient_rank_has_as_many_columns(rank):
    lower = factor(gram(9, rank, seed=3))
    assert np.count_nonzero(np.abs(lower).max(axis=0)) == rank


@pytest.mark.parametrize("n", [2, 3, 4, 7, 40])
def test_the_lowest_equicorrelation_is_accepted_and_less_is_not(n):
    lowest = -1.0 / (n - 1)
    lower = factor(equicorrelation(n, lowest))
    np.testing.assert_allclose(lower.sum(axis=0), 0.0, atol=1e-6)  # the sum of all has no risk
    assert lower[-1, -1] == pytest.approx(0.0, abs=1e-6)
    with pytest.raises(InputError, match=r"smallest eigenvalue|a number in"):
        factor(equicorrelation(n, lowest - 1e-6))


@pytest.mark.parametrize("n", [2, 5, 20])
def test_it_moves_continuously_to_rank_1(n):
    """By the square root of what is missing from 1, as the exact factor does; an eigenvector factor jumps."""
    limit = factor(np.ones((n, n)))
    for missing in (1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-11, 6e-13, 4e-13, 1e-14):
        lower = factor(equicorrelation(n, 1.0 - missing))
        assert np.abs(lower - limit).max() <= math.sqrt(2.0 * missing) + 1e-12
    values, vectors = np.linalg.eigh(equicorrelation(n, 1.0 - 1e-6))
    assert np.abs(vectors * np.sqrt(values) - limit).max() > 0.1


@pytest.mark.parametrize("rank", [2, 10])
def test_an_asset_added_at_the_end_leaves_the_rows_before_it(rank):
    matrix = gram(8, rank, seed=5)
    whole = factor(matrix)
    for n in range(1, 8):
        np.testing.assert_array_equal(bits(factor(matrix[:n, :n])), bits(whole[:n, :n]))


def test_the_lower_triangle_is_read_and_the_diagonal_is_1():
    matrix = equicorrelation(3, 0.5)
    matrix[np.triu_indices(3, 1)] += 5e-13
    matrix[1, 1] -= 5e-13
    np.testing.assert_array_equal(factor(matrix), factor(equicorrelation(3, 0.5)))


def test_the_input_is_left_alone():
    matrix = equicorrelation(3, 0.5)
    matrix[0, 0] += 1e-13
    before = matrix.copy()
    factor(matrix)
    np.testing.assert_array_equal(matrix, before)


def test_an_impossible_matrix_names_the_eigenvalue_and_the_assets_most_involved():
    """B and C move with A, and against each other; D has nothing to do with it."""
    matrix = np.eye(4)
    matrix[0, 1] = matrix[1, 0] = matrix[0, 2] = matrix[2, 0] = 0.9
    matrix[1, 2] = matrix[2, 1] = -0.9
    with pytest.raises(InputError) as caught:
        factor(matrix, ("A", "B", "C", "D"))
    message = str(caught.value)
    assert "smallest eigenvalue -0.8" in message
    assert all(f"{name} (33 %)" in message for name in "ABC")
    assert "D (" not in message


def test_the_assets_most_involved_come_first():
    matrix = np.eye(3)
    matrix[0, 1] = matrix[1, 0] = 0.8
    matrix[1, 2] = matrix[2, 1] = 0.8
    matrix[0, 2] = matrix[2, 0] = -0.2
    weight = np.linalg.eigh(matrix)[1][:, 0] ** 2
    order = np.argsort(-weight, kind="stable")
    first = f"{'ABC'[order[0]]} ({100 * weight[order[0]]:.0f} %)"
    assert order[0] == 1
    with pytest.raises(InputError, match=rf"most involved: {first[0]} \({first[3:-1]}\)"):
        factor(matrix, ("A", "B", "C"))


@pytest.mark.parametrize(("eigenvalue", "accepted"), [(-0.9e-10, True), (-1.5e-10, False)])
def test_the_smallest_eigenvalue_is_judged_at_its_limit(eigenvalue, accepted):
    # the equicorrelation matrix has the eigenvalue 1 + (n - 1) rho; the residual of its factor stays below 1e-9
    matrix = equicorrelation(3, -0.5 + eigenvalue / 2.0)
    assert np.linalg.eigvalsh(matrix)[0] == pytest.approx(eigenvalue, rel=1e-3)
    assert (check_correlation(matrix, ("A", "B", "C")) == []) == accepted


def test_a_factor_that_misses_its_matrix_is_refused():
    """Positive definite, but a pivot of 5e-13 is null, and with it goes a column with an entry of 5e-7."""
    near = math.sqrt(1.0 - 5e-13)
    matrix = np.array([[1.0, near, 0.0], [near, 1.0, 5e-7], [0.0, 5e-7, 1.0]])
    assert np.linalg.eigvalsh(matrix)[0] > SMALLEST_EIGENVALUE
    with pytest.raises(InputError, match="a matrix missed by 5e-07"):
        factor(matrix)


CASES = {
    "not symmetric": ([[1.0, 0.3], [0.4, 1.0]], r"correlation\[0\]\[1\] \(A, B\) = 0\.3 but \[1\]\[0\] = 0\.4"),
    "diagonal": ([[1.0, 0.3], [0.3, 0.9]], r"correlation\[1\]\[1\] \(B, B\) = 0\.9\n    allowed: 1 on the diagonal"),
    "not a number": ([[1.0, math.nan], [math.nan, 1.0]], r"correlation\[0\]\[1\] \(A, B\) = nan"),
    "infinite": ([[1.0, math.inf], [math.inf, 1.0]], r"\(A, B\) = inf"),
    "per cent": ([[1.0, 30.0], [30.0, 1.0]], r"= 30\.0\n    allowed: a number in \[-1, 1\]\n    remedy:  .* 0\.30"),
    "a row short": ([[1.0, 0.3]], r"an array of shape \(1, 2\)\n    allowed: 2 rows of 2 numbers"),
    "one number": (0.3, r"an array of shape \(\)"),
    "a size more": (np.eye(3), r"an array of shape \(3, 3\)"),
    "ragged": ([[1.0], [0.3, 1.0]], "an array of numbers"),
    "text": ([["one", "two"], ["three", "four"]], "an array of numbers"),
}


@pytest.mark.parametrize(("matrix", "message"), CASES.values(), ids=CASES)
def test_what_is_no_correlation_matrix_is_refused(matrix, message):
    with pytest.raises(InputError, match=message):
        factor(matrix, ("A", "B"))


@pytest.mark.parametrize("matrix", [0.3, [], np.empty((0, 0)), [[1.0], [0.3, 1.0]]], ids=["0d", "1d", "0x0", "ragged"])
def test_no_names_and_no_matrix_is_refused(matrix):
    with pytest.raises(InputError, match="correlation"):
        factor(matrix)


def test_everything_wrong_is_said_at_once():
    matrix = [[1.0, 0.2, 0.3], [0.1, 0.9, 2.0], [0.3, 2.0, 1.0]]
    with pytest.raises(InputError) as caught:
        factor(matrix, ("A", "B", "C"))
    entries = ("[1][1] (B, B)", "[1][2] (B, C)", "[2][1] (C, B)", "[0][1] (A, B)")
    assert [problem.place for problem in caught.value.problems] == ["correlation" + entry for entry in entries]
