"""`--out`: the files of a run, each written whole or not at all.

Everything is written into temporary files of the same folder first, and renamed when all of it is on the disk: a full
disk or a broken run leaves what was there before.
"""

import csv
import io
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from analysis.comparison import COLUMNS, Row
from simcore.errors import InputError, Problem

FILES = ("comparison.csv", "comparison.json", "manifest.json")
_FORMULA = ("=", "+", "-", "@")  # what a spreadsheet would compute instead of showing
_ALLOWED = "a folder that can be written to; it is made when it is missing"


def folder_problems(folder: Path) -> list[Problem]:
    """What can be seen to keep `folder` from taking the files, before anything is made or written."""
    existing = next((path for path in (folder, *folder.absolute().parents) if os.path.lexists(path)), folder)
    if not existing.is_dir():
        return [_problem(folder, f"{existing} is no folder")]
    if not os.access(existing, os.W_OK | os.X_OK):
        return [_problem(folder, f"{existing} cannot be written to")]
    taken = [name for name in FILES if (folder / name).is_dir()]
    return [_problem(folder, f"{folder / name} is a folder") for name in taken]


def make_folder(folder: Path) -> None:
    """Make `folder` where it is missing, and see that it takes a file.

    Raises
    ------
    InputError
        When it does not.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = _temporary(folder, "probe")
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        raise InputError([_problem(folder, error.strerror or str(error))]) from None


def write_files(folder: Path, texts: Mapping[str, str]) -> None:
    """Write `texts`, by the name of the file, in UTF-8.

    Raises
    ------
    OSError
        When one cannot be written; then all are as they were before.
    """
    temporary = {folder / name: _temporary(folder, name) for name in texts}
    try:
        for part, text in zip(temporary.values(), texts.values(), strict=True):
            with open(part, "x", encoding="utf-8", errors="backslashreplace", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())  # a disk that is full may say so only now
        for target, part in temporary.items():
            os.replace(part, target)
    finally:
        for part in temporary.values():
            part.unlink(missing_ok=True)


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


def _temporary(folder: Path, name: str) -> Path:
    return folder / f".{name}.{secrets.token_hex(8)}.tmp"


def _problem(folder: Path, value: str) -> Problem:
    return Problem("--out", value, _ALLOWED, f"name another folder than {folder}")
