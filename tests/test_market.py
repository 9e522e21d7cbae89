"""Markets: what they keep, what moments mean, and everything that they refuse."""

import math

import numpy as np
import pytest
from models import equicorrelation

from simcore import Factors, Gaussian, InputError, Market, StudentT, factor

TWO = np.eye(2)
LAW = Gaussian(TWO)
GOOD = {"names": ("A", "B"), "drift": [0.1, 0.2], "scale": [0.2, 0.0], "compounding": "log", "dependence": LAW}
MOMENTS = {"expected_return": [0.10, 0.05], "volatility": [0.20, 0.30], "correlation": [[1.0, 0.6], [0.6, 1.0]]}


def test_log_drift_is_the_expected_return_less_half_the_variance():
    market = Market.from_moments(("A", "B"), **MOMENTS)
    np.testing.assert_allclose(market.drift, [0.10 - 0.02, 0.05 - 0.045], rtol=1e-15)
    np.testing.assert_array_equal(market.scale, [0.20, 0.30])
    np.testing.assert_allclose(market.dependence.factor, [[1.0, 0.0], [0.6, 0.8]], rtol=1e-15)
    assert isinstance(market.dependence, Gaussian)
    assert market.compounding == "log"


def test_simple_drift_is_the_expected_return():
    market = Market.from_moments(("A", "B"), **MOMENTS, compounding="simple", dof=4)
    np.testing.assert_array_equal(market.drift, [0.10, 0.05])
    assert isinstance(market.dependence, StudentT)
    assert market.dependence.dof == 4


def test_inputs_are_copied_and_frozen():
    drift, lower = np.array([0.1, 0.2]), factor(equicorrelation(2, 0.5)).copy()
    market = Market(("A", "B"), drift, [0.2, 0.3], "log", Gaussian(lower))
    drift[0], lower[1, 0] = 9.0, 9.0
    assert market.drift[0] == 0.1
    assert market.dependence.factor[1, 0] == 0.5
    for array in (market.drift, market.scale, market.dependence.factor):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0
    with pytest.raises(AttributeError, match="cannot assign"):
        market.compounding = "simple"


MARKETS = {
    "no names": ({"names": (), "drift": [], "scale": []}, r"Market\.names = \(\)\n    allowed: at least one asset"),
    "a name twice": ({"names": ("A", "A")}, r"Market\.names\[1\] = 'A'\n    allowed: names used once"),
    "drift short": ({"drift": [0.1]}, r"Market\.drift = an array of shape \(1,\)\n    allowed: 2 numbers"),
    "drift square": ({"drift": [[0.1, 0.2]]}, r"Market\.drift = an array of shape \(1, 2\)"),
    "drift nan": ({"drift": [0.1, math.nan]}, r"Market\.drift\[1\] \(B\) = nan\n    allowed: a finite number"),
    "scale infinite": ({"scale": [math.inf, 0.1]}, r"Market\.scale\[0\] \(A\) = inf"),
    "scale negative": ({"scale": [0.1, -0.2]}, r"Market\.scale\[1\] \(B\) = -0\.2\n    allowed: a finite number >= 0"),
    "scale nan": ({"scale": [0.1, math.nan]}, r"Market\.scale\[1\] \(B\) = nan"),
    "compounding": ({"compounding": "weekly"}, r"Market\.compounding = 'weekly'\n    allowed: \"log\" or \"simple\""),
    "no law": (
        {"dependence": "normal"},
        r"Market\.dependence = 'normal'\n    allowed: Gaussian, StudentT, Bootstrap or Factors",
    ),
    "size of the loadings": ({"dependence": Factors.of(np.eye(3))}, r"loadings of shape \(3, 3\)\n    allowed: 2 rows"),
    "size of the law": ({"dependence": Gaussian(np.eye(3))}, r"a factor of shape \(3, 3\)\n    allowed: .* \(2, 2\)"),
}


@pytest.mark.parametrize(("change", "message"), MARKETS.values(), ids=MARKETS)
def test_what_is_no_market_is_refused(change, message):
    Market(**GOOD)
    with pytest.raises(InputError, match=message):
        Market(**{**GOOD, **change})


def test_everything_wrong_is_said_at_once():
    with pytest.raises(InputError) as caught:
        Market(("A", "A"), [math.nan, 0.1], [0.1, -1.0], "log", Gaussian(np.eye(3)))
    places = [problem.place for problem in caught.value.problems]
    assert places == ["Market.names[1]", "Market.drift[0] (A)", "Market.scale[1] (A)", "Market.dependence"]


FACTORS = {
    "no square": (np.ones((2, 3)), "shape"),
    "empty": (np.empty((0, 0)), "a square matrix"),
    "not finite": ([[math.nan]], "a matrix that is not finite"),
    "upper": ([[0.8, 0.6], [0.0, 1.0]], "entries above its diagonal"),
    "a row too long": ([[1.0, 0.0], [0.6, 0.9]], r"factor\[1\] = a row of length 1\.08"),
    "a covariance's": (0.2 * np.eye(2), r"factor\[0\] = a row of length 0\.2\n    allowed: rows of unit length"),
}


@pytest.mark.parametrize("law", [Gaussian, lambda matrix: StudentT(matrix, 4.0)], ids=["Gaussian", "StudentT"])
@pytest.mark.parametrize(("matrix", "message"), FACTORS.values(), ids=FACTORS)
def test_what_is_no_factor_is_refused(law, matrix, message):
    with pytest.raises(InputError, match=message):
        law(matrix)


@pytest.mark.parametrize("dof", [2.0, 1.0, 0.0, -3.0, math.nan, math.inf, 2e9])
def test_dof_without_a_variance_is_refused(dof):
    with pytest.raises(InputError, match=r"StudentT\.dof = .*\n    allowed: a number in \(2, .*\n    remedy:  at 2"):
        StudentT(TWO, dof)


@pytest.mark.parametrize("dof", [2.0000001, 3, 1e6])
def test_dof_up_to_the_limits_is_accepted(dof):
    assert StudentT(TWO, dof).dof == dof


def test_moments_are_checked_before_the_law():
    with pytest.raises(InputError) as caught:
        Market.from_moments(("A", "B"), expected_return=[0.1, math.inf], volatility=[-0.2, 0.1], correlation=TWO)
    places = [problem.place for problem in caught.value.problems]
    assert places == ["expected_return[1] (B)", "volatility[0] (A)"]


def test_there_is_no_default_correlation():
    with pytest.raises(InputError, match=r"correlation, factors = neither\n    allowed: exactly one"):
        Market.from_moments(("A",), expected_return=[0.1], volatility=[0.2])
