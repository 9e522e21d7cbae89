"""The bundled scenarios, and what it costs to name them."""

import subprocess
import sys
import tomllib

import numpy as np
import pytest

import scenarios
from scenarios import library

BONDS = ["AGG", "TLT"]
REAL_ASSETS = ["DBC", "GLD", "VNQ"]
EQUITY = ["IBB", "ITA", "PBJ", "VTI", "XLB", "XLE", "XLF", "XLI", "XLK", "XLP", "XLU", "XLV", "XLY"]


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_names():
    assert scenarios.names() == ("etf18", "three_assets")


@pytest.mark.parametrize("name", library.names())
def test_every_one_loads_and_describes_itself(name):
    scenario = scenarios.load(name)
    assert scenario.file == name
    assert scenario.description == scenarios.describe(name)
    assert len(scenario.description) > 20
    assert len(scenario.cases) == 2
    assert (scenario.plan.paths, scenario.plan.seed, scenario.plan.confidences) == (1_000_000, 42, (0.95, 0.99))
    assert scenario.plan.horizon == pytest.approx(1 / 12, rel=1e-14)


def test_naming_is_cheap():
    code = "import sys, scenarios; scenarios.names(); scenarios.describe('etf18'); print(*sys.modules)"
    loaded = set(run(code).split())
    assert not loaded & {"numba", "pandas", "scipy", "numpy", "pydantic", "typer"}


def test_a_wrong_file_is_refused_before_anything_is_compiled(tmp_path):
    """The messages need pydantic and NumPy; the factor, and with it numba, is for files that are right."""
    file = tmp_path / "wrong.toml"
    file.write_text(library.read("etf18").decode().replace("paths = 1_000_000", "paths = 0"))
    code = (
        "import sys, scenarios\n"
        f"try: scenarios.load({str(file)!r})\n"
        "except ValueError as error: print(str(error).count('simulation.paths = 0'), *sys.modules)"
    )
    found, *loaded = run(code).split()
    assert found == "1"
    assert "pydantic" in loaded
    assert not set(loaded) & {"numba", "pandas", "scipy", "typer"}


def test_exports():
    assert scenarios.__all__ == ["Moments", "Scenario", "describe", "load", "moments_of", "names"]
    assert dir(scenarios) == scenarios.__all__
    for name in scenarios.__all__:
        assert callable(getattr(scenarios, name))  # and no module of the same name in its place
        assert callable(getattr(scenarios, name))
    with pytest.raises(AttributeError, match="module 'scenarios' has no attribute 'nothing'; it has Moments"):
        _ = scenarios.nothing


def test_three_assets():
    base, shocked = scenarios.load("three_assets").cases
    assert base.market.scale.tolist() == [0.20, 0.30, 0.25]
    sigma = base.market.scale
    np.testing.assert_allclose(base.market.drift + 0.5 * sigma * sigma, [0.10, 0.15, 0.12], rtol=1e-15)
    for case, rho in ((base, 0.3), (shocked, 0.65)):
        matrix = case.market.dependence.factor @ case.market.dependence.factor.T
        np.testing.assert_allclose(matrix[np.triu_indices(3, 1)], rho, rtol=1e-12)
    weights = np.full(3, 1 / 3)
    matrix = np.full((3, 3), 0.3) + 0.7 * np.eye(3)
    pooled = np.sqrt(weights * sigma @ matrix @ (weights * sigma))
    assert f"{100 * pooled:.1f} %" in library.read("three_assets").decode()  # what its comment says


def test_etf18():
    scenario = scenarios.load("etf18")
    base, shocked = scenario.cases
    assert sorted(base.market.names) == sorted(BONDS + REAL_ASSETS + EQUITY)
    assert all(position.value == 100_000 for position in base.pools.positions)
    pools = {pool.name: list(pool.members) for pool in base.pools.pools}
    everything = ["bonds", "real_assets", "equity"]
    assert pools == {"bonds": BONDS, "real_assets": REAL_ASSETS, "equity": EQUITY, "everything": everything}
    classes = {asset["name"]: asset["class"] for asset in scenario.resolved["universe"]["assets"]}
    assert {name: [a for a in base.market.names if classes[a] == name] for name in everything} == {
        name: pools[name] for name in everything
    }
    r = np.array(scenario.resolved["universe"]["correlation"])
    assert (r == r.T).all()
    assert (np.diag(r) == 1.0).all()
    assert np.linalg.eigvalsh(r)[0] > 0.01
    assert shocked.market.scale.tobytes() == base.market.scale.tobytes()
    changed = shocked.market.dependence.factor @ shocked.market.dependence.factor.T
    np.testing.assert_allclose(changed, 0.5 * r + 0.5, atol=1e-12)


def test_etf18_s_figures_are_the_window_s():
    """Volatilities of simple returns in the same window, to five decimals: those of log returns differ by little."""
    figures = {
        asset["name"]: asset["volatility"]
        for asset in tomllib.loads(library.read("etf18").decode())["universe"]["assets"]
    }
    simple = {"AGG": 0.03323, "TLT": 0.12636, "VTI": 0.12106, "XLE": 0.19756}
    assert {name: figures[name] for name in simple} == pytest.approx(simple, rel=5e-3)


def test_etf18_s_figures_have_all_their_digits():
    document = tomllib.loads(library.read("etf18").decode(), parse_float=str)
    universe = document["universe"]
    figures = [asset[key] for asset in universe["assets"] for key in ("expected_return", "volatility")]
    figures += [figure for row in universe["correlation"] for figure in row]
    assert len(figures) == 18 * 20
    assert all(repr(float(figure)) == figure for figure in figures)  # the shortest text with the same bits
    assert sum(len(figure) >= 17 for figure in figures) > 300


def test_no_vendor_is_named():
    text = library.read("etf18").decode()
    assert "10.1561/0800000047" in text
    assert "Apache-2.0" in text
    assert "2013-01-01 to 2017-12-31" in text
    assert "http" not in text
