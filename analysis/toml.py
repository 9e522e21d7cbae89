"""A plain document as TOML text: tables, lists, text, numbers and booleans; anything else is refused."""

import json
import re
from collections.abc import Mapping
from typing import Any


def toml_of(document: Mapping[str, Any]) -> str:
    """The TOML text of `document`, from which `tomllib` reads the same document, every bit of every float included.

    Parameters
    ----------
    document : mapping
        Of str to dict, list, str, bool, int or float, at any depth.

    Returns
    -------
    str
        A section for each table, and for each table of a list; what lies deeper stands in one line, a matrix in one
        line a row.

    Raises
    ------
    TypeError
        When a value is of no such type.

    >>> print(toml_of({"name": "one", "simulation": {"paths": 1000}, "pools": [{"members": ["a", "b"]}]}), end="")
    name = "one"
    <BLANKLINE>
    [simulation]
    paths = 1000
    <BLANKLINE>
    [[pools]]
    members = ["a", "b"]
    """
    return "\n\n".join("\n".join(section) for section in _sections(document, (), "")) + "\n"


def _sections(table: Mapping[str, Any], path: tuple[str, ...], head: str) -> list[list[str]]:
    lists = {key: value for key, value in table.items() if _is_list_of_tables(value)}
    tables = {key: value for key, value in table.items() if isinstance(value, Mapping) and not path}
    own = [head] if head else []
    own += [f"{_key(key)} = {_value(value)}" for key, value in table.items() if key not in lists and key not in tables]
    sections = [own] if own else []
    for key, value in table.items():
        place = ".".join(map(_key, (*path, key)))
        if key in tables:
            sections += _sections(value, (key,), f"[{place}]")
        for item in lists.get(key, ()):
            sections.append([f"[[{place}]]", *(f"{_key(name)} = {_value(inner)}" for name, inner in item.items())])
    return sections


def _is_list_of_tables(value: object) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(item, Mapping) for item in value)


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _value(key)


def _value(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # the one control JSON leaves as it is
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        items = [_value(item) for item in value]
        if value and all(isinstance(item, (list, tuple, Mapping)) for item in value):
            return "[\n" + "".join(f"  {item},\n" for item in items) + "]"
        return f"[{', '.join(items)}]"
    if isinstance(value, Mapping):
        items = [f"{_key(key)} = {_value(item)}" for key, item in value.items()]
        return f"{{ {', '.join(items)} }}" if items else "{}"
    raise TypeError(f"TOML holds no {type(value).__name__}: {value!r}")
