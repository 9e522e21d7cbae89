"""The triangular product and the factor, bit for bit the chains of their twins."""

import naive
import numpy as np
import pytest
from models import bits, equicorrelation

from simcore.compile import TILE_ROWS
from simcore.kernels.block import BLOCK, STRIDE
from simcore.kernels.linear import cholesky, product, residual


def padded(factor):
    """With zeros up to a multiple of the tile."""
    n = len(factor)
    size = -(-n // TILE_ROWS) * TILE_ROWS
    out = np.zeros((size, size))
    out[:n, :n] = factor
    return out


def random_factor(n, seed=1):
    rows = np.tril(np.random.default_rng(seed).normal(size=(n, n)))
    return rows / np.sqrt((rows * rows).sum(axis=1, keepdims=True))


def multiply(factor, z):
    """The kernel's L z. z : (n, BLOCK)"""
    big = padded(factor)
    rows = np.full((2, len(big), STRIDE), 7.0)
    rows[0, : len(z), :BLOCK] = z
    product(big.ravel(), rows[0], rows[1])
    assert (rows[1, :, BLOCK:] == 7.0).all(), "the product wrote beyond the block"
    return rows[1, : len(z), :BLOCK]


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7, 8, 9, 13])
def test_the_product_is_its_twin_bit_for_bit(n):
    factor, z = random_factor(n), np.random.default_rng(2).normal(size=(n, BLOCK))
    some = [0, 1, 2, 3, 4, 7, 8, 100, 255, 256, 510, 511]
    np.testing.assert_array_equal(bits(multiply(factor, z)[:, some]), bits(naive.product(factor, z[:, some])))


@pytest.mark.parametrize("n", [1, 4, 50, 101])
def test_the_product_is_a_matrix_product(n):
    """Of every path; a transposed factor is not."""
    factor, z = random_factor(n), np.random.default_rng(3).normal(size=(n, BLOCK))
    np.testing.assert_allclose(multiply(factor, z), factor @ z, rtol=0, atol=1e-13)
    if n > 1:
        assert np.abs(multiply(factor, z) - factor.T @ z).max() > 0.1


def test_an_asset_added_at_the_end_leaves_the_rows_before_it():
    factor, z = random_factor(9), np.random.default_rng(4).normal(size=(9, BLOCK))
    whole = multiply(factor, z)
    for n in range(1, 9):
        np.testing.assert_array_equal(bits(multiply(factor[:n, :n], z[:n])), bits(whole[:n]))


def test_what_stands_in_the_padding_does_not_matter():
    factor, z = random_factor(3), np.random.default_rng(5).normal(size=(3, BLOCK))
    rows = np.zeros((2, TILE_ROWS, STRIDE))
    rows[0, :3, :BLOCK] = z
    rows[0, 3] = 1e30
    product(padded(factor).ravel(), rows[0], rows[1])
    np.testing.assert_array_equal(bits(rows[1, :3, :BLOCK]), bits(multiply(factor, z)))


def correlation(n, rank, seed):
    rows = np.random.default_rng(seed).normal(size=(n, rank))
    rows /= np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    out = rows @ rows.T
    np.fill_diagonal(out, 1.0)
    return (out + out.T) / 2.0


def factor_of(matrix, null_pivot=1e-12):
    out = np.zeros_like(matrix)
    cholesky(np.tril(matrix), null_pivot, out)
    return out


@pytest.mark.parametrize("n", [*range(1, 9), 31, 32, 33, 70])
@pytest.mark.parametrize("rank", [1, 3, 8, 80])
def test_the_factor_is_its_twin_bit_for_bit(n, rank):
    matrix = correlation(n, rank, seed=n)
    np.testing.assert_array_equal(bits(factor_of(matrix)), bits(naive.cholesky(matrix)))


@pytest.mark.parametrize("n", [2, 10, 60])
def test_the_factor_is_lapacks_where_that_exists(n):
    matrix = correlation(n, 2 * n, seed=n)
    np.testing.assert_allclose(factor_of(matrix), np.linalg.cholesky(matrix), rtol=0, atol=1e-11)


def test_a_pivot_up_to_the_limit_is_null_with_its_column():
    matrix = np.array([[1.0, 1.0, 0.5], [1.0, 1.0, 0.5], [0.5, 0.5, 1.0]])
    out = factor_of(matrix)
    assert not out[:, 1].any()
    np.testing.assert_allclose(out @ out.T, matrix, atol=1e-15)
    tiny = np.array([[1.0, 0.0], [0.0, 1e-12]])
    assert factor_of(tiny)[1, 1] == 0.0
    assert factor_of(tiny, null_pivot=0.9e-12)[1, 1] == 1e-6


@pytest.mark.parametrize(("row", "column"), [(0, 0), (1, 0), (2, 2), (4, 1)])
def test_the_residual_is_the_largest_entry_missed(row, column):
    matrix = correlation(5, 5, seed=1)
    factor = factor_of(matrix)
    assert residual(np.tril(matrix), factor) < 1e-15
    off = matrix.copy()
    off[row, column] -= 1e-3
    assert residual(np.tril(off), factor) == pytest.approx(1e-3, rel=1e-9)


@pytest.mark.parametrize("n", [1, 7, 32, 33, 70])
def test_the_residual_equals_numpys(n):
    matrix, factor = equicorrelation(n, 0.5), random_factor(n)
    expected = np.abs(np.tril(factor @ factor.T - matrix)).max()
    assert residual(np.tril(matrix), factor) == pytest.approx(expected, rel=1e-12)
