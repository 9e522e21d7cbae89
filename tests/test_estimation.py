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
from analysis.estimation import NOT_ESTIMATED, drawn_of
from scenarios.estimation import cases_drawn
from scenarios.estimators import estimate
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


@pytest.mark.parametrize("compounding", ["log", "simple"])
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=["sample", "ledoit_wolf", "ewma"])
def test_what_is_drawn_again_is_estimated_as_a_table_of_these_rows_would_be(document, estimator, compounding):
    """By `estimate`, which goes another way: through the tree sums and BLAS."""
    document["universe"]["history"]["estimator"] = estimator
    scenario = scenarios.from_document(changed(document, "universe", compounding=compounding))
    _, returns = table_of()
    weighted = isinstance(estimator, dict)
    options = {"estimator": "ewma" if weighted else estimator, "half_life": 40.0 if weighted else None}
    options |= {"periods_per_year": 250, "compounding": compounding}
    for replicate in (0, 99):
        base, wild, twice = cases_drawn(scenario.estimation, replicate)
        expected = estimate(returns[:DAYS][drawn_rows(replicate, 0)], **options)
        stormy = estimate(returns[DAYS:][drawn_rows(replicate, 1)], **options)
        for case, figures, factor in ((base, expected, 1.0), (wild, stormy, 1.0), (twice, expected, 2.0)):
            market = case.market
            np.testing.assert_allclose(market.scale, factor * figures.volatility, rtol=1e-12)
            lower = market.dependence.factor
            np.testing.assert_allclose(lower @ lower.T, figures.correlation, rtol=0, atol=1e-12)
            mu = np.where([False, True, False], 0.03, expected.expected_return)
            drift = mu - 0.5 * market.scale**2 if compounding == "log" else mu
            np.testing.assert_allclose(market.drift, drift, rtol=0, atol=1e-12)


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
    law = {"bootstrap": {"mean_block": 4}}
    document = changed(document, "universe", innovation=law)
    document = changed(document, "simulation", steps=10)
    scenario = scenarios.from_document(document)
    assert drawn_of(scenario).mean_block == 4.0
    _, returns = table_of()
    base, wild, _ = cases_drawn(scenario.estimation, 11)
    for case, window, history in ((base, returns[:DAYS], 0), (wild, returns[DAYS:], 1)):
        x = np.log1p(window[drawn_rows(11, history, 4.0)])
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


@pytest.mark.parametrize("asked", [99, 10_001, 200.0, True, {"replicates": 200}, {"replicates": 200, "mean_block": 0}])
def test_how_often(document, asked):
    ((place, _),) = refused(changed(document, "measures", estimation_error=asked))
    assert place.startswith("measures.estimation_error")
