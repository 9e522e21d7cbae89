"""Correlations: those of each law against their definition, the order of clusters, and what is drawn."""

import dataclasses
import itertools

import numpy as np
import pytest
from drawing import assert_as_before
from models import equal_pool, equicorrelation, every_law, loadings, three_assets
from pictured import cut_off
from small_runs import HOSTILE, TIGHT, small_run, words_of

import analysis
import scenarios
from analysis.plots import correlations
from analysis.plots.matrices import FINEST, MOST_ASSETS, cluster_order, correlation_of, matrices_of
from analysis.runs import Run
from simcore import (
    Bootstrap,
    Case,
    Factors,
    Gaussian,
    InputError,
    Market,
    Pool,
    PoolTree,
    Position,
    factor,
    standardised,
)

pytestmark = pytest.mark.usefixtures("no_screen")

ROUGH = {"name": "rough", "changes": [{"volatility": {"multiply": 2.0}}]}


@pytest.fixture(scope="module")
def run():
    return analysis.run(scenarios.load("etf18", overrides={"simulation.paths": 1000}))


def of_cases(*cases):
    """A run of cases that pictures of correlations look at, and nothing else."""
    scenario = scenarios.load("three_assets", overrides={"simulation.paths": 1000})
    scenario = dataclasses.replace(scenario, cases=cases)
    return Run(scenario, [], 1, {}, {})


def of_law(law, n, name="base"):
    names = tuple(f"asset {i}" for i in range(n))
    market = Market(names, np.zeros(n), np.full(n, 0.2), "log", law)
    return Case(name, market, PoolTree([Position("p", names[0], 1.0)], [Pool("pool", ("p",))]))


@every_law
def test_of_a_law(law):
    market = three_assets(**law).market
    exact = equicorrelation(3, 0.3)
    if "factors" in law:
        b = loadings(3, law["factors"])
        exact = np.array([[1.0 if i == j else sum(b[i] * b[j]) for j in range(3)] for i in range(3)])
    np.testing.assert_allclose(correlation_of(market.dependence, np.arange(3)), exact, rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(correlation_of(market.dependence, np.array([0, 2])), exact[::2, ::2], atol=1e-12)


def test_of_rows_of_a_history():
    rows = np.random.default_rng(3).standard_t(5, (60, 4)) @ np.triu(np.ones((4, 4)))
    found = correlation_of(Bootstrap(standardised(rows), 4.0), np.arange(4))
    np.testing.assert_allclose(found, np.corrcoef(rows.T), rtol=0.0, atol=1e-12)


def test_what_does_not_move_has_none():
    rows = np.random.default_rng(3).normal(size=(30, 3))
    rows[:, 1] = 0.25
    found = correlation_of(Bootstrap(standardised(rows), 1.0), np.arange(3))
    assert np.isnan(found[1]).all()
    assert np.isnan(found[:, 1]).all()
    assert found[0, 2] == pytest.approx(np.corrcoef(rows[:, 0], rows[:, 2])[0, 1], abs=1e-12)
    assert sorted(cluster_order(found)) == [0, 1, 2]


def test_assets_that_go_together_become_neighbours():
    """Blocks of 4, 3 and 2 assets, shuffled: each is found again in one piece."""
    block = np.repeat([0, 1, 2], [4, 3, 2])
    shuffled = block[np.random.default_rng(1).permutation(9)]
    r = np.where(shuffled[:, np.newaxis] == shuffled, 0.8, 0.1)
    np.fill_diagonal(r, 1.0)
    order = cluster_order(r)
    assert sorted(order) == list(range(9))
    assert np.count_nonzero(np.diff(shuffled[order])) == 2


def test_the_order_is_the_best_of_all_that_the_clusters_allow():
    """Of six points on a line: their order on it, or the reverse."""
    place = np.array([3.0, 0.0, 5.2, 1.1, 4.1, 2.3])
    r = 1.0 - np.abs(place[:, np.newaxis] - place) / 6.0
    order = cluster_order(r)
    assert order.tolist() in (np.argsort(place).tolist(), np.argsort(-place).tolist())


@pytest.mark.parametrize("n", [1, 2])
def test_few_assets_keep_their_order(n):
    assert cluster_order(equicorrelation(n, 0.5)).tolist() == list(range(n))


def test_matrices_in_the_order_of_clusters(run):
    names = run.scenario.cases[0].market.names
    matrices = matrices_of(run)
    assert matrices.case == "2022"
    assert sorted(matrices.names) == sorted(names)
    order = [names.index(name) for name in matrices.names]
    stressed = next(case for case in run.scenario.cases if case.name == matrices.case)
    for found, case in ((matrices.base, run.scenario.cases[0]), (matrices.stressed, stressed)):
        lower = case.market.dependence.factor
        np.testing.assert_allclose(found, (lower @ lower.T)[np.ix_(order, order)], rtol=0.0, atol=1e-12)
    near, far = np.diag(matrices.base, 1).mean(), np.diag((lower @ lower.T), 1).mean()
    assert near > far


def test_the_first_case_with_other_correlations():
    late = {**TIGHT, "name": "later"}
    assert matrices_of(small_run(shocks=[ROUGH, TIGHT, late])).case == "tight"
    assert matrices_of(small_run(shocks=[ROUGH, TIGHT, late]), case="later").case == "later"
    assert matrices_of(small_run(shocks=[ROUGH, TIGHT]), case="rough").case == "rough"


@pytest.mark.parametrize(
    ("case", "said"),
    [("rough", "rough has the correlations of the base."), ("base", "The base is what others are compared with.")],
)
def test_a_case_with_the_correlations_of_the_base_has_none_of_its_own_drawn(case, said):
    run = small_run(shocks=[ROUGH, TIGHT])
    assert matrices_of(run, case=case).stressed is None
    _, right = correlations(run, case=case)
    assert [text.get_text().replace("\n", " ") for text in right.texts[:1]] == [said]
    assert not right.images


def test_a_law_that_cases_share_is_looked_at_once(monkeypatch):
    seen = []
    monkeypatch.setattr(
        "analysis.plots.matrices.correlation_of",
        lambda law, assets: seen.append(law) or correlation_of(law, assets),
    )
    run = small_run(shocks=[ROUGH, {**ROUGH, "name": "as rough"}])
    assert matrices_of(run).case is None
    assert seen == [run.scenario.cases[0].market.dependence]


def test_equal_correlations_of_other_laws_are_no_other_correlations():
    r = equicorrelation(3, 0.3)
    run = of_cases(of_law(Gaussian(factor(r)), 3), of_law(Factors.of(np.full((3, 1), np.sqrt(0.3))), 3, "factors"))
    assert matrices_of(run).case is None
    wider = of_law(Factors.of(np.full((3, 1), 0.6)), 3, "wider")
    assert matrices_of(of_cases(*run.scenario.cases, wider)).case == "wider"


def test_images_hold_the_matrices(run):
    left, right = correlations(run)
    matrices = matrices_of(run)
    np.testing.assert_array_equal(left.images[0].get_array(), matrices.base)
    np.testing.assert_array_equal(right.images[0].get_array(), matrices.stressed)
    assert left.images[0].get_clim() == right.images[0].get_clim() == (-1.0, 1.0)
    for ax in (left, right):
        assert [label.get_text() for label in ax.get_xticklabels()] == list(matrices.names)
        assert [label.get_text() for label in ax.get_yticklabels()] == list(matrices.names)
    mean = matrices.base[np.triu_indices(18, 1)].mean()
    assert left.get_title(loc="left") == f"base: mean {mean:.2f}"
    assert right.get_title(loc="left").startswith("2022: mean ")
    assert "1,000 paths, seed 42" in words_of(right)


def test_few_correlations_are_written_into_their_squares():
    left, right = correlations(small_run(shocks=[TIGHT]))
    assert [text.get_text() for text in left.texts] == [
        "1.00",
        "0.30",
        "0.30",
        "0.30",
        "1.00",
        "0.30",
        *["0.30"] * 2,
        "1.00",
    ]
    assert [text.get_text() for text in right.texts[:3]] == ["1.00", "0.65", "0.65"]


def test_what_is_below_0_is_marked():
    """In grey it looks as what is above."""
    factors = [[0.9 if i < 5 else -0.4] for i in range(10)]
    left, _ = correlations(small_run([f"a{i}" for i in range(10)], factors=factors))
    matrix = left.images[0].get_array()
    marked = {(text.get_position()[1], text.get_position()[0]) for text in left.texts if text.get_text() == "-"}
    assert marked == {(i, j) for i in range(10) for j in range(10) if matrix[i, j] < 0.0}
    assert len(marked) == 50
    independent = [[0.0, 1.0] if i < 5 else [1.0, -1e-9] for i in range(10)]  # -1e-9 is nothing
    left, _ = correlations(small_run([f"a{i}" for i in range(10)], factors=independent))
    assert left.images[0].get_array().min() < 0.0
    assert "-" not in [text.get_text() for text in left.texts]


def test_where_no_case_has_others_it_is_said():
    left, right = correlations(small_run(shocks=[ROUGH]))
    assert left.images
    assert not right.images
    assert "No case has other correlations\nthan the base." in [text.get_text() for text in right.texts]


def test_of_one_asset():
    left, _ = correlations(of_cases(equal_pool(1, rho=0.0)))
    assert left.get_title(loc="left") == "base"
    words_of(left)


def test_of_a_history_and_of_factors():
    rows = np.random.default_rng(3).normal(size=(30, 3))
    rows[:, 1] = 0.0
    left, right = correlations(of_cases(of_law(Bootstrap(standardised(rows), 1.0), 3)))
    mean = np.corrcoef(rows[:, 0], rows[:, 2])[0, 1]
    assert left.get_title(loc="left") == f"base: mean {mean:.2f}"
    assert sorted(text.get_text() for text in left.texts) == sorted(["1.00"] * 2 + [f"{mean:.2f}"] * 2)
    assert "1,000 paths, seed 42; of the rows of a history" in words_of(right)
    _, right = correlations(small_run(factors=[[0.8], [0.7], [0.1]]))
    assert "12,000 paths, seed 7; implied by factors" in [words for words in words_of(right) if "seed" in words]


@pytest.mark.parametrize("n", [2000, 2 * MOST_ASSETS + 1])
def test_thousands_of_assets_are_no_more_work_than_they_need(n, monkeypatch):
    """At most MOST_ASSETS of them, in the order that takes the square of their number, and without names."""
    from scipy.cluster import hierarchy

    asked, orders, whole = [], [], hierarchy.linkage
    monkeypatch.setattr(
        "analysis.plots.matrices.correlation_of",
        lambda law, assets: asked.append(len(assets)) or correlation_of(law, assets),
    )
    monkeypatch.setattr(
        hierarchy,
        "linkage",
        lambda distances, method, *, optimal_ordering: (
            orders.append(optimal_ordering) or whole(distances, method, optimal_ordering=optimal_ordering)
        ),
    )
    b = np.random.default_rng(5).uniform(-0.5, 0.5, (n, 4))
    wider = of_law(Factors.of(np.hstack([0.9 * b, np.full((n, 1), 0.3)])), n, "wider")
    left, right = correlations(of_cases(of_law(Factors.of(b), n), wider))
    left.figure.canvas.draw()
    shown = len(left.images[0].get_array())
    assert shown <= MOST_ASSETS
    assert asked == [shown, shown]
    assert orders == [False]
    assert not left.get_xticklabels()
    assert not left.texts
    assert left.get_xlabel() == f"{shown:,} assets, by cluster"
    assert any(f"of {n:,} assets" in words for words in words_of(right)) == (shown < n)


def test_averages_where_assets_are_finer_than_dots(run):
    many = of_law(Factors.of(np.full((FINEST + 1, 1), 0.5)), FINEST + 1)
    assert correlations(of_cases(many))[0].images[0].get_interpolation() == "antialiased"
    assert correlations(run)[0].images[0].get_interpolation() == "none"


def test_it_draws_into_axes_that_are_given(run):
    from matplotlib import pyplot
    from matplotlib.figure import Figure

    pair = Figure(layout="constrained").subplots(ncols=2)
    assert correlations(run, ax=pair) is pair
    assert not pyplot.get_fignums()


def test_names_stay_text():
    left, _ = correlations(small_run(HOSTILE, shocks=[{**TIGHT, "name": "$a$ <b>"}]))
    words = words_of(left)
    assert any(word.startswith("$a$ <b>: mean") for word in words)
    assert {"<script>a...", "$x$ & $\\f...", "_^{%"} <= set(words)


def test_words_are_whole_and_apart():
    names = [f"{i}: a long name of an asset" for i in range(20)]
    _, right = correlations(small_run(names, shocks=[TIGHT]))
    assert not cut_off(right)
    (stamp,) = (text.get_window_extent() for text in right.texts if "seed" in text.get_text())
    label = right.xaxis.label.get_window_extent()
    named = [text.get_window_extent() for text in right.get_xticklabels()]
    assert stamp.y1 < label.y0 < label.y1 < min(box.y0 for box in named)
    assert all(one.x1 < other.x0 for one, other in itertools.pairwise(named))


def test_what_the_run_does_not_have(run):
    with pytest.raises(InputError, match="one of base, 2022"):
        correlations(run, case="2009")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture(run, theme):
    left, _ = correlations(run, case="2008", theme=theme)
    assert_as_before(left, f"correlations_{theme}")
