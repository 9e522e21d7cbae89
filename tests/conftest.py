"""Hypothesis without a clock and without chance: kernels compile on first use, and each run tries the same examples.

Matplotlib without a screen.
"""

import pytest
from hypothesis import settings

settings.register_profile("simcore", deadline=None, derandomize=True)
settings.load_profile("simcore")


@pytest.fixture
def no_screen():
    """Matplotlib where there is no screen; figures go away after the test."""
    matplotlib = pytest.importorskip("matplotlib", reason="pictures need Matplotlib, of the extra report")
    matplotlib.use("agg")
    yield
    from matplotlib import pyplot

    pyplot.close("all")
