"""Files that nobody would write: many random structures, and valid files with bytes changed. For `make verify`.

What must hold of each stands in tests/hostile.py.
"""

import random
import shutil
from collections import Counter
from pathlib import Path

import pytest
from hostile import compile_kernels, figures_of, mutated, tried, try_tables
from hypothesis import given, settings
from hypothesis import strategies as st
from test_invalid import check_random_structure

HERE = Path(__file__).resolve().parent
FOLDERS = (HERE.parent / "cases" / "valid", HERE.parent.parent / "scenarios" / "library")
PARTS = range(4)
MUTATIONS = 20_000  # of scenario files, and as many of tables
SEEN = Counter()


@pytest.fixture(autouse=True, scope="module")
def compiled(tmp_path_factory):
    compile_kernels(tmp_path_factory.mktemp("compiled"))


@settings(max_examples=2_000)
@given(st.integers(0, 2**64 - 1))
def test_many_random_structures(seed):
    check_random_structure.hypothesis.inner_test(seed)


@pytest.mark.parametrize("part", PARTS)
def test_mutated_scenarios(tmp_path, part):
    draw = random.Random(part)
    copies = [shutil.copytree(folder, tmp_path / folder.name) for folder in FOLDERS]
    originals = [(path, path.read_bytes()) for copy in copies for path in sorted(copy.glob("*.toml"))]
    for number in range(MUTATIONS // len(PARTS)):
        path, content = draw.choice(originals)
        file = path.with_name("mutated.toml")  # beside the original, whose regimes it names
        file.write_bytes(mutated(draw, content))
        accepted = tried(lambda file=file: figures_of(file), part, number, path.name)
        SEEN["scenario", "accepted" if accepted else "refused"] += 1


@pytest.mark.parametrize("part", PARTS)
def test_mutated_tables(tmp_path, part):
    SEEN.update(try_tables(tmp_path, part, MUTATIONS // len(PARTS)))


def test_both_ends_of_the_border_were_tried():
    assert len(SEEN) == 10
    assert min(SEEN.values()) > 500
