"""The estimate against paths: what is cut out of a run is what a shorter run gives, and nothing else is drawn."""

import numpy as np
import pytest
from drawing import assert_as_before
from models import deep_tree, equal_pool, plan, three_assets
from pictured import cells, cut_off, overlapping, renamed, run_of, title_of, words

import analysis
import scenarios
from analysis import plots
from analysis.figures import estimate_of
from analysis.plots import converging
from analysis.plots.bands import band_of
from analysis.plots.converging import convergence_of
from simcore import InputError, brackets, simulate

WHOLE = 512 * 256  # of the longest runs with a batch a block
ES = "expected_shortfall"


@pytest.fixture(scope="module")
def nested():
    return run_of(deep_tree(), plan=plan(60_000))


@pytest.fixture(scope="module")
def etf18():
    return analysis.run(scenarios.load("etf18", overrides={"simulation.paths": 200_000}))


def test_the_last_is_the_table(nested):
    for relative_to in ("start", "mean"):
        run = nested._replace(scenario=nested.scenario)
        if relative_to == "mean":
            run = run_of(deep_tree(), plan=plan(60_000), relative_to="mean")
        for pool in ("top", "middle", "bottom"):
            for confidence in (0.95, 0.99):
                shown = convergence_of(run, pool=pool, confidence=confidence)
                last = tuple(column[-1] for column in shown.band)
                assert (shown.case, shown.pool, shown.confidence) == ("base", pool, confidence)
                assert last == cells(run, pool, "pooled", ES, confidence)
                assert shown.paths[-1] == 60_000


def test_numbers_of_paths_are_even_on_a_logarithmic_axis(nested):
    shown = convergence_of(nested)
    assert shown.paths[0] == 512
    assert 20 <= len(shown.paths) <= 30
    assert np.all(np.diff(shown.paths) > 0)
    assert np.all(shown.paths[:-1] % 512 == 0)
    late = np.diff(np.log(shown.paths[shown.paths > 10_000]))
    assert np.ptp(late) < 0.5 * late.mean()
    assert np.isnan(shown.band.low[shown.paths < 512 * 20]).all()
    assert np.isfinite(shown.band.low[shown.paths >= 512 * 20]).all()


def test_where_too_few_losses_were_kept_it_begins_later():
    """At the only confidence the tail of the whole run does not reach down to VaR of its first paths."""
    case = three_assets()
    run = run_of(case, plan=plan(WHOLE, confidences=(0.95,)))
    shown = convergence_of(run)
    assert 512 * 5 < shown.paths[0] < WHOLE / 2
    for paths, value, low in zip(shown.paths, shown.band.value, shown.band.low, strict=True):
        real = simulate([case], plan(int(paths), confidences=(0.95,)))["base"]["pool"]
        exact = band_of([estimate_of(real, ES, 0.95)])
        np.testing.assert_array_equal([value, low], [exact.value[0], exact.low[0]])


def test_nothing_is_drawn_before_a_gap(nested, monkeypatch):
    monkeypatch.setattr(converging, "knows", lambda summary, confidence: len(summary.batch) not in (9, 10, 11, 12, 13))
    shown = convergence_of(nested)
    assert shown.paths[0] > 512 * 13


def test_an_error_that_does_not_exist_is_not_drawn():
    """Short positions whose log returns deviate by more than 2 over the horizon: ES, and no standard error."""
    case = equal_pool(2, value=-1e5, volatility=2.2)
    run = run_of(case, plan=plan(30_000, horizon=1.0))
    assert cells(run, "pool", "pooled", ES, 0.99)[1] is None
    shown = convergence_of(run)
    assert np.isfinite(shown.band.value).all()
    assert np.isnan(shown.band.low).all()


def test_bounded_tails_have_the_first_paths_and_all(monkeypatch):
    monkeypatch.setattr(brackets, "FIRST_PATHS", 2**12)
    monkeypatch.setattr(brackets, "NARROWING_PATHS", 2**14)
    case = three_assets()
    run = run_of(case, plan=plan(40_000, tail_budget=0))
    shown = convergence_of(run)
    assert shown.paths.tolist() == [512, 1024, 1536, 2048, 2560, 3072, 3584, 4096, 40_000]
    assert tuple(column[-1] for column in shown.band) == cells(run, "pool", "pooled", ES, 0.99)
    first = simulate([case], plan(4_096))["base"]["pool"]
    assert shown.band.value[-2] == estimate_of(first, ES, 0.99).value


def test_what_has_no_es_or_no_risk_is_refused():
    with pytest.raises(InputError, match="a pool with ES; here: does not exist"):
        plots.convergence(run_of(equal_pool(2, value=-1e5, dof=4.0), plan=plan(1_000)))
    with pytest.raises(InputError, match="a pool with risk"):
        plots.convergence(run_of(equal_pool(2, volatility=0.0), plan=plan(1_000)))


@pytest.mark.parametrize(
    ("option", "value"), [("case", "2009"), ("pool", "bonds"), ("confidence", 0.5), ("theme", "sepia")]
)
def test_what_the_run_does_not_have_is_refused(nested, option, value):
    with pytest.raises(InputError, match=option):
        plots.convergence(nested, **{option: value})


def test_the_artists_hold_the_numbers(nested, no_screen):
    ax = plots.convergence(nested, confidence=0.95)
    shown = convergence_of(nested, confidence=0.95)
    curve, final = ax.lines
    assert curve.get_xdata().tolist() == shown.paths.tolist()
    assert curve.get_ydata().tolist() == shown.band.value.tolist()
    (fill,) = ax.collections
    outline = {tuple(point) for point in fill.get_paths()[0].vertices}
    known = np.isfinite(shown.band.low)
    assert set(zip(shown.paths[known], shown.band.high[known], strict=True)) <= outline
    assert set(zip(shown.paths[known], shown.band.low[known], strict=True)) <= outline
    value = cells(nested, "top", "pooled", ES, 0.95)[0]
    assert set(final.get_ydata()) == {value}
    assert words(ax) == [f"{value:,.0f}", "60,000 paths, seed 42"]
    assert ax.get_title(loc="left") == "top, base: ES 95 % against paths"
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_xscale()) == ("paths", "ES 95 %, USD", "log")
    assert not overlapping(ax)
    assert not cut_off(ax)


@pytest.mark.parametrize("paths", [100, 600, 5_000, 60_000])
def test_few_paths_are_drawn_without_an_interval(paths, no_screen):
    ax = plots.convergence(run_of(three_assets(), plan=plan(paths)))
    ax.figure.canvas.draw()
    assert len(ax.lines[0].get_xdata()) >= (1 if paths < 512 else 2)
    assert [label for label in ax.get_xticklabels() if label.get_text()]
    assert not cut_off(ax)


def test_names_stay_text(no_screen):
    ax = plots.convergence(run_of(renamed(three_assets(), "base $y$", "<i>$x_1$</i>"), plan=plan(2_000)))
    assert ax.get_title(loc="left") == "<i>$x_1$</i>, base $y$: ES 99 % against paths"
    assert title_of(ax).get_parse_math() is False


def test_it_draws_into_axes_that_are_given(nested, no_screen):
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    assert plots.convergence(nested, pool="middle", ax=ax) is ax


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_looks_as_before(etf18, theme, no_screen):
    assert_as_before(plots.convergence(etf18, theme=theme), f"convergence_{theme}")
