"""How to make a report again: doing what it says gives the same figures."""

import json
import re
import shlex

import pytest
from pages import codes, shown
from reports import document, draw_at_once

pytest.importorskip("jinja2")
pytest.importorskip("matplotlib")

import analysis
import scenarios
from analysis.cli import main
from analysis.report import resolved
from analysis.toml import toml_of
from scenarios.loader import from_document

RUNS = {
    "from no file": lambda: from_document(document(paths=20_000)),
    "with overrides": lambda: scenarios.load(
        "three_assets", overrides={"simulation.paths": 20_000, "simulation.seed": 7, "measures.confidence": [0.9]}
    ),
}
every_run = pytest.mark.parametrize("source", RUNS)
every_kind = pytest.mark.parametrize("name", ["report.html", "report.md"])


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    draw_at_once(monkeypatch)


def written(run, file):
    """The text of a report without a command, as a reader sees it, and its blocks of code."""
    analysis.write_report(run, file)
    text = file.read_text(encoding="utf-8")
    return " ".join(shown(text).split()), codes(text)


def check_again(run, command, text, tmp_path, capsys, monkeypatch):
    """Save a scenario where the command looks for it, and run that."""
    monkeypatch.chdir(tmp_path)
    program, *given = shlex.split(command)
    assert (program, given) == ("simcore", ["run", "scenario.toml"])
    (tmp_path / "scenario.toml").write_text(text, encoding="utf-8")
    assert main([*given, "--json", "--quiet"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["provenance"]["digest"] == run.scenario.digest
    assert again["rows"] == [row._asdict() for row in run.rows]


@every_kind
@every_run
def test_a_report_without_a_command_says_how_to_run_what_it_holds(tmp_path, capsys, monkeypatch, source, name):
    run = analysis.run(RUNS[source]())
    said, (command, text) = written(run, tmp_path / name)
    assert "Save the scenario below as scenario.toml. The same versions give the same figures, bit for bit" in said
    assert "a scenario file of its own, with the same digest." in said
    check_again(run, command, text, tmp_path, capsys, monkeypatch)


@every_kind
def test_where_the_scenario_is_shortened_it_says_where_all_of_it_is(tmp_path, capsys, monkeypatch, name):
    monkeypatch.setattr(resolved, "MOST_NUMBERS", 8)
    run = analysis.run(RUNS["with overrides"]())
    said, (command, text) = written(run, tmp_path / name)
    assert "3 rows of 3, left out" in text
    assert "Nothing is left implicit" not in said
    assert "Shortened by its matrices: run.scenario.resolved in Python is all of it" in said
    (expression,) = re.findall(r"The scenario below is not whole: save analysis\.toml\.(\S+) as scenario\.toml", said)
    whole = eval(expression, {"run": run, "toml_of": toml_of})
    check_again(run, command, whole, tmp_path, capsys, monkeypatch)


@every_kind
def test_a_command_is_told_as_it_is_given(tmp_path, name):
    run = analysis.run(from_document(document(), "a b.toml"))
    file = tmp_path / name
    analysis.write_report(run, file, command=["simcore", "run", "a b.toml", "--report", "x\u202e.html"])
    text = file.read_text(encoding="utf-8")
    assert codes(text)[0] == "simcore run 'a b.toml' --report 'x\\u202e.html'"
    assert "Save the scenario" not in text
    assert "a b.toml" in shown(text).partition("digest of the resolved")[0]


@every_kind
def test_a_run_from_no_file_names_none(tmp_path, name):
    analysis.write_report(analysis.run(from_document(document())), tmp_path / name)
    text = (tmp_path / name).read_text(encoding="utf-8")
    assert not re.search(r"<dt>file</dt>|^\| file \|", text, re.MULTILINE)
