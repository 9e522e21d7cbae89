"""The benefit in every case: the table's rows, the lowest of many, and bars that hold them."""

import numpy as np
import pytest
from drawing import assert_as_before
from models import deep_tree, equal_pool, plan, three_assets
from pictured import cells, cut_off, overlapping, renamed, run_of, words

import analysis
import scenarios
from analysis import plots
from analysis.plots.benefits import benefits_of
from simcore import InputError

RHOS = np.random.default_rng(2).permutation(np.linspace(0.0, 0.98, 30))


@pytest.fixture(scope="module")
def many():
    cases = [equal_pool(4, rho=rho, name=f"case {i}") for i, rho in enumerate(RHOS)]
    return run_of(*cases, plan=plan(12_000))


@pytest.fixture(scope="module")
def etf18():
    return analysis.run(scenarios.load("etf18", overrides={"simulation.paths": 40_000}))


def benefit(run, case, node="pool", view="benefit", confidence=0.99):
    return cells(run, node, view, "expected_shortfall", confidence, case=case)


def test_of_few_cases_all_are_shown_in_the_order_of_the_file(etf18):
    shown = benefits_of(etf18)
    assert [row.case for row in shown.rows] == ["base", "2022", "2008", "2020", "correlation breakdown"]
    assert shown.hidden == 0
    for row in shown.rows:
        expected = benefit(etf18, row.case, "everything", "benefit_assets")
        assert (row.value, row.low, row.high) == expected


def test_of_many_cases_the_first_and_the_lowest_are_shown(many):
    shown = benefits_of(many)
    values = [benefit(many, f"case {i}")[0] for i in range(30)]
    lowest = {f"case {i}" for i in sorted(range(1, 30), key=values.__getitem__)[:19]}
    assert {row.case for row in shown.rows} == {"case 0", *lowest}
    assert [row.case for row in shown.rows] == [f"case {i}" for i in range(30) if f"case {i}" in {"case 0", *lowest}]
    assert shown.hidden == 10


def test_cases_without_a_benefit_are_the_last_to_be_shown():
    cases = [equal_pool(2, rho=0.1, name=f"case {i}") for i in range(20)]
    riskless = [equal_pool(2, volatility=0.0, name=f"safe {i}") for i in range(2)]
    run = run_of(cases[0], *riskless, *cases[1:], plan=plan(1_000))
    shown = benefits_of(run)
    assert [row.case for row in shown.rows] == [f"case {i}" for i in range(20)]
    assert shown.hidden == 2


def test_no_benefit_at_all_is_refused():
    run = run_of(equal_pool(2, volatility=0.0), plan=plan(1_000))
    with pytest.raises(InputError, match="a pool with a benefit in some case; here: no benefit: the pool has no risk"):
        plots.benefit_by_case(run)


@pytest.mark.parametrize(("option", "value"), [("pool", "bonds"), ("confidence", 0.5), ("theme", "sepia")])
def test_what_the_run_does_not_have_is_refused(many, option, value):
    with pytest.raises(InputError, match=option):
        plots.benefit_by_case(many, **{option: value})


def test_the_artists_hold_the_numbers(etf18, no_screen):
    ax = plots.benefit_by_case(etf18, pool="equity", confidence=0.95)
    names = [case.name for case in etf18.scenario.cases]
    table = [benefit(etf18, name, "equity", "benefit", 0.95) for name in names]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == names
    assert ax.yaxis_inverted()  # the first case is the uppermost
    assert [bar.get_width() for bar in ax.patches] == [value for value, _, _ in table]
    assert [bar.get_y() + bar.get_height() / 2 for bar in ax.patches] == pytest.approx(range(5))
    ends = [segment[:, 0].tolist() for whiskers in ax.collections for segment in whiskers.get_segments()]
    assert ends == [pytest.approx([low, high]) for _, low, high in table]
    for value, low, high in table:
        assert f"{100 * value:.1f} % [{100 * low:.1f}, {100 * high:.1f}]" in words(ax)
    assert ax.get_title(loc="left") == "equity: what pooling removes of ES 95 %"
    assert ax.get_xlabel() == "benefit, per cent"
    assert words(ax)[-1] == "40,000 paths, seed 42"
    assert not overlapping(ax)
    assert not cut_off(ax)


def test_few_paths_have_no_interval(no_screen):
    run = run_of(three_assets(), three_assets("stress", rho=0.8), plan=plan(2_000))
    ax = plots.benefit_by_case(run)
    assert not ax.collections
    assert words(ax)[:2] == [f"{100 * benefit(run, case)[0]:.1f} %" for case in ("base", "stress")]


def test_whiskers_need_not_be_symmetric(no_screen):
    run = run_of(three_assets(), plan=plan(1_000))
    lopsided = [row._replace(low=row.value - 0.01, high=row.value + 0.03) for row in run.rows if row.view == "benefit"]
    (whiskers,) = plots.benefit_by_case(run._replace(rows=lopsided)).collections
    ((low, high),) = (segment[:, 0] for segment in whiskers.get_segments())
    value = benefit(run, "base")[0]
    assert (low, high) == pytest.approx((value - 0.01, value + 0.03))


def test_a_case_without_a_benefit_says_why(no_screen):
    run = run_of(equal_pool(2), equal_pool(2, volatility=0.0, name="safe"), plan=plan(1_000))
    ax = plots.benefit_by_case(run)
    assert len(ax.patches) == 1
    assert words(ax)[1] == "no benefit: the pool has no risk"


def test_a_pool_of_one_has_a_benefit_of_0(no_screen):
    ax = plots.benefit_by_case(run_of(equal_pool(1), plan=plan(12_000)))
    assert words(ax)[0] == "0.0 % [0.0, 0.0]"
    assert ax.get_xlim()[0] < ax.get_xlim()[1]


def test_the_corner_tells_what_is_hidden(many, no_screen):
    ax = plots.benefit_by_case(many)
    assert len(ax.patches) == 20
    assert words(ax)[-1] == "12,000 paths, seed 42; not shown: 10 cases, none with a lower benefit"
    assert not overlapping(ax)
    assert not cut_off(ax)


def test_names_stay_text_and_are_cut(no_screen):
    case = renamed(three_assets(), "a case with a very long name that goes on and on", "$x$ <b>")
    ax = plots.benefit_by_case(run_of(case, plan=plan(1_000)))
    (label,) = ax.get_yticklabels()
    assert label.get_text() == "a case with a very long n..."
    assert ax.get_title(loc="left").startswith("$x$ <b>: ")
    assert not label.get_parse_math()


def test_it_draws_into_axes_that_are_given(no_screen):
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    assert plots.benefit_by_case(run_of(deep_tree(), plan=plan(1_000)), ax=ax) is ax


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_looks_as_before(etf18, theme, no_screen):
    assert_as_before(plots.benefit_by_case(etf18, theme=theme), f"benefits_{theme}")
