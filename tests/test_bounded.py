"""Runs with bounded tails: the figures of whole tails, whoever runs them, in less room."""

import dataclasses
import json
import random

import numpy as np
import pytest
from models import deep_tree, digest, equal_pool, plan, run, three_assets

import scenarios
import simcore
from analysis.cli import main
from analysis.figures import estimate_of
from analysis.replayed import find_worst
from simcore import (
    Bootstrap,
    BoundedTail,
    Case,
    Gaussian,
    InputError,
    Market,
    Pool,
    PoolTree,
    Position,
    Tail,
    bounded,
    brackets,
    merge,
    standardised,
)
from simcore.kernels.block import BLOCK

FIRST, HEAD = 2**12, 2**14  # in place of a million and 2^24
NO_BUDGET, ANY_BUDGET = 0, 2**60


@pytest.fixture(autouse=True)
def small_phases(monkeypatch):
    monkeypatch.setattr(brackets, "FIRST_PATHS", FIRST)
    monkeypatch.setattr(brackets, "NARROWING_PATHS", HEAD)


def both(cases, run_plan, **options):
    """The same run with whole tails and with bounded ones."""
    whole = run(cases, dataclasses.replace(run_plan, tail_budget=ANY_BUDGET), **options)
    short = run(cases, dataclasses.replace(run_plan, tail_budget=NO_BUDGET), **options)
    kinds = ((whole, Tail), (short, BoundedTail))
    assert all(isinstance(s.tail, kind) for result, kind in kinds for nodes in result.values() for s in nodes.values())
    return whole, short


def agree(whole, short, confidences):
    """Every figure of two runs: VaR and its interval the same, sums to rounding."""
    for case, nodes in whole.items():
        for node, summary in nodes.items():
            other = short[case][node]
            assert (summary.mean, summary.m2) == (other.mean, other.m2)
            for confidence in confidences:
                exact, found = (estimate_of(s, "value_at_risk", confidence) for s in (summary, other))
                same = ("value", "low", "high", "std_error", "note")
                assert [getattr(found, name) for name in same] == [getattr(exact, name) for name in same]
                exact, found = (estimate_of(s, "expected_shortfall", confidence) for s in (summary, other))
                assert found.value == pytest.approx(exact.value, rel=1e-10, abs=0.0)
                errors = [0.0 if e.std_error is None else e.std_error for e in (exact, found)]
                assert errors[1] == pytest.approx(errors[0], rel=1e-10, abs=0.0)
                assert found.note == exact.note
            worst, tail = other.tail.worst, summary.tail
            assert worst.enough
            if len(worst.values):
                np.testing.assert_array_equal(worst.values, tail.values[-len(worst.values) :])
                np.testing.assert_array_equal(worst.paths, tail.paths[-len(worst.paths) :])


def tied_history():
    """A history of forty rows: losses take forty values, each many times."""
    draw = np.random.default_rng(1)
    return Bootstrap(standardised(draw.normal(size=(40, 2))), 1.0)


def hedged():
    """Nodes without risk beside one with it: nothing, cash, and a long and a short position that offset."""
    market = Market.from_moments(
        ("risky", "cash"), expected_return=[0.08, 0.03], volatility=[0.3, 0.0], correlation=np.eye(2)
    )
    positions = [
        Position("empty", "risky", 0.0),
        Position("cash", "cash", 1e5),
        Position("long", "risky", 12_345.6),
        Position("short", "risky", -12_345.6),
    ]
    return Case(
        "base", market, PoolTree(positions, [Pool("hedged", ("long", "short")), Pool("all", ("hedged", "cash"))])
    )


def rounded():
    """A volatility so small that rounding leaves a handful of different losses."""
    market = Market(("A",), [0.5], [2e-16], "log", Gaussian([[1.0]]))
    return Case("base", market, PoolTree([Position("A", "A", 1e5)]))


def resampled():
    market = Market(("A", "B"), [0.0, 0.0], [0.1, 0.2], "simple", tied_history())
    return Case("base", market, PoolTree([Position("A", "A", 1e5), Position("B", "B", -3e4)], [Pool("AB", ("A", "B"))]))


def jumped():
    market = dataclasses.replace(three_assets().market, jump=np.array([-0.1, 0.0, 0.2]))
    return Case("base", market, three_assets().pools)


CASES = {
    "normal, short positions": deep_tree,
    "student t": lambda: deep_tree(dof=2.5),
    "simple": lambda: deep_tree(compounding="simple"),
    "factors": lambda: deep_tree(factors=2),
    "no risk": hedged,
    "few different losses": rounded,
    "rows of a history": resampled,
    "jumps": jumped,
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("paths", [FIRST + 1, HEAD, HEAD + 1, 100_003])
def test_figures_are_those_of_whole_tails(case, paths):
    run_plan = plan(paths, confidences=(0.95, 0.99, 0.6, 0.9999))
    agree(*both(case(), run_plan), run_plan.confidences)


@pytest.mark.parametrize("paths", [4 * 256 * BLOCK, 4 * 256 * BLOCK - 1, 4 * 256 * BLOCK + 1, 2 * 256 * BLOCK + BLOCK])
def test_also_where_batches_end(paths):
    run_plan = plan(paths)
    agree(*both(equal_pool(2), run_plan), run_plan.confidences)


def test_also_of_several_cases_and_steps():
    base = deep_tree()
    doubled = Case("other", dataclasses.replace(base.market, scale=2.0 * base.market.scale), base.pools)
    cases = [base, deep_tree("heavy", dof=3.0), doubled]
    run_plan = plan(40_000, steps=3)
    agree(*both(cases, run_plan), run_plan.confidences)


def test_also_with_outputs():
    whole, short = both(three_assets(), plan(30_000, outputs=("losses",)))
    for node, losses in whole.outputs["base"].losses.items():
        np.testing.assert_array_equal(short.outputs["base"].losses[node], losses)
    agree(whole, short, (0.95, 0.99))


def finer(task, items):
    """An engine that cuts every range into its batches, and gives them in any order."""
    if isinstance(items[0], tuple):
        items = [(batch, batch + 1) for first, last in items for batch in range(first, last)]
        parts = {item: task(item) for item in random.Random(5).sample(items, len(items))}
        return random.Random(6).sample(list(parts.values()), len(parts))
    return [task(item) for item in items]


@pytest.mark.parametrize("case", [deep_tree, resampled], ids=["normal", "ties"])
def test_no_result_depends_on_who_runs_it(case):
    run_plan = plan(300_000, tail_budget=NO_BUDGET)
    results = [run(case(), run_plan, threads=threads) for threads in (1, 2, 3)]
    results.append(run(case(), run_plan, engine=finer))
    assert len({digest(result) for result in results}) == 1


@pytest.mark.parametrize("case", [rounded, resampled, hedged])
def test_equal_losses_take_no_more_room_than_others(monkeypatch, case):
    """Of few different losses no more lie strictly inside a bracket than it was made for, whatever their shares."""
    inside, real = [], bounded.run_range

    def watched(*arguments):
        part = real(*arguments)
        made_for = arguments[-1] * part.count.sum()
        inside.extend(len(values) / made_for for slot in part.inside for values in slot)
        return part

    monkeypatch.setattr(bounded, "run_range", watched)
    run(case(), plan(400_000, tail_budget=NO_BUDGET), threads=1)
    assert inside
    assert max(inside) < 1.2


# misses


@pytest.mark.parametrize("way", ["high", "low", "narrow", "worst"])
def test_a_miss_is_noticed_and_run_again(monkeypatch, way):
    """Brackets that begin too low, end too high, are narrowed too much; a threshold of the worst losses too high."""
    case, run_plan = deep_tree(), plan(100_000)
    whole, _ = both(case, run_plan)
    real, calls = bounded._attempt, []

    def spoiled(program, the_plan, first, limits, spare, *rest):
        calls.append(spare)
        if len(calls) == 1 and way != "narrow":
            ends, thresholds = limits.ends.copy(), limits.thresholds.copy()
            low, high = ends[3, 0]
            spoil = {"high": (low, low + 0.01 * (high - low)), "low": (high - 0.01 * (high - low), high)}
            ends[3, 0] = spoil.get(way, (low, high))
            if way == "worst":
                thresholds[3] = first[3].tail.values[-1]
            limits = limits._replace(ends=ends, thresholds=thresholds)
        return real(program, the_plan, first, limits, spare, *rest)

    def too_narrow(*arguments):
        limits = narrower(*arguments)
        if len(calls) == 1 and way == "narrow":
            limits.ends[3, 0, 1] = limits.ends[3, 0, 0]
        return limits

    narrower = bounded._narrower
    monkeypatch.setattr(bounded, "_attempt", spoiled)
    monkeypatch.setattr(bounded, "_narrower", too_narrow)
    again = run(case, dataclasses.replace(run_plan, tail_budget=NO_BUDGET))
    assert len(calls) == 2
    assert (calls[1].ends > 1.0).sum() == (0 if way == "worst" else 1)
    assert (calls[1].worst > 1.0).sum() == (1 if way == "worst" else 0)
    agree(whole, again, run_plan.confidences)


# what is told and what is refused


def test_a_bounded_tail_holds_the_first_paths_and_the_worst_of_all():
    case, run_plan = three_assets(), plan(50_000, tail_budget=NO_BUDGET)
    summary = run(case, run_plan)["base"]["pool"]
    first = run(case, plan(FIRST))["base"]["pool"]
    assert summary.tail.first.paths == FIRST
    tail = summary.tail.first.tail
    assert tail.enough
    np.testing.assert_array_equal(tail.values[-first.tail.depth :], first.tail.values)
    np.testing.assert_array_equal(tail.paths[-first.tail.depth :], first.tail.paths)
    assert (summary.tail.first.mean, summary.tail.first.m2) == (first.mean, first.m2)
    assert len(summary.tail.worst.values) == brackets.WORST
    losses = simcore.replay(case, run_plan, summary.tail.worst.paths, returns=False).losses["pool"]
    np.testing.assert_array_equal(losses, summary.tail.worst.values)


def test_other_confidences_are_refused():
    summary = run(three_assets(), plan(50_000, tail_budget=NO_BUDGET))["base"]["pool"]
    for measure in ("value_at_risk", "expected_shortfall"):
        with pytest.raises(InputError, match=r"confidence = 0\.97\n    allowed: one of 0\.95, 0\.99: .*\n.*budget"):
            estimate_of(summary, measure, 0.97)
    with pytest.raises(IndexError, match="rank 1 is none"):
        summary.tail.loss_at(1)
    with pytest.raises(LookupError, match=r"0\.5 is the VaR of no confidence"):
        summary.batch_counts_above(0.5)


def test_bounded_tails_do_not_merge():
    short = run(three_assets(), plan(50_000, tail_budget=NO_BUDGET))
    with pytest.raises(InputError, match=r"parts = a summary with a bounded tail\n.*\n.*raise Plan\.tail_budget"):
        merge([short["base"]["pool"]])


DECIDED = [(FIRST, 0, Tail), (FIRST + 1, 0, BoundedTail), (10**5, 2**20, Tail), (10**5, 2**18, BoundedTail)]


@pytest.mark.parametrize(("paths", "budget", "kind"), DECIDED)
def test_the_plan_and_the_cases_decide(paths, budget, kind):
    assert isinstance(run(equal_pool(2), plan(paths, tail_budget=budget))["base"]["pool"].tail, kind)


# told


BOUNDED = {"simulation.paths": 20_000, "simulation.tail_budget": NO_BUDGET}
TOLD = {"budget": NO_BUDGET, "first_paths": FIRST, "worst": brackets.WORST}


def test_a_scenario_keeps_its_budget_where_it_has_one():
    plain, own = scenarios.load("three_assets"), scenarios.load("three_assets", overrides=BOUNDED)
    assert "tail_budget" not in plain.resolved["simulation"]
    assert plain.plan.tail_budget == 2**30
    assert own.resolved["simulation"]["tail_budget"] == own.plan.tail_budget == NO_BUDGET
    assert scenarios.from_document(own.resolved).digest == own.digest


@pytest.mark.parametrize("bound", [True, False])
def test_every_output_says_where_tails_are_bounded(tmp_path, capsys, bound):
    path = tmp_path / "own.toml"
    more = "tail_budget = 0\n" if bound else ""
    path.write_text(
        'extends = "three_assets"\nschema = 1\nname = "own"\n[simulation]\npaths = 20_000\n' + more, encoding="utf-8"
    )
    said = f"kept with their paths of the first {FIRST:,} paths"
    for command in (["run"], ["plan"]):
        assert main([*command, str(path), "--quiet"] if command == ["run"] else [*command, str(path)]) == 0
        assert (said in " ".join(capsys.readouterr().out.split())) == bound
    assert main(["run", str(path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["provenance"]["bounded_tails"] == (TOLD if bound else None)
    assert main(["plan", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["bounded_tails"] == (TOLD if bound else None)


def test_the_worst_paths_are_found_again_and_no_more_than_are_kept():
    whole = scenarios.load("three_assets", overrides=BOUNDED | {"simulation.tail_budget": ANY_BUDGET})
    short = scenarios.load("three_assets", overrides=BOUNDED)
    assert find_worst(short, node="portfolio", worst=20) == find_worst(whole, node="portfolio", worst=20)
    with pytest.raises(InputError, match=r"--worst = 1001\n    allowed: .* from 1 to 1000,.*\n.*a larger tail budget"):
        find_worst(short, node="portfolio", worst=1001)
