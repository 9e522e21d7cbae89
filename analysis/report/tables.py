"""The tables of a report: of the cases, and of each case's pools and positions, with the cells of the text table."""

from __future__ import annotations

import math
import re
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
    rest : tuple of str and cells, a tuple for each block; None
        What is left of the lines, summed.
    words : str
        What is not shown.
    """

    caption: str
    what: str
    names: list[str]
    blocks: list[Block]
    marks: list[str]
    notes: list[tuple[str, str]]
    rest: tuple[str, list[tuple[str, ...]]] | None = None
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
    least = f"Shown are the first case and the {len(cases) - 1} with the lowest benefits."
    return f"{least} {_not_shown(len(others), 'case')}{between}."


def _not_shown(count: int, what: str) -> str:
    return f"{counted(count, f'more {what}')} {'is' if count == 1 else 'are'} not shown"


def pool_tables(run: Run, headline: Headline, cases: Sequence[str]) -> tuple[dict[str, Table], Layout]:
    """For each of `cases` the table of its pools, as in the text table; and the layout they are cut from."""
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
    lines = [(case, name) for case in cases for name in pools]
    its = [row for case in cases for row in rows[case] if row.node in set(pools)]
    shown = lay_out(its, lines, run.scenario.plan.confidences, [values[name] for _, name in lines])
    caption = f"pools, in {unit_in(run, shown.scale[0])} and in per cent of their value"
    tables = {case: table._replace(words=words) for case, table in _by_case(shown, lines, caption, "pool").items()}
    return tables, shown


def estimation_tables(shown: Layout, cases: Sequence[str], pools: dict[str, Table], unit: str) -> dict[str, Table]:
    """For each of `cases` the table of the intervals of estimation of its pools."""
    lines = [(case, name) for case in cases for name in pools[case].names]
    layout = shown._replace(blocks=shown.estimated, marks=[""] * len(lines))
    return _by_case(layout, lines, f"95 % intervals from not knowing the parameters, in {unit}", "pool")


def position_tables(run: Run, cases: Sequence[str]) -> dict[str, Table]:
    """For each of `cases` the table of its positions standing alone: all, or the largest and the sum of the rest."""
    values = {position.name: position.value for position in run.scenario.cases[0].pools.positions}
    rows = _rows_by_case(run, cases, "position")
    kept, figure = {case: list(values) for case in cases}, ""
    if len(values) > MOST:
        for case in cases:
            largest, figure = _largest(rows[case], "standalone", list(values), values)
            kept[case] = [name for name in values if name in set(largest[:MOST])]
    lines = [(case, name) for case in cases for name in kept[case]]
    its = [row for case in cases for row in rows[case] if row.node in set(kept[case])]
    of_lines = [values[name] for _, name in lines]
    shown = lay_out(its, lines, run.scenario.plan.confidences, of_lines, view="standalone")
    caption = f"positions standing alone, in {unit_in(run, shown.scale[0])} and in per cent of their value"
    tables = _by_case(shown, lines, caption, "position")
    if not figure:
        return tables
    return {
        case: table._replace(
            rest=_rest(rows[case], values, set(kept[case]), shown),
            words=f"Shown are the {MOST} positions with the largest {figure}; the rest are summed, each on its own.",
        )
        for case, table in tables.items()
    }


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


def _by_case(shown: Layout, lines: Sequence[tuple[str, str]], caption: str, what: str) -> dict[str, Table]:
    """The lines of each case as a table of their own, without columns that are empty there."""
    tables = {}
    for case in dict.fromkeys(case for case, _ in lines):
        numbers = [i for i, (its, _) in enumerate(lines) if its == case]
        blocks = [Block(block.title, block.heads, [block.cells[i] for i in numbers]) for block in shown.blocks]
        blocks = [block for block in blocks if any(map(any, block.cells))]
        marks = [shown.marks[i] for i in numbers]
        names = [lines[i][1] for i in numbers]
        cells = [cell for block in blocks for row in block.cells for cell in row]
        used = set(re.findall(r"\[\d+\]", " ".join([*cells, *marks])))
        notes = [(f"[{i}]", note) for i, note in enumerate(shown.notes, 1) if f"[{i}]" in used]
        tables[case] = Table(f"{case}: {caption}", what, names, blocks, marks, notes)
    return tables


def _rest(
    rows: Sequence[Row], values: dict[str, float], kept: set[str], shown: Layout
) -> tuple[str, list[tuple[str, ...]]]:
    """What the positions that are not kept come to, each by itself; nothing where one has no figure."""
    power, decimals = shown.scale
    left = [name for name in values if name not in kept]
    total = math.fsum(values[name] for name in left)
    digits = decimals if any("." in cell for (cell,) in shown.blocks[0].cells) else 0
    cells: list[tuple[str, ...]] = [(amount(total, power, digits),)]
    found: dict[Figure, list[float | None]] = {}
    for row in rows:
        if row.node not in kept and row.measure != "mean":
            found.setdefault((row.measure, row.confidence), []).append(row.value)
    for figures in found.values():
        told = [figure for figure in figures if figure is not None]
        if len(told) < len(figures):
            cells.append(("", ""))
            continue
        figure = math.fsum(told)
        share = f"{100.0 * figure / total:z.2f}" if total > 0.0 else ""
        cells.append((amount(figure, power, decimals), share))
    return f"the other {counted(len(left), 'position')}", cells
