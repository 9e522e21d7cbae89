"""Cases and plans: what they accept at their limits, and everything that they refuse."""

import math

import numpy as np
import pytest
from models import equal_pool

from simcore import Case, InputError, Plan, PoolTree, Position

GOOD = {"paths": 1000, "horizon": 1 / 12, "seed": 42, "confidences": (0.95, 0.99)}


def test_a_plan_is_frozen_and_its_defaults_are_the_contracts():
    plan = Plan(**GOOD)
    assert (plan.steps, plan.collapse, plan.outputs, plan.precision) == (1, True, (), "double")
    with pytest.raises(AttributeError, match="cannot assign"):
        plan.paths = 1


def test_numpys_numbers_are_plain_numbers():
    plan = Plan(np.int64(1000), np.float32(0.5), np.uint8(42), np.array([0.95, 0.99]), steps=np.int32(3))
    assert plan == Plan(1000, 0.5, 42, (0.95, 0.99), steps=3)
    assert {type(plan.paths), type(plan.steps), type(plan.seed), type(plan.horizon)} == {int, float}


@pytest.mark.parametrize(
    "change",
    [
        {"paths": 1},
        {"paths": 2**56},
        {"steps": 2**20},
        {"seed": 0},
        {"seed": 2**63 - 1},
        {"horizon": 1e-9},
        {"horizon": 30},
        {"confidences": [0.500001, 0.9999]},
        {"outputs": ["losses", "returns"]},
        {"collapse": False},
        {"precision": "single"},
        {"tail_budget": 0},
        {"tail_budget": 2**63 - 1},
    ],
    ids=str,
)
def test_limits_are_accepted(change):
    plan = Plan(**{**GOOD, **change})
    assert isinstance(plan.confidences, tuple)
    assert isinstance(plan.outputs, tuple)


REFUSED = {
    "no path": ({"paths": 0}, r"Plan\.paths = 0\n    allowed: a whole number from 1 to 72057594037927936"),
    "paths as a float": ({"paths": 1e6}, r"Plan\.paths = 1000000\.0\n    allowed: a whole number"),
    "paths true": ({"paths": True}, r"Plan\.paths = True"),
    "paths text": ({"paths": "1000"}, r"Plan\.paths = '1000'"),
    "too many paths": ({"paths": 2**56 + 1}, r"Plan\.paths"),
    "no step": ({"steps": 0}, r"Plan\.steps = 0"),
    "too many steps": ({"steps": 2**20 + 1}, r"Plan\.steps = 1048577\n    allowed: .* to 1048576"),
    "negative seed": ({"seed": -1}, r"Plan\.seed = -1"),
    "seed of 64 bits": ({"seed": 2**63}, r"Plan\.seed"),
    "no horizon": (
        {"horizon": 0.0},
        r"Plan\.horizon = 0\.0\n    allowed: a finite number of years, above 0\n    remedy:  .* 1 / 12",
    ),
    "negative horizon": ({"horizon": -1}, r"Plan\.horizon = -1"),
    "horizon nan": ({"horizon": math.nan}, r"Plan\.horizon = nan"),
    "horizon infinite": ({"horizon": math.inf}, r"Plan\.horizon = inf"),
    "horizon text": ({"horizon": "1 month"}, r"Plan\.horizon = '1 month'"),
    "no confidence": ({"confidences": ()}, r"Plan\.confidences = \(\)\n    allowed: at least one"),
    "an output alone": ({"outputs": "losses"}, r"Plan\.outputs = 'losses'\n    allowed: a list"),
    "per cent": ({"confidences": (0.95, 99)}, r"Plan\.confidences\[1\] = 99\n .*\n    remedy:  write 0\.99:"),
    "the tail's": ({"confidences": (0.01,)}, r"Plan\.confidences\[0\] = 0\.01\n .*\n    remedy:  write 0\.99:"),
    "certainty": ({"confidences": (1.0,)}, r"strictly between 0\.5 and 1"),
    "confidence nan": ({"confidences": (math.nan,)}, r"Plan\.confidences\[0\] = nan"),
    "confidence text": ({"confidences": ("0.99",)}, r"Plan\.confidences\[0\] = '0\.99'"),
    "twice": ({"confidences": (0.95, 0.95)}, r"Plan\.confidences\[1\] = 0\.95\n    allowed: each confidence once"),
    "collapse": ({"collapse": 1}, r"Plan\.collapse = 1\n    allowed: True or False"),
    "negative budget": ({"tail_budget": -1}, r"Plan\.tail_budget = -1\n    allowed: a whole number from 0"),
    "budget as a float": (
        {"tail_budget": 1e9},
        r"Plan\.tail_budget = 1000000000\.0\n .*\n    remedy:  a GiB is 2\*\*30",
    ),
    "outputs": ({"outputs": ("paths",)}, r"Plan\.outputs = 'paths'\n    allowed: \"losses\" or \"returns\""),
    "precision": ({"precision": "half"}, r"Plan\.precision = 'half'\n    allowed: \"double\" or \"single\""),
    "no precision": ({"precision": None}, r"Plan\.precision = None"),
}


@pytest.mark.parametrize(("change", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_plan_is_refused(change, message):
    with pytest.raises(InputError, match=message):
        Plan(**{**GOOD, **change})


def test_everything_wrong_with_a_plan_is_said_at_once():
    with pytest.raises(InputError) as caught:
        Plan(0, math.nan, -1, (1.0, 99), steps=0, collapse="no", outputs=("all",), precision=32)
    fields = ["paths", "steps", "seed", "horizon", "confidences[0]", "confidences[1]", "collapse", "outputs"]
    fields.append("precision")
    assert [problem.place for problem in caught.value.problems] == [f"Plan.{field}" for field in fields]


def test_a_case_needs_the_assets_of_its_positions():
    good = equal_pool(2)
    tree = PoolTree([Position("mine", "asset 0", 1.0), Position("other", "asset 2", 1.0)])
    with pytest.raises(InputError) as caught:
        Case("base", good.market, tree)
    [asset] = caught.value.problems
    assert asset.place == "PoolTree.positions[1].asset (other)"
    assert asset.allowed == "an asset of the market: asset 0, asset 1"


def test_what_is_no_case_is_refused():
    with pytest.raises(InputError) as caught:
        Case(" ", "market", [])
    assert [problem.place for problem in caught.value.problems] == ["Case.name", "Case.market", "Case.pools"]


def test_assets_without_a_position_are_allowed():
    good = equal_pool(3)
    assert Case("base", good.market, PoolTree([Position("mine", "asset 2", 1.0)])).name == "base"
