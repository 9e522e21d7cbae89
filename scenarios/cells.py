"""The numbers of a table of text, as its lines come in, and all that is wrong with them by line and column."""

import math
import re
from array import array
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from scenarios.messages import toml_text
from scenarios.numerals import NUMERALS, is_gap
from simcore.errors import Problem, raise_if_any
from simcore.pools import LARGEST_VALUE

MOST_SHOWN = 20  # problems; the others are counted
_ALLOWED = "a finite number, as 1234.5 or 1.2e3"
_NO_NUMBER = "write a number"
_THOUSANDS = re.compile(r"[+-]?[0-9]+[_'\u2019\s][0-9.,_'\u2019\s]+")
_SIZE, _SIZE_REMEDY = f"a number of at most {LARGEST_VALUE:g} in size", "write it in larger units"


class Cells:
    """The numbers of a file as its lines come in, and what is wrong with them."""

    def __init__(self, file: str, names: Sequence[str], skipped: int | None, decimal: str) -> None:
        self.file, self.names, self.skipped = file, names, skipped
        self.decimal = decimal
        self.reads = NUMERALS[decimal].fullmatch
        self.numbers = array("d")
        self.problems: list[tuple[str, Problem]] = []  # with the column of those of cells, "" of others
        self.wrong: Counter[str] = Counter()
        self.rows = 0
        self.blank = 0  # the first of the blank lines that have just been read

    def add(self, row: list[str], line: int) -> None:
        """Take one line."""
        if not row:
            self.blank = self.blank or line
            return
        if self.blank:  # at the end of the file blank lines mean nothing
            self._say("", f"line {self.blank}", "an empty line", "a row of numbers", "remove it")
            self.blank = 0
        self.rows += 1
        if len(row) != len(self.names):
            allowed = f"{len(self.names)} cells, as in the header"
            self._say("", f"line {line}", f"{len(row)} cells", allowed, "mend this line")
            return
        if self.skipped is not None:
            del row[self.skipped]
        cells = [cell.strip() for cell in row]
        if all(map(self.reads, cells)):
            numbers = list(map(float, cells if self.decimal == "." else [cell.replace(",", ".") for cell in cells]))
            if math.isfinite(sum(numbers)):  # what is finite and too large is found in all of them at once
                self.numbers.extend(numbers)
                return
        self._look(row, line)

    def _look(self, row: list[str], line: int) -> None:
        """Say what is wrong with each cell of a line."""
        names = [name for i, name in enumerate(self.names) if i != self.skipped]
        for name, cell in zip(names, row, strict=True):
            if self.reads(cell.strip()) and math.isfinite(number := float(cell.replace(self.decimal, "."))):
                if abs(number) > LARGEST_VALUE:
                    self._say(name, _cell(line, name), toml_text(cell), _SIZE, _SIZE_REMEDY)
                continue
            if self.wrong[name] >= MOST_SHOWN:
                self.wrong[name] += 1
                continue
            allowed = _ALLOWED if self.decimal == "." else _ALLOWED.replace(".", ",")
            self._say(name, _cell(line, name), toml_text(cell), allowed, self._remedy(cell))

    def _remedy(self, cell: str) -> str:
        if is_gap(cell):
            return "a gap: fill it, or take out the row or the column; neither is done in silence"
        other = "," if self.decimal == "." else "."
        if other in cell and NUMERALS[other].fullmatch(cell.strip()):
            return f"did you mean --decimal {toml_text(other)}? Nothing stands between thousands"
        if other in cell or _THOUSANDS.fullmatch(cell.strip()):
            return "nothing stands between thousands"
        if self.reads(cell.strip()):
            return "correct the cell: no float64 holds such a number"
        if "%" in cell:
            return "write an amount, without a unit"
        return _NO_NUMBER

    def _say(self, column: str, place: str, value: str, allowed: str, remedy: str) -> None:
        self.wrong[column] += 1
        if self.wrong[column] <= MOST_SHOWN:
            self.problems.append((column, Problem(place, value, allowed, remedy, self.file)))

    def _found(self) -> list[Problem]:
        """What is wrong: of a column without any number once, of the others the first, and how many more there are."""
        whole = {name for name, count in self.wrong.items() if name and count == self.rows > 1}
        first = {name: problem for name, problem in reversed(self.problems) if name in whole}
        columns = [self._of_column(name, problem) for name, problem in reversed(first.items())][:MOST_SHOWN]
        others = [problem for name, problem in self.problems if name not in whole][:MOST_SHOWN]
        counted = len(whole) + sum(count for name, count in self.wrong.items() if name not in whole)
        rest = counted - len(columns) - len(others)
        value = f"{rest} more problem{'' if rest == 1 else 's'}"
        remedy = "mend those above first, and look whether --index, --decimal and --separator are right"
        more = [Problem("further lines", value, "rows of finite numbers", remedy, self.file)] if rest else []
        return columns + others + more

    def _of_column(self, name: str, first: Problem) -> Problem:
        no_losses = f"if it holds no losses: --index {toml_text(name)}"
        remedy = no_losses if first.remedy == _NO_NUMBER else f"{first.remedy}; {no_losses}"
        value = f"{first.value} in its first line, and no number in any"
        return Problem(f"column {toml_text(name)}", value, first.allowed, remedy, self.file)

    def values(self) -> NDArray[np.float64]:
        """The numbers, shape (rows, columns).

        Raises
        ------
        InputError
            When anything was wrong, or there was no row.
        """
        problems = self._found()
        if not self.rows:
            allowed = "a row of numbers for each path, below the header"
            problems.append(Problem("line 2", "(missing)", allowed, "write the losses", self.file))
        raise_if_any(problems)
        measured = [name for i, name in enumerate(self.names) if i != self.skipped]
        values = np.frombuffer(self.numbers, dtype=np.float64).reshape(-1, len(measured))
        for row, column in () if np.abs([values.min(), values.max()]).max() <= LARGEST_VALUE else _too_large(values):
            place = f"row {row + 1} below the header, column {toml_text(measured[column])}"
            problems.append(Problem(place, f"{values[row, column]:g}", _SIZE, _SIZE_REMEDY, self.file))
        raise_if_any(problems)
        return values


def _cell(line: int, name: str) -> str:
    return f"line {line}, column {toml_text(name)}"


def _too_large(values: NDArray[np.float64]) -> list[tuple[int, int]]:
    rows, columns = np.nonzero(np.abs(values) > LARGEST_VALUE)
    return list(zip(rows[:MOST_SHOWN].tolist(), columns[:MOST_SHOWN].tolist(), strict=True))
