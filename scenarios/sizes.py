"""How large a scenario may be: said before it is parsed, or before anything is computed of it.

Every limit lies beyond what a scenario needs. To read what is within them takes seconds; to factor the correlations of
6,000 assets, minutes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from scenarios.schema import Document
from simcore.errors import Problem
from simcore.memory import check_dense
from simcore.pools import PoolTree

MOST_BYTES = 2**29  # of a file: the matrix of 5,000 assets with 17 digits takes 500 MB
MOST_KEYS = 500_000  # of a TOML file, which take three seconds to parse
MOST_LEVELS = 50  # of tables and lists inside one another: no scenario has ten, and what reads them is recursive
_MOST_PARTS = 1000  # of a dotted key: to parse it takes the square of them
MOST_FILES = 100  # that extend one another
MOST_ASSETS = 10_000  # every two of them have a correlation
MOST_OF_FACTORS = 50_000  # assets that factors tie together
MOST_POSITIONS = 200_000
MOST_POOLS = 100_000
MOST_COUNTED = 2_000_000  # positions, each once for every pool above it: so many does a table add up
MOST_SHOCKS = 10_000
MOST_CHANGES = 10_000  # of a shock
MOST_CONFIDENCES = 1000
MOST_DATES = 200_000  # of a history: five centuries of days

_LISTS = {
    ("positions",): (MOST_POSITIONS, "positions", "add up positions of one asset"),
    ("pools",): (MOST_POOLS, "pools", "take fewer pools"),
    ("shocks",): (MOST_SHOCKS, "shocks", "spread them over several files"),
    ("measures", "confidence"): (MOST_CONFIDENCES, "confidences", "spread them over several runs"),
}
_ASSETS = b"[[universe.assets]]"
_IN_A_KEY = bytes({*range(128)} - {*b".\n=,()[]{}:;#/"}) + bytes(range(128, 256))  # beside the dots between its parts


def check_text(content: bytes) -> list[Problem]:
    """What would take too long to parse as TOML, by what is counted at a glance."""
    check = check_pairs if b"factors" not in content else _check_count
    if problems := check(content.count(_ASSETS)):
        return problems
    if (keys := content.count(b"=")) > MOST_KEYS:
        value = f"about {keys} keys ({len(content) / 1e6:.0f} MB)"
        remedy = "write fewer tables; positions may stand in a CSV ([holdings] with file)"
        return [Problem("file", value, f"at most {MOST_KEYS} keys", remedy)]
    values = max(part.count(b",") - part.count(b"=") for part in content.split(b"]"))
    if values > MOST_POSITIONS:
        allowed = f"at most {MOST_POSITIONS} values in a list"
        return [Problem("file", f"a list of about {values} values", allowed, "write shorter lists")]
    return [too_deep("file")] if b"." * _MOST_PARTS in content.translate(None, _IN_A_KEY) else []


def check_lines(content: bytes, most: int, what: str, remedy: str) -> list[Problem]:
    """Whether a table has more lines than rows are allowed, by what is counted at a glance."""
    if (lines := content.count(b"\n")) <= 1 + most:
        return []
    value = f"about {lines} lines ({len(content) / 1e6:.0f} MB)"
    return [Problem("file", value, f"at most {most} {what}", remedy)]


def too_deep(place: str) -> Problem:
    """That tables and lists are nested too deeply."""
    allowed = f"at most {MOST_LEVELS} tables and lists inside one another"
    return Problem(place, "nested too deeply", allowed, "write it with fewer levels")


def check_lists(document: Mapping[str, Any]) -> list[Problem]:
    """What a document, of whatever form, has too many of."""
    check = check_pairs if _length(document, ("universe", "factors")) == 0 else _check_count
    problems = check(_length(document, ("universe", "assets")))
    for path, (most, what, remedy) in _LISTS.items():
        if (count := _length(document, path)) > most:
            problems.append(Problem(".".join(path), f"{count} {what}", f"at most {most} {what}", remedy))
    shocks = document.get("shocks")
    for i, shock in enumerate(shocks if isinstance(shocks, list) and not problems else ()):
        if (count := _length(shock, ("changes",))) > MOST_CHANGES:
            allowed = f"at most {MOST_CHANGES} changes of one shock"
            problems.append(Problem(f"shocks[{i}].changes", f"{count} changes", allowed, "take fewer changes"))
    return problems


def check_pairs(assets: int, place: str = "universe.assets", *, universes: int = 1, shocks: int = 0) -> list[Problem]:
    """Whether the correlations between so many assets can be computed; `universes` and `shocks` have their own."""
    return check_dense(assets, place, universes=universes, shocks=shocks, most=MOST_ASSETS)


def check_universes(document: Document, place: str = "universe.assets", assets: int | None = None) -> list[Problem]:
    """Whether the correlations of a document and of its shocks fit into memory together.

    `assets`: how many there are, where they are not in the document.
    """
    count = len(document.universe.assets or ()) if assets is None else assets
    changes = [change for shock in document.shocks for change in shock.changes]
    others = [change.regime.universe for change in changes if change.regime is not None]
    dense = sum((other or document.universe).factors is None for other in (document.universe, *others))
    shocks = sum(any(change.correlation is not None for change in shock.changes) for shock in document.shocks)
    if not dense:
        return _check_count(count, place)
    problems = check_pairs(count, place, universes=dense, shocks=shocks)
    for other in others if not problems else ():
        problems += check_pairs(len(other.assets or ()) if other and other.factors is None else 0, "shocks")
    return problems


def _check_count(assets: int, place: str = "universe.assets") -> list[Problem]:
    """Whether there are too many assets for anything, where factors tie them together."""
    if assets <= MOST_OF_FACTORS:
        return []
    return [Problem(place, f"{assets} assets", f"at most {MOST_OF_FACTORS} assets", "take fewer assets")]


def check_tree(tree: PoolTree) -> list[Problem]:
    """Whether the positions in every pool, through all levels, are too many to be added up."""
    below = [1] * len(tree.positions) + [0] * len(tree.pools)
    for q in tree.order:
        members = tree.child[tree.start[q] : tree.start[q + 1]].tolist()
        below[len(tree.positions) + q] = sum(below[member] for member in members)
    if (counted := sum(below[len(tree.positions) :])) <= MOST_COUNTED:
        return []
    value = f"{len(tree.pools)} pools with {counted} positions, each counted in every pool above it"
    return [Problem("pools", value, f"at most {MOST_COUNTED}", "take fewer levels of pools in pools")]


def _length(document: object, path: Sequence[str]) -> int:
    """How many items the list at a key path has; 0 where there is none."""
    for key in path:
        document = document.get(key) if isinstance(document, Mapping) else None
    return len(document) if isinstance(document, (list, tuple)) else 0
