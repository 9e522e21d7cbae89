"""What a run notices by itself, what has no risk, what is shared by cases, and what cannot be done."""

import dataclasses
import os
import re

import models
import numpy as np
import pytest
from models import deep_tree, digest, equal_pool, every_law, every_step, plan, run, three_assets, tied

import simcore
from simcore import CapacityError, Case, Gaussian, InputError, Market, Plan, Pool, PoolTree, Position
from simcore.capacity import needed_bytes
from simcore.kernels.driver import KIND, Kind
from simcore.lowering import workspace_rows
from simcore.pilot import Pilot, computed_paths, pilot, tail_thresholds
from simcore.ranges import layout

# tails


def kept_tails(result):
    tails = {node: summary.tail for node, summary in result["base"].items()}
    return {node: (tail.values.tolist(), tail.paths.tolist()) for node, tail in tails.items()}


@pytest.mark.parametrize("way", ["all slots", "one slot", "four times", "nothing kept"])
def test_a_threshold_too_high_is_noticed_and_run_again(monkeypatch, way):
    case, run_plan = deep_tree(), plan(60_000)
    plain = run(case, run_plan)
    real, calls = simcore.simulation.tail_thresholds, []

    def too_high(scout, the_plan, extra):
        calls.append(extra.copy())
        thresholds = real(scout, the_plan, extra)
        if way == "four times":  # as if the pilot had misjudged the share by a factor of four
            return real(scout, the_plan, extra / 4.0)
        if len(calls) == 1:
            slots = slice(2, 3) if way == "one slot" else slice(None)
            thresholds[slots] = np.sort(scout.worst)[slots, -5] if way != "nothing kept" else 1e9
        return thresholds

    monkeypatch.setattr(simcore.simulation, "tail_thresholds", too_high)
    again = run(case, run_plan)
    assert len(calls) > 1
    assert (calls[1] > 1.0).sum() == (1 if way == "one slot" else len(case.pools.names))
    assert kept_tails(again) == kept_tails(plain)
    assert models.cells_digest([case], run_plan, again) == models.cells_digest([case], run_plan, plain)


def test_too_little_room_for_a_tail_is_noticed(monkeypatch):
    case, run_plan = deep_tree(), plan(1_000_000)
    plain = run(case, run_plan)
    real_range, real_drive, full = simcore.simulation.run_range, simcore.blocks.drive, []

    def small(program, the_plan, layout, batches, centers, thresholds, share, *rest):
        return real_range(program, the_plan, layout, batches, centers, thresholds, share * 1e-3, *rest)

    def watched(*arguments):
        done = real_drive(*arguments)
        full.append(not done)
        return done

    monkeypatch.setattr(simcore.simulation, "run_range", small)
    monkeypatch.setattr(simcore.blocks, "drive", watched)
    assert digest(run(case, run_plan, threads=1)) == digest(plain)
    assert any(full)
    assert not all(full)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("paths", [60_000, 300_000])
def test_a_tail_of_ties_is_ordered_by_path(threads, paths):
    """A volatility so small that rounding leaves a handful of different losses; also with several blocks a batch."""
    market = Market(("A",), [0.5], [2e-16], "log", Gaussian([[1.0]]))
    case = Case("base", market, PoolTree([Position("A", "A", 1e5)]))
    run_plan = Plan(paths, 1.0, 42, (0.95,), outputs=("losses",))
    result = run(case, run_plan, threads=threads)
    tail, losses = result["base"]["A"].tail, result.outputs["base"].losses["A"]
    assert 2 < len(np.unique(losses)) < 30
    equal = np.flatnonzero(losses == tail.threshold) // result["base"]["A"].batch_paths
    np.testing.assert_array_equal(tail.ties, np.bincount(equal, minlength=len(tail.ties)))
    assert tail.ties.sum() > 0
    ranked = [tail.loss_at(rank) for rank in range(1, tail.depth + 1)]
    np.testing.assert_array_equal(ranked, np.sort(losses)[::-1][: tail.depth])
    order = np.lexsort((np.arange(losses.size), losses))
    order = order[losses[order] > tail.threshold]
    np.testing.assert_array_equal(tail.paths, order[-tail.depth :])


# riskless nodes


@pytest.mark.parametrize("paths", [100, 30_001])
@every_law
@every_step
def test_riskless_nodes_are_exact_constants(law, steps, paths):
    """No value, no volatility, and positions that offset exactly: one loss, and a sum of squares of exactly 0."""
    names = ("risky", "cash")
    market = Market.from_moments(names, expected_return=[0.08, 0.03], volatility=[0.3, 0.0], **tied(np.eye(2), **law))
    positions = [
        Position("empty", "risky", 0.0),
        Position("cash", "cash", 1e5),
        Position("long", "risky", 12_345.6),
        Position("short", "risky", -12_345.6),
    ]
    pools = [Pool("hedged", ("long", "short")), Pool("all", ("hedged", "cash"))]
    case = Case("base", market, PoolTree(positions, pools))
    run_plan = plan(paths, steps=steps)
    summaries = run(case, run_plan)["base"]
    cash = -1e5 * (np.expm1(0.03 / 12) if law["compounding"] == "log" else 0.03 / 12)
    for node, loss in {"empty": 0.0, "hedged": 0.0, "cash": cash, "all": cash}.items():
        summary = summaries[node]
        assert summary.mean == pytest.approx(loss, rel=1e-14)
        assert summary.m2 == 0.0
        assert not summary.deviation.any()
        tail = summary.tail
        assert tail.enough
        assert {tail.loss_at(1), tail.loss_at(tail.depth)} == {summary.mean}
        assert {summary.mean} == set(simcore.replay(case, run_plan, [0, 77, paths - 1]).losses[node])
    assert summaries["long"].m2 > 0.0


# cases


@every_law
def test_several_cases_are_single_runs_bit_for_bit(law):
    """Five cases: other volatilities, another correlation, another law, other positions; all from the same draws."""
    base = deep_tree(**law)
    stressed = dataclasses.replace(base.market, scale=base.market.scale * 2.0)
    cases = [
        base,
        Case("stressed", stressed, base.pools),
        Case("tight", equal_pool(5, rho=0.9, **law).market, base.pools),
        deep_tree("heavy", **{**law, "dof": 2.5}),
        Case("one", base.market, PoolTree([Position("only", "asset 3", 1.0)])),
    ]
    run_plan = plan(40_000, steps=3)
    together = run(cases, run_plan)
    for case in cases:
        alone = run(case, run_plan)
        assert digest({case.name: together[case.name]}) == digest(alone)


# what is refused


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ([0, 1000], r"paths\[1\] = 1000\n    allowed: whole numbers from 0 to 999"),
        ([-1], r"paths\[0\] = -1\n"),
        ([], r"paths = \[\]\n    allowed: .* at least one"),
        ([1.0], r"paths = \[1\.0\]\n"),
        ([True], r"paths = \[True\]\n"),
        (3, r"paths = 3\n"),
        ([[1]], r"paths = \[\[1\]\]\n"),
        (["1"], r"paths = \['1'\]\n"),
        ([2**64], r"paths = \[18446744073709551616\]\n"),
    ],
    ids=str,
)
def test_replay_refuses_what_is_no_path_of_the_run(paths, message):
    with pytest.raises(InputError, match=message):
        simcore.replay(three_assets(), plan(1000), paths)


def test_replay_takes_unsigned_and_repeated_numbers():
    losses = simcore.replay(three_assets(), plan(1000), np.array([7, 999, 7], dtype=np.uint16)).losses["pool"]
    assert losses[0] == losses[2] != losses[1]


@pytest.mark.parametrize("threads", [0, -1, 2.0, True, 10_000])
def test_threads_are_a_number_of_threads(threads):
    with pytest.raises(InputError, match=rf"threads = {re.escape(repr(threads))}\n    allowed: a whole number from 1"):
        run(three_assets(), plan(), threads=threads)


# memory and absurd laws


def memory_of(monkeypatch, size):
    """A machine of so many bytes."""
    real = os.sysconf
    answers = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": size // 4096}
    monkeypatch.setattr(os, "sysconf", lambda name: answers.get(name) or real(name))


class StartedError(Exception):
    """A run was let through."""


def start(task, items):
    """An engine that does not run."""
    raise StartedError


WHOLE = {"tail_budget": 2**60}
REFUSED = {
    "whole tails": (2**30, WHOLE),
    "bounded tails": (2**30, {}),
    "bounded tails, too many for them": (2**26, {}),
    "losses": (2**30, {"outputs": ("losses",)}),
    "returns": (2**30, {"outputs": ("returns",), **WHOLE}),
}


@pytest.mark.parametrize(("memory", "change"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_fit_is_refused_and_told_what_fits(monkeypatch, memory, change):
    """The number named is let through, and a tenth more is not."""
    case = equal_pool(10)
    memory_of(monkeypatch, memory)
    with pytest.raises(CapacityError, match=r"Plan\.paths = 100000000000 \(about .* GiB\)") as caught:
        run(case, plan(10**11, **change), engine=start)
    assert ("lower the tail budget" in str(caught.value)) == ("tail_budget" in change)
    fits = int(re.search(r"at most about (\d+) paths", str(caught.value))[1])
    with pytest.raises(StartedError):
        run(case, plan(fits, **change), engine=start)
    with pytest.raises(CapacityError):
        run(case, plan(int(1.1 * fits), **change), engine=start)


def test_a_billion_paths_fit_with_bounded_tails(monkeypatch):
    memory_of(monkeypatch, 2**30)
    with pytest.raises(StartedError):
        run(equal_pool(10), plan(10**9), engine=start)
    with pytest.raises(CapacityError):
        run(equal_pool(10), plan(10**9, **WHOLE), engine=start)


@pytest.mark.parametrize("paths", [1_000, 4_096, 40_000, 150_000])
def test_losses_of_the_pilot_are_not_computed_again(monkeypatch, paths):
    """Here they are more than 1/64 of the run; what else is run has the same bits either way."""
    begun = []

    def watching(task, items):
        begun.extend(item[0] for item in items if isinstance(item, tuple))
        return [task(item) for item in items]

    results = [run(deep_tree(), plan(paths), engine=watching)]
    assert min(begun, default=layout(paths).batches) * layout(paths).span == min(8, layout(paths).blocks)
    forgetful = lambda *a: dataclasses.replace(pilot(*a), losses=None)  # noqa: E731
    monkeypatch.setattr(simcore.simulation, "pilot", forgetful)
    begun.clear()
    results.append(run(deep_tree(), plan(paths), engine=watching))
    assert min(begun) == 0
    assert digest(results[0]) == digest(results[1])


def test_many_steps_and_many_cases_are_shared_by_threads():
    """Ranges go by what a block works on, not by its rows, which steps and cases use again."""
    seen = []

    def watching(task, items):
        seen.append(sum(isinstance(item, tuple) for item in items))
        return [task(item) for item in items]

    def ranges(cases, **change):
        seen.clear()
        run(cases, plan(20_000, **change), engine=watching)
        return max(seen)

    few, steps = ranges(equal_pool(2)), ranges(equal_pool(2), steps=500, collapse=False)
    cases = ranges([equal_pool(2, name=f"case {i}") for i in range(200)])
    assert few == 1
    assert min(steps, cases) >= 4


@pytest.mark.parametrize("paths", [512, 4_000, 4_096, 32_768, 300_000, 1_200_000])
def test_paths_computed_are_those_that_the_driver_draws(monkeypatch, paths):
    real, blocks = simcore.blocks.drive, []

    def counting(ops, links, params, rows, seed, numbers, first, last, *more):
        if (ops[:, KIND] == Kind.NORMALS).any():
            blocks.append(last - first)
        return real(ops, links, params, rows, seed, numbers, first, last, *more)

    monkeypatch.setattr(simcore.blocks, "drive", counting)
    run(equal_pool(2), plan(paths))
    assert sum(blocks) == -(-computed_paths(plan(paths)) // 512)


@pytest.mark.parametrize("change", [{}, {"steps": 3}, {"steps": 3, "collapse": False}, {"precision": "single"}])
def test_the_workspace_is_known_before_anything_is_lowered(change):
    """What a run's memory is foretold by."""
    laws = [equal_pool(9), equal_pool(9, name="t", dof=6.0), equal_pool(9, name="factors", factors=3, dof=6.0)]
    names = ("A", "B", "C")
    market = Market(names, [0.0] * 3, [0.1] * 3, "log", simcore.Bootstrap(simcore.standardised(np.eye(4)[:, :3]), 2.0))
    walk = dataclasses.replace(three_assets(), market=market, pools=PoolTree([Position("a", "A", 1.0)]))
    for cases in ([three_assets()], [deep_tree(), deep_tree(name="again")], laws, laws[:2], laws[1:], laws[2:], [walk]):
        assert workspace_rows(cases, plan(**change)) == simcore.lower(cases, plan(**change)).rows


def test_a_threshold_is_never_minus_zero():
    scout = Pilot(100, 2, np.full((1, 8), -0.0), np.zeros(1), None)
    (threshold,) = tail_thresholds(scout, plan(1000), np.ones(1))
    assert str(threshold) == "0.0"


@pytest.mark.parametrize("count", ["x", 0, -4, 2.5, True])
def test_threads_are_checked_beside_an_engine_too(count):
    with pytest.raises(InputError, match="threads"):
        simcore.simulate([equal_pool(2)], plan(1000), threads=count, engine=start)


def test_more_threads_need_more_memory():
    """Each has a workspace of its own, and puts a tail in order at its own time."""
    one, two, three, many = (needed_bytes([equal_pool(2)], plan(10**7), workers) for workers in (1, 2, 3, 64))
    assert one < two < three < many


def test_a_replay_without_returns_has_the_same_losses_and_needs_no_room_for_steps(monkeypatch):
    case, run_plan = equal_pool(3, dof=5.0), plan(10**4, steps=50)
    whole = simcore.replay(case, run_plan, np.arange(100))
    losses = simcore.replay(case, run_plan, np.arange(100), returns=False)
    assert losses.returns is None
    assert all((losses.losses[node] == whole.losses[node]).all() for node in whole.losses)
    memory_of(monkeypatch, 2**17)
    simcore.replay(case, run_plan, np.arange(1000), returns=False)
    with pytest.raises(CapacityError):
        simcore.replay(case, run_plan, np.arange(1000))


def test_a_replay_that_cannot_fit_is_refused(monkeypatch):
    memory_of(monkeypatch, 2**20)
    with pytest.raises(CapacityError, match=r"paths = 100000 .*\n    allowed: at most about \d+ paths"):
        simcore.replay(equal_pool(10), plan(10**6, steps=12), np.arange(100_000))
    simcore.replay(equal_pool(10), plan(10**6, steps=12), np.arange(100))


@pytest.mark.parametrize("value", [1e5, -1e5, 1e100, -1e100])
def test_absurdly_heavy_tails_stay_finite(value):
    """Infinite expectations are no reason for anything that is not a number."""
    law = {"volatility": 5.0, "dof": 2.01, "compounding": "log"}
    result = run(equal_pool(3, value=value, **law), Plan(50_000, 1.0, 1, (0.99,), steps=4))
    for summary in result["base"].values():
        figures = [summary.mean, summary.m2, summary.center, *summary.tail.values]
        assert np.isfinite(figures).all()
        assert np.isfinite([summary.deviation, summary.square]).all()
        assert summary.m2 > 0.0


def test_the_largest_losses_that_are_accepted_stay_finite():
    """Short, with log returns nearly as large as are accepted; larger losses are refused, never computed wrongly."""
    market = Market(("A",), [200.0], [9.0], "log", Gaussian([[1.0]]))
    short, shorter = (Case("base", market, PoolTree([Position("A", "A", value)])) for value in (-1e18, -1e20))
    summary = run(short, Plan(50_000, 1.0, 1, (0.99,)))["base"]["A"]
    assert np.isfinite([summary.mean, summary.m2]).all()
    assert summary.m2 > 0.0
    with pytest.raises(InputError, match=r" = -1e\+20\n    allowed: losses from .* in size"):
        run(shorter, Plan(50_000, 1.0, 1, (0.99,)))
