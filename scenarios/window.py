"""Past returns: the rows of a window, and what is wrong with them.

Nothing is filled, dropped or clipped in silence: what cannot be meant is refused with line, date and column, what is
allowed and seldom meant becomes a caution.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from scenarios.history import History
from scenarios.messages_of_tables import MANY, Cell, as_one, by_column, place_of
from scenarios.past_table import PastTable
from simcore.errors import Problem, some
from simcore.market import Compounding

LARGE_MOVE = 0.5  # of one period; allowed, and told
_SLACK = 7  # days by which a window may begin or end beyond the file, and rows be apart: a weekend, a holiday
_HOLE = 4  # times the usual step between two dates: a longer one, beyond a week, is told
_ROUNDING = 2.0**-48  # of 1 + r, 16 units in the last place: two prices, their quotient and its logarithm are rounded
_OFF = 1.25  # by this factor the rows of a year may differ from periods_per_year, untold
_FAR_OFF, _SURE = 2.0, 10  # by this one where rows are fewer, which a weekend or a short month moves

Kind = Literal["returns", "prices"]
Gaps = Literal["drop", "pairwise"] | None


@dataclass(frozen=True)
class Window:
    """Which rows of a table count, and how they are read.

    Attributes
    ----------
    place : str
        The key path of what asks for the window, for the messages.
    kind : {"returns", "prices"}
    compounding : {"log", "simple"}
    periods_per_year : float
    start, end : date, optional
        The first and the last that count; without them the file's own.
    gaps : {"drop", "pairwise"}, optional
        Without it a gap is refused.
    shrunk : bool
        Whether the estimator shrinks correlations, so that few rows are none too few.
    drawn : bool
        Whether the rows themselves are the law, so that no estimator changes how they are correlated.
    """

    place: str
    kind: Kind
    compounding: Compounding
    periods_per_year: float
    start: date | None = None
    end: date | None = None
    gaps: Gaps = None
    shrunk: bool = False
    drawn: bool = False


def window_of(table: PastTable, window: Window) -> tuple[History | None, list[Problem]]:
    """The returns of a window, or all that is wrong with it.

    Of prices, a return is that from one row to the next, whichever dates they have, and belongs to the later one: the
    first return of a window begins at the last price before it. Where one of the two prices is missing there is a gap.
    """
    first = 1 if window.kind == "prices" else 0
    start, end = window.start or date.min, window.end or date.max
    chosen = np.array([i for i in range(first, len(table.dates)) if start <= table.dates[i] <= end], dtype=np.intp)
    if problem := _misplaced(table, window, len(chosen)):
        return None, [problem]
    problems = _refused(table, window, chosen)
    if problems:
        return None, problems
    values = table.values
    with np.errstate(over="ignore"):
        returns = values[chosen] if window.kind == "returns" else values[chosen] / values[chosen - 1] - 1.0
    problems = _beyond_loss(table, window, chosen, returns)
    gap = np.isnan(returns)
    said = []
    if window.gaps == "drop" and gap.any():
        kept = ~gap.any(axis=1)
        dropped = [str(table.dates[i]) for i in chosen[~kept]]
        said.append(f"{len(dropped)} of {len(chosen)} rows are left out for their gaps: {some(dropped, 5)}")
        chosen, returns = chosen[kept], returns[kept]
    elif window.gaps == "pairwise" and gap.any():
        counts = [f"{name} {n}" for name, n in zip(table.names, (~gap).sum(axis=0), strict=True) if n < len(returns)]
        said.append(f"gaps: of {len(chosen)} rows these have fewer: {some(counts, 5)}")
    if problem := _too_few(window, len(chosen)):
        return None, [*problems, problem]
    if problems := [*problems, *_still(table, returns)]:
        return None, problems
    said += _cautions(table, window, chosen, returns)
    dates = tuple(table.dates[i] for i in chosen)
    cautions = tuple(f"{table.file}: {one}" for one in said)
    return History(table.file, table.names, dates, returns, window.periods_per_year, cautions, table.digest), []


def _misplaced(table: PastTable, window: Window, count: int) -> Problem | None:
    if window.start and window.end and window.start > window.end:
        value, remedy = f"{window.start} to {window.end}", "exchange the two dates"
        return Problem(window.place, value, "a start that is not after the end", remedy)
    if count < 2 and not window.start and not window.end:
        rows = f"{len(table.dates)} {'row' if len(table.dates) == 1 else 'rows'} of {window.kind}"
        allowed = "three rows of prices or more, for two returns" if window.kind == "prices" else "two rows or more"
        return Problem("file", rows, allowed, "add rows", table.file)
    if count < 2:
        value = f"{window.start or table.dates[0]} to {window.end or table.dates[-1]}, with {count} returns"
        allowed = f"a window with two rows or more; {table.file} goes from {table.dates[0]} to {table.dates[-1]}"
        return Problem(window.place, value, allowed, "correct start and end, or the file")
    return None


def _too_few(window: Window, count: int) -> Problem | None:
    if count >= 2:
        return None
    remedy = 'fill gaps, leave out the assets that have most of them, or write gaps = "pairwise"'
    return Problem(window.place, f"{count} rows without a gap", "two rows or more", remedy)


def _refused(table: PastTable, window: Window, chosen: NDArray[np.intp]) -> list[Problem]:
    """Gaps that nothing is said about, and prices of which no return can be taken."""
    used = np.union1d(chosen, chosen - 1) if window.kind == "prices" else chosen
    problems = []
    if window.kind == "prices":
        below = [_cell(table, i, j, f"{table.values[i, j]:g}") for i, j in _where(table.values <= 0.0, used)]
        if len(below) > MANY * len(used) * len(table.names):
            problems.append(as_one(table.file, below, "prices above 0", 'of returns write kind = "returns"'))
        else:
            remedy = "correct the price, or leave the cell empty (see gaps)"
            problems += by_column(table.file, below, "prices above 0", remedy)
    if window.gaps is None:
        gaps = [_cell(table, i, j, "no figure") for i, j in _where(np.isnan(table.values), used)]
        allowed = "a figure in every row of the window"
        remedy = 'fill the gaps, or write gaps = "drop" (rows with a gap are left out) or gaps = "pairwise"'
        problems += by_column(table.file, gaps, allowed, remedy)
    return problems


def _beyond_loss(
    table: PastTable, window: Window, chosen: NDArray[np.intp], returns: NDArray[np.float64]
) -> list[Problem]:
    """Returns that lose more than everything; a log return does not exist for those that lose all."""
    log = window.compounding == "log"
    lost = returns <= -1.0 if log else returns < -1.0
    wrong = [(int(chosen[i]), int(j), returns[i, j]) for i, j in np.argwhere(lost | np.isinf(returns))]
    if window.kind == "prices":  # above 0, and too far apart for their ratio
        v = table.values
        cells = [_cell(table, i, j, f"{v[i - 1, j]:g} to {v[i, j]:g}") for i, j, _ in wrong]
        return by_column(
            table.file, cells, "two prices with a finite return above -1 between them", "correct one of the two"
        )
    cells = [_cell(table, i, j, f"{value:g}") for i, j, value in wrong]
    allowed = "finite returns above -1" if log else "finite returns from -1"
    remedy = '1 % is written 0.01, so -1 is a loss of all; of prices write kind = "prices"'
    return by_column(table.file, cells, allowed, remedy)


def _still(table: PastTable, returns: NDArray[np.float64]) -> list[Problem]:
    """Columns whose returns do not differ by more than rounding in the window: what is left has no correlation."""
    problems = []
    for name, column in zip(table.names, returns.T, strict=True):
        seen = column[~np.isnan(column)]
        if np.isinf(seen).any():  # which is told
            continue
        if len(seen) < 2:
            value, remedy = f"{len(seen)} returns", "fill the column, or leave it out of the file"
            problems.append(Problem(place_of(name), value, "two returns or more in the window", remedy, table.file))
        elif np.ptp(seen) <= _ROUNDING * (1.0 + np.abs(seen).max()):
            rounded = ", up to rounding" if seen.min() < seen.max() else ""
            value = f"{len(seen)} returns, all of them {seen[0]:g}{rounded}"
            remedy = "leave the column out of the file: an asset of constant returns has no correlation"
            problems.append(Problem(place_of(name), value, "returns that differ in the window", remedy, table.file))
    return problems


def _cautions(
    table: PastTable, window: Window, chosen: NDArray[np.intp], returns: NDArray[np.float64]
) -> Iterable[str]:
    moves = np.argwhere(np.abs(returns) > LARGE_MOVE)
    if len(moves):
        told = some([f"{table.names[j]} {returns[i, j]:+.4g} on {table.dates[chosen[i]]}" for i, j in moves], 5)
        yield f"moves over {100 * LARGE_MOVE:g} % in one period: {told}"
    periods, n = returns.shape
    if periods <= n and not window.shrunk:
        remedy = "" if window.drawn else '; estimator = "ledoit_wolf" shrinks it'
        yield (
            f"{periods} rows for {n} assets: the sample correlation is singular, and some mix of them seems "
            f"riskless{remedy}"
        )
    dates = table.dates
    years = (dates[chosen[-1]] - dates[chosen[0]]) / timedelta(days=365.25)
    a_year = (len(chosen) - 1) / years
    off = _OFF if len(chosen) >= _SURE else _FAR_OFF
    if len(chosen) >= 3 and not 1 / off < a_year / window.periods_per_year < off:
        yield f"about {a_year:.3g} rows a year, but periods_per_year = {window.periods_per_year:g}"
    steps = [(later - earlier).days for earlier, later in pairwise(dates)]
    usual = sorted(steps)[len(steps) // 2]
    yield from _holes(table, window, chosen, usual)
    slack = timedelta(days=max(_SLACK, 2 * usual))
    if window.start and dates[0] - window.start > slack:
        yield f"start = {window.start}, but the file begins at {dates[0]}"
    if window.end and window.end - dates[-1] > slack:
        yield f"end = {window.end}, but the file ends at {dates[-1]}"


def _holes(table: PastTable, window: Window, chosen: NDArray[np.intp], usual: int) -> Iterable[str]:
    """Long steps between the rows of the file in the window; a row that was dropped is none, and told by itself."""
    prices = window.kind == "prices"
    dates = table.dates[chosen[0] - prices : chosen[-1] + 1]
    longest = max(_SLACK, _HOLE * usual)
    holes = [(one, other) for one, other in pairwise(dates) if (other - one).days > longest]
    if holes:
        days = [(other - one).days for one, other in holes]
        places = "place" if len(holes) == 2 else "places"
        more = f", and in {len(holes) - 1} more {places}, {max(days)} days at most" if len(holes) > 1 else ""
        after = "the return over it counts as one period" if prices else "rows on both sides of it count as neighbours"
        first = f"{holes[0][0]} and {holes[0][1]} ({days[0]} days, where the usual step is {usual})"
        yield f"no rows between {first}{more}; {after}"


def _where(wrong: NDArray[np.bool_], rows: NDArray[np.intp]) -> Iterable[tuple[int, int]]:
    return ((int(rows[i]), int(j)) for i, j in np.argwhere(wrong[rows]))


def _cell(table: PastTable, row: int, column: int, what: str) -> Cell:
    return Cell(table.names[column], what, table.lines[row], str(table.dates[row]))
