"""[universe.history] and windows as regimes: figures, rows, what is told, what they resolve to."""

import copy
import datetime
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scenarios
from analysis.cli import main
from analysis.toml import toml_of
from scenarios import moments_of
from scenarios.loader import from_document, validate
from simcore import InputError

VALID = Path(__file__).parent / "cases" / "valid"
NAMES = ("AGG", "VTI", "VNQ")
DAYS = np.arange(np.datetime64("2020-01-01"), np.datetime64("2020-01-01") + 400)


def rows(periods=400, seed=1):
    rng = np.random.default_rng(seed)
    returns = 0.01 * (rng.standard_normal((periods, 1)) + rng.standard_normal((periods, 3)))
    returns[200:] *= 3.0
    return returns


def csv(values, dates=DAYS, names=NAMES):
    lines = [",".join(("Date", *names))]
    lines += [
        ",".join([str(day), *("" if np.isnan(x) else repr(x) for x in row)])
        for day, row in zip(dates, values.tolist(), strict=True)
    ]
    return "\n".join(lines) + "\n"


def document(**history):
    keys = {"file": "table.csv", "kind": "returns", "periods_per_year": 365, "values": 100_000}
    return {
        "schema": 1,
        "name": "past",
        "currency": "USD",
        "universe": {"history": keys | history},
        "simulation": {"paths": 1000, "horizon_years": 0.25, "seed": 1},
        "measures": {"confidence": 0.99},
    }


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    (tmp_path / "table.csv").write_text(csv(rows()))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def figures(universe):
    assets = universe["assets"]
    expected, volatility = ([asset[key] for asset in assets] for key in ("expected_return", "volatility"))
    return np.array(expected), np.array(volatility), np.array(universe["correlation"])


def same(universe, moments):
    given = (moments.expected_return, moments.volatility, moments.correlation)
    return all(one.tobytes() == other.tobytes() for one, other in zip(figures(universe), given, strict=True))


def window(first, last):
    return {"start": datetime.date.fromisoformat(str(DAYS[first])), "end": datetime.date.fromisoformat(str(DAYS[last]))}


@pytest.mark.parametrize("compounding", ["log", "simple"])
def test_figures_are_the_moments_of_the_rows(compounding):
    written = document()
    written["universe"]["compounding"] = compounding
    scenario = from_document(written)
    universe = scenario.resolved["universe"]
    assert [asset["name"] for asset in universe["assets"]] == list(NAMES)
    assert same(universe, moments_of(rows(), periods_per_year=365, compounding=compounding))
    assert [position.value for position in scenario.cases[0].pools.positions] == [100_000.0] * 3


def test_a_window_has_its_own_rows_both_ends_included():
    universe = from_document(document(**window(10, 99))).resolved["universe"]
    assert same(universe, moments_of(rows()[10:100], periods_per_year=365))
    assert not same(universe, moments_of(rows()[10:99], periods_per_year=365))


def test_returns_of_prices(folder):
    prices = 100.0 * np.cumprod(1.0 + rows(), axis=0)
    (folder / "table.csv").write_text(csv(prices))
    returns = prices[1:] / prices[:-1] - 1.0
    universe = from_document(document(kind="prices")).resolved["universe"]
    assert same(universe, moments_of(returns, periods_per_year=365))
    universe = from_document(document(kind="prices", **window(10, 99))).resolved["universe"]
    assert same(universe, moments_of(returns[9:99], periods_per_year=365))  # the first from the price before the window


def test_attributes_stand_beside_the_history():
    scenario = from_document(
        document(values={"AGG": 5, "VTI": -2}, classes={"AGG": "bonds"}, expected_returns={"VNQ": 0.04})
    )
    assets = scenario.resolved["universe"]["assets"]
    assert [asset.get("class") for asset in assets] == ["bonds", None, None]
    moments = moments_of(rows(), periods_per_year=365)
    assert [asset["expected_return"] for asset in assets] == [*moments.expected_return[:2], 0.04]
    assert [(p.name, p.value) for p in scenario.cases[0].pools.positions] == [("AGG", 5.0), ("VTI", -2.0)]


def test_what_is_shown_needs_no_history(folder, capsys):
    written = document() | {"shocks": [{"name": "wild", "changes": [{"regime": window(200, 399)}]}]}
    dates = {"start": "2020-07-19", "end": "2021-02-03"}
    quoted = json.loads(json.dumps(written, default=str))
    text = toml_of(quoted)
    for day in dates.values():
        assert f'"{day}"' in text
        text = text.replace(f'"{day}"', day)
    (folder / "past.toml").write_text(text)
    assert main(["show", "past.toml"]) == 0
    shown = capsys.readouterr().out
    assert "history" not in shown
    (folder / "shown.toml").write_text(shown)
    (folder / "table.csv").unlink()
    again = scenarios.load("shown.toml")
    assert again.digest == from_document(again.resolved).digest
    assert same(again.resolved["universe"], moments_of(rows(), periods_per_year=365))


def test_a_regime_takes_a_window_and_leaves_expected_returns():
    shocks = [{"name": "wild", "changes": [{"regime": window(200, 399)}]}]
    scenario = from_document(document(**window(0, 199)) | {"shocks": shocks})
    base, wild = scenario.cases
    calm, wilder = (moments_of(part, periods_per_year=365) for part in (rows()[:200], rows()[200:]))
    assert base.market.scale.tobytes() == calm.volatility.tobytes()
    assert wild.market.scale.tobytes() == wilder.volatility.tobytes()
    mu = wild.market.drift + 0.5 * wild.market.scale**2
    np.testing.assert_allclose(mu, calm.expected_return, rtol=1e-12)
    universe = scenario.resolved["shocks"][0]["changes"][0]["regime"]["universe"]
    assert same(universe, wilder)
    assert from_document(scenario.resolved).digest == scenario.digest
    assert "date" not in json.dumps(scenario.resolved)


def test_the_rows_stay_at_hand():
    shocks = [{"name": "wild", "changes": [{"regime": window(200, 399)}]}]
    Path("past.toml").write_text("")
    from scenarios.files import File
    from scenarios.from_history import with_history
    from scenarios.schema import Document

    read, problems = with_history(Document.model_validate(document() | {"shocks": shocks}), lambda _: File("", Path()))
    assert problems == []
    past, wild = read.universe.past, read.shocks[0].changes[0].regime.universe.past
    assert past.names == NAMES
    assert past.returns.tobytes() == rows().tobytes()
    assert [str(day) for day in wild.dates] == [str(day) for day in DAYS[200:]]
    assert wild.returns.tobytes() == rows()[200:].tobytes()
    assert past.complete.all()
    with pytest.raises(ValueError, match="read-only"):
        past.returns[0, 0] = 1.0


def test_a_regime_file_has_its_own_history():
    base, _, shrunk = scenarios.load(VALID / "history.toml").cases
    r = [case.market.dependence.factor @ case.market.dependence.factor.T for case in (base, shrunk)]
    assert abs(r[1]).sum() < abs(r[0]).sum()


def test_a_file_that_extends_chooses_the_form(folder):
    (folder / "base.toml").write_text(toml_of(document()))
    plain = [{"name": name, "expected_return": 0.1, "volatility": 0.2, "value": 1} for name in NAMES]
    figures = {"extends": "base.toml", "name": "plain", "universe": {"assets": plain, "correlation": 0.5}}
    assert from_document(figures).resolved["universe"]["correlation"][0][1] == 0.5
    (folder / "plain.toml").write_text(toml_of(figures))
    back = {"extends": "plain.toml", "universe": {"history": document()["universe"]["history"]}}
    assert same(from_document(back).resolved["universe"], moments_of(rows(), periods_per_year=365))
    merged = {"extends": "base.toml", "universe": {"history": {"periods_per_year": 12}}}
    assert same(from_document(merged).resolved["universe"], moments_of(rows(), periods_per_year=12))


def test_the_path_begins_in_the_folder_of_the_file_that_has_it(folder):
    (folder / "inner").mkdir()
    (folder / "table.csv").rename(folder / "inner" / "table.csv")
    (folder / "inner" / "base.toml").write_text(toml_of(document()))
    upper = {"extends": "inner/base.toml", "name": "upper", "universe": {"compounding": "simple"}}
    assert from_document(upper).cases[0].market.names == NAMES
    with pytest.raises(InputError, match=r'history\.file = "table\.csv" \(missing\)'):
        from_document(document())


def test_prices_in_another_form(folder):
    prices = np.round(100.0 * np.cumprod(1.0 + rows(20), axis=0), 2)
    lines = csv(prices, DAYS[:20]).replace(",", ";").replace(".", ",").splitlines()
    days = [datetime.date.fromisoformat(line[:10]) for line in lines[1:]]
    text = "\r\n".join([lines[0], *(f"{day:%d.%m.%Y}{line[10:]}" for day, line in zip(days, lines[1:], strict=True))])
    (folder / "table.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    written = document(kind="prices", decimal=",", date_format="%d.%m.%Y")
    returns = prices[1:] / prices[:-1] - 1.0
    assert same(from_document(written).resolved["universe"], moments_of(returns, periods_per_year=365))


def test_dropped_gaps_leave_the_other_rows(folder):
    values = rows()
    values[[3, 50, 50], [0, 1, 2]] = np.nan
    (folder / "table.csv").write_text(csv(values))
    scenario = from_document(document(gaps="drop"))
    whole = values[~np.isnan(values).any(axis=1)]
    assert len(whole) == 398
    assert same(scenario.resolved["universe"], moments_of(whole, periods_per_year=365))
    assert "table.csv: 2 of 400 rows are left out for their gaps: 2020-01-04, 2020-02-20" in scenario.cautions


def test_a_gap_in_prices_is_a_gap_in_two_returns(folder):
    """No return over two periods is taken for one over one."""
    prices = 100.0 * np.cumprod(1.0 + rows(), axis=0)
    returns = np.delete(prices[1:] / prices[:-1] - 1.0, [49, 50], axis=0)
    prices[50, 1] = np.nan
    (folder / "table.csv").write_text(csv(prices))
    universe = from_document(document(kind="prices", gaps="drop")).resolved["universe"]
    assert same(universe, moments_of(returns, periods_per_year=365))


def test_pairwise_gaps_are_told(folder):
    values = rows()
    values[:100, 2] = np.nan
    (folder / "table.csv").write_text(csv(values))
    scenario = from_document(document(gaps="pairwise"))
    assert scenario.cautions == ("table.csv: gaps: of 400 rows these have fewer: VNQ 300",)
    _, sigma, correlation = figures(scenario.resolved["universe"])
    assert sigma[2] == moments_of(values[100:], periods_per_year=365).volatility[2]
    assert correlation[0, 1] == pytest.approx(moments_of(rows(), periods_per_year=365).correlation[0, 1], rel=1e-12)


def test_an_impossible_window_is_told_at_its_regime(folder):
    """Pairs seen in other rows than one another: A with B, -A with C, and B with C."""
    rng, values = np.random.default_rng(1), np.full((400, 3), np.nan)
    values[:200] = rows(200)
    for k in range(200, 400):
        x = 0.01 * rng.standard_normal()
        values[k] = [(x, x, np.nan), (x, np.nan, -x), (np.nan, x, x)][k % 3]
    values[200:] += 0.0001 * rng.standard_normal((200, 3))
    (folder / "table.csv").write_text(csv(values))
    shocks = [{"name": "wild", "changes": [{"regime": window(200, 399)}]}]
    written = document(gaps="pairwise", **window(0, 199))
    from_document(written)
    with pytest.raises(InputError) as caught:
        from_document(written | {"shocks": shocks})
    (problem,) = caught.value.problems
    assert problem.place == "shocks[0].changes[0].regime (wild)"
    assert problem.value.startswith('"pairwise", a matrix with smallest eigenvalue -')
    assert 'repair = "nearest"' in problem.remedy


def test_one_asset_alone(folder):
    (folder / "table.csv").write_text(csv(rows()[:, :1], names=("AGG",)))
    universe = from_document(document()).resolved["universe"]
    assert same(universe, moments_of(rows()[:, :1], periods_per_year=365))


@pytest.mark.parametrize(
    ("change", "history", "said"),
    [
        (lambda r: r.__setitem__((7, 1), 0.62), {}, "moves over 50 % in one period: VTI +0.62 on 2020-01-08"),
        (lambda r: None, window(0, 2), "3 rows for 3 assets: the sample correlation is singular"),
        (lambda r: None, {"periods_per_year": 52}, "about 365 rows a year, but periods_per_year = 52"),
        (lambda r: None, {"start": datetime.date(2019, 1, 1)}, "start = 2019-01-01, but the file begins at 2020-01-01"),
        (lambda r: None, {"end": datetime.date(2030, 1, 1)}, "end = 2030-01-01, but the file ends at 2021-02-03"),
    ],
)
def test_what_is_seldom_meant_is_told(folder, capsys, change, history, said):
    values = rows()
    change(values)
    (folder / "table.csv").write_text(csv(values))
    scenario = from_document(document(**history))
    assert any(f"table.csv: {said}" in caution for caution in scenario.cautions)
    assert from_document(document()).cautions == () or values[7, 1] == 0.62  # the control


def test_few_rows_of_a_year_are_told_where_they_are_far_off(folder):
    """Of three returns the rows a year are known within a factor of two."""
    (folder / "table.csv").write_text(csv(rows(4), DAYS[:4]))
    for year, told in ((252, False), (12, True), (365 * 3, True), (365 * 1.5, False)):
        cautions = from_document(document(periods_per_year=year)).cautions
        assert any("about 365 rows a year" in caution for caution in cautions) == told


@pytest.mark.parametrize(("periods", "singular"), [(2, True), (3, False)])
def test_who_shrinks_is_not_told_to_shrink(folder, periods, singular):
    (folder / "table.csv").write_text(csv(rows(periods), DAYS[:periods]))
    cautions = from_document(document(estimator="ledoit_wolf")).cautions
    assert not any("estimator = " in caution or "sample" in caution for caution in cautions)
    said = f"table.csv: {periods} rows for 3 assets: their correlation is singular, even shrunk by ledoit_wolf"
    assert any(caution.startswith(said) for caution in cautions) == singular


def holed(folder, *holes, kind="returns", step=1):
    """A table with a row every `step` days, less those of the holes: pairs of the first and the last left out."""
    left = [i for i in range(400) if not any(first <= i <= last for first, last in holes)]
    values = 0.02 * rows()
    values = values if kind == "returns" else np.cumprod(1.0 + values, axis=0)
    (folder / "table.csv").write_text(csv(values[left], (DAYS[0] + step * np.arange(400))[left]))
    return left


@pytest.mark.parametrize(
    ("kind", "after"),
    [
        ("returns", "rows on both sides of it count as neighbours"),
        ("prices", "the return over it counts as one period"),
    ],
)
def test_rows_that_are_missing_are_told(folder, capsys, kind, after):
    holed(folder, (100, 149), kind=kind)
    said = f"no rows between 2020-04-09 and 2020-05-30 (51 days, where the usual step is 1); {after}"
    assert f"table.csv: {said}" in from_document(document(kind=kind)).cautions
    assert main(["calibrate", "table.csv", "--kind", kind, "--periods-per-year", "365"]) == 0
    printed = capsys.readouterr()
    assert f"simcore: caution: table.csv: {said}" in printed.err
    assert f"# Caution: table.csv: {said}" in printed.out


def test_of_several_holes_the_first_and_the_longest_are_named(folder):
    holed(folder, (20, 30), (100, 150), (200, 210))
    said = (
        "no rows between 2020-01-20 and 2020-02-01 (12 days, where the usual step is 1), and in 2 more places, 52 days"
    )
    assert any(f"table.csv: {said} at most; rows on" in caution for caution in from_document(document()).cautions)


@pytest.mark.parametrize(("step", "longest"), [(1, 7), (7, 28), (30, 120)])
def test_a_week_and_four_steps_are_no_hole(folder, step, longest):
    count = longest // step - 1  # rows that are missing
    for more, told in ((0, False), (1, True)):
        holed(folder, (100, 100 + count - 1 + more), step=step)
        cautions = from_document(document(periods_per_year=365 / step)).cautions
        assert any("no rows between" in caution for caution in cautions) == told


@pytest.mark.parametrize("kind", ["returns", "prices"])
def test_holes_count_where_the_window_reaches_them(folder, kind):
    """Of prices, the first return begins at the price before the window; the rows of a window may be two."""
    left = holed(folder, (100, 149), kind=kind)

    def told(first, last):
        history = {**window(left[first], left[last]), "kind": kind}
        return any("no rows between" in caution for caution in from_document(document(**history)).cautions)

    assert told(99, 100)
    assert told(100, 110) == (kind == "prices")
    assert not told(101, 110)
    assert not told(50, 99)


def test_rows_that_are_dropped_are_no_hole(folder):
    text = csv(rows()).splitlines()
    text[50:80] = [line.rpartition(",")[0] + "," for line in text[50:80]]
    (folder / "table.csv").write_text("\n".join(text))
    cautions = from_document(document(gaps="drop")).cautions
    assert any("30 of 400 rows are left out" in caution for caution in cautions)
    assert not any("no rows between" in caution for caution in cautions)


def test_validate_tells_it_on_stderr(capsys):
    assert main(["validate", str(VALID / "history.toml")]) == 0
    printed = capsys.readouterr()
    assert "valid: 2 positions, 1 pool, 3 cases" in printed.out
    assert "returns.csv: 3 rows for 3 assets" in printed.err  # of the window that is a regime


def test_validation_needs_no_pandas_no_scipy_no_numba(folder):
    (folder / "past.toml").write_text(toml_of(document()))
    code = "import sys; from scenarios import validate; validate('past.toml'); print(*sys.modules)"
    home = str(Path(__file__).resolve().parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": home}
    )
    assert not set(done.stdout.split()) & {"pandas", "scipy", "numba"}


def test_the_bits_of_the_document_are_not_touched():
    written = document()
    before = copy.deepcopy(written)
    from_document(written)
    assert written == before


# -- tables of any bytes


TABLE = csv(rows(12), DAYS[:12]).encode()


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.integers(0, len(TABLE) - 1), st.integers(0, 255)), min_size=1, max_size=4),
    st.sampled_from(["returns", "prices"]),
)
def test_any_bytes_are_read_or_refused(changes, kind):
    content = bytearray(TABLE)
    for place, byte in changes:
        content[place] = byte
    Path("table.csv").write_bytes(bytes(content))
    try:
        document_ = document(kind=kind)
        scenario = from_document(document_)
    except InputError as error:
        for problem in error.problems:
            assert all((problem.place, problem.value, problem.allowed, problem.remedy))
        return
    assert all(np.isfinite(array).all() for array in figures(scenario.resolved["universe"]))
    assert from_document(scenario.resolved).digest == scenario.digest


@settings(max_examples=200)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_file_is_read_or_refused(content):
    Path("table.csv").write_bytes(content)
    with pytest.raises(InputError):
        from_document(document())


def test_validate_has_the_checked_document(folder):
    (folder / "past.toml").write_text(toml_of(document()))
    assert validate("past.toml").universe.past.names == NAMES
