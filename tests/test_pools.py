"""Trees of pools: what they know of themselves, and everything that is no tree."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from models import deep_tree

from simcore import InputError, Pool, PoolTree, Position
from simcore.pools import LARGEST_VALUE

A, B, C = (Position(name, f"asset of {name}", 1.0) for name in "ABC")


def test_a_tree_three_deep_given_top_first():
    tree = deep_tree().pools
    assert tree.names[-3:] == ("top", "middle", "bottom")
    assert tree.order == (2, 1, 0)
    assert tree.members("middle") == ("bottom", "long 3", "again 2")
    assert tree.members("long 0") == ()
    below = [position.name for position in tree.positions_below("middle")]
    assert below == ["long 0", "long 1", "long 2", "long 3", "again 2"]
    assert [position.name for position in tree.positions_below("short 1")] == ["short 1"]
    parents = {name: tree.parent[i] for i, name in enumerate(tree.names)}
    assert parents["top"] == -1
    assert tree.names[parents["bottom"]] == "middle"
    assert tree.names[parents["long 2"]] == "bottom"


def test_children_are_start_and_child_lists():
    tree = PoolTree([A, B, C], [Pool("outer", ("inner", "C")), Pool("inner", ("B", "A"))])
    np.testing.assert_array_equal(tree.start, [0, 2, 4])
    np.testing.assert_array_equal(tree.child, [4, 2, 1, 0])


def test_several_trees_and_positions_in_no_pool():
    tree = PoolTree([A, B, C], [Pool("one", ("A",)), Pool("two", ("B",))])
    assert tree.parent == (3, 4, -1, -1, -1)
    assert PoolTree([A]).names == ("A",)


@given(st.lists(st.integers(0, 100), min_size=1, max_size=30))
def test_order_puts_every_pool_after_those_inside_it(draws):
    """Pools drawn as random forests, in any order of writing."""
    parent = [None] + [draw % (i + 1) for i, draw in enumerate(draws)]  # pool i > 0 is in a pool before it
    positions = [Position(f"p{i}", "asset", 1.0) for i in range(len(parent))]
    pools = [
        Pool(f"q{i}", (f"p{i}", *(f"q{j}" for j, above in enumerate(parent) if above == i))) for i in range(len(parent))
    ]
    for written in (pools, pools[::-1]):
        tree = PoolTree(positions, written)
        place = {written[q].name: when for when, q in enumerate(tree.order)}
        assert sorted(place.values()) == list(range(len(pools)))
        assert all(place[f"q{i}"] < place[f"q{above}"] for i, above in enumerate(parent) if above is not None)
        assert len(tree.positions_below("q0")) == len(positions)


def test_it_is_frozen():
    tree = PoolTree([A, B], [Pool("pool", ["A", "B"])])
    assert tree.pools[0].members == ("A", "B")
    with pytest.raises(AttributeError, match="cannot assign"):
        tree.names = ()
    with pytest.raises(ValueError, match="read-only"):
        tree.child[0] = 1


REFUSED = {
    "no position": ([], [], r"positions = \(\)\n    allowed: at least one position"),
    "no name": ([Position(" ", "a", 1.0)], [], r"positions\[0\]\.name = ' '\n    allowed: text that is not blank"),
    "a name twice": ([A, B, A], [], r"positions\[2\]\.name = 'A'\n    .*\(positions\[0\]\.name has it\)"),
    "a pool's is a position's": ([A, B], [Pool("A", ("B",))], r"pools\[0\]\.name = 'A'\n    .*positions\[0\]\.name"),
    "two pools of one name": ([A, B], [Pool("P", ("A",)), Pool("P", ("B",))], r"pools\[1\]\.name = 'P'"),
    "value nan": ([Position("A", "a", math.nan)], [], r"positions\[0\]\.value \(A\) = nan\n    allowed: a finite"),
    "value infinite": ([Position("A", "a", -math.inf)], [], r"positions\[0\]\.value \(A\) = -inf"),
    "value too large": ([Position("A", "a", -1.1 * LARGEST_VALUE)], [], r"positions\[0\]\.value \(A\) = -1\.1"),
    "empty pool": ([A], [Pool("P", ())], r"pools\[0\]\.members \(P\) = \[\]\n    allowed: at least one member"),
    "unknown member": ([A], [Pool("P", ("A", "X"))], r"pools\[0\]\.members \(P\) = 'X'\n    allowed: .*: A"),
    "two parents": ([A, B], [Pool("P", ("A",)), Pool("Q", ("A", "B"))], r"'A'\n    allowed: .*\(it is in 'P'\)"),
    "twice in one pool": ([A], [Pool("P", ("A", "A"))], r"pools\[0\]\.members \(P\) = 'A'\n .*\(it is in 'P'\)"),
    "in itself": ([A], [Pool("P", ("A", "P"))], r"'P'\n    allowed: members other than the pool itself"),
    "a cycle": (
        [A, B, C],
        [Pool("P", ("A", "Q")), Pool("Q", ("B", "R")), Pool("R", ("C", "P"))],
        r"pools = P > Q > R > P\n    allowed: pools that do not contain themselves",
    ),
}


@pytest.mark.parametrize(("positions", "pools", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_tree_is_refused(positions, pools, message):
    with pytest.raises(InputError, match=message):
        PoolTree(positions, pools)


def test_a_tree_ten_thousand_deep_is_walked_once():
    """Each pool in the next: what is below a node is known without walking down from it each time."""
    pools = [Pool("p0", ("A",)), *(Pool(f"p{i}", (f"p{i - 1}",)) for i in range(1, 10_000))]
    tree = PoolTree([A], pools)
    assert all(tree.positions_below(pool.name) == (A,) for pool in pools)
    assert tree.pool_of("p5") == "p6"
    assert tree.pool_of("p9999") is None
    with pytest.raises(InputError, match="a node"):
        tree.pool_of("q")


def test_every_cycle_is_told_beside_what_else_is_wrong():
    pools = [Pool("P", ("Q", "X")), Pool("Q", ("P",)), Pool("R", ("S", "A")), Pool("S", ("R",))]
    with pytest.raises(InputError) as caught:
        PoolTree([A], pools)
    said = [(problem.place, problem.value) for problem in caught.value.problems]
    assert said[0] == ("pools[0].members (P)", "'X'")
    assert sorted(sorted(set(value.split(" > "))) for _, value in said[1:]) == [["P", "Q"], ["R", "S"]]


def test_a_cycle_is_named_without_the_pools_that_hang_on_it():
    pools = [Pool("P", ("A", "S", "Q")), Pool("Q", ("B", "P")), Pool("S", ("C",))]
    with pytest.raises(InputError, match=r"pools = P > Q > P\n"):
        PoolTree([A, B, C], pools)


def test_everything_wrong_is_said_at_once():
    with pytest.raises(InputError) as caught:
        PoolTree([A, A, Position("D", "d", math.inf)], [Pool("P", ()), Pool("Q", ("X", "A"))])
    places = [problem.place for problem in caught.value.problems]
    assert places == ["positions[1].name", "positions[2].value (D)", "pools[0].members (P)", "pools[1].members (Q)"]


def test_long_lists_of_names_are_cut():
    positions = [Position(f"n{i}", "a", 1.0) for i in range(40)]
    with pytest.raises(InputError, match="n11 and 28 more"):
        PoolTree(positions, [Pool("P", ("x",))])
