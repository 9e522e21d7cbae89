"""Repair: the correlation matrix that is nearest to one that no returns can have.

It goes through LAPACK, whose bits differ between processors: what it gives must be kept (a resolved scenario holds it),
and not be computed again elsewhere. A matrix that is accepted as it is comes back bit for bit; nothing calls this
unasked.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.border import as_numbers
from simcore.correlation import ROUNDING, check_correlation, missed_by
from simcore.errors import InputError, Problem, raise_if_any, show

MOST_PROJECTIONS = 1000
MOST_MOVED = 5  # pairs that a report names
_MEMORY = 15  # steps that are extrapolated from; of 5 to 30, 15 and 20 took the fewest projections for n from 3 to 500
_TOLERANCE, _LARGEST_TOLERANCE = 1e-14, 1e-9  # of each diagonal entry: the first times n and the largest entry
_SMALLEST_EIGENVALUE = -1e-12  # rounding
_LARGEST_MISS = 1e-10  # of the factor: a tenth of what it may, since its own bits differ a little
_TOWARD_INDEPENDENCE = (0.0, 1e-11, 1e-10, 1e-9)  # the least that leaves no pivot on the edge of null is taken


class Moved(NamedTuple):
    """A pair of assets, and its correlation before and after."""

    first: str
    second: str
    before: float
    after: float


class Repair(NamedTuple):
    """What a repair did to a matrix.

    distance : Frobenius norm of the difference
    smallest_eigenvalue : before
    moved : the pairs that moved most, five at most
    """

    distance: float
    smallest_eigenvalue: float
    moved: tuple[Moved, ...]


def nearest_correlation(matrix: ArrayLike) -> NDArray[np.float64]:
    """The correlation matrix with the least Frobenius distance from a symmetric matrix.

    Parameters
    ----------
    matrix : array_like, shape (n, n)
        Symmetric; the diagonal and the size of the entries are free.

    Returns
    -------
    ndarray, shape (n, n)
        Exactly symmetric with a diagonal of exactly 1, smallest eigenvalue at least -1e-12, and `factor` takes it.
        A matrix that `factor` takes already is returned bit for bit.

    Raises
    ------
    InputError
        When the matrix is not square, finite and symmetric, or the projections do not converge.

    Notes
    -----
    N. J. Higham, Computing the nearest correlation matrix, IMA Journal of Numerical Analysis 22 (2002): projections
    onto the positive semidefinite matrices, with Dykstra's correction, and onto those with unit diagonal, in turn.
    The correction makes the matrix that is projected A + diag(y), and a pair of projections the step
    y + 1 - diag((A + diag(y))+): n numbers in place of two matrices, and the same iterates. The step never leads
    farther from the diagonal than the one before, and is extrapolated from the last ones (Anderson's method, as in
    N. J. Higham and N. Strabic, Numerical Algorithms 72, 2016) wherever that leads nearer. At the end the matrix is
    scaled to unit diagonal; where a pivot of it would be on the edge of null, it moves to the identity by 1e-9 at most.

    >>> nearest_correlation([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])[0].round(10).tolist()
    [1.0, 0.7606898534, 0.1572981061]
    """
    a = as_numbers(matrix, "correlation")
    raise_if_any(_check_symmetric(a))
    names = tuple(f"asset {i}" for i in range(len(a)))
    with np.errstate(over="ignore"):
        if not check_correlation(a, names):
            return a
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            projected = _projected(0.5 * a + 0.5 * a.T)
    except np.linalg.LinAlgError:
        projected = None
    nearest = None if projected is None else _off_the_edge(projected)
    if nearest is not None:
        nearest.setflags(write=False)
        return nearest
    value = f"a matrix with entries up to {np.abs(a).max():.3g} whose projections do not converge"
    allowed = f"a matrix whose nearest correlation matrix is found in {MOST_PROJECTIONS} projections"
    raise InputError([Problem("correlation", value, allowed, "correct the entries that are farthest from possible")])


def repair_of(before: ArrayLike, after: ArrayLike, names: tuple[str, ...]) -> Repair | None:
    """What lies between a matrix and the one that was put in its place; None when nothing does.

    Parameters
    ----------
    before, after : array_like, shape (n, n)
        Symmetric.
    names : tuple of str, length n
        The assets.
    """
    old, new = as_numbers(before, "before"), as_numbers(after, "after")
    if old.tobytes() == new.tobytes():
        return None
    change = new - old
    first, second = np.triu_indices(len(names), 1)
    size = np.abs(change[first, second])
    most = np.argsort(-size, kind="stable")[:MOST_MOVED]
    pairs = [(int(first[k]), int(second[k])) for k in most if size[k] > 0.0]
    moved = tuple(Moved(names[i], names[j], float(old[i, j]), float(new[i, j])) for i, j in pairs)
    return Repair(float(np.sqrt((change * change).sum())), float(np.linalg.eigvalsh(old)[0]), moved)


def _check_symmetric(a: NDArray[np.float64]) -> list[Problem]:
    if a.ndim != 2 or a.shape[0] != a.shape[1] or a.size == 0:
        return [Problem("correlation", f"an array of shape {a.shape}", "a square matrix", "give one row per asset")]
    if not np.isfinite(a).all():
        i, j = np.argwhere(~np.isfinite(a))[0]
        return [Problem(f"correlation[{i}][{j}]", show(a[i, j]), "a finite number", "replace it by a correlation")]
    with np.errstate(over="ignore"):
        off = np.argwhere(np.triu(np.abs(a - a.T) > ROUNDING * np.maximum(1.0, np.abs(a)), 1))
    if len(off):
        i, j = off[0]
        value = f"{show(a[i, j])} but [{j}][{i}] = {show(a[j, i])}"
        return [Problem(f"correlation[{i}][{j}]", value, "a symmetric matrix", "make the two entries equal")]
    return []


def _projected(a: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The nearest matrix, symmetric, scaled to unit diagonal; None when it was not found."""
    n = len(a)
    diagonal = np.diag_indices(n)
    tolerance = min(_LARGEST_TOLERANCE, n * _TOLERANCE * max(1.0, float(np.abs(a).max())))
    y, kept = np.zeros(n), None
    steps: list[NDArray[np.float64]] = []  # how y, and below its residual, moved in the last steps
    changes: list[NDArray[np.float64]] = []
    for _ in range(MOST_PROJECTIONS):
        shifted = a.copy()
        shifted[diagonal] += y
        values, vectors = np.linalg.eigh(shifted)
        positive = np.maximum(values, 0.0)
        residual = 1.0 - (vectors * vectors) @ positive
        if np.abs(residual).max() <= tolerance:
            root = vectors * np.sqrt(positive)
            return _scaled(root @ root.T)
        if not np.isfinite(residual).all():
            return None
        if kept is not None:
            before, its = kept
            if steps and not np.linalg.norm(residual) <= np.linalg.norm(its):  # the extrapolation led away
                steps, changes = [], []
                y, kept = before + its, None
                continue
            steps, changes = [*steps, y - before][-_MEMORY:], [*changes, residual - its][-_MEMORY:]
        kept = y, residual
        y = y + residual
        if changes:
            share = np.linalg.lstsq(np.array(changes).T, residual, rcond=1e-12)[0]
            y = y - (np.array(steps) + np.array(changes)).T @ share
    return None


def _off_the_edge(projected: NDArray[np.float64]) -> NDArray[np.float64] | None:
    for share in _TOWARD_INDEPENDENCE:
        nearest = (1.0 - share) * projected
        np.fill_diagonal(nearest, 1.0)
        if np.linalg.eigvalsh(nearest)[0] >= _SMALLEST_EIGENVALUE and missed_by(nearest) <= _LARGEST_MISS:
            return nearest
    return None


def _scaled(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    unit = np.sqrt(np.diag(matrix))
    scaled = matrix / (unit[:, np.newaxis] * unit)
    return np.clip(0.5 * (scaled + scaled.T), -1.0, 1.0)
