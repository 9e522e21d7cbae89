"""The fan: quantiles of values over time, and what is drawn."""

import math
from dataclasses import replace

import numpy as np
import pytest
from drawing import assert_as_before
from pictured import cut_off, overlapping
from small_runs import HOSTILE, small_run, words_of

import analysis.plots.paths
from analysis.plots import fan
from analysis.plots.paths import SHARES, fan_of
from analysis.plots.style import COLOURS
from simcore import CapacityError, InputError, replay

pytestmark = pytest.mark.usefixtures("no_screen")

FALL = {"name": "fall", "changes": [{"jump": {"add": -0.2}}]}


@pytest.fixture(scope="module")
def run():
    return small_run(steps=12, shocks=[FALL])


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
    plan = replace(run.scenario.plan, horizon=5.0)
    ax = fan(run._replace(scenario=replace(run.scenario, plan=plan)))
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

    monkeypatch.setattr("analysis.values.replay", recording)
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
