"""docs/own-data.md: its Python makes the table, its files are read, and its commands print what it shows."""

import re
import shlex
from pathlib import Path

import pytest

from analysis.cli import main

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "own-data.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
COMMANDS = [text for kind, text in BLOCKS if kind == "console"]


def only(kind):
    (text,) = (text for its, text in BLOCKS if its == kind)
    return text


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(only("python"), {})
    for name, text in zip(["mine.toml", "sure.toml"], [text for kind, text in BLOCKS if kind == "toml"], strict=True):
        Path(name).write_text(text, encoding="utf-8")
    Path("bad.csv").write_text(only("csv"), encoding="utf-8")


@pytest.mark.parametrize("text", COMMANDS)
def test_a_command_prints_what_the_page_shows(text, capsys):
    line, _, shown = text.partition("\n")
    command, _, lines = line.partition(" | head -")
    arguments = shlex.split(command)
    assert arguments[:2] == ["$", "simcore"]
    main(arguments[2:])
    printed = capsys.readouterr()
    found = printed.err + printed.out
    assert "".join(found.splitlines(keepends=True)[: int(lines) if lines else None]) == shown


def test_there_are_commands():
    assert len(COMMANDS) == 5
