"""The tables of a report: of the cases, and of each case's pools and positions, with the cells of the text table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from analysis.lookup import unit_of
from analysis.panels import Block, Notes
from analysis.report.headline import MOST, Headline
from analysis.table import Layout, benefit_block, lay_out
from analysis.text import amount, counted, figure_name, power_name

if TYPE_CHECKING:
    from analysis.comparison import Row
    from analysis.runs import Run
    from analysis.standalone import Figure

NOT_ALL = "no sum: not every one of them has this figure"
_REST = ""  # which no position is called


class Table(NamedTuple):
    """A table to be read.

    Attributes
    ----------
    caption : str
    what : str
        What a line is of: the head of the first column.
    names : list of str
        Of the lines.
    blocks : list of Block
        Columns that stay together, each with a row of cells for each line.
    marks : list of str
        Of notes, at the end of each line.
    notes : list of (mark, text)
    summed : bool
        Whether the last line is what is left of the lines, summed.
    words : str
        What is not shown.
    """

    caption: str
    what: str
    names: list[str]
    blocks: list[Block]
    marks: list[str]
    notes: list[tuple[str, str]]
    summed: bool = False
    words: str = ""


def unit_in(run: Run, power: int) -> str:
    """What amounts are in, that are shown in a power of 1000."""
    return power_name(power) + unit_of(run)


def cases_table(run: Run, headline: Headline, cases: Sequence[str]) -> Table:
    """The headline's figures, a line for each of `cases`."""
    power, decimals = headline.scale
    notes = Notes(len(cases))

    def amounts(rows: dict[str, Row]) -> list[str]:
        cells = []
        for i, case in enumerate(cases):
            row = rows[case]
            if row.value is None:
                cells.append(notes.mark(row.note or ""))
            else:
                notes.caution(i, row.note)
                cells.append(amount(row.value, power, decimals))
        return cells

    both = list(zip(amounts(headline.pooled), amounts(headline.unpooled), strict=True))
    title = figure_name(*headline.figure)
    benefits = benefit_block("benefit", [headline.benefit[case] for case in cases], notes)
    blocks = [Block(title, ("pooled", "unpooled"), both), benefits]
    marks = ["".join(marked) for marked in notes.line]
    caption = f"{headline.pool}, case by case: {title} in {unit_in(run, power)}, and the benefit of pooling"
    words = _cases_left_out(headline, cases)
    numbered = [(f"[{number}]", note) for note, number in notes.numbers.items()]
    return Table(caption, "case", list(cases), blocks, marks, numbered, words=words)


def _cases_left_out(headline: Headline, cases: Sequence[str]) -> str:
    others = [row.value for case, row in headline.benefit.items() if case not in set(cases)]
    if not others:
        return ""
    told = [value for value in others if value is not None]
    ends = [f"{100.0 * value:z.1f} %" for value in (min(told), max(told))] if told else []
    between = f", with benefits from {ends[0]} to {ends[1]}" if ends else ""
    if without := len(others) - len(told):
        between += f", {'and ' if told else ''}{without:,} without one"
    least = f"Shown are the first case and the {len(cases) - 1} with the lowest benefits."
    return f"{least} {_not_shown(len(others), 'case')}{between}."


def _not_shown(count: int, what: str) -> str:
    return f"{counted(count, f'more {what}')} {'is' if count == 1 else 'are'} not shown"


def pool_tables(run: Run, headline: Headline, cases: Sequence[str]) -> tuple[dict[str, list[Table]], Layout]:
    """For each of `cases` the table of its pools, as in the text table, and that of the intervals of estimation where
    there are any; and the layout of all of them together."""
    tree = run.scenario.cases[0].pools
    pools = [pool.name for pool in tree.pools]
    values = {name: math.fsum(position.value for position in tree.positions_below(name)) for name in pools}
    rows = _rows_by_case(run, cases, "pool")
    words = ""
    if len(pools) > MOST:
        largest, figure = _largest(rows[cases[0]], "pooled", pools, values)
        kept = {headline.pool, *[name for name in largest if name != headline.pool][: MOST - 1]}
        words = (
            f"Shown are the pool with the most positions and the {MOST - 1} others with the largest {figure} in "
            f"{cases[0]}. {_not_shown(len(pools) - MOST, 'pool')}."
        )
        pools = [name for name in pools if name in kept]
    values = {name: values[name] for name in pools}
    its = {case: [row for row in rows[case] if row.node in values] for case in cases}
    whole, layouts = _laid_out(run, its, dict.fromkeys(cases, values), "pooled")
    unit = unit_in(run, whole.scale[0])
    tables = {}
    for case, shown in layouts.items():
        caption = f"{case}: pools, in {unit} and in per cent of their value"
        intervals = f"{case}: 95 % intervals from not knowing the parameters, in {unit}"
        estimated = _table(intervals, "pool", pools, shown._replace(blocks=shown.estimated, marks=[], notes=[]))
        table = _table(caption, "pool", pools, shown)._replace(words=words)
        tables[case] = [table, estimated] if estimated.blocks else [table]
    return tables, whole


def position_tables(run: Run, cases: Sequence[str]) -> dict[str, Table]:
    """For each of `cases` the table of its positions standing alone: all, or the largest and the sum of the rest."""
    values = {position.name: position.value for position in run.scenario.cases[0].pools.positions}
    rows = _rows_by_case(run, cases, "position")
    kept, words = dict.fromkeys(cases, values), dict.fromkeys(cases, "")
    for case in cases if len(values) > MOST else ():
        largest, figure = _largest(rows[case], "standalone", list(values), values)
        most = set(largest[:MOST])
        kept[case] = {name: value for name, value in values.items() if name in most}
        words[case] = f"Shown are the {MOST} positions with the largest {figure}; the rest are summed, each on its own."
    its = {case: [row for row in rows[case] if row.node in kept[case]] for case in cases}
    whole, layouts = _laid_out(run, its, kept, "standalone")
    tables = {}
    for case, shown in layouts.items():
        names, left = list(kept[case]), values.keys() - kept[case].keys()
        if left:
            names.append(f"the other {counted(len(left), 'position')}")
            summed = its[case] + _summed([row for row in rows[case] if row.node in left])
            with_rest = kept[case] | {_REST: math.fsum(value for name, value in values.items() if name in left)}
            shown = _layout(run, {case: summed}, {case: with_rest}, "standalone", whole.scale)
        caption = f"{case}: positions standing alone, in {unit_in(run, whole.scale[0])} and in per cent of their value"
        tables[case] = _table(caption, "position", names, shown)._replace(summed=bool(left), words=words[case])
    return tables


def _rows_by_case(run: Run, cases: Sequence[str], kind: str) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = {case: [] for case in cases}
    for row in run.rows:
        if row.kind == kind and row.case in rows:
            rows[row.case].append(row)
    return rows


def _largest(rows: Sequence[Row], view: str, names: Sequence[str], values: dict[str, float]) -> tuple[list[str], str]:
    """The names, the largest first, and by what: a figure that all have, or the value."""
    highest = max(row.confidence for row in rows if row.confidence is not None)
    for measure in ("expected_shortfall", "value_at_risk"):
        figure = (view, measure, highest)
        found = {row.node: row.value for row in rows if (row.view, row.measure, row.confidence) == figure}
        told = {name: value for name, value in found.items() if value is not None}
        if len(told) == len(names):
            return sorted(names, key=lambda name: -told[name]), figure_name(measure, highest)
    return sorted(names, key=lambda name: -abs(values[name])), "value"


def _laid_out(
    run: Run, rows: dict[str, list[Row]], values: dict[str, dict[str, float]], view: str
) -> tuple[Layout, dict[str, Layout]]:
    """A line for each node that has a value, of all cases together; and of each case by itself, in the same scale."""
    whole = _layout(run, rows, values, view)
    return whole, {case: _layout(run, {case: rows[case]}, {case: values[case]}, view, whole.scale) for case in rows}


def _layout(
    run: Run,
    rows: dict[str, list[Row]],
    values: dict[str, dict[str, float]],
    view: str,
    scale: tuple[int, int] | None = None,
) -> Layout:
    lines = [(case, name) for case, its in values.items() for name in its]
    of_lines = [value for its in values.values() for value in its.values()]
    together = [row for its in rows.values() for row in its]
    return lay_out(together, lines, run.scenario.plan.confidences, of_lines, view=view, scale=scale)


def _table(caption: str, what: str, names: Sequence[str], shown: Layout) -> Table:
    """The layout of one case, without columns that are empty there."""
    blocks = [block for block in shown.blocks if any(map(any, block.cells))]
    notes = [(f"[{number}]", note) for number, note in enumerate(shown.notes, 1)]
    return Table(caption, what, list(names), blocks, shown.marks, notes)


def _summed(rows: Sequence[Row]) -> list[Row]:
    """The rows of positions as those of one, `_REST`: each figure added up, and none where a position has none."""
    found: dict[Figure, list[Row]] = {}
    for row in rows:
        found.setdefault((row.measure, row.confidence), []).append(row)
    summed = []
    for its in found.values():
        figures = [row.value for row in its if row.value is not None]
        whole = len(figures) == len(its)
        value, note = (math.fsum(figures), None) if whole else (None, NOT_ALL)
        summed.append(its[0]._replace(node=_REST, value=value, note=note))
    return summed
