"""A file of pools alone, `[[pools]]` as in a scenario, for members that are the columns of a table."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from scenarios.files import File, read
from scenarios.messages import problems_of, same_letters
from scenarios.schema_holdings import Pool as PoolTable
from scenarios.tables import Table, key
from simcore.errors import InputError, Problem, raise_if_any, some
from simcore.pools import Pool, PoolTree, Position, check_nodes

_REMEDY = "write [[pools]] with name and members"


class PoolsFile(Table):
    """The whole file."""

    pools: list[PoolTable] = key("at least one table [[pools]]", _REMEDY, min_length=1)


def read_pools(source: str) -> list[Pool]:
    """The pools in a TOML file; whether their members are there `tree_of` tells.

    Raises
    ------
    InputError
        With everything that is wrong.
    """
    try:
        document = read(File(source, Path(source)))
    except InputError as error:
        raise InputError([_of_pools(problem) for problem in error.problems]) from None
    try:
        tables = PoolsFile.model_validate(document).pools
    except ValidationError as error:
        problems = problems_of(error, document, PoolsFile)
        raise InputError([replace(problem, file=source) for problem in problems]) from None
    return [Pool(pool.name, tuple(pool.members)) for pool in tables]


def tree_of(pools: Sequence[Pool] | None, columns: Sequence[str], source: str, losses: str) -> PoolTree:
    """The tree of the columns of a table and of pools.

    Parameters
    ----------
    pools : sequence of Pool or None
        As `read_pools` gives them; None: one pool ``pool`` of all columns.
    columns : sequence of str
        Names, each once.
    source, losses : str
        The files of the pools and of the columns, for messages.

    Returns
    -------
    PoolTree
        Its positions are the columns; their values of 1 mean nothing.

    Raises
    ------
    InputError
        With everything that is wrong.
    """
    positions = [Position(name, name, 1.0) for name in columns]
    if pools is None:
        if "pool" in columns:
            allowed = "another name: without --pools, the pool of all columns is called pool"
            place = f"line 1, column {list(columns).index('pool') + 1}"
            raise InputError([Problem(place, '"pool"', allowed, "rename it, or give --pools", losses)])
        return PoolTree(positions, [Pool("pool", tuple(columns))])
    problems = [replace(_of_columns(problem), file=source) for problem in check_nodes(positions, pools)]
    named = [("the header", name) for name in columns]
    named += [(f"pools[{i}].name", pool.name) for i, pool in enumerate(pools)]
    problems += [replace(problem, file=source) for problem in same_letters(named)]
    raise_if_any(problems)
    return PoolTree(positions, pools)


def outside(tree: PoolTree) -> tuple[str, ...]:
    """The caution that columns are in no pool."""
    alone = [position.name for position, parent in zip(tree.positions, tree.parent, strict=False) if parent < 0]
    return (f"in no pool, and so in the figures of none: {some(alone)}",) if alone else ()


def _of_pools(problem: Problem) -> Problem:
    """What is said of a scenario that cannot be read, of a file of pools."""
    if problem.value == "(missing)":
        return replace(problem, allowed="the path of a TOML file with [[pools]]", remedy="check the path")
    if problem.value == "empty":
        return replace(problem, allowed="at least one table [[pools]]", remedy=_REMEDY)
    return problem


def _of_columns(problem: Problem) -> Problem:
    """What is said of positions, of columns."""
    allowed = problem.allowed.replace("a position", "a column").replace("no other position", "no other column")
    allowed = re.sub(r"positions\[\d+\]\.name has it", "the header has it", allowed)
    remedy = problem.remedy.replace(", or add a second position of the same asset", "")
    return replace(problem, allowed=allowed, remedy=remedy)
