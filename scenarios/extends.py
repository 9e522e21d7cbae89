"""`extends`: a file that says only in what it differs from another one."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from scenarios import library
from scenarios.files import File, Reference, read
from scenarios.messages import joined
from scenarios.origins import Origins, is_below, origin, put
from scenarios.schema import Simulation
from scenarios.schema_holdings import Holdings
from scenarios.schema_universe import Universe
from scenarios.sizes import MOST_FILES
from simcore.errors import InputError

# by key path: the tables that merge and have forms to choose from
_MERGING = {"simulation": Simulation, "universe": Universe, "holdings": Holdings}


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
        The whole document. Tables merge by key, arrays of named tables by name; everything else replaces. Where one
        of several forms is to be chosen, the keys of one replace those of the others.
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
        if len(chain) > MOST_FILES:
            allowed = f"at most {MOST_FILES} files that extend one another"
            raise InputError([reference.problem(f"file {len(chain)} of a chain", allowed, "put some of them together")])
    origins: Origins = {}
    if len(chain) == 1:
        return chain[0][0], origins
    whole: dict[str, Any] = {}
    for content, its_file in reversed(chain):
        whole = _merged(_without_what_is_held(whole, content), content, "", its_file, origins)
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
        base = dict(base)
        drop_other_forms(base, upper, place, file, origins, file)
        return base | {
            key: _merged(base.get(key), value, joined(place, key), file, origins) for key, value in upper.items()
        }
    if _are_named(base) and _are_named(upper):
        tables = list(base)
        index = {table["name"]: i for i, table in reversed(list(enumerate(base)))}
        for table in upper:
            i = index.pop(table["name"], len(tables))  # a name written twice stays twice, to be refused
            tables[i : i + 1] = [
                _merged(tables[i] if i < len(tables) else None, table, joined(place, i), file, origins)
            ]
        return tables
    if isinstance(base, (str, int, float)):
        origins[place] = file  # nothing stands below it
    else:
        put(origins, place, file)
    return upper


def drop_other_forms(
    table: dict[str, Any], written: Iterable[str], place: str, upper: File, origins: Origins, below: File
) -> None:
    """Take from the `table` at `place` the keys of all forms but the one that is `written` on top of it.

    The form is then the choice of the file `upper`; what stays came from `below`, where `origins` does not know.
    """
    if place not in _MERGING:
        return
    model = _MERGING[place]
    for forms in model.forms:
        keys = {key for form in forms for key in form}
        on_top = keys.intersection(written)
        chosen = {key for form in forms if on_top <= set(form) for key in form}
        for key in (keys - chosen - on_top) & table.keys():
            del table[key]
        if on_top:
            others = [key for key in model.model_fields if key not in keys]
            places = {joined(place, key) for key in (*table, *others)}
            stays = {there: origin(there, origins, below) for there in places}
            inside = {key: its for key, its in origins.items() if any(is_below(key, there) for there in places)}
            put(origins, place, upper)
            origins.update(stays | inside)


def _without_what_is_held(base: dict[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    """`base` without the form of what is held that `upper` replaces by the other."""
    holdings, universe = upper.get("holdings"), base.get("universe")
    if "holdings" in base and upper.get("positions"):
        return {key: value for key, value in base.items() if key != "holdings"}
    if not isinstance(holdings, dict) or "holdings" in base:
        return base
    base = {key: value for key, value in base.items() if key != "positions"}
    if holdings.get("weights") == "value" or not isinstance(universe, dict) or not _are_named(universe.get("assets")):
        return base
    assets = [{key: value for key, value in asset.items() if key != "value"} for asset in universe["assets"]]
    return base | {"universe": universe | {"assets": assets}}


def _are_named(value: object) -> bool:
    """Whether `value` is an array of tables, each with a name."""
    tables = value if isinstance(value, list) else []
    return bool(tables) and all(isinstance(table, dict) and isinstance(table.get("name"), str) for table in tables)
