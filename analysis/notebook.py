"""What a notebook shows of results: the table of a run and an estimate, as HTML.

Figures are those of the text table (analysis.table), digit for digit. scenarios.notebook shows scenarios, and says how
names with markup stay text and why no colour is set.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from analysis.bounded_tails import bounded_of, bounded_words
from analysis.estimation import drawn_of
from analysis.lookup import shown_cases
from analysis.report.headline import headline_of
from analysis.table import (
    NO_CURRENCY,
    OF_A_RUN,
    estimation_words,
    in_one_line,
    lay_out,
    loss_words,
    meanings,
)
from analysis.text import amount, counted
from scenarios.notebook import cell, paragraph, shown, table
from scenarios.words import plan_words

if TYPE_CHECKING:
    from analysis.estimate import Estimate
    from analysis.panels import Block
    from analysis.runs import Run

MOST_LINES = 60  # of a table that is looked at in passing


def run_html(run: Run) -> str:
    """The table of a run: a line for each case and pool, volatility, VaR and ES, and the benefit with its interval.

    Where these are more than `MOST_LINES` only the pool of most positions has a line in each case; of more cases than
    that the first has one, and those with the lowest benefits, as in a report. What is left out is told.
    """
    scenario = run.scenario
    every = [(case.name, pool.name) for case in scenario.cases for pool in case.pools.pools]
    lines = every if len(every) <= MOST_LINES else _lines(run)
    trees = {case.name: case.pools for case in scenario.cases}
    values = [math.fsum(p.value for p in trees[case].positions_below(pool)) for case, pool in lines]
    laid = lay_out(run.rows, lines, scenario.plan.confidences, values)
    unit, drawn = laid.unit + (scenario.currency or NO_CURRENCY), drawn_of(scenario)
    losses = loss_words(unit, scenario.relative_to, "of this table " if drawn else "")
    told = f"{scenario.name}: {in_one_line(scenario.description)}".removesuffix(": ")
    parts = [paragraph(line) for line in (told, plan_words(scenario.plan), *losses)]
    parts += [paragraph(f"caution: {caution}") for caution in scenario.cautions]
    parts.append(_table(lines, laid.blocks, laid.marks))
    if len(lines) < len(scenario.cases):
        parts.append(paragraph(f"Shown are the first case and the {len(lines) - 1} with the lowest benefits."))
    if left_out := len(every) - len(lines):
        parts.append(paragraph(f"{counted(left_out, 'line')} left out: Run.rows has every figure."))
    if drawn:
        parts += [paragraph(estimation_words(drawn)), _table(lines, laid.estimated, [""] * len(lines))]
    parts += [paragraph(f"[{number}] {note}") for number, note in enumerate(laid.notes, 1)]
    if bounded := bounded_of(scenario.cases, scenario.plan):
        parts.append(paragraph(bounded_words(bounded)))
    meant = "".join(map(paragraph, meanings(laid, *OF_A_RUN)))
    return shown(*parts, f"<details><summary>What the columns mean</summary>{meant}</details>")


def estimate_html(estimate: Estimate) -> str:
    """The value of an estimate and its interval, to the second digit of its error, and its note."""
    value, error = estimate.value, estimate.std_error
    if value is None:
        return shown(paragraph(f"no figure: {estimate.note}"))
    if not error:
        said = f"{value:,.10g}" + (", standard error 0" if error == 0.0 else "")
    else:
        decimals = max(0, 1 - math.floor(math.log10(error)))
        low, high = ("none" if end is None else amount(end, 0, decimals) for end in (estimate.low, estimate.high))
        interval = "" if low == high == "none" else f", 95 % interval [{low}, {high}]"
        said = f"{amount(value, 0, decimals)}{interval}, standard error {amount(error, 0, decimals)}"
    return shown(paragraph(said), paragraph(estimate.note) if estimate.note else "")


def _lines(run: Run) -> list[tuple[str, str]]:
    """Case and pool of each line, where those of all are too many."""
    headline = headline_of(run)
    return [(case, headline.pool) for case in shown_cases(headline.benefit, MOST_LINES)]


def _table(lines: Sequence[tuple[str, str]], blocks: Sequence[Block], marks: Sequence[str]) -> str:
    noted = any(marks)
    titles = [cell(b.title, head="colgroup", columns=len(b.heads)) for b in blocks]
    heads = [cell(head, head="col") for block in blocks for head in block.heads]
    end = [cell("")] if noted else []
    above = [[cell(""), *titles, *end], [cell("pool", head="col", left=True), *heads, *end]]
    return table(above, _body(lines, blocks, marks if noted else None))


def _body(
    lines: Sequence[tuple[str, str]], blocks: Sequence[Block], marks: Sequence[str] | None
) -> Iterator[list[str]]:
    """A line that names each case, and the pools under it."""
    columns = 1 + sum(len(block.heads) for block in blocks) + (marks is not None)
    named = None
    for i, (case, pool) in enumerate(lines):
        if case != named:
            named = case
            yield [cell(case, head="rowgroup", columns=columns, left=True)]
        cells = [cell(text) for block in blocks for text in block.cells[i]]
        yield [cell(pool, head="row", left=True), *cells, *([cell(marks[i])] if marks is not None else [])]
