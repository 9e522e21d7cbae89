"""Files by name: where one lies, and what stands in it."""

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from scenarios import library
from scenarios.messages import toml_text
from scenarios.sizes import MOST_BYTES, MOST_LEVELS, check_lists, check_text, too_deep
from simcore.errors import InputError, Problem, closest, raise_if_any, some

A_DEVICE = ("a device", "a file, or a pipe", "check the path")  # the value, what is allowed, the remedy
_SHOWN = 80  # characters of a line that is no TOML


@dataclass(frozen=True)
class File:
    """One file: `label` is what messages call it."""

    label: str
    path: Path

    def beside(self, name: str) -> "File":
        """The file that this one calls `name`: relative paths begin in its own folder."""
        path = self.path.parent / name
        return File(str(path), path)


@dataclass(frozen=True)
class Reference:
    """The key of a file that names another file."""

    file: File
    place: str
    name: str

    def problem(self, what: str, allowed: str, remedy: str) -> Problem:
        """That the file named is not what it should be."""
        return Problem(self.place, f"{toml_text(self.name)} ({what})", allowed, remedy, self.file.label)


def read(file: File, reference: Reference | None = None) -> dict[str, Any]:
    """The document in a file that the user named, or the `reference` of another file.

    Raises
    ------
    InputError
        When it cannot be read, is not UTF-8, not TOML, or empty.
    """
    return _parse(content_of(file, reference), file.label)


def content_of(file: File, reference: Reference | None, suffix: str = ".toml") -> bytes:
    """The bytes of a file whose name ends in `suffix`; the `reference` is the key that names it.

    Raises
    ------
    InputError
        When it cannot be read.
    """
    kind = suffix.removeprefix(".").upper()
    try:
        with file.path.open("rb") as opened:
            size = os.fstat(opened.fileno()).st_size  # 0 of a pipe
            device = is_device(opened)
            content = b"" if device or size > MOST_BYTES else opened.read(size or MOST_BYTES + 1)
        if not device and max(size, len(content)) <= MOST_BYTES:
            return content
        what, remedy = f"{max(size, len(content)) // 2**20} MiB or more", "leave out what is not needed"
        allowed = f"a file of at most {MOST_BYTES // 2**20} MiB"
        if device:
            what, allowed, remedy = A_DEVICE
    except FileNotFoundError:
        beside = closest(file.path.stem, _beside(file, suffix))
        bundled = closest(file.path.stem, library.names()) if suffix == ".toml" else None
        meant = f"{beside}{suffix}" if beside else bundled
        what, allowed = "missing", f"a path, or a bundled name: {some(library.names())}"
        remedy = f"did you mean {toml_text(meant)}?" if meant else "check the path"
    except IsADirectoryError:
        what, allowed, remedy = "a directory", f"the path of a {kind} file", "name a file in it"
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        what, allowed, remedy = f"unreadable: {why}", "a file that can be read", "check path and permissions"
    if reference is None:
        what = "(missing)" if what == "missing" else what
        raise InputError([Problem("file", what, allowed, remedy, file.label)])
    if what == "missing":
        begin = f", beginning in the folder of {reference.file.label}" if reference.file.label else ""
        allowed = f"the path of a {kind} file{begin}"
        remedy = f"there is no {file.label}: {remedy}"
    raise InputError([reference.problem(what, allowed, remedy)])


def is_device(opened: BinaryIO) -> bool:
    """Whether this is neither a file nor a pipe: what has no end, or waits for somebody to type."""
    mode = os.fstat(opened.fileno()).st_mode
    return not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode))


def _beside(file: File, suffix: str) -> list[str]:
    """The names of the files with this suffix in the folder of a file that is missing."""
    try:
        return [path.stem for path in file.path.parent.glob(f"*{suffix}")]
    except (OSError, ValueError):
        return []


def _parse(content: bytes, label: str) -> dict[str, Any]:
    raise_if_any([replace(problem, file=label) for problem in check_text(content)])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        value = f"byte 0x{content[error.start]:02x}"
        raise InputError([Problem(f"line {line}", value, "text in UTF-8", "save the file as UTF-8", label)]) from None
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError([_broken(error, text, label)]) from None
    if not document:
        remedy = "begin with the bundled three_assets"
        raise InputError([Problem("file", "empty", "a scenario", remedy, label)])
    raise_if_any([replace(problem, file=label) for problem in check_lists(document)])
    raise_if_any(check_levels(document, "file", label))
    return document


def check_levels(value: object, place: str, label: str) -> list[Problem]:
    """Whether tables and lists are nested too deeply in `value`, which stands at a place of a file."""
    inside: list[Any] = [(value,)]
    for _ in range(MOST_LEVELS + 1):
        tables = [item.values() if isinstance(item, Mapping) else item for item in inside]
        inside = [item for table in tables for item in table if isinstance(item, (Mapping, list, tuple))]
    return [replace(too_deep(place), file=label)] if inside else []


def _broken(error: Exception, text: str, label: str) -> Problem:
    found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", str(error), re.DOTALL)
    if not found:
        plain = {RecursionError: "brackets nested too deeply", ValueError: "a number of too many digits"}
        what = plain.get(type(error)) or str(error)
        return Problem("file", what, "TOML", "correct the text", label)
    what, line, column = found[1], int(found[2]), int(found[3])
    written = (text.split("\n")[line - 1 :] or [""])[0].strip()
    remedy = f"{what}: correct this line"
    if what.startswith("Unclosed"):
        remedy = f"a comma or a bracket is missing here, or just before ({what.lower()})"
    elif re.search(r"\d,\d", written):
        remedy = "decimals have a point, as 0.18, and thousands an underscore, as 30_000"
    shown = written if len(written) <= _SHOWN else written[: _SHOWN - 3] + "..."
    return Problem(f"line {line}, column {column}", shown or "(nothing)", "TOML", remedy, label)
