"""The bundled scenarios, by name: TOML files that lie beside this module."""

import importlib.resources
import tomllib

from simcore.errors import InputError, Problem, show, some


def names() -> tuple[str, ...]:
    """The names of the bundled scenarios, sorted.

    >>> names()
    ('etf18', 'three_assets')
    """
    files = importlib.resources.files(__name__).iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


def describe(name: str) -> str:
    """What the bundled scenario `name` says of itself; reads its text and builds nothing.

    Raises
    ------
    InputError
        When no bundled scenario has this name.
    """
    if name not in names():
        raise InputError([Problem("name", show(name), f"a bundled scenario: {some(names())}", "correct the name")])
    return tomllib.loads(read(name).decode()).get("description", "")


def read(name: str) -> bytes:
    """The file of the bundled scenario `name`."""
    return importlib.resources.files(__name__).joinpath(f"{name}.toml").read_bytes()
