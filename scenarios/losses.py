"""A CSV of losses: a header of names, then a row for each path, day or year, with a number for each column.

Nothing is filled, dropped or guessed: a gap, text, an infinite number, a row that is too short or too long is refused
with its line and column, and all of them at once. Rows are equally likely; there are no weights.
"""

import csv
import hashlib
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenarios.cells import Cells, is_gap
from scenarios.messages import same_letters, toml_text
from scenarios.numerals import NUMERALS
from simcore.border import NAME, is_name
from simcore.errors import CapacityError, InputError, Problem, raise_if_any

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_BIG = 1 << 26  # bytes of a file: beyond, its size is looked at before all of it is read
_LINES_OF_A_SAMPLE = 1000  # that tell how many there are
_WEIGHTS = ("weight", "weights", "probability", "probabilities", "prob")


@dataclass(frozen=True, eq=False)
class Losses:
    """A file of losses.

    Attributes
    ----------
    file : str
    names : tuple of str, length m
        Of the columns, in their order, without the index.
    values : ndarray, shape (n, m), currency
        Positive is a loss.
    digest : str
        SHA-256 of the file's bytes, in hexadecimal.
    cautions : tuple of str
        What is allowed and seldom meant.
    """

    file: str
    names: tuple[str, ...]
    values: NDArray[np.float64]
    digest: str
    cautions: tuple[str, ...]


def read_losses(
    file: str, *, index: str | None = None, decimal: str = ".", separator: str = ",", gains: bool = False
) -> Losses:
    """The losses in a CSV.

    Parameters
    ----------
    file : str
        UTF-8, with a header.
    index : str, optional
        The name of a column that is none of losses (dates, path numbers); what stands in it is not read.
    decimal : {".", ","}
        What stands before the decimals. Nothing stands between thousands.
    separator : {",", ";", tab, "|"}
        What stands between the columns.
    gains : bool
        Whether positive is a gain in the file.

    Returns
    -------
    Losses

    Raises
    ------
    InputError
        With everything that is wrong with the file, of single cells the first 20.
    CapacityError
        When the losses cannot fit into memory.
    """
    line = 0
    try:
        with open(file, "rb") as content, io.TextIOWrapper(content, encoding="utf-8-sig", newline="") as text:
            lines = csv.reader(text, delimiter=separator, strict=True)
            names, skipped = _header(lines, file, index, separator, decimal)
            line = lines.line_num
            cells = Cells(file, names, skipped, decimal)
            for row in lines:
                line = lines.line_num
                cells.add(row, line)
                if line == _LINES_OF_A_SAMPLE:
                    _check_memory(file, content.tell(), len(names))
    except InputError:
        raise
    except UnicodeDecodeError:
        raise InputError([_not_utf8(file)]) from None
    except csv.Error as error:
        remedy = "a quotation mark is missing or too many, or this is no CSV"
        raise InputError([Problem(f"line {line + 1}", str(error), "a line of CSV", remedy, file)]) from None
    except OSError as error:
        raise InputError([_unreadable(file, error)]) from None
    except ValueError as error:  # a name that no file can have
        raise InputError([Problem("file", str(error), "the path of a CSV", "check the path", file)]) from None
    values = cells.values()
    kept = tuple(name for i, name in enumerate(names) if i != skipped)
    if gains:
        values = 0.0 - values  # never -0.0 of 0.0
    return Losses(file, kept, values, _digest(file), _cautions(file, kept, values))


def _header(
    lines: Iterator[list[str]], file: str, index: str | None, separator: str, decimal: str
) -> tuple[list[str], int | None]:
    """Names of all columns, and which of them is the index."""
    names = next(lines, [])
    if not names:
        allowed, remedy = "a header of names, then a row of numbers for each path", "write the names into line 1"
        raise InputError([Problem("line 1", "empty", allowed, remedy, file)])
    other = next((mark for mark in SEPARATORS if mark != separator and mark in names[0]), None)
    if len(names) == 1 and other:
        remedy = f"did you mean --separator {SEPARATORS[other]}?"
        allowed = f"columns with a {SEPARATORS[separator]} between them"
        raise InputError([Problem("line 1", toml_text(names[0]), allowed, remedy, file)])
    skipped = None
    problems = []
    if index is not None:
        if index in names:
            skipped = names.index(index)
        else:
            shown = ", ".join(map(toml_text, names[:12]))
            problems.append(Problem("--index", toml_text(index), f"a column of {file}: {shown}", "correct the name"))
    measured = [(i, name) for i, name in enumerate(names) if i != skipped]
    if not measured:
        allowed = "at least one column of losses"
        problems.append(Problem("line 1", toml_text(names), allowed, "add one, or leave --index away", file))
    numbers = [NUMERALS[decimal].fullmatch(name.strip()) is not None for _, name in measured]
    if any(numbers) and all(number or is_gap(name) for number, (_, name) in zip(numbers, measured, strict=True)):
        remedy = "write a line of names above the numbers"
        raise InputError([*problems, Problem("line 1", toml_text(names), "a header of names", remedy, file)])
    first: dict[str, int] = {}
    for i, name in measured:
        if not is_name(name):
            remedy = f"name it; if it is no column of losses: --index {toml_text(name)}"
            problems.append(Problem(f"line 1, column {i + 1}", toml_text(name), NAME, remedy, file))
        elif name in first:
            allowed = f"each name once (column {first[name]} has it)"
            problems.append(Problem(f"line 1, column {i + 1}", toml_text(name), allowed, "rename one of the two", file))
        first.setdefault(name, i + 1)
    same = same_letters((f"line 1, column {i + 1}", name) for i, name in measured if is_name(name))
    problems += [Problem(p.place, p.value, p.allowed, p.remedy, file) for p in same]
    raise_if_any(problems)
    return names, skipped


def _cautions(file: str, names: Sequence[str], values: NDArray[np.float64]) -> tuple[str, ...]:
    said = []
    for name, column in zip(names, values.T, strict=True):
        if len(column) > 2 and (column[1] - column[0] == 1.0) and (np.diff(column) == 1.0).all():
            said.append(f"column {toml_text(name)} counts the rows and is measured: if it is an index, --index {name}")
        if name.strip().casefold() in _WEIGHTS:
            said.append(f"column {toml_text(name)} is measured as losses: every row is equally likely, without weights")
    if not any((column > 0.0).any() for column in values.T):
        said.append("no loss is above 0: positive is a loss; if it is a gain in this file, --gains")
    return tuple(said)


def _check_memory(file: str, read: int, columns: int) -> None:
    """Refuse a file whose numbers cannot fit, from the bytes that its first lines took."""
    size = os.path.getsize(file)
    if size < _BIG or not hasattr(os, "sysconf"):
        return
    rows = size / read * _LINES_OF_A_SAMPLE
    need, memory = rows * columns * 8 * 3, 0.8 * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if need > memory:
        value = f"about {rows:,.0f} rows of {columns} columns (about {need / 2**30:.1f} GiB)"
        allowed = f"at most {memory / 2**30:.1f} GiB, 80 % of this machine's memory"
        raise CapacityError([Problem("file", value, allowed, "measure fewer rows or columns at a time", file)])


def _digest(file: str) -> str:
    with open(file, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _not_utf8(file: str) -> Problem:
    with open(file, "rb") as content:
        for number, line in enumerate(content, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                value = f"byte 0x{line[error.start]:02x}"
                return Problem(f"line {number}", value, "text in UTF-8", "save the file as UTF-8", file)
    raise AssertionError("every line is UTF-8, and the whole is not")


def _unreadable(file: str, error: OSError) -> Problem:
    if isinstance(error, FileNotFoundError):
        beside = sorted(path.name for path in Path(file).absolute().parent.glob("*.csv"))
        remedy = f"there are {', '.join(map(toml_text, beside[:5]))}" if beside else "check the path"
        return Problem("file", "(missing)", "the path of a CSV", remedy, file)
    if isinstance(error, IsADirectoryError):
        return Problem("file", "a directory", "the path of a CSV", "name a file in it", file)
    return Problem("file", f"unreadable: {error.strerror}", "a file that can be read", "check the permissions", file)
