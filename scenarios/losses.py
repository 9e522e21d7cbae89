"""A CSV of losses: a header of names, then a row for each path, day or year, with a number for each column.

Nothing is filled, dropped or guessed: a gap, text, an infinite number, a row that is too short or too long is refused
with its line and column, and all of them at once. Rows are equally likely; there are no weights.
"""

import csv
import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from scenarios.cells import Cells
from scenarios.files import A_DEVICE, is_device
from scenarios.messages import same_letters, toml_text
from scenarios.numerals import NUMERALS, is_gap
from scenarios.sizes import MOST_BYTES, MOST_POSITIONS
from simcore import memory
from simcore.border import NAME, is_name
from simcore.errors import CapacityError, InputError, Problem, raise_if_any

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_BIG = 1 << 26  # bytes of a file: beyond, its size is looked at before all of it is read
_LINES_OF_A_SAMPLE = 1000  # that tell how many there are
_LONGEST_LINE = 10**8  # bytes: more than any table has
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
    line, digest = 0, hashlib.sha256()
    try:
        with open(file, "rb") as content:
            if is_device(content):
                raise InputError([Problem("file", *A_DEVICE, file)])
            lines = csv.reader(_lines_of(content, file, digest.update), delimiter=separator, strict=True)
            names, skipped = _header(lines, file, index, separator, decimal)
            line = lines.line_num
            cells = Cells(file, names, skipped, decimal)
            for row in lines:
                line = lines.line_num
                cells.add(row, line)
                if line == _LINES_OF_A_SAMPLE:
                    _check_memory(file, content, len(names))
    except InputError:
        raise
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
    return Losses(file, kept, values, digest.hexdigest(), _cautions(file, kept, values))


def _lines_of(content: BinaryIO, file: str, take: Callable[[bytes], None]) -> Iterator[str]:
    """The lines of a file, one of which may be endless, as a pipe may be; its bytes are taken as they are read.

    Once, since a pipe cannot be read again.
    """
    piped = stat.S_ISFIFO(os.fstat(content.fileno()).st_mode)
    read = number = 0
    while part := content.readline(_LONGEST_LINE):
        read += len(part)
        if len(part) == _LONGEST_LINE:
            raise csv.Error(f"a line of {_LONGEST_LINE // 10**6} million bytes or more")
        if piped and read > MOST_BYTES:
            value, allowed = f"a pipe of {MOST_BYTES // 2**20} MiB or more", "a file, or a pipe with less in it"
            raise InputError([Problem("file", value, allowed, "write the losses into a file", file)])
        take(part)
        for line in part.splitlines(keepends=True):
            number += 1
            try:
                yield line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                value = f"byte 0x{line[error.start]:02x}"
                problem = Problem(f"line {number}", value, "text in UTF-8", "save the file as UTF-8", file)
                raise InputError([problem]) from None


def _header(
    lines: Iterator[list[str]], file: str, index: str | None, separator: str, decimal: str
) -> tuple[list[str], int | None]:
    """Names of all columns, and which of them is the index."""
    names = next(lines, [])
    if not names:
        allowed, remedy = "a header of names, then a row of numbers for each path", "write the names into line 1"
        raise InputError([Problem("line 1", "empty", allowed, remedy, file)])
    if len(names) > MOST_POSITIONS:
        allowed, remedy = f"at most {MOST_POSITIONS} columns", "leave out columns, or add them up"
        raise InputError([Problem("line 1", f"{len(names)} columns", allowed, remedy, file)])
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


def _check_memory(file: str, content: BinaryIO, columns: int) -> None:
    """Refuse a file whose numbers cannot fit, from the bytes that its first lines took."""
    size = os.fstat(content.fileno()).st_size  # 0 of a pipe
    if size < _BIG:
        return
    rows = size / content.tell() * _LINES_OF_A_SAMPLE
    need = rows * columns * 8 * 3
    if need > memory.usable():
        value = f"about {rows:,.0f} rows of {columns} columns (about {memory.gib(need)})"
        allowed = f"at most {memory.limit()}"
        raise CapacityError([Problem("file", value, allowed, "measure fewer rows or columns at a time", file)])


def _unreadable(file: str, error: OSError) -> Problem:
    if isinstance(error, FileNotFoundError):
        beside = sorted(path.name for path in Path(file).absolute().parent.glob("*.csv"))
        remedy = f"there are {', '.join(map(toml_text, beside[:5]))}" if beside else "check the path"
        return Problem("file", "(missing)", "the path of a CSV", remedy, file)
    if isinstance(error, IsADirectoryError):
        return Problem("file", "a directory", "the path of a CSV", "name a file in it", file)
    return Problem("file", f"unreadable: {error.strerror}", "a file that can be read", "check the permissions", file)
