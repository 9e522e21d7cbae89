"""The bundled scenarios, and what it costs to name them."""

import subprocess
import sys
import tomllib

import numpy as np
import pytest

import scenarios
from scenarios import library
from simcore import InputError

BONDS = ["AGG", "TLT"]
REAL_ASSETS = ["DBC", "GLD", "VNQ"]
EQUITY = ["IBB", "ITA", "PBJ", "VTI", "XLB", "XLE", "XLF", "XLI", "XLK", "XLP", "XLU", "XLV", "XLY"]


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_names():
    assert scenarios.names() == ("crowded", "etf18", "three_assets")


@pytest.mark.parametrize("name", library.names())
def test_every_one_loads_and_describes_itself(name):
    scenario = scenarios.load(name)
    assert scenario.file == name
    assert scenario.description == scenarios.describe(name)
    assert len(scenario.description) > 20
    assert len(scenario.cases) == {"crowded": 1, "etf18": 5, "three_assets": 2}[name]
    assert (scenario.plan.paths, scenario.plan.seed, scenario.plan.confidences) == (1_000_000, 42, (0.95, 0.99))
    assert scenario.plan.horizon == pytest.approx(1 / 12, rel=1e-14)


def test_naming_is_cheap():
    code = "import sys, scenarios; scenarios.names(); scenarios.describe('etf18'); print(*sys.modules)"
    loaded = set(run(code).split())
    assert not loaded & {"numba", "pandas", "scipy", "numpy", "pydantic", "typer"}


def test_a_wrong_file_is_refused_before_anything_is_compiled(tmp_path):
    """The messages need pydantic and NumPy; the factor, and with it numba, is for files that are right."""
    file = tmp_path / "wrong.toml"
    file.write_text(library.path("etf18").read_text(encoding="utf-8").replace("paths = 1_000_000", "paths = 0"))
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
    assert scenarios.__all__ == [
        "Moments",
        "Scenario",
        "describe",
        "from_document",
        "json_schema",
        "load",
        "moments_of",
        "names",
        "validate",
    ]
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
    assert f"{100 * pooled:.1f} %" in library.path("three_assets").read_text(encoding="utf-8")  # what its comment says


def test_etf18():
    scenario = scenarios.load("etf18")
    base, shocked = scenario.cases[0], scenario.cases[-1]
    assert [case.name for case in scenario.cases] == ["base", "2022", "2008", "2020", "correlation breakdown"]
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
        for asset in tomllib.loads(library.path("etf18").read_text(encoding="utf-8"))["universe"]["assets"]
    }
    simple = {"AGG": 0.03323, "TLT": 0.12636, "VTI": 0.12106, "XLE": 0.19756}
    assert {name: figures[name] for name in simple} == pytest.approx(simple, rel=5e-3)


def test_etf18_s_figures_have_all_their_digits():
    document = tomllib.loads(library.path("etf18").read_text(encoding="utf-8"), parse_float=str)
    universe = document["universe"]
    figures = [asset[key] for asset in universe["assets"] for key in ("expected_return", "volatility")]
    figures += [figure for row in universe["correlation"] for figure in row]
    assert len(figures) == 18 * 20
    assert all(repr(float(figure)) == figure for figure in figures)  # the shortest text with the same bits
    assert sum(len(figure) >= 17 for figure in figures) > 300


WINDOWS = {"2022": "2022-01-01 to 2022-12-30", "2008": "2007-10-01 to 2009-03-31", "2020": "2020-02-19 to 2020-04-30"}


CRISES = {  # of AGG, TLT, VTI, XLE; of TLT and VTI
    "2022": ([0.07966, 0.20263, 0.2496, 0.3508], 0.0904),
    "2008": ([0.10694, 0.17594, 0.37556, 0.55662], -0.4542),
    "2020": ([0.18009, 0.40928, 0.67081, 1.04668], -0.484),
}


def test_etf18_s_crises():
    """Volatilities of simple returns in the same windows, to five decimals, and some correlations, to four."""
    cases = {case.name: case for case in scenarios.load("etf18").cases}
    base = cases["base"].market
    index = [base.names.index(name) for name in ("AGG", "TLT", "VTI", "XLE")]
    for name, (sigma, rho) in CRISES.items():
        market = cases[name].market
        np.testing.assert_allclose(market.scale[index], sigma, rtol=3e-2)
        matrix = market.dependence.factor @ market.dependence.factor.T
        np.testing.assert_allclose(matrix[index[1], index[2]], rho, atol=0.01)
        drift = base.drift + 0.5 * base.scale * base.scale - 0.5 * market.scale * market.scale
        np.testing.assert_allclose(market.drift, drift, atol=1e-14)  # expected returns stay


def test_etf18_s_regime_files():
    for name, window in WINDOWS.items():
        text = (library.path("etf18").parent / "regimes" / f"etf18_{name}.toml").read_text(encoding="utf-8")
        document = tomllib.loads(text)
        assert set(document) == {"schema", "name", "description", "universe"}
        assert document["name"] == name
        assert window in text.splitlines()[0]
        assert window in document["description"]
        assert all(said in text for said in ("Source:", "10.1561/0800000047", "Apache-2.0", "Units:", "Made by:"))
        assert "http" not in text


def test_etf18_and_its_regimes_say_of_which_returns_they_are():
    """Figures of log returns are none of simple ones: who changes the law of the base is told."""
    with pytest.raises(InputError) as caught:
        scenarios.load("etf18", overrides={"universe.compounding": "simple"})
    assert [(problem.place, problem.value.split(", ")[1]) for problem in caught.value.problems] == [
        (f"shocks[{i}].changes[0].regime.file ({name})", "with another compounding") for i, name in enumerate(CRISES)
    ]
    assert tomllib.loads(library.path("etf18").read_text(encoding="utf-8"))["universe"]["compounding"] == "log"


def test_every_one_has_source_and_units():
    for name in library.names():
        text = library.path(name).read_text(encoding="utf-8")
        assert "# Source: " in text
        assert "# Units: " in text


def test_crowded():
    (case,) = scenarios.load("crowded").cases
    sizes = [2, 5, 10, 25, 50, 100]
    assert [pool.name for pool in case.pools.pools] == [f"pool of {n}" for n in sizes]
    inner = 0
    for n in sizes:
        own = tuple(f"{k:03d}" for k in range(inner + 1, n + 1))
        assert case.pools.members(f"pool of {n}") == ((f"pool of {inner}", *own) if inner else own)
        inner = n
    assert len({position.value for position in case.pools.positions}) == 1
    assert (case.market.compounding, set(case.market.drift), len(set(case.market.scale))) == ("simple", {0.0}, 1)
    matrix = case.market.dependence.factor @ case.market.dependence.factor.T
    np.testing.assert_allclose(matrix, np.full((100, 100), 0.5) + 0.5 * np.eye(100), atol=1e-12)
    text = library.path("crowded").read_text(encoding="utf-8")
    for n in sizes:
        assert f"{1 - np.sqrt(0.5 + 0.5 / n):.4f}" in text  # what its comment says


def test_crowded_follows_the_formula():
    """The variance of the pool of N is N^2 (rho + (1 - rho) / N) that of one."""
    from simcore import simulate

    scenario = scenarios.load("crowded", overrides={"simulation.paths": 40_000})
    nodes = simulate(scenario.cases, scenario.plan)["base"]
    one = 100_000 * 0.20 * scenario.plan.horizon**0.5
    for n in (2, 5, 10, 25, 50, 100):
        summary = nodes[f"pool of {n}"]
        count = summary.count.sum()
        sigma = np.sqrt(summary.square.sum() / count - (summary.deviation.sum() / count) ** 2)
        # a normal's standard deviation has the relative standard error 1 / sqrt(2 paths)
        assert abs(sigma / (n * one * np.sqrt(0.5 + 0.5 / n)) - 1) < 5.85 / np.sqrt(2 * 40_000)
        assert abs(sigma / (n * one * np.sqrt(0.4 + 0.6 / n)) - 1) > 5.85 / np.sqrt(2 * 40_000)  # the control


def test_no_vendor_is_named():
    text = library.path("etf18").read_text(encoding="utf-8")
    assert "10.1561/0800000047" in text
    assert "Apache-2.0" in text
    assert "2013-01-01 to 2017-12-31" in text
    assert "http" not in text
