"""The fan: values over time against replayed losses and a naive twin, quantiles, and what is drawn."""

import math
from dataclasses import replace

import numpy as np
import pytest
from drawing import assert_as_before
from models import deep_tree, every_law, plan, three_assets
from pictured import cut_off, overlapping
from small_runs import HOSTILE, small_run, words_of

import analysis.plots.paths
from analysis.plots import fan
from analysis.plots.paths import SHARES, fan_of, values_over_time
from analysis.plots.style import COLOURS
from simcore import Bootstrap, CapacityError, InputError, Market, replay, standardised

pytestmark = pytest.mark.usefixtures("no_screen")

FALL = {"name": "fall", "changes": [{"jump": {"add": -0.2}}]}


@pytest.fixture(scope="module")
def run():
    return small_run(steps=12, shocks=[FALL])


def jumping(case):
    """The case with jumps of every sign."""
    market = case.market
    jump = np.resize([-0.2, 0.0, 0.1], len(market.names))
    return replace(case, market=replace(market, jump=jump))


def drawn_from_a_history(case, compounding):
    rows = standardised(np.random.default_rng(2).standard_t(5, (40, len(case.market.names))))
    market = case.market
    return replace(case, market=Market(market.names, market.drift, market.scale, compounding, Bootstrap(rows, 3.0)))


def losses_agree(case, run_plan):
    """At the horizon each node is worth what it was less what it lost, to rounding."""
    losses = replay(case, run_plan, np.arange(64)).losses
    for node in case.pools.names:
        below = case.pools.positions_below(node)
        start = math.fsum(position.value for position in below)
        size = math.fsum(abs(position.value) for position in below)
        _, values = values_over_time(case, run_plan, below, 64)
        np.testing.assert_allclose(values[:, 0], start, rtol=0.0, atol=1e-15 * size)
        np.testing.assert_allclose(values[:, -1], start - losses[node], rtol=0.0, atol=1e-12 * size)


@every_law
@pytest.mark.parametrize("change", [lambda case: case, jumping])
@pytest.mark.parametrize("collapse", [True, False])
def test_the_last_value_is_that_at_start_less_the_loss(law, change, collapse):
    losses_agree(change(deep_tree(**law)), plan(1000, steps=6, collapse=collapse))


@pytest.mark.parametrize("compounding", ["log", "simple"])
@pytest.mark.parametrize("change", [lambda case: case, jumping])
def test_the_last_value_of_a_bootstrap(compounding, change):
    losses_agree(change(drawn_from_a_history(deep_tree(), compounding)), plan(1000, steps=6))


@pytest.mark.parametrize("compounding", ["log", "simple"])
def test_values_step_by_step(compounding):
    """The naive twin: log returns multiply what there is, simple ones what there was at the start."""
    case, its = jumping(three_assets(compounding=compounding)), plan(1000, steps=5)
    time, values = values_over_time(case, its, case.pools.positions, 8)
    np.testing.assert_allclose(time, [0.0, *(k / 60 for k in range(6))], rtol=1e-15)
    returns = replay(case, its, np.arange(8)).returns
    for path in range(8):
        worth = [
            position.value * (1.0 + jump) for position, jump in zip(case.pools.positions, case.market.jump, strict=True)
        ]
        after = list(worth)
        expected = [3e5, math.fsum(worth)]
        for step in range(5):
            for j in range(3):
                r = returns[path, step, j]
                worth[j] = worth[j] * math.exp(r) if compounding == "log" else worth[j] + after[j] * r
            expected.append(math.fsum(worth))
        np.testing.assert_allclose(values[path], expected, rtol=1e-13)


def test_very_many_steps_are_seen_at_some():
    case = three_assets()
    steps = 1000
    time, values = values_over_time(case, plan(1000, steps=steps), case.pools.positions, 4)
    assert values.shape == (4, 261)
    assert (time[0], time[-1]) == (0.0, pytest.approx(1 / 12, rel=1e-15))
    shown = np.rint(time * 12 * steps).astype(int)
    every = replay(case, plan(1000, steps=steps), np.arange(4)).returns
    exact = 1e5 * np.exp(every.cumsum(axis=1)[:, shown[1:] - 1]).sum(axis=2)
    np.testing.assert_allclose(values[:, 1:], exact, rtol=1e-12)


def test_bands_are_quantiles_of_the_first_paths(run):
    found = fan_of(run)
    case = run.scenario.cases[0]
    losses = replay(case, run.scenario.plan, np.arange(2000)).losses["pool"]
    assert found.relative
    assert found.values.shape == (2000, 13)
    ordered = np.sort(1.0 - losses / 300.0)
    for share, band in zip(SHARES, found.bands, strict=True):
        place = share * 1999
        low, part = math.floor(place), place % 1.0
        assert band[-1] == pytest.approx((1 - part) * ordered[low] + part * ordered[low + 1], rel=1e-12)
    assert (found.bands[:, 0] == 1.0).all()


def test_a_jump_comes_before_the_first_step(run):
    found = fan_of(run, case="fall")
    assert found.time[:2].tolist() == [0.0, 0.0]
    assert (found.values[:, 0] == 1.0).all()
    np.testing.assert_allclose(found.values[:, 1], 0.8, rtol=1e-15)
    calm = fan_of(run)
    np.testing.assert_allclose(found.values[:, 2:], 0.8 * calm.values[:, 1:], rtol=1e-14)


@pytest.mark.parametrize(("values", "start"), [([100.0, -80.0, -20.0], 0.0), ([100.0, -80.0, -30.0], -10.0)])
def test_a_value_not_above_0_stays_in_the_currency(values, start):
    short = small_run(values=values, steps=3)
    found = fan_of(short)
    assert not found.relative
    assert (found.values[:, 0] == start).all()
    ax = fan(short)
    assert ax.get_ylabel() == "value, EUR"
    words_of(ax)


def test_lines_and_bands_hold_the_values(run):
    ax = fan(run)
    found = fan_of(run)
    *single, median = ax.lines
    for line, values in zip(single, found.values[:5], strict=True):
        np.testing.assert_array_equal(line.get_ydata(), values)
        np.testing.assert_array_equal(line.get_xdata(), 12.0 * found.time)
    np.testing.assert_array_equal(median.get_ydata(), found.bands[2])
    wide, narrow = ax.collections
    for collection, (low, high) in ((wide, (0, 4)), (narrow, (1, 3))):
        corners = collection.get_paths()[0].vertices[:, 1]
        assert {*found.bands[low], *found.bands[high]} == set(corners)
    words = words_of(ax)
    assert {"5 %", "25 %", "median", "75 %", "95 %", "months"} <= set(words)
    assert "12,000 paths, seed 7; bands of the first 2,000; thin: the first 5" in words
    assert "value, per cent of the start" in words


def test_words_are_whole_and_apart():
    """Of bands that hardly open beside paths that go far."""
    calm = {"name": "calm", "changes": [{"volatility": {"multiply": 0.01}}, {"jump": {"add": -0.3}}]}
    ax = fan(small_run(steps=4, shocks=[calm]), case="calm")
    assert not cut_off(ax)
    assert not overlapping(ax)


def test_long_horizons_are_in_years():
    run = small_run(steps=4)
    object.__setattr__(run.scenario, "plan", replace(run.scenario.plan, horizon=5.0))
    ax = fan(run)
    assert ax.get_xlabel() == "years"
    assert ax.lines[0].get_xdata()[-1] == 5.0


def test_few_paths_and_one():
    assert fan_of(small_run(steps=2, paths=50)).values.shape == (50, 3)
    ax = fan(small_run(steps=2, paths=1))
    assert len(ax.lines) == 2
    words = words_of(ax)
    assert "1 path, seed 7; bands of the first 1" in words
    assert "median" not in words  # of bands without a width there is nothing to tell


def test_fewer_paths_where_returns_take_much(run, monkeypatch):
    monkeypatch.setattr(analysis.plots.paths, "_MOST_BYTES", 8 * 12 * 3 * 700)
    assert len(fan_of(run).values) == 700
    monkeypatch.setattr(analysis.plots.paths, "_MOST_BYTES", 8 * 12 * 3 * 7)
    assert len(fan_of(run).values) == 100


def test_it_takes_the_threads_of_the_run(run, monkeypatch):
    taken = []

    def recording(*arguments, threads):
        taken.append(threads)
        return replay(*arguments, threads=threads)

    monkeypatch.setattr(analysis.plots.paths, "replay", recording)
    fan_of(run._replace(threads=1))
    assert taken == [1]


def test_what_cannot_fit_is_refused(run, monkeypatch):
    monkeypatch.setattr("simcore.memory.usable", lambda: 1000.0)
    with pytest.raises(CapacityError, match="ask for fewer paths"):
        fan(run)


def test_limits_leave_room_beside_values():
    """At the left for a jump, above and below for lines; rounding of what does not move is not magnified."""
    left, right = fan(small_run(steps=3, shocks=[FALL]), case="fall").get_xlim()
    assert left < 0.0 < right == 3.0
    still = [{"name": "still", "changes": [{"volatility": {"set": 0.0}}]}]
    low, high = fan(small_run(steps=3, shocks=still), case="still").get_ylim()
    top = math.exp(0.05 * 0.25)
    assert (low, high) == pytest.approx((1.0 - 1e-3 * top, top + 1e-3 * top), rel=1e-12)


def test_nothing_that_moves():
    ax = fan(small_run(values=[0.0, 0.0, 0.0], steps=3))
    words_of(ax)
    assert ax.get_ylim() == (-1.0, 1.0)


def test_one_step_is_refused():
    with pytest.raises(InputError, match=r"simulation.steps = 1\n.*two or more.*\n.*--steps 12"):
        fan(small_run())


def test_it_draws_into_axes_that_are_given(run):
    from matplotlib import pyplot
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    assert fan(run, ax=ax) is ax
    assert not pyplot.get_fignums()


def test_names_stay_text():
    name = "$x$ <b>"
    run = small_run(HOSTILE, steps=2, pools=[{"name": name, "members": HOSTILE}])
    assert f"{name}, base: value over time" in words_of(fan(run))


@pytest.mark.parametrize(("option", "said"), [({"case": "2008"}, "one of base, fall"), ({"pool": "a0"}, "one of pool")])
def test_what_the_run_does_not_have(run, option, said):
    with pytest.raises(InputError, match=said):
        fan(run, **option)


def test_the_colours_are_the_theme_s(run):
    from matplotlib.colors import to_hex

    assert to_hex(fan(run, theme="dark").lines[-1].get_color()) == COLOURS["dark"].pooled


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture(run, theme):
    assert_as_before(fan(run, case="fall", theme=theme), f"fan_{theme}")
