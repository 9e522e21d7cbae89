"""docs/conventions.md: its Python and its commands print what it shows, and its formulas are those of the program."""

import doctest
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

import analysis
import scenarios
from analysis.cli import main

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "conventions.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (scenario,) = (text for kind, text in BLOCKS if kind == "toml")
    Path("two.toml").write_text(scenario, encoding="utf-8")


def test_the_python_prints_what_the_page_shows():
    code = "".join(text for kind, text in BLOCKS if kind == "python")
    failed = []
    test = doctest.DocTestParser().get_doctest(code, {}, "conventions.md", None, None)
    done = doctest.DocTestRunner().run(test, out=failed.append)
    assert not failed, "".join(failed)
    assert done.attempted > 40


def test_the_command_prints_what_the_page_shows(capsys):
    (text,) = (text for kind, text in BLOCKS if kind == "console")
    line, _, shown = text.partition("\n")
    assert main(shlex.split(line)[2:]) == 2
    assert capsys.readouterr().err == shown


@pytest.mark.parametrize(
    ("compounding", "formula", "growth"),
    [("log", "V e^(mu h), of normal innovations", np.expm1), ("simple", "V (1 + mu h)", lambda x: x)],
)
def test_the_expected_value_is_what_the_page_says(compounding, formula, growth):
    columns = next(line for line in PAGE.splitlines() if line.startswith("| E[value]")).split(" | ")
    assert columns[1 if compounding == "log" else 2].removesuffix(" |") == formula
    scenario = scenarios.load("two.toml", overrides={"universe.compounding": compounding})
    base = scenario.cases[0]
    for position in base.pools.positions:
        loss = analysis.expected_loss(base, scenario.plan, [position])
        assert loss == pytest.approx(-100 * growth(0.10 * 0.25), rel=1e-12)
