"""Positions and the pools that put them together: one tree, or several.

A `PoolTree` holds names, not laws: which asset a position has is a name that the `Case` looks up in its market.
It refuses a name used twice, an unknown member, a member of two pools, an empty pool and a cycle, all at once.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simcore.errors import Problem, raise_if_any, show

LARGEST_VALUE = 1e100  # squares of sums of losses stay below the largest double


@dataclass(frozen=True)
class Position:
    """An amount of exposure to an asset, in the universe's currency; negative is short."""

    name: str
    asset: str
    value: float


@dataclass(frozen=True)
class Pool:
    """Positions and other pools put together, by name."""

    name: str
    members: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "members", tuple(self.members))


@dataclass(frozen=True, eq=False)
class PoolTree:
    """Positions and pools as start/child lists.

    Attributes
    ----------
    positions : tuple of Position, length m
    pools : tuple of Pool, length p
        In any order: a pool may come before its members.
    names : tuple of str, length m + p
        The nodes: positions, then pools, as given.
    start : ndarray of int64, shape (p + 1,)
    child : ndarray of int64
        The members of pool q are the nodes ``child[start[q]:start[q + 1]]``.
    parent : tuple of int, length m + p
        Node number of the pool a node is in; -1 for none.
    order : tuple of int, length p
        Pools (0 to p - 1) such that each comes after the pools inside it.

    Raises
    ------
    InputError
        With everything that is wrong.
    """

    positions: tuple[Position, ...]
    pools: tuple[Pool, ...] = ()
    names: tuple[str, ...] = field(init=False)
    start: NDArray[np.int64] = field(init=False)
    child: NDArray[np.int64] = field(init=False)
    parent: tuple[int, ...] = field(init=False)
    order: tuple[int, ...] = field(init=False)

    def __init__(self, positions: Sequence[Position], pools: Sequence[Pool] = ()) -> None:
        positions, pools = tuple(positions), tuple(pools)
        raise_if_any(check_nodes(positions, pools))
        names = tuple(node.name for node in (*positions, *pools))
        number = {name: i for i, name in enumerate(names)}
        children = [[number[member] for member in pool.members] for pool in pools]
        parent = [-1] * len(names)
        for q, members in enumerate(children):
            for member in members:
                parent[member] = len(positions) + q
        start = np.cumsum([0, *(len(members) for members in children)], dtype=np.int64)
        child = np.array([member for members in children for member in members], dtype=np.int64)
        start.setflags(write=False)
        child.setflags(write=False)
        for key, value in {
            "positions": positions,
            "pools": pools,
            "names": names,
            "start": start,
            "child": child,
            "parent": tuple(parent),
            "order": _order(children, len(positions)),
        }.items():
            object.__setattr__(self, key, value)

    def members(self, name: str) -> tuple[str, ...]:
        """Direct children of the pool `name`; nothing for a position."""
        return next((pool.members for pool in self.pools if pool.name == name), ())

    def positions_below(self, name: str) -> tuple[Position, ...]:
        """All positions in the node `name`, through every level; a position is below itself."""
        node = self.names.index(name)
        below = np.zeros(len(self.names), dtype=bool)
        below[node] = True
        for q in reversed(self.order):
            if below[len(self.positions) + q]:
                below[self.child[self.start[q] : self.start[q + 1]]] = True
        return tuple(position for i, position in enumerate(self.positions) if below[i])


def check_nodes(
    positions: Sequence[Position], pools: Sequence[Pool], *, at: tuple[str, str] = ("positions", "pools")
) -> list[Problem]:
    """Everything that keeps these positions and pools from being a tree.

    `at` says how the messages call the two lists.
    """
    problems = []
    if not positions:
        problems.append(Problem(at[0], "()", "at least one position", "give the positions"))
    seen: dict[str, str] = {}
    for label, nodes in zip(at, (positions, pools), strict=True):
        for i, node in enumerate(nodes):
            place = f"{label}[{i}].name"
            if not isinstance(node.name, str) or not node.name.strip():
                problems.append(Problem(place, show(node.name), "a name that is not empty", "name it"))
            elif node.name in seen:
                allowed = f"a name no other position or pool has ({seen[node.name]} has it)"
                problems.append(Problem(place, show(node.name), allowed, "rename one of the two"))
            else:
                seen[node.name] = place
    for i, position in enumerate(positions):
        if not (math.isfinite(position.value) and abs(position.value) <= LARGEST_VALUE):
            place = f"{at[0]}[{i}].value ({position.name})"
            allowed = f"a finite number, at most {LARGEST_VALUE:g} in size"
            problems.append(Problem(place, show(position.value), allowed, "give the exposure in the currency"))
    return problems + _check_members(pools, seen, at[1])


def _check_members(pools: Sequence[Pool], known: dict[str, str], label: str) -> list[Problem]:
    problems = []
    taken: dict[str, str] = {}
    for i, pool in enumerate(pools):
        place = f"{label}[{i}].members ({pool.name})"
        if not pool.members:
            problems.append(Problem(place, "[]", "at least one member", "add members or remove the pool"))
        for member in pool.members:
            if member not in known:
                allowed = "the name of a position or pool: " + _some(list(known))
                problems.append(Problem(place, show(member), allowed, "correct the name, or add what it names"))
            elif member == pool.name:
                problems.append(Problem(place, show(member), "members other than the pool itself", "remove it"))
            elif member in taken:
                allowed = f"a node that is in no pool yet (it is in {taken[member]})"
                remedy = "take it out of one of the two, or add a second position of the same asset"
                problems.append(Problem(place, show(member), allowed, remedy))
            else:
                taken[member] = f"{pool.name!r}"
    return problems or _check_cycles(pools, label)


def _check_cycles(pools: Sequence[Pool], label: str) -> list[Problem]:
    inside = {pool.name: [m for m in pool.members if any(m == other.name for other in pools)] for pool in pools}
    left = dict(inside)
    while ready := [name for name, members in left.items() if not any(member in left for member in members)]:
        for name in ready:
            del left[name]
    if not left:
        return []
    walk = [next(iter(left))]
    while len(set(walk)) == len(walk):
        walk.append(next(member for member in left[walk[-1]] if member in left))
    cycle = " > ".join(walk[walk.index(walk[-1]) :])
    return [Problem(label, cycle, "pools that do not contain themselves", "break this chain")]


def _order(children: list[list[int]], first: int) -> tuple[int, ...]:
    done: list[int] = []
    waiting = list(range(len(children)))
    while waiting:
        ready = [q for q in waiting if all(c < first or c - first in done for c in children[q])]
        done += ready
        waiting = [q for q in waiting if q not in ready]
    return tuple(done)


def _some(names: list[str], limit: int = 12) -> str:
    shown = ", ".join(names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"
