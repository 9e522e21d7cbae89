"""--out: the files, their cells, and that a file is whole or not there."""

import csv
import errno
import io
import json
import os
from pathlib import Path

import pytest

import scenarios
from analysis import files
from analysis.cli import main
from analysis.comparison import COLUMNS, Row
from analysis.files import write_files
from analysis.output import FILES, csv_of, folder_problems
from scenarios.loader import from_document
from simcore.errors import InputError

QUICK = ["run", "three_assets", "--paths", "2e4"]
TEXTS = {name: f"new {name}\n" for name in FILES}


def row(**cells):
    place = Row("s", "base", "n", None, "pool", "pooled", "mean", None, 1.0, 0.1, 0.8, 1.2, None, None, "USD", None)
    return place._replace(**cells)


def files_in(folder):
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_three_files_that_say_what_is_printed(tmp_path, capsys):
    folder = tmp_path / "new" / "deep"
    assert main([*QUICK, "--json", "--out", str(folder)]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert sorted(files_in(folder)) == sorted(FILES)
    assert (folder / "comparison.json").read_text(encoding="utf-8") == printed.out
    rows = json.loads(printed.out)["rows"]
    with open(folder / "comparison.csv", encoding="utf-8", newline="") as file:
        cells = list(csv.DictReader(file))
    assert list(cells[0]) == list(COLUMNS)
    assert [{key: "" if v is None else v if isinstance(v, str) else repr(v) for key, v in r.items()} for r in rows] == [
        dict(line) for line in cells
    ]


def test_the_manifest_makes_the_run_again(tmp_path, capsys):
    folder = tmp_path / "out"
    arguments = [*QUICK, "--seed", "7", "--threads", "1", "--out", str(folder)]
    assert main(arguments) == 0
    capsys.readouterr()
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["command"] == ["simcore", *arguments]
    (told,) = manifest["scenarios"]
    assert (told["file"], told["scenario"], told["paths"], told["seed"]) == ("three_assets", "three assets", 20_000, 7)
    assert told["provenance"]["threads"] == 1
    assert told["plan"]["confidences"] == [0.95, 0.99]
    again = from_document(told["resolved"])
    assert again.digest == told["provenance"]["digest"]
    assert (
        again.plan == scenarios.load("three_assets", overrides={"simulation.paths": 20000, "simulation.seed": 7}).plan
    )


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)"])
def test_text_that_a_spreadsheet_would_compute_stays_text(name):
    (line,) = csv.DictReader(io.StringIO(csv_of([row(node=name, value=-1.5, parent=name)])))
    assert line["node"] == line["parent"] == "'" + name
    assert line["value"] == "-1.5"


def test_cells_are_exact_and_empty_where_nothing_exists():
    table = [row(node='a "b", c', value=0.1 + 0.2, low=1e-300, high=-0.0), row(value=None, note="does not exist")]
    first, second = csv.DictReader(io.StringIO(csv_of(table)))
    assert (first["node"], first["value"]) == ('a "b", c', "0.30000000000000004")
    assert (first["low"], first["high"], first["parent"], first["confidence"]) == ("1e-300", "-0.0", "", "")
    assert (second["value"], second["note"]) == ("", "does not exist")
    assert csv_of(table).count("\n") == 3
    assert "\r" not in csv_of(table)


def test_files_are_replaced_whole(tmp_path):
    (tmp_path / FILES[0]).write_text("old")
    (tmp_path / "other").write_text("stays")
    write_files(tmp_path, TEXTS)
    assert files_in(tmp_path) == {**TEXTS, "other": "stays"}
    mask = os.umask(0)
    os.umask(mask)
    assert (tmp_path / FILES[0]).stat().st_mode & 0o777 == 0o666 & ~mask


def full_disk(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("fails_at", [1, 2, 3])
def test_a_full_disk_leaves_all_as_it_was(tmp_path, monkeypatch, fails_at):
    (tmp_path / FILES[1]).write_text("old")
    calls = []
    sync = os.fsync

    def sometimes(descriptor):
        calls.append(descriptor)
        return full_disk() if len(calls) == fails_at else sync(descriptor)

    monkeypatch.setattr(files.os, "fsync", sometimes)
    with pytest.raises(OSError, match="No space"):
        write_files(tmp_path, TEXTS)
    assert files_in(tmp_path) == {FILES[1]: "old"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_write_that_the_system_refuses_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_temporary", lambda folder, name: tmp_path / f"{name}.part")
    opened = open
    monkeypatch.setattr("builtins.open", lambda path, mode, **options: opened("/dev/full", "w", **options))
    with pytest.raises(OSError, match="No space"):
        write_files(tmp_path, TEXTS)
    assert files_in(tmp_path) == {}


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_disk_that_fails_after_the_run_ends_with_1_and_still_prints_the_table(tmp_path, monkeypatch, capsys, step):
    monkeypatch.setattr(files.os, step, full_disk)
    assert main([*QUICK, "--out", str(tmp_path / "out")]) == 1
    printed = capsys.readouterr()
    assert "20,000 paths" in printed.out
    assert printed.err.startswith("simcore: cannot write the result: ")
    assert "Traceback" not in printed.err
    assert not (tmp_path / "out").exists()  # nothing where nothing was


@pytest.fixture
def no_simulation(monkeypatch):
    def simulate(*_, **__):
        raise AssertionError("simulated before the folder was looked at")

    monkeypatch.setattr("simcore.simulation.simulate", simulate)


def blocked(folder):
    file = folder / "file"
    file.write_text("x")
    return file


@pytest.mark.parametrize("inside", ["", "deeper", "deeper/still"])
def test_a_file_in_its_place_is_found_before(tmp_path, capsys, no_simulation, inside):
    file = blocked(tmp_path)
    assert main([*QUICK, "--out", str(file / inside)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"--out = {file} is no folder\n" in printed.err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_in_the_place_of_a_file_is_found_before(tmp_path, capsys, no_simulation):
    (tmp_path / "manifest.json").mkdir()
    assert main([*QUICK, "--out", str(tmp_path)]) == 2
    assert "manifest.json is a folder" in capsys.readouterr().err


def test_a_folder_that_takes_no_file_is_found_before(tmp_path, capsys, no_simulation, monkeypatch):
    monkeypatch.setattr(Path, "touch", full_disk)
    assert main([*QUICK, "--out", str(tmp_path)]) == 2
    assert f"--out = {tmp_path} (No space left on device)" in capsys.readouterr().err
    monkeypatch.setattr(files.os, "access", lambda *_: False)
    assert "cannot be written to" in str(InputError(folder_problems(tmp_path / "new")))


def test_its_problems_are_told_with_those_of_the_files(tmp_path, capsys):
    out = blocked(tmp_path) / "out"
    assert main(["run", "nothing", "three_assets", "--seed", "x", "--threads", "0", "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("simcore: 4 problems")
    assert all(place in said for place in ("--threads = 0", "--out = ", "nothing: file", "--seed = "))


@pytest.mark.parametrize("fails_at", [None, 1, 2, 3])
def test_files_in_folders_of_their_own_are_written_with_the_others(tmp_path, monkeypatch, fails_at):
    calls, sync = [], os.fsync

    def sometimes(descriptor):
        calls.append(descriptor)
        return full_disk() if len(calls) == fails_at else sync(descriptor)

    monkeypatch.setattr(files.os, "fsync", sometimes)
    texts = {"p/1.svg": "1", "p/deep/2.svg": "2", "text": "3"}
    if fails_at is None:
        write_files(tmp_path / "new", texts)
        assert {str(p.relative_to(tmp_path / "new")) for p in tmp_path.rglob("*") if p.is_file()} == set(texts)
        assert (tmp_path / "new" / "p" / "deep" / "2.svg").read_text() == "2"
    else:
        with pytest.raises(OSError, match="No space"):
            write_files(tmp_path / "new", texts)
        assert list(tmp_path.iterdir()) == []
