"""Every bad file there is, through the command: status 2, all on stderr, nothing written, nothing begun."""

from pathlib import Path

import pytest

from analysis.cli import main

CASES = Path(__file__).parent / "cases"
INVALID = sorted((CASES / "invalid").glob("*.toml"))


@pytest.fixture(autouse=True)
def no_simulation(monkeypatch):
    def simulate(*_, **__):
        raise AssertionError("a bad file was simulated")

    monkeypatch.setattr("simcore.simulation.simulate", simulate)


def refused(arguments, capsys):
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Traceback" not in printed.err
    assert "simcore's own" not in printed.err
    head, *problems = printed.err.split("\n\n")
    assert head == f"simcore: {len(problems)} problem{'' if len(problems) == 1 else 's'} with the input"
    assert all("\n    allowed: " in problem and "\n    remedy:  " in problem for problem in problems)
    return problems


@pytest.mark.parametrize("file", INVALID, ids=lambda path: path.stem)
def test_run_refuses_it_and_writes_nothing(file, tmp_path, capsys):
    assert refused(["run", "--out", str(tmp_path / "out"), str(file)], capsys)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [["validate"], ["show"], ["replay", "--node", "pool", "--worst", "1"]])
def test_every_command_refuses_it(command, capsys):
    for file in INVALID[::8]:
        refused([*command, str(file)], capsys)


@pytest.mark.parametrize("command", ["run", "validate"])
def test_the_problems_of_all_files_are_told_together_and_good_ones_do_not_run(command, capsys):
    alone = [problem.rstrip("\n") for file in INVALID for problem in refused([command, str(file)], capsys)]
    together = refused([command, "three_assets", *map(str, INVALID), "etf18"], capsys)
    assert [problem.rstrip("\n") for problem in together] == list(dict.fromkeys(alone))  # a file they share speaks once


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"\xff\xfe", b"schema = 1\n[[", b"# only a comment\n"])
def test_a_file_that_is_no_scenario(content, tmp_path, capsys):
    file = tmp_path / "bad.toml"
    file.write_bytes(content)
    assert len(refused(["run", str(file), "--out", str(tmp_path / "out")], capsys)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["bad.toml"]


def test_a_missing_file_and_a_folder(tmp_path, capsys):
    assert len(refused(["run", str(tmp_path / "none.toml"), str(tmp_path)], capsys)) == 2
