"""Files that nobody would write: many random structures, and valid files with bytes changed. For `make verify`.

Never a traceback, never long, never a number that is none; what is accepted simulates to finite figures or to blanks
that say why.
"""

import math
import random
import shutil
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_invalid import check_random_structure

import scenarios
from analysis.comparison import rows
from simcore import InputError, simulate

HERE = Path(__file__).resolve().parent
FOLDERS = (HERE.parent / "cases" / "valid", HERE.parent.parent / "scenarios" / "library")
MUTATIONS, SECONDS = 20_000, 2.0
SEEN = {"accepted": 0, "refused": 0}


@settings(max_examples=2_000)
@given(st.integers(0, 2**64 - 1))
def test_many_random_structures(seed):
    check_random_structure.hypothesis.inner_test(seed)


def mutated(draw, content):
    """`content` with one to four bytes changed, left away, put in or moved."""
    out = bytearray(content)
    for _ in range(draw.choice([1, 1, 2, 4])):
        at = draw.randrange(len(out))
        kind = draw.randrange(4)
        if kind == 0:
            out[at] = draw.randrange(256)
        elif kind == 1:
            del out[at : at + draw.choice([1, 1, 1, 5, 50])]
        elif kind == 2:
            out[at:at] = draw.choice(
                [b"0", b"9", b"-", b"e", b".", b'"', b"[", b"]", b"{", b"\n", b"=", b"\xff", b"\0"]
            )
        else:
            end = at + draw.randint(1, 40)
            out[at:end], where = b"", draw.randrange(len(out) + 1)
            out[where:where] = content[at:end]
        if not out:
            out = bytearray(content)
    return bytes(out)


@pytest.mark.parametrize("part", range(4))
def test_mutated_files(tmp_path, part):
    draw = random.Random(part)
    copies = [shutil.copytree(folder, tmp_path / folder.name) for folder in FOLDERS]
    originals = [(path, path.read_bytes()) for copy in copies for path in sorted(copy.glob("*.toml"))]
    for number in range(MUTATIONS // 4):
        path, content = draw.choice(originals)
        file = path.with_name("mutated.toml")  # beside the original, whose regimes it names
        file.write_bytes(mutated(draw, content))
        began = time.perf_counter()
        scenario, problems = loaded(file)
        if scenario is None:
            SEEN["refused"] += 1
            assert problems, (part, number)
            assert all((p.place, p.value, p.allowed, p.remedy) for p in problems), (part, number)
        else:
            SEEN["accepted"] += 1
            if len(scenario.cases[0].market.names) <= 20 and scenario.plan.steps <= 100:
                check_figures(scenario)
        assert time.perf_counter() - began < SECONDS, (part, number, path.name)


def loaded(file):
    """The scenario, or what is wrong with it; anything else that is raised ends the test."""
    try:
        return scenarios.load(file, overrides={"simulation.paths": 100}), ()
    except InputError as error:
        return None, error.problems


def check_figures(scenario):
    results = simulate(scenario.cases, scenario.plan, threads=1)
    table = rows(scenario.cases, scenario.plan, results, name=scenario.name, currency=scenario.currency)
    for row in table:
        numbers = (row.value, row.std_error, row.low, row.high)
        assert all(number is None or math.isfinite(number) for number in numbers), row
        assert row.value is not None or row.note, row


def test_both_ends_of_the_border_were_tried():
    assert min(SEEN.values()) > 1000
