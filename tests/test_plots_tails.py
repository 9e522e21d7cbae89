"""VaR and ES along the tail: estimates as those of the table, at confidences that 100 losses stand behind."""

import math
from fractions import Fraction

import closed_forms
import numpy as np
import pytest
from drawing import assert_as_before
from models import deep_tree, equal_pool, plan, three_assets
from pictured import cells, cut_off, overlapping, renamed, run_of, title_of, words

import analysis
import scenarios
from analysis import plots
from analysis.plots.tails import confidences_of, tail_of
from simcore import InputError, brackets

SIDES, MEASURES = ("pooled", "unpooled"), ("value_at_risk", "expected_shortfall")


@pytest.fixture(scope="module")
def nested():
    return run_of(deep_tree(), plan=plan(60_000))


@pytest.fixture(scope="module")
def etf18():
    return analysis.run(scenarios.load("etf18", overrides={"simulation.paths": 100_000}))


@pytest.mark.parametrize("paths", [2_000, 30_000, 1_000_000, 123_456_789])
@pytest.mark.parametrize("own", [(0.95, 0.99), (0.9, 0.999), (0.95,), (0.945, 0.9499)])
def test_confidences_go_to_where_100_losses_are_left(paths, own):
    found = confidences_of(plan(paths, confidences=own), bounded=False)
    left = [paths * (1 - Fraction(repr(c))) for c in found]
    assert found == sorted(set(found))
    assert found[0] == min(own)
    assert min(left) >= 100
    assert min(left) < 101  # 2,000 paths have 100 beyond 0.95, and no more
    assert all(c in found for c in own if paths * (1 - Fraction(repr(c))) >= 100)
    gaps = np.diff(np.log([float(n) for n in left]))
    even = math.log(float(left[0]) / 100) / 24
    assert np.all(-1.01 * even <= gaps)  # evenly, and the own ones between
    assert even == 0.0 or np.sum(gaps < -0.99 * even) >= 24 - 2 * len(own)


def test_where_tails_are_bounded_only_the_own_confidences_are_known():
    own = plan(10_000_000, confidences=(0.99, 0.95, 0.9999, 0.999999))
    assert confidences_of(own, bounded=True) == [0.95, 0.99, 0.9999]


@pytest.mark.parametrize("relative_to", ["start", "mean"])
@pytest.mark.parametrize(("pool", "unpooled"), [("top", "unpooled_assets"), ("bottom", "unpooled")])
def test_at_the_own_confidences_it_is_the_table_bit_for_bit(pool, unpooled, relative_to):
    run = run_of(deep_tree(), plan=plan(30_000), relative_to=relative_to)
    shown = tail_of(run, pool=pool)
    assert set(shown.bands) == {(side, measure) for side in SIDES for measure in MEASURES}
    for confidence in (0.95, 0.99):
        i = shown.confidences.index(confidence)
        for side, view in zip(SIDES, ("pooled", unpooled), strict=True):
            for measure in MEASURES:
                band = shown.bands[side, measure]
                assert (band.value[i], band.low[i], band.high[i]) == cells(run, pool, view, measure, confidence)


def test_the_curves_are_those_of_the_law():
    """Of two uncorrelated normals, simple and about 0: the pool's deviation is theirs by the square root of 2."""
    case = equal_pool(2, rho=0.0, compounding="simple")
    shown = tail_of(run_of(case, plan=plan(400_000)))
    one = 1e5 * 0.2 * math.sqrt(1 / 12)
    assert len(shown.confidences) > 20
    for (side, measure), band in shown.bands.items():
        for i, confidence in enumerate(shown.confidences):
            pooled = closed_forms.linear(0.0, math.sqrt(2.0) * one, measure, confidence)
            allowed = 5.85 * pooled.std_error(400_000)
            exact = pooled.value if side == "pooled" else math.sqrt(2.0) * pooled.value
            assert abs(band.value[i] - exact) < (1.0 if side == "pooled" else math.sqrt(2.0)) * allowed
            assert band.low[i] < band.value[i] < band.high[i]
            assert abs(1.1 * band.value[i] - exact) > allowed  # the negative control


def test_what_does_not_exist_is_not_drawn(no_screen):
    """A net short exposure under log compounding with Student-t returns has VaR, and no ES."""
    case = equal_pool(2, value=-1e5, dof=4.0)
    run = run_of(case, plan=plan(12_000))
    shown = tail_of(run)
    assert set(shown.bands) == {("pooled", "value_at_risk"), ("unpooled", "value_at_risk")}
    assert [label for label in words(plots.tail_curve(run)) if "ES" in label] == []


def test_neither_var_nor_es_is_refused():
    run = run_of(three_assets(dof=4.0), plan=plan(12_000), relative_to="mean")
    with pytest.raises(InputError, match="a pool with VaR or ES; here: does not exist: there is no expected loss"):
        plots.tail_curve(run)


def test_too_few_paths_are_refused():
    with pytest.raises(InputError, match=r"simulation\.paths = 1999\n.*paths of which 100 lie beyond .* 0\.95"):
        plots.tail_curve(run_of(three_assets(), plan=plan(1_999)))


def test_a_pool_without_risk_is_refused():
    with pytest.raises(InputError, match="a pool with risk"):
        plots.tail_curve(run_of(equal_pool(2, volatility=0.0), plan=plan(1_000)))


@pytest.mark.parametrize(("option", "value"), [("case", "2009"), ("pool", "bonds"), ("theme", "sepia")])
def test_what_the_run_does_not_have_is_refused(nested, option, value):
    with pytest.raises(InputError, match=option):
        plots.tail_curve(nested, **{option: value})


def test_bounded_tails_have_the_own_confidences(monkeypatch, no_screen):
    monkeypatch.setattr(brackets, "FIRST_PATHS", 2**12)
    monkeypatch.setattr(brackets, "NARROWING_PATHS", 2**14)
    run = run_of(three_assets(), plan=plan(40_000, tail_budget=0))
    shown = tail_of(run)
    assert shown.confidences == [0.95, 0.99]
    assert shown.bands["pooled", "value_at_risk"].value[1] == cells(run, "pool", "pooled", "value_at_risk", 0.99)[0]
    ax = plots.tail_curve(run)
    assert {tuple(line.get_xdata()) for line in ax.lines} == {(0.05, 0.01)}


def test_the_artists_hold_the_numbers(nested, no_screen):
    ax = plots.tail_curve(nested)
    shown = tail_of(nested)
    assert shown.beyond.tolist() == [float(1 - Fraction(repr(c))) for c in shown.confidences]
    for line, fill, band in zip(ax.lines, ax.collections, shown.bands.values(), strict=True):
        assert line.get_xdata().tolist() == shown.beyond.tolist()
        assert line.get_ydata().tolist() == band.value.tolist()
        outline = {tuple(point) for point in fill.get_paths()[0].vertices}
        assert set(zip(shown.beyond, band.low, strict=True)) | set(zip(shown.beyond, band.high, strict=True)) <= outline
        assert [shown.confidences[i] for i in line.get_markevery()] == [0.95, 0.99]
    assert [line.get_linestyle() for line in ax.lines] == ["-", "-", "--", "--"]
    assert ax.get_xscale() == "log"
    assert ax.xaxis_inverted()  # the end of the tail is at the right
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["95 %", "97.5 %", "99 %", "99.5 %", "99.75 %"]
    assert words(ax)[:4] == ["ES pooled", "VaR pooled", "ES unpooled", "VaR unpooled"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("confidence", "VaR and ES, USD")
    assert words(ax)[-1] == "60,000 paths, seed 42; unpooled: the sum of the positions' own"
    assert not overlapping(ax)
    assert not cut_off(ax)


@pytest.mark.parametrize("paths", [2_000, 2_100, 50_000])
@pytest.mark.parametrize("rho", [0.0, 0.9999])
def test_labels_never_overlap(rho, paths, no_screen):
    ax = plots.tail_curve(run_of(equal_pool(3, rho=rho), plan=plan(paths)))
    assert not overlapping(ax)
    assert not cut_off(ax)
    assert len(ax.get_xticklabels()) == {2_000: 1, 2_100: 2, 50_000: 5}[paths]


def test_ticks_of_a_long_axis_are_few(no_screen):
    ax = plots.tail_curve(run_of(three_assets(), plan=plan(1_100_000)))
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["95 %", "99 %", "99.9 %", "99.99 %"]


def test_names_stay_text(no_screen):
    ax = plots.tail_curve(run_of(renamed(three_assets(), "base $y$", "<i>$x_1$</i>"), plan=plan(2_000)))
    assert ax.get_title(loc="left") == "<i>$x_1$</i>, base $y$: VaR and ES in the tail"
    assert title_of(ax).get_parse_math() is False


def test_it_draws_into_axes_that_are_given(nested, no_screen):
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    assert plots.tail_curve(nested, pool="middle", ax=ax) is ax


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_looks_as_before(etf18, theme, no_screen):
    assert_as_before(plots.tail_curve(etf18, theme=theme), f"tails_{theme}")
