"""Positions and the pools that put them together: one tree, or several.

A `PoolTree` holds names, not laws: which asset a position has is a name that the `Case` looks up in its market.
It refuses a name used twice, an unknown member, a member of two pools, an empty pool and a cycle, all at once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

import numpy as np
from numpy.typing import NDArray

from simcore.border import NAME, as_tuple, is_finite, is_name
from simcore.errors import InputError, Problem, closest, first_of, raise_if_any, show, some

LARGEST_VALUE = 1e100  # squares of sums of losses stay below the largest double
MOST_CYCLES = 10  # that are told: each is looked for anew in all pools


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
        object.__setattr__(self, "members", as_tuple(self.members, f"Pool.members ({self.name})"))


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
        positions, pools = as_tuple(positions, "positions"), as_tuple(pools, "pools")
        raise_if_any(check_nodes(positions, pools))
        names = tuple(node.name for node in (*positions, *pools))
        number = {name: i for i, name in enumerate(names)}
        inside_first = _inside_first({pool.name: pool.members for pool in pools})
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
            "order": tuple(number[name] - len(positions) for name in inside_first),
        }.items():
            object.__setattr__(self, key, value)

    def members(self, name: str) -> tuple[str, ...]:
        """Direct children of the pool `name`; nothing for a position.

        Raises
        ------
        InputError
            When no node has this name.
        """
        number = self._number(name) - len(self.positions)
        return self.pools[number].members if number >= 0 else ()

    def pool_of(self, name: str) -> str | None:
        """The pool that has the node `name` as a member; None where it is in none.

        Raises
        ------
        InputError
            When no node has this name.
        """
        parent = self.parent[self._number(name)]
        return None if parent < 0 else self.names[parent]

    def positions_below(self, name: str) -> tuple[Position, ...]:
        """All positions in the node `name`, through every level; a position is below itself.

        Raises
        ------
        InputError
            When no node has this name.
        """
        return tuple(self.positions[i] for i in self._below[self._number(name)])

    def _number(self, name: str) -> int:
        if name not in self._numbers:
            raise InputError([Problem("node", show(name), f"a node: {some(self.names)}", "correct the name")])
        return self._numbers[name]

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.names)}

    @cached_property
    def _below(self) -> list[list[int]]:
        """Of each node, the positions in it: from the innermost pools outwards, so that no tree is too deep."""
        below = [[i] for i in range(len(self.positions))] + [[] for _ in self.pools]
        for q in self.order:
            members = self.child[self.start[q] : self.start[q + 1]].tolist()
            below[len(self.positions) + q] = sorted(i for member in members for i in below[member])
        return below


def check_nodes(positions: Sequence[Position], pools: Sequence[Pool]) -> list[Problem]:
    """Everything that keeps these positions and pools from being a tree."""
    problems = []
    if not positions:
        problems.append(Problem("positions", "()", "at least one position", "give the positions"))
    seen: dict[str, str] = {}
    for label, nodes, kind in (("positions", positions, Position), ("pools", pools, Pool)):
        for i, node in enumerate(nodes):
            place = f"{label}[{i}].name"
            if not isinstance(node, kind):
                problems.append(Problem(f"{label}[{i}]", show(node), f"a {kind.__name__}", "build it as one"))
            elif not is_name(node.name):
                problems.append(Problem(place, show(node.name), NAME, "name it"))
            elif node.name in seen:
                allowed = f"a name no other position or pool has ({seen[node.name]} has it)"
                problems.append(Problem(place, show(node.name), allowed, "rename one of the two"))
            else:
                seen[node.name] = place
    if any(not isinstance(node, (Position, Pool)) for node in (*positions, *pools)):
        return problems
    for i, position in enumerate(positions):
        if not (is_finite(position.value) and abs(position.value) <= LARGEST_VALUE):
            place = f"positions[{i}].value ({position.name})"
            allowed = f"a finite number, at most {LARGEST_VALUE:g} in size"
            problems.append(Problem(place, show(position.value), allowed, "give the exposure in the currency"))
    return problems + first_of(_check_members(pools, seen)) + first_of(_check_cycles(pools), MOST_CYCLES)


def _check_members(pools: Sequence[Pool], known: dict[str, str]) -> Iterator[Problem]:
    taken: dict[str, str] = {}
    for i, pool in enumerate(pools):
        place = f"pools[{i}].members ({pool.name})"
        if not pool.members:
            yield Problem(place, "[]", "at least one member", "add members or remove the pool")
        for member in pool.members:
            if not isinstance(member, str) or member not in known:
                others = [name for name in known if name != pool.name]
                allowed = "the name of a position or another pool: " + some(others)
                meant = closest(member, others) if isinstance(member, str) else None
                remedy = f"did you mean {meant!r}?" if meant else "correct the name, or add what it names"
                yield Problem(place, show(member), allowed, remedy)
            elif member == pool.name:
                yield Problem(place, show(member), "members other than the pool itself", "remove it")
            elif member in taken:
                allowed = f"a node that is in no pool yet (it is in {taken[member]})"
                remedy = "take it out of one of the two, or add a second position of the same asset"
                yield Problem(place, show(member), allowed, remedy)
            else:
                taken[member] = f"{pool.name!r}"


def _check_cycles(pools: Sequence[Pool]) -> Iterator[Problem]:
    """Each chain of pools that leads back to itself; a pool that names itself was told."""
    names = {pool.name for pool in pools}
    inside = {
        pool.name: tuple(m for m in pool.members if isinstance(m, str) and m in names and m != pool.name)
        for pool in pools
    }
    while True:
        try:
            _inside_first(inside)
        except CycleError as error:
            chain = error.args[1]
            allowed, remedy = "pools that do not contain themselves", "break this chain"
            yield Problem("pools", " > ".join(chain[::-1]), allowed, remedy)
            for name in chain[1:]:
                del inside[name]
        else:
            return


def _inside_first(members: dict[str, tuple[str, ...]]) -> list[str]:
    """The pools, each after those inside it."""
    return [name for name in TopologicalSorter(members).static_order() if name in members]
