"""Streams that are closed, full or not UTF-8, and options that are empty: the result is whole, and nothing is lost."""

import json
import subprocess
import sys
import tomllib

import pytest
from models import REPOSITORY
from test_cli import QUICK, child

from analysis.cli import main

NAME = 'name = "Zürich 🎉"'


@pytest.fixture
def zurich(tmp_path):
    text = (REPOSITORY / "scenarios/library/three_assets.toml").read_text()
    path = tmp_path / "zurich.toml"
    path.write_text(text.replace('name = "three assets"', NAME), encoding="utf-8")
    assert NAME in path.read_text(encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("arguments", [["run", "--paths", "2000", "--json"], ["show", "--json"], ["show"]])
def test_json_and_toml_are_utf_8_whatever_the_terminal_is(zurich, monkeypatch, arguments):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    command = [sys.executable, "-m", "simcore", *arguments, zurich]
    printed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True).stdout.decode("utf-8")
    document = json.loads(printed) if "--json" in arguments else tomllib.loads(printed)
    assert "Zürich 🎉" in (document.get("name"), document.get("scenario"))


def shell(command):
    return subprocess.run(["bash", "-c", command], cwd=REPOSITORY, capture_output=True, text=True, check=False)


@pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full")
@pytest.mark.parametrize("stream", ["2>&-", "2>/dev/full"])
def test_a_stderr_that_nobody_reads_changes_nothing(stream):
    simcore = f"{sys.executable} -m simcore"
    done = shell(f"{simcore} run three_assets --paths 2e6 --json {stream}")
    assert json.loads(done.stdout)["paths"] == 2_000_000
    assert done.returncode == 0
    bad = shell(f"{simcore} run nothing {stream}")
    assert (bad.returncode, bad.stdout) == (2, "")


def test_quiet_is_quiet_where_the_cache_cannot_be_written(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    assert "cannot write /dev/null" in child("-m", "simcore", "warmup").stderr  # the control
    assert child("-m", "simcore", *QUICK, "--quiet").stderr == ""


def test_a_folder_without_a_name_is_refused(capsys):
    assert main([*QUICK, "--out", ""]) == 2
    assert "name a folder" in capsys.readouterr().err


def test_a_folder_that_no_disk_can_have_is_refused(capsys):
    assert main([*QUICK, "--out", 300 * "x"]) == 2
    assert "File name too long" in capsys.readouterr().err
