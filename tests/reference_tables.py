"""The tables of keys in docs/scenario-file.md, made from the models of the file.

    .venv/bin/python tests/reference_tables.py

writes them anew between the marks of the page, and tests/test_reference.py asserts that they stand there. A mark names
the table of the file whose keys follow, the whole file where it names none. Tables inside it are included, but those
that have a mark of their own.
"""

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from scenarios.messages import toml_text
from scenarios.schema import Document
from scenarios.tables import Table
from simcore.border import NAME
from simcore.case import Plan

PAGE = Path(__file__).resolve().parent.parent / "docs" / "scenario-file.md"
COMMAND = ".venv/bin/python tests/reference_tables.py"
MARKED = re.compile(r"^(<!-- keys: ?([\w.]*) ?-->)$.*?^(<!-- end of keys -->)$", re.DOTALL | re.MULTILINE)
HEAD = ("| key | allowed | to write | default |", "|---|---|---|---|")
COUNTS = ("none", "one", "two", "three", "four", "five", "six")


def with_tables(page: str) -> str:
    """`page` with the tables of keys that the models give now."""
    models = {path: _model_at(path) for _, path, _ in MARKED.findall(page)}

    def marked(found: re.Match[str]) -> str:
        begin, path, end = found.groups()
        return "\n".join([begin, "", *HEAD, *_lines(models[path], set(models.values())), "", end])

    return MARKED.sub(marked, page)


def _lines(model: type[Table], elsewhere: Collection[type[Table]], above: str = "") -> Iterator[str]:
    """A line for each key of `model` and of the tables inside it that are not `elsewhere`."""
    for key, field in _fields(model).items():
        allowed = "a name" if field.description == NAME else field.description
        remedy = field.json_schema_extra["remedy"].removeprefix("write").lstrip(", ")
        yield f"| `{above}{key}` | {allowed} | {remedy} | {_default(key, field, model)} |"
        inner = _model_in(field.annotation)
        if inner and inner not in elsewhere:
            yield from _lines(inner, elsewhere, f"{above}{key}.")


def _default(key: str, field: FieldInfo, model: type[Table]) -> str:
    if field.is_required():
        return "required"
    default = Plan.tail_budget if key == "tail_budget" else field.default  # where simcore sets it
    if default is not None:
        return f"`{toml_text(default)}`"
    for forms in model.forms:
        if own := next((form for form in forms if key in form), None):
            beside = [f"`{other}`" for other in own if other != key]
            one = ("at most " if () in forms else "") + f"one of {COUNTS[sum(map(bool, forms))]}"
            return ", with ".join([one, *beside])
    return "none"


def _fields(model: type[Table]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _model_at(path: str) -> type[Table]:
    model = Document
    for key in filter(None, path.split(".")):
        model = _model_in(_fields(model)[key].annotation)
    return model


def _model_in(annotation: Any) -> type[Table] | None:
    """The table in an annotation such as ``list[Asset]`` or ``float | Classes``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := _model_in(part))), None)


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
