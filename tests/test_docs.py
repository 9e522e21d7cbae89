"""What the documents show is what the commands print, and their files and lines of Python run."""

import re
from pathlib import Path

import pytest

import scenarios
import simcore
from analysis.cli import main

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()


def blocks(text: str, language: str = "") -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def test_the_readme_shows_what_make_run_prints(capsys):
    assert main(["run", "etf18"]) == 0
    assert capsys.readouterr().out in blocks(README)


def test_the_architecture_shows_the_program_of_three_assets():
    scenario = scenarios.load("three_assets")
    assert simcore.lower(scenario.cases, scenario.plan).describe() + "\n" in blocks(ARCHITECTURE)


def test_the_scenario_in_the_readme_runs(tmp_path, capsys):
    (scenario,) = blocks(README, "toml")
    path = tmp_path / "mine.toml"
    path.write_text(scenario)
    assert main(["run", str(path), "--paths", "20000"]) == 0
    assert "everything" in capsys.readouterr().out


@pytest.mark.parametrize("code", blocks(README, "python"))
def test_the_python_in_the_readme_runs(code):
    names: dict[str, object] = {}
    exec(code, names)
    assert len(names["table"]) > 0


def test_the_readme_says_what_its_table_says():
    (table,) = [block for block in blocks(README) if "all positions" in block]
    calm, stressed = re.findall(r"everything +(\d+\.\d) +\[", table)[-2:]
    assert f"removes {calm} % of" in " ".join(README.split())
    assert f"it removes {stressed} %." in " ".join(README.split())
