"""Factor models: the law, the product, what cases share, and the same figures as by the correlation matrix."""

import math
import tracemalloc

import models
import naive
import numpy as np
import pytest
from closed_forms import linear, portfolio
from hypothesis import given
from hypothesis import strategies as st
from models import bits, deep_tree, digest, plan, three_assets
from statistics_helpers import LIMIT, assert_right, correlation_errors_away, errors_away

import simcore
from analysis.existence import NO_FOURTH_MOMENT, NO_MOMENT, why_no_error, why_no_value
from analysis.figures import estimate_of
from simcore import Case, Factors, InputError, Market, Plan, Pool, PoolTree, Position, lower
from simcore.compile import TILE_ROWS
from simcore.dependence import check_loadings
from simcore.kernels.block import BLOCK, STRIDE
from simcore.kernels.driver import Kind
from simcore.kernels.factors import factor_product

B = np.array([[0.8, 0.1], [0.7, -0.3], [0.0, 0.6], [-0.4, 0.5]])
CORRELATION = B @ B.T + np.diag(1.0 - (B * B).sum(axis=1))


# the law


def test_the_own_part_is_what_the_factors_leave():
    law = Factors.of(B)
    np.testing.assert_allclose(law.own**2 + (B * B).sum(axis=1), 1.0, rtol=1e-15)
    assert law.dof is None
    assert Factors.of(B, dof=4).dof == 4.0
    for array in (law.loadings, law.own):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0.0


def test_a_factor_may_be_all_there_is():
    assert Factors.of([[0.6, 0.8], [1.0, 0.0]]).own.tolist() == [0.0, 0.0]
    assert Factors.of([[1.0 + 1e-15]]).own.tolist() == [0.0]  # from rounding


LOADINGS = {
    "a row too long": (
        [[0.8, 0.8], [0.1, 0.1]],
        r"loadings\[0\] \(A\) = \[0\.8, 0\.8\], of squares 1\.28\n    allowed",
    ),
    "one above 1": ([[0.1], [1.1]], r"loadings\[1\] \(B\) = \[1\.1\]"),
    "not finite": ([[0.1], [math.nan]], r"loadings\[1\]\[0\] \(B\) = nan"),
    "overflowing": ([[1e300], [0.1]], r"loadings\[0\] \(A\) = \[1e\+300\], of squares inf"),
    "ragged": ([[0.1], [0.1, 0.2]], "2 rows of equally many numbers"),
    "no matrix": ([0.1, 0.2], r"an array of shape \(2,\)"),
    "too few rows": ([[0.1]], r"an array of shape \(1, 1\)\n    allowed: 2 rows"),
    "no factor": ([[], []], r"an array of shape \(2, 0\)"),
}


@pytest.mark.parametrize(("loadings", "message"), LOADINGS.values(), ids=LOADINGS)
def test_what_are_no_loadings_is_refused(loadings, message):
    (problem,) = check_loadings(loadings, ("A", "B"))
    with pytest.raises(InputError, match=message):
        raise InputError([problem])


PARTS = {
    "not of unit length": (B, np.ones(4), r"Factors\.loadings\[0\] = of length 1\.2845"),
    "shapes": (B, np.ones(3), r"loadings of shape \(4, 2\), own parts of shape \(3,\)"),
    "empty": (np.empty((2, 0)), np.ones(2), "neither empty"),
    "not finite": ([[math.nan]], [1.0], "not finite"),
}


@pytest.mark.parametrize(("loadings", "own", "message"), PARTS.values(), ids=PARTS)
def test_what_is_no_law_is_refused(loadings, own, message):
    with pytest.raises(InputError, match=message):
        Factors(loadings, own)


@pytest.mark.parametrize("dof", [2.0, math.nan, 2e9, "4"])
def test_dof_without_a_variance_is_refused(dof):
    with pytest.raises(InputError, match=r"Factors\.dof = .*\n    allowed: a number in \(2"):
        Factors.of(B, dof=dof)


def test_moments_take_a_correlation_or_factors():
    moments = {"expected_return": np.zeros(4), "volatility": np.ones(4)}
    assert isinstance(Market.from_moments(list("ABCD"), **moments, factors=B).dependence, Factors)
    with pytest.raises(InputError, match=r"correlation, factors = both"):
        Market.from_moments(list("ABCD"), **moments, correlation=CORRELATION, factors=B)
    with pytest.raises(InputError, match=r"loadings\[1\] \(B\)"):
        Market.from_moments(list("ABCD"), **moments, factors=B * [[1.0], [2.0], [1.0], [1.0]])


# the product


def multiply(own, loadings, e, f):
    """The kernel's own e + B f. e : (n, BLOCK); f : (k, BLOCK)"""
    n, k = loadings.shape
    size = -(-n // TILE_ROWS) * TILE_ROWS
    padded = np.zeros(size), np.zeros((size, k))
    padded[0][:n], padded[1][:n] = own, loadings
    rows = np.full((size + k, STRIDE), 7.0)
    rows[:n, :BLOCK], rows[size:, :BLOCK] = e, f
    out = np.full((size, STRIDE), 7.0)
    factor_product(padded[0], padded[1].ravel(), rows[:size], rows[size:], out)
    assert (out[:, BLOCK:] == 7.0).all(), "the product wrote beyond the block"
    return out[:n, :BLOCK]


def random_parts(n, k, seed=1):
    rng = np.random.default_rng(seed)
    law = Factors.of(rng.uniform(-1.0, 1.0, (n, k)) / k)
    return law.own, law.loadings, rng.normal(size=(n, BLOCK)), rng.normal(size=(k, BLOCK))


@pytest.mark.parametrize("k", [1, 2, 7])
@pytest.mark.parametrize("n", [1, 3, 4, 5, 13])
def test_the_product_is_its_twin_bit_for_bit(n, k):
    own, loadings, e, f = random_parts(n, k)
    some = [0, 1, 7, 8, 100, 255, 256, 511]
    expected = naive.factor_product(own, loadings, e[:, some], f[:, some])
    np.testing.assert_array_equal(bits(multiply(own, loadings, e, f)[:, some]), bits(expected))


@pytest.mark.parametrize(("n", "k", "share"), [(9, 30, 0.05), (5, 40, 0.02), (13, 7, 0.2), (101, 12, 0.1)])
def test_factors_that_few_assets_load_on_are_skipped_and_no_bit_is_another(n, k, share):
    own, loadings, e, f = random_parts(n, k)
    sparse = np.where(np.random.default_rng(k).random((n, k)) < share, loadings, 0.0)
    some = [0, 7, 511]
    expected = naive.factor_product(own, sparse, e[:, some], f[:, some])
    np.testing.assert_array_equal(bits(multiply(own, sparse, e, f)[:, some]), bits(expected))
    # what nobody loads on is not even looked at
    alone = np.where(np.arange(k) == k - 1, 0.5, 0.0) * np.ones((n, 1))
    f[: k - 1], f[k - 1] = np.nan, 1.0
    np.testing.assert_array_equal(multiply(own, alone, e, f), own[:, None] * e + 0.5)


@pytest.mark.parametrize(("n", "k"), [(97, 3), (200, 40), (10, 500)])
def test_the_product_is_a_matrix_product(n, k):
    own, loadings, e, f = random_parts(n, k)
    np.testing.assert_allclose(multiply(own, loadings, e, f), own[:, None] * e + loadings @ f, rtol=0, atol=1e-13)
    assert np.abs(multiply(own, loadings, e, f) - (own[:, None] * e + loadings @ -f)).max() > 0.1


@given(st.integers(1, 20), st.integers(1, 5), st.integers(0, 3), st.integers(0, 2**32))
def test_assets_and_factors_without_loading_leave_the_rows_before_them(n, k, more, seed):
    own, loadings, e, f = random_parts(n + more, k, seed)
    whole = multiply(own, loadings, e, f)
    np.testing.assert_array_equal(bits(multiply(own[:n], loadings[:n], e[:n], f)), bits(whole[:n]))
    beside = np.hstack([loadings, np.zeros((n + more, more))])
    np.testing.assert_array_equal(bits(multiply(own, beside, e, np.vstack([f, e[:more]]))), bits(whole))


# the program

THREE = """\
6 operations on 14 rows of 512 paths
   0  normals   rows 0-2: stream normal, step 0, one asset a row
   1  normals   rows 4-5: stream factors, step 0, one factor a row
   2  factors   rows 6-8 = own parts of rows 0-2 + B (3 x 2) times rows 4-5, for base
   3  losses    rows 10-12 of the positions of base, log returns
   4  sum       row 13 = rows 10, 11, 12: pool pool
   5  summary   rows 10-13: moments and tails of base, slots 0-3"""


def test_three_assets_in_words():
    assert lower([three_assets(factors=2)], plan()).describe() == THREE


@pytest.mark.parametrize("steps", [1, 12])
@pytest.mark.parametrize("law", [{}, {"dof": 4.0}], ids=["normal", "t"])
def test_cases_share_draws_and_those_of_one_law_the_product(law, steps):
    """One with fewer factors, and one with a correlation, too."""
    cases = [three_assets(f"case {i}", stress=1.0 + 0.5 * i, factors=2, **law) for i in range(3)]
    other, matrix = three_assets("other", factors=1, **law), three_assets("matrix", **law)
    program = lower([*cases, other, matrix], plan(steps=steps))
    drawn = steps if law else 1
    counts = [program.count(kind) for kind in (Kind.NORMALS, Kind.MIXING, Kind.FACTORS, Kind.PRODUCT)]
    assert counts == [2 * drawn, steps if law else 0, 2, 1]


@pytest.mark.parametrize("steps", [1, 12])
@pytest.mark.parametrize("compounding", ["log", "simple"])
@pytest.mark.parametrize("law", [{}, {"dof": 3.0}, {"collapse": False}], ids=["normal", "t", "every step drawn"])
def test_the_one_driver_is_the_twin_path_by_path(law, compounding, steps):
    law = dict(law)
    run_plan = plan(1500, steps=steps, collapse=law.pop("collapse", True), outputs=("losses", "returns"))
    case = deep_tree(compounding=compounding, factors=3, **law)
    got = simcore.simulate([case], run_plan).outputs["base"]
    for path in (0, 511, 512, 1499):
        np.testing.assert_allclose(got.returns[path], naive.returns(case, run_plan, path), rtol=1e-11, atol=1e-15)
        for node, loss in naive.losses(case, run_plan, path).items():
            np.testing.assert_allclose(got.losses[node][path], loss, rtol=1e-11, atol=1e-8, err_msg=node)


# the contract: beside tests/test_contract.py, whose laws hold factors


def with_loadings(case, loadings, name="base", dof=None):
    market = case.market
    law = Factors.of(loadings, dof=dof)
    return Case(name, Market(market.names, market.drift, market.scale, market.compounding, law), case.pools)


@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize("dof", [None, 5.0])
def test_a_factor_without_loading_changes_no_bit(dof, steps):
    """Nor does a case beside with more factors, or with a correlation, whichever comes first."""
    few = models.loadings(5, 2)
    more = np.hstack([few, np.zeros((5, 3))])
    run_plan = plan(20_000, steps=steps, collapse=False)
    case = deep_tree()
    alone = digest(simcore.simulate([with_loadings(case, few, dof=dof)], run_plan))
    assert digest(simcore.simulate([with_loadings(case, more, dof=dof)], run_plan)) == alone
    beside = [with_loadings(case, models.loadings(5, 5), "five", dof), deep_tree("matrix", dof=dof)]
    for cases in ([*beside, with_loadings(case, few, dof=dof)], [with_loadings(case, few, dof=dof), *beside]):
        found = simcore.simulate(cases, run_plan)
        assert digest({"base": found["base"]}) == alone
    assert digest(simcore.simulate([with_loadings(case, -few, dof=dof)], run_plan)) != alone


def test_own_parts_are_the_normals_of_a_correlation():
    """Without loadings, the bits of independent assets: draws are shared whatever ties the assets together."""
    case, names = deep_tree(), deep_tree().market.names
    independent = Market(names, case.market.drift, case.market.scale, "log", simcore.Gaussian(np.eye(5)))
    for steps in (1, 3):
        run_plan = plan(20_000, steps=steps, outputs=("returns",))
        by_matrix = simcore.simulate([Case("base", independent, case.pools)], run_plan)
        by_factors = simcore.simulate([with_loadings(case, np.zeros((5, 1)))], run_plan)
        assert digest(by_matrix) == digest(by_factors)
        np.testing.assert_array_equal(by_matrix.outputs["base"].returns, by_factors.outputs["base"].returns)


# the same law as the correlation matrix's

PATHS = 1_000_000
VALUES, MU, SIGMA = [100.0, 250.0, -80.0, 140.0], [0.08, 0.12, 0.05, 0.15], [0.20, 0.30, 0.15, 0.45]
FIGURES = [("mean", None), ("volatility", None), ("value_at_risk", 0.99), ("expected_shortfall", 0.95)]
NAMES = ["a", "b", "c", "d"]
TREE = PoolTree([Position(n, n, v) for n, v in zip(NAMES, VALUES, strict=True)], [Pool("pool", NAMES)])


def simulated(loadings, dof):
    moments = {"expected_return": MU, "volatility": SIGMA, "compounding": "simple"}
    case = Case("base", Market.from_moments(NAMES, **moments, factors=loadings, dof=dof), TREE)
    return simcore.simulate([case], Plan(PATHS, 0.25, 42, (0.95, 0.99)))["base"]


@pytest.mark.parametrize("dof", [None, 6.0], ids=["normal", "t6"])
def test_figures_are_those_of_the_correlation_that_factors_make(dof):
    """B B' + own^2; the control is the same run held against independent assets."""
    summaries = simulated(B, dof)
    for measure, confidence in FIGURES:
        for i, name in enumerate(NAMES):
            alone = linear(*portfolio([VALUES[i]], [MU[i]], [SIGMA[i]], [[1.0]], 0.25), measure, confidence, dof)
            assert_right(estimate_of(summaries[name], measure, confidence), alone, PATHS)
        pooled = linear(*portfolio(VALUES, MU, SIGMA, CORRELATION, 0.25), measure, confidence, dof)
        estimate = estimate_of(summaries["pool"], measure, confidence)
        assert_right(estimate, pooled, PATHS)
        independent = linear(*portfolio(VALUES, MU, SIGMA, np.eye(4), 0.25), measure, confidence, dof)
        assert (errors_away(estimate.value, independent, PATHS) > LIMIT) is (measure != "mean")


def test_student_t_factors_have_one_mixing_variable():
    """Own parts too: squares of uncorrelated assets go together, as under `StudentT`, and not under the normal."""
    for dof, together in ((5.0, True), (None, False)):
        run_plan = Plan(200_000, 1.0, 3, (0.95,), outputs=("returns",))
        moments = {"expected_return": [0.0] * 2, "volatility": [1.0] * 2, "compounding": "simple"}
        market = Market.from_moments(["a", "b"], **moments, factors=[[0.5, 0.0], [0.0, 0.5]], dof=dof)
        case = Case("base", market, PoolTree([Position("a", "a", 1.0)]))
        x = np.abs(simcore.simulate([case], run_plan).outputs["base"].returns[:, 0, :])
        assert (correlation_errors_away(*x.T) > LIMIT) is together


def test_existence_knows_heavy_tails_with_factors():
    for compounding, measure, why, said in (
        ("log", "volatility", why_no_value, NO_MOMENT),
        ("simple", "volatility", why_no_error, NO_FOURTH_MOMENT),
    ):
        for dof, expected in ((4.0, said), (None, "")):
            market = three_assets(compounding=compounding, factors=1, dof=dof).market
            assert why(market, 1 / 12, {"Asset 1": 1e5}, measure) == expected


def test_nothing_is_of_the_size_of_a_matrix():
    """5,000 assets, whose matrix would take 200 MB, up to the program."""
    n = 5_000
    names = [f"asset {i}" for i in range(n)]
    tracemalloc.start()
    try:
        moments = {"expected_return": np.zeros(n), "volatility": np.full(n, 0.2)}
        market = Market.from_moments(names, **moments, factors=models.loadings(n, 5))
        case = Case("base", market, PoolTree([Position("one", names[-1], 1.0)]))
        lower([case], plan(1000))
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()
