"""The JSON Schema of the scenario file: what an editor needs to complete keys and to mark mistakes while one writes."""

import copy
import json
from typing import Any

from scenarios.schema import Document

_LOOSE = "Extending"  # before the name of a table in a file that extends another, where no key is required


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the scenario file.

    Returns
    -------
    dict
        Plain JSON. A file that has ``extends`` may leave out any key; one without must have those required. What only
        shows when keys are read together (names, matrices, trees, forms of which one is to be chosen) is not in it.

    >>> sorted(json_schema()["properties"])[:3]
    ['currency', 'description', 'extends']
    """
    strict = _plain(Document.model_json_schema(by_alias=True))
    tables = strict.pop("$defs")
    loose = _renamed(_without_required({"tables": tables, "root": strict}))
    tables |= {"Document": strict} | {f"{_LOOSE}{name}": table for name, table in loose["tables"].items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **loose["root"],
        "title": "simcore scenario, schema 1",
        "anyOf": [{"required": ["extends"]}, {"$ref": "#/$defs/Document"}],
        "$defs": tables,
    }


def _plain(node: Any) -> Any:
    """Without what JSON Schema or TOML do not know: remedies, null."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    forms = [form for form in node.get("anyOf", []) if form != {"type": "null"}]
    node = {key: _plain(value) for key, value in node.items() if key != "remedy" and (key, value) != ("default", None)}
    if len(forms) == 1:
        del node["anyOf"]
        node = _plain(forms[0]) | node
    return node


def _without_required(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_required(item) for item in node]
    if not isinstance(node, dict):
        return copy.copy(node)
    return {
        key: _without_required(value)
        for key, value in node.items()
        if not (key == "required" and isinstance(value, list))
    }


def _renamed(node: dict[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(node).replace('"#/$defs/', f'"#/$defs/{_LOOSE}'))
