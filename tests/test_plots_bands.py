"""Bands of estimates, and labels that keep apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.estimate import Estimate
from analysis.plots.bands import band_of, spread


def test_what_an_estimate_lacks_is_nan():
    band = band_of([Estimate(3.0, 0.5, 2.0, 4.0), Estimate(1.0), Estimate(None)])
    nan = np.nan
    np.testing.assert_array_equal(np.array(band), [[3.0, 1.0, nan], [2.0, nan, nan], [4.0, nan, nan]])
    assert band_of([]).value.shape == (0,)


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=6), st.floats(0.0, 0.2))
def test_labels_keep_apart_in_their_order_and_as_near_as_can_be(heights, gap):
    placed = np.array(spread(heights, gap))
    order = np.argsort(heights, kind="stable")
    assert np.all(np.diff(placed[order]) >= gap - 1e-12)
    assert placed.mean() == pytest.approx(np.mean(heights), abs=1e-9)  # as least squares has it
    if len(heights) == 1 or np.all(np.diff(np.sort(heights)) >= gap):
        np.testing.assert_allclose(placed, heights, atol=1e-12)
