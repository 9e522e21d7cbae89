"""What shocks do to expected returns, volatilities and correlations."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.loader import validate
from scenarios.resolve import correlation_of, moments_in, shocked
from scenarios.shocks import change_correlation, change_figures, least_common_correlation

SIGMA = np.array([0.1, 0.2, 0.4])
ALL = np.ones(3, dtype=bool)
SOME = np.array([True, False, True])
R = np.array([[1.0, 0.2, 0.5], [0.2, 1.0, -0.1], [0.5, -0.1, 1.0]])


@pytest.mark.parametrize(
    ("change", "everything", "selected"),
    [
        ({"multiply": 2.0}, [0.2, 0.4, 0.8], [0.2, 0.2, 0.8]),
        ({"multiply": 0.0}, [0.0, 0.0, 0.0], [0.0, 0.2, 0.0]),
        ({"add": 0.25}, [0.35, 0.45, 0.65], [0.35, 0.2, 0.65]),
        ({"set": 0.3}, [0.3, 0.3, 0.3], [0.3, 0.2, 0.3]),
        ({"set": 0.0}, [0.0, 0.0, 0.0], [0.0, 0.2, 0.0]),
    ],
)
def test_figures(change, everything, selected):
    np.testing.assert_allclose(change_figures(SIGMA, ALL, **change), everything, rtol=1e-15)
    np.testing.assert_allclose(change_figures(SIGMA, SOME, **change), selected, rtol=1e-15)
    assert change_figures(SIGMA, ~ALL, **change).tobytes() == SIGMA.tobytes()


def test_nothing_is_changed_in_place():
    sigma, r = SIGMA.copy(), R.copy()
    change_figures(sigma, ALL, multiply=3.0)
    change_correlation(r, ALL, toward=1.0, weight=0.5)
    assert sigma.tobytes() == SIGMA.tobytes()
    assert r.tobytes() == R.tobytes()


def naive_correlation(r, selected, toward, weight):
    out = r.copy()
    for i in range(len(r)):
        for j in range(len(r)):
            if i != j and selected[i] and selected[j]:
                out[i, j] = (1 - weight) * r[i, j] + weight * toward
    return out


correlations = st.integers(2, 8).flatmap(
    lambda n: st.tuples(
        st.lists(st.floats(-1, 1), min_size=n * n, max_size=n * n),
        st.lists(st.booleans(), min_size=n, max_size=n),
    )
)


def matrix_from(numbers):
    """Any numbers made a correlation matrix: rows of unit length, times their transpose."""
    n = int(len(numbers) ** 0.5)
    rows = np.reshape(numbers, (n, n)) + 1e-3 * np.eye(n)
    rows /= np.sqrt((rows * rows).sum(axis=1, keepdims=True)) + 1e-300
    r = np.clip(rows @ rows.T, -1.0, 1.0)
    r = 0.5 * (r + r.T)
    np.fill_diagonal(r, 1.0)
    return r


@given(correlations, st.floats(-1, 1), st.floats(0, 1))
def test_correlation_equals_the_obvious_loop(drawn, toward, weight):
    numbers, selected = drawn
    r, selected = matrix_from(numbers), np.array(selected)
    changed = change_correlation(r, selected, toward=toward, weight=weight)
    assert changed.tobytes() == naive_correlation(r, selected, toward, weight).tobytes()
    assert (changed == changed.T).all()
    assert (np.diag(changed) == 1.0).all()


@given(correlations, st.floats(0, 1), st.floats(0, 1))
def test_all_pairs_stay_semidefinite(drawn, share, weight):
    """The mean of two correlation matrices is one; the target is, from -1 / (n - 1) to 1."""
    r = matrix_from(drawn[0])
    low = least_common_correlation(len(r))
    toward = min(1.0, low + share * (1.0 - low))
    changed = change_correlation(r, np.ones(len(r), dtype=bool), toward=toward, weight=weight)
    assert np.linalg.eigvalsh(changed)[0] > -1e-12


def test_a_target_below_the_least_is_not_semidefinite():
    """The negative control of the limit."""
    low = least_common_correlation(3)
    changed = change_correlation(R, ALL, toward=low - 1e-3, weight=1.0)
    assert np.linalg.eigvalsh(changed)[0] < -1e-4


def test_pairs_of_some_may_leave_the_semidefinite():
    r = change_correlation(np.eye(3), ALL, toward=0.9, weight=1.0)
    changed = change_correlation(r, np.array([True, True, False]), toward=-1.0, weight=1.0)
    assert np.linalg.eigvalsh(changed)[0] < -0.5


def test_weight_0_and_weight_1_are_exact():
    assert change_correlation(R, ALL, toward=0.7, weight=0.0).tobytes() == R.tobytes()
    assert change_correlation(R, ALL, toward=1.0, weight=1.0).tolist() == np.ones((3, 3)).tolist()


def test_half_way_to_1():
    """r -> (1 + r) / 2: from 0.3 to 0.65."""
    r = change_correlation(np.eye(4), np.ones(4, dtype=bool), toward=0.3, weight=1.0)
    changed = change_correlation(r, np.ones(4, dtype=bool), toward=1.0, weight=0.5)
    np.testing.assert_allclose(changed[np.triu_indices(4, 1)], 0.65, rtol=1e-15)


def test_of_the_pairs_of_one_class_within_class_alone_acts():
    path = Path(__file__).parent / "cases" / "valid" / "shock_classes_of_a_class.toml"
    document = validate(path)
    before = moments_in(document.universe, correlation_of(document.universe))
    after = shocked(before, document.universe, document.shocks[0]).correlation
    np.testing.assert_array_equal(after, [[1.0, 0.3, 0.3], [0.3, 1.0, 0.8], [0.3, 0.8, 1.0]])
