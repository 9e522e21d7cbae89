"""The command line, from outside: exit status, what goes where, and how fast it starts."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.cli import main, number
from analysis.comparison import COLUMNS

HOME = Path(__file__).resolve().parent.parent
HEAVY = {"numpy", "numba", "pandas", "pydantic", "scipy"}
QUICK = ["run", "three_assets", "--paths", "2e4"]


def child(*arguments, cwd=HOME, path=HOME, **options):
    environment = {**os.environ, "PYTHONPATH": str(path), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, **options)


def run_json(capsys, *arguments):
    assert main([*QUICK, "--json", *arguments]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(printed.out, parse_constant=refuse)


def test_run_prints_the_table(capsys):
    assert main(QUICK) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "20,000 paths" in printed.out
    assert "simulation error only" in printed.out
    assert max(map(len, printed.out.splitlines())) <= 120
    assert printed.out.endswith(".\n")


def test_json_is_strict_and_holds_the_table_and_its_provenance(capsys):
    document = run_json(capsys, "--threads", "1")
    assert list(document) == ["scenario", "paths", "seed", "provenance", "rows"]
    assert (document["paths"], document["seed"]) == (20_000, 42)
    provenance = document["provenance"]
    assert len(provenance["digest"]) == 64
    assert list(provenance["versions"]) == ["simcore", "numpy", "numba", "scipy", "python"]
    assert provenance["cpu"]
    assert provenance["threads"] == 1
    assert provenance["seconds"]["simulation"] > 0
    assert provenance["seconds"]["summaries"] > 0
    assert all(list(row) == list(COLUMNS) for row in document["rows"])
    assert document["rows"][0]["scenario"] == document["scenario"]
    assert any(row["confidence"] is None for row in document["rows"])


def test_options_replace_what_the_file_says(capsys):
    given = ["--seed", "7", "--steps", "2", "--confidence", "0.9", "--confidence", "0.975"]
    first = run_json(capsys, *given)
    assert first["seed"] == 7
    assert {row["confidence"] for row in first["rows"]} == {None, 0.9, 0.975}
    again = run_json(capsys, *given, "--threads", "2", "--paths", "20_000")
    assert again["rows"] == first["rows"]
    assert again["provenance"]["digest"] == first["provenance"]["digest"]
    assert run_json(capsys, "--seed", "8")["rows"] != run_json(capsys)["rows"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e6", 1_000_000),
        ("1000000", 1_000_000),
        ("1_000_000", 1_000_000),
        ("2.5e1", 25),
        ("9007199254740993", 9007199254740993),  # a float cannot hold it
        ("1.5", 1.5),
        ("0.99", 0.99),
        ("many", "many"),
        ("nan", "nan"),
        ("1e999999999", "1e999999999"),
    ],
)
def test_numbers_are_read_exactly(text, value):
    assert number(text) == value
    assert type(number(text)) is type(value)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "three_assets", "--paths", "1.5"], "simulation.paths = 1.5"),
        (["run", "three_assets", "--paths", "many"], "simulation.paths"),
        (["run", "three_assets", "--paths", "1e999999999"], "simulation.paths"),
        (["run", "three_assets", "--paths", "-5"], "simulation.paths = -5"),
        (["run", "three_assets", "--confidence", "99"], "write 0.99"),
        (["run", "three_assets", "--threads", "0"], "threads = 0"),
        (["run", "three_asets"], "three_assets"),
        (["run", "three_assets", "--threads", "two"], "threads = 'two'"),
        (["run", "three_assets", "--pahts", "1e6"], "--pahts"),
        (["run"], "Missing argument 'SCENARIO'"),
        (["walk"], "No such command"),
        ([], "Missing command"),
    ],
)
def test_bad_input_and_usage_end_with_2_and_only_on_stderr(capsys, arguments, said):
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err
    assert "Traceback" not in printed.err


def test_all_problems_are_counted_and_printed(capsys):
    assert main(["run", "three_assets", "--paths", "1.5", "--seed", "x", "--steps", "many"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("simcore: 3 problems with the input\n")
    assert said.count("allowed:") == said.count("remedy:") == 3
    assert main(["run", "three_assets", "--paths", "0"]) == 2
    assert capsys.readouterr().err.startswith("simcore: 1 problem with the input\n")


def test_a_file_with_errors_ends_with_2(tmp_path, capsys):
    file = tmp_path / "broken.toml"
    file.write_text("schema = 1\nname = [\n")
    assert main(["run", str(file)]) == 2
    assert "broken.toml" in capsys.readouterr().err


def test_list_prints_each_bundled_scenario(capsys):
    from scenarios.library import names

    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(names())
    assert all(len(line.split()) > 3 for line in lines)


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [(["--help"], HEAVY), (["run", "--help"], HEAVY - {"pydantic"}), (["list"], HEAVY - {"pydantic"})],
)  # typer itself imports pydantic to read a command's options
def test_help_and_list_start_without_heavy_packages(arguments, heavy):
    code = (
        "import sys; from simcore.__main__ import main; status = main();"
        f"print(sorted({heavy!r} & set(sys.modules)), file=sys.stderr); sys.exit(status)"
    )
    done = child("-c", code, *arguments)
    assert (done.returncode, done.stderr) == (0, "[]\n")
    assert done.stdout


def test_importing_analysis_is_light():
    done = child("-c", f"import sys, analysis; print(sorted({HEAVY!r} & set(sys.modules)))")
    assert done.stdout == "[]\n"


def test_the_door_lets_its_own_packages_through():
    done = child("-m", "simcore", "list")
    assert (done.returncode, done.stderr) == (0, "")
    assert "three_assets" in done.stdout


@pytest.mark.parametrize("stranger", ["analysis.py", "analysis/__init__.py", "scenarios.py"])
def test_the_door_names_the_file_that_stands_in_its_way(tmp_path, stranger):
    file = tmp_path / stranger
    file.parent.mkdir(exist_ok=True)
    file.write_text("raise SystemExit('the wrong one ran')\n")
    done = child("-m", "simcore", "list", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    found = file.parent if file.name == "__init__.py" else file
    assert f"found:  {found.resolve()}\n" in done.stderr
    assert f"rename {found.name}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_who_leaves_early_is_no_error_on_stderr():
    reader, writer = os.pipe()
    os.close(reader)
    environment = {**os.environ, "PYTHONPATH": str(HOME), "PYTHONUNBUFFERED": ""}
    command = [sys.executable, "-m", "simcore", "list"]
    done = subprocess.run(command, cwd=HOME, env=environment, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


def test_a_terminal_that_cannot_show_a_name_does_not_end_the_run(tmp_path):
    text = (HOME / "scenarios" / "library" / "three_assets.toml").read_text(encoding="utf-8")
    file = tmp_path / "umlaut.toml"
    file.write_text(text.replace('name = "', 'name = "\u00fc ', 1), encoding="utf-8")
    code = "import sys; from simcore.__main__ import main; sys.stdout.reconfigure(encoding='ascii'); sys.exit(main())"
    done = child("-c", code, "run", str(file), "--paths", "1000")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("\\xfc")
