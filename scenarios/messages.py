"""From what pydantic found to what a user is told: place, value, what is allowed, the remedy."""

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, get_args

from pydantic import BaseModel, Discriminator, ValidationError
from pydantic.fields import FieldInfo

from scenarios.schema import Document
from scenarios.tables import TAGS
from simcore.errors import MOST_TOLD, Problem, closest, first_of, some, whole_text

Location = Sequence[int | str]
_HINTS = {  # what people write where they mean another key
    "horizon": "say its unit: three months are horizon_years = 0.25",
    "horizon_months": "three months are horizon_years = 0.25",
    "times": "did you mean multiply?",
    "factor": "did you mean multiply?",
}
QUOTES = "leave the quotes away; "  # of a number written as text
_SAME_LETTERS = "has the same letters in another Unicode form: write both in one form, best in NFC"


def toml_text(value: object, limit: int = 60) -> str:
    """`value` as it stands in a TOML file, cut to `limit` characters."""
    text = _toml(value, limit)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _toml(value: object, limit: int) -> str:
    """More than `limit` characters of what is longer: of a long list or table, its beginning."""
    if isinstance(value, (bool, str)):
        return json.dumps(value, ensure_ascii=not str(value).isprintable())
    if isinstance(value, int):
        return whole_text(value)
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item, limit) for item in value[:limit]) + "]"
    if isinstance(value, dict):
        items = islice(value.items(), limit)
        return "{ " + ", ".join(f"{key} = {_toml(item, limit)}" for key, item in items) + " }" if value else "{}"
    return str(value)


def unknown_name(place: str, name: str, known: Iterable[str], what: str, making: str = "") -> Problem:
    """The message for a `name` that refers to nothing; `making` is how it would come to refer to something."""
    known = list(dict.fromkeys(known))
    meant = closest(name, known)
    remedy = f"did you mean {toml_text(meant)}?" if meant else f"correct it, or {making or f'give {what} this name'}"
    remedy = same_name(name, known) or remedy
    return Problem(place, toml_text(name), f"{what} of the file: {some(known) or 'there is none'}", remedy)


def same_name(name: str, known: Iterable[str]) -> str | None:
    """The remedy where one of `known` is `name` in another Unicode form."""
    same = next((other for other in known if _composed(other) == _composed(name)), None)
    return None if same is None else f"{toml_text(same)} {_SAME_LETTERS}"


def same_letters(names: Iterable[tuple[str, str]]) -> list[Problem]:
    """The message for each name, given with its place, that stands before it in another Unicode form."""
    first: dict[str, tuple[str, str]] = {}
    problems: dict[str, Problem] = {}
    for place, name in names:
        where, known = first.setdefault(_composed(name), (place, name))
        if name != known and name not in problems:
            allowed = f"a name that differs from that at {where} in more than the Unicode form of its letters"
            problems[name] = Problem(place, toml_text(name), allowed, f"{toml_text(known)} {_SAME_LETTERS}")
    return list(problems.values())


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def joined(place: str, key: str | int) -> str:
    """The key path of `key` in the table or list at `place`."""
    if isinstance(key, int):
        return f"{place}[{key}]"
    shown = key if key and key.isprintable() else toml_text(key)
    return f"{place}.{shown}" if place else shown


def problems_of(
    error: ValidationError, document: Mapping[str, Any], model: type[BaseModel] = Document
) -> list[Problem]:
    """Every error that pydantic found in `document` as a `model`, one message for one mistake."""
    first = error.errors(include_url=False)[: 2 * MOST_TOLD]  # some of which only follow from others
    errors = [{**found, "loc": _without_tags(found["loc"], model)} for found in first]
    unknown = [found["loc"] for found in errors if found["type"] == "extra_forbidden"]
    meant = {location: closest(str(location[-1]), _keys(location[:-1], model)) for location in unknown}
    return first_of(_problem(found, document, meant, model) for found in errors if not _follows(found, meant))


def _follows(found: Mapping[str, Any], meant: Mapping[tuple, str | None]) -> bool:
    """Whether `found` only follows from an unknown key in its table: what it was meant for is not missing as well."""
    *table, key = found["loc"] or ("",)
    table = list(found["loc"]) if found["type"] == "form" else table
    beside = [other for (*parent, _), other in meant.items() if parent == table]
    if found["type"] == "missing":
        return key in beside
    if found["type"] != "form":
        return False
    begun, lacking = found["ctx"]["value"], found["ctx"]["lacking"]
    return any(other in lacking or (other is None and not begun) for other in beside)


def _problem(
    found: Mapping[str, Any], document: Mapping[str, Any], meant: Mapping[tuple, str | None], model: type[BaseModel]
) -> Problem:
    location = found["loc"]
    if found["type"] == "extra_forbidden":
        allowed = "the keys " + ", ".join(_keys(location[:-1], model))
        guess = f"did you mean {meant[location]}?" if meant[location] else "remove it"
        remedy = _HINTS.get(str(location[-1]), guess)
        return Problem(_place(location, document), toml_text(found["input"]), allowed, remedy)
    if found["type"] == "form":
        context = found["ctx"]
        place = _place(location, document)
        return Problem(place, context["value"] or "none of them", context["allowed"], context["remedy"])
    field = _field(location, model)
    allowed, extra = (field.description, field.json_schema_extra) if field else (found["msg"], None)
    remedy = str(extra["remedy"]) if isinstance(extra, dict) else "correct it"
    if found["type"] == "less_than_equal" and "% " in remedy and found["input"] / 100 <= found["ctx"]["le"]:
        remedy = f"{found['input']:g} % is written {location[-1]} = {found['input'] / 100:g}"
    value = "(missing)" if found["type"] == "missing" else toml_text(found["input"])
    if isinstance(found["input"], str) and found["type"] in ("float_type", "int_type"):
        remedy = f"{QUOTES}{remedy}"
    return Problem(_place(location, document), value, allowed or "", remedy)


def _place(location: Location, document: Mapping[str, Any]) -> str:
    """The key path, and the name of the innermost named table on it."""
    path, name = "", ""
    node: Any = document
    for key in location:
        path = joined(path, key)
        try:
            node = node[key]
        except (KeyError, IndexError, TypeError):
            node = None
        if isinstance(key, int) and isinstance(node, dict) and isinstance(node.get("name"), str):
            name = node["name"]
    return f"{path} ({name})" if name and name.isprintable() and location[-1] != "name" else path


def _without_tags(location: Location, model: type[BaseModel]) -> Location:
    """`location` without the tags that pydantic puts behind the key of a union."""
    plain: list[int | str] = []
    tagged = False
    for key in location:
        if tagged and key in TAGS:
            tagged = False
            continue
        plain.append(key)
        field = None if isinstance(key, int) else _field(plain, model)
        tagged = field is not None and (_has_forms(field.metadata) or _has_forms(_rules(field.annotation)))
    return tuple(plain)


def _has_forms(rules: Iterable[object]) -> bool:
    return any(isinstance(rule, Discriminator) for rule in rules)


def _rules(annotation: Any) -> list[object]:
    """Those of the members of a union, such as ``Weights | None``."""
    return [rule for member in get_args(annotation) for rule in getattr(member, "__metadata__", ())]


def _field(location: Location, model: type[BaseModel]) -> FieldInfo | None:
    """The field of the `model` at `location`; an element of a list has its list's."""
    table: type[BaseModel] | None = model
    field = None
    for key in location:
        if isinstance(key, int):
            continue
        if table is None:  # what has keys of the user's own
            return field
        if key not in (fields := _fields(table)):
            return None
        field = fields[key]
        table = _table(field.annotation)
    return field


def _fields(table: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in table.model_fields.items()}


def _keys(location: Location, model: type[BaseModel]) -> list[str]:
    field = _field(location, model)
    table = _table(field.annotation) if field else model
    return list(_fields(table)) if table else []


def _table(annotation: Any) -> type[BaseModel] | None:
    """The table in an annotation such as ``list[Asset]`` or ``float | Classes``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((table for part in get_args(annotation) if (table := _table(part))), None)
