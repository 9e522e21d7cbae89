"""Exact expected losses, against simulated ones, and the figures that are relative to them."""

import math

import numpy as np
import pytest

import analysis
from analysis.comparison import rows
from analysis.existence import NO_EXPECTATION
from simcore import Case, InputError, Market, Plan, Pool, PoolTree, Position, simulate

PLAN = Plan(200_000, 0.5, 11, (0.95, 0.99))


def case_of(values=(100.0, -40.0), *, volatility=(0.3, 0.2), compounding="log", dof=None):
    market = Market.from_moments(
        ("A", "B"),
        expected_return=(0.12, 0.05),
        volatility=volatility,
        correlation=[[1.0, 0.5], [0.5, 1.0]],
        compounding=compounding,
        dof=dof,
    )
    positions = [Position(name.lower(), name, value) for name, value in zip(("A", "B"), values, strict=True)]
    return Case("base", market, PoolTree(positions, [Pool("both", ("a", "b"))]))


@pytest.mark.parametrize(("compounding", "dof"), [("log", None), ("simple", None), ("simple", 5.0)])
@pytest.mark.parametrize("steps", [1, 4])
def test_the_sample_mean_is_the_expected_loss(compounding, dof, steps):
    case, plan = case_of(compounding=compounding, dof=dof), Plan(200_000, 0.5, 11, (0.95,), steps=steps)
    summaries = simulate([case], plan)["base"]
    for node, summary in summaries.items():
        exact = analysis.expected_loss(case, plan, case.pools.positions_below(node))
        error = math.sqrt(summary.m2 / summary.paths / summary.paths)
        assert abs(summary.mean - exact) < 5.85 * error
        assert abs(summary.mean - 1.1 * exact) > 5.85 * error  # the negative control


def test_the_closed_form():
    case = case_of()
    exact = analysis.expected_loss(case, PLAN, case.pools.positions)
    assert exact == pytest.approx(-100.0 * math.expm1(0.06) + 40.0 * math.expm1(0.025), rel=1e-14)
    simple = case_of(compounding="simple")
    assert analysis.expected_loss(simple, PLAN, simple.pools.positions) == pytest.approx(-6.0 + 1.0, rel=1e-14)


def figures_of(case, relative_to):
    table = rows([case], PLAN, simulate([case], PLAN), relative_to=relative_to)
    return {(row.node, row.view, row.measure, row.confidence): row for row in table}


def test_only_tail_figures_are_shifted_each_by_its_own_constant():
    case = case_of(values=(100.0, 40.0))
    start, mean = figures_of(case, "start"), figures_of(case, "mean")
    assert start.keys() == mean.keys()
    for key, row in start.items():
        node, view, measure, _ = key
        other = mean[key]
        if view.startswith("benefit"):
            if measure != "volatility":
                assert other.value != row.value
            continue
        assert other.std_error == row.std_error
        positions = case.pools.positions_below(node)
        shift = 0.0
        if measure in ("value_at_risk", "expected_shortfall"):
            shift = analysis.expected_loss(case, PLAN, positions)
        for name in ("value", "low", "high"):
            assert getattr(other, name) == pytest.approx(getattr(row, name) - shift, rel=1e-12)


def test_without_an_expectation_every_shifted_figure_is_empty():
    case = case_of(values=(100.0, 40.0), dof=4.0)
    table = figures_of(case, "mean")
    for (_, view, measure, _), row in table.items():
        if measure in ("value_at_risk", "expected_shortfall"):
            assert row.value is None
            assert row.note == NO_EXPECTATION or view.startswith("benefit")
    assert figures_of(case, "start")["a", "standalone", "value_at_risk", 0.95].value is not None


def test_what_has_no_risk_is_never_off_its_mean():
    for dof in (None, 4.0):
        case = case_of(volatility=(0.0, 0.2), values=(100.0, 0.0), dof=dof)
        table = figures_of(case, "mean")
        for view, node in (("standalone", "a"), ("pooled", "both")):
            row = table[node, view, "expected_shortfall", 0.99]
            assert (row.value, row.std_error) == (0.0, 0.0)
            assert table[node, view, "mean", None].value == pytest.approx(-100.0 * math.expm1(0.06), rel=1e-12)


def test_it_is_start_or_mean():
    case = case_of()
    with pytest.raises(InputError, match='"start" or "mean"'):
        rows([case], PLAN, {}, relative_to="median")


def test_volatility_0_under_log_has_the_growth_alone():
    case = case_of(volatility=(0.0, 0.0))
    exact = analysis.expected_loss(case, PLAN, case.pools.positions)
    summary = simulate([case], Plan(1000, 0.5, 1, (0.95,)))["base"]["both"]
    assert np.isclose(summary.mean, exact, rtol=1e-12)
