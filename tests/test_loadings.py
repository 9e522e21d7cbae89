"""`universe.factors`: what a file says by loadings, under shocks and regimes, and that no matrix is made of it."""

import copy
import json
import tracemalloc
from pathlib import Path

import models
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from models import digest
from statistics_helpers import LIMIT

import scenarios
from analysis.figures import estimate_of
from scenarios.loader import from_document
from scenarios.shocks import change_correlation, change_loadings
from simcore import Factors, Gaussian, Market, factor, lower, simulate
from simcore.dependence import check_loadings

VALID = Path(__file__).parent / "cases" / "valid"
B = np.array([[0.1, 0.4], [0.8, 0.0], [0.7, -0.2]])


def load(**overrides):
    return scenarios.load(VALID / "factors.toml", overrides=overrides)


def correlation(law):
    """What the loadings say of pairs."""
    matrix = law.loadings @ law.loadings.T
    np.fill_diagonal(matrix, 1.0)
    return matrix


def cases(scenario):
    return {case.name: case.market for case in scenario.cases}


def test_a_file_gives_the_market_of_its_loadings():
    base = load().cases[0].market
    moments = {"expected_return": [0.02, 0.07, 0.06], "volatility": [0.05, 0.15, 0.20]}
    same = Market.from_moments(("AGG", "VTI", "VNQ"), **moments, factors=B)
    assert isinstance(base.dependence, Factors)
    assert base.drift.tobytes() == same.drift.tobytes()
    for key in ("loadings", "own"):
        assert getattr(base.dependence, key).tobytes() == getattr(same.dependence, key).tobytes()


def test_student_t_over_factors():
    laws = [market.dependence for market in cases(load(**{"universe.innovation": {"student_t": 5}})).values()]
    assert [law.dof for law in laws] == [5.0] * 6
    assert [type(law).__name__ for law in laws] == ["Factors"] * 5 + ["StudentT"]


def test_shocks_of_figures_leave_the_loadings():
    markets = cases(load())
    assert markets["wild"].dependence is markets["base"].dependence
    assert markets["wild"].scale.tolist() == [0.05, 0.30, 0.40]
    np.testing.assert_allclose(markets["wild"].jump, [-0.2] * 3)


def test_toward_is_what_it_is_of_the_matrix():
    """One change, and one on top of it."""
    markets, every = cases(load()), np.ones(3, dtype=bool)
    tight = change_correlation(correlation(markets["base"].dependence), every, toward=0.5, weight=0.6)
    tighter = change_correlation(tight, every, toward=1.0, weight=0.5)
    for name, matrix in (("tight", tight), ("tighter", tighter)):
        np.testing.assert_allclose(correlation(markets[name].dependence), matrix, rtol=0, atol=1e-15)
    assert [markets[name].dependence.loadings.shape[1] for name in ("base", "tight", "tighter")] == [2, 3, 4]


@given(st.integers(0, 2**32), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_toward_always_leaves_loadings_that_assets_can_have(seed, toward, weight):
    rng = np.random.default_rng(seed)
    b = rng.normal(size=(4, 3))
    b /= np.sqrt((b * b).sum(axis=1, keepdims=True)) * rng.choice([1.0, 1.5, 4.0], (4, 1))  # some all but 1 long
    after = change_loadings(b, toward=toward, weight=weight)
    assert check_loadings(after, tuple("abcd")) == []
    matrix = change_correlation(b @ b.T, np.ones(4, dtype=bool), toward=toward, weight=weight)
    off = ~np.eye(4, dtype=bool)
    np.testing.assert_allclose((after @ after.T)[off], matrix[off], rtol=0, atol=1e-15)


def test_a_regime_brings_factors_or_a_correlation():
    markets = cases(load())
    assert markets["one market"].dependence.loadings.tolist() == [[0.5], [0.8], [0.9]]  # in the order of the universe
    assert markets["one market"].scale.tolist() == [0.1, 0.4, 0.6]
    crash = np.array([[1.0, 0.5, 0.5], [0.5, 1.0, 0.55], [0.5, 0.55, 1.0]])
    np.testing.assert_allclose(markets["crash"].dependence.factor, factor(crash), atol=1e-15)


def test_a_correlation_may_have_a_regime_of_factors():
    document = copy.deepcopy(load().resolved)
    del document["universe"]["factors"]
    document["universe"] |= {"correlation": 0.3, "repair": "nearest"}
    document["shocks"] = [s for s in document["shocks"] if s["name"] in ("one market", "crash")]
    document["shocks"][0]["changes"].append({"correlation": {"toward": 0.5, "weight": 0.5}})
    scenario = from_document(document)
    assert [type(case.market.dependence) for case in scenario.cases] == [Gaussian, Factors, Gaussian]
    assert scenario.repairs == ()
    assert from_document(scenario.resolved).digest == scenario.digest


def test_resolved_holds_the_loadings_and_is_itself_a_scenario():
    scenario = load()
    assert scenario.resolved["universe"]["factors"] == B.tolist()
    assert "correlation" not in scenario.resolved["universe"]
    again = from_document(json.loads(json.dumps(scenario.resolved)))
    assert (again.resolved, again.digest) == (scenario.resolved, scenario.digest)
    assert digest(simulate(again.cases, again.plan)) == digest(simulate(scenario.cases, scenario.plan))


def test_the_digest_sees_a_loading():
    changed = copy.deepcopy(load().resolved)
    changed["universe"]["factors"][1][0] = 0.81
    assert from_document(changed).digest != load().digest


@pytest.mark.parametrize(
    ("lower_key", "upper"), [("factors", "correlation = 0.3"), ("correlation", "factors = [[0.1], [0.2], [0.3]]")]
)
def test_a_file_that_extends_chooses_the_other_form(tmp_path, lower_key, upper):
    base = VALID / ("factors.toml" if lower_key == "factors" else "smallest.toml")
    text = base.read_text(encoding="utf-8").split("[[shocks]]")[0]
    (tmp_path / "base.toml").write_text(text, encoding="utf-8")
    (tmp_path / "upper.toml").write_text(f'extends = "base.toml"\nname = "upper"\n[universe]\n{upper}\n')
    law = scenarios.load(tmp_path / "upper.toml").cases[0].market.dependence
    assert type(law) is (Gaussian if lower_key == "factors" else Factors)


def test_holdings_by_risk():
    document = copy.deepcopy(load().resolved)
    document |= {"positions": [], "pools": [], "holdings": {"total": 1e6, "weights": "risk"}}
    assert [p.value for p in from_document(document).cases[0].pools.positions] == [125_000.0, 375_000.0, 500_000.0]


def test_figures_are_those_of_the_correlation_that_factors_make():
    """The files side by side, from the same normals of the first asset but not of the pool; independence is not it."""
    document = copy.deepcopy(load(**{"simulation.paths": 300_000}).resolved)
    document["shocks"] = [s for s in document["shocks"] if s["name"] in ("wild", "one market")]
    estimates = {}
    for key, written in (
        ("factors", B.tolist()),
        ("matrix", correlation(Factors.of(B)).tolist()),
        ("none", 0),
    ):
        universe = {name: value for name, value in document["universe"].items() if name != "factors"}
        universe["factors" if key == "factors" else "correlation"] = written
        scenario = from_document(document | {"universe": universe})
        summaries = simulate(scenario.cases, scenario.plan)
        estimates[key] = [estimate_of(summaries[case]["pool"], "volatility") for case in ("base", "wild")]
    for other, same in (("matrix", True), ("none", False)):
        for one, two in zip(estimates["factors"], estimates[other], strict=True):
            away = abs(one.value - two.value) / np.hypot(one.std_error, two.std_error)
            assert bool(away < LIMIT) is same


def test_no_matrix_is_made_of_many_assets():
    """5,000 assets, whose matrix would take 200 MB: read, checked, shocked, resolved and lowered."""
    n = 5_000
    assets = [{"name": f"a{i}", "expected_return": 0.05, "volatility": 0.2, "value": 1.0} for i in range(n)]
    universe = {"factors": models.loadings(n, 5).tolist(), "assets": assets}
    shocks = [
        {"name": "tight", "changes": [{"correlation": {"toward": 1.0, "weight": 0.5}}]},
        {"name": "regime", "changes": [{"regime": {"universe": universe | {"factors": [[0.5]] * n}}}]},
    ]
    document = {"schema": 1, "name": "many", "currency": "USD", "universe": universe, "shocks": shocks}
    document |= {"simulation": {"paths": 1000, "horizon_years": 0.25, "seed": 1}, "measures": {"confidence": 0.99}}
    tracemalloc.start()
    try:
        scenario = from_document(document)
        lower(scenario.cases, scenario.plan)
        assert tracemalloc.get_traced_memory()[1] < 60e6
    finally:
        tracemalloc.stop()
