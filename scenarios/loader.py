"""A scenario file, read once: from text to a `Scenario`, or to everything that is wrong with it."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from scenarios import library
from scenarios.build import Scenario, build
from scenarios.messages import closest, problems_of, stamp, toml_text
from scenarios.schema import Document
from simcore.errors import InputError, Problem, raise_if_any, some


def load(source: str | Path, *, overrides: Mapping[str, object] | None = None) -> Scenario:
    """The scenario in a file, or a bundled one.

    Parameters
    ----------
    source : str or Path
        The path of a TOML file, or the name of a bundled scenario (see `names`); a file of that name comes first.
    overrides : mapping, optional
        Values that replace those of the file before anything is checked, by key path: ``{"simulation.paths": 1000}``.

    Returns
    -------
    Scenario

    Raises
    ------
    InputError
        With everything that is wrong: first what cannot be read, then keys and types, then what they say together.

    >>> load("three_assets", overrides={"simulation.paths": 1000}).plan.paths
    1000
    """
    file = str(source)
    return from_document(_parse(_read(source), file), file, overrides=overrides)


def from_document(
    document: Mapping[str, Any], file: str = "", *, overrides: Mapping[str, object] | None = None
) -> Scenario:
    """The scenario of a document that is already parsed, such as `Scenario.resolved`; `file` is for the messages."""
    overrides = {key: _plain(value) for key, value in (overrides or {}).items()}
    document, problems = _overridden(document, overrides)
    raise_if_any(stamp(problems, file, overrides))
    try:
        return build(Document.model_validate(document), file)
    except ValidationError as error:
        problems = problems_of(error, document)
    except InputError as error:
        problems = error.problems
    raise InputError(stamp(problems, file, overrides)) from None


def _read(source: str | Path) -> bytes:
    bundled = library.names()
    if not isinstance(source, (str, Path)) or not str(source).strip():
        allowed = f"a path, or a bundled name: {some(bundled)}"
        raise InputError([Problem("source", toml_text(source), allowed, "name a scenario")])
    try:
        if isinstance(source, str) and source in bundled and not Path(source).is_file():
            return library.read(source)
        return Path(source).read_bytes()
    except FileNotFoundError:
        name = Path(source).name.removesuffix(".toml")
        meant = closest(name, bundled)
        remedy = f"did you mean {toml_text(meant)}?" if meant else "check the path"
        problem = Problem("file", "(missing)", f"a path, or a bundled name: {some(bundled)}", remedy)
    except IsADirectoryError:
        problem = Problem("file", "a directory", "the path of a TOML file", "name a file in it")
    except (OSError, ValueError) as error:
        problem = Problem("file", f"unreadable: {error}", "a file that can be read", "check path and permissions")
    raise InputError(stamp([problem], str(source), {}))


def _parse(content: bytes, file: str) -> dict[str, Any]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        value = f"byte 0x{content[error.start]:02x}"
        raise InputError([Problem(f"line {line}", value, "text in UTF-8", "save the file as UTF-8", file)]) from None
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError([_broken(error, text, file)]) from None
    if not document:
        remedy = "begin with the bundled three_assets"
        raise InputError([Problem("file", "empty", "a scenario", remedy, file)])
    return document


def _broken(error: Exception, text: str, file: str) -> Problem:
    found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", str(error), re.DOTALL)
    if not found:
        what = "brackets nested too deeply" if isinstance(error, RecursionError) else str(error)
        return Problem("file", what, "TOML", "correct the text", file)
    what, line, column = found[1], int(found[2]), int(found[3])
    written = (text.split("\n")[line - 1 :] or [""])[0].strip()
    return Problem(f"line {line}, column {column}", toml_text(written), "TOML", f"{what}: correct this line", file)


def _plain(value: object) -> object:
    """Tuples and arrays as the lists, and NumPy's scalars as the numbers, that a file would hold."""
    tolist = getattr(value, "tolist", None)
    value = tolist() if tolist else value
    return [_plain(item) for item in value] if isinstance(value, (tuple, list)) else value


def _overridden(document: Mapping[str, Any], overrides: Mapping[str, object]) -> tuple[dict[str, Any], list[Problem]]:
    document, problems = dict(document), []
    for path, value in overrides.items():
        *tables, key = path.split(".")
        table = document
        for name in tables:
            inner = table.get(name, {})
            if not isinstance(inner, dict):
                allowed = "a key path through tables, as simulation.paths"
                problems.append(Problem(path, toml_text(value), allowed, f"{name} is no table here: correct the path"))
                break
            table[name] = dict(inner)
            table = table[name]
        else:
            table[key] = value
    return document, problems
