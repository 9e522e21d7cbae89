"""The stationary bootstrap: its walks, its exact variance and expectation, and every part of the contract."""

import itertools
import math

import naive
import numpy as np
import pytest
from models import digest, plan
from scipy import stats

import simcore
from analysis.expectation import expected_loss
from analysis.figures import estimate_of
from simcore import Bootstrap, Case, Gaussian, InputError, Market, Plan, Pool, PoolTree, Position
from simcore.kernels.bootstrap import expected_growth

NAMES = ("A", "B", "C")
TREE = PoolTree([Position(name, name, 100.0) for name in NAMES], [Pool("pool", NAMES)])


def history(rows=60, seed=1, persistence=0.0):
    """Standardised rows of three correlated assets; with persistence a row is like the one before it."""
    rng = np.random.default_rng(seed)
    out = rng.standard_t(4, (rows, 3)) @ np.array([[1.0, 0.5, 0.2], [0.0, 1.0, 0.3], [0.0, 0.0, 1.0]])
    for i in range(1, rows):
        out[i] += persistence * out[i - 1]
    return simcore.standardised(out)


def case_of(rows, *, mean_block=5.0, compounding="simple", name="base", scale=(0.2, 0.3, 0.25)):
    dependence = rows if isinstance(rows, Bootstrap) else Bootstrap(rows, mean_block)
    return Case(name, Market(NAMES, [0.05, 0.02, 0.0], scale, compounding, dependence), TREE)


def test_standardised_rows_have_mean_0_and_variance_1():
    rows = simcore.standardised(np.column_stack([np.arange(7.0) ** 2, np.full(7, 3.0)]))
    np.testing.assert_allclose(rows[:, 0], stats.zscore(np.arange(7.0) ** 2, ddof=1), rtol=1e-14)
    assert not rows[:, 1].any()


@pytest.mark.parametrize("compounding", ["log", "simple"])
@pytest.mark.parametrize("mean_block", [1.0, 3.5, 1e6])
def test_paths_are_those_of_the_obvious_loop(compounding, mean_block):
    case = case_of(history(), mean_block=mean_block, compounding=compounding)
    run_plan = Plan(1000, 0.05, 7, (0.95,), steps=12)
    paths = np.array([0, 1, 511, 512, 999])
    found = simcore.replay(case, run_plan, paths)
    for i, path in enumerate(paths):
        np.testing.assert_allclose(found.returns[i], naive.returns(case, run_plan, int(path)), rtol=1e-13, atol=1e-17)
        for node, loss in naive.losses(case, run_plan, int(path)).items():
            assert found.losses[node][i] == pytest.approx(loss, rel=1e-11, abs=1e-11)


def walks(mean_block, paths=4000, steps=30, count=50):
    return np.array([naive.walk(path, steps, count, mean_block, 11) for path in range(paths)])


def test_blocks_are_geometric_and_begin_anywhere():
    """Of the naive walk, which the kernel was just compared with: the law itself, at 5.85 standard errors."""
    rows = walks(4.0)
    goes_on = rows[:, 1:] == (rows[:, :-1] + 1) % 50
    expected = 0.75 + 0.25 / 50  # a new block may begin at the next row
    error = math.sqrt(expected * (1 - expected) / goes_on.size)
    assert abs(goes_on.mean() - expected) < 5.85 * error
    assert abs(goes_on.mean() - (1 - 1 / 5)) > 5.85 * error  # the control: another mean length
    # one step tells nothing of the next: the walk has no memory but its row
    both = (goes_on[:, 1:] & goes_on[:, :-1]).mean()
    assert abs(both - expected**2) < 5.85 * math.sqrt(expected**2 / goes_on[:, 1:].size)
    for step in (0, 29):
        assert stats.chisquare(np.bincount(rows[:, step], minlength=50)).pvalue > 1e-8


def variance_of_the_sum(column, steps, mean_block):
    """Of the walk's sum over the steps: circular autocovariances, weighted by the probability of one block."""
    count = len(column)
    p = 1.0 / mean_block
    total = 0.0
    for lag in range(-steps + 1, steps):
        covariance = np.dot(column, np.roll(column, -abs(lag))) / count
        total += (steps - abs(lag)) * (1 - p) ** abs(lag) * covariance
    return total


def test_the_volatility_is_that_of_the_walk():
    """Closed form, of a history that persists; the square-root rule is the control."""
    rows, steps = history(persistence=0.6), 10
    run_plan = Plan(400_000, steps / 252, 3, (0.95,), steps=steps)
    summaries = simcore.simulate([case_of(rows, mean_block=4.0)], run_plan)["base"]
    for j, (name, scale) in enumerate(zip(NAMES, (0.2, 0.3, 0.25), strict=True)):
        found = estimate_of(summaries[name], "volatility")
        unit = 100.0 * scale / math.sqrt(252)
        exact = unit * math.sqrt(variance_of_the_sum(rows[:, j], steps, 4.0))
        rule = unit * math.sqrt(steps * np.dot(rows[:, j], rows[:, j]) / len(rows))
        assert abs(found.value - exact) < 5.85 * found.std_error
        assert abs(found.value - rule) > 5.85 * found.std_error


def test_expected_growth_is_the_sum_over_all_walks():
    column, scale, restart, steps = np.array([0.3, -1.2, 0.9]), 0.4, 0.35, 4
    exact = 0.0
    for walk in itertools.product(range(3), repeat=steps):
        chance = 1 / 3
        for before, row in itertools.pairwise(walk):
            chance *= restart / 3 + (1 - restart) * (row == (before + 1) % 3)
        exact += chance * math.exp(scale * sum(column[row] for row in walk))
    assert expected_growth(column, scale, restart, steps, *np.empty((2, 3))) == pytest.approx(exact, rel=1e-14)


@pytest.mark.parametrize("compounding", ["log", "simple"])
def test_the_mean_is_the_exact_expectation(compounding):
    case, run_plan = (
        case_of(history(persistence=0.6), compounding=compounding),
        Plan(200_000, 0.1, 5, (0.95,), steps=20),
    )
    summaries = simcore.simulate([case], run_plan)["base"]
    for name in (*NAMES, "pool"):
        found = estimate_of(summaries[name], "mean")
        exact = expected_loss(case, run_plan, case.pools.positions_below(name))
        assert abs(found.value - exact) < 5.85 * found.std_error


def test_the_history_s_own_means_and_deviations_give_back_its_rows():
    """What is drawn are rows of the history, all assets of one row together."""
    rng = np.random.default_rng(5)
    rows = rng.standard_t(5, (40, 3)) * 0.01 + 0.0003
    market = Market(
        NAMES, rows.mean(axis=0) * 252, rows.std(axis=0, ddof=1) * math.sqrt(252), "simple", Gaussian(np.eye(3))
    )
    market = Market(NAMES, market.drift, market.scale, "simple", Bootstrap(simcore.standardised(rows), 5))
    case = Case("base", market, TREE)
    returns = simcore.replay(case, Plan(512, 3 / 252, 1, (0.95,), steps=3), np.arange(512)).returns.reshape(-1, 3)
    nearest = np.abs(returns[:, None, :] - rows[None, :, :]).max(axis=2).min(axis=1)
    assert nearest.max() < 1e-15


def backwards(task, items):
    return [task(item) for item in list(items)[::-1]][::-1]


def test_the_contract():
    """Threads, the first of more paths, an engine in another order, and cases that share or do not."""
    rows = Bootstrap(history(), 5.0)
    base, stressed = case_of(rows), case_of(rows, name="stress", scale=(0.4, 0.6, 0.5))
    other = case_of(history(80, seed=2), name="window")
    normal = Case("normal", Market(NAMES, [0.0] * 3, [0.2] * 3, "simple", Gaussian(np.eye(3))), TREE)
    cases, run_plan = [base, stressed, other, normal], plan(20_000, steps=4)
    whole = simcore.simulate(cases, run_plan, threads=1)
    assert digest(simcore.simulate(cases, run_plan, threads=3)) == digest(whole)
    assert digest(simcore.simulate(cases, run_plan, engine=backwards)) == digest(whole)
    for case in cases:
        alone = simcore.simulate([case], run_plan)
        assert digest(alone) == digest({case.name: whole[case.name]})
    few = simcore.simulate([base], plan(3_000, steps=4, outputs=("losses",))).outputs["base"].losses["pool"]
    more = simcore.simulate([base], plan(9_000, steps=4, outputs=("losses",))).outputs["base"].losses["pool"]
    np.testing.assert_array_equal(few, more[:3_000])


def test_a_volatility_scales_the_demeaned_rows():
    rows = Bootstrap(history(), 5.0)
    run_plan = Plan(512, 0.1, 9, (0.95,), steps=5)
    calm, wild = (
        simcore.replay(case_of(rows, scale=tuple(k * np.array([0.2, 0.3, 0.25]))), run_plan, np.arange(512)).returns
        for k in (1.0, 2.0)
    )
    drift = np.array([0.05, 0.02, 0.0]) * 0.1 / 5
    np.testing.assert_allclose(wild - drift, 2.0 * (calm - drift), rtol=1e-12, atol=1e-15)


def test_cases_of_one_history_share_its_draws():
    rows = Bootstrap(history(), 5.0)
    both = simcore.lower([case_of(rows), case_of(rows, name="stress")], plan(1000, steps=4))
    one = simcore.lower([case_of(rows)], plan(1000, steps=4))
    assert both.describe().count("advance") == one.describe().count("advance") == 4
    assert "normals" not in both.describe()
    assert "product" not in both.describe()


@pytest.mark.parametrize(
    ("rows", "mean_block", "said"),
    [
        (np.zeros((1, 3)), 5, "two or more rows"),
        (np.zeros(4), 5, "two or more rows"),
        (np.ones((5, 3)), 5, r"rows\[:, 0\] = mean 1"),
        (np.array([[1.0], [-1.0]]), 5, "variance 2"),
        (np.array([[np.nan], [1.0]]), 5, "not finite"),
        (history(), 0.5, r"mean_block = 0\.5"),
        (history(), "five", "mean_block = 'five'"),
        (history(), math.inf, "mean_block = inf"),
    ],
)
def test_what_is_no_history_is_refused(rows, mean_block, said):
    with pytest.raises(InputError, match=said):
        Bootstrap(rows, mean_block)


def test_a_history_of_other_assets_is_refused():
    with pytest.raises(InputError, match="rows of 2 numbers"):
        Market(("A", "B"), [0.0, 0.0], [0.1, 0.1], "log", Bootstrap(history(), 5))
