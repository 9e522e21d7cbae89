"""The waterfall: its sums against the table's, its bars against its sums, and what has no expected shortfall."""

import itertools
import math

import numpy as np
import pytest
from drawing import assert_as_before
from pictured import cells, cut_off, overlapping
from small_runs import HOSTILE, nested_run, small_run, with_rows, words_of

from analysis.plots import waterfall
from analysis.plots.levels import MOST_LEVELS, levels_of
from analysis.plots.style import COLOURS
from simcore import InputError

pytestmark = pytest.mark.usefixtures("no_screen")


@pytest.fixture(scope="module")
def run():
    return nested_run(values=[100.0, 250.0, 80.0, -60.0, 120.0, 40.0])


def es(run, node, view, confidence=0.99):
    return cells(run, node, view, "expected_shortfall", confidence)[0]


@pytest.mark.parametrize("confidence", [0.95, 0.99])
def test_sums_are_those_of_the_table(run, confidence):
    levels = levels_of(run, confidence=confidence)
    assert levels.words == ("deep", "inner, other", "everything")
    assert levels.totals[-1] == es(run, "everything", "pooled", confidence)
    assert levels.totals[0] == pytest.approx(es(run, "everything", "unpooled_assets", confidence), rel=1e-14)
    assert levels.totals[-2] == pytest.approx(es(run, "everything", "unpooled", confidence), rel=1e-14)


def test_each_level_removes_what_its_pools_remove(run):
    """Each pool removes the ES of its members less its own, which the table has as unpooled and pooled."""
    levels = levels_of(run)
    for removed, pools in zip(levels.removed, (["deep"], ["inner", "other"], ["everything"]), strict=True):
        assert removed == pytest.approx(sum(es(run, p, "unpooled") - es(run, p, "pooled") for p in pools), rel=1e-11)
    assert levels.totals[0] - math.fsum(levels.removed) == pytest.approx(levels.totals[-1], rel=1e-14)
    assert (levels.removed > 0.0).all()


def test_the_sum_of_what_is_normal_falls_as_volatilities_do():
    """Simple returns about 0 with one volatility: ES is a multiple of the volatility of each sum."""
    names = [f"a{i}" for i in range(4)]
    pools = [{"name": "all", "members": ["two", "a2", "a3"]}, {"name": "two", "members": ["a0", "a1"]}]
    assets = [{"name": name, "expected_return": 0.0, "volatility": 0.2, "value": 100.0} for name in names]
    run = small_run(names, pools=pools, paths=200_000, compounding="simple", correlation=0.25, assets=assets)
    pair, four = math.sqrt(2.0 + 2.0 * 0.25), math.sqrt(4.0 + 12.0 * 0.25)
    exact = 0.2 * math.sqrt(0.25) * 100.0 * np.array([4.0, 2.0 + pair, four]) * 2.6652142203457777  # phi(z) / 0.01
    np.testing.assert_allclose(levels_of(run).totals, exact, rtol=0.015)


def test_a_pool_of_one_member_removes_nothing():
    pools = [{"name": "outer", "members": ["middle"]}, {"name": "middle", "members": ["a0", "a1", "a2"]}]
    levels = levels_of(small_run(pools=pools))
    assert levels.words == ("middle", "outer")
    assert levels.removed[0] > 0.0
    assert levels.removed[1] == 0.0


def test_a_part_of_the_tree(run):
    levels = levels_of(run, pool="inner")
    assert (levels.words, levels.positions) == (("deep", "inner"), 3)
    assert levels.totals[-1] == es(run, "inner", "pooled")


def test_relative_to_the_mean():
    run = nested_run(measures={"relative_to": "mean"})
    levels = levels_of(run)
    assert levels.totals[0] == pytest.approx(es(run, "everything", "unpooled_assets"), rel=1e-14)
    assert levels.totals[-1] == es(run, "everything", "pooled")
    assert "ES 99 % above the mean, EUR" in words_of(waterfall(run))


def test_deep_levels_share_a_bar():
    """A chain of pools, each with one position more than the one inside it."""
    count = MOST_LEVELS + 5
    names = [f"a{i}" for i in range(count + 1)]
    pools = [{"name": "p1", "members": ["a0", "a1"]}]
    pools += [{"name": f"p{i}", "members": [f"p{i - 1}", f"a{i}"]} for i in range(2, count + 1)]
    run = small_run(names, pools=pools)
    levels = levels_of(run)
    assert levels.words == ("6 levels of pools below", *(f"p{i}" for i in range(7, count + 1)))
    assert len(levels.words) == MOST_LEVELS
    assert levels.totals[0] == pytest.approx(es(run, f"p{count}", "unpooled_assets"), rel=1e-14)
    rest = math.fsum(es(run, f"a{i}", "standalone") for i in range(7, count + 1))
    assert levels.totals[1] == pytest.approx(es(run, "p6", "pooled") + rest, rel=1e-14)
    assert levels.totals[-1] == es(run, f"p{count}", "pooled")


def test_many_pools_of_a_level_are_counted():
    names = [f"a{i}" for i in range(8)]
    pools = [{"name": f"p{i}", "members": names[2 * i : 2 * i + 2]} for i in range(4)]
    run = small_run(names, pools=[*pools, {"name": "all", "members": [pool["name"] for pool in pools]}])
    assert levels_of(run).words == ("4 pools", "all")


def test_bars_hold_the_sums_and_meet(run):
    levels = levels_of(run)
    ax = waterfall(run)
    bars = ax.patches
    light = COLOURS["light"]
    colours = [light.unpooled, *[light.benefit] * 3, light.pooled]
    from matplotlib.colors import to_hex

    assert [to_hex(bar.get_facecolor()) for bar in bars] == colours
    assert (bars[0].get_y(), bars[0].get_height()) == (0.0, levels.totals[0])
    assert (bars[-1].get_y(), bars[-1].get_height()) == (0.0, levels.totals[-1])
    for i, bar in enumerate(bars[1:-1]):
        assert bar.get_y() == levels.totals[i + 1]
        assert bar.get_y() + bar.get_height() == pytest.approx(levels.totals[i], rel=1e-15)
    words = words_of(ax)
    for total in (levels.totals[0], levels.totals[-1]):
        assert f"{total:.2f}" in words
    share = 100.0 * levels.removed[0] / levels.totals[0]
    assert f"-{levels.removed[0]:.2f}\n-{share:.1f} %" in words
    assert {"sum of 6 positions", "inner, other", "pooled", "ES 99 %, EUR", "12,000 paths, seed 7"} <= set(words)


def test_lines_lead_from_bar_to_bar(run):
    totals = levels_of(run).totals
    leading = [line for line in waterfall(run).lines if len(set(line.get_ydata())) == 1 and line.get_ydata()[0]]
    assert [line.get_ydata()[0] for line in leading] == totals.tolist()
    assert [line.get_xdata().tolist() for line in leading] == [[i + 0.35, i + 0.65] for i in range(4)]


@pytest.mark.parametrize(("left", "said"), [(1e-15, "0"), (-1e-15, "0"), (1e-6, "-0.00\n-0.0 %")])
def test_what_rounding_leaves_is_nothing(run, left, said):
    whole = es(run, "deep", "unpooled") * (1.0 - left)
    rounded = with_rows(
        run, lambda row: row._replace(value=whole) if (row.node, row.view) == ("deep", "pooled") else row
    )
    assert waterfall(rounded).texts[1].get_text() == said


def test_large_amounts_are_in_thousands():
    run = small_run(values=2e9)
    ax = waterfall(run)
    words = words_of(ax)
    assert "ES 99 %, thousand EUR" in words
    assert f"{es(run, 'pool', 'pooled') / 1e3:,.0f}" in words
    assert "200,000" in words


def test_long_names_are_broken_and_cut():
    pools = [{"name": HOSTILE[3], "members": ["a0", "a1", "a2"]}]
    _, name, _ = waterfall(small_run(pools=pools)).get_xticklabels()
    lines = name.get_text().split("\n")
    assert len(lines) == 3
    assert " ".join(lines).startswith("a name of many words a name of")
    assert lines[-1].endswith("...")


def test_words_are_whole_and_apart():
    """Of many levels with long names: the bars' amounts, the names below them, and what is below these."""
    names = [f"a{i}" for i in range(12)]
    pools = [{"name": "p1, a pool with a long name", "members": ["a0", "a1"]}]
    for i in range(2, 12):
        pools.append({"name": f"p{i}, a pool with a long name", "members": [pools[-1]["name"], f"a{i}"]})
    ax = waterfall(small_run(names, pools=pools, values=1e7))
    assert not cut_off(ax)
    assert not overlapping(ax)
    named = [label.get_window_extent() for label in ax.get_xticklabels()]
    assert all(one.x1 < other.x0 for one, other in itertools.pairwise(named))
    (stamp,) = (text for text in ax.texts if "seed" in text.get_text())
    label = ax.xaxis.label.get_window_extent()
    assert stamp.get_window_extent().y1 < label.y0 < label.y1 < min(box.y0 for box in named)


@pytest.mark.parametrize("law", [{}, {"innovation": {"student_t": 3}, "compounding": "simple"}])
@pytest.mark.parametrize("relative_to", ["start", "mean"])
def test_no_level_adds_to_the_sum(law, relative_to):
    """ES is subadditive on every sample, of short positions too; VaR, the negative control, is not."""
    rng = np.random.default_rng(4)
    added = 0
    for _ in range(20):
        values = (rng.normal(size=6) * 10.0 ** rng.integers(0, 4, 6)).tolist()
        run = nested_run(values=values, paths=600, measures={"relative_to": relative_to}, **law)
        for confidence in (0.95, 0.99):
            levels = levels_of(run, confidence=confidence)
            assert (levels.removed >= -1e-12 * abs(levels.totals).max()).all()
        risk = {(row[2], row.confidence, row.view): row.value for row in run.rows if row.measure == "value_at_risk"}
        pooled = [(node, confidence) for node, confidence, view in risk if view == "pooled"]
        added += sum(risk[*place, "pooled"] > risk[*place, "unpooled"] for place in pooled)
    assert added > 0


def test_a_sum_not_above_0_has_no_per_cent():
    """Of what gains so much that even its worst paths do."""
    names = ["a0", "a1", "a2"]
    assets = [{"name": name, "expected_return": 2.0, "volatility": 0.1, "value": 100.0} for name in names]
    run = small_run(names, assets=assets)
    assert levels_of(run).totals.max() < 0.0
    words = words_of(waterfall(run))
    assert any(word.startswith("-") for word in words)
    assert not any("%" in word for word in words if "ES" not in word)


def test_where_an_expected_shortfall_does_not_exist_it_is_refused():
    run = small_run(
        ["a0", "a1"],
        values=[100.0, -50.0],
        pools=[{"name": "long", "members": ["a0"]}, {"name": "all", "members": ["long", "a1"]}],
        innovation={"student_t": 4},
    )
    reason = "does not exist: the loss of a net short exposure has no mean under log compounding with Student-t returns"
    with pytest.raises(InputError, match=f"pool = 'all'\n    allowed: a pool with ES in all its parts; here: {reason}"):
        waterfall(run)
    assert len(levels_of(run, pool="long").totals) == 2


def test_a_pool_without_risk():
    run = small_run(values=[0.0, 0.0, 0.0])
    assert (levels_of(run).totals == 0.0).all()
    ax = waterfall(run)
    assert [text.get_text() for text in ax.texts[:3]] == ["0", "0", "0"]
    assert ax.get_ylim() == (0.0, 1.0)


def test_it_draws_into_axes_that_are_given(run):
    from matplotlib import pyplot
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    assert waterfall(run, ax=ax) is ax
    assert not pyplot.get_fignums()


def test_names_stay_text():
    pools = [{"name": "$all$", "members": [HOSTILE[3], HOSTILE[4]]}, {"name": HOSTILE[3], "members": HOSTILE[:2]}]
    pools[0]["members"] = [HOSTILE[3], HOSTILE[2], HOSTILE[4]]
    run = small_run([*HOSTILE[:3], HOSTILE[4]], pools=pools)
    words = words_of(waterfall(run))
    assert "$all$, base: what each level of pools removes" in words
    assert "$all$" in words


@pytest.mark.parametrize(
    ("option", "said"),
    [({"case": "2008"}, "one of base"), ({"pool": "a0"}, "one of everything"), ({"confidence": 0.9}, "0.95, 0.99")],
)
def test_what_the_run_does_not_have(run, option, said):
    with pytest.raises(InputError, match=said):
        waterfall(run, **option)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture(run, theme):
    assert_as_before(waterfall(run, theme=theme), f"waterfall_{theme}")


@pytest.mark.parametrize("first", [["a0"], ["a0", "a1"]])
def test_there_is_room_above_the_bars_where_a_level_removes_nothing(first):
    """A level of pools with one member each has a bar of 0 at the very top."""
    rest = [name for name in ("a0", "a1", "a2") if name not in first]
    pools = [
        {"name": "all", "members": ["one", "two"]},
        {"name": "one", "members": first},
        {"name": "two", "members": rest},
    ]
    ax = waterfall(small_run(pools=pools))
    highest = max(bar.get_y() + bar.get_height() for bar in ax.patches)
    assert ax.get_ylim()[0] == 0.0
    assert ax.get_ylim()[1] == pytest.approx(1.15 * highest)
    assert overlapping(ax) == []
