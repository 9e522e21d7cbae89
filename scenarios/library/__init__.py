"""The bundled scenarios, by name: TOML files that lie beside this module."""

import tomllib
from pathlib import Path

from simcore.errors import InputError, Problem, show, some


def names() -> tuple[str, ...]:
    """The names of the bundled scenarios, sorted.

    >>> names()
    ('crowded', 'etf18', 'three_assets')
    """
    return tuple(sorted(file.stem for file in Path(__file__).parent.glob("*.toml")))


def describe(name: str) -> str:
    """What the bundled scenario `name` says of itself; reads its text and builds nothing.

    Raises
    ------
    InputError
        When no bundled scenario has this name.
    """
    if name not in names():
        raise InputError([Problem("name", show(name), f"a bundled scenario: {some(names())}", "correct the name")])
    return tomllib.loads(path(name).read_text(encoding="utf-8")).get("description", "")


def path(name: str) -> Path:
    """Where the file of the bundled scenario `name` lies."""
    return Path(__file__).parent / f"{name}.toml"
