"""Wide lognormal returns: figures that no sample shows have no error, then no value, by the law alone."""

import math

import models
import pytest

import simcore
from analysis.comparison import rows
from analysis.existence import TOO_WIDE, TOO_WIDE_FOR_ERROR
from analysis.figures import estimate_of
from simcore import Case, Plan, Pool, PoolTree, Position

SHORT = PoolTree([Position("p", "asset 0", -100.0)], [Pool("pool", ("p",))])


def one_asset(deviation, *, pools=None, **law):
    case = models.equal_pool(1, rho=1.0, volatility=deviation, value=100.0, **law)
    return case if pools is None else Case("base", case.market, pools)


def notes(case, horizon=1.0):
    plan = Plan(40_000, horizon, 1, (0.95,))
    table = rows([case], plan, simcore.simulate([case], plan), name="", currency="")
    found = {row.measure: row for row in table if row.node == "pool" and row.view == "pooled"}
    assert all((row.value is None) == (row.note or "").startswith("cannot") for row in found.values())
    assert all((row.std_error is None) == bool(row.note) for row in found.values())
    return {measure: row.note for measure, row in found.items() if row.note}


@pytest.mark.parametrize(
    ("deviation", "expected"),
    [
        (1.0, {}),
        (1.01, {"volatility": TOO_WIDE_FOR_ERROR.format(1.0)}),
        (1.51, {"volatility": TOO_WIDE.format(1.5)}),
        (2.01, {"volatility": TOO_WIDE.format(1.5), "mean": TOO_WIDE_FOR_ERROR.format(2.0)}),
        (2.51, {"volatility": TOO_WIDE.format(1.5), "mean": TOO_WIDE.format(2.5)}),
    ],
)
def test_the_deviation_over_the_horizon_decides(deviation, expected):
    assert notes(one_asset(deviation)) == expected
    assert notes(one_asset(2.0 * deviation), horizon=0.25) == expected
    assert notes(one_asset(deviation, compounding="simple")) == {}
    assert notes(one_asset(1.0), horizon=4.0 * deviation**2)["volatility"] == TOO_WIDE.format(1.5)


def test_the_loss_of_a_short_position_has_no_bound():
    short = notes(one_asset(2.6, pools=SHORT))
    assert short["expected_shortfall"] == TOO_WIDE.format(2.5)
    assert "value_at_risk" not in short
    assert "expected_shortfall" not in notes(one_asset(2.6))
    assert notes(one_asset(2.1, pools=SHORT))["expected_shortfall"] == TOO_WIDE_FOR_ERROR.format(2.0)


def covered(deviation, runs=60):
    """How many intervals of the volatility hold the exact one, sqrt(exp(s^2) - 1)."""
    case, exact = one_asset(deviation), 100.0 * math.sqrt(math.expm1(deviation**2))
    hits = 0
    for seed in range(runs):
        summary = simcore.simulate([case], Plan(65_536, 1.0, seed, (0.95,)))["base"]["pool"]
        found = estimate_of(summary, "volatility")
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= exact <= found.high
    return hits


def test_up_to_the_limit_intervals_hold_the_truth_and_beyond_they_do_not():
    """57 of 60 are expected; 48 is 5.3 standard deviations below. The control, at twice the limit, must miss."""
    assert covered(1.0) >= 48
    assert covered(2.0) <= 47
