"""What is wrong with the cells of a table: one message for each column, which names lines and dates."""

from collections.abc import Iterable
from typing import NamedTuple

from scenarios.messages import toml_text
from simcore.errors import Problem, some

MOST_COLUMNS = 12  # that are named one by one
MANY = 0.25  # of all cells: so many have one cause, and are told as one
_MOST_CELLS = 5


class Cell(NamedTuple):
    """What stands in a cell that is wrong, and where."""

    column: str
    what: str
    line: int
    date: str


def place_of(column: str) -> str:
    """How messages call a column."""
    return f"column {toml_text(column)}"


def by_column(file: str, cells: Iterable[Cell], allowed: str, remedy: str) -> list[Problem]:
    """One problem for each column of the `cells`; beyond the first columns, one for the rest."""
    columns: dict[str, list[str]] = {}
    for cell in cells:
        date = f" ({cell.date})" if cell.date else ""
        columns.setdefault(cell.column, []).append(f"{cell.what} in line {cell.line}{date}")
    told = [
        Problem(place_of(name), some(found, _MOST_CELLS), allowed, remedy, file)
        for name, found in list(columns.items())[:MOST_COLUMNS]
    ]
    rest = list(columns)[MOST_COLUMNS:]
    if rest:
        told.append(Problem("further columns", f"the same in {some(rest)}", allowed, remedy, file))
    return told


def as_one(file: str, cells: list[Cell], allowed: str, remedy: str) -> Problem:
    """One problem for all `cells`, which have one cause."""
    first = cells[0]
    value = f"{len(cells)} cells, as {first.what} in line {first.line}, {place_of(first.column)}"
    return Problem("figures", value, allowed, remedy, file)
