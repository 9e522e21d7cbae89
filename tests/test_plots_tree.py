"""The pool tree: its lines against the tree and the table, what is left out and counted, and what is drawn."""

import itertools
import math

import pytest
from drawing import assert_as_before
from pictured import cells, cut_off
from small_runs import HOSTILE, nested_run, small_run, with_rows, words_of

from analysis.plots import pool_tree
from analysis.plots.tree import MOST_POOLS, lines_of
from simcore import InputError

pytestmark = pytest.mark.usefixtures("no_screen")


@pytest.fixture(scope="module")
def run():
    return nested_run(values=[100.0, 250.0, 80.0, -60.0, 120.0, 40.0])


def many_pools(count, size):
    """Pools of like positions in one pool; the later, the larger."""
    names = [f"a{i}" for i in range(count * size)]
    pools = [{"name": f"p{i}", "members": names[size * i : size * (i + 1)]} for i in range(count)]
    values = [100.0 + i // size for i in range(count * size)]
    return small_run(
        names, pools=[{"name": "all", "members": [p["name"] for p in pools]}, *pools], values=values, paths=600
    )


def test_a_line_for_each_pool_and_position(run):
    lines = lines_of(run)
    assert [(line.name, line.depth, line.parent, line.kind, line.value) for line in lines] == [
        ("everything", 0, -1, "pool", 530.0),
        ("inner", 1, 0, "pool", 430.0),
        ("a0", 2, 1, "position", 100.0),
        ("deep", 2, 1, "pool", 330.0),
        ("a1", 3, 3, "position", 250.0),
        ("a2", 3, 3, "position", 80.0),
        ("other", 1, 0, "pool", 60.0),
        ("a3", 2, 6, "position", -60.0),
        ("a4", 2, 6, "position", 120.0),
        ("a5", 1, 0, "position", 40.0),
    ]
    assert {line.below for line in lines} == {""}


@pytest.mark.parametrize("confidence", [0.95, None])
def test_benefits_are_those_of_the_table(run, confidence):
    views = {"everything": "benefit_assets", "inner": "benefit_assets", "deep": "benefit", "other": "benefit"}
    for line in lines_of(run, confidence=confidence):
        if line.kind == "pool":
            at = confidence or 0.99
            found = (line.benefit.value, line.benefit.low, line.benefit.high)
            assert found == cells(run, line.name, views[line.name], "expected_shortfall", at)
        else:
            assert line.benefit is None


def test_a_part_of_the_tree(run):
    assert [line.name for line in lines_of(run, pool="inner")] == ["inner", "a0", "deep", "a1", "a2"]


def test_many_positions_are_counted():
    lines = lines_of(small_run([f"a{i}" for i in range(2000)], paths=600, factors=[[0.5]] * 2000))
    assert [(line.name, line.below, line.value) for line in lines] == [("pool", "2,000 positions", 200_000.0)]


def test_of_many_pools_the_largest_and_the_rest():
    lines = lines_of(many_pools(50, 2))
    assert [line.name for line in lines[:-1]] == ["all", *(f"p{i}" for i in range(31, 50))]
    assert len(lines) == MOST_POOLS + 1
    assert (lines[0].below, lines[1].below) == ("100 positions", "2 positions")
    assert lines[-1][:4] == ("and 31 more pools", 1, 0, "rest")
    assert lines[-1].value == math.fsum(2.0 * (100 + i) for i in range(31))


def test_of_many_trees_the_largest_and_the_rest():
    names = [f"a{i}" for i in range(42)]
    pools = [{"name": f"p{i}", "members": names[2 * i : 2 * i + 2]} for i in range(21)]
    lines = lines_of(small_run(names, pools=pools, values=[100.0 + i for i in range(42)], paths=600))
    assert [line.name for line in lines] == [*(f"p{i}" for i in range(1, 21)), "and 1 more pool"]
    assert lines[-1][1:3] == (0, -1)


def test_a_small_pool_with_a_large_one_in_it_comes_before_it():
    """A short position beside a pool makes the pool of both smaller than what is in it."""
    names = [f"a{i}" for i in range(44)]
    pools = [{"name": f"p{i}", "members": [f"a{i}"]} for i in range(40)]
    pools += [{"name": "small", "members": ["large", "a42"]}, {"name": "large", "members": ["a40", "a41", "a43"]}]
    values = [100.0 + i for i in range(40)] + [1e4, 1e4, -3e4 - 500.0, 1e4]
    found = [line.name for line in lines_of(small_run(names, pools=pools, values=values, paths=600))]
    assert found[-3:] == ["small", "large", "and 22 more pools"]


def test_bars_hold_values_and_benefits(run):
    ax = pool_tree(run)
    lines = lines_of(run)
    values, benefits = ax.patches[: len(lines)], ax.patches[len(lines) :]
    unit = values[0].get_width() / 530.0
    for bar, line in zip(values, lines, strict=True):
        assert bar.get_width() == pytest.approx(unit * abs(line.value), rel=1e-12)
        assert (bar.get_hatch() is not None) == (line.value < 0.0)
    rows = [line.benefit for line in lines if line.benefit]
    unit = benefits[0].get_width() / rows[0].value
    for bar, row in zip(benefits, rows, strict=True):
        assert bar.get_width() == pytest.approx(unit * row.value, rel=1e-12)
    intervals = [line for line in ax.lines if line.get_linewidth() == 1.2]
    for interval, row in zip(intervals, rows, strict=True):
        ends = [(x - benefits[0].get_x()) / unit for x in interval.get_xdata()]
        assert ends == pytest.approx([row.low, row.high], rel=1e-12)
    words = words_of(ax)
    assert {"value at start, EUR", "benefit, ES 99 %", "530", "-60", f"{100 * rows[0].value:.1f} %"} <= set(words)
    assert "12,000 paths, seed 7" in words


def test_what_rounding_leaves_of_no_benefit_has_no_minus(run):
    def rounded(row):
        return row._replace(value=-1e-17) if (row.node, row.view) == ("deep", "benefit") else row

    assert "0.0 %" in words_of(pool_tree(with_rows(run, rounded)))


def test_why_there_is_no_benefit_is_said():
    run = small_run(values=[0.0, 0.0, 0.0])
    ax = pool_tree(run)
    words = words_of(ax)
    assert len(ax.patches) == 4
    assert len(ax.lines) == 3  # to the positions, and none for the scale of benefits
    assert "no benefit: the pool has no risk" in [" ".join(said.split()) for said in words]


def test_too_few_paths_for_an_interval():
    ax = pool_tree(small_run(paths=600))
    assert not [line for line in ax.lines if line.get_linewidth() == 1.2]


def test_the_picture_is_as_high_as_the_tree_is_long():
    low, high = pool_tree(small_run(paths=600)), pool_tree(many_pools(50, 2))
    assert low.figure.get_figheight() < 2.0 < 5.0 < high.figure.get_figheight()


def rows_and_columns(ax, names):
    """Words that begin the lines stay left of the values, and in their lines; how far they reach to the values."""
    ax.figure.canvas.draw()
    right = ax.transData.transform((0.46, 0.0))[0]
    (_, first), (_, second) = ax.transData.transform([(0.0, 0.0), (0.0, 1.0)])
    boxes = [text.get_window_extent() for text in ax.texts if text.get_text().startswith(names)]
    assert all(box.x1 < right for box in boxes)
    assert all(box.height < 1.15 * (first - second) for box in boxes)  # with room for letters that none of them has
    return [box.x1 / right for box in boxes]


def test_nothing_is_written_over_another_column():
    """Long names are cut, letters are small in small axes, and deep trees are indented less."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = [f"a position with a long name, the {i}th of them" for i in range(10)]
    pools = [{"name": f"a pool with a long name, {i} deep in the tree", "members": [names[i]]} for i in range(10)]
    for outer, inner in itertools.pairwise(pools):
        outer["members"].append(inner["name"])
    run = small_run(names, pools=pools, paths=600)
    small = FigureCanvasAgg(Figure((4.0, 3.0))).figure.subplots()
    for ax in (pool_tree(run), pool_tree(run, ax=small)):
        assert not cut_off(ax)
        assert len(rows_and_columns(ax, "a p")) == 20
        assert max(text.get_position()[0] for text in ax.texts if text.get_text().startswith("a p")) == 0.16


def test_names_take_the_room_there_is():
    """Which is known once the picture is laid out."""
    names = [f"a{i}" for i in range(30)]
    (reach,) = rows_and_columns(
        pool_tree(small_run(names, pools=[{"name": "n" * 90, "members": names}], paths=600)), "n"
    )
    assert 0.6 < reach < 0.75


def test_it_draws_into_axes_that_are_given(run):
    from matplotlib import pyplot
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    assert pool_tree(run, ax=ax) is ax
    assert not pyplot.get_fignums()


def test_names_stay_text():
    run = small_run(HOSTILE[:3], pools=[{"name": "$x$ <b>", "members": HOSTILE[:3]}])
    assert {"$x$ <b>", *HOSTILE[:3]} <= set(words_of(pool_tree(run)))


@pytest.mark.parametrize(
    ("option", "said"),
    [({"case": "2008"}, "one of base"), ({"pool": "a0"}, "one of everything"), ({"confidence": 0.9}, "0.95, 0.99")],
)
def test_what_the_run_does_not_have(run, option, said):
    with pytest.raises(InputError, match=said):
        pool_tree(run, **option)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture(run, theme):
    assert_as_before(pool_tree(run, theme=theme), f"pool_tree_{theme}")
