"""Single precision: programs, runs by the contract, and what it changes in VaR and ES."""

import dataclasses
import json
import math

import naive
import numpy as np
import pytest
from closed_forms import linear, log_student_t, lognormal
from models import deep_tree, digest, equal_pool, every_step, plan, run, three_assets
from statistics_helpers import assert_right

import analysis
import scenarios
import simcore
from analysis.cli import main
from analysis.figures import estimate_of
from simcore import Case, InputError, Market, Plan, Pool, PoolTree, Position, lower
from simcore.kernels.block import BLOCK
from simcore.kernels.driver import Kind
from simcore.kernels.mixing import fill_mixing, mixing_table
from simcore.kernels.philox import STREAM_SINGLE
from simcore.kernels.single import fill_single

LAWS = [{}, {"dof": 5.0}, {"factors": 3}, {"compounding": "simple"}]
every_law = pytest.mark.parametrize("law", LAWS, ids=["normal", "t", "factors", "simple"])


def single(paths=20_000, **changes):
    return plan(paths, **{"precision": "single", **changes})


def test_three_assets_in_words():
    words = lower([three_assets(dof=4)], single(steps=2)).describe()
    assert "rows 0-2: stream normal, step 1, one asset a row, float32" in words
    kinds = [line.split()[1] for line in words.splitlines()[1:]]
    assert kinds[:7] == ["normals", "mixing", "scale", "normals", "mixing", "add", "round"]
    assert kinds[7:] == ["product", "losses", "sum", "summary"]
    plain = lower([three_assets()], single()).describe()
    assert plain.replace(", float32", "") == lower([three_assets()], plan()).describe()


@pytest.mark.parametrize("steps", [1, 12])
def test_shocks_share_draws_and_products_as_in_double(steps):
    cases = [three_assets(f"case {i}", stress=1.0 + 0.5 * i) for i in range(5)]
    cases += [three_assets("other", rho=0.7), three_assets("factors", factors=2), three_assets("t", dof=5)]
    wide, narrow = (lower(cases, how(steps=steps)) for how in (plan, single))
    for kind in Kind:
        if kind not in (Kind.ROUND, Kind.COPY):
            assert narrow.count(kind) == wide.count(kind), kind
    assert (wide.count(Kind.ROUND), narrow.count(Kind.ROUND)) == (0, 2)


@every_step
@every_law
@pytest.mark.parametrize("collapse", [True, False])
def test_the_driver_is_the_twin_path_by_path(law, steps, collapse):
    case = deep_tree(**law)
    run_plan = single(600, steps=steps, collapse=collapse, outputs=("losses", "returns"))
    got = simcore.simulate([case], run_plan).outputs["base"]
    for path in (0, 511, 599):
        np.testing.assert_allclose(got.returns[path], naive.returns(case, run_plan, path), rtol=0, atol=1e-7)
        for node, loss in naive.losses(case, run_plan, path).items():
            assert got.losses[node][path] == pytest.approx(loss, rel=1e-5, abs=0.05), node


@every_step
@every_law
def test_threads_change_no_bit_and_replay_gives_the_runs(law, steps):
    cases = [deep_tree(**law), deep_tree("other", dof=7.0)]
    run_plan = single(20_001, steps=steps, outputs=("losses",))
    results = [run(cases, run_plan, threads=threads) for threads in (1, 2, 3)]
    assert len({digest(result) for result in results}) == 1
    paths = np.random.default_rng(1).permutation(20_001)[:700]
    replayed = simcore.replay(cases[0], run_plan, paths)
    for node, losses in results[0].outputs["base"].losses.items():
        np.testing.assert_array_equal(replayed.losses[node], losses[paths])
    np.testing.assert_array_equal(
        run(cases[:1], single(3_001, steps=steps, outputs=("losses",))).outputs["base"].losses["top"],
        results[0].outputs["base"].losses["top"][:3_001],
    )


@every_step
@every_law
def test_an_asset_at_the_end_and_a_look_at_the_steps_change_nothing(law, steps):
    small, large = (run(deep_tree(extra=extra, **law), single(5_000, steps=steps)) for extra in (0, 4))
    seen = run(deep_tree(**law), single(5_000, steps=steps, outputs=("returns",)))
    assert digest(small) == digest(seen)
    for node in small["base"]:
        np.testing.assert_array_equal(small["base"][node].tail.values, large["base"][node].tail.values)


@every_step
@every_law
def test_replayed_steps_add_up_to_the_loss(law, steps):
    """To the digits of float32: each step has a product of its own."""
    case, run_plan = deep_tree(**law), single(5_000, steps=steps)
    replayed = simcore.replay(case, run_plan, np.arange(600))
    total = replayed.returns.sum(axis=1)
    growth = total if law.get("compounding") == "simple" else np.expm1(total)
    for position in case.pools.positions:
        gain = position.value * growth[:, case.market.names.index(position.asset)]
        bound = 1e-6 * abs(position.value)
        np.testing.assert_allclose(replayed.losses[position.name], -gain, rtol=0, atol=bound)


def test_another_precision_is_other_random_numbers_and_no_other_law():
    wide, narrow = (run(deep_tree(), how(10_000, outputs=("losses",))).outputs["base"].losses for how in (plan, single))
    assert abs(np.corrcoef(wide["top"], narrow["top"])[0, 1]) < 0.06


def test_rows_of_a_history_are_drawn_in_double():
    history = simcore.standardised(np.random.default_rng(1).normal(size=(60, 3)))
    market = Market(list("ABC"), np.zeros(3), np.full(3, 0.2), "log", simcore.Bootstrap(history, 5.0))
    tree = PoolTree([Position(name, name, 1e5) for name in "ABC"], [Pool("pool", tuple("ABC"))])
    case, normal = Case("base", market, tree), three_assets("normal")
    wide, narrow = (run([case], how(5_000, steps=3, outputs=("returns",))) for how in (plan, single))
    assert digest(wide) == digest(narrow)
    np.testing.assert_array_equal(wide.outputs["base"].returns, narrow.outputs["base"].returns)
    market = Market(list(normal.market.names), np.zeros(3), np.full(3, 0.2), "log", market.dependence)
    both = [normal, Case("history", market, normal.pools)]
    mixed = run(both, single(5_000, steps=3, outputs=("returns",)))
    for one in both:
        alone = run([one], single(5_000, steps=3, outputs=("returns",)))
        assert digest({one.name: mixed[one.name]}) == digest(alone)
        np.testing.assert_array_equal(mixed.outputs[one.name].returns, alone.outputs[one.name].returns)


# files


def written(precision):
    return scenarios.load("three_assets", overrides={"simulation.paths": 5000, "simulation.precision": precision})


def test_a_file_asks_for_it_and_what_is_printed_says_so(capsys, tmp_path):
    path = tmp_path / "single.toml"
    path.write_text('extends = "three_assets"\n[simulation]\npaths = 5000\nprecision = "single"\n')
    scenario = scenarios.load(path)
    assert scenario.plan.precision == scenario.resolved["simulation"]["precision"] == "single"
    assert scenarios.from_document(scenario.resolved).digest == scenario.digest
    assert main(["run", str(path), "--out", str(tmp_path)]) == 0
    assert "seed 42, single precision\n" in capsys.readouterr().out
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["scenarios"][0]["plan"]["precision"] == "single"
    assert main(["plan", str(path)]) == 0
    assert capsys.readouterr().out.splitlines()[0].endswith("1 step, single precision")


def test_double_precision_keeps_the_digest_that_it_has_without_the_key():
    plain = scenarios.load("three_assets", overrides={"simulation.paths": 5000})
    assert written("double").digest == plain.digest != written("single").digest
    assert "precision" not in plain.resolved["simulation"]


def test_any_other_precision_is_refused():
    with pytest.raises(InputError, match=r"simulation\.precision = .half.\n +allowed: .double. or .single.") as caught:
        written("half")
    assert 'write precision = "double"' in str(caught.value)


# what it changes in figures

CORRELATION = np.array([[1.0, 0.6, 0.3, -0.2], [0.6, 1.0, 0.5, 0.1], [0.3, 0.5, 1.0, 0.4], [-0.2, 0.1, 0.4, 1.0]])
SCALE = np.array([0.20, 0.30, 0.15, 0.45])
FIGURES = [(measure, c) for measure in ("value_at_risk", "expected_shortfall") for c in (0.95, 0.99)]


HORIZON = 0.25


def four_assets(compounding, dof=None):
    names = list("ABCD")
    moments = {"expected_return": np.zeros(4), "volatility": SCALE, "correlation": CORRELATION}
    market = Market.from_moments(names, **moments, compounding=compounding, dof=dof)
    return Case("base", market, PoolTree([Position(n, n, 100.0) for n in names], [Pool("pool", tuple(names))]))


@pytest.mark.parametrize(("steps", "dof"), [(1, None), (12, None), (1, 6.0)])
@pytest.mark.parametrize("compounding", ["simple", "log"])
def test_figures_are_those_of_the_exact_law(compounding, steps, dof):
    """At a million paths: of the pool where returns are linear, of one asset where they compound."""
    how = {"steps": steps, "collapse": False, "precision": "single"}
    summaries = run(four_assets(compounding, dof), Plan(1_000_000, HORIZON, 42, (0.95, 0.99), **how))["base"]
    deviation, root = math.sqrt(SCALE @ CORRELATION @ SCALE), math.sqrt(HORIZON)
    for measure, confidence in [("volatility", None), *FIGURES] if dof is None else FIGURES:
        if compounding == "simple":
            node, truth = "pool", linear(0.0, 100.0 * deviation * root, measure, confidence, dof)
        elif dof is None:
            drift = -(SCALE[3] ** 2) / 2.0 * HORIZON
            node, truth = "D", lognormal(100.0, drift, SCALE[3] * root, measure, confidence)
        else:
            drift = -(SCALE[3] ** 2) / 2.0 * HORIZON
            node, truth = "D", log_student_t(100.0, drift, SCALE[3] * root, measure, confidence, dof)
        assert_right(estimate_of(summaries[node], measure, confidence), truth, 1_000_000)


def same_draws_in_double(case, run_plan):
    """Losses of every node from the run's own float32 normals, with all else in float64: NumPy's products and sums."""
    law, n = case.market.dependence, len(case.market.names)
    out = []
    for block in range(run_plan.paths // BLOCK):
        numbers, total = np.arange(block * BLOCK, (block + 1) * BLOCK), 0.0
        for step in range(run_plan.steps):
            z, mixing = np.empty((n + -n % 4, BLOCK), np.float32), np.ones(BLOCK)
            fill_single(numbers, n, *map(np.uint64, (STREAM_SINGLE, step, run_plan.seed)), z)
            if getattr(law, "dof", None) is not None:
                fill_mixing(numbers, np.uint64(step), np.uint64(run_plan.seed), mixing_table(law.dof), mixing)
            total = total + z[:n].astype(float) * mixing
        x = law.factor @ total * math.sqrt(run_plan.horizon / run_plan.steps)
        r = case.market.drift[:, None] * run_plan.horizon + case.market.scale[:, None] * x
        out.append(-1e5 * np.expm1(r))
    losses = np.hstack(out)
    return dict(zip(case.pools.names, [*losses, losses.sum(axis=0)], strict=True))


def changes(losses, others):
    """The largest relative change of VaR and of ES over nodes and confidences."""
    at = [(node, confidence) for node in losses for confidence in (0.95, 0.99)]
    return [
        max(abs(measure(losses[node], c) / measure(others[node], c) - 1.0) for node, c in at)
        for measure in (analysis.value_at_risk, analysis.expected_shortfall)
    ]


@pytest.mark.parametrize(
    ("n", "steps", "dof"),
    [(10, 1, None), (10, 12, None), (10, 252, None), (10, 1, 4.0), (10, 252, 4.0), (300, 1, None)],
)
def test_rounding_to_float32_changes_var_and_es_by_less_than_1e_6(n, steps, dof):
    """The same normals: what products in float32, and rounding to it before, do to figures, however many steps."""
    paths = 131_072 if n * steps < 200 else 16_384
    run_plan = single(paths, steps=steps, collapse=False, outputs=("losses",))
    case = equal_pool(n, rho=0.4, dof=dof)
    losses = run(case, run_plan).outputs["base"].losses
    exact = same_draws_in_double(case, run_plan)
    assert max(changes(losses, exact)) < 1e-6
    for node, value in zip(case.pools.names, [*n * [1e5], n * 1e5], strict=True):
        np.testing.assert_allclose(losses[node], exact[node], rtol=1e-6, atol=1e-6 * value)
    coarse = {node: np.round(x / 1e6, 5) * 1e6 for node, x in exact.items()}  # the negative control: five digits
    assert max(changes(coarse, exact)) > 1e-6


def test_a_hedge_changes_by_a_millionth_of_its_positions():
    """And by far more of itself: what two positions share is rounded in each."""
    case = equal_pool(2, rho=0.999999)
    tree = PoolTree(
        [Position("long", "asset 0", 1e5), Position("short", "asset 1", -1e5)], [Pool("pool", ("long", "short"))]
    )
    case = dataclasses.replace(case, pools=tree)
    run_plan = single(131_072, outputs=("losses",))
    losses = run(case, run_plan).outputs["base"].losses
    alone = same_draws_in_double(case, run_plan)
    exact = {"long": alone["long"], "short": -alone["short"], "pool": alone["long"] - alone["short"]}
    for node, gross in (("long", 1e5), ("short", 1e5), ("pool", 2e5)):
        np.testing.assert_allclose(losses[node], exact[node], rtol=0.0, atol=1e-6 * gross)
    assert max(changes(losses, exact)) > 1e-6
