"""A scenario file, read once: from text to a `Scenario`, or to everything that is wrong with it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from scenarios import library
from scenarios.build import Scenario, build
from scenarios.check import check
from scenarios.extends import extended
from scenarios.files import File, read
from scenarios.messages import problems_of, toml_text
from scenarios.origins import OVERRIDE, Origins, origin, put, stamp
from scenarios.regime import with_regimes
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
    file = _file(source)
    return _built(*_checked(read(file), file, overrides or {}))


def validate(source: str | Path, *, overrides: Mapping[str, object] | None = None) -> Document:
    """The checked document of a scenario: everything that `load` does but what takes long, the factors.

    Parameters
    ----------
    source, overrides
        As `load`.

    Returns
    -------
    Document

    Raises
    ------
    InputError
        As `load`.
    """
    file = _file(source)
    return _checked(read(file), file, overrides or {})[0]


def from_document(
    document: Mapping[str, Any], file: str = "", *, overrides: Mapping[str, object] | None = None
) -> Scenario:
    """The scenario of a document that is already parsed, such as `Scenario.resolved`.

    `file` is for the messages, and the paths of other files begin in its folder.
    """
    return _built(*_checked(document, File(file, Path(file)), overrides or {}))


def _built(document: Document, label: str) -> Scenario:
    try:
        return build(document, label)
    except InputError as error:
        raise InputError([replace(problem, file=label) for problem in error.problems]) from None


def _checked(document: Mapping[str, Any], file: File, overrides: Mapping[str, object]) -> tuple[Document, str]:
    """The document, and what its file is called."""
    whole, origins = extended(document, file)
    whole, problems = _overridden(whole, {key: _plain(value) for key, value in overrides.items()}, origins, file)
    raise_if_any(problems)
    try:
        read, problems = with_regimes(Document.model_validate(whole), lambda place: origin(place, origins, file))
        raise_if_any(problems + check(read))
        return read, file.label
    except ValidationError as error:
        problems = problems_of(error, whole)
    except InputError as error:
        problems = error.problems
    raise InputError(stamp(problems, origins, file)) from None


def _file(source: str | Path) -> File:
    bundled = library.names()
    if not isinstance(source, (str, Path)) or not str(source).strip():
        allowed = f"a path, or a bundled name: {some(bundled)}"
        raise InputError([Problem("source", toml_text(source), allowed, "name a scenario", str(source))])
    if isinstance(source, str) and source in bundled and not Path(source).is_file():
        return File(source, library.path(source))
    return File(str(source), Path(source))


def _plain(value: object) -> object:
    """Tuples and arrays as the lists, and NumPy's scalars as the numbers, that a file would hold."""
    tolist = getattr(value, "tolist", None)
    value = tolist() if tolist else value
    return [_plain(item) for item in value] if isinstance(value, (tuple, list)) else value


def _overridden(
    document: dict[str, Any], overrides: Mapping[str, object], origins: Origins, file: File
) -> tuple[dict[str, Any], list[Problem]]:
    document, problems = dict(document), []
    for path, value in overrides.items():
        put(origins, path, File(OVERRIDE, file.path))
        *tables, key = path.split(".")
        if path == "extends":
            remedy = "write it into a file, or override the keys themselves"
            problems.append(Problem(path, toml_text(value), "a key of a file, not of overrides", remedy, OVERRIDE))
        table = document
        for name in tables:
            inner = table.get(name, {})
            if not isinstance(inner, dict):
                allowed, remedy = "a key path through tables, as simulation.paths", "is no table here: correct the path"
                problems.append(Problem(path, toml_text(value), allowed, f"{name} {remedy}", OVERRIDE))
                break
            table[name] = dict(inner)
            table = table[name]
        else:
            table[key] = value
    return document, problems
