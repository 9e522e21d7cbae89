"""Moments from past returns: closed forms, and NumPy and statistics as second implementations."""

import statistics

import numpy as np
import pytest

from scenarios import moments_of
from scenarios.library import etf18
from simcore import InputError


def table(periods=500, n=4, seed=1):
    rng = np.random.default_rng(seed)
    common = rng.standard_normal((periods, 1))
    return 0.0003 + 0.01 * (0.6 * common + 0.8 * rng.standard_normal((periods, n)))


def test_simple_against_numpy():
    r = table()
    moments = moments_of(r, periods_per_year=252, compounding="simple")
    np.testing.assert_allclose(moments.expected_return, r.mean(axis=0) * 252, rtol=1e-12)
    np.testing.assert_allclose(moments.volatility, r.std(axis=0, ddof=1) * np.sqrt(252), rtol=1e-12)
    np.testing.assert_allclose(moments.correlation, np.corrcoef(r.T), atol=1e-14)


def test_log_against_numpy():
    r = table()
    x = np.log1p(r)
    sigma = x.std(axis=0, ddof=1) * np.sqrt(252)
    moments = moments_of(r, periods_per_year=252, compounding="log")
    np.testing.assert_allclose(moments.volatility, sigma, rtol=1e-12)
    np.testing.assert_allclose(moments.expected_return, x.mean(axis=0) * 252 + sigma**2 / 2, rtol=1e-12)
    np.testing.assert_allclose(moments.correlation, np.corrcoef(x.T), atol=1e-14)
    assert abs(moments.expected_return - r.mean(axis=0) * 252).max() > 1e-6  # the control: log is not simple


def test_three_periods_by_hand():
    """Returns +1 %, 0, -1 % and 0, +2 %, -2 %: deviations (1, 0, -1) and (0, 2, -2), correlation 2 / sqrt(2 * 8)."""
    moments = moments_of([[0.01, 0.0], [0.0, 0.02], [-0.01, -0.02]], periods_per_year=4, compounding="simple")
    np.testing.assert_allclose(moments.expected_return, [0.0, 0.0], atol=1e-18)
    np.testing.assert_allclose(moments.volatility, [0.02, 0.04], rtol=1e-14)
    np.testing.assert_allclose(moments.correlation, [[1.0, 0.5], [0.5, 1.0]], rtol=1e-14)


def test_doubling_and_halving_by_hand():
    """Log returns ln 2 and -ln 2: mean 0, sd sqrt(2) ln 2."""
    moments = moments_of([[1.0], [-0.5]], periods_per_year=1)
    assert moments.volatility[0] == pytest.approx(2**0.5 * np.log(2), rel=1e-15)
    assert moments.expected_return[0] == pytest.approx(np.log(2) ** 2, rel=1e-15)


def test_correlation_is_exactly_symmetric_with_unit_diagonal():
    r = moments_of(table(1259, 18), periods_per_year=252).correlation
    assert (r == r.T).all()
    assert (np.diag(r) == 1.0).all()
    assert not r.flags.writeable


def test_periods_per_year_scales():
    day, year = (moments_of(table(), periods_per_year=p, compounding="simple") for p in (1, 252))
    np.testing.assert_allclose(year.expected_return, 252 * day.expected_return, rtol=1e-14)
    np.testing.assert_allclose(year.volatility, 252**0.5 * day.volatility, rtol=1e-14)
    assert year.correlation.tobytes() == day.correlation.tobytes()


@pytest.mark.parametrize(
    ("returns", "compounding", "message"),
    [
        ([[0.1, 0.2]], "log", r"returns = an array of shape \(1, 2\)"),
        ([0.1, 0.2], "log", r"returns = an array of shape \(2,\)"),
        ([[0.1], [float("nan")]], "simple", r"returns\[1, 0\] = nan\n.*finite returns"),
        ([[0.1], [-1.0]], "log", r"returns\[1, 0\] = -1\.0\n.*above -1"),
        ([[0.1, 0.3], [0.2, 0.3], [0.4, 0.3]], "log", r"returns\[:, 1\] = 0\.3\n.*returns that differ"),
        ([["0.1", "0.2"], ["0.3", "0.1"]], "log", r"returns = \[\['0\.1', .*\n.*an array of numbers"),
        (
            [[0.0, 1e308], [1.0, -1e308]],
            "simple",
            r"returns\[:, 1\] = too large for a year\n.*yearly figures are finite",
        ),
    ],
)
def test_refused(returns, compounding, message):
    with pytest.raises(InputError, match=message):
        moments_of(returns, periods_per_year=252, compounding=compounding)


def test_simple_returns_may_lose_everything():
    assert moments_of([[-1.0], [0.5]], periods_per_year=1, compounding="simple").expected_return[0] == -0.25


@pytest.mark.parametrize("unit", [1e-300, 1e-100, 1e100, 1e200])
def test_moments_do_not_depend_on_the_unit(unit):
    """Squares of such returns, and products of squares, leave the range of numbers; their moments do not."""
    r = np.array([[1.0, 1.0], [-1.0, 3.0], [0.0, 0.5]])
    here, there = (moments_of(table, periods_per_year=252, compounding="simple") for table in (r, unit * r))
    np.testing.assert_allclose(there.volatility / unit, here.volatility, rtol=1e-14)
    np.testing.assert_allclose(there.expected_return / unit, here.expected_return, rtol=1e-14)
    np.testing.assert_allclose(there.correlation, here.correlation, rtol=1e-14)
    np.testing.assert_allclose(here.correlation, np.corrcoef(r.T), rtol=1e-14)


def rows_of(funds, dates, returns):
    return [["Date", *funds], *([date, *map(repr, row)] for date, row in zip(dates, returns.tolist(), strict=True))]


def test_the_script_takes_its_window_only():
    r = table(4, 3)
    rows = rows_of(["AGG", "VNQ", "VTI"], ["2012-12-31", "2013-01-01", "2017-12-31", "2018-01-01"], r)
    table_ = etf18.table_of(rows)
    assert table_.funds == ["AGG", "VNQ", "VTI"]
    assert table_.between("2013-01-01", "2017-12-31") == r[1:3].tolist()


def test_the_script_writes_a_scenario_and_its_regimes(tmp_path):
    """A made-up table goes in; the files that come out are loaded and hold every bit of the figures."""
    import scenarios

    funds = ["AGG", "DBC", "GLD", "TLT", "VNQ", "VTI", "XLF"]
    r = table(400, len(funds))
    starts = ["2013-01-01", "2022-01-01", "2008-01-01", "2020-02-19"]
    dates = [str(np.datetime64(start) + i) for start in starts for i in range(50)] * 2
    dates[200:] = [str(np.datetime64("2010-01-01") + i) for i in range(200)]  # in no window
    path = tmp_path / "table.csv"
    path.write_text("\n".join(",".join(row) for row in rows_of(funds, dates, r)) + "\n")
    etf18.main(str(path), tmp_path)
    scenario = scenarios.load(tmp_path / "etf18.toml")
    moments = [moments_of(r[50 * k : 50 * k + 50], periods_per_year=252) for k in range(4)]
    assets = scenario.resolved["universe"]["assets"]
    assert [asset["expected_return"] for asset in assets] == moments[0].expected_return.tolist()
    assert [asset["volatility"] for asset in assets] == moments[0].volatility.tolist()
    assert scenario.resolved["universe"]["correlation"] == moments[0].correlation.tolist()
    assert [asset["class"] for asset in assets] == [
        *("bonds", "real_assets", "real_assets", "bonds", "real_assets", "equity", "equity")
    ]
    assert statistics.stdev(np.log1p(r[:50, 0])) * 252**0.5 == pytest.approx(assets[0]["volatility"], rel=1e-12)
    for shock, its in zip(scenario.resolved["shocks"], moments[1:], strict=False):
        universe = shock["changes"][0]["regime"]["universe"]
        assert [asset["volatility"] for asset in universe["assets"]] == its.volatility.tolist()
        assert [asset["expected_return"] for asset in universe["assets"]] == its.expected_return.tolist()
        assert universe["correlation"] == its.correlation.tolist()
