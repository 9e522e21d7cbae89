"""`simcore calibrate`: the scenario that it writes, the options it asks for, and parameters that come back."""

import datetime
import hashlib
import math
import re
from pathlib import Path

import numpy as np
import pytest
from pipe_files import piped

import scenarios
from analysis.calibrated import _estimator, calibrate
from analysis.cli import main
from scenarios import moments_of
from scenarios.schema_history import HistorySource
from simcore import Case, Gaussian, InputError, Market, Plan, Pool, PoolTree, Position, StudentT, factor, replay

NEEDED = ["--kind", "returns", "--periods-per-year", "252"]
R = np.array([[1.0, 0.6, -0.2], [0.6, 1.0, 0.1], [-0.2, 0.1, 1.0]])
MU, SIGMA = np.array([0.08, 0.05, 0.02]), np.array([0.25, 0.15, 0.06])
NAMES = ("AGG", "VTI", 'odd "name"')
DAYS = 4000


def simulated(dof, periods=DAYS, compounding="log"):
    """Simple daily returns that simcore drew."""
    lower = factor(R)
    dependence = Gaussian(lower) if math.isinf(dof) else StudentT(lower, dof)
    drift = MU - 0.5 * SIGMA**2 if compounding == "log" else MU
    tree = PoolTree([Position(name, name, 1.0) for name in NAMES], [Pool("all", NAMES)])
    case = Case("base", Market(NAMES, drift, SIGMA, compounding, dependence), tree)
    found = replay(case, Plan(periods, 1 / 252, 7, (0.95,)), range(periods))
    returns = found.returns.reshape(periods, 3)
    return np.expm1(returns) if compounding == "log" else returns


def write(path, returns):
    days = [datetime.date(2000, 1, 1) + datetime.timedelta(days=round(i * 365.25 / 252)) for i in range(len(returns))]
    head = ",".join(["Date", *('"' + name.replace('"', '""') + '"' for name in NAMES)])
    lines = [",".join([str(day), *map(repr, row)]) for day, row in zip(days, returns.tolist(), strict=True)]
    path.write_text("\n".join([head, *lines]) + "\n")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "past.csv", simulated(6.0))
    return tmp_path


def test_it_writes_a_scenario_that_runs(capsys, folder):
    assert main(["calibrate", "past.csv", *NEEDED]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    (folder / "scenario.toml").write_text(printed.out)
    scenario = scenarios.load("scenario.toml")
    moments = moments_of(simulated(6.0), periods_per_year=252)
    universe = scenario.resolved["universe"]
    assert [asset["name"] for asset in universe["assets"]] == list(NAMES)
    assert [asset["expected_return"] for asset in universe["assets"]] == moments.expected_return.tolist()
    assert [asset["volatility"] for asset in universe["assets"]] == moments.volatility.tolist()
    assert universe["correlation"] == moments.correlation.tolist()
    assert scenario.name == "past"
    assert main(["run", "scenario.toml", "--paths", "2000"]) == 0
    for said in (
        "# Source: past.csv, returns; SHA-256 ",
        "# Window: 2000-01-01 to ",
        "4,000 rows",
        "sample, divisor n - 1",
    ):
        assert said in printed.out


def test_a_pipe_is_read_once(folder):
    content = (folder / "past.csv").read_bytes()
    with piped(content) as file:
        text = calibrate(file, {"kind": "returns", "periods_per_year": 252}).text
    assert f"SHA-256 {hashlib.sha256(content).hexdigest()}\n" in text


@pytest.mark.parametrize("compounding", ["log", "simple"])
@pytest.mark.parametrize("dof", [6.0, math.inf])
def test_simulated_parameters_come_back_within_their_errors(folder, dof, compounding):
    """Errors of a sample of T rows: mu sigma / sqrt(years), sigma sqrt((kurtosis - 1) / 4T), r that of Fisher times the
    same factor, dof its own."""
    write(folder / "past.csv", simulated(dof, compounding=compounding))
    found = calibrate("past.csv", {"kind": "returns", "periods_per_year": 252}, compounding=compounding)
    assets = found.universe.assets
    kurtosis = 3.0 if math.isinf(dof) else 3.0 + 6.0 / (dof - 4.0)
    off_mu = (np.array([asset.expected_return for asset in assets]) - MU) / (SIGMA / math.sqrt(DAYS / 252))
    off_sigma = (np.array([asset.volatility for asset in assets]) / SIGMA - 1.0) / math.sqrt(
        (kurtosis - 1.0) / 4 / DAYS
    )
    error = (1.0 - R**2) * math.sqrt(kurtosis / 3.0 / DAYS)
    off_r = ((np.array(found.universe.correlation) - R) / np.where(error > 0.0, error, 1.0))[np.triu_indices(3, 1)]
    for off in (off_mu, off_sigma, off_r):
        assert abs(off).max() < 4.0
    tails = found.tails
    if math.isinf(dof):
        assert tails.normal_fits
        assert "innovation = { student_t" not in found.text
    else:
        assert abs(tails.dof - dof) < 4.0 * tails.std_error
        assert abs(tails.dof - 2.0 * dof) > 4.0 * tails.std_error  # the control: another law would be seen
        assert f"innovation = {{ student_t = {tails.dof:.4g} }}" in found.text


def test_standard_errors_stand_beside_expected_returns(folder):
    text = calibrate("past.csv", {"kind": "returns", "periods_per_year": 252}).text
    found = [float(error) for error in re.findall(r"# standard error ([\d.e-]+)\n", text)]
    np.testing.assert_allclose(found, SIGMA / math.sqrt(DAYS / 252), rtol=0.1)


@pytest.mark.parametrize("estimator", ["ledoit_wolf", {"ewma": {"half_life": 20}}])
def test_the_standard_error_of_a_mean_of_all_rows_is_that_of_all_rows(folder, estimator):
    """Whatever the volatilities are estimated with: here the last rows are five times as wild as the others."""
    returns = simulated(6.0)[:500]
    returns[450:] *= 5.0
    write(folder / "past.csv", returns)
    text = calibrate("past.csv", {"kind": "returns", "periods_per_year": 252, "estimator": estimator}).text
    found = [float(error) for error in re.findall(r"# standard error ([\d.e-]+)\n", text)]
    expected = np.log1p(returns).std(axis=0, ddof=1) * 252 / math.sqrt(500)
    np.testing.assert_allclose(found, expected, rtol=0.05)


@pytest.mark.parametrize(
    ("returns", "said"),
    [
        (simulated(6.0)[:5], "maximum likelihood cannot be told: 5 complete rows are too few, 6 are needed."),
        (0.01 * np.clip(np.random.default_rng(1).standard_cauchy((300, 3)), -50, 50), "likelihood: 2 or fewer, where"),
    ],
)
def test_what_the_tails_do_not_tell_is_no_hint(folder, returns, said):
    write(folder / "past.csv", returns)
    text = calibrate("past.csv", {"kind": "returns", "periods_per_year": 252}, compounding="simple").text
    assert said in text
    assert "student_t" not in text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--estimator", "ledoit_wolf"], "ledoit_wolf; correlations shrink toward 0"),
        (["--estimator", "ewma", "--half-life", "63"], "ewma, half-life 63 rows, worth 181.8 equal ones"),
        (["--start", "2005-01-01", "--end", "2009-12-31"], "# Window: 2005-01-0"),
        (["--compounding", "simple"], "With r' = r, a simple return of one period"),
    ],
)
def test_options_are_in_the_figures_and_said(capsys, folder, options, said):
    assert main(["calibrate", "past.csv", *NEEDED]) == 0
    plain = capsys.readouterr().out
    assert main(["calibrate", "past.csv", *NEEDED, *options]) == 0
    text = capsys.readouterr().out
    assert said in text
    assert said not in plain
    (folder / "scenario.toml").write_text(text)
    (folder / "plain.toml").write_text(plain)
    assert scenarios.load("scenario.toml").digest != scenarios.load("plain.toml").digest


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--kind", "return", "--periods-per-year", "252"],
            '--kind = "return"\n.*\n.*write --kind returns or --kind prices',
        ),
        (
            ["--kind", "returns", "--periods-per-year", "0"],
            "--periods-per-year = 0\n.*\n.*write --periods-per-year 252",
        ),
        ([*NEEDED, "--start", "2013-01"], '--start = "2013-01"\n.*\n.*write --start 2013-01-01\n'),
        ([*NEEDED, "--estimator", "ewma"], "--half-life = \\(missing\\)"),
        ([*NEEDED, "--half-life", "3"], "--half-life = 3\n"),
        (["--kind", "returns", "--periods-per-year", "nan"], '--periods-per-year = "nan"\n.*\n    remedy:  write --p'),
        (
            ["--kind", "returns", "--periods-per-year", "twelve"],
            '--periods-per-year = "twelve"\n.*\n    remedy:  write -',
        ),
        (
            [*NEEDED, "--estimator", "ewma", "--half-life", "1e300"],
            '--half-life = "1e300"\n    allowed: periods, above 0 and at most 1e9.*\n    remedy:  write --half-life 63',
        ),
        ([*NEEDED, "--estimator", "ewma", "--half-life", "-3"], "--half-life = -3\n"),
        (
            [*NEEDED, "--estimator", "best"],
            '--estimator = "best"\n.*\n.*write --estimator sample, "ledoit_wolf" or ewma with --half-life 63',
        ),
        ([*NEEDED, "--compounding", "both"], '--compounding = "both"\n.*\n.*write --compounding log'),
        ([*NEEDED, "--gaps", "fill"], '--gaps = "fill"\n.*\n.*write --gaps drop or --gaps pairwise'),
        ([*NEEDED, "--decimal", "x"], '--decimal = "x"'),
        ([*NEEDED, "--date-format", "%d"], '--date-format = "%d"\n.*\n.*write --date-format %d/%m/%Y'),
        ([*NEEDED, "--start", "2050-01-01"], "--start and --end = 2050-01-01 to "),
        (["--kind", "prices", "--periods-per-year", "252"], "past.csv: figures = .*\n.*\n.*write --kind returns"),
    ],
)
def test_bad_options_are_told_as_options(capsys, arguments, said):
    assert main(["calibrate", "past.csv", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert re.search(said, printed.err)
    assert "universe" not in printed.err


def test_pairs_that_no_returns_can_have_are_told_with_a_way_that_works(capsys, folder):
    table = Path(__file__).parent / "cases" / "invalid" / "tables" / "history_pairwise_impossible.csv"
    assert main(["calibrate", str(table), *NEEDED, "--gaps", "pairwise"]) == 2
    said = capsys.readouterr().err
    assert '--gaps = "pairwise", a matrix with smallest eigenvalue -' in said
    remedy = '--gaps drop, or a scenario with [universe.history] and repair = "nearest" in [universe]'
    assert f"remedy:  write {remedy}\n" in said


def test_an_estimator_that_nobody_knows_is_not_told_as_the_sample():
    source = HistorySource(file="t.csv", kind="returns", periods_per_year=12)
    assert _estimator(source, 10) == "sample, divisor n - 1"
    with pytest.raises(AssertionError):
        _estimator(source.model_copy(update={"estimator": "other"}), 10)


def test_kind_and_periods_per_year_are_asked_for(capsys):
    assert main(["calibrate", "past.csv"]) == 2
    assert "Missing option '--kind'" in capsys.readouterr().err
    assert main(["calibrate", "past.csv", "--kind", "returns"]) == 2
    assert "Missing option '--periods-per-year'" in capsys.readouterr().err


def test_a_missing_file_is_an_argument(capsys):
    assert main(["calibrate", "pst.csv", *NEEDED]) == 2
    assert 'FILE = "pst.csv" (missing)' in (said := capsys.readouterr().err)
    assert 'did you mean "past.csv"?' in said


def test_cautions_are_told_and_written_down(capsys, folder):
    assert main(["calibrate", "past.csv", "--kind", "returns", "--periods-per-year", "12"]) == 0
    printed = capsys.readouterr()
    said = "about 252 rows a year, but periods_per_year = 12"
    assert f"simcore: caution: past.csv: {said}" in printed.err
    assert f"# Caution: past.csv: {said}" in printed.out


def test_all_problems_of_options_come_at_once():
    with pytest.raises(InputError) as caught:
        calibrate("past.csv", {"kind": 3, "periods_per_year": "x", "decimal": 1})
    assert [problem.place for problem in caught.value.problems] == ["--kind", "--periods-per-year", "--decimal"]
