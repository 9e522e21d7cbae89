"""A scenario file, read once: from text to a `Scenario`, or to everything that is wrong with it."""

from collections.abc import Mapping
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from scenarios import library
from scenarios.bootstrap import with_rows
from scenarios.build import Scenario, build
from scenarios.check import check, check_plan
from scenarios.extends import drop_other_forms, extended
from scenarios.files import File, check_levels, read
from scenarios.from_history import in_history, with_history
from scenarios.holdings import with_holdings
from scenarios.messages import joined, problems_of, toml_text
from scenarios.origins import OVERRIDE, Origins, origin, put, stamp
from scenarios.regime import with_regimes
from scenarios.sample import with_samples
from scenarios.schema import Document
from scenarios.sizes import check_lists, check_universes
from simcore.errors import InputError, Problem, first_of, raise_if_any, some


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
    return _built(read(file), file, overrides or {})


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

    Parameters
    ----------
    document : mapping
        As TOML or JSON gives it.
    file : str
        For the messages; the paths of other files begin in its folder.
    overrides : mapping, optional
        As of `load`.

    Returns
    -------
    Scenario

    Raises
    ------
    InputError
        As `load`.
    """
    raise_if_any([replace(problem, file=file) for problem in check_lists(document)])
    raise_if_any(check_levels(document, "file", file))
    return _built(document, File(file, Path(file)), overrides or {})


def _built(document: Mapping[str, Any], file: File, overrides: Mapping[str, object]) -> Scenario:
    checked, origins = _checked(document, file, overrides)
    try:
        return build(checked, file.label)
    except InputError as error:
        raise InputError(stamp(in_history(list(error.problems), checked.universe), origins, file)) from None


def _checked(document: Mapping[str, Any], file: File, overrides: Mapping[str, object]) -> tuple[Document, Origins]:
    """The document, and where its values came from."""
    whole, origins = extended(document, file)
    raise_if_any([problem for path, value in overrides.items() for problem in _check_levels_of(path, value)])
    whole, problems = _overridden(whole, {key: _plain(value) for key, value in overrides.items()}, origins, file)
    raise_if_any(problems)
    try:
        raise_if_any(check_lists(whole))
        read = Document.model_validate(whole)
        raise_if_any(check_universes(read))
        read, of_history = with_history(read, lambda place: origin(place, origins, file))
        read, problems = with_regimes(read, lambda place: origin(place, origins, file))
        problems = of_history + problems
        if read.universe.history is not None:  # it is wrong, so that there are no assets to say more of
            raise InputError(problems + check_plan(read))
        read, of_holdings = with_holdings(read, lambda place: origin(place, origins, file))
        raise_if_any(problems + of_holdings + in_history(check(read), read.universe))
        read, problems = with_rows(read)
        read, of_samples = with_samples(read)
        raise_if_any(problems + of_samples)
        return read, origins
    except ValidationError as error:
        problems = problems_of(error, whole)
    except InputError as error:
        problems = error.problems
    raise InputError(stamp(first_of(problems), origins, file)) from None


def _file(source: str | Path) -> File:
    bundled = library.names()
    if not isinstance(source, (str, Path)) or not str(source).strip():
        allowed = f"a path, or a bundled name: {some(bundled)}"
        raise InputError([Problem("source", toml_text(source), allowed, "name a scenario", str(source))])
    if isinstance(source, str) and source in bundled and not Path(source).is_file():
        return File(source, library.path(source))
    return File(str(source), Path(source))


def _check_levels_of(path: str, value: object) -> list[Problem]:
    whole = reduce(lambda inner, key: {key: inner}, path.split("."), value)
    return check_levels(whole, path, OVERRIDE)


def _plain(value: object) -> object:
    """Tuples and arrays as the lists, and NumPy's scalars as the numbers, that a file would hold."""
    tolist = getattr(value, "tolist", None)
    value = tolist() if tolist else value
    return [_plain(item) for item in value] if isinstance(value, (tuple, list)) else value


def _overridden(
    document: dict[str, Any], overrides: Mapping[str, object], origins: Origins, file: File
) -> tuple[dict[str, Any], list[Problem]]:
    document, problems = dict(document), []
    upper = File(OVERRIDE, file.path)
    for path, value in overrides.items():
        *tables, key = path.split(".")
        place = reduce(joined, tables, "")
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
            beside = {other.rpartition(".")[2] for other in overrides if other.rpartition(".")[0] == ".".join(tables)}
            drop_other_forms(table, beside, place, upper, origins, file)
            put(origins, joined(place, key), upper)
            table[key] = value
    return document, problems
