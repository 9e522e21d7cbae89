"""The models of the file: which keys, which types, one message for one mistake."""

import copy
import json
import math
import re
import tomllib
import unicodedata
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from scenarios import json_schema
from scenarios.loader import from_document
from scenarios.messages import problems_of, toml_text
from scenarios.schema import Document, Table
from simcore import InputError
from simcore.border import NAME, is_name
from simcore.errors import closest

VALID = Path(__file__).parent / "cases" / "valid"


def document(name="smallest"):
    return tomllib.loads((VALID / f"{name}.toml").read_text(encoding="utf-8"))


def problems(changed):
    with pytest.raises(InputError) as caught:
        from_document(changed, "file")
    return caught.value.problems


def tables(model=Table):
    for table in model.__subclasses__():
        if table.__module__.startswith("scenarios.schema"):  # others are made from tables of the file
            yield table
        yield from tables(table)


@pytest.mark.parametrize("table", list(tables()), ids=lambda table: table.__name__)
def test_every_key_says_what_is_allowed_and_what_to_write(table):
    assert table.model_config["extra"] == "forbid"
    assert table.model_config["strict"]
    for field in table.model_fields.values():
        assert field.description
        assert field.json_schema_extra["remedy"]


def test_every_key_is_the_design_s():
    """No key that is not built yet."""
    keys = {table.__name__: [field.alias or key for key, field in table.model_fields.items()] for table in tables()}
    assert keys == {
        "Asset": ["name", "class", "expected_return", "volatility", "value"],
        "BootstrapLaw": ["mean_block", "periods_per_year", "rows"],
        "Change": ["expected_return", "volatility", "jump", "correlation", "regime", "class", "assets"],
        "Classes": ["within_class", "between"],
        "CorrelationChange": ["toward", "weight", "within_class", "between", "matrix"],
        "Document": [
            *("schema", "extends", "name", "description", "currency", "universe"),
            *("positions", "holdings", "pools", "shocks", "simulation", "measures"),
        ],
        "Holdings": ["total", "weights", "file"],
        "Ewma": ["half_life"],
        "EstimationError": ["replicates", "mean_block"],
        "ExpectedReturnChange": ["multiply", "add", "set"],
        "HistorySource": [
            *("file", "kind", "periods_per_year", "start", "end", "estimator", "gaps"),
            *("date_format", "decimal", "classes", "values", "expected_returns"),
        ],
        "Innovation": ["student_t", "bootstrap"],
        "JumpChange": ["add"],
        "Measures": ["confidence", "relative_to", "estimation_error"],
        "Pool": ["name", "members"],
        "Position": ["name", "asset", "value"],
        "Regime": ["file", "universe", "start", "end"],
        "RegimeFile": ["schema", "name", "description", "universe"],
        "Sample": ["returns", "periods_per_year", "estimator", "expected_returns"],
        "Shock": ["name", "changes"],
        "Simulation": [
            "paths",
            "steps",
            "horizon_years",
            "horizon_days",
            "days_per_year",
            "seed",
            "precision",
            "tail_budget",
        ],
        "Universe": ["correlation", "factors", "repair", "compounding", "innovation", "assets", "history", "sample"],
        "VolatilityChange": ["multiply", "add", "set"],
        "Weighted": ["ewma"],
    }


REQUIRED = [
    *("schema", "name", "currency", "universe", "simulation", "measures", "universe.correlation", "universe.assets"),
    *("simulation.paths", "simulation.horizon_years", "simulation.seed", "measures.confidence"),
]


@pytest.mark.parametrize("key", REQUIRED)
def test_required(key):
    changed = document()
    *above, last = key.split(".")
    table = changed
    for name in above:
        table = table[name]
    del table[last]
    (problem,) = problems(changed)
    place = "simulation" if last == "horizon_years" else key
    assert (problem.place, problem.value) == (place, "none of them" if place != key else "(missing)")


def test_the_rest_has_defaults():
    read = Document.model_validate(document())
    assert (read.description, read.universe.compounding, read.universe.innovation) == ("", "log", "normal")
    assert (read.positions, read.pools, read.shocks, read.simulation.steps) == ([], [], [], 1)
    assert (read.extends, read.measures.relative_to) == (None, "start")


def test_whole_numbers_are_numbers():
    changed = document()
    changed["universe"]["assets"][0] |= {"volatility": 1, "expected_return": 0, "value": 100_000}
    asset = Document.model_validate(changed).universe.assets[0]
    assert [asset.volatility, asset.expected_return, asset.value] == [1.0, 0.0, 100_000.0]
    assert all(type(figure) is float for figure in (asset.volatility, asset.expected_return, asset.value))


@pytest.mark.parametrize(
    "wrong", [True, False, "0.3", None, {}, {"within": 0.3, "between": 0.1}, [0.3], 1.5, float("nan")]
)
def test_no_other_correlation(wrong):
    changed = document()
    changed["universe"]["correlation"] = wrong
    assert all(problem.place.startswith("universe.correlation") for problem in problems(changed))


@pytest.mark.parametrize("wrong", [True, "0.95", None, {}, ["0.95"], [True], [[0.95]], 1, 0.5, [float("nan")]])
def test_no_other_confidence(wrong):
    changed = document()
    changed["measures"]["confidence"] = wrong
    (problem,) = problems(changed)
    assert problem.place in ("measures.confidence", "measures.confidence[0]")


@pytest.mark.parametrize("wrong", [True, "t", None, {}, {"student_t": "4"}, {"student_t": 4, "skew": 1}, 4])
def test_no_other_innovation(wrong):
    changed = document()
    changed["universe"]["innovation"] = wrong
    (problem,) = problems(changed)
    assert problem.place.startswith("universe.innovation")


@pytest.mark.parametrize(
    ("horizon", "count"),
    [
        ({"horizon_years": 1}, 0),
        ({"horizon_days": 1, "days_per_year": 250.5}, 0),
        ({}, 1),
        ({"horizon_days": 1}, 1),
        ({"days_per_year": 252}, 1),
        ({"horizon_years": 1, "days_per_year": 252}, 1),
        ({"horizon_years": 1, "horizon_days": 1, "days_per_year": 252}, 1),
        ({"horizon_years": "1"}, 1),  # the wrong type is not a missing form as well
        ({"horizon_days": 0, "days_per_year": 0}, 2),
        ({"horizon_years": float("inf")}, 1),
        ({"horizon_days": 1e300, "days_per_year": 1e-300}, 1),  # each a number, their quotient none
        ({"horizon_day": 1, "days_per_year": 252}, 1),  # misspelt, and so not missing as well
        ({"horizon_days": 1, "odd": 252}, 2),
        ({"horizon_years": 1, "horizon_days": 1, "days_per_year": "x"}, 2),
        ({"horizon_years": -1, "horizon_days": 1, "days_per_year": 1}, 2),
    ],
)
def test_exactly_one_horizon(horizon, count):
    changed = document()
    changed["simulation"] = {"paths": 10, "seed": 1, **horizon}
    if count:
        found = problems(changed)
        assert len(found) == count
        assert {problem.place for problem in found} <= {"simulation", *(f"simulation.{key}" for key in horizon)}
    else:
        from_document(changed)


def test_all_structural_errors_in_one_pass():
    """Missing, unknown, of the wrong type, out of range, without a form: in five tables at once."""
    changed = document("shocks")
    del changed["currency"]
    changed["universe"]["taxes"] = "none"
    changed["universe"]["assets"][1]["value"] = "much"
    changed["shocks"][0]["changes"][3]["correlation"]["weight"] = 2
    changed["shocks"][1]["changes"][0]["correlation"] = {"toward": 1}
    changed["simulation"] = {"paths": 10}
    assert {problem.place for problem in problems(changed)} == {
        "currency",
        "universe.taxes",
        "universe.assets[1].value (VTI)",
        "shocks[0].changes[3].correlation.weight (every change)",
        "shocks[1].changes[0].correlation (repaired by the second change)",
        "simulation",
        "simulation.seed",
    }


@pytest.mark.parametrize(
    ("change", "places"),
    [
        ({"volatility": {"multiply": 2, "set": -1}}, {".volatility", ".volatility.set"}),
        ({"volatility": {"multiply": "x", "set": 1}}, {".volatility", ".volatility.multiply"}),
        ({"volatility": {"multiply": 2}, "regime": 3}, {"", ".regime"}),
        ({"volatility": {"multiply": 2}, "class": 3, "assets": ["AGG"]}, {"", ".class"}),
        (
            {"volatility": {"set": "1"}, "expected_return": {}, "class": "a", "assets": []},
            {"", ".volatility.set", ".expected_return", ".assets"},  # and "", for what is selected
        ),
        (
            {"regime": {"file": "a", "universe": {}}},
            {".regime", ".regime.universe.correlation", ".regime.universe.assets"},
        ),
    ],
)
def test_a_form_is_chosen_by_the_keys_that_are_written(change, places):
    changed = document("shocks")
    changed["shocks"][0]["changes"] = [change]
    found = {problem.place.removesuffix(" (every change)") for problem in problems(changed)}
    assert found == {f"shocks[0].changes[0]{place}" for place in places}


@given(
    st.text(st.characters(), max_size=3) | st.sampled_from([" ", "\u00a0a", "a\u3000", "\n", "\u2028a", "\U0001f9ff"])
)
def test_one_rule_for_names(name):
    """The schema takes a name when simcore does; the pattern that editors see takes all of them, and few others."""
    places = [("name",), ("currency",), ("universe", "assets", 2, "class"), ("shocks", 0, "name")]
    for place in places:
        changed = table = document()
        changed["shocks"] = [{"name": "s", "changes": [{"volatility": {"multiply": 2}}]}]
        for key in place[:-1]:
            table = table[key]
        table[place[-1]] = name
        try:
            from_document(changed)
        except InputError as error:
            found = error.problems
        else:
            found = ()
        assert len(found) == (not is_name(name))
        assert all(problem.allowed == NAME and place[-1] in problem.place for problem in found)
    pattern = json_schema()["$defs"]["Asset"]["properties"]["name"]["pattern"]
    matches = re.search(pattern.replace("$", r"\Z"), name) is not None
    assert matches or not is_name(name)
    unseen = any(unicodedata.category(c) in ("Cn", "Cf", "Cs", "Co") for c in name)
    assert not matches or is_name(name) or unseen


def test_all_semantic_errors_in_one_pass():
    changed = document("shocks")
    changed["universe"] |= {"innovation": {"student_t": 1.5}, "correlation": -0.6}
    changed["universe"]["assets"][1]["name"] = "AGG"
    changed["positions"] = [{"name": "fund", "asset": "TLT", "value": 1}]
    changed["pools"] = [{"name": "all", "members": ["fund", "nobody"]}]
    changed["shocks"][0]["changes"][2]["assets"] = ["TLT"]
    changed["shocks"].append(copy.deepcopy(changed["shocks"][1]))
    changed["simulation"] |= {"paths": 0, "seed": -1, "steps": 0}
    changed["measures"]["confidence"] = [1, 0.01]
    places = [problem.place for problem in problems(changed)]
    assert {
        "universe.correlation",
        "universe.innovation.student_t",
        "universe.assets[1].name",
        "positions[0].asset (fund)",
        "pools[0].members (all)",
        "shocks[0].changes[2].assets[0] (every change)",
        "shocks[2].name",
        "simulation.paths",
        "simulation.seed",
        "simulation.steps",
        "measures.confidence[0]",
        "measures.confidence[1]",
    } <= set(places)


def test_an_odd_key_keeps_its_place():
    (problem,) = problems(document() | {"<odd>": 1})
    assert problem.place == "<odd>"


def test_an_error_of_a_table_is_the_table_s():
    changed = document() | {"simulation": 3, "pools": {"name": "a"}}
    assert {problem.place: problem.value for problem in problems(changed)} == {
        "simulation": "3",
        "pools": '{ name = "a" }',
    }


def test_a_message_without_a_field_still_says_something():
    """Pydantic's own words, if a key of the schema has none."""
    with pytest.raises(ValidationError) as caught:
        Document.model_validate([])
    (problem,) = problems_of(caught.value, {})
    assert problem.allowed
    assert problem.remedy


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        ('a "b"', '"a \\"b\\""'),
        ([1, 0.5, "ä"], '[1, 0.5, "ä"]'),
        ({"a": {}, "b": [False]}, "{ a = {}, b = [false] }"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        ("x" * 100, '"' + 56 * "x" + "..."),
    ],
)
def test_toml_text(value, text):
    assert toml_text(value) == text
    if "..." not in text and text != "nan":
        assert tomllib.loads(f"value = {text}")["value"] == value


def test_closest():
    assert closest("etf_18", ["etf18", "three_assets"]) == "etf18"
    assert closest("EQUITY", ["equity", "bonds"]) == "equity"
    assert closest("gold", ["equity", "bonds"]) is None


# -- the JSON Schema


def test_json_schema_is_plain_and_whole():
    schema = json_schema()
    assert json.loads(json.dumps(schema)) == schema
    text = json.dumps(schema)
    for forbidden in ("remedy", '"null"', "\\\\p{"):
        assert forbidden not in text
    references = set(re.findall(r'"#/\$defs/([^"]*)"', text))
    assert references <= set(schema["$defs"])
    keys = list(schema["properties"])
    assert keys == [field.alias or key for key, field in Document.model_fields.items()]


def test_json_schema_says_limits_and_what_is_required():
    schema = json_schema()
    volatility = schema["$defs"]["Asset"]["properties"]["volatility"]
    assert (volatility["type"], volatility["minimum"], volatility["maximum"]) == ("number", 0, 10)
    assert volatility["description"] == "a number from 0 to 10, per square root of a year"
    required = {"schema", "name", "currency", "universe", "simulation", "measures"}
    assert set(schema["$defs"]["Document"]["required"]) == required
    assert schema["anyOf"] == [{"required": ["extends"]}, {"$ref": "#/$defs/Document"}]
    assert not any("required" in table for name, table in schema["$defs"].items() if name.startswith("Extending"))
    assert "required" not in schema
    assert schema["properties"]["universe"]["$ref"] == "#/$defs/ExtendingUniverse"
    assert schema["$defs"]["Document"]["properties"]["universe"]["$ref"] == "#/$defs/Universe"
    assert all(table["additionalProperties"] is False for table in schema["$defs"].values())


def accepts(schema, node, root):
    """The part of JSON Schema that ours uses, as the obvious recursion."""
    node = node.isoformat() if isinstance(node, date) else node  # as editors hand dates on
    if "$ref" in schema and not accepts(root["$defs"][schema["$ref"].rsplit("/", 1)[1]], node, root):
        return False
    if "anyOf" in schema and not any(accepts(form, node, root) for form in schema["anyOf"]):
        return False
    if "oneOf" in schema and sum(accepts(form, node, root) for form in schema["oneOf"]) != 1:
        return False
    types = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float)}
    if "type" in schema and (not isinstance(node, types[schema["type"]]) or isinstance(node, bool)):
        return False
    if isinstance(node, dict):
        keys, free = schema.get("properties", {}), schema.get("additionalProperties", {})
        if any(key not in node for key in schema.get("required", [])):
            return False
        if free is False and any(key not in keys for key in node):
            return False
        if free and not all(accepts(free, value, root) for key, value in node.items() if key not in keys):
            return False
        return all(accepts(keys[key], value, root) for key, value in node.items() if key in keys)
    if isinstance(node, list):
        within = schema.get("minItems", 0) <= len(node)
        return within and all(accepts(schema.get("items", {}), item, root) for item in node)
    if isinstance(node, str):
        return re.search(schema.get("pattern", ""), node) is not None and node in schema.get("enum", [node])
    low, high = schema.get("minimum", node), schema.get("maximum", node)
    above, below = schema.get("exclusiveMinimum", -math.inf), schema.get("exclusiveMaximum", math.inf)
    return low <= node <= high and above < node < below


def test_json_schema_says_what_a_value_and_a_regime_are():
    tables = json_schema()["$defs"]
    for table in ("Asset", "Position"):
        assert not accepts(tables[table]["properties"]["value"], math.inf, {})
        assert accepts(tables[table]["properties"]["value"], -1e99, {})
    assert "classes" not in tables["Regime"]["properties"]["universe"]["description"]  # its correlation may go by them


@pytest.mark.parametrize("path", sorted(VALID.glob("*.toml")), ids=lambda path: path.stem)
def test_json_schema_accepts_what_is_valid(path):
    schema = json_schema()
    assert accepts(schema, tomllib.loads(path.read_text(encoding="utf-8")), schema)


@pytest.mark.parametrize(
    "name",
    [
        *("unknown_key_without_match", "misspelt_key", "percent_volatility", "missing_seed", "missing_correlation"),
        *("shock_weight_1.5", "shock_without_changes", "relative_to_zero", "blank_name", "text_for_number", "schema_2"),
        *("paths_0", "steps_0", "steps_beyond", "seed_negative", "seed_2_to_65", "confidence_in_percent", "dof_2"),
        *("infinite_value", "matrix_entry_above_1", "name_of_odd_spaces", "confidence_of_the_tail"),
    ],
)
def test_json_schema_refuses_what_is_not(name):
    schema = json_schema()
    text = (VALID.parent / "invalid" / f"{name}.toml").read_text(encoding="utf-8")
    assert not accepts(schema, tomllib.loads(text), schema)
