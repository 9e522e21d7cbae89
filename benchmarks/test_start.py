"""What comes before the first figure: starting, importing, compiling; whole processes. For `make bench` only."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from peers import forms
from race import Heat, request

HERE = Path(__file__).parent
HEAT = Heat(n=10, steps=1, threads=1, paths=20_000, rounds=1)
COMMANDS = {"--help": 5, "validate etf18": 3, "run three_assets": 5, "run etf18": 2}  # and how often

pytestmark = pytest.mark.benchmark(group="start of a process")


def _run(arguments: list[str], line: str = "", **environment: str) -> None:
    command = [sys.executable, *arguments]
    subprocess.run(
        command, input=line, text=True, env=os.environ | environment, cwd=HERE.parent, check=True, capture_output=True
    )


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for kernels, empty at first."""
    return tmp_path_factory.mktemp("kernels")


@pytest.mark.parametrize("kernels", ["compiled", "from the disk"])
def test_first_figures(benchmark, cache, kernels):
    """From nothing to the figures of a small job; the first to come here compiles."""
    line = request("simcore", HEAT, forms("simcore", 1)[0], seed=1)
    rounds = 1 if kernels == "compiled" else 3
    benchmark.name = f"first figures, kernels {kernels}"
    arguments = ([str(HERE / "contestant.py")], line)
    benchmark.pedantic(_run, arguments, {"NUMBA_CACHE_DIR": str(cache)}, rounds=rounds, warmup_rounds=rounds // 2)


@pytest.mark.parametrize("command", COMMANDS)
def test_command(benchmark, command):
    """A command from its start to its end, the second time."""
    benchmark.name = f"simcore {command}"
    arguments = (["-m", "simcore", *command.split()],)
    benchmark.pedantic(_run, arguments, rounds=COMMANDS[command], warmup_rounds=1)
