"""Regimes: the volatilities and the correlation of another universe, from a file of their own."""

from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from scenarios.changes import with_changes, with_universe
from scenarios.check_universe import check_universe
from scenarios.files import File, Reference, read
from scenarios.from_history import historical, in_history
from scenarios.messages import problems_of
from scenarios.origins import stamp
from scenarios.schema import Document, RegimeFile
from scenarios.schema_shocks import Change
from scenarios.schema_universe import Universe
from simcore.errors import InputError, Problem


def with_regimes(document: Document, origin: Callable[[str], File]) -> tuple[Document, list[Problem]]:
    """`document` with the universe of each regime file where it names the file, and what is wrong with these files.

    Parameters
    ----------
    document : Document
    origin : callable
        The file that a key path stands in: the path of a regime file begins in its folder.

    Returns
    -------
    Document
        A regime whose file is wrong stays without a universe.
    list of Problem
        Each of a file is said once, and under this file's name.
    """
    found: dict[Path, tuple[Universe | None, list[Problem]]] = {}
    problems: list[Problem] = []

    def filled(change: Change, _: int, place: str, shock: str) -> Change:
        if change.regime is None or change.regime.file is None:
            return change
        place = f"{place}.regime.file"
        naming = origin(place)
        file = naming.beside(change.regime.file)
        if file.path not in found:
            reference = Reference(naming, f"{place} ({shock})", change.regime.file)
            found[file.path] = _read(file, reference, document.universe)
            problems.extend(found[file.path][1])
        return with_universe(change, found[file.path][0])

    return with_changes(document, filled), problems


def _read(file: File, reference: Reference, base: Universe) -> tuple[Universe | None, list[Problem]]:
    try:
        content = read(file, reference)
    except InputError as error:
        return None, list(error.problems)
    try:
        universe = RegimeFile.model_validate(content).universe
    except ValidationError as error:
        return None, stamp(problems_of(error, content, RegimeFile), {}, file)
    universe, problems = historical(universe, "universe.history", file, base)
    if not problems:
        problems = in_history(check_universe(universe, "universe"), universe)
    problems = stamp(problems, {}, file)
    return (None if problems else universe), problems
