"""What a report is about: the benefit of the pool that holds the most, case by case, and the answer in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from analysis.lookup import benefit_view, by_benefit, headline_pool, unpooled_view
from analysis.table import interval_words
from analysis.text import amount, amount_scale, counted, figure_name, per_cent

if TYPE_CHECKING:
    from analysis.comparison import Row
    from analysis.runs import Run
    from analysis.standalone import Figure

MOST = 20  # cases with a section of their own, and lines of a table
MOST_PICTURED = 5  # cases with pictures besides the first
_IN_WORDS = {"expected_shortfall": "expected shortfall", "value_at_risk": "value at risk"}


class Headline(NamedTuple):
    """The figure that a report is about.

    Attributes
    ----------
    pool : str
        The one with the most positions below it.
    positions : int
        How many these are.
    figure : tuple of str and float
        Expected shortfall at the highest confidence; value at risk where there is no benefit of that.
    pooled, unpooled, benefit : dict of case name to Row
        In the order of the file; unpooled are all positions below, through every level.
    scale : tuple of int
        Of amounts, as `analysis.text.amount` takes it.
    """

    pool: str
    positions: int
    figure: Figure
    pooled: dict[str, Row]
    unpooled: dict[str, Row]
    benefit: dict[str, Row]
    scale: tuple[int, int]


def headline_of(run: Run) -> Headline:
    """The headline of a run."""
    tree = run.scenario.cases[0].pools
    pool = headline_pool(tree)
    view = benefit_view(tree, pool)
    views = ("pooled", unpooled_view(tree, pool), view)
    found = {(row.view, row.measure, row.confidence, row.case): row for row in run.rows if row.node == pool}
    names = [case.name for case in run.scenario.cases]
    highest = max(run.scenario.plan.confidences)
    figures: list[Figure] = [(measure, highest) for measure in _IN_WORDS]
    there = (figure for figure in figures if found[view, *figure, names[0]].value is not None)
    figure = next(there, figures[0])
    pooled, unpooled, benefit = ({name: found[its, *figure, name] for name in names} for its in views)
    amounts = [row.value for rows in (pooled, unpooled) for row in rows.values() if row.value is not None]
    scale = amount_scale((), amounts)
    return Headline(pool, len(tree.positions_below(pool)), figure, pooled, unpooled, benefit, scale)


def answer(headline: Headline) -> str:
    """How much risk pooling removes, from calm to crisis, in one sentence; how many cases have no such figure."""
    measure, confidence = headline.figure
    what = f"{_IN_WORDS[measure]} at {per_cent(confidence or 0.0)} %"
    whose = f"the {counted(headline.positions, 'position')} in {headline.pool}"
    what = f"{'its' if headline.positions == 1 else 'their'} {what}"
    first, least = next(iter(headline.benefit)), by_benefit(headline.benefit)[0]
    base, lowest = headline.benefit[first], headline.benefit[least]
    known = sum(row.value is not None for row in headline.benefit.values())
    if not known:
        return f"What pooling {whose} removes of {what} cannot be told: {base.note}."
    said = [f"{_share(base)} of {what} in {first}"] if base.value is not None else []
    if least != first:
        said.append(f"{_share(lowest)} {'' if said else f'of {what} '}in {least}")
    of = f", the least of {known:,} cases" if known > 1 else ""
    unknown = len(headline.benefit) - known
    others = f"; {counted(unknown, 'case')} {'has' if unknown == 1 else 'have'} no such figure" if unknown else ""
    return f"Pooling {whose} removes {', and '.join(said)}{of}{others}."


def figure_words(headline: Headline, case: str, unit: str) -> str:
    """The figures of one case in one sentence, as for who cannot see its pictures."""
    rows = {"pooled": headline.pooled[case], "unpooled": headline.unpooled[case]}
    amounts = [f"{view} {_amount(row, headline.scale)}" for view, row in rows.items()]
    title = figure_name(*headline.figure)
    return f"{headline.pool}, {case}: {title} {', '.join(amounts)} {unit}; benefit {_share(headline.benefit[case])}."


def _amount(row: Row, scale: tuple[int, int]) -> str:
    return "none" if row.value is None else amount(row.value, *scale)


def _share(row: Row) -> str:
    """A benefit with its interval."""
    if row.value is None:
        return "none"
    harm = " (it hurts)" if row.value < 0.0 else ""
    return f"{100.0 * row.value:z.1f} % {interval_words(row) or '(no interval)'}{harm}"
