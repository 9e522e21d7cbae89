"""`repair = "nearest"` in scenario files: what is repaired, what is kept, and that every reader is told."""

import copy
import json

import numpy as np
import pytest
from closed_forms import lognormal
from hypothesis import given
from hypothesis import strategies as st
from models import equicorrelation
from test_repair import THREE, symmetric

import analysis
import scenarios
from analysis.cli import main
from scenarios.loader import from_document
from simcore import InputError, nearest_correlation, simulate


def document(correlation, *shocks, repair="nearest", paths=1000, **universe):
    names = "ABCDEFGHI"[: len(correlation) if isinstance(correlation, list) else 3]
    asset = {"expected_return": 0.0, "volatility": 0.2, "value": 100.0}
    assets = [{"name": name, "class": "x" if name < "C" else "y", **asset} for name in names]
    return {
        "schema": 1,
        "name": "half broken",
        "currency": "EUR",
        "universe": {"repair": repair, "correlation": correlation, "assets": assets, **universe},
        "shocks": [{"name": f"shock {i}", "changes": list(changes)} for i, changes in enumerate(shocks)],
        "simulation": {"paths": paths, "horizon_years": 1.0, "seed": 7},
        "measures": {"confidence": [0.95, 0.99]},
    }


def correlation_in(case):
    lower = case.market.dependence.factor
    return lower @ lower.T


OPPOSED = [
    {"correlation": {"toward": -1.0, "weight": 1.0}, "assets": ["A", "B"]},
    {"correlation": {"toward": 0.9, "weight": 1.0}, "assets": ["A", "C"]},
    {"correlation": {"toward": 0.9, "weight": 1.0}, "assets": ["B", "C"]},
]
MILD = [{"correlation": {"toward": 1.0, "weight": 0.5}, "assets": ["A", "B"]}]
AFTER_OPPOSED = np.array([[1.0, -1.0, 0.9], [-1.0, 1.0, 0.9], [0.9, 0.9, 1.0]])


@pytest.mark.parametrize(
    ("written", "matrix"),
    [
        (THREE.tolist(), THREE),
        (-0.9, equicorrelation(3, -0.9)),
        (
            {"within_class": -0.9, "between": 0.9},
            np.array([[1.0, -0.9, 0.9], [-0.9, 1.0, 0.9], [0.9, 0.9, 1.0]]),
        ),
    ],
)
def test_every_form_is_repaired(written, matrix):
    scenario = from_document(document(written))
    nearest = nearest_correlation(matrix)
    np.testing.assert_allclose(scenario.resolved["universe"]["correlation"], nearest, atol=1e-14)
    np.testing.assert_allclose(correlation_in(scenario.cases[0]), nearest, atol=1e-12)
    (repaired,) = scenario.repairs
    assert (repaired.case, repaired.place) == ("base", "universe.correlation")
    assert repaired.repair.distance == pytest.approx(np.linalg.norm(nearest - matrix), rel=1e-12)
    assert repaired.repair.smallest_eigenvalue == pytest.approx(np.linalg.eigvalsh(matrix)[0], rel=1e-12)
    with pytest.raises(InputError):
        from_document(document(written, repair="none"))


def test_opposites_are_simulated_as_what_three_can_share():
    """-0.5, rank 2: the sum of three equal simple returns has no risk at all."""
    scenario = from_document(document(-0.9, paths=20_000, compounding="simple"))
    summary = simulate(scenario.cases, scenario.plan)["base"]
    assert summary["pool"].m2 / summary["A"].m2 < 1e-20
    assert np.linalg.matrix_rank(correlation_in(scenario.cases[0]), tol=1e-9) == 2


def test_two_assets_of_a_repaired_matrix_have_its_correlation():
    """The volatility of the sum, by the closed form of the repaired correlation; not of the one written."""
    scenario = from_document(document(THREE.tolist(), paths=200_000, compounding="simple"))
    plan, (case,) = scenario.plan, scenario.cases
    seen = simulate([case], plan)["base"]["pool"]
    a, b = 0.7606898534, 0.1572981061
    exact = 100.0 * 0.2 * np.sqrt(3.0 + 4.0 * a + 2.0 * b)
    assert abs(np.sqrt(seen.m2 / seen.paths) / exact - 1.0) < 5.85 / np.sqrt(2 * plan.paths)
    assert abs(np.sqrt(seen.m2 / seen.paths) / (20.0 * np.sqrt(7.0)) - 1.0) > 5.85 / np.sqrt(2 * plan.paths)


def test_a_possible_matrix_stays_bit_for_bit():
    figures = {
        repair: from_document(document([[1.0, 0.3], [0.3, 1.0]], MILD, repair=repair)) for repair in ("none", "nearest")
    }
    assert figures["nearest"].repairs == figures["nearest"].cautions == ()
    for case, other in zip(figures["none"].cases, figures["nearest"].cases, strict=True):
        assert case.market.dependence.factor.tobytes() == other.market.dependence.factor.tobytes()
    assert figures["nearest"].resolved["shocks"] == figures["none"].resolved["shocks"]


def test_a_shock_is_repaired_and_kept():
    scenario = from_document(document(0.2, OPPOSED, MILD))
    (repaired,) = scenario.repairs
    assert (repaired.case, repaired.place) == ("shock 0", "shocks[0].changes")
    nearest = nearest_correlation(AFTER_OPPOSED)
    np.testing.assert_allclose(correlation_in(scenario.cases[1]), nearest, atol=1e-12)
    changes = scenario.resolved["shocks"][0]["changes"]
    assert changes[:-1] == OPPOSED
    assert changes[-1] == {"correlation": {"matrix": nearest.tolist()}}
    assert scenario.resolved["shocks"][1]["changes"] == MILD
    with pytest.raises(InputError, match=r"shocks\[0\].changes \(shock 0\).*(?s:.*)repair = \"nearest\""):
        from_document(document(0.2, OPPOSED, repair="none"))


def test_a_regime_has_a_repair_of_its_own():
    regime = document(THREE.tolist())["universe"]
    scenario = from_document(document(0.2, [{"regime": {"universe": regime}}], repair="none"))
    assert [(one.case, one.place) for one in scenario.repairs] == [
        ("shock 0", "shocks[0].changes[0].regime.universe"),
    ]
    np.testing.assert_allclose(correlation_in(scenario.cases[1]), nearest_correlation(THREE), atol=1e-12)
    with pytest.raises(InputError, match="smallest eigenvalue"):
        from_document(document(0.2, [{"regime": {"universe": {**regime, "repair": "none"}}}]))


@given(seed=st.integers(0, 2**32), n=st.integers(3, 6), shocked=st.booleans())
def test_what_is_shown_loads_again_to_the_same(seed, n, shocked):
    other = {"correlation": {"matrix": symmetric(n, seed + 1).tolist()}}
    scenario = from_document(document(symmetric(n, seed).tolist(), *([[other]] if shocked else [])))
    again = from_document(copy.deepcopy(scenario.resolved))
    assert (again.digest, again.repairs) == (scenario.digest, ())
    for case, same in zip(scenario.cases, again.cases, strict=True):
        assert case.market.dependence.factor.tobytes() == same.market.dependence.factor.tobytes()


@pytest.fixture
def file(tmp_path):
    from analysis.toml import toml_of

    path = tmp_path / "broken.toml"
    path.write_text(toml_of(document(THREE.tolist(), OPPOSED)))
    return path


def test_every_reader_is_told(file, tmp_path, capsys):
    """Above the table, below it, on stderr, in JSON and in the manifest."""
    assert main(["run", str(file), "--quiet", "--out", str(tmp_path / "out")]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "REPAIRED: not all correlations are those written, in base, shock 0: see below the table." in text
    said = "REPAIRED: the correlations of base (universe.correlation) are ones that no returns can have"
    assert text.index("volatility") < text.index(said)
    assert "A and B 1.0000 to 0.7607" in text
    assert f"{np.linalg.norm(nearest_correlation(THREE) - THREE):.4g} away (Frobenius)" in text
    for name in ("comparison.json", "manifest.json"):
        about = json.loads((tmp_path / "out" / name).read_text())
        repairs = about.get("scenarios", [about])[0]["provenance"]["repairs"]
        assert [one["case"] for one in repairs] == ["base", "shock 0"]
        assert set(repairs[0]) == {"case", "place", "distance", "smallest_eigenvalue", "moved"}
        assert {"first", "second", "before", "after"} == set(repairs[0]["moved"][0])
    for command in (["validate"], ["show"], ["replay", "--node", "pool", "--worst", "1"]):
        assert main([*command, str(file)]) == 0
        assert capsys.readouterr().err.count("are ones that no returns can have") == 2


def test_a_pivot_on_the_edge_is_told_as_what_it_is():
    """Possible, but the factor misses it: it moves by less than 1e-9."""
    rows = np.array([[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.8, 0.6, 8e-7], [0.28, 0.48, -0.83]])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    matrix = rows @ rows.T
    np.fill_diagonal(matrix, 1.0)
    matrix = (matrix + matrix.T) / 2.0
    with pytest.raises(InputError, match="missed by"):
        from_document(document(matrix.tolist(), repair="none"))
    (repaired,) = (scenario := from_document(document(matrix.tolist()))).repairs
    assert "are all but combinations of one another" in scenario.cautions[0]
    assert repaired.repair.distance < 1e-8


def test_nothing_is_said_where_nothing_was_repaired(tmp_path, capsys):
    """The control."""
    assert main(["run", "three_assets", "--paths", "2000"]) == 0
    printed = capsys.readouterr()
    assert "REPAIRED" not in printed.out
    assert printed.err == ""


def test_a_matrix_as_a_change_is_the_matrix_of_the_case():
    matrix = np.array([[1.0, 0.8, 0.0], [0.8, 1.0, 0.1], [0.0, 0.1, 1.0]])
    case = from_document(document(0.2, [{"correlation": {"matrix": matrix.tolist()}}], repair="none")).cases[1]
    np.testing.assert_allclose(correlation_in(case), matrix, atol=1e-14)


def test_a_change_by_class_sets_the_pairs_by_class():
    change = {"correlation": {"within_class": 0.8, "between": 0.4}}
    base, case = from_document(document(0.2, [change], repair="none")).cases
    exact = np.array([[1.0, 0.8, 0.4], [0.8, 1.0, 0.4], [0.4, 0.4, 1.0]])
    np.testing.assert_allclose(correlation_in(case), exact, atol=1e-14)
    np.testing.assert_allclose(correlation_in(base)[0, 1:], 0.2, atol=1e-14)
    some = from_document(document(0.2, [{**change, "assets": ["B", "C"]}], repair="none")).cases[1]
    exact = np.array([[1.0, 0.2, 0.2], [0.2, 1.0, 0.4], [0.2, 0.4, 1.0]])
    np.testing.assert_allclose(correlation_in(some), exact, atol=1e-14)


def test_the_figures_are_those_of_the_file_that_was_shown():
    """One position alone has its lognormal whatever the repair did to the others."""
    scenario = from_document(document(-0.9, paths=100_000))
    table = analysis.compare(scenario)
    row = table[(table.node == "A") & (table.measure == "value_at_risk") & (table.confidence == 0.99)].iloc[0]
    truth = lognormal(100.0, -0.02, 0.2, "value_at_risk", 0.99)
    assert abs(row.value - truth.value) < 5.85 * truth.std_error(100_000)
    again = analysis.compare(scenarios.from_document(scenario.resolved))
    assert again.equals(table)
