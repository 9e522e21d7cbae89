"""docs/own-losses.md says what `simcore measure` does: what it shows runs, and every option and note is in it."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from analysis import cli
from analysis.measured import FEWEST_REPLICATES, MOST_ROWS, REPLICATES
from analysis.resampled import ABOVE_REPLICATES, BELOW_REPLICATES, BEYOND, NO_UPPER_END, tail_note

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "own-losses.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
COMMANDS = [text.split("\n", 1) for kind, text in BLOCKS if kind == "console"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with the files that the page lets its reader make."""
    monkeypatch.chdir(tmp_path)
    (code,) = (text for kind, text in BLOCKS if kind == "python")
    (pools,) = (text for kind, text in BLOCKS if kind == "toml")
    exec(code, {})
    (tmp_path / "lines.toml").write_text(pools, encoding="utf-8")


@pytest.mark.parametrize(("command", "shown"), COMMANDS, ids=lambda text: text[:60])
def test_what_the_page_shows_is_what_is_printed(command, shown, capsys):
    program, *arguments = shlex.split(command.removeprefix("$ "))
    assert program == "simcore"
    status = cli.main(arguments)
    printed = capsys.readouterr()
    assert status == (2 if printed.err else 0)
    assert printed.out + printed.err == shown


def test_the_page_shows_commands():
    assert len(COMMANDS) == 4


def test_every_option_has_a_line():
    command = typer.main.get_command(cli.app).commands["measure"]  # pyright: ignore[reportAttributeAccessIssue]
    options = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
    table = PAGE.split("| option |")[1].split("\n\n")[0]
    assert set(re.findall(r"--[a-z][a-z-]*", re.sub(r"\|[^|]*\|[^|]*\|$", "", table, flags=re.MULTILINE))) == options


def test_the_figures_of_the_page_are_those_of_the_program():
    for number in (REPLICATES, MOST_ROWS, FEWEST_REPLICATES):
        assert f"{number:,}" in PAGE
    for note in (BEYOND, NO_UPPER_END, ABOVE_REPLICATES, BELOW_REPLICATES, tail_note(20.0)):
        assert f"`{note}`" in PAGE
