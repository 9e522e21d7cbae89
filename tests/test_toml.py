"""The TOML writer: what is written is read back, bit for bit."""

import struct
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

import scenarios
from analysis.toml import toml_of
from scenarios.loader import from_document

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = TEXT | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
VALUE = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3))


def bits(value):
    """The value with floats as their bytes, so that -0.0 is not 0.0 and 1 not 1.0."""
    if isinstance(value, float):
        return struct.pack("<d", value)
    if isinstance(value, dict):
        return {key: bits(item) for key, item in value.items()}
    return [bits(item) for item in value] if isinstance(value, list) else (type(value), value)


@given(st.dictionaries(TEXT, VALUE, max_size=5))
def test_any_document_is_read_back(document):
    assert bits(tomllib.loads(toml_of(document))) == bits(document)


@pytest.mark.parametrize("name", scenarios.names())
def test_a_resolved_scenario_stays_itself(name):
    resolved = scenarios.load(name).resolved
    text = toml_of(resolved)
    assert bits(tomllib.loads(text)) == bits(resolved)
    assert [key for key in tomllib.loads(text) if resolved[key] != []] == [
        key for key in resolved if resolved[key] != []
    ]
    again = from_document(tomllib.loads(text))
    assert again.digest == scenarios.load(name).digest


def test_the_form():
    document = {
        "name": 'a "b"\n',
        "universe": {"correlation": [[1.0, 1e-05], [1e-05, 1.0]], "assets": [{"name": "A"}, {"name": "B"}]},
        "shocks": [{"name": "s", "changes": [{"correlation": {"toward": 1.0, "on": True}}]}],
        "measures": {"confidence": [0.95, 0.99]},
    }
    assert (
        toml_of(document)
        == r"""name = "a \"b\"\n"

[universe]
correlation = [
  [1.0, 1e-05],
  [1e-05, 1.0],
]

[[universe.assets]]
name = "A"

[[universe.assets]]
name = "B"

[[shocks]]
name = "s"
changes = [
  { correlation = { toward = 1.0, on = true } },
]

[measures]
confidence = [0.95, 0.99]
"""
    )


@pytest.mark.parametrize("value", [None, {1, 2}, b"x", object()])
def test_what_toml_cannot_hold_is_refused(value):
    with pytest.raises(TypeError, match="TOML holds no"):
        toml_of({"key": [value]})
