"""Regimes: what they change, in which order, and what they resolve to."""

import copy
import json
from pathlib import Path

import numpy as np
import pytest

import scenarios
from scenarios.loader import from_document
from simcore import InputError, factor

VALID = Path(__file__).parent / "cases" / "valid"
NAMES = ["AGG", "VTI", "VNQ"]
R = np.array([[1.0, 0.5, 0.5], [0.5, 1.0, 0.9], [0.5, 0.9, 1.0]])  # of AGG, VTI, VNQ in regimes/crash.toml


def load():
    return scenarios.load(VALID / "regimes.toml")


def expected_returns(case):
    return case.market.drift + 0.5 * case.market.scale * case.market.scale


def test_volatilities_and_correlation_are_the_regime_s_by_name():
    base, crash, _ = load().cases
    assert crash.market.names == tuple(NAMES)
    assert crash.market.scale.tolist() == [0.10, 0.40, 0.60]
    assert crash.market.dependence.factor.tobytes() == factor(R).tobytes()
    np.testing.assert_allclose(expected_returns(crash), expected_returns(base), rtol=1e-12)
    assert crash.pools is base.pools


def test_changes_apply_in_the_order_written():
    """What came before the regime is undone by it, except for expected returns; what follows is on top."""
    _, _, case = load().cases
    assert case.market.scale.tolist() == [0.10, 0.80, 1.20]
    np.testing.assert_allclose(expected_returns(case), [-0.08, 0.06, -0.04], rtol=1e-12)
    half = 0.5 * R + 0.5
    np.testing.assert_allclose(case.market.dependence.factor @ case.market.dependence.factor.T, half, atol=1e-12)


def test_resolved_holds_the_figures_and_no_file(tmp_path, monkeypatch):
    scenario = load()
    assert '"file"' not in json.dumps(scenario.resolved)
    universe = scenario.resolved["shocks"][0]["changes"][0]["regime"]["universe"]
    assert [asset["name"] for asset in universe["assets"]] == ["VNQ", "TLT", "VTI", "AGG"]
    assert not any("value" in asset for asset in universe["assets"])
    assert np.array(universe["correlation"]).shape == (4, 4)
    monkeypatch.chdir(tmp_path)  # self-contained: no file is near
    again = from_document(copy.deepcopy(scenario.resolved))
    assert (again.resolved, again.digest) == (scenario.resolved, scenario.digest)
    for case, same in zip(scenario.cases, again.cases, strict=True):
        assert case.market.scale.tobytes() == same.market.scale.tobytes()
        assert case.market.dependence.factor.tobytes() == same.market.dependence.factor.tobytes()


def test_the_digest_sees_the_regime_s_figures(tmp_path):
    for name in ("regimes.toml", "regimes/crash.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text((VALID / name).read_text(encoding="utf-8"))
    assert scenarios.load(tmp_path / "regimes.toml").digest == load().digest
    text = (VALID / "regimes" / "crash.toml").read_text(encoding="utf-8")
    (tmp_path / "regimes" / "crash.toml").write_text(text.replace("0.60", "0.61"))
    assert scenarios.load(tmp_path / "regimes.toml").digest != load().digest


def test_innovation_and_compounding_stay_the_base_s():
    """A regime that does not say them brings volatilities and correlation alone."""
    scenario = scenarios.load(VALID / "regimes.toml", overrides={"universe.innovation": {"student_t": 5}})
    assert [case.market.dependence.dof for case in scenario.cases] == [5.0, 5.0, 5.0]
    assert from_document(scenario.resolved).digest == scenario.digest
    resolved = copy.deepcopy(scenario.resolved)
    resolved["shocks"][0]["changes"][0]["regime"]["universe"]["innovation"] = "normal"
    with pytest.raises(InputError, match=r"regime\.universe \(crash\) = a universe, with another innovation"):
        from_document(resolved)


def test_an_inline_regime_is_checked_in_its_place():
    resolved = copy.deepcopy(load().resolved)
    universe = resolved["shocks"][0]["changes"][0]["regime"]["universe"]
    universe["correlation"] = -0.9
    universe["assets"][0]["name"] = "AGG"
    with pytest.raises(InputError) as caught:
        from_document(resolved, "file")
    assert [problem.place for problem in caught.value.problems] == [
        "shocks[0].changes[0].regime.universe.assets[3].name",
        "shocks[0].changes[0].regime.universe.correlation",
    ]


def test_a_regime_mends_an_impossible_base_and_says_so_still():
    """The base is wrong; what a shock does on top of its regime is checked nevertheless."""
    resolved = copy.deepcopy(load().resolved)
    resolved["universe"]["correlation"] = -0.9
    toward = {"toward": -1.0, "weight": 1.0}
    resolved["shocks"][0]["changes"].append({"correlation": toward, "assets": ["AGG", "VTI"]})
    with pytest.raises(InputError) as caught:
        from_document(resolved)
    assert [problem.place for problem in caught.value.problems] == ["universe.correlation", "shocks[0].changes (crash)"]


def test_a_regime_with_a_name_in_another_unicode_form_is_told_so():
    resolved = json.loads(json.dumps(load().resolved).replace("VTI", "Zürich"))
    assert from_document(resolved).cases[1].market.names[1] == "Zürich"
    resolved["shocks"][0]["changes"][0]["regime"]["universe"]["assets"][2]["name"] = "Zu\u0308rich"
    with pytest.raises(
        InputError, match=r"which lacks Zürich\n.*\n.*\"Zu\\u0308rich\" has the same letters in another"
    ):
        from_document(resolved)


@pytest.mark.parametrize("regime", [{}, {"file": "a.toml", "universe": {}}, {"file": 3}, {"files": "a.toml"}, 3])
def test_no_other_regime(regime):
    document = copy.deepcopy(load().resolved)
    document["shocks"][0]["changes"][0]["regime"] = regime
    with pytest.raises(InputError) as caught:
        from_document(document)
    assert all(problem.place.startswith("shocks[0].changes[0].regime") for problem in caught.value.problems)
