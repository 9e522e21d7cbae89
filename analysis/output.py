"""`--out`: the files of a run, each written whole or not at all.

Everything is written into temporary files of the same folder first, and renamed when all of it is on the disk: a full
disk or a broken run leaves what was there before, and nothing where nothing was.
"""

import contextlib
import csv
import io
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from analysis.comparison import COLUMNS, Row
from analysis.document import json_text
from simcore.errors import InputError, Problem

FILES = ("comparison.csv", "comparison.json", "manifest.json")
_FORMULA = ("=", "+", "-", "@")  # what a spreadsheet would compute instead of showing
_ALLOWED = "a folder that can be written to; it is made when it is missing"


def folder_problems(folder: Path, names: Sequence[str] = FILES) -> list[Problem]:
    """What can be seen to keep `folder` from taking files of these names, before anything is made or written."""
    try:
        existing = next((path for path in (folder, *folder.absolute().parents) if os.path.lexists(path)), folder)
        if not existing.is_dir():
            return [_problem(folder, f"{existing} is no folder")]
        if not os.access(existing, os.W_OK | os.X_OK):
            return [_problem(folder, f"{existing} cannot be written to")]
        taken = [name for name in names if (folder / name).is_dir()]
    except OSError as error:  # a name that no folder can have
        return [_problem(folder, f"{str(folder)[:60]} ({error.strerror})")]
    return [_problem(folder, f"{folder / name} is a folder") for name in taken]


def try_folder(folder: Path, name: str = "probe") -> None:
    """Make `folder` where it is missing, see that it takes a file of this name, and leave nothing behind.

    Raises
    ------
    InputError
        When it does not.
    """
    made = _missing(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = _temporary(folder, name)
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        raise InputError([_problem(folder, f"{folder} ({error.strerror or error})")]) from None
    finally:
        _remove_empty(made)


def _missing(folder: Path) -> list[Path]:
    """The folders that are to be made, the innermost first."""
    return [path for path in (folder, *folder.parents) if not path.exists()]


def _remove_empty(folders: Sequence[Path]) -> None:
    for folder in folders:
        with contextlib.suppress(OSError):  # missing, or something was put into it
            folder.rmdir()


def write_files(folder: Path, texts: Mapping[str, str]) -> None:
    """Write `texts`, by the name of the file, in UTF-8, into `folder`; folders that are missing are made.

    A name may lie in a folder of its own, as ``pictures/1.svg``. Files take their names in the order given.

    Raises
    ------
    OSError
        When one cannot be written: then all are as they were before. Only where a file could be written and not take
        its name is there a mixture, of whole files.
    """
    targets = [folder / name for name in texts]
    parents = dict.fromkeys([folder, *(target.parent for target in targets)])
    made = sorted({path for parent in parents for path in _missing(parent)}, key=lambda path: -len(path.parts))
    temporary = {target: _temporary(target.parent, target.name) for target in targets}
    try:
        for parent in parents:
            parent.mkdir(parents=True, exist_ok=True)
        for part, text in zip(temporary.values(), texts.values(), strict=True):
            with open(part, "x", encoding="utf-8", errors="backslashreplace", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())  # a disk that is full may say so only now
        for target, part in temporary.items():
            os.replace(part, target)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from None
    finally:
        for part in temporary.values():
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
        _remove_empty(made)


def write_run(folder: Path, rows: Sequence[Row], document: Mapping[str, Any], manifest: Mapping[str, Any]) -> None:
    """Write the `FILES` of a run: its tidy table as CSV and in its document, and what makes the same again.

    Raises
    ------
    OSError
        As `write_files`.
    """
    texts = (csv_of(rows), json_text(document) + "\n", json_text(manifest) + "\n")
    write_files(folder, dict(zip(FILES, texts, strict=True)))


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


def no_folder() -> Problem:
    """The message for an empty name, as of a shell variable that is not set."""
    return Problem("--out", '""', _ALLOWED, "name a folder, or leave --out away")


def _problem(folder: Path, value: str) -> Problem:
    return Problem("--out", value, _ALLOWED, f"name another folder than {str(folder)[:60]}")
