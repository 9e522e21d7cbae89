"""Absurd sizes: refused with an estimate, before they cost anything."""

import time
import tomllib
from pathlib import Path

import numpy as np
import pytest
from pipe_files import piped

import scenarios
from analysis.calibrated import calibrate
from scenarios import sizes
from scenarios.losses import read_losses
from simcore import CapacityError, InputError, Plan, factor, memory, replay, simulate

SECONDS = 1.0  # each takes tenths

HEAD = 'schema = 1\nname = "x"\ncurrency = "USD"\n'
REGIME = 'schema = 1\nname = "x"\n'
SIMULATION = "[simulation]\npaths = 1000\nhorizon_years = 1.0\nseed = 1\n[measures]\n"
MEASURES = SIMULATION + "confidence = [0.9]\n"
ASSET = '[[universe.assets]]\nname = "A{}"\nexpected_return = 0.0\nvolatility = 0.2\n'
UNIVERSE = "[universe]\ncorrelation = 0.3\n" + ASSET.format(0) + ASSET.format(1)
POSITION = '[[positions]]\nname = "P{0}"\nasset = "A0"\nvalue = 1\n'
POOL = '[[pools]]\nname = "Q{0}"\nmembers = ["Q{1}", "P{0}"]\n'
SHOCK = '[[shocks]]\nname = "S{}"\nchanges = [{{ volatility = {{ multiply = 2 }} }}]\n'
HISTORY = '[universe]\n[universe.history]\nfile = "t.csv"\nkind = "returns"\nperiods_per_year = 12\nvalues = 1\n'
HOLDINGS = UNIVERSE + '[holdings]\nfile = "t.csv"\n'


def many(text, count, first=0):
    return "".join(text.format(i, i - 1) for i in range(first, first + count))


def deep(levels):
    return UNIVERSE + many(POSITION, levels) + POOL.format(0, "x").replace('"Qx", ', "") + many(POOL, levels - 1, 1)


SCENARIOS = {  # the text before the measures, the table beside it, and what is said
    "assets": (lambda: "[universe]\n" + many(ASSET, 20_000), "", "universe.assets = 20000 assets (about 37.3 GiB"),
    "keys": (lambda: UNIVERSE + many(POSITION, 200_000), "", "file = about 600014 keys (11 MB)"),
    "values": (lambda: "x = [" + 300_000 * "1," + "]\n", "", "file = a list of about 299996 values"),
    "parts": (lambda: "a" + 2000 * ".a" + " = 1\n", "", "file = nested too deeply"),
    "quoted parts": (lambda: '."=".'.join(30_000 * ["a"]) + " = 1\n", "", "file = nested too deeply"),
    "keys of parts": (
        lambda: many("a" + 48 * ".a" + ".b{} = 1\n", 10**4),
        "",
        "file = 490000 dots between the parts of",
    ),
    "header of parts": (lambda: "[a" + 51 * " . 'a\"'" + "]\n", "", "file = nested too deeply"),
    "levels": (lambda: "a = " + 60 * "[" + 60 * "]" + "\n", "", "file = nested too deeply"),
    "shocks": (lambda: UNIVERSE + POSITION.format(0) + many(SHOCK, 10_001), "", "shocks = 10001 shocks"),
    "tree": (lambda: deep(2000), "", "pools = 2000 pools with 2001000 positions, each counted in every pool above"),
    "columns": (lambda: HISTORY, "Date" + many(",A{}", 10**5) + "\n", "line 1 = 100000 assets (about 931.3 GiB"),
    "dates": (lambda: HISTORY, "Date,A0\n" + 200_001 * "2001-01-31,1\n", "file = about 200002 lines (3 MB)"),
    "header": (lambda: HOLDINGS, "name,asset,value" + many(",A{}", 10**5) + "\n", "more than 20 of a kind"),
    "lines": (lambda: HOLDINGS, "name,asset,value\n" + 200_001 * "P,A0,1\n", "file = about 200002 lines (1 MB)"),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_is_refused_at_once(tmp_path, name):
    text, table, said = SCENARIOS[name]
    (tmp_path / "t.csv").write_text(table)
    (tmp_path / "s.toml").write_text(HEAD + text() + MEASURES)
    began = time.perf_counter()
    with pytest.raises(InputError) as refused:
        scenarios.load(tmp_path / "s.toml")
    assert time.perf_counter() - began < SECONDS
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        f'a = "{2000 * "a."}"',
        f"a = '{2000 * 'a.'}'",
        f'a = """\n{2000 * "a."}""""',
        f"a = '''{2000 * 'a.'}'''",
        f"a = 1 # {2000 * 'a.'}",
        f'a = "\\" # \'{2000 * "a."}"',
        f"a = [{2000 * '1.5, '}]",
        "\n".join(f"a{i} = {i}.5 " for i in range(2000)),
        f"{'.'.join(50 * 'a')} = 1",
        f'"{2000 * "a."}" = 1',
    ],
)
def test_dots_that_are_no_levels_are_none(text):
    """In strings, comments and numbers."""
    tomllib.loads(text)
    assert sizes.check_text(text.encode()) == []


@pytest.mark.parametrize(
    "text", [10**6 * '"', 10**6 * "'", 250_000 * '\\"""', 10**6 * "#", 250_000 * '"""\\', 500_000 * '"\n']
)
def test_quotes_are_looked_at_once(text):
    began = time.perf_counter()
    sizes.check_text(text.encode())
    assert time.perf_counter() - began < SECONDS


def test_many_confidences_are_refused_in_documents_too():
    document = scenarios.load("three_assets").resolved
    document["measures"]["confidence"] = np.linspace(0.6, 0.9, 1001).tolist()
    with pytest.raises(InputError, match=r"measures\.confidence = 1001 confidences"):
        scenarios.from_document(document)


FACTORED = """
[[shocks]]
name = "tight"
changes = [{ correlation = { toward = 1.0, weight = 0.5 } }]
[[shocks]]
name = "regime"
changes = [{ regime = { file = "regime.toml" } }]
"""


def test_assets_of_factors_have_no_matrix(tmp_path):
    """20,000 assets of five factors, beside which a regime of correlations is what does not fit."""
    assets, factors = many(ASSET, 20_000), "factors = [" + 20_000 * "[0.5, 0.1, 0.1, 0.1, 0.1]," + "]\n"
    (tmp_path / "regime.toml").write_text(REGIME + "[universe]\n" + factors + assets)
    (tmp_path / "s.toml").write_text(
        HEAD + "[universe]\n" + factors + assets + POSITION.format(0) + FACTORED + MEASURES
    )
    assert len(scenarios.validate(tmp_path / "s.toml").universe.assets) == 20_000
    (tmp_path / "regime.toml").write_text(REGIME + "[universe]\ncorrelation = 0.3\n" + assets)
    with pytest.raises(InputError, match=r"regime\.toml: universe\.assets = 20000 assets \(about 37\.3 GiB"):
        scenarios.validate(tmp_path / "s.toml")
    (tmp_path / "s.toml").write_text(HEAD + "[universe]\n" + factors + many(ASSET, 50_001) + MEASURES)
    with pytest.raises(InputError, match=r"50001 assets\n.*at most 50000 assets"):
        scenarios.validate(tmp_path / "s.toml")


@pytest.mark.parametrize("count", [99, 100])
def test_a_long_chain_of_files_is_refused(tmp_path, count):
    (tmp_path / "0.toml").write_text(HEAD + UNIVERSE + POSITION.format(0) + MEASURES)
    for i in range(1, count + 1):
        (tmp_path / f"{i}.toml").write_text(f'extends = "{i - 1}.toml"\n')
    if count < sizes.MOST_FILES:
        assert scenarios.load(tmp_path / f"{count}.toml").plan.paths == 1000
    else:
        with pytest.raises(InputError, match="at most 100 files that extend one another"):
            scenarios.load(tmp_path / f"{count}.toml")


def test_a_file_without_an_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("scenarios.files.MOST_BYTES", 1000)
    (tmp_path / "s.toml").write_text(1001 * " ")
    with piped(1001 * b" ") as pipe:
        for file in (tmp_path / "s.toml", pipe):
            with pytest.raises(InputError, match="a file of at most 0 MiB"):
                scenarios.load(file)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no /dev/zero")
@pytest.mark.parametrize(
    "read",
    [
        scenarios.load,
        read_losses,
        lambda file: calibrate(file, {"kind": "returns", "periods_per_year": 12}),
    ],
)
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_a_device_is_no_file(read, device):
    with pytest.raises(InputError, match=r"a device\)?\n    allowed: a (TOML |CSV )?file, or a pipe\n"):
        read(device)


def test_shocks_have_matrices_of_their_own(monkeypatch):
    """A universe of 1,000 assets takes 95 MiB, and each shock to correlations 24 more."""
    monkeypatch.setattr(memory, "usable", lambda: 300 * 2**20)
    assert sizes.check_pairs(1000) == []
    assert sizes.check_pairs(1000, shocks=8) == []
    (problem,) = sizes.check_pairs(1000, shocks=9)
    assert "for 10 correlation matrices" in problem.value
    assert "at most about 983 assets: 0.3 GiB" in problem.allowed


def test_arrays_are_refused_by_the_same_estimate(monkeypatch):
    monkeypatch.setattr(memory, "usable", lambda: 100 * 20**2)
    assert factor(np.eye(20)).shape == (20, 20)
    with pytest.raises(CapacityError, match="correlation = 21 assets"):
        factor(np.eye(21))


def test_kept_paths_are_refused_before_they_are_lowered(monkeypatch):
    """A million steps of each path: a program of as many rows would take minutes to write."""
    case = scenarios.load("three_assets").cases[0]
    monkeypatch.setattr("simcore.simulation.lower", None)
    plan = Plan(paths=10**15, steps=10**6, horizon=1.0, seed=1, confidences=(0.9,), outputs=("returns",))
    with pytest.raises(CapacityError, match=r"Plan\.paths = 1000000000000000 \(about"):
        simulate([case], plan)
    monkeypatch.setattr(memory, "usable", lambda: 2**20)
    with pytest.raises(CapacityError, match="one path alone takes"):
        replay(case, plan, [0])


def test_the_page_has_these_limits():
    page = (Path(__file__).resolve().parent.parent / "docs" / "scenario-file.md").read_text()
    told = page.partition("## How large\n")[2].partition("\n## ")[0]
    limits = {name: value for name, value in vars(sizes).items() if name.startswith("MOST_")}
    limits["MOST_BYTES"] //= 2**20
    assert [name for name, value in limits.items() if f"| {value:,}" not in told] == []
