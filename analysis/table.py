"""The table that `simcore run` prints: one line a case and pool, to be read without a manual."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from analysis.bounded_tails import bounded_of, bounded_words
from analysis.comparison import Row
from analysis.estimation import Drawn
from analysis.panels import Block, Notes, panels_of
from analysis.standalone import Figure, RelativeTo
from analysis.text import amount, amount_scale, figure_name, per_cent, power_name, wrapped
from scenarios.repairs import Repaired, repair_words
from scenarios.words import plan_words
from simcore.case import Case, Plan

NO_CURRENCY = "units of currency"
OF_A_RUN = ("loss over the horizon", "paths", "simulation error")  # what `meanings` says of
NO_SHARE = "no per cent: its value is not above 0"


def render(
    rows: Sequence[Row],
    cases: Sequence[Case],
    plan: Plan,
    *,
    name: str,
    description: str = "",
    currency: str = "",
    relative_to: RelativeTo = "start",
    repairs: Sequence[Repaired] = (),
    drawn: Drawn | None = None,
) -> str:
    """The table as text.

    Parameters
    ----------
    rows : sequence of Row
        As `analysis.rows` gives them.
    cases : sequence of Case
    plan : Plan
    name, description, currency : str
        Of the scenario.
    relative_to : {"start", "mean"}
        What the rows were made with.
    repairs : sequence of scenarios.repairs.Repaired
        The correlation matrices that were not simulated as they are written: told above the table and below.
    drawn : Drawn, optional
        What the intervals of estimation come from, which follow in a table of their own.

    Returns
    -------
    str
        Where pools are nested there are two benefits: of all positions below, and of the members. Columns that do not
        fit into 120 characters follow in a table of their own.
    """
    values = [math.fsum(p.value for p in c.pools.positions_below(q.name)) for c in cases for q in c.pools.pools]
    lines = [(case.name, pool.name) for case in cases for pool in case.pools.pools]
    shown = lay_out(rows, lines, plan.confidences, values)
    unit = shown.unit + (currency or NO_CURRENCY)
    described = in_one_line(description)
    losses = loss_words(unit, relative_to, "of this table " if drawn else "")
    head = wrapped([f"{name}: {described}" if described else name, plan_words(plan), *losses])
    words = foot(shown, *OF_A_RUN)
    if bounded := bounded_of(cases, plan):
        words += "\n" + wrapped([bounded_words(bounded)])
    if repairs:
        repaired = ", ".join(dict.fromkeys(one.case for one in repairs))
        said = f"REPAIRED: not all correlations are those written, in {repaired}: see below the table."
        head += "\n" + wrapped([said])
        words += "\n" + wrapped([f"REPAIRED: {repair_words(one)}." for one in repairs], indent="    ")
    intervals = [wrapped([estimation_words(drawn)]), *shown.estimation] if drawn else []
    return "\n\n".join([head, *shown.panels, *intervals, words]) + "\n"


def estimation_words(drawn: Drawn) -> str:
    """What the table of the intervals of estimation is, in one sentence."""
    blocks = "row by row" if drawn.mean_block == 1.0 else f"in blocks of {drawn.mean_block:g} rows on average"
    return (
        f"Estimation: 95 % intervals from not knowing the parameters: {drawn.replicates:,} histories drawn again from "
        f"the rows of the one there was, {blocks}, estimated and simulated anew ({drawn.paths:,} paths each)."
    )


class Layout(NamedTuple):
    """The tables themselves, and what is to be said above and below them.

    unit : the power of 1000 that amounts are in, to stand before the currency; errors : relative standard errors of the
    amounts; nested : whether there are two benefits; notes : by their number, from 1; estimation : the tables of the
    intervals of estimation; blocks, estimated : the columns of both kinds of tables; marks : of the notes at the end of
    each line; scale : of amounts, as `analysis.text.amount` takes it
    """

    panels: list[str]
    unit: str
    judged: Figure
    errors: list[float]
    nested: bool
    notes: list[str]
    estimation: list[str]
    blocks: list[Block]
    estimated: list[Block]
    marks: list[str]
    scale: tuple[int, int]


def lay_out(
    rows: Sequence[Row],
    lines: Sequence[tuple[str, str]],
    confidences: Sequence[float],
    values: Sequence[float] | None = None,
    *,
    view: str = "pooled",
    scale: tuple[int, int] | None = None,
) -> Layout:
    """The rows as tables, a line for each case and pool.

    Parameters
    ----------
    rows : sequence of Row
    lines : sequence of (case, pool)
    confidences : sequence of float
    values : sequence of float, optional
        Of the pool of each line, for a column of them and the amounts in per cent; without them there is neither.
    view : {"pooled", "standalone"}
        Of pools, or of positions, which have no benefit.
    scale : tuple of int, optional
        Of amounts, as `analysis.text.amount` takes it; what they need when absent.
    """
    cell = {(row.case, row.node, row.view, row.measure, row.confidence): row for row in rows}
    figures: list[Figure] = [("volatility", None)]
    figures += [(measure, c) for c in confidences for measure in ("value_at_risk", "expected_shortfall")]
    judged = ("expected_shortfall", max(confidences))
    pooled = {figure: [cell[*line, view, *figure] for line in lines] for figure in figures}
    amounts = [row.value for column in pooled.values() for row in column if row.value is not None]
    power, decimals = scale or amount_scale(values or (), amounts)
    notes = Notes(len(lines))

    blocks = [] if values is None else [_value_block(values, power, decimals)]
    for figure, column in pooled.items():
        blocks.append(_figure_block(figure_name(*figure), column, values, power, decimals, notes))
    by_member = [cell.get((*line, "benefit", *judged)) for line in lines]
    by_position = [cell.get((*line, "benefit_assets", *judged)) for line in lines]
    benefits = [deep or flat for deep, flat in zip(by_position, by_member, strict=True)]
    nested = any(by_position)
    if any(benefits):
        blocks.append(benefit_block("benefit of assets" if nested else "benefit", benefits, notes))
    members = [flat if deep else None for deep, flat in zip(by_position, by_member, strict=True)]
    if nested:
        blocks.append(benefit_block("benefit of members", members, notes))

    panels = panels_of(lines, blocks, notes)
    estimated = [_estimation_block(figure_name(*figure), column, power, decimals) for figure, column in pooled.items()]
    if any(benefits):
        estimated.append(_estimation_block("benefit of assets, %" if nested else "benefit, %", benefits, None, 1))
    if nested:
        estimated.append(_estimation_block("benefit of members, %", members, None, 1))
    estimation = panels_of(lines, estimated, notes)
    figured = [row for column in pooled.values() for row in column]
    errors = [row.std_error / abs(row.value) for row in figured if row.std_error and row.value]
    marks = ["".join(marked) for marked in notes.line]
    said = (panels, power_name(power), judged, errors, nested, list(notes.numbers), estimation)
    return Layout(*said, blocks, estimated, marks, (power, decimals))


def _value_block(values: Sequence[float], power: int, decimals: int) -> Block:
    digits = 0 if all((value / 1000.0**power).is_integer() for value in values) else decimals
    return Block("", ("value",), [(amount(value, power, digits),) for value in values])


def _figure_block(
    title: str, column: Sequence[Row], values: Sequence[float] | None, power: int, decimals: int, notes: Notes
) -> Block:
    cells = []
    for i, row in enumerate(column):
        if row.value is None:
            cells.append((notes.mark(row.note or ""), ""))
            continue
        notes.caution(i, row.note)
        value = values[i] if values is not None else math.inf
        if value <= 0.0:
            notes.caution(i, NO_SHARE)
        share = f"{100.0 * row.value / value:z.2f}" if value > 0.0 else ""
        cells.append((amount(row.value, power, decimals), share))
    if values is None:
        return Block(title, ("amount",), [(one,) for one, _ in cells])
    return Block(title, ("amount", "%"), cells)


def benefit_block(title: str, column: Sequence[Row | None], notes: Notes) -> Block:
    """The columns of a benefit and its interval, in per cent; empty where there is no row."""
    cells = []
    for i, row in enumerate(column):
        if row is None:
            cells.append(("", ""))
        elif row.value is None:
            cells.append((notes.mark(row.note or ""), ""))
        else:
            notes.caution(i, row.note)
            cells.append((f"{100.0 * row.value:z.1f}", interval_words(row)))
    return Block(title, ("%", "95 % interval"), cells)


def interval_words(row: Row) -> str:
    """The interval of a benefit in per cent; nothing where there is none."""
    ends = ["none" if end is None else f"{100.0 * end:z.1f}" for end in (row.low, row.high)]
    return "" if row.low is None and row.high is None else f"[{', '.join(ends)}]"


def _estimation_block(title: str, column: Sequence[Row | None], power: int | None, decimals: int) -> Block:
    """Intervals of amounts in the `power` of 1000 of the table, or of benefits in per cent, without one."""

    def shown(figure: float) -> str:
        return f"{100.0 * figure:z.{decimals}f}" if power is None else amount(figure, power, decimals)

    cells = []
    for row in column:
        low, high = (row.estimation_low, row.estimation_high) if row else (None, None)
        cells.append(("" if low is None or high is None else f"[{shown(low)}, {shown(high)}]",))
    return Block(title, ("95 % interval",), cells)


def in_one_line(text: str) -> str:
    """`text` without line breaks and what cannot be seen."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())


def loss_words(unit: str, relative_to: RelativeTo, of: str = "") -> list[str]:
    """What losses are in, and relative to; `of` which tables errors and intervals are simulation error only."""
    lines = [
        f"Losses in {unit}, and in per cent of the pool's value. Errors and intervals {of}are simulation error only."
    ]
    if relative_to == "mean":
        lines.append("VaR and ES are relative to the expected loss: how much worse than expected, not than the start.")
    return lines


def foot(shown: Layout, loss: str, rows: str, error: str) -> str:
    """`meanings` and the notes, as the lines below a table."""
    notes = [f"[{number}] {note}" for number, note in enumerate(shown.notes, 1)]
    return wrapped([*meanings(shown, loss, rows, error), *notes], indent="    ")


def meanings(shown: Layout, loss: str, rows: str, error: str) -> list[str]:
    """What the columns mean: of which loss, `rows`: what is equally likely, `error`: what standard errors are of."""
    at = shown.judged[1] or 0.0
    c, tail, es = per_cent(at), per_cent(at, tail=True), figure_name(*shown.judged)
    words = [
        f"volatility: the standard deviation of the {loss}.",
        f"VaR {c} %: the loss that is exceeded with a probability of {tail} %.",
        f"{es}: the average loss in the worst {tail} % of the {rows}.",
    ]
    benefit = f"how far {es} lies below the sum of the positions' own; negative: it hurts."
    if shown.nested:
        words.append(f"benefit of assets (benefit_assets): {benefit}")
        words.append("benefit of members (benefit): the same, against the members' own: what this level adds.")
    else:
        words.append(f"benefit: {benefit}")
    if shown.errors:
        most = 100.0 * max(shown.errors)
        words.append(f"{error}: the standard error of an amount is at most {most:.2g} % of it.")
    return words
