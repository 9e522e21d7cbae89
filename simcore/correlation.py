"""Correlation matrices: the check, and the factor L with L L' = R.

The factor is the unpivoted Cholesky factor with null pivots set to zero, for every matrix, so that it moves
continuously with the matrix down to rank 1. It goes through no BLAS or LAPACK: its bits are the same on every CPU.
The eigenvalues, from LAPACK, decide whether a matrix is accepted and reach no figure.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.border import as_numbers
from simcore.errors import CapacityError, InputError, Problem, raise_if_any, show
from simcore.memory import check_dense

SMALLEST_EIGENVALUE = -1e-10  # a matrix is accepted down to here
NULL_PIVOT = 1e-12  # a pivot up to here is zero, and so is its column
LARGEST_RESIDUAL = 1e-9  # of |L L' - R|
ROUNDING = 1e-12  # by which a symmetric matrix, its diagonal and its limits may be off, from rounding


def check_correlation(matrix: ArrayLike, names: tuple[str, ...], *, place: str = "correlation") -> list[Problem]:
    """Everything that keeps `matrix` from being a correlation matrix of the assets `names`.

    Parameters
    ----------
    matrix : array_like, shape (n, n)
    names : tuple of str, length n
        The assets, for the messages.
    place : str
        How the messages call the matrix.

    Returns
    -------
    list of Problem
        Empty when the matrix is symmetric with unit diagonal and positive semidefinite.
    """
    problems = check_entries(matrix, names, place=place)
    return problems or _check_semidefinite(as_numbers(matrix, place), names, place)


def check_entries(matrix: ArrayLike, names: tuple[str, ...], *, place: str = "correlation") -> list[Problem]:
    """What is wrong with single entries of `matrix`: all that `check_correlation` says but that it is impossible."""
    n = len(names)
    try:
        r = as_numbers(matrix, place)
    except InputError:
        return [Problem(place, show(matrix), "a square matrix of numbers", f"give {n} rows of {n} numbers each")]
    if r.shape != (n, n) or n == 0:
        allowed = f"{n} rows of {n} numbers, one per asset"
        remedy = "give one row and one column per asset, in their order"
        return [Problem(place, f"an array of shape {r.shape}", allowed, remedy)]
    problems = []
    for i, j in np.argwhere(~np.isfinite(r))[:5]:
        remedy = "replace it by a finite correlation"
        problems.append(Problem(_pair(place, i, j, names), show(r[i, j]), "a number in [-1, 1]", remedy))
    if problems:
        return problems
    for i in np.flatnonzero(np.abs(np.diag(r) - 1.0) > ROUNDING)[:5]:
        problems.append(Problem(_pair(place, i, i, names), show(r[i, i]), "1 on the diagonal", "write 1"))
    off = r - np.diag(np.diag(r))
    for i, j in np.argwhere(np.abs(off) > 1.0 + ROUNDING)[:5]:
        remedy = "a correlation is not a covariance, and 30 % is written 0.30"
        problems.append(Problem(_pair(place, i, j, names), show(r[i, j]), "a number in [-1, 1]", remedy))
    for i, j in np.argwhere(np.triu(np.abs(r - r.T), 1) > ROUNDING)[:5]:
        value = f"{show(r[i, j])} but [{j}][{i}] = {show(r[j, i])}"
        problems.append(Problem(_pair(place, i, j, names), value, "a symmetric matrix", "make the two entries equal"))
    return problems


def _pair(place: str, i: int, j: int, names: tuple[str, ...]) -> str:
    return f"{place}[{i}][{j}] ({names[i]}, {names[j]})"


def _check_semidefinite(r: NDArray[np.float64], names: tuple[str, ...], place: str) -> list[Problem]:
    try:
        if _is_well_inside(np.linalg.cholesky(r)):
            return []  # known at a tenth of the eigenvalues' price
    except np.linalg.LinAlgError:
        pass
    values, vectors = np.linalg.eigh(r)
    if values[0] >= SMALLEST_EIGENVALUE:
        return _check_residual(missed_by(r), place)
    weight = vectors[:, 0] ** 2
    involved = np.argsort(-weight, kind="stable")[:5]
    share = np.cumsum(weight[involved])
    count = int(np.searchsorted(share, 0.9)) + 1
    most = ", ".join(f"{names[i]} ({100 * weight[i]:.0f} %)" for i in involved[:count])
    return [
        Problem(
            place,
            f"a matrix with smallest eigenvalue {values[0]:.6g}",
            f"a positive semidefinite matrix (smallest eigenvalue >= {SMALLEST_EIGENVALUE:g})",
            f"no returns can have these correlations; look at the assets most involved: {most}",
        )
    ]


def _is_well_inside(lower: NDArray[np.floating]) -> bool:
    """Whether a factor without null pivots is that of a positive definite matrix, beyond doubt."""
    return bool((np.diag(lower) ** 2).min() > 10.0 * NULL_PIVOT)


def missed_by(r: NDArray[np.float64]) -> float:
    """max |L L' - R|, which null pivots make: the factor itself, without the kernels' bits and start-up."""
    left = r.copy()  # R - L L' so far
    for k in range(len(r)):
        if left[k, k] > NULL_PIVOT:
            column = left[k:, k] / np.sqrt(left[k, k])
            left[k:, k:] -= column[:, np.newaxis] * column
    return float(np.abs(left).max())


def _check_residual(off: float, place: str) -> list[Problem]:
    if off <= LARGEST_RESIDUAL:
        return []
    remedy = "two or more assets are almost, but not exactly, combinations of others: drop one, or round less"
    allowed = f"a matrix whose factor gives it back to {LARGEST_RESIDUAL:g}"
    return [Problem(place, f"a matrix missed by {off:.3g}", allowed, remedy)]


def factor(correlation: ArrayLike, names: tuple[str, ...] | None = None) -> NDArray[np.float64]:
    """The lower triangular L with L L' = R.

    Parameters
    ----------
    correlation : array_like, shape (n, n)
        Symmetric, unit diagonal, positive semidefinite. The lower triangle is read; the diagonal is taken as 1.
    names : tuple of str, optional
        The assets, for the messages.

    Returns
    -------
    ndarray, shape (n, n)
        A column whose pivot is null is zero.

    Raises
    ------
    InputError
        When the matrix is no correlation matrix, or L L' misses it by more than 1e-9.
    CapacityError
        When that cannot be found out in this machine's memory.

    Notes
    -----
    Column by column, k ascending in each element, by fused multiply-adds, in simcore.kernels.linear:
    rows added at the end leave the rows before them bit for bit as they are.

    >>> factor([[1.0, 0.6], [0.6, 1.0]]).round(15).tolist()
    [[1.0, 0.0], [0.6, 0.8]]
    """
    rows = correlation if isinstance(correlation, (list, tuple)) else np.atleast_1d(np.asarray(correlation))
    if problems := check_dense(len(rows), "correlation"):
        raise CapacityError(problems)
    r = as_numbers(correlation, "correlation").copy()
    names = names or tuple(f"asset {i}" for i in range(len(r) if r.ndim else 0))
    raise_if_any(check_entries(r, names))
    from simcore.kernels.linear import cholesky, residual

    np.fill_diagonal(r, 1.0)
    out = np.zeros_like(r)
    cholesky(r, NULL_PIVOT, out)
    if not _is_well_inside(out):  # inside, L L' is R to (n + 1) 2^-53: Higham, Accuracy and Stability, theorem 10.3
        raise_if_any(_check_semidefinite(r, names, "correlation"))
        raise_if_any(_check_residual(residual(r, out), "correlation"))
    out.setflags(write=False)
    return out
