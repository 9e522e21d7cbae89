"""Do 95 % intervals cover the truth 95 times in 100? Two thousand runs, each short enough to strain the errors.

A standard error that is a quarter too wide, or a fifth too narrow, must be seen.
"""

import numpy as np
import pytest
from closed_forms import benefit as true_benefit
from closed_forms import linear, pooling_ratio

from analysis.estimate import benefit, total
from analysis.figures import estimate_of
from simcore import Case, Market, Plan, Pool, PoolTree, Position, simulate

RUNS, PATHS = 2000, 20_000
MEMBERS, CORRELATION, VOLATILITY = 10, 0.3, 0.2
LAWS = {"normal": None, "t6": 6.0}
FIGURES = [("volatility", None), ("value_at_risk", 0.95), ("expected_shortfall", 0.95)]
LOWEST, HIGHEST = 0.92, 0.975  # six and five deviations of the share seen in 2,000 runs from 0.95


@pytest.fixture(scope="module")
def coverage():
    """Shares of the runs whose interval, made wider by a factor, covers: by law, view, measure and factor."""
    names = [f"member {i}" for i in range(MEMBERS)]
    matrix = np.full((MEMBERS, MEMBERS), CORRELATION)
    np.fill_diagonal(matrix, 1.0)
    numbers = {"expected_return": np.zeros(MEMBERS), "volatility": np.full(MEMBERS, VOLATILITY), "correlation": matrix}
    tree = PoolTree([Position(name, name, 1.0) for name in names], [Pool("pool", names)])
    cases = [
        Case(law, Market.from_moments(names, **numbers, compounding="simple", dof=dof), tree)
        for law, dof in LAWS.items()
    ]
    keys = [(law, view, measure) for law in LAWS for measure, _ in FIGURES for view in ("pooled", "benefit")]
    seen = np.array([_intervals(cases, names, seed) for seed in range(1, RUNS + 1)])
    truth = np.array([_truth(*key) for key in keys])
    value, low, high = seen[..., 0], seen[..., 1], seen[..., 2]
    return {
        (*key, factor): share
        for factor in (0.8, 1.0, 1.25)
        for key, share in zip(
            keys,
            np.mean((value - factor * (value - low) <= truth) & (truth <= value + factor * (high - value)), axis=0),
            strict=True,
        )
    }


def _intervals(cases, names, seed):
    """Value, low and high of every figure of one run. shape (figures, 3)"""
    result = simulate(cases, Plan(PATHS, 1.0, seed, (0.95,)), threads=1)
    out = []
    for case in cases:
        for measure, confidence in FIGURES:
            pooled = estimate_of(result[case.name]["pool"], measure, confidence)
            unpooled = total([estimate_of(result[case.name][name], measure, confidence) for name in names])
            out += [(e.value, e.low, e.high) for e in (pooled, benefit(pooled, unpooled))]
    return out


def _truth(law, view, measure):
    confidence = dict(FIGURES)[measure]
    if view == "benefit":
        return true_benefit(CORRELATION, MEMBERS, measure, confidence, LAWS[law]).value
    scale = MEMBERS * VOLATILITY * pooling_ratio(CORRELATION, MEMBERS)
    return linear(0.0, scale, measure, confidence, LAWS[law]).value


@pytest.mark.parametrize("measure", [measure for measure, _ in FIGURES])
@pytest.mark.parametrize("view", ["pooled", "benefit"])
@pytest.mark.parametrize("law", LAWS)
def test_intervals_cover_the_truth(coverage, law, view, measure):
    assert LOWEST <= coverage[law, view, measure, 1.0] <= HIGHEST


@pytest.mark.parametrize("measure", [measure for measure, _ in FIGURES])
@pytest.mark.parametrize("view", ["pooled", "benefit"])
@pytest.mark.parametrize("law", LAWS)
def test_a_wrong_standard_error_fails(coverage, law, view, measure):
    assert coverage[law, view, measure, 0.8] < LOWEST
    assert coverage[law, view, measure, 1.25] > HIGHEST
