"""A portfolio file: CSV with a line for each position. Read once, and everything wrong with it said by its line.

Columns name, asset, value and, if wanted, pool, in any order. Nothing is guessed: commas between the cells, points in
decimals, no signs of thousands or currencies. Blanks around a cell and blank lines do not count.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from scenarios.files import File, Reference, content_of
from scenarios.messages import toml_text, unknown_name
from scenarios.numerals import NUMERALS
from simcore.border import NAME, is_name
from simcore.errors import InputError, Problem, closest
from simcore.pools import LARGEST_VALUE

REQUIRED, OPTIONAL = ("name", "asset", "value"), ("pool",)
MOST_SAID = 20  # mistakes of one file
_COLUMNS = "the columns name, asset, value and, if wanted, pool"


class Holding(NamedTuple):
    """One line: a position, and the pool it is in, empty for none."""

    line: int
    name: str
    asset: str
    value: float
    pool: str


def read_portfolio(
    file: File, reference: Reference, assets: Iterable[str]
) -> tuple[tuple[Holding, ...], list[Problem]]:
    """The lines of a portfolio file that the `reference` names, of positions in these assets; or what is wrong."""
    try:
        text = content_of(file, reference, ".csv").decode("utf-8-sig")
    except InputError as error:
        return (), list(error.problems)
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        value = f"byte 0x{error.object[error.start]:02x}"
        return (), [Problem(f"line {line}", value, "text in UTF-8", "save the file as CSV in UTF-8", file.label)]
    rows, problems = _rows(text)
    if not problems:
        problems = _check_header(rows[0]) if rows else [_nothing("empty")]
    if problems:
        return (), [replace(problem, file=file.label) for problem in problems]
    column = {name: i for i, name in enumerate(rows[0].cells)}
    known, holdings = list(assets), []
    for row in rows[1:]:
        found = _check_row(row, column, known)
        problems += found
        if not found:
            pool = row.cells[column["pool"]] if "pool" in column else ""
            name, asset, value = (row.cells[column[key]] for key in REQUIRED)
            holdings.append(Holding(row.line, name, asset, float(value), pool))
    if len(rows) == 1:
        problems.append(_nothing("no positions"))
    rest = len(problems) - MOST_SAID
    if rest > 0:
        more = Problem("file", f"{rest} more mistakes", "a file without mistakes", "correct these first")
        problems = [*problems[:MOST_SAID], more]
    return tuple(holdings), [replace(problem, file=file.label) for problem in problems]


class _Row(NamedTuple):
    line: int
    cells: tuple[str, ...]


def _rows(text: str) -> tuple[list[_Row], list[Problem]]:
    """The lines that are not blank, the header first."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows = []
    try:
        for row in reader:
            cells = tuple(cell.strip() for cell in row)
            if any(cells):
                rows.append(_Row(reader.line_num, cells))
    except csv.Error as error:
        remedy = "close every double quote, and write one inside a quoted cell twice"
        return [], [Problem(f"line {reader.line_num}", f"no CSV ({error})", "cells between commas", remedy)]
    return rows, []


def _check_header(header: _Row) -> list[Problem]:
    place = f"line {header.line}"
    if len(header.cells) == 1 and re.search(r"[;\t|]", header.cells[0]):
        remedy = "save the file with commas between the cells, and with points in decimals"
        return [Problem(place, toml_text(header.cells[0]), "commas between the cells", remedy)]
    known = [*REQUIRED, *OPTIONAL]
    problems = []
    for i, name in enumerate(header.cells):
        if name in header.cells[:i]:
            problems.append(Problem(f"{place}, column {i + 1}", toml_text(name), "each column once", "remove one"))
        elif name not in known:
            meant = closest(name, known) if name else None
            remedy = f"did you mean {toml_text(meant)}?" if meant else "name the columns in the first line, no others"
            problems.append(Problem(f"{place}, column {i + 1}", toml_text(name), _COLUMNS, remedy))
    missing = [name for name in REQUIRED if name not in header.cells]
    if missing and not problems:
        remedy = "name the columns in the first line of the file"
        problems.append(Problem(place, f"no column {' and no column '.join(missing)}", _COLUMNS, remedy))
    return problems


def _check_row(row: _Row, column: dict[str, int], assets: Sequence[str]) -> list[Problem]:
    place = f"line {row.line}"
    if len(row.cells) != len(column):
        remedy = "text with a comma stands between double quotes, and thousands have no comma: 1000"
        return [Problem(place, f"{len(row.cells)} cells", f"{len(column)} cells, as in the header", remedy)]
    name, asset, value = (row.cells[column[key]] for key in REQUIRED)
    pool = row.cells[column["pool"]] if "pool" in column else ""
    problems = []
    if not is_name(name):
        shown = toml_text(name) if name else "(empty)"
        problems.append(Problem(f"{place}, name", shown, NAME, "name the position; the asset's name will do"))
    if asset not in assets:
        problem = unknown_name(f"{place}, asset", asset, assets, "an asset")
        problems.append(problem if asset else replace(problem, value="(empty)", remedy="name the asset"))
    problems += _check_value(f"{place}, value", value)
    if pool and not is_name(pool):
        problems.append(Problem(f"{place}, pool", toml_text(pool), NAME, "correct it, or leave it empty for no pool"))
    return problems


def _check_value(place: str, text: str) -> list[Problem]:
    allowed = f"a number in the currency, at most {LARGEST_VALUE:g} in size, as 100000 or -2500.75"
    if NUMERALS["."].fullmatch(text):
        if abs(float(text)) <= LARGEST_VALUE:
            return []
        remedy = "give the exposure in the currency"
    elif re.fullmatch(r"[+-]?\d{1,3}([,_' ]\d{3})+(\.\d*)?", text):
        remedy = f"thousands have no sign between them: {re.sub(r'[^0-9.+-]', '', text)}"
    elif re.fullmatch(r"[+-]?\d+,\d*", text):
        remedy = f"decimals have a point: {text.replace(',', '.')}"
    elif text.startswith("(") and text.endswith(")"):
        remedy = "a short position has a minus: -100"
    else:
        remedy = "write the number alone, without currency or per cent; 0 holds nothing"
    return [Problem(place, toml_text(text) if text else "(empty)", allowed, remedy)]


def _nothing(what: str) -> Problem:
    return Problem("file", what, f"a line with {_COLUMNS}, and a line for each position", "write the positions")
