"""The bootstrap as a scenario's law: rows of its own history, of a window's, and what it refuses."""

import math

import naive
import numpy as np
import pytest

import analysis
import scenarios
import simcore
from analysis.figures import estimate_of
from simcore import Bootstrap, InputError

DAYS = 300
LAW = {"bootstrap": {"mean_block": 4}}


@pytest.fixture
def document(tmp_path, monkeypatch):
    """A calm and a wild year and a half of two assets, drawn for the test."""
    rng = np.random.default_rng(1)
    dates = np.datetime64("2020-01-01") + np.arange(2 * DAYS)
    calm, wild = (rng.standard_t(5, (DAYS, 2)) @ np.array([[0.005, 0.002], [0.0, 0.006]]) for _ in range(2))
    rows = np.vstack([calm, 3.0 * wild])
    lines = [f"{day},{a:.6f},{b:.6f}" for day, (a, b) in zip(dates, rows, strict=True)]
    (tmp_path / "r.csv").write_text("\n".join(["Date,A,B", *lines]) + "\n")
    monkeypatch.chdir(tmp_path)
    start, end, last = (dates[i].astype(object) for i in (0, DAYS - 1, 2 * DAYS - 1))
    history = {"file": "r.csv", "kind": "returns", "periods_per_year": 250, "values": 100.0, "start": start, "end": end}
    window = {"start": dates[DAYS].astype(object), "end": last}
    return {
        "schema": 1,
        "name": "drawn",
        "currency": "EUR",
        "universe": {"innovation": LAW, "compounding": "simple", "history": history},
        "shocks": [{"name": "wild", "changes": [{"regime": window}]}],
        "simulation": {"paths": 20_000, "steps": 10, "horizon_days": 10, "days_per_year": 250, "seed": 3},
        "measures": {"confidence": 0.95},
    }


def rows_of(first, last):
    table = np.loadtxt("r.csv", delimiter=",", skiprows=1, usecols=(1, 2))
    return table[first:last]


def load(document, **universe):
    return scenarios.from_document({**document, "universe": {**document["universe"], **universe}})


@pytest.mark.parametrize("compounding", ["log", "simple"])
def test_steps_are_rows_of_the_history_and_of_the_window(document, compounding):
    """Those of the window with the expected return of the base: under log, half the variances lie between the means."""
    scenario = load(document, compounding=compounding)
    calm, wild = rows_of(0, DAYS), rows_of(DAYS, 2 * DAYS)
    if compounding == "log":
        calm, wild = np.log1p(calm), np.log1p(wild)
    mean = calm.mean(axis=0)
    if compounding == "log":
        mean = mean + 0.5 * (calm.var(axis=0, ddof=1) - wild.var(axis=0, ddof=1))
    for case, window in zip(scenario.cases, (calm, wild - wild.mean(axis=0) + mean), strict=True):
        assert isinstance(case.market.dependence, Bootstrap)
        drawn = simcore.replay(case, scenario.plan, np.arange(200)).returns.reshape(-1, 2)
        nearest = np.abs(drawn[:, None, :] - window[None]).max(axis=2).min(axis=1)
        assert nearest.max() < 1e-12
        moved = np.abs(drawn[:, None, :] - (window + 1e-6)[None]).max(axis=2).min(axis=1)
        assert moved.min() > 1e-9  # the control: another mean is seen


def test_log_returns_have_the_bits_of_the_c_library(document):
    """As the moments have: NumPy's logarithm differs between processors."""
    scenario = load(document, compounding="log")
    x = np.array([[math.log1p(r) for r in row] for row in rows_of(0, DAYS).tolist()])
    np.testing.assert_array_equal(scenario.cases[0].market.dependence.rows, simcore.standardised(x))


def test_the_resolved_scenario_needs_no_file(document, tmp_path):
    scenario = load(document)
    (tmp_path / "r.csv").unlink()
    again = scenarios.from_document(scenario.resolved)
    assert again.digest == scenario.digest
    for one, other in zip(scenario.cases, again.cases, strict=True):
        np.testing.assert_array_equal(one.market.dependence.rows, other.market.dependence.rows)
    first, second = (simcore.simulate(s.cases, s.plan)["wild"]["pool"].tail.values for s in (scenario, again))
    np.testing.assert_array_equal(first, second)


def test_cases_without_a_regime_share_the_rows_and_a_volatility_scales_them(document):
    shock = {"name": "twice", "changes": [{"volatility": {"multiply": 2.0}}]}
    scenario = load({**document, "shocks": [shock]})
    base, twice = scenario.cases
    assert base.market.dependence is twice.market.dependence
    results = simcore.simulate(scenario.cases, scenario.plan)
    wide, narrow = (estimate_of(results[name]["pool"], "volatility").value for name in ("twice", "base"))
    assert wide == pytest.approx(2.0 * narrow, rel=1e-9)


PATHS, STEPS, MEAN_BLOCK = 2000, 10, 4
WALKS = np.array([naive.walk(path, STEPS, DAYS, MEAN_BLOCK, 3) for path in range(PATHS)])  # rows, of either window
EXPOSURES = {"A": (100.0, 0), "B": (100.0, 1), "short": (-250.0, 0), "long": (80.0, 1)}


def by_hand(x, mu, sigma, jump, compounding):
    """VaR and ES at 95 % less the mean loss, of every exposure and of all together: from the rows' own walks."""
    z, h = (x - x.mean(axis=0)) / x.std(axis=0, ddof=1), STEPS / 250
    sums = z[WALKS].sum(axis=1)
    begin_anew = np.full((DAYS, DAYS), 1.0 / (MEAN_BLOCK * DAYS))
    move = begin_anew + (1.0 - 1.0 / MEAN_BLOCK) * np.roll(np.eye(DAYS), 1, axis=1)
    losses, means = {}, {}
    for name, (value, j) in EXPOSURES.items():
        unit = sigma[j] / math.sqrt(250)
        if compounding == "log":
            drift = (mu[j] - 0.5 * sigma[j] ** 2) * h
            growth, one = np.exp(drift + unit * sums[:, j]), np.exp(unit * z[:, j])
            walked = one
            for _ in range(STEPS - 1):  # E[exp(unit (z_1 + ... + z_steps))] by where a walk begins
                walked = one * (move @ walked)
            expected = math.exp(drift) * walked.mean()
        else:
            growth, expected = 1.0 + mu[j] * h + unit * sums[:, j], 1.0 + mu[j] * h
        left = value * (1.0 + jump[j])
        losses[name], means[name] = value - left * growth, value - left * expected
    losses["pool"], means["pool"] = sum(losses.values()), sum(means.values())
    found = {}
    for name, loss in losses.items():
        ordered = np.sort(loss) - means[name]
        found[name] = ordered[1899], ordered[1900:].mean()
    return found


@pytest.mark.parametrize("compounding", ["log", "simple"])
def test_shocks_in_any_order_shorts_and_the_mean_are_those_by_hand(document, compounding):
    """What stands before a regime is undone by it, but for expected returns and jumps; what follows is on top."""
    regime = document["shocks"][0]["changes"][0]
    twice = {"volatility": {"multiply": 2.0}, "assets": ["A"]}
    fall, more = {"jump": {"add": -0.2}}, {"jump": {"add": -0.1}, "assets": ["B"]}
    better = {"expected_return": {"add": 0.3}, "assets": ["B"]}
    shocks = {
        "regime first": [regime, twice, fall, better],
        "regime last": [twice, fall, more, better, regime],
        "regime between": [fall, twice, regime, better, twice, more],
        "none": [more, twice, fall],
    }
    whole = {
        **document,
        "positions": [{"name": "short", "asset": "A", "value": -250.0}, {"name": "long", "asset": "B", "value": 80.0}],
        "shocks": [{"name": name, "changes": changes} for name, changes in shocks.items()],
        "simulation": {**document["simulation"], "paths": PATHS},
        "measures": {"confidence": 0.95, "relative_to": "mean"},
    }
    table = analysis.compare(load(whole, compounding=compounding))
    table = table[table["view"].isin(["standalone", "pooled"])].set_index(["case", "node", "measure"])["value"]
    calm, wild = (np.log1p(x) if compounding == "log" else x for x in (rows_of(0, DAYS), rows_of(DAYS, 2 * DAYS)))
    sigma, storm = (x.std(axis=0, ddof=1) * math.sqrt(250) for x in (calm, wild))
    mu = calm.mean(axis=0) * 250 + (0.5 * sigma**2 if compounding == "log" else 0.0)
    up, two = np.array([0.0, 0.3]), np.array([2.0, 1.0])
    expected = {
        "base": (calm, mu, sigma, (0.0, 0.0)),
        "regime first": (wild, mu + up, storm * two, (-0.2, -0.2)),
        "regime last": (wild, mu + up, storm, (-0.2, -0.28)),
        "regime between": (wild, mu + up, storm * two, (-0.2, -0.28)),
        "none": (calm, mu, sigma * two, (-0.2, -0.28)),
    }
    for case, figures in expected.items():
        for node, (var, es) in by_hand(*figures, compounding).items():
            assert table[case, node, "value_at_risk"] == pytest.approx(var, rel=1e-9), (case, node)
            assert table[case, node, "expected_shortfall"] == pytest.approx(es, rel=1e-9), (case, node)
    control = by_hand(wild, mu + up, storm * two, (-0.2, -0.28), compounding)  # the other order is another figure
    assert table["regime last", "pool", "value_at_risk"] != pytest.approx(control["pool"][0], rel=1e-2)


def refused(document):
    with pytest.raises(InputError) as caught:
        scenarios.from_document(document)
    return str(caught.value)


def test_what_a_bootstrap_cannot_be_is_refused(document):
    figures = scenarios.load("three_assets").resolved
    without = {**figures, "universe": {**figures["universe"], "innovation": LAW}, "shocks": []}
    assert "no rows to draw from" in refused(without)
    one_step = {**document, "simulation": {**document["simulation"], "steps": 1}}
    assert "write steps = 10 and horizon_days = 10, days_per_year = 250" in refused(one_step)
    toward = {"name": "s", "changes": [{"correlation": {"toward": 1.0, "weight": 0.5}}]}
    assert "no change of correlation under a bootstrap" in refused({**document, "shocks": [toward]})
    regime = {"assets": figures["universe"]["assets"], "correlation": 0.5}
    regime["assets"] = [{**regime["assets"][0], "name": name} for name in "AB"]
    shock = {"name": "s", "changes": [{"regime": {"universe": regime}}]}
    assert "no rows to draw from" in refused({**document, "shocks": [shock]})
    for law in ({"mean_block": 0.5}, {"mean_block": "five"}, {}):
        universe = {**document["universe"], "innovation": {"bootstrap": law}}
        assert "mean_block" in refused({**document, "universe": universe})
    both = {"bootstrap": {"mean_block": 5}, "student_t": 5}
    assert "exactly one of" in refused({**document, "universe": {**document["universe"], "innovation": both}})


def test_a_regime_takes_rows_of_the_same_frequency(document, tmp_path):
    """Of a file, and of a resolved scenario; a window has the frequency of its history."""
    text = 'schema = 1\nname = "w"\n[universe]\ncompounding = "simple"\n[universe.history]\nfile = "r.csv"\n'
    (tmp_path / "weekly.toml").write_text(f'{text}kind = "returns"\nperiods_per_year = 52\n')
    (tmp_path / "daily.toml").write_text(f'{text}kind = "returns"\nperiods_per_year = 250\n')
    shock = {"name": "s", "changes": [{"regime": {"file": "weekly.toml"}}]}
    said = "allowed: 250, as of the universe"
    weekly = refused({**document, "shocks": [shock]})
    assert "shocks[0].changes[0].regime.file (s), history.periods_per_year = 52" in weekly
    assert said in weekly
    shock = {"name": "s", "changes": [{"regime": {"file": "daily.toml"}}]}
    resolved = scenarios.from_document({**document, "shocks": [shock]}).resolved  # the control
    law = resolved["shocks"][0]["changes"][0]["regime"]["universe"]["innovation"]["bootstrap"]
    law["periods_per_year"] = 52.0
    place = "shocks[0].changes[0].regime.universe.innovation.bootstrap.periods_per_year (s)"
    assert f"{place} = 52" in refused(resolved)
    assert said in refused(resolved)
    del law["periods_per_year"]
    assert f"{place} = (missing)" in refused(resolved)


def test_the_history_says_its_frequency(document):
    def beside(periods_per_year):
        law = {"bootstrap": {"mean_block": 4, "periods_per_year": periods_per_year}}
        return {**document, "universe": {**document["universe"], "innovation": law}}

    assert "universe.innovation.bootstrap.periods_per_year = 12\n    allowed: 250," in refused(beside(12))
    assert scenarios.from_document(beside(250)).digest == load(document).digest


@pytest.mark.parametrize("estimator", ["ledoit_wolf", {"ewma": {"half_life": 20}}])
def test_nothing_estimates_or_repairs_correlations_that_nothing_reads(document, estimator):
    history = {**document["universe"]["history"], "estimator": estimator}
    whole = {**document, "universe": {**document["universe"], "history": history, "repair": "nearest"}}
    message = refused(whole)
    assert message.count("beside a bootstrap") == 2  # and not again for the window
    assert "universe.history.estimator = " in message
    assert 'universe.repair = "nearest"' in message
    normal = {**whole["universe"], "innovation": "normal"}
    assert scenarios.from_document({**whole, "universe": normal})  # the control
    asked = {
        **document,
        "measures": {**document["measures"], "estimation_error": {"replicates": 100, "mean_block": 16}},
    }
    resolved = scenarios.from_document(asked).resolved
    resolved["universe"]["sample"]["estimator"] = estimator
    assert "universe.sample.estimator = " in refused(resolved)


def test_the_correlation_of_a_resolved_scenario_is_that_of_its_rows(document):
    resolved = load(document).resolved
    inner = resolved["shocks"][0]["changes"][0]["regime"]["universe"]
    for universe, place in ((resolved["universe"], ""), (inner, "shocks[0].changes[0].regime.")):
        written = universe["correlation"]
        right = written[0][1]
        written[0][1] = written[1][0] = right + 0.9e-6
        assert scenarios.from_document(resolved)
        written[0][1] = written[1][0] = right + 1.1e-6
        message = refused(resolved)
        assert f"{place}universe.correlation" in message
        assert " of A and B\n    allowed: " in message
        written[0][1] = written[1][0] = right


def test_no_estimator_is_recommended_where_rows_are_drawn(document):
    window = {**document["universe"]["history"], "end": document["universe"]["history"]["start"].replace(day=2)}
    short = {**document["universe"], "history": window}
    said = "2 rows for 2 assets: the sample correlation is singular, and some mix of them seems riskless"
    whole = {**document, "shocks": [], "universe": short}
    assert f"r.csv: {said}" in scenarios.from_document(whole).cautions
    whole["universe"] = {**short, "innovation": "normal"}
    assert f'r.csv: {said}; estimator = "ledoit_wolf" shrinks it' in scenarios.from_document(whole).cautions


@pytest.mark.parametrize("rows", [[[0.0]], [[1.0, 2.0], [3.0, 4.0]], [[1.0, 1.0], [-1.0]], []])
def test_rows_that_are_none_of_a_history_are_refused(document, rows):
    resolved = load({**document, "shocks": []}).resolved
    law = {"bootstrap": {**resolved["universe"]["innovation"]["bootstrap"], "rows": rows}}
    assert "rows" in refused({**resolved, "universe": {**resolved["universe"], "innovation": law}})
