"""Estimation error: histories drawn again, the figures that come of them, and the intervals in the table."""

import json
import math
from pathlib import Path

import numpy as np
import pandas
import pytest

import analysis
import scenarios
from analysis.cli import main
from analysis.estimation import FEW, IMPOSSIBLE, NOT_ESTIMATED, REACHES_0, drawn_of
from scenarios.estimation import cases_drawn
from scenarios.estimators import estimate, shrinkage
from simcore import Bootstrap, InputError
from simcore.resampling import rows_drawn, weighted_covariance

DAYS = 120
ESTIMATORS = ["sample", "ledoit_wolf", {"ewma": {"half_life": 40}}]


@pytest.fixture
def document(tmp_path, monkeypatch):
    """Three assets: a calm time, from which the base is estimated, and a wild one, from which the shock is."""
    rng = np.random.default_rng(5)
    mix = np.array([[0.008, 0.002, 0.004], [0.0, 0.006, 0.001], [0.0, 0.0, 0.01]])
    rows = rng.standard_normal((2 * DAYS, 3)) @ mix * np.repeat([1.0, 2.5], DAYS)[:, np.newaxis]
    dates = np.datetime64("2020-01-01") + np.arange(2 * DAYS)
    write("r.csv", dates, rows, tmp_path)
    monkeypatch.chdir(tmp_path)
    first, last, second, end = (dates[i].astype(object) for i in (0, DAYS - 1, DAYS, 2 * DAYS - 1))
    history = {"file": "r.csv", "kind": "returns", "periods_per_year": 250, "start": first, "end": last}
    history |= {"values": {"A": 300.0, "B": -100.0, "C": 200.0}, "expected_returns": {"B": 0.03}}
    return {
        "schema": 1,
        "name": "again",
        "currency": "EUR",
        "universe": {"history": history},
        "shocks": [
            {"name": "wild", "changes": [{"regime": {"start": second, "end": end}}]},
            {"name": "twice", "changes": [{"volatility": {"multiply": 2.0}}]},
        ],
        "simulation": {"paths": 2048, "horizon_days": 10, "days_per_year": 250, "seed": 3},
        "measures": {"confidence": [0.9, 0.95], "estimation_error": 100},
    }


def write(name, dates, rows, folder):
    lines = [",".join([str(day), *(repr(float(x)) for x in row)]) for day, row in zip(dates, rows, strict=True)]
    (folder / name).write_text("\n".join(["Date,A,B,C", *lines]) + "\n")


def table_of(name="r.csv"):
    table = pandas.read_csv(name, parse_dates=["Date"])
    return table["Date"].to_numpy().astype("datetime64[D]"), table[["A", "B", "C"]].to_numpy()


def changed(document, section, **keys):
    return {**document, section: {**document[section], **keys}}


def drawn_rows(replicate, history, mean_block=1.0, n=DAYS):
    return rows_drawn(n, replicate, history=history, mean_block=mean_block, seed=3)


# -- the rows


@pytest.mark.parametrize("mean_block", [1.0, 5.0])
def test_rows_are_drawn_in_blocks_of_a_geometric_length(mean_block):
    n, replicates = 200, 500
    rows = np.array([rows_drawn(n, r, history=0, mean_block=mean_block, seed=1) for r in range(replicates)])
    goes_on = (rows[:, 1:] == (rows[:, :-1] + 1) % n).mean()
    truth = 1 - 1 / mean_block + 1 / (mean_block * n)
    assert abs(goes_on - truth) <= 5.85 * math.sqrt(truth * (1 - truth) / (replicates * (n - 1)))
    counts = np.bincount(rows.ravel(), minlength=n) / replicates
    spread = math.sqrt(2 * mean_block / replicates)  # of a count, wider than that of blocks
    assert np.abs(counts - 1.0).max() <= 5.85 * spread


def test_each_history_and_each_replicate_has_draws_of_its_own():
    drawn = [tuple(drawn_rows(r, history)) for r in range(3) for history in range(3)]
    assert len(set(drawn)) == 9
    assert drawn[0] == tuple(drawn_rows(0, 0))


def test_moments_by_weights_are_those_of_the_rows_drawn():
    x = np.random.default_rng(1).standard_normal((50, 4))
    rows = drawn_rows(7, 0, n=50)
    counts = np.bincount(rows, minlength=50).astype(float)
    mean, covariance = weighted_covariance(x, counts, 49.0)
    np.testing.assert_allclose(mean, x[rows].mean(axis=0), rtol=0, atol=1e-14)
    np.testing.assert_allclose(covariance, np.cov(x[rows].T), rtol=0, atol=1e-14)
    np.testing.assert_array_equal(covariance, covariance.T)


# -- the figures


def by_numpy(returns, rows, estimator, compounding):
    """Yearly figures of the rows drawn: each keeps the weight that it has in the history."""
    x = np.log1p(returns) if compounding == "log" else returns
    count = len(x)
    half_life = estimator["ewma"]["half_life"] if isinstance(estimator, dict) else np.inf
    fading = 0.5 ** (np.arange(count - 1, -1, -1) / half_life)
    fading /= fading.sum()
    counts = np.bincount(rows, minlength=count)
    covariance = np.cov(x.T, fweights=counts, aweights=fading, ddof=0) / (1.0 - (fading**2).sum())
    volatility = np.sqrt(250 * np.diag(covariance))
    correlation = 250 * covariance / volatility / volatility[:, np.newaxis]
    if estimator == "ledoit_wolf":
        z = (x - x.mean(axis=0)) / x.std(axis=0)
        correlation = np.where(np.eye(3) == 1, 1.0, (1.0 - shrinkage(z)) * correlation)
    expected = 250 * x[rows].mean(axis=0) + (0.5 * volatility**2 if compounding == "log" else 0.0)
    return expected, volatility, correlation


@pytest.mark.parametrize("compounding", ["log", "simple"])
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=["sample", "ledoit_wolf", "ewma"])
def test_what_is_drawn_again_is_estimated_again(document, estimator, compounding):
    document["universe"]["history"]["estimator"] = estimator
    scenario = scenarios.from_document(changed(document, "universe", compounding=compounding))
    _, returns = table_of()
    for replicate in (0, 99):
        base, wild, twice = cases_drawn(scenario.estimation, replicate)
        calm = by_numpy(returns[:DAYS], drawn_rows(replicate, 0), estimator, compounding)
        storm = by_numpy(returns[DAYS:], drawn_rows(replicate, 1), estimator, compounding)
        mu = np.where([False, True, False], 0.03, calm[0])
        for case, figures, factor in ((base, calm, 1.0), (wild, storm, 1.0), (twice, calm, 2.0)):
            market = case.market
            np.testing.assert_allclose(market.scale, factor * figures[1], rtol=1e-12)
            lower = market.dependence.factor
            np.testing.assert_allclose(lower @ lower.T, figures[2], rtol=0, atol=1e-12)
            drift = mu - 0.5 * market.scale**2 if compounding == "log" else mu
            np.testing.assert_allclose(market.drift, drift, rtol=0, atol=1e-12)


def test_the_sample_of_rows_drawn_is_that_of_a_table_of_them(document):
    """By `estimate`, which goes another way: through the tree sums."""
    scenario = scenarios.from_document(document)
    _, returns = table_of()
    expected = estimate(returns[:DAYS][drawn_rows(7, 0)], periods_per_year=250)
    market = cases_drawn(scenario.estimation, 7)[0].market
    np.testing.assert_allclose(market.scale, expected.volatility, rtol=1e-12)


@pytest.mark.parametrize("estimator", ["ledoit_wolf", {"ewma": {"half_life": 15}}], ids=["ledoit_wolf", "ewma"])
def test_the_estimate_lies_among_its_replicates_where_times_turn(document, estimator):
    """A history that turns wild at its end: what weighs recent rows stays with them when rows are drawn again."""
    dates, rows = table_of()
    write("r.csv", dates, rows, Path.cwd())
    document["universe"]["history"] |= {"estimator": estimator, "end": dates[DAYS + 20].astype(object)}
    document["shocks"] = []
    scenario = scenarios.from_document(document)
    own = scenario.cases[0].market
    drawn = [cases_drawn(scenario.estimation, r)[0].market for r in range(100)]
    share = np.mean([market.scale < own.scale for market in drawn], axis=0)
    assert ((share > 0.1) & (share < 0.9)).all()
    pairs = [(market.dependence.factor @ market.dependence.factor.T)[0, 2] for market in (own, *drawn)]
    assert 0.1 < np.mean(np.array(pairs[1:]) < pairs[0]) < 0.9


def test_an_asset_that_stands_still_in_what_is_drawn_has_no_risk_there(document):
    dates, rows = table_of()
    rows[:DAYS, 1] = 0.0
    rows[7, 1] = 0.01  # drawn by 63 replicates of 100
    write("r.csv", dates, rows, Path.cwd())
    scenario = scenarios.from_document(document)
    still = next(r for r in range(100) if 7 not in drawn_rows(r, 0))
    base = cases_drawn(scenario.estimation, still)[0]
    assert base.market.scale[1] == 0.0
    table = analysis.compare(scenario)
    shown = table[(table.node == "pool") & (table.measure != "mean")]
    assert np.isfinite(shown[["estimation_low", "estimation_high"]]).all(axis=None)


def test_under_a_bootstrap_the_rows_themselves_are_drawn_again(document):
    law = {"bootstrap": {"mean_block": 3}}
    document = changed(document, "universe", innovation=law)
    document = changed(document, "simulation", steps=10)
    document = changed(document, "measures", estimation_error={"replicates": 100, "mean_block": 12})
    scenario = scenarios.from_document(document)
    _, returns = table_of()
    base, wild, _ = cases_drawn(scenario.estimation, 11)
    for case, window, history in ((base, returns[:DAYS], 0), (wild, returns[DAYS:], 1)):
        x = np.log1p(window[drawn_rows(11, history, 12.0)])
        assert isinstance(case.market.dependence, Bootstrap)
        expected = (x - x.mean(axis=0)) / x.std(axis=0, ddof=1)
        np.testing.assert_allclose(case.market.dependence.rows, expected, rtol=0, atol=1e-12)
        np.testing.assert_allclose(case.market.scale, x.std(axis=0, ddof=1) * math.sqrt(250), rtol=1e-12)


# -- the table


def by_hand(document, folder):
    """The table of every history drawn again, each written as a file and run: percentiles over them."""
    dates, returns = table_of()
    plain = {**document, "measures": {k: v for k, v in document["measures"].items() if k != "estimation_error"}}
    tables = []
    for replicate in range(100):
        rows = np.vstack([returns[:DAYS][drawn_rows(replicate, 0)], returns[DAYS:][drawn_rows(replicate, 1)]])
        write("drawn.csv", dates, rows, folder)
        history = {**document["universe"]["history"], "file": "drawn.csv"}
        tables.append(analysis.compare(scenarios.from_document(changed(plain, "universe", history=history))))
    return np.sort([table["value"].to_numpy() for table in tables], axis=0)


@pytest.mark.parametrize("relative_to", ["start", "mean"])
def test_the_interval_is_that_of_whole_runs_of_files_with_these_rows(document, tmp_path, relative_to):
    document = changed(document, "measures", relative_to=relative_to)
    table = analysis.compare(scenarios.from_document(document))
    values = by_hand(document, tmp_path)
    unit = np.abs(table["value"]).to_numpy() + 1.0
    for column, expected in (("estimation_low", values[1]), ("estimation_high", values[-2])):
        assert (np.abs(table[column] - expected) / unit).max() < 1e-9
    inside = (table["estimation_low"] <= table["value"]) & (table["value"] <= table["estimation_high"])
    assert inside.mean() > 0.9


def test_no_bit_depends_on_threads_or_on_where_the_history_stands(document):
    scenario = scenarios.from_document(document)
    first = analysis.compare(scenario, threads=1)
    again = analysis.compare(scenarios.from_document(json.loads(json.dumps(scenario.resolved, default=str))), threads=2)
    pandas.testing.assert_frame_equal(first, again, check_exact=True)
    assert scenarios.from_document(scenario.resolved).digest == scenario.digest


def test_the_figures_are_those_of_a_run_without_it(document):
    with_it = analysis.compare(scenarios.from_document(document))
    del document["measures"]["estimation_error"]
    without = analysis.compare(scenarios.from_document(document))
    own = ["estimation_low", "estimation_high"]
    pandas.testing.assert_frame_equal(with_it.drop(columns=own), without.drop(columns=own), check_exact=True)
    assert without[own].isna().all(axis=None)
    assert "sample" not in scenarios.from_document(document).resolved["universe"]


def test_a_regime_of_figures_has_no_interval_and_says_why(document):
    regime = {"correlation": 0.5, "assets": [{"name": n, "expected_return": 0, "volatility": 0.4} for n in "ABC"]}
    document["shocks"] = [{"name": "written", "changes": [{"regime": {"universe": regime}}]}]
    document = changed(document, "simulation", paths=12_000)
    table = analysis.compare(scenarios.from_document(document))
    written = table[table.case == "written"]
    assert written[["estimation_low", "estimation_high"]].isna().all(axis=None)
    assert set(written["note"]) == {NOT_ESTIMATED}
    base = table[table.case == "base"]
    assert base["note"].isna().all()
    assert (base["estimation_low"] < base["estimation_high"]).sum() >= len(base) - 1


def intervals(table, case="base"):
    of_case = table[table.case == case]
    return of_case[["estimation_low", "estimation_high"]]


def test_a_benefit_has_no_interval_where_what_it_is_divided_by_may_be_0(document):
    document["universe"]["history"] |= {"values": 100.0, "expected_returns": {}}
    table = analysis.compare(scenarios.from_document(changed(document, "simulation", horizon_days=2000)))
    base = table[(table.case == "base") & (table.node == "pool")].set_index(["view", "measure", "confidence"])
    for measure, c in (("value_at_risk", 0.9), ("expected_shortfall", 0.95)):
        benefit, unpooled = base.loc[("benefit", measure, c)], base.loc[("unpooled", measure, c)]
        if unpooled.estimation_low <= 0.0 < unpooled.value and benefit.value is not None:
            assert np.isnan(benefit.estimation_low)
            assert REACHES_0 in benefit.note
            break
    else:
        raise AssertionError("no unpooled interval reaches 0: choose another horizon")


def test_where_a_shock_is_impossible_for_a_history_the_case_has_no_interval(document):
    """Possible for the estimate, by a hair: the table is there, and the other cases have intervals."""
    scenario = scenarios.from_document(document)
    matrix = np.array(scenario.resolved["universe"]["correlation"])
    low, high = -1.0, 1.0  # how far A and C may move together, given how each moves with B
    for _ in range(60):
        middle = 0.5 * (low + high)
        matrix[0, 2] = matrix[2, 0] = middle
        low, high = (middle, high) if np.linalg.eigvalsh(matrix)[0] > 1e-3 else (low, middle)
    change = {"correlation": {"toward": low, "weight": 1.0}, "assets": ["A", "C"]}
    document["shocks"] = [{"name": "together", "changes": [change]}]
    table = analysis.compare(scenarios.from_document(document))
    (note,) = set(table[(table.case == "together") & (table.measure == "volatility")]["note"].str.split("; ").str[-1])
    count = int(note.split(" in ")[1].split()[0])
    assert 1 <= count < 100
    assert note == IMPOSSIBLE.format(count, 100)
    assert intervals(table, "together").isna().all(axis=None)
    assert intervals(table[table.measure == "volatility"]).notna().all(axis=None)


@pytest.mark.parametrize("estimator", ["sample", {"ewma": {"half_life": 5}}], ids=["sample", "ewma"])
def test_more_assets_than_rows(tmp_path, estimator):
    """Singular matrices: pulled by a hair toward independence where rounding would make them impossible."""
    rng = np.random.default_rng(3)
    n, count = 60, 40
    names = [f"A{j}" for j in range(n)]
    lines = [f"2020-01-{1 + i:02}" if i < 31 else f"2020-02-{i - 30:02}" for i in range(count)]
    rows = 0.01 * rng.standard_normal((count, n)) + 0.01 * rng.standard_normal((count, 1))
    text = "\n".join(",".join([day, *map(repr, row)]) for day, row in zip(lines, rows.tolist(), strict=True))
    (tmp_path / "wide.csv").write_text(",".join(["Date", *names]) + "\n" + text + "\n")
    history = {"file": str(tmp_path / "wide.csv"), "kind": "returns", "periods_per_year": 250, "values": 1.0}
    scenario = scenarios.from_document(
        {
            **{
                "schema": 1,
                "name": "wide",
                "currency": "EUR",
                "universe": {"history": history | {"estimator": estimator}},
            },
            "simulation": {"paths": 10_240, "horizon_days": 10, "days_per_year": 250, "seed": 3},
            "measures": {"confidence": 0.9, "estimation_error": 100},
        }
    )
    table = analysis.compare(scenario)
    pool = table[(table.node == "pool") & (table.measure == "volatility")]
    assert pool[["estimation_low", "estimation_high"]].notna().all(axis=None)
    assert (pool["note"] == FEW.format("40", 50)).all()


def test_a_regime_takes_the_compounding_of_the_base_before_it_is_estimated(document, tmp_path):
    document = changed(document, "universe", compounding="simple")
    start = document["shocks"][0]["changes"][0]["regime"]["start"]
    (tmp_path / "own.toml").write_text(
        'schema = 1\nname = "own"\n[universe.history]\nfile = "r.csv"\nkind = "returns"\nperiods_per_year = 250\n'
        f"start = {start}\n"
    )
    document["shocks"].append({"name": "own", "changes": [{"regime": {"file": "own.toml"}}]})
    table = analysis.compare(scenario := scenarios.from_document(document))
    wild, own = scenario.cases[1].market, scenario.cases[3].market
    np.testing.assert_array_equal(wild.scale, own.scale)
    again = analysis.compare(scenarios.from_document(scenario.resolved))
    pandas.testing.assert_frame_equal(table, again, check_exact=True)


def test_fewer_paths_than_the_run_s_are_simulated_again_but_enough_for_its_tail(document):
    for confidence, paths in ((0.95, 2**15), (0.999, 2**19)):
        many = changed(changed(document, "simulation", paths=10**7), "measures", confidence=confidence)
        assert drawn_of(scenarios.from_document(many)).paths == paths


def test_the_text_tells_the_intervals_and_what_they_come_from(document, capsys):
    from analysis.toml import toml_of

    with open("again.toml", "w") as file:
        file.write(toml_of(scenarios.from_document(document).resolved))
    assert main(["run", "again.toml", "--json", "--quiet"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["provenance"]["estimation"] == {"replicates": 100, "mean_block": 1.0, "paths": 2048}
    row = next(r for r in found["rows"] if (r["case"], r["view"], r["measure"]) == ("wild", "pooled", "volatility"))
    assert main(["run", "again.toml", "--quiet"]) == 0
    text = capsys.readouterr().out
    panel = text.split("Estimation: ")[1]
    assert panel.startswith("95 % intervals from not knowing the parameters: 100 histories drawn again from the rows")
    line = next(line for line in panel.split("wild\n")[1].splitlines() if line.startswith("  pool"))
    assert f"[{row['estimation_low']:.3f}, {row['estimation_high']:.3f}]" in line


# -- what is refused


def refused(document):
    with pytest.raises(InputError) as caught:
        scenarios.from_document(document)
    return [(problem.place, problem.value) for problem in caught.value.problems]


def test_figures_that_were_not_estimated_have_no_estimation_error(document):
    assets = [{"name": "A", "expected_return": 0.1, "volatility": 0.2, "value": 1.0}]
    written = {**document, "universe": {"correlation": 0, "assets": assets}, "shocks": []}
    assert refused(written) == [("measures.estimation_error", "100")]


def test_pairs_of_rows_cannot_be_drawn_again(document, tmp_path):
    dates, rows = table_of()
    lines = [f"{day},{a!r},{b!r},{c!r}" for day, (a, b, c) in zip(dates, rows.tolist(), strict=True)]
    lines[3] = f"{dates[3]},,0.01,0.02"
    (tmp_path / "r.csv").write_text("\n".join(["Date,A,B,C", *lines]) + "\n")
    document["universe"]["history"]["gaps"] = "pairwise"
    assert refused(document) == [("measures.estimation_error", "1 rows with gaps in r.csv")]


@pytest.mark.parametrize(
    ("sample", "place"),
    [
        ({"returns": [[0.1, 0.2, 0.3]]}, "universe.sample.returns"),
        ({"returns": [[0.1, 0.2], [0.1, 0.3]]}, "universe.sample.returns"),
        ({"returns": [[0.1, 0.2, 0.3], [0.1, 0.2, -1.0]]}, "universe.sample.returns[1][2]"),
        ({"expected_returns": {"D": 0.1}}, "universe.sample.expected_returns.D"),
    ],
)
def test_a_sample_that_is_none(document, sample, place):
    resolved = scenarios.from_document(document).resolved
    resolved["universe"]["sample"] |= sample
    assert [where for where, _ in refused(resolved)] == [place]


def test_a_sample_that_nobody_asks_for(document):
    resolved = scenarios.from_document(document).resolved
    del resolved["measures"]["estimation_error"]
    places = [where for where, _ in refused(resolved)]
    assert places == ["universe.sample", "shocks[0].changes[0].regime.universe.sample (wild)"]


def test_figures_that_the_sample_does_not_give(document):
    for key, figure in (("volatility", 0.5), ("expected_return", 0.3)):
        resolved = json.loads(json.dumps(scenarios.from_document(document).resolved, default=str))
        resolved["universe"]["assets"][0][key] = figure
        assert refused(resolved) == [("universe.sample", f"not where {key} comes from")]
    resolved["universe"]["correlation"][0][1] = resolved["universe"]["correlation"][1][0] = 0.01
    assert ("universe.sample", "not where correlation comes from") in refused(resolved)


def test_blocks_that_are_no_draw_at_all(document):
    place = "measures.estimation_error.mean_block"
    asked = changed(document, "measures", estimation_error={"replicates": 100, "mean_block": 12.1})
    assert refused(asked) == [(place, "12.1")]
    law = changed(asked, "universe", innovation={"bootstrap": {"mean_block": 3}})
    law = changed(law, "simulation", steps=10)
    assert refused(changed(law, "measures", estimation_error=100)) == [(place, "1")]


def test_what_would_have_to_be_repaired_for_every_history(document):
    place = "measures.estimation_error"
    assert refused(changed(document, "universe", repair="nearest")) == [(place, 'beside repair = "nearest"')]


@pytest.mark.parametrize("asked", [99, 10_001, 200.0, True, {"replicates": 200}, {"replicates": 200, "mean_block": 0}])
def test_how_often(document, asked):
    ((place, _),) = refused(changed(document, "measures", estimation_error=asked))
    assert place.startswith("measures.estimation_error")
