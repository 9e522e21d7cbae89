"""`--out`: the files of a run."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from analysis import files
from analysis.comparison import COLUMNS, Row
from analysis.document import json_text
from simcore.errors import Problem, raise_if_any

FILES = ("comparison.csv", "comparison.json", "manifest.json")
_FORMULA = ("=", "+", "-", "@")  # what a spreadsheet would compute instead of showing
_ALLOWED = "a folder that can be written to; it is made when it is missing"


def folder_problems(folder: Path) -> list[Problem]:
    """What can be seen to keep `folder` from taking the files, before anything is made or written."""
    return [_problem(folder, found) for found in files.obstacles(folder, FILES)]


def try_folder(folder: Path) -> None:
    """Make `folder` where it is missing, see that it takes files, and leave nothing behind.

    Raises
    ------
    InputError
        When it does not.
    """
    raise_if_any([_problem(folder, found) for found in files.refusals(folder)])


def write_run(folder: Path, rows: Sequence[Row], document: Mapping[str, Any], manifest: Mapping[str, Any]) -> None:
    """Write the `FILES` of a run: its tidy table as CSV and in its document, and what makes the same again.

    Raises
    ------
    OSError
        As `files.write_files`.
    """
    texts = (csv_of(rows), json_text(document) + "\n", json_text(manifest) + "\n")
    files.write_files(folder, dict(zip(FILES, texts, strict=True)))


def csv_of(rows: Sequence[Row]) -> str:
    """The tidy table as CSV: full precision, empty cells for None.

    Parameters
    ----------
    rows : sequence of Row

    Returns
    -------
    str
        Text that begins with =, +, - or @ gets a ' before it, so that a spreadsheet shows it and computes nothing.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: str | float | None) -> str:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return "" if value is None else repr(value)


def no_folder() -> Problem:
    """The message for an empty name, as of a shell variable that is not set."""
    return Problem("--out", '""', _ALLOWED, "name a folder, or leave --out away")


def _problem(folder: Path, value: str) -> Problem:
    return Problem("--out", value, _ALLOWED, f"name another folder than {str(folder)[:60]}")
