"""The tidy table: its rows and views, which figures exist, and what pandas sees of it."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from summaries import summarise

import analysis
from analysis import measures
from analysis.comparison import COLUMNS, RISKLESS, rows
from analysis.existence import NO_FOURTH_MOMENT, NO_MOMENT, NO_TAIL_MEAN, risky_exposures
from simcore.case import Case, Plan
from simcore.errors import InputError
from simcore.market import Market
from simcore.pools import Pool, PoolTree, Position

NAMES = ("A", "B", "C", "D")
PLAN = Plan(64 * 200, 1 / 12, 42, (0.95, 0.99))
# Three levels: all > (left > (inner > a, b), c), d
POOLS = (Pool("inner", ("a", "b")), Pool("left", ("inner", "c")), Pool("all", ("left", "d")))


def market(compounding="simple", dof=None, volatility=(0.2, 0.3, 0.1, 0.4)):
    return Market.from_moments(
        NAMES,
        expected_return=np.zeros(4),
        volatility=volatility,
        correlation=np.full((4, 4), 0.3) + 0.7 * np.eye(4),
        compounding=compounding,
        dof=dof,
    )


def case_of(values=(100.0, 200.0, 300.0, 400.0), *, assets=NAMES, pools=POOLS, name="base", **law):
    positions = [Position(asset.lower() if assets == NAMES else f"p{i}", asset, value)
                 for i, (asset, value) in enumerate(zip(assets, values, strict=True))]  # fmt: skip
    return Case(name, market(**law), PoolTree(positions, pools))


def losses_of(case, seed=1):
    """Losses of every node, from independent normal returns; enough to fill a table."""
    returns = np.random.default_rng(seed).standard_normal((4, PLAN.paths)) * case.market.scale[:, None]
    gross = dict(zip(NAMES, returns, strict=True))
    losses = {p.name: -p.value * gross[p.asset] for p in case.pools.positions}
    for q in case.pools.order:
        pool = case.pools.pools[q]
        losses[pool.name] = sum(losses[member] for member in pool.members)
    return losses


def table_of(*cases):
    results = {case.name: {node: summarise(x, batch_paths=64) for node, x in losses_of(case).items()} for case in cases}
    return rows(cases, PLAN, results, name="test", currency="EUR")


def cells(table, **where):
    return [row for row in table if all(getattr(row, key) == value for key, value in where.items())]


def one(table, **where):
    (row,) = cells(table, **where)
    return row


def test_columns_are_those_of_the_design():
    assert " ".join(COLUMNS) == (
        "scenario case node parent kind view measure confidence value std_error low high "
        "estimation_low estimation_high unit note"
    )


def test_views_of_a_tree_three_levels_deep():
    table = table_of(case_of())
    views = {}
    for row in table:
        views.setdefault((row.node, row.parent, row.kind), dict.fromkeys(()))[row.view] = None
    both = ["pooled", "unpooled", "benefit", "unpooled_assets", "benefit_assets"]
    assert {key: list(found) for key, found in views.items()} == {
        ("inner", "left", "pool"): both[:3],  # the members are positions: nothing differs
        ("left", "all", "pool"): both,
        ("all", None, "pool"): both,
        ("a", "inner", "position"): ["standalone"],
        ("b", "inner", "position"): ["standalone"],
        ("c", "left", "position"): ["standalone"],
        ("d", "all", "position"): ["standalone"],
    }


def test_every_view_has_every_figure_but_no_benefit_of_the_mean():
    table = table_of(case_of())
    tail = [(m, c) for c in (0.95, 0.99) for m in ("value_at_risk", "expected_shortfall")]
    for view in ("pooled", "unpooled", "unpooled_assets"):
        found = [(row.measure, row.confidence) for row in cells(table, node="all", view=view)]
        assert found == [("mean", None), ("volatility", None), *tail]
    for view in ("benefit", "benefit_assets"):
        found = [(row.measure, row.confidence) for row in cells(table, node="all", view=view)]
        assert found == [("volatility", None), *tail]


def test_values_and_units_of_each_view():
    case = case_of()
    table, losses = table_of(case), losses_of(case)

    def es(node):
        return measures.expected_shortfall(losses[node], 0.99)

    expected = {
        "pooled": es("all"),
        "unpooled": es("left") + es("d"),
        "benefit": 1 - es("all") / (es("left") + es("d")),
        "unpooled_assets": sum(map(es, "abcd")),
        "benefit_assets": 1 - es("all") / sum(map(es, "abcd")),
    }
    for view, value in expected.items():
        row = one(table, node="all", view=view, measure="expected_shortfall", confidence=0.99)
        assert row.value == pytest.approx(value, rel=1e-12)
        assert row.std_error > 0
        assert row.low < row.value < row.high
        assert row.unit == ("1" if view.startswith("benefit") else "EUR")
        assert row.note is None
    alone = one(table, node="d", measure="volatility")
    assert alone.value == pytest.approx(measures.volatility(losses["d"]), rel=1e-12)
    pooled, unpooled = (one(table, node="all", view=view, measure="mean") for view in ("pooled", "unpooled"))
    assert pooled.value == pytest.approx(unpooled.value, rel=1e-9)
    assert {row.scenario for row in table} == {"test"}


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: analysis.compare("etf18"), r"scenarios\.load\('etf18'\)"),
        (lambda: analysis.compare_cases(case_of(), PLAN), "put it in a list"),
    ],
)
def test_what_is_no_scenario_and_no_list_of_cases_is_refused(call, said):
    with pytest.raises(InputError, match=said):
        call()


def test_cases_follow_one_another_each_with_its_own_pools():
    table = table_of(case_of(), case_of(name="shock", pools=(Pool("pair", ("a", "b")),)))
    assert list(dict.fromkeys(row.case for row in table)) == ["base", "shock"]
    assert {row.node for row in cells(table, case="shock", kind="pool")} == {"pair"}
    assert one(table, case="shock", node="d", measure="mean").parent is None


def test_log_student_t_has_no_moments_and_keeps_value_at_risk():
    table = table_of(case_of(compounding="log", dof=5.0))
    for row in table:
        missing = row.measure in ("mean", "volatility")
        assert (row.value is None) == missing
        assert (row.note == NO_MOMENT) == missing
        if missing:
            assert (row.std_error, row.low, row.high) == (None, None, None)


def test_log_student_t_has_no_expected_shortfall_where_a_net_exposure_is_short():
    table = table_of(case_of((-100.0, 200.0, 300.0, 400.0), compounding="log", dof=50.0))
    for row in cells(table, measure="expected_shortfall", confidence=0.99):
        exists = row.node in "bcd"  # every pool holds the short position a
        assert (row.value is not None) == exists, row
        assert (row.note == NO_TAIL_MEAN) != exists
    assert all(row.value is not None for row in cells(table, measure="value_at_risk", view="pooled"))


def test_the_net_exposure_decides_not_the_position():
    pools = (Pool("net long", ("p0", "p1")), Pool("offset", ("p2", "p3")))
    case = case_of((-100.0, 250.0, 70.0, -70.0), assets=("A", "A", "B", "B"), pools=pools, compounding="log", dof=3.0)
    tree = case.pools
    assert risky_exposures(case, tree.positions_below("net long")) == {"A": 150.0}
    assert risky_exposures(case, tree.positions_below("offset")) == {}
    table = table_of(case)
    es = {"measure": "expected_shortfall", "confidence": 0.99}
    assert one(table, node="net long", view="pooled", **es).value is not None
    assert one(table, node="net long", view="unpooled", **es).note == NO_TAIL_MEAN
    assert one(table, node="net long", view="benefit", **es).note == NO_TAIL_MEAN
    # Exactly offsetting: riskless under any law.
    for row in cells(table, node="offset", view="pooled"):
        assert (row.value, row.std_error, row.low, row.high, row.note) == (0, 0, 0, 0, None)
    assert {row.note for row in cells(table, node="offset", view="benefit")} == {RISKLESS}
    assert one(table, node="offset", view="unpooled", measure="volatility").note == NO_MOMENT


def test_net_exposures_are_summed_exactly():
    case = case_of((1e16, 1.0, -1e16, 1.0), assets=("A",) * 4, pools=(Pool("pool", ("p0", "p1", "p2", "p3")),))
    assert risky_exposures(case, case.pools.positions) == {"A": 2.0}


def test_an_asset_without_volatility_has_no_risk_under_any_law():
    case = case_of((-100.0, 200.0, 300.0, 400.0), compounding="log", dof=5.0, volatility=(0.0, 0.3, 0.1, 0.4))
    table = table_of(case)
    assert one(table, node="a", measure="volatility").value == 0
    assert one(table, node="a", measure="mean").std_error == 0
    assert one(table, node="all", view="pooled", measure="expected_shortfall", confidence=0.95).value is not None


@pytest.mark.parametrize(("dof", "exists"), [(3.0, False), (4.0, False), (4.1, True)])
def test_simple_student_t_needs_a_fourth_moment_for_the_error_of_volatility(dof, exists):
    table = table_of(case_of(dof=dof))
    assert all(row.value is not None for row in table)
    for row in table:
        empty = row.measure == "volatility" and not exists
        assert (row.std_error is None) == empty
        assert (row.low is None) == empty
        assert (row.note == NO_FOURTH_MOMENT) == empty


@pytest.mark.parametrize(("compounding", "dof"), [("simple", None), ("log", None), ("simple", 6.0)])
def test_laws_with_all_moments_have_every_figure(compounding, dof):
    table = table_of(case_of((-100.0, 200.0, 300.0, 400.0), compounding=compounding, dof=dof))
    assert all(None not in (row.value, row.std_error, row.low, row.high) for row in table)
    assert {row.note for row in table} == {None}


def test_a_pool_without_value_is_riskless():
    table = table_of(case_of((0.0, 0.0, 0.0, 0.0)))
    for row in table:
        assert row.value == (None if row.view.startswith("benefit") else 0)
        assert row.std_error == (None if row.view.startswith("benefit") else 0)


def test_rounding_noise_of_offsetting_positions_reaches_no_figure():
    case = case_of((3.0, 7.0, -10.0, 50.0), assets=("A", "A", "A", "B"), pools=(Pool("offset", ("p0", "p1", "p2")),))
    losses = losses_of(case)
    assert np.any(losses["offset"] != 0)
    for row in cells(table_of(case), node="offset", view="pooled"):
        assert row.std_error == 0
        assert abs(row.value) < 1e-13


def test_benefits_of_perfectly_dependent_long_positions_are_0():
    case = case_of(assets=("A",) * 4, pools=(Pool("pool", ("p0", "p1", "p2", "p3")),))
    for row in cells(table_of(case), view="benefit"):
        assert_allclose([row.value, row.std_error, row.low, row.high], 0, atol=1e-12)


def test_compare_cases_gives_a_frame_of_the_same_figures():
    plan = Plan(20 * 512, 1 / 12, 42, (0.95,))
    frame = analysis.compare_cases([case_of(dof=3.0)], plan, name="arrays", currency="EUR", threads=1)
    assert list(frame.columns) == list(COLUMNS)
    assert set(frame["scenario"]) == {"arrays"}
    for column in ("confidence", "value", "std_error", "low", "high"):
        assert frame[column].dtype == np.float64
    volatility = frame[(frame["node"] == "all") & (frame["view"] == "pooled") & (frame["measure"] == "volatility")]
    assert volatility["std_error"].isna().all()
    assert volatility["note"].item() == NO_FOURTH_MOMENT
    # Linear, and normal or t: the volatility is a closed form. 3 degrees of freedom: the tolerance is wide.
    amounts = np.array([100.0, 200.0, 300.0, 400.0]) * [0.2, 0.3, 0.1, 0.4]
    exact = math.sqrt(amounts @ (np.full((4, 4), 0.3) + 0.7 * np.eye(4)) @ amounts / 12)
    assert volatility["value"].item() == pytest.approx(exact, rel=0.25)
    again = analysis.compare_cases([case_of(dof=3.0)], plan, name="arrays", currency="EUR", threads=2)
    assert frame.equals(again)


def test_compare_takes_a_scenario():
    from scenarios.loader import load

    frame = analysis.compare(load("three_assets", overrides={"simulation.paths": 20_000}))
    assert set(frame["unit"]) == {"USD", "1"}
    assert "base" in set(frame["case"])
    assert frame["value"].notna().all()


def test_compare_cases_refuses_a_bad_case_list():
    with pytest.raises(InputError):
        analysis.compare_cases([], PLAN)


def test_decimals_that_offset_are_riskless():
    """0.1 + 0.2 - 0.3 is not 0 in binary, and 100000.10 + 200000.20 - 300000.30 is not either."""
    for values in ((0.1, 0.2, -0.3), (100000.10, 200000.20, -300000.30)):
        case = case_of(values, assets=("A", "A", "A"), pools=(Pool("offset", ("p0", "p1", "p2")),))
        assert risky_exposures(case, case.pools.positions_below("offset")) == {}


def test_cases_may_come_from_an_iterator():
    case = case_of()
    table = analysis.compare_cases((c for c in [case]), Plan(2000, 1 / 12, 1, (0.95,)))
    assert set(table["case"]) == {"base"}
