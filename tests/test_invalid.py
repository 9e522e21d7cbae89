"""What is wrong is said, all of it, and nothing but `InputError` comes out: of files, and of random structures."""

import math
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models import tie_of

import scenarios
from scenarios.loader import from_document
from simcore import InputError, simulate

FOLDER = Path(__file__).parent / "cases" / "invalid"
CASES = sorted({path.with_suffix("") for path in [*FOLDER.glob("*.toml"), *FOLDER.glob("*.expect")]})


def expectation(case):
    """The lines ``# expect: ...`` of a case, and the number of its problems.

    They stand in the file itself, or, where it can hold none, beside it in ``.expect``.
    """
    beside = Path(f"{case}.expect")
    text = (beside if beside.exists() else Path(f"{case}.toml")).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("# ")]
    expected = [line.removeprefix("# expect: ") for line in lines if line.startswith("# expect: ")]
    return expected, next(int(line.split()[-1]) for line in lines if line.startswith("# problems: "))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_invalid(case):
    """``@`` stands for the file: the beginning of one message."""
    path = f"{case}.toml"
    expected, count = expectation(case)
    with pytest.raises(InputError) as caught:
        scenarios.load(path)
    message = str(caught.value)
    for text in expected:
        assert text.replace("@", f"{path}: ", 1) in message
    assert len(caught.value.problems) == count  # one mistake, one message
    assert all(line.isprintable() for line in message.split("\n"))
    assert message.count("\n") == 3 * count - 1  # what a file says begins no line of its own
    for problem in caught.value.problems:
        assert problem.file == path or Path(problem.file).parent.parent == FOLDER  # in its regimes/ and bases/
        assert all((problem.place, problem.value, problem.allowed, problem.remedy))


def test_enough_cases():
    counts = [expectation(case)[1] for case in CASES]
    assert len(counts) >= 90
    assert sum(count >= 3 for count in counts) >= 10


# -- random structures near the schema


class Draw(random.Random):
    """What a document is made of; hypothesis gives the seed, since thousands of its own draws take minutes."""

    def mostly(self, good, *odd):
        """`good`, and one time in eighty something odd."""
        return self.choice(odd) if self.random() < 1 / 80 else good

    def figure(self, low, high):
        good = self.choice([low, high, 0, (low + high) / 2, self.uniform(low, high), self.uniform(low, high)])
        return self.mostly(good, -1, 99, 1e308, math.nan, math.inf, "0.1", True, None, [])

    def names(self, known, most):
        return [self.choice(known) for _ in range(self.randint(0, most))]

    def distinct(self, known, most):
        return self.mostly(list(dict.fromkeys(self.names(known, most))), self.names(known, most))


def random_universe(draw, names):
    n = len(names)
    assets = [
        {
            "name": draw.mostly(name, "a", "", 1, "base", "pool"),
            "class": draw.choice("xy"),
            "expected_return": draw.figure(-1, 1),
            "volatility": draw.figure(0, 1),
            "value": draw.figure(-1e6, 1e6),
        }
        for name in names
    ]
    rows = np.array([draw.uniform(-1, 1) for _ in range(n * n)]).reshape(n, n)
    rows /= np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    matrix = rows @ rows.T
    matrix = 0.5 * (matrix + matrix.T)
    np.fill_diagonal(matrix, 1.0)
    by_class = {"within_class": draw.figure(0.5, 1), "between": draw.figure(0, 0.5)}
    correlation = draw.choice([0.3, 1, 0, by_class, matrix.tolist()])
    repair = draw.choice(["none", "nearest"])
    if repair == "nearest":
        half = np.triu([[draw.uniform(-1, 1) for _ in names] for _ in names], 1)
        correlation = draw.choice([correlation, -0.9, (half + half.T + np.eye(n)).tolist()])
    if draw.random() < 0.25:
        count = draw.randint(1, 2)
        loadings = [[draw.figure(-0.7, 0.7) for _ in range(count)] for _ in names]
        ties = {"factors": draw.mostly(loadings, loadings[1:], [[]], 0.3, [[1.5]] * n, None)}
        repair = draw.mostly("none", repair)
    else:
        ties = {"correlation": draw.mostly(correlation, -0.9, [[1.0]], [0.0], {}, None)}
    return {
        **ties,
        "repair": draw.mostly(repair, "other", None),
        "compounding": draw.mostly(draw.choice(["log", "simple"]), "both"),
        "innovation": draw.mostly(draw.choice(["normal", {"student_t": 5}]), {"student_t": 2}, "t", {}),
        "assets": assets,
    }


def random_change(draw, universe):
    key = draw.choice(["expected_return", "volatility", "volatility", "jump", "correlation", "regime"])
    if key == "regime":
        names = [asset["name"] for asset in universe["assets"]]
        regime = random_universe(draw, draw.mostly(names, names[1:] or ["a"]))
        regime |= {law: universe[law] for law in ("compounding", "innovation")}
        files = ({"file": name} for name in ("", ".", "none.toml", "a\0b", "x" * 300))
        return {key: draw.mostly({"universe": regime}, {}, *files)}
    if key == "jump":
        return {key: draw.mostly({"add": draw.figure(-0.9, 1)}, {}, {"add": -1}, 0.2)}
    if key == "correlation":
        by_class = {"within_class": draw.figure(0.5, 1), "between": draw.figure(0, 0.5)}
        toward = {"toward": draw.figure(0, 1), "weight": draw.figure(0, 1)}
        return {key: draw.mostly(draw.choice([toward, by_class]), {**toward, "between": 0}, {"matrix": [[1.0]]})}
    operation = draw.choice(["multiply", "add", "set"])
    change = {key: draw.mostly({operation: draw.figure(0, 2)}, {}, {"set": 1, "add": 1})}
    if draw.random() < 0.2:
        change["assets"] = draw.mostly(["a"], [], ["a", "a"], ["z"], "a")
    return change


def random_document(draw):
    names = ["a", "b", "c", "d"][: draw.randint(1, 4)]
    universe = random_universe(draw, names)
    held = draw.distinct("pq", 2)
    document = {
        "schema": draw.mostly(1, 2),
        "name": "random",
        "currency": "USD",
        "universe": universe,
        "positions": [
            {"name": name, "asset": draw.mostly("a", "z", "p"), "value": draw.figure(-1e6, 1e6)} for name in held
        ],
        "pools": [
            {"name": "u", "members": draw.mostly(["a", *held], ["a", "a"], [], ["u"])},
            {"name": draw.mostly("v", "u", "a"), "members": draw.mostly(["u", *names[1:]], ["a"], ["z"])},
        ][: draw.randint(0, 2)],
        "shocks": [
            {
                "name": name,
                "changes": [random_change(draw, universe) for _ in range(draw.mostly(draw.randint(1, 2), 0))],
            }
            for name in draw.distinct(["s", "t", "w"], 2)
        ],
        "simulation": {
            "paths": draw.mostly(600, 0, 1, 1.5),
            "steps": draw.mostly(draw.randint(1, 3), 0),
            "horizon_years": draw.mostly(draw.choice([0.25, 1, 1 / 252]), 0, -1, math.inf),
            "seed": draw.mostly(draw.randrange(2**63), -1, 2**65),
        },
        "measures": {"confidence": draw.mostly([0.9, 0.99], 99, [], [0.5], math.nan)},
    }
    if draw.random() < 0.2:
        document["positions"] = draw.mostly([], document["positions"])
        weights = draw.choice(["value", "equal", "risk", "inverse_volatility"])
        if weights != "value":
            document["universe"]["assets"] = [
                {key: value for key, value in asset.items() if key != "value"} for asset in universe["assets"]
            ]
        table = {name: draw.figure(-1, 1) for name in names}
        document["holdings"] = {"total": draw.figure(1, 1e6), "weights": draw.mostly(weights, table, "none", {})}
        document["holdings"] = draw.mostly(document["holdings"], {"file": "none.csv"}, {"file": "a\0b"}, {}, [])
        document["pools"] = document["pools"] if not held else []
    if draw.random() < 0.1:
        where = draw.choice(["universe", "simulation", "measures", "shocks", "pools", "extends"])
        document[where] = draw.choice([None, 3, "x", [], {}, [{}], [3], "none.toml"])
    return document


SEEN = {"accepted": 0, "refused": 0, "simulated": 0}


@settings(max_examples=500)
@given(st.integers(0, 2**64 - 1))
def check_random_structure(seed):
    try:
        scenario = from_document(random_document(Draw(seed)), "file")
    except InputError as error:
        SEEN["refused"] += 1
        for problem in error.problems:
            assert all((problem.place, problem.value, problem.allowed, problem.remedy, problem.file))
        return
    SEEN["accepted"] += 1
    for case in scenario.cases:
        figures = (case.market.drift, case.market.scale, tie_of(case))
        assert all(np.isfinite(array).all() for array in figures)
        assert all(np.isfinite(position.value) for position in case.pools.positions)
    assert from_document(scenario.resolved).digest == scenario.digest
    if scenario.plan.paths == 600:
        SEEN["simulated"] += 1
        for nodes in simulate(scenario.cases, scenario.plan).values():
            for summary in nodes.values():
                for array in (summary.center, summary.deviation, summary.square, summary.tail.values):
                    assert np.isfinite(array).all()


def test_random_structures():
    SEEN.update(dict.fromkeys(SEEN, 0))
    check_random_structure()
    assert SEEN["accepted"] + SEEN["refused"] >= 500
    assert min(SEEN.values()) >= 100  # the control: both ends of the border are tried
