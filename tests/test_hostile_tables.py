"""Valid tables with bytes, lines, cells and columns changed: a few of the many that `make verify` tries."""

import numpy as np
import pytest
from hostile import compile_kernels, try_tables

from analysis.resampled import _skewness
from scenarios.tail_weight import tail_weight
from simcore import standardised


def test_changed_tables_are_read_or_refused(tmp_path):
    """Never another exception, never long, never a number that is none."""
    compile_kernels(tmp_path)
    seen = try_tables(tmp_path, 100, 300)
    assert len(seen) == 8
    assert min(seen.values()) > 3  # the control: both ends of the border are tried


@pytest.mark.parametrize("exponent", [-900, -600, 600])  # squares vanish or overflow
def test_what_has_no_unit_is_the_same_of_numbers_next_to_0(exponent):
    x = np.random.default_rng(6).standard_t(4, (200, 2))
    scaled = np.ldexp(x, exponent)
    assert standardised(scaled).tolist() == standardised(x).tolist()
    assert _skewness(scaled[:, 0]) == _skewness(x[:, 0]) != 0.0
    assert tail_weight(scaled) == tail_weight(x)
