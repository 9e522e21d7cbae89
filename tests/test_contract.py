"""The numeric contract, a sentence a test: what may not change a bit."""

import ast
import dataclasses

import models
import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from models import bits, deep_tree, digest, equal_pool, every_law, every_step, plan, run, three_assets
from scipy import stats

import simcore
from simcore import Case, Gaussian, Market, Plan, PoolTree, Position
from simcore.ranges import layout


def shuffled(task, items):
    """An engine that works in an order of its own."""
    results = {}
    for i in np.random.default_rng(3).permutation(len(items)):
        results[i] = task(items[i])
    return [results[i] for i in range(len(items))]


def one_batch_at_a_time(task, items):
    """An engine that cuts finer, backwards, and gives its parts in disorder."""
    if not isinstance(items[0], tuple):
        return [task(item) for item in items]
    return [task((batch, batch + 1)) for first, last in reversed(items) for batch in range(first, last)]


# threads, workers, order


@every_law
def test_threads_and_the_order_of_ranges_change_no_bit(law):
    """Neither of the summaries, nor of the kept tails, nor of any cell of the table."""
    cases, run_plan = [deep_tree(**law), deep_tree("other", **law)], plan(70_001)
    engines = [{"threads": count} for count in (1, 2, 3, 8)] + [{"engine": shuffled}, {"engine": one_batch_at_a_time}]
    results = [run(cases, run_plan, **engine) for engine in engines]
    assert len({digest(result) for result in results}) == 1
    assert len({digest(result, tail_alone=True) for result in results}) == 1
    assert len({models.cells_digest(cases, run_plan, result) for result in results}) == 1


def test_the_digests_see_a_single_bit():
    """The negative control."""
    case, run_plan = three_assets(), plan(30_000)
    first, second = run(case, run_plan), run(case, run_plan)
    pool = second["base"]["pool"]
    deviation = pool.deviation.copy()
    deviation[3] = np.nextafter(deviation[3], np.inf)
    second["base"]["pool"] = dataclasses.replace(pool, deviation=deviation)
    assert digest(first) != digest(second)
    deviation[3] *= 1.0 + 1e-10
    assert models.cells_digest([case], run_plan, first) != models.cells_digest([case], run_plan, second)
    assert digest(first) != digest(run(case, plan(30_000, seed=43)))


@given(st.integers(1, 2**40), st.integers(2, 64))
def test_batches_and_ranges_are_aligned_powers_of_two(paths, pieces):
    """At most 256 batches, of as few blocks as that allows; ranges of batches cover them in order."""
    run_layout = layout(paths)
    span, batches = run_layout.span, run_layout.batches
    assert span & (span - 1) == 0
    assert -(-paths // (512 * span)) == batches <= 256
    assert span == 1 or -(-paths // (512 * span // 2)) > 256
    assert sum(run_layout.batch_paths(batch) for batch in range(batches)) == paths
    ranges = run_layout.ranges(pieces)
    assert [batch for first, last in ranges for batch in range(first, last)] == list(range(batches))
    size = ranges[0][1]
    assert size == batches or size & (size - 1) == 0
    assert all(last - first == size for first, last in ranges[:-1])
    assert len(ranges) >= min(pieces, batches)


def test_the_center_is_the_mean_of_the_first_block():
    """Whatever the number of paths."""
    centers = []
    for paths in (512, 700, 200_000):
        result = run(three_assets(), plan(paths, outputs=("losses",)))
        centers.append(result["base"]["pool"].center)
        assert centers[-1] == pytest.approx(result.outputs["base"].losses["pool"][:512].mean(), rel=1e-12)
    assert len(set(centers)) == 1


def test_no_source_uses_what_has_other_bits_elsewhere():
    """No BLAS, LAPACK or transcendental of NumPy, whose bits differ between processors; no generator with a state.

    Two exceptions: what decides whether a matrix is accepted reaches no figure, and what repairs one is resolved into
    the scenario, and never called on the way of a run.
    """
    forbidden = {"exp", "expm1", "log", "log1p", "log2", "log10", "power", "sin", "cos", "tan", "tanh", "dot", "matmul"}
    forbidden |= {"einsum", "inner", "vdot", "linalg", "random", "cov", "corrcoef", "float_power", "cbrt", "hypot"}
    found = set()
    for path in sorted((models.REPOSITORY / "simcore").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "np":
                found |= {(path.name, f"np.{node.attr}")} if node.attr in forbidden else set()
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
                found.add((path.name, "@"))
            if isinstance(node, ast.keyword) and node.arg in ("fastmath", "parallel"):
                found.add((path.name, node.arg))
    assert found == {("correlation.py", "np.linalg"), ("repair.py", "np.linalg"), ("repair.py", "@")}
    users = {p.name for p in (models.REPOSITORY / "simcore").rglob("*.py") if "simcore.repair" in p.read_text("utf-8")}
    assert users == {"__init__.py"}


# the number of paths


@every_step
@every_law
def test_the_first_paths_do_not_depend_on_how_many_there_are(law, steps):
    """3,001 paths of 50,000; the last block of both is short."""
    few, many = (
        run(deep_tree(**law), plan(paths, steps=steps, outputs=("losses",))).outputs["base"].losses
        for paths in (3_001, 50_000)
    )
    for node, losses in few.items():
        np.testing.assert_array_equal(bits(losses), bits(many[node][:3_001]))


@pytest.mark.parametrize("paths", [1, 2, 511, 512, 513, 1024, 131_072, 131_073])
def test_a_last_short_block_is_cut(paths):
    result = run(three_assets(), plan(paths, outputs=("losses",)))
    summary, losses = result["base"]["pool"], result.outputs["base"].losses["pool"]
    assert losses.shape == (paths,)
    assert summary.paths == paths
    assert len(summary.batch) <= 256
    assert summary.mean == pytest.approx(losses.mean(), rel=1e-9, abs=1e-9)
    assert summary.m2 == pytest.approx(losses.var() * paths, rel=1e-9, abs=1e-6)
    values, order = naive.tail(losses.tolist(), summary.tail.depth)
    assert [summary.tail.loss_at(rank) for rank in range(1, len(values) + 1)] == values[::-1]
    assert summary.tail.paths.tolist() == order


# replay


@every_step
@every_law
@pytest.mark.parametrize("collapse", [True, False])
def test_replayed_losses_are_the_runs_bit_for_bit(law, steps, collapse):
    """Any path, in any order; those of the tails; and the full losses asked for."""
    case, run_plan = deep_tree(**law), plan(20_001, steps=steps, collapse=collapse, outputs=("losses",))
    result = run(case, run_plan)
    paths = np.random.default_rng(1).permutation(20_001)[:700]
    replayed = simcore.replay(case, run_plan, paths)
    np.testing.assert_array_equal(replayed.paths, paths)
    for node, losses in result.outputs["base"].losses.items():
        np.testing.assert_array_equal(bits(replayed.losses[node]), bits(losses[paths]))
        tail = result["base"][node].tail
        worst = simcore.replay(case, run_plan, tail.paths[-20:]).losses[node]
        np.testing.assert_array_equal(bits(worst), bits(tail.values[-20:]))


@every_step
@every_law
def test_compounded_step_returns_are_the_losses(law, steps):
    case, run_plan = deep_tree(**law), plan(5_000, steps=steps)
    replayed = simcore.replay(case, run_plan, np.arange(600))
    assert replayed.returns.shape == (600, steps, 5)
    total = replayed.returns.sum(axis=1)
    growth = np.expm1(total) if law["compounding"] == "log" else total
    for position in case.pools.positions:
        gain = position.value * growth[:, case.market.names.index(position.asset)]
        np.testing.assert_allclose(replayed.losses[position.name], -gain, rtol=1e-12, atol=1e-12 * abs(position.value))


@every_law
def test_returns_asked_for_are_the_replayed_ones(law):
    case, run_plan = deep_tree(**law), plan(1_000, steps=3, outputs=("returns",))
    kept = run(case, run_plan).outputs["base"].returns
    np.testing.assert_array_equal(bits(kept), bits(simcore.replay(case, run_plan, np.arange(1_000)).returns))


# assets and steps


@every_step
@every_law
def test_an_asset_added_at_the_end_changes_no_other_node(law, steps):
    small, large = deep_tree(**law), deep_tree(extra=4, **law)
    few, more = (run(case, plan(30_000, steps=steps)) for case in (small, large))
    for node in small.pools.names:
        assert models.summary_bytes(few["base"][node]) == models.summary_bytes(more["base"][node])
    assert "extra 3" in more["base"]


@every_step
@every_law
def test_looking_at_the_steps_changes_no_figure_at_the_horizon(law, steps):
    case = deep_tree(**law)
    blind, seen = (run(case, plan(30_000, steps=steps, outputs=outputs)) for outputs in ((), ("returns",)))
    assert digest(blind) == digest(seen)


def test_the_horizon_of_normal_returns_does_not_depend_on_the_number_of_steps():
    assert digest(run(deep_tree(), plan(steps=1))) == digest(run(deep_tree(), plan(steps=252)))


def unit_market(n, **law):
    """Independent assets whose returns over a year are standard."""
    names = [f"asset {i}" for i in range(n)]
    market = Market(names, np.zeros(n), np.ones(n), "simple", Gaussian(np.eye(n)))
    return Case("unit", market, PoolTree([Position(name, name, 1.0) for name in names]), **law)


def worst_covariance(increments, steps):
    """The covariance of columns against I / steps: the worst entry, in standard errors."""
    paths, columns = increments.shape
    centred = increments * np.sqrt(steps)
    covariance = centred.T @ centred / paths
    std_error = np.sqrt((1.0 + np.eye(columns)) / paths)
    return np.abs((covariance - np.eye(columns)) / std_error).max()


@pytest.mark.parametrize("collapse", [True, False])
def test_increments_have_the_covariance_of_independent_steps(collapse):
    """I / T over assets and steps together; a bridge without its shrinking deviation has not."""
    steps, paths = 6, 100_000
    run_plan = Plan(paths, 1.0, 5, (0.95,), steps=steps, collapse=collapse, outputs=("returns",))
    returns = run(unit_market(2), run_plan).outputs["unit"].returns.reshape(paths, -1)
    assert worst_covariance(returns, steps) < 5.85
    assert np.abs(returns.mean(axis=0)).max() < 5.85 / np.sqrt(steps * paths)

    rng = np.random.default_rng(1)
    left, wrong = rng.normal(size=paths), []
    for m in range(steps, 1, -1):
        wrong.append(left / m + rng.normal(size=paths) * np.sqrt(1.0 / steps))
        left = left - wrong[-1]
    assert worst_covariance(np.column_stack([*wrong, left]), steps) > 5.85


@pytest.mark.parametrize("compounding", ["log", "simple"])
def test_drawing_every_step_is_the_same_law_and_other_bits(compounding):
    case = equal_pool(1, compounding=compounding, expected_return=0.1)
    losses = {}
    for collapse in (True, False):
        run_plan = plan(100_000, steps=4, collapse=collapse, outputs=("losses",))
        losses[collapse] = run(case, run_plan).outputs["base"].losses["pool"]
        growth = -losses[collapse] / 1e5
        r = np.log1p(growth) if compounding == "log" else growth
        drift = 0.1 - 0.02 if compounding == "log" else 0.1
        law = stats.norm(drift / 12, 0.2 / np.sqrt(12))
        assert stats.kstest(r, law.cdf).pvalue > 5e-9
        assert stats.kstest(1.1 * r, law.cdf).pvalue < 5e-9
    assert (losses[True] != losses[False]).mean() > 0.99
