"""Finds figures in the table of a run, and says what a picture or a report is about where nobody says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from analysis.runs import Run
from analysis.table import NO_CURRENCY
from simcore.errors import InputError, Problem, show
from simcore.pools import Pool, PoolTree

if TYPE_CHECKING:
    from analysis.comparison import Row
    from simcore.case import Case


def check_run(run: object, *, summaries: bool = False) -> None:
    """Refuse what is no run; with `summaries` also one that does not hold them.

    Raises
    ------
    InputError
    """
    if not isinstance(run, Run) or (summaries and not run.summaries):
        allowed = "a Run with its summaries" if summaries else "a Run"
        raise InputError([Problem("run", show(run), allowed, "make one: analysis.run(scenario)")])


def headline_pool(tree: PoolTree) -> str:
    """The pool with the most positions below it, the first of equals: in a nested tree the one that holds all."""
    return max(tree.pools, key=lambda pool: len(tree.positions_below(pool.name))).name


def case_of(run: Run, name: str | None) -> Case:
    """A case of the run by its name; the first, ``base``, where there is none.

    Raises
    ------
    InputError
        When the run has no such case.
    """
    cases = {case.name: case for case in run.scenario.cases}
    if name is None:
        return run.scenario.cases[0]
    if name not in cases:
        raise InputError([Problem("case", show(name), f"one of {', '.join(cases)}", "correct the name")])
    return cases[name]


def pool_of(case: Case, name: str | None) -> str:
    """The name of a pool of the case; that of `headline_pool` where none is given.

    Raises
    ------
    InputError
        When the case has no such pool.
    """
    names = [pool.name for pool in case.pools.pools]
    if name is not None and name not in names:
        raise InputError([Problem("pool", show(name), f"one of {', '.join(names)}", "correct the name")])
    return headline_pool(case.pools) if name is None else name


def confidence_of(run: Run, confidence: float | None) -> float:
    """A confidence of the run's table; the highest where none is given.

    Raises
    ------
    InputError
        When the table has no such confidence.
    """
    known = run.scenario.plan.confidences
    if confidence is not None and confidence not in known:
        allowed = f"one of {', '.join(map(str, known))}"
        raise InputError([Problem("confidence", show(confidence), allowed, "add it to the scenario and run again")])
    return max(known) if confidence is None else confidence


def benefit_view(tree: PoolTree, pool: str) -> str:
    """The view that compares a pool with all positions below it: where pools are nested, not the one of its members."""
    nested = any(member in {other.name for other in tree.pools} for member in tree.members(pool))
    return "benefit_assets" if nested else "benefit"


def unpooled_view(tree: PoolTree, pool: str) -> str:
    """The view with the sum of the own figures of all positions below a pool."""
    return benefit_view(tree, pool).replace("benefit", "unpooled")


def by_benefit(benefits: Mapping[str, Row]) -> list[str]:
    """The cases by the rows of their benefits, the lowest first; those without one come last."""
    return sorted(benefits, key=lambda case: (benefits[case].value is None, benefits[case].value or 0.0))


def shown_cases(benefits: Mapping[str, Row], most: int) -> list[str]:
    """Where cases are many: the first and those with the lowest benefits, `most` in all, in the order of the file."""
    first, *others = benefits
    lowest = set([case for case in by_benefit(benefits) if case != first][: most - 1])
    return [first, *(case for case in others if case in lowest)]


def pool_alone(case: Case, pool: str) -> Case:
    """The case with this pool and no other, and all positions below it as its members.

    Its figures are those that the table has of the pool: `unpooled` and `benefit` are what `unpooled_view` and
    `benefit_view` name there.
    """
    tree = case.pools
    positions = tree.positions_below(pool)
    nested = benefit_view(tree, pool) == "benefit_assets"
    members = tuple(position.name for position in positions) if nested else tree.members(pool)
    return replace(case, pools=PoolTree(positions, [Pool(pool, members)]))


def refuse_riskless(case: Case, pool: str) -> None:
    """Refuse a pool that loses the same on every path.

    Raises
    ------
    InputError
    """
    from analysis.existence import risky_exposures

    if not risky_exposures(case, case.pools.positions_below(pool)):
        allowed = f"a pool with risk; in the case {case.name} it loses the same on every path"
        raise InputError([Problem("pool", show(pool), allowed, "choose another pool or case")])


def relative_words(run: Run) -> str:
    """What stands behind the name of a VaR or an ES that is not of the loss from the start."""
    return " above the mean" if run.scenario.relative_to == "mean" else ""


def unit_of(run: Run) -> str:
    """The currency, to stand behind amounts."""
    return run.scenario.currency or NO_CURRENCY


def rows_at(run: Run, case: str, measure: str, confidence: float | None) -> dict[tuple[str, str], Row]:
    """The rows of one figure of a case by node and view: one walk through the table, however many nodes there are."""
    wanted = (case, measure, confidence)
    return {(row.node, row.view): row for row in run.rows if (row.case, row.measure, row.confidence) == wanted}
