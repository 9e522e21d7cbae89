"""The tidy table: one row per figure of every case and node, pooled beside unpooled."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar, get_args

from analysis.estimate import Estimate, benefit, total
from analysis.existence import risky_exposures
from analysis.standalone import Figure, RelativeTo, standalone
from simcore.case import Case, Plan
from simcore.errors import InputError, Problem, show
from simcore.pools import PoolTree
from simcore.summary import Summary

RISKLESS = "no benefit: the pool has no risk"
T = TypeVar("T")


class Row(NamedTuple):
    """One figure; an empty cell is None."""

    scenario: str
    case: str
    node: str
    parent: str | None
    kind: str
    view: str
    measure: str
    confidence: float | None
    value: float | None
    std_error: float | None
    low: float | None
    high: float | None
    estimation_low: float | None
    estimation_high: float | None
    unit: str
    note: str | None


COLUMNS = Row._fields


def rows(
    cases: Sequence[Case],
    plan: Plan,
    results: Mapping[str, Mapping[str, Summary]],
    *,
    name: str = "",
    currency: str = "",
    relative_to: RelativeTo = "start",
) -> list[Row]:
    """The table of `analysis.compare` from a simulation's results, without pandas.

    Parameters
    ----------
    cases : sequence of Case
    plan : Plan
        Its confidences are those of the table, in their order.
    results : mapping of case name to mapping of node name to Summary
        As `simcore.simulate` gives them.
    name, currency : str
    relative_to : {"start", "mean"}
        As in `analysis.compare_cases`.

    Returns
    -------
    list of Row
        Case by case: the pools, then the positions, each as given.

    Raises
    ------
    InputError
        When the results were made for other confidences and kept too few losses for these, or `relative_to` is
        neither.
    """
    if relative_to not in get_args(RelativeTo):
        raise InputError([Problem("relative_to", show(relative_to), '"start" or "mean"', "choose one")])
    table = []
    for case in cases:
        tree = case.pools
        alone = standalone(case, plan, results[case.name], relative_to)
        without_risk = {q.name for q in tree.pools if not risky_exposures(case, tree.positions_below(q.name))}
        views = tree_views(tree, alone, without_risk, total, benefit, Estimate(None, note=RISKLESS))
        table += rows_of(views, tree, case=case.name, name=name, currency=currency)
    return table


def rows_of(
    views: Iterable[tuple[str, str, Mapping[Figure, Estimate]]], tree: PoolTree, *, case: str, name: str, currency: str
) -> list[Row]:
    """The rows of one case, from its views as `tree_views` gives them."""
    table = []
    for node, view, figures in views:
        parent = tree.pool_of(node)
        kind = "position" if view == "standalone" else "pool"
        unit = "1" if view.startswith("benefit") else currency
        for (measure, confidence), estimate in figures.items():
            cells = (estimate.value, estimate.std_error, estimate.low, estimate.high, None, None)
            place = (name, case, node, parent, kind, view, measure, confidence)
            table.append(Row(*place, *cells, unit, estimate.note or None))
    return table


def tree_views(
    tree: PoolTree,
    alone: Mapping[str, Mapping[Figure, T]],
    without_risk: Collection[str],
    total: Callable[[list[T]], T],
    benefit: Callable[[T, T], T],
    nothing: T,
) -> Iterator[tuple[str, str, Mapping[Figure, T]]]:
    """Node, view and figures, in the order of the table.

    Parameters
    ----------
    tree : PoolTree
    alone : mapping of node name to mapping of figure to T
        Every figure of every node by itself; T is an `Estimate`, or what becomes one.
    without_risk : collection of str
        Pools that have no benefit.
    total : callable
        The unpooled figure from those of the members.
    benefit : callable
        The benefit from the pooled and the unpooled figure.
    nothing : T
        The benefit of a pool without risk.
    """
    pools = {pool.name for pool in tree.pools}
    for pool in tree.pools:
        pooled = alone[pool.name]
        yield pool.name, "pooled", pooled
        sums = {"": pool.members}
        if pools.intersection(pool.members):
            sums["_assets"] = tuple(position.name for position in tree.positions_below(pool.name))
        for suffix, members in sums.items():
            unpooled = {figure: total([alone[member][figure] for member in members]) for figure in pooled}
            yield pool.name, "unpooled" + suffix, unpooled
            compared = [figure for figure in pooled if figure[0] != "mean"]
            riskless = pool.name in without_risk
            yield (
                pool.name,
                "benefit" + suffix,
                {figure: nothing if riskless else benefit(pooled[figure], unpooled[figure]) for figure in compared},
            )
    for position in tree.positions:
        yield position.name, "standalone", alone[position.name]
