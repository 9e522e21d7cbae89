"""Tables of past returns or prices: a header, dates down, assets across, from CSV or Parquet.

The form is fixed and nothing is sniffed but the separator, from the header: a tab where there is one, else a semicolon,
else the comma. An empty cell is a gap, and so are -, NA, N/A, #N/A, NaN, null and none; every other text is refused.
"""

import csv
import hashlib
import io
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.dates import read_date, remedy_for
from scenarios.files import File, Reference, content_of
from scenarios.messages import same_letters, toml_text
from scenarios.messages_of_tables import MANY, Cell, as_one, by_column, place_of
from scenarios.numerals import NUMERALS, is_gap
from scenarios.sizes import MOST_DATES, check_lines, check_pairs
from simcore.border import NAME, is_name
from simcore.errors import InputError, Problem, closest, raise_if_any, some

_FEWER = "keep the later dates, or fewer of them"
_PARQUET = (".parquet", ".pq")


@dataclass(frozen=True, eq=False)
class PastTable:
    """Figures of n assets by date, as a file holds them.

    Attributes
    ----------
    file : str
        What messages call it.
    names : tuple of str, length n
    dates : tuple of date, length rows
        Rising.
    values : ndarray, shape (rows, n)
        NaN is a gap.
    lines : tuple of int, length rows
        Where each row stands in the file, from 1.
    digest : str
        SHA-256 of the file's bytes, in hexadecimal; empty of a frame.
    """

    file: str
    names: tuple[str, ...]
    dates: tuple[date, ...]
    values: NDArray[np.float64]
    lines: tuple[int, ...]
    digest: str = ""


def read_table(file: File, reference: Reference, *, decimal: str, date_format: str | None) -> PastTable:
    """The table in a file.

    Raises
    ------
    InputError
        With everything that is wrong with its header, its dates, and the cells that are no numbers.
    """
    parquet = file.path.suffix.lower() in _PARQUET
    content = content_of(file, reference, ".parquet" if parquet else ".csv")
    if parquet:
        table = _read_parquet(content, file.label, reference)
    else:
        problems = check_lines(content, MOST_DATES, "dates", _FEWER)
        raise_if_any([replace(problem, file=file.label) for problem in problems])
        table = _read_csv(_text(content, file.label), file.label, decimal, date_format)
    return replace(table, digest=hashlib.sha256(content).hexdigest())


def _text(content: bytes, label: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        value = f"byte 0x{content[error.start]:02x}"
        raise InputError([Problem(f"line {line}", value, "text in UTF-8", "save the file as UTF-8", label)]) from None


def _read_csv(text: str, label: str, decimal: str, date_format: str | None) -> PastTable:
    rows = _rows(text, label)
    head, _ = next(rows, ([], 0))
    if not head:
        remedy = "write a header, then a row for each date"
        raise InputError([Problem("file", "empty", "a header and rows of dates and figures", remedy, label)])
    raise_if_any(_check_header(head, label, decimal))
    body, lines = [], []
    for row, line in rows:
        body.append(row)
        lines.append(line)
    if not body:
        raise InputError([Problem("file", "a header alone", "a row for each date", "write the rows below it", label)])
    problems = []
    whole = [i for i, row in enumerate(body) if len(row) == len(head)]
    if len(whole) < len(body):
        sizes = zip(map(len, body), lines, strict=True)
        ragged = [f"{size} cells in line {line}" for size, line in sizes if size != len(head)]
        remedy = "correct these lines; a decimal comma in a file that commas separate stands in quotes"
        problems = [Problem("rows", some(ragged, 5), f"{len(head)} cells, as the header has", remedy, label)]
        body, lines = [body[i] for i in whole], [lines[i] for i in whole]
    dates, of_dates = _read_dates([row[0] for row in body], lines, head[0], date_format, label)
    values, of_values = _read_values(body, lines, head, decimal, label)
    raise_if_any(problems + of_dates + of_values)
    return PastTable(label, tuple(head[1:]), tuple(dates), values, tuple(lines))


def _rows(text: str, label: str) -> Iterator[tuple[list[str], int]]:
    """The rows that are not blank, stripped, and the line in which each of them ends."""
    first = re.search(r"[^\r\n]*\S[^\r\n]*", text)
    separator = next((mark for mark in "\t;" if first and mark in first[0]), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield cells, reader.line_num
    except csv.Error as error:
        place, remedy = f"line {reader.line_num}", f"{error}: correct this line, or a quote that is not closed above it"
        raise InputError([Problem(place, "no CSV", "cells with the same separator", remedy, label)]) from None


def _check_header(head: Sequence[str], label: str, decimal: str) -> list[Problem]:
    names = head[1:]
    if not names:
        allowed = "a column of dates, then a column for each asset"
        remedy = "separate columns by commas, semicolons or tabs"
        return [Problem("line 1", f"one column, {toml_text(head[0])}", allowed, remedy, label)]
    if problems := check_pairs(len(names), "line 1"):
        return [replace(problem, remedy="keep the columns that are held", file=label) for problem in problems]
    if all(NUMERALS[decimal].fullmatch(name) or is_gap(name) for name in names) and any(names):
        allowed, remedy = "a header: the names of the columns", "write a first line, as Date,AGG,TLT"
        return [Problem("line 1", f"figures, {some(names, 3)}", allowed, remedy, label)]
    places = [f"line 1, column {j}" for j in range(2, len(head) + 1)]
    problems, first = [], {}
    for place, name in zip(places, names, strict=True):
        if not is_name(name):
            remedy = "name the asset, or remove the column"
            problems.append(Problem(place, toml_text(name), NAME, remedy, label))
        elif name in first:
            allowed = f"each name once ({first[name]} has it)"
            problems.append(Problem(place, toml_text(name), allowed, "rename one of the two", label))
        first.setdefault(name, place)
    alike = same_letters(zip(places, names, strict=True))
    problems += [Problem(p.place, p.value, p.allowed, p.remedy, label) for p in alike]
    return problems


def _read_dates(
    texts: Sequence[str], lines: Sequence[int], column: str, date_format: str | None, label: str
) -> tuple[list[date], list[Problem]]:
    """The dates, or what is wrong with them: first what cannot be read, then their order."""
    dates = [read_date(text, date_format) for text in texts]
    bad = [Cell(column or "Date", toml_text(texts[i]), lines[i], "") for i, day in enumerate(dates) if day is None]
    if bad:
        form = "as 2013-01-31" if date_format is None else f'of the form "{date_format}"'
        remedy = "correct these cells" if len(bad) < len(texts) else remedy_for(texts)
        if len(bad) < len(texts) and (other := remedy_for(texts)).count("date_format = "):
            remedy = other  # some of 03/04/2013 are dates by chance of a wrong form
        return [], by_column(label, bad, f"dates {form}", remedy)
    read = [day for day in dates if day is not None]
    return read, _check_order(read, lines, column or "Date", label)


def _check_order(dates: Sequence[date], lines: Sequence[int], column: str, label: str) -> list[Problem]:
    problems, first = [], {}
    twice = []
    for day, line in zip(dates, lines, strict=True):
        if day in first:
            twice.append(Cell(column, f"{day}, which line {first[day]} has,", line, ""))
        first.setdefault(day, line)
    problems += by_column(label, twice, "each date once", "remove one of the two rows, or correct its date")
    back = [i for i in range(1, len(dates)) if dates[i] < dates[i - 1]]
    if len(back) == len(dates) - 1 and len(back) > 0:
        value, remedy = f"{dates[0]} in line {lines[0]} to {dates[-1]} in line {lines[-1]}", "reverse the rows"
        problems.append(Problem(place_of(column), value, "rising dates, the oldest first", remedy, label))
    elif back:
        cells = [Cell(column, f"{dates[i]} after {dates[i - 1]}", lines[i], "") for i in back]
        problems += by_column(label, cells, "rising dates, the oldest first", "sort the rows by date")
    return problems


def _read_values(
    body: Sequence[Sequence[str]], lines: Sequence[int], head: Sequence[str], decimal: str, label: str
) -> tuple[NDArray[np.float64], list[Problem]]:
    is_number = NUMERALS[decimal].fullmatch
    values = np.full((len(body), len(head) - 1), np.nan)
    bad: dict[str, list[Cell]] = {}  # by the remedy
    for i, row in enumerate(body):
        for j, text in enumerate(row[1:]):
            if is_number(text):
                value = float(text if decimal == "." else text.replace(",", "."))
                if math.isfinite(value):
                    values[i, j] = value
                    continue
            elif is_gap(text):
                continue
            cell = Cell(head[j + 1], toml_text(text, 30), lines[i], row[0])
            bad.setdefault(_remedy(text, decimal), []).append(cell)
    problems, allowed = [], "finite numbers, or empty cells"
    for remedy, cells in bad.items():
        many = len(cells) > MANY * values.size
        problems += [as_one(label, cells, allowed, remedy)] if many else by_column(label, cells, allowed, remedy)
    return values, problems


def _remedy(text: str, decimal: str) -> str:
    other = "," if decimal == "." else "."
    if NUMERALS[decimal].fullmatch(text):
        return "correct the cell: no float64 holds such a number"
    if NUMERALS[other].fullmatch(text):
        return f"write decimal = {toml_text(other)} if that is the decimal mark; marks of thousands have to go"
    if text.endswith("%"):
        return "write shares: 1.5 % is 0.015"
    if not text.isascii() and re.fullmatch(r"[+-]?[\d.,\u066b]+", text):
        return "write the digits 0 to 9"
    if re.fullmatch(r"[+-]?[\d.,' ]+", text):
        return "leave out the marks of thousands"
    return "correct the cell, or leave it empty where there is no figure"


def _read_parquet(content: bytes, label: str, reference: Reference) -> PastTable:
    """A frame whose index, or first column, holds dates."""
    import pandas as pd

    try:
        frame = pd.read_parquet(io.BytesIO(content))
    except ImportError:
        remedy = "install it: pip install 'simcore[parquet]'; or save the table as CSV"
        value = "Parquet, which needs pyarrow"
        raise InputError([reference.problem(value, "a CSV file, or Parquet with pyarrow installed", remedy)]) from None
    except Exception as error:  # of whatever kind the reader of the format raises
        value, remedy = f"no Parquet: {type(error).__name__}", "write the file again, or save the table as CSV"
        raise InputError([reference.problem(value, "a Parquet file", remedy)]) from None
    return table_of_frame(frame, label)


def table_of_frame(frame: Any, label: str) -> PastTable:
    """The table in a pandas frame whose index, or first column, holds dates.

    Raises
    ------
    InputError
        As `read_table`.
    """
    import pandas as pd

    if not isinstance(frame.index, pd.RangeIndex):
        frame = frame.reset_index()
    head = [str(name).strip() for name in frame.columns]
    if not head:
        head = [""]
    raise_if_any(_check_header(head, label, "."))
    if not len(frame):
        raise InputError([Problem("file", "no rows", "a row for each date", "write the rows", label)])
    if len(frame) > MOST_DATES:
        raise InputError([Problem("file", f"{len(frame)} rows", f"at most {MOST_DATES} dates", _FEWER, label)])
    texts = [_date_text(value) for value in frame.iloc[:, 0]]
    lines = range(1, len(frame) + 1)
    dates, problems = _read_dates(texts, lines, head[0], None, label)
    kinds = [(name, str(kind)) for name, kind in zip(head[1:], frame.dtypes.iloc[1:], strict=True)]
    numeric = [bool(pd.api.types.is_numeric_dtype(kind)) for kind in frame.dtypes.iloc[1:]]
    problems += [
        Problem(place_of(name), f"values of type {kind}", "numbers", "write the column as floats", label)
        for (name, kind), right in zip(kinds, numeric, strict=True)
        if not right or kind == "bool"
    ]
    raise_if_any(problems)
    values = frame.iloc[:, 1:].to_numpy(dtype=np.float64, na_value=np.nan)
    infinite = [Cell(head[j + 1], "inf", lines[i], texts[i]) for i, j in np.argwhere(np.isinf(values))]
    raise_if_any(by_column(label, infinite, "finite numbers, or nulls", "correct the cell"))
    return PastTable(label, tuple(head[1:]), tuple(dates), values, tuple(lines))


def _date_text(value: Any) -> str:
    isoformat = getattr(value, "isoformat", None)
    return isoformat() if isoformat else str(value)


def unknown_column(place: str, name: str, table: PastTable) -> Problem:
    """That `name`, at a place of the scenario, is no asset of the table."""
    meant = closest(name, table.names)
    remedy = f"did you mean {toml_text(meant)}?" if meant else "correct it, or remove it"
    return Problem(place, toml_text(name), f"a column of {table.file}: {some(table.names)}", remedy)
