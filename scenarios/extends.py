"""`extends`: a file that says only in what it differs from another one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scenarios import library
from scenarios.files import File, Reference, read
from scenarios.origins import Origins, put
from simcore.errors import InputError


def extended(document: Mapping[str, Any], file: File) -> tuple[dict[str, Any], Origins]:
    """`document` on top of the file that it extends, which may extend another.

    Parameters
    ----------
    document : mapping
        With or without ``extends``: a path that begins in the folder of `file`, or a bundled name.
    file : File

    Returns
    -------
    dict
        The whole document. Tables merge by key, arrays of named tables by name; everything else replaces.
    Origins
        Which file a value came from; empty when nothing is extended.

    Raises
    ------
    InputError
        When a file is missing or broken, or leads back to itself.
    """
    chain = [(dict(document), file)]
    while isinstance(name := chain[-1][0].get("extends"), str):
        del chain[-1][0]["extends"]
        here = chain[-1][1]
        base, reference = _base(name, here), Reference(here, "extends", name)
        content = read(base, reference)
        before = [other.path.resolve() for _, other in chain]
        if base.path.resolve() in before:
            labels = [other.label for _, other in chain[before.index(base.path.resolve()) :]]
            way = " -> ".join([*labels, labels[0]])
            allowed = "a file that does not lead back to this one"
            raise InputError([reference.problem("leads back", allowed, f"break this chain: {way}")])
        chain.append((content, base))
    origins: Origins = {}
    if len(chain) == 1:
        return chain[0][0], origins
    whole: dict[str, Any] = {}
    for content, its_file in reversed(chain):
        whole = _merged(whole, content, "", its_file, origins)
    return whole, origins


def _base(name: str, file: File) -> File:
    beside = file.beside(name)
    if name in library.names() and not _is_file(beside.path):
        return File(name, library.path(name))
    return beside


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # no file can have this name; reading it will say why
        return False


def _merged(base: Any, upper: Any, place: str, file: File, origins: Origins) -> Any:
    if isinstance(base, dict) and isinstance(upper, dict):
        return base | {
            key: _merged(base.get(key), value, f"{place}.{key}" if place else key, file, origins)
            for key, value in upper.items()
        }
    if _are_named(base) and _are_named(upper):
        tables = list(base)
        index = {table["name"]: i for i, table in reversed(list(enumerate(base)))}
        for table in upper:
            i = index.pop(table["name"], len(tables))  # a name written twice stays twice, to be refused
            tables[i : i + 1] = [_merged(tables[i] if i < len(tables) else None, table, f"{place}[{i}]", file, origins)]
        return tables
    put(origins, place, file)
    return upper


def _are_named(value: object) -> bool:
    """Whether `value` is an array of tables, each with a name."""
    tables = value if isinstance(value, list) else []
    return bool(tables) and all(isinstance(table, dict) and isinstance(table.get("name"), str) for table in tables)
