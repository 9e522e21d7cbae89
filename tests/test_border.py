"""The checks of single values, and what users do wrong with plain types: never a foreign exception."""

import math
import pickle
from fractions import Fraction

import numpy as np
import pytest

import analysis
import scenarios
import simcore
from simcore import Case, InputError, Market, Plan, Pool, PoolTree, Position, Problem, StudentT
from simcore.border import as_numbers, as_tuple, is_finite, is_name, is_whole
from simcore.errors import show

GOOD = Plan(1000, 1 / 12, 1, (0.95,))
MARKET = Market(("A",), [0.0], [0.2], "simple", simcore.Gaussian([[1.0]]))
TREE = PoolTree([Position("a", "A", 1.0)], [Pool("p", ("a",))])
CASE = Case("base", MARKET, TREE)


def test_names_are_text_in_one_line():
    assert all(map(is_name, ("A", "pension fund", "日本株式", "<script>")))
    assert not any(map(is_name, ("", "  ", "a\nb", "\x1b[31m", "a\0", None, 1, ["A"])))


def test_numpy_scalars_are_numbers_and_bools_are_not():
    assert is_whole(np.int64(3))
    assert is_finite(np.float32(0.5))
    assert not any(map(is_whole, (True, np.bool_(True), 1.0, "1", None)))
    assert not any(map(is_finite, (True, np.bool_(True), math.nan, math.inf, 10**400, "1", None)))


def test_text_is_no_list_of_its_letters():
    assert as_tuple(iter("ab"), "x") == ("a", "b")
    with pytest.raises(InputError, match="allowed: a list"):
        as_tuple("ab", "x")
    with pytest.raises(InputError, match="allowed: a list"):
        as_tuple(1, "x")


def test_numbers_are_copied_and_frozen():
    values = [1, 2]
    array = as_numbers(values, "x")
    assert array.dtype == np.float64
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 3.0
    for wrong in (
        ["a"],
        ["1"],
        [0.1, "0.2"],
        [[1, 2], ["3", "4"]],
        [10**30, "1"],
        [10**30, b"1"],
        [True],
        [[1, 2], [3]],
        [16**4000],
    ):
        with pytest.raises(InputError, match="an array of numbers"):
            as_numbers(wrong, "x")
    assert as_numbers([10**30, Fraction(1, 2), np.float32(1)], "x").tolist() == [1e30, 0.5, 1.0]


def test_values_are_shown_in_one_line_however_large():
    assert show(16**4000) == "a whole number of 16001 bits"
    assert show(-(10**50)) == "-1" + 50 * "0"
    assert show([16**4000]) == "a list that is too large to be shown"
    assert show(np.eye(2)) == "array([[1., 0.], [0., 1.]])"
    assert show(np.float64(0.5)) == "0.5"
    assert show(True) == "True"


def test_a_problem_says_nothing_that_a_terminal_would_act_on():
    problem = Problem("a\x1b[31m", "b\nc", "d\u2028", "e\r", "f\udc80/ü")
    assert str(problem) == "f\\udc80/ü: a\\x1b[31m = b\\nc\n    allowed: d\\u2028\n    remedy:  e\\r"
    assert problem.place == "a\x1b[31m"
    decomposed = Problem("é", "u\u0308", "é, e\u0301", "é", "u\u0308")
    assert str(decomposed) == "u\u0308: é = u\\u0308\n    allowed: \\xe9, e\\u0301\n    remedy:  é"
    long = str(Problem("x" * 10**6, "y", "z", f"there is no {'w' * 10**6}: check the path"))
    assert len(long) < 2000
    assert long.endswith("www: check the path")


def test_numpy_scalars_make_a_plan():
    plan = Plan(np.int64(1000), np.float64(0.5), np.int32(3), np.array([0.95, 0.99]), steps=np.int64(2))
    assert plan == Plan(1000, 0.5, 3, (0.95, 0.99), steps=2)
    assert type(plan.paths) is int


def test_an_error_survives_a_process():
    error = InputError([Problem("a", "b", "c", "d"), Problem("e", "f", "g", "h", "file")])
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.problems, str(again)) == (InputError, error.problems, str(error))


WRONG = {
    "dof text": lambda: StudentT([[1.0]], "4"),
    "value text": lambda: PoolTree([Position("a", "A", "100")]),
    "value huge": lambda: PoolTree([Position("a", "A", 10**400)]),
    "value true": lambda: PoolTree([Position("a", "A", True)]),
    "no position": lambda: PoolTree(["a"]),
    "members text": lambda: Pool("p", "ab"),
    "members none": lambda: Pool("p", None),
    "member a list": lambda: PoolTree([Position("a", "A", 1.0)], [Pool("p", (["a"],))]),
    "names text": lambda: Market.from_moments("A", expected_return=[0], volatility=[0.1], correlation=[[1]]),
    "drift text": lambda: Market(("A",), ["x"], [0.2], "simple", simcore.Gaussian([[1.0]])),
    "swapped": lambda: Case("base", TREE, MARKET),
    "control characters": lambda: Case("a\nb", MARKET, TREE),
    "factor of a number": lambda: simcore.factor(0.3),
    "factor of text": lambda: simcore.factor("abc"),
    "one case": lambda: simcore.simulate(CASE, GOOD),
    "no case": lambda: simcore.simulate(["base"], GOOD),
    "no plan": lambda: simcore.simulate([CASE], 1000),
    "no threads": lambda: simcore.simulate([CASE], GOOD, threads="two"),
    "replayed cases": lambda: simcore.replay([CASE], GOOD, [1]),
    "unknown sink": lambda: simcore.lower([CASE], GOOD, ("losss",)),
    "unknown node": lambda: TREE.positions_below("q"),
    "nothing merged": lambda: simcore.merge([]),
    "unknown measure": lambda: analysis.estimate_of(simcore.simulate([CASE], GOOD)["base"]["a"], "vol"),
    "no confidence": lambda: analysis.estimate_of(simcore.simulate([CASE], GOOD)["base"]["a"], "value_at_risk"),
    "load none": lambda: scenarios.load(None),
    "load nothing": lambda: scenarios.load(""),
    "describe": lambda: scenarios.describe("nope"),
    "calibrate": lambda: scenarios.moments_of([[0.1], [0.2]], periods_per_year=-1),
    "compounding": lambda: scenarios.moments_of([[0.1], [0.2]], periods_per_year=1, compounding="logs"),
}


@pytest.mark.parametrize("call", WRONG.values(), ids=WRONG)
def test_wrong_types_are_input_errors(call):
    with pytest.raises(InputError, match="allowed: "):
        call()


@pytest.mark.parametrize(
    ("market", "value", "horizon"),
    [
        (Market(("A",), [0.0], [0.2], "simple", simcore.Gaussian([[1.0]])), 1e100, 1e110),
        (Market(("A",), [0.0], [1e200], "simple", simcore.Gaussian([[1.0]])), 1.0, 1.0),
        (Market(("A",), [9.0], [4.4], "log", simcore.Gaussian([[1.0]])), 1e100, 20.0),
        (Market(("A",), [0.0], [0.2], "log", simcore.Gaussian([[1.0]])), 1e-165, 1.0),
    ],
    ids=["horizon", "scale", "growth", "tiny"],
)
def test_what_would_overflow_or_vanish_is_refused(market, value, horizon):
    case = Case("base", market, PoolTree([Position("a", "A", value)]))
    with pytest.raises(InputError, match=r"within|losses from"):
        simcore.simulate([case], Plan(1000, horizon, 1, (0.95,)))


def test_results_cannot_be_written():
    summary = simcore.simulate([CASE], Plan(20_000, 1 / 12, 1, (0.95,), outputs=("losses",)))
    estimate = analysis.estimate_of(summary["base"]["a"], "mean")
    arrays = [summary["base"]["a"].deviation, summary["base"]["a"].tail.values, estimate.batch, estimate.count]
    for array in [*arrays, summary.outputs["base"].losses["a"]]:
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
