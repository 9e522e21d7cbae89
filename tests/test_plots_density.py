"""The headline picture: histograms of the pool and of the comonotone sum, marked with the table's figures."""

import dataclasses
import math

import numpy as np
import pytest
from drawing import assert_as_before
from models import deep_tree, equal_pool, plan, three_assets
from numpy.testing import assert_allclose
from pictured import cells, cut_off, overlapping, renamed, run_of, title_of, words
from scipy import stats

import analysis
import scenarios
from analysis import plots
from analysis.expectation import expected_loss
from analysis.plots import density
from analysis.plots.density import comonotone_sum, density_of
from analysis.plots.histograms import Histogram, beyond, histogram
from simcore import InputError, Market, Pool, PoolTree, Position, replay

MEASURES = {"value_at_risk": analysis.value_at_risk, "expected_shortfall": analysis.expected_shortfall}
CONFIDENCES = (0.6, 0.9, 0.95, 0.975, 0.99, 0.999)


@pytest.fixture(scope="module")
def nested():
    return run_of(deep_tree(), plan=plan(20_000))


@pytest.fixture(scope="module")
def etf18():
    return analysis.run(scenarios.load("etf18", overrides={"simulation.paths": 40_000}))


def samples(run, monkeypatch, **options):
    """What the histograms are made of, in place of them."""
    with monkeypatch.context() as patch:
        patch.setattr(density, "histogram", lambda losses, reach: losses)
        return density_of(run, **options)


@pytest.mark.parametrize("confidence", CONFIDENCES)
@pytest.mark.parametrize("measure", MEASURES)
def test_figures_of_the_comonotone_sum_are_the_sums_of_figures(measure, confidence):
    rng = np.random.default_rng(5)
    members = [
        3.0 * rng.normal(size=997),
        rng.exponential(size=997),
        -np.round(rng.normal(size=997)),
        np.full(997, 2.0),
    ]
    of = MEASURES[measure]
    own = [of(losses, confidence) for losses in members]
    assert of(comonotone_sum(members), confidence) == pytest.approx(math.fsum(own), rel=1e-13)
    assert of(sum(members), confidence) != pytest.approx(math.fsum(own), rel=1e-3)  # path by path they pool


def test_the_comonotone_sum_is_rank_by_rank():
    members = [[5.0, 1.0, 3.0], [10.0, 30.0, 20.0]]
    assert comonotone_sum(np.array(losses) for losses in members).tolist() == [11.0, 23.0, 35.0]


@pytest.mark.parametrize("relative_to", ["start", "mean"])
@pytest.mark.parametrize(("pool", "view"), [("top", "unpooled_assets"), ("bottom", "unpooled")])
def test_what_is_drawn_has_the_figures_of_the_table(pool, view, relative_to, monkeypatch):
    """Of 20,000 paths all are replayed, so that VaR and ES of what is drawn are the marks."""
    run = run_of(deep_tree(), plan=plan(20_000), relative_to=relative_to)
    shown = samples(run, monkeypatch, pool=pool)
    assert shown.paths == 20_000
    found = {(mark.side, mark.measure): mark.value for mark in shown.marks}
    for side, its in (("pooled", "pooled"), ("unpooled", view)):
        for measure, of in MEASURES.items():
            value = cells(run, pool, its, measure, 0.99)[0]
            assert found[side, measure] == value
            assert of(getattr(shown, side), 0.99) == pytest.approx(value, rel=1e-12)
    assert [mark.value for mark in shown.marks] == sorted(found.values())


def test_relative_to_the_mean_both_sides_move_by_the_exact_mean(monkeypatch):
    case = deep_tree()
    start, mean = (
        samples(run_of(case, plan=plan(5_000), relative_to=relative), monkeypatch, pool="middle")
        for relative in ("start", "mean")
    )
    expected = expected_loss(case, plan(5_000), case.pools.positions_below("middle"))
    assert (start.mean, mean.mean) == (None, expected)
    assert abs(expected) > 100.0
    for side in ("pooled", "unpooled"):
        assert_allclose(getattr(start, side) - getattr(mean, side), expected, rtol=1e-9)


def test_only_the_first_paths_are_replayed(nested, monkeypatch):
    monkeypatch.setattr(density, "MOST_PATHS", 3_000)
    all_losses = samples(nested, monkeypatch, pool="top")
    monkeypatch.setattr(density, "MOST_LOSSES", 1_000 * len(nested.scenario.cases[0].pools.names) + 5)
    fewer = samples(nested, monkeypatch, pool="top")
    assert (all_losses.paths, fewer.paths) == (3_000, 1_000)
    assert fewer.pooled.tolist() == all_losses.pooled[:1_000].tolist()
    assert fewer.marks == all_losses.marks  # of all paths


def test_it_takes_the_threads_of_the_run(nested, monkeypatch):
    taken = []

    def recording(*arguments, threads=None, **options):
        taken.append(threads)
        return replay(*arguments, threads=threads, **options)

    monkeypatch.setattr("simcore.simulation.replay", recording)
    density_of(nested._replace(threads=1))
    assert taken == [1]


def within_error(losses, law, *, wide):
    """Whether each bar is the law's share, by its binomial standard error."""
    shown = histogram(losses, -math.inf)
    width = np.diff(shown.edges)
    share = np.diff(law.cdf(shown.edges))
    error = np.sqrt(share * (1.0 - share) / len(losses))
    return bool(np.all(np.abs(shown.height * width - share) < wide * error))


def test_a_histogram_is_the_density_of_the_law():
    losses = 50.0 + 20.0 * np.random.default_rng(7).standard_t(5, size=100_000)
    assert within_error(losses, stats.t(5, 50.0, 20.0), wide=5.85)
    assert not within_error(losses, stats.t(5, 50.0, 22.0), wide=5.85)  # the negative control
    assert not within_error(losses, stats.t(5, 52.0, 20.0), wide=5.85)


@pytest.mark.parametrize("n", [1, 2, 10, 1_000, 20_000])
def test_a_histogram_invents_no_path(n):
    losses = np.random.default_rng(3).standard_t(2, size=n)
    shown = histogram(losses, -math.inf)
    inside = np.sum((losses >= shown.edges[0]) & (losses <= shown.edges[-1]))
    assert np.sum(shown.height * np.diff(shown.edges)) == pytest.approx(inside / n, rel=1e-12)
    assert inside >= n - 2 * math.ceil(0.001 * n) - 2
    assert len(shown.height) == max(10, round(2 * n ** (1 / 3)))


def test_a_histogram_reaches_as_far_as_its_marks():
    losses = np.arange(100_000.0)
    near, far = histogram(losses, 5.0), histogram(losses, 250_000.0)
    assert near.edges[[0, -1]] == pytest.approx([100, 99_899], abs=1)
    assert far.edges[-1] == 250_000.0
    assert np.sum(far.height * np.diff(far.edges)) == pytest.approx(0.999, abs=1e-4)


def test_beyond_is_what_lies_above():
    whole = Histogram(np.array([0.0, 1.0, 2.0, 4.0]), np.array([0.2, 0.4, 0.2]))
    assert [part.tolist() for part in beyond(whole, 1.5)] == [[1.5, 2.0, 4.0], [0.4, 0.2]]
    assert [part.tolist() for part in beyond(whole, 2.0)] == [[2.0, 4.0], [0.2]]
    assert [part.tolist() for part in beyond(whole, 4.0)] == [[4.0, 4.0], [0.2]]  # nothing, but an area all the same
    assert [part.tolist() for part in beyond(whole, -1.0)] == [[-1.0, 1.0, 2.0, 4.0], [0.2, 0.4, 0.2]]


def test_what_has_no_figure_is_not_marked_and_says_why():
    """Under log compounding with Student-t returns there is no mean to be relative to."""
    case = three_assets(dof=4.0)
    run = run_of(case, plan=plan(5_000), relative_to="mean")
    shown = density_of(run)
    assert (shown.marks, shown.mean) == ([], None)
    (note,) = shown.notes
    assert note.startswith(
        "pooled VaR, pooled ES, unpooled VaR, unpooled ES: does not exist: there is no expected loss"
    )


def test_a_pool_without_risk_is_refused():
    market = Market.from_moments(["cash"], expected_return=[0.02], volatility=[0.0], correlation=np.eye(1))
    tree = PoolTree([Position("cash", "cash", 1e6)], [Pool("safe", ("cash",))])
    run = run_of(dataclasses.replace(three_assets(), market=market, pools=tree), plan=plan(1_000))
    with pytest.raises(InputError, match=r"pool = 'safe'\n    allowed: a pool with risk; in the case base"):
        plots.loss_density(run)


@pytest.mark.parametrize(
    ("option", "value"), [("case", "2009"), ("pool", "bonds"), ("confidence", 0.5), ("theme", "sepia")]
)
def test_what_the_run_does_not_have_is_refused(nested, option, value):
    with pytest.raises(InputError, match=option):
        plots.loss_density(nested, **{option: value})


def outlines(ax):
    """The histograms that are drawn as lines: their heights and edges."""
    return [patch.get_data() for patch in ax.patches if not patch.get_fill()]


def test_the_artists_hold_the_numbers(nested, no_screen):
    ax = plots.loss_density(nested)
    shown = density_of(nested)
    for drawn, its in zip(outlines(ax), (shown.pooled, shown.unpooled), strict=True):
        assert drawn.edges.tolist() == its.edges.tolist()
        assert drawn.values.tolist() == its.height.tolist()
    value_at_risk = cells(nested, "top", "pooled", "value_at_risk", 0.99)[0]
    whole, tail = (patch.get_data() for patch in ax.patches if patch.get_fill())
    assert whole.edges.tolist() == shown.pooled.edges.tolist()
    assert tail.edges[0] == value_at_risk
    assert [line.get_xdata()[0] for line in ax.lines] == [mark.value for mark in shown.marks]
    written = words(ax)
    for side, view in (("pooled", "pooled"), ("unpooled", "unpooled_assets")):
        for measure, short in (("value_at_risk", "VaR"), ("expected_shortfall", "ES")):
            value = cells(nested, "top", view, measure, 0.99)[0]
            assert f"{side} {short} {value:,.0f}" in written
    assert ax.get_xlabel() == "loss, USD"
    benefit = cells(nested, "top", "benefit_assets", "expected_shortfall", 0.99)[0]
    assert ax.get_title(loc="left") == f"top, base: pooling removes {100 * benefit:.1f} % of ES 99 %"
    assert written[-1] == "20,000 paths, seed 42"
    assert not overlapping(ax)
    assert not cut_off(ax)


def test_the_y_axis_counts_paths_by_a_power_of_ten_of_the_currency(nested, no_screen):
    ax = plots.loss_density(nested)
    highest = max(drawn.values.max() for drawn in outlines(ax))
    width = float(ax.get_ylabel().removeprefix("paths per ").removesuffix(" USD").replace(",", ""))
    assert math.log10(width).is_integer()
    assert 0.1 < highest * width <= 1.0
    assert ax.yaxis.get_major_formatter()(0.05 / width, 0) == "5 %"


@pytest.mark.parametrize("rho", [-0.4, 0.3, 0.95, 0.9999])
@pytest.mark.parametrize("confidence", [0.51, 0.99, 0.999])
def test_labels_of_marks_never_overlap(rho, confidence, no_screen):
    run = run_of(equal_pool(3, rho=rho), plan=plan(6_000, confidences=(confidence,)))
    ax = plots.loss_density(run)
    assert not overlapping(ax)
    assert not cut_off(ax)
    ax.figure.canvas.draw()
    to_pixels = ax.transData.transform
    (_, bottom), (_, top) = ax.bbox.get_points()
    lines = [(to_pixels((line.get_xdata()[0], 0.0))[0], line.get_ydata()[1]) for line in ax.lines]
    labels = [text.get_window_extent() for text in ax.texts if {"VaR", "ES"} & {*text.get_text().split()}]
    assert len(labels) == 4
    for label in labels:
        for x, level in lines:
            assert not (label.x0 < x < label.x1 and bottom + level * (top - bottom) > label.y0)
        for drawn in outlines(ax):
            right = to_pixels(np.column_stack([drawn.edges[1:], drawn.values]))
            assert np.all(right[(right[:, 0] > label.x0), 1] < label.y0)


def test_the_corner_tells_of_how_many_paths_the_densities_are(nested, monkeypatch, no_screen):
    monkeypatch.setattr(density, "MOST_PATHS", 2_000)
    assert words(plots.loss_density(nested))[-1] == "20,000 paths, seed 42; densities of the first 2,000"


def test_relative_to_the_mean_the_axis_says_so(no_screen):
    ax = plots.loss_density(run_of(deep_tree(), plan=plan(3_000), relative_to="mean", currency=""))
    assert ax.get_xlabel() == "loss relative to its mean, units of currency"
    without = plots.loss_density(run_of(three_assets(dof=4.0), plan=plan(3_000), relative_to="mean"))
    assert without.get_xlabel() == "loss, USD"
    assert without.get_title(loc="left") == "pool, base: loss, pooled and unpooled"
    assert "does not exist: there is no expected loss" in words(without)[-1]
    assert not cut_off(without)


def test_names_stay_text(no_screen):
    case = renamed(three_assets(), "base $y$", "<script>$x_1$</script>")
    ax = plots.loss_density(run_of(case, plan=plan(2_000)))
    title = title_of(ax)
    assert not cut_off(ax)
    assert title.get_text().startswith("<script>$x_1$</script>, base $y$: pooling removes")
    assert title.get_parse_math() is False


def test_it_draws_into_axes_that_are_given(nested, no_screen):
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    assert plots.loss_density(nested, ax=ax, pool="bottom", confidence=0.95) is ax
    assert ax.get_title(loc="left").startswith("bottom, base: pooling removes")
    assert ax.get_title(loc="left").endswith("of ES 95 %")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_looks_as_before(etf18, theme, no_screen):
    assert_as_before(plots.loss_density(etf18, case="2008", theme=theme), f"density_{theme}")


def test_losses_that_differ_by_rounding_only_have_a_histogram():
    """All of them in it: a perfect hedge whose drifts differ loses the same on every path, but for rounding."""
    losses = -1999.0 + 1e-12 * np.arange(5)
    shown = histogram(losses, -1999.0)
    assert np.sum(shown.height * np.diff(shown.edges)) == pytest.approx(1.0)
    assert shown.edges[0] < -1999.0 < shown.edges[-1]


def test_bins_do_not_widen_with_what_lies_far_above_them():
    losses = np.random.default_rng(1).standard_normal(100_000)
    near, far = histogram(losses, -math.inf), histogram(losses, 20.0)
    assert np.diff(far.edges)[0] == pytest.approx(np.diff(near.edges)[0], rel=0.02)
    assert len(histogram(losses, 1e9).height) == 600
