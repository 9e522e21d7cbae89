"""Values that jump at once: exact laws of the loss, what is left alone, and what is refused."""

import math

import numpy as np
import pytest
from closed_forms import Truth, linear, lognormal
from models import digest, plan, three_assets
from statistics_helpers import LIMIT, errors_away

import analysis
from analysis.comparison import rows
from analysis.replayed import find_worst
from scenarios.loader import from_document
from scenarios.shocks import change_jump
from simcore import Case, InputError, Market, Plan, Pool, PoolTree, Position, lower, replay, simulate

PATHS = 200_000
PLAN = Plan(PATHS, 0.5, 11, (0.95, 0.99))
FIGURES = [("mean", None), ("volatility", None)] + [
    (measure, c) for measure in ("value_at_risk", "expected_shortfall") for c in PLAN.confidences
]
LONG, SHORT = 100.0, -40.0


def market(jump=(-0.2, 0.3), *, compounding="log", dof=None, scale=(0.3, 0.2)):
    names = ("A", "B")
    moments = {"expected_return": (0.12, 0.05), "volatility": scale, "correlation": [[1.0, 0.5], [0.5, 1.0]]}
    calm = Market.from_moments(names, **moments, compounding=compounding, dof=dof)
    return Market(names, calm.drift, calm.scale, compounding, calm.dependence, jump)


def case_of(*, values=(LONG, SHORT), name="base", **options):
    positions = [Position(asset.lower(), asset, value) for asset, value in zip("AB", values, strict=True)]
    return Case(name, market(**options), PoolTree(positions, [Pool("both", ("a", "b"))]))


def exact(value, jump, drift, scale, figure, compounding="log", dof=None, horizon=PLAN.horizon):
    """The loss of what is left after the jump, and what the jump took: a constant."""
    after, root = value * (1.0 + jump), math.sqrt(horizon)
    if compounding == "log":
        left = lognormal(after, drift * horizon, scale * root, *figure)
    else:
        left = linear(-after * drift * horizon, abs(after) * scale * root, *figure, dof)
    lost = 0.0 if figure[0] == "volatility" else -value * jump
    return Truth(left.value + lost, left.spread)


def figure_of(summary, figure):
    return analysis.estimate_of(summary, *figure).value


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize(
    ("law", "steps"),
    [({}, 1), ({}, 3), ({"compounding": "simple"}, 1), ({"compounding": "simple", "dof": 6.0}, 1)],
)
def test_closed_forms(figure, law, steps):
    case = case_of(**law)
    summaries = simulate([case], Plan(PATHS, 0.5, 11, PLAN.confidences, steps=steps))["base"]
    for node, value, i in (("a", LONG, 0), ("b", SHORT, 1)):
        drift, scale, jump = case.market.drift[i], case.market.scale[i], case.market.jump[i]
        seen = figure_of(summaries[node], figure)
        assert errors_away(seen, exact(value, jump, drift, scale, figure, **law), PATHS) <= LIMIT
        # the negative controls: no jump at all, and a jump that leaves the value to be simulated as it was
        assert errors_away(seen, exact(value, 0.0, drift, scale, figure, **law), PATHS) > LIMIT
        unmoved = exact(value, 0.0, drift, scale, figure, **law)
        shifted = Truth(unmoved.value - (0.0 if figure[0] == "volatility" else value * jump), unmoved.spread)
        assert errors_away(seen, shifted, PATHS) > LIMIT or figure[0] == "mean"


@pytest.mark.parametrize("law", [{}, {"compounding": "simple"}, {"compounding": "simple", "dof": 5.0}])
def test_the_expected_loss_is_exact(law):
    case = case_of(**law)
    for node, summary in simulate([case], PLAN)["base"].items():
        positions = case.pools.positions_below(node)
        expected = analysis.expected_loss(case, PLAN, positions)
        error = math.sqrt(summary.m2 / summary.paths / summary.paths)
        assert abs(summary.mean - expected) < LIMIT * error
        calm = analysis.expected_loss(case_of(jump=(0.0, 0.0), **law), PLAN, positions)
        assert abs(summary.mean - calm) > LIMIT * error
    a = case.pools.positions[:1]
    growth = math.expm1(0.06) if not law else 0.06
    assert analysis.expected_loss(case, PLAN, a) == pytest.approx(20.0 - 80.0 * growth, rel=1e-14)


def test_a_jump_is_a_smaller_position_and_a_constant():
    """Path by path, to rounding."""
    jumped = simulate([case_of()], Plan(5000, 0.5, 3, (0.9,), outputs=("losses", "returns"))).outputs["base"]
    after = case_of(values=(LONG * 0.8, SHORT * 1.3), jump=(0.0, 0.0))
    smaller = simulate([after], Plan(5000, 0.5, 3, (0.9,), outputs=("losses", "returns"))).outputs["base"]
    lost = {"a": 20.0, "b": 12.0, "both": 32.0}
    for node, losses in jumped.losses.items():
        np.testing.assert_allclose(losses, smaller.losses[node] + lost[node], atol=1e-12)
    assert jumped.returns.tobytes() == smaller.returns.tobytes()


def test_without_a_jump_every_bit_stays():
    case = three_assets()
    none = Market(case.market.names, case.market.drift, case.market.scale, "log", case.market.dependence, np.zeros(3))
    same = Case("base", none, case.pools)
    assert lower([same], plan()).describe() == lower([case], plan()).describe()
    assert lower([same], plan()).params.tobytes() == lower([case], plan()).params.tobytes()
    fallen = Market(
        case.market.names, case.market.drift, case.market.scale, "log", case.market.dependence, [0, 0, -0.1]
    )
    beside = Case("fallen", fallen, case.pools)
    alone, together = simulate([case], plan()), simulate([case, beside], plan())
    assert digest({"base": alone["base"]}) == digest({"base": together["base"]})
    assert digest({"base": alone["base"]}) != digest({"base": together["fallen"]})
    # of the assets that do not jump, the stand-alone figures stay too
    assert together["fallen"]["Asset 1"].tail.values.tobytes() == alone["base"]["Asset 1"].tail.values.tobytes()
    assert "affine" in lower([beside], plan()).describe()


def test_replay_gives_the_losses_of_the_run():
    case = case_of()
    run = simulate([case], PLAN)["base"]["both"]
    again = replay(case, PLAN, run.tail.paths[-5:])
    assert again.losses["both"].tobytes() == run.tail.values[-5:].tobytes()
    growth = np.expm1(again.returns[:, 0, 0])
    np.testing.assert_allclose(again.losses["a"], LONG - LONG * 0.8 * (1.0 + growth), rtol=1e-12)


def test_what_has_no_risk_has_the_jump():
    case = case_of(values=(LONG, 0.0), scale=(0.0, 0.2))
    for relative_to, expected in (("start", 100.0 - 80.0 * math.exp(0.06)), ("mean", 0.0)):
        table = rows([case], PLAN, simulate([case], PLAN), relative_to=relative_to)
        es = next(r for r in table if (r.node, r.measure, r.confidence) == ("a", "expected_shortfall", 0.99))
        assert es.value == pytest.approx(expected, rel=1e-12, abs=1e-12)
        assert es.std_error == 0.0


def test_positions_that_offset_stay_without_risk():
    tree = PoolTree([Position("l", "A", 7.7), Position("s", "A", -7.7)], [Pool("both", ("l", "s"))])
    case = Case("base", market(), tree)
    summary = simulate([case], PLAN)["base"]["both"]
    assert (summary.mean, summary.m2) == (0.0, 0.0)
    table = rows([case], PLAN, simulate([case], PLAN))
    assert {row.value for row in table if row.view == "pooled"} == {0.0}


def test_figures_relative_to_the_mean_are_shifted_by_the_exact_one():
    case = case_of()
    tables = {to: rows([case], PLAN, simulate([case], PLAN), relative_to=to) for to in ("start", "mean")}
    for start, mean in zip(tables["start"], tables["mean"], strict=True):
        if start.view in ("standalone", "pooled") and start.measure == "value_at_risk":
            shift = analysis.expected_loss(case, PLAN, case.pools.positions_below(start.node))
            assert mean.value == pytest.approx(start.value - shift, rel=1e-12)


@pytest.mark.parametrize(
    ("jump", "said"),
    [
        ((-1.0, 0.0), r"Market.jump\[0\] \(A\) = -1.0"),
        ((math.nan, 0.0), r"Market.jump\[0\] \(A\) = nan"),
        ((0.0, math.inf), r"Market.jump\[1\] \(B\) = inf"),
        ((0.0,), r"Market.jump = an array of shape \(1,\)"),
    ],
)
def test_refused_jumps(jump, said):
    with pytest.raises(InputError, match=said):
        market(jump)


def test_a_jump_beyond_the_range_of_numbers_is_refused():
    with pytest.raises(InputError, match="losses from 1e-140 to 1e\\+145"):
        simulate([case_of(jump=(1e150, 0.0))], PLAN)


# -- in files


def document(*changes, relative_to="start"):
    assets = [
        {"name": name, "class": kind, "expected_return": 0.05, "volatility": 0.2, "value": value}
        for name, kind, value in (("A", "x", 100.0), ("B", "x", 200.0), ("C", "y", 300.0))
    ]
    return {
        "schema": 1,
        "name": "jumps",
        "currency": "EUR",
        "universe": {"correlation": 0.2, "assets": assets},
        "shocks": [{"name": "crash", "changes": list(changes)}],
        "simulation": {"paths": 20_000, "horizon_years": 0.25, "seed": 1},
        "measures": {"confidence": [0.95], "relative_to": relative_to},
    }


FALL = {"jump": {"add": -0.2}}


@pytest.mark.parametrize(
    ("changes", "jump"),
    [
        ([FALL], [-0.2, -0.2, -0.2]),
        ([{**FALL, "class": "x"}], [-0.2, -0.2, 0.0]),
        ([{**FALL, "assets": ["C", "A"]}], [-0.2, 0.0, -0.2]),
        ([FALL, {"jump": {"add": 0.5}, "class": "y"}], [-0.2, -0.2, 0.2]),
        ([FALL, FALL], [-0.36, -0.36, -0.36]),
    ],
)
def test_selection_and_order(changes, jump):
    scenario = from_document(document(*changes))
    base, crash = scenario.cases
    np.testing.assert_allclose(crash.market.jump, jump, rtol=1e-14)
    assert not base.market.jump.any()
    assert crash.market.scale.tobytes() == base.market.scale.tobytes()
    assert crash.pools is base.pools  # values stay those at the start
    again = from_document(scenario.resolved)
    assert again.digest == scenario.digest
    assert again.cases[1].market.jump.tobytes() == crash.market.jump.tobytes()


def test_a_regime_keeps_the_jump():
    regime = document()["universe"]
    for asset in regime["assets"]:
        asset["volatility"] = 0.5
    crash = from_document(document(FALL, {"regime": {"universe": regime}})).cases[1]
    assert crash.market.jump.tolist() == [-0.2] * 3
    assert crash.market.scale.tolist() == [0.5] * 3


def test_parts_of_worst_paths_add_up_and_returns_have_the_jump():
    scenario = from_document(document(FALL, {"volatility": {"set": 0.0}}))
    for path in find_worst(from_document(document(FALL)), node="pool", worst=3, case="crash"):
        assert math.fsum(part.loss for part in path.parts) == pytest.approx(path.loss, rel=1e-14)
    losses = replay(scenario.cases[1], scenario.plan, [0]).losses
    still = 1.0 - 0.8 * math.exp(0.05 * 0.25)  # no risk: the closed form of every path
    assert losses["A"][0] == pytest.approx(100.0 * still, rel=1e-14)
    worst = find_worst(from_document(document(FALL)), node="A", worst=1, case="crash")[0]
    assert worst.parts[0].asset_return == pytest.approx(-worst.loss / 100.0, rel=1e-15)
    assert worst.parts[0].asset_return < -0.2


def test_the_table_has_the_value_at_the_start():
    from analysis.table import render

    scenario = from_document(document(FALL))
    results = simulate(scenario.cases, scenario.plan)
    table = rows(scenario.cases, scenario.plan, results, currency="EUR")
    text = render(table, scenario.cases, scenario.plan, name="jumps", currency="EUR")
    lines = [line.split() for line in text.splitlines() if line.startswith("  pool")]
    assert [line[1] for line in lines] == ["600", "600"]
    calm, crash = (float(line[4]) for line in lines)
    assert crash == pytest.approx(120.0 + 0.8 * calm, rel=1e-4)  # V - 0.8 V e^R, path by path


def test_one_jump_is_stored_as_it_is_written():
    assert change_jump(np.zeros(2), np.array([True, False]), add=-0.1).tolist() == [-0.1, 0.0]
