"""The command line, from outside: exit status, what goes where, and how fast it starts."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.cli import main
from analysis.comparison import COLUMNS
from analysis.options import number
from simcore.errors import SimcoreError

HOME = Path(__file__).resolve().parent.parent
HEAVY = {"numpy", "numba", "pandas", "pydantic", "scipy"}
QUICK = ["run", "three_assets", "--paths", "2e4"]


def child(*arguments, cwd=HOME, path=HOME, **options):
    environment = {**os.environ, "PYTHONPATH": str(path), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, **options)


def run_json(capsys, *arguments):
    return json_of(capsys, *QUICK, "--json", *arguments)


def json_of(capsys, *arguments):
    assert main(list(arguments)) == 0
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
    again = json_of(capsys, "run", "three_assets", "--paths", "20_000", *given, "--json", "--threads", "2")
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
        (["run", "three_assets", "--paths", "1.5"], "--paths = 1.5"),
        (["run", "three_assets", "--paths", "many"], "write --paths 1_000_000"),
        (["run", "three_assets", "--paths", "1e999999999"], '--paths = "1e999999999"'),
        (["run", "three_assets", "--paths", "-5"], "--paths = -5"),
        (["run", "three_assets", "--confidence", "99"], "--confidence = 99.0"),
        (["run", "three_assets", "--threads", "0"], "--threads = 0"),
        (["run", "three_asets"], "three_assets"),
        (["run", "three_assets", "--threads", "two"], "--threads = 'two'"),
        (["run", "three_assets", "--pahts", "1e6"], "--pahts"),
        (["run"], "Missing argument 'SCENARIO...'"),
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


@pytest.mark.parametrize("command", ["run", "plan", "replay", "measure", "calibrate"])
def test_an_option_of_one_value_is_given_once(capsys, command):
    options = {"replay": ["--node", "--worst"], "measure": ["--index"], "calibrate": ["--start"]}.get(
        command, ["--seed"]
    )
    given = [text for option in options for text in (option, "1", f"{option}=2", option, "3")]
    needed = ["--kind", "returns", "--periods-per-year", "12"] if command == "calibrate" else []
    assert main([command, "three_assets", *given, *needed]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    problems = "problem" if len(options) == 1 else "problems"
    assert printed.err.startswith(f"simcore: {len(options)} {problems} with the input\n")
    for option in options:
        assert f"\n{option} = given 3 times\n    allowed: once\n" in printed.err


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


def test_several_scenarios_make_a_table_each_with_its_head(capsys):
    both = ["run", "three_assets", "etf18", "--paths", "2e4"]
    assert main(both) == 0
    together = capsys.readouterr()
    assert together.err == ""
    alone = []
    for name in ("three_assets", "etf18"):
        assert main(["run", name, "--paths", "2e4"]) == 0
        alone.append(capsys.readouterr().out)
    assert together.out == "\n\n".join(alone)


def test_several_scenarios_make_one_set_of_rows(capsys):
    document = run_json(capsys, "etf18")
    assert list(document) == ["scenarios", "rows"]
    assert [about["scenario"] for about in document["scenarios"]] == ["three assets", "etf18"]
    alone = [run_json(capsys), json_of(capsys, "run", "etf18", "--paths", "2e4", "--json")]
    assert document["rows"] == [row for single in alone for row in single["rows"]]
    for about, single in zip(document["scenarios"], alone, strict=True):
        assert [*about, "rows"] == list(single)
        assert about["provenance"]["digest"] == single["provenance"]["digest"]
    assert list(dict.fromkeys(row["scenario"] for row in document["rows"])) == ["three assets", "etf18"]


def test_figures_relative_to_the_mean_say_so(tmp_path, capsys):
    text = (HOME / "scenarios" / "library" / "three_assets.toml").read_text(encoding="utf-8")
    file = tmp_path / "relative.toml"
    file.write_text(text + 'relative_to = "mean"\n', encoding="utf-8")
    assert main(["run", str(file), "--paths", "2e4"]) == 0
    assert "VaR and ES are relative to the expected loss" in capsys.readouterr().out.split("\n\n")[0]
    shifted = json_of(capsys, "run", str(file), "--paths", "2e4", "--json")["rows"]
    for row, plain in zip(shifted, run_json(capsys)["rows"], strict=True):
        above = row["view"] == "pooled" and row["measure"] in ("value_at_risk", "expected_shortfall")
        assert row["measure"] == plain["measure"]
        assert not above or row["value"] > plain["value"]  # the expected loss is below 0: a gain


def test_two_scenarios_of_one_name_cannot_share_a_table(capsys):
    assert main(["run", "three_assets", "three_assets"]) == 2
    said = capsys.readouterr().err
    assert 'three_assets: name = "three assets"' in said
    assert "name each file once" in said
    assert main(["validate", "three_assets", "three_assets"]) == 0


def test_an_option_that_is_wrong_is_told_once(capsys):
    assert main(["run", "three_assets", "etf18", "--paths", "0", "--threads", "x"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("simcore: 2 problems with the input\n")
    assert said.count("--paths = 0") == 1


@pytest.mark.parametrize("sources", [["three_assets"], ["three_assets", "etf18"]])
def test_what_cannot_fit_is_refused_at_the_file_s_key_before_any_runs(capsys, monkeypatch, tmp_path, sources):
    monkeypatch.setattr("simcore.simulation.simulate", None)
    assert main(["run", *sources, "--paths", "1e15", "--out", str(tmp_path / "out")]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    for source in sources:
        assert f"{source}: simulation.paths = 1000000000000000 (about " in printed.err
    assert printed.err.count("at most about ") == len(sources)
    assert list(tmp_path.iterdir()) == []


def test_validate_prints_a_line_for_each_valid_file(capsys, monkeypatch):
    monkeypatch.setattr("simcore.simulation.simulate", None)
    assert main(["validate", "three_assets", "etf18"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    first, second = printed.out.splitlines()
    assert first == "three_assets: valid: 3 positions, 1 pool, 2 cases"
    assert re.fullmatch(r"etf18: valid: \d+ positions, 4 pools, \d+ cases", second)


def test_show_prints_a_scenario_that_is_valid_and_the_same(capsys, tmp_path):
    import scenarios

    assert main(["show", "etf18"]) == 0
    file = tmp_path / "shown.toml"
    file.write_text(capsys.readouterr().out, encoding="utf-8")
    shown, original = scenarios.load(file), scenarios.load("etf18")
    assert shown.digest == original.digest
    assert json_of(capsys, "show", "etf18", "--json") == original.resolved == shown.resolved


def test_schema_is_json(capsys):
    import scenarios

    assert json_of(capsys, "schema") == scenarios.json_schema()


def test_warmup_says_how_long_it_took_and_where_the_cache_lies(capsys):
    assert main(["warmup"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    seconds, folder = re.fullmatch(r"kernels ready after (\d+\.\d) s; their cache is (.+)\n", printed.out).groups()  # pyright: ignore[reportOptionalMemberAccess]
    assert float(seconds) >= 0.0
    assert list(Path(folder).rglob("driver.drive-*.nbc"))


def test_quiet_leaves_nothing_but_errors_on_stderr(capsys):
    import logging

    logger = logging.getLogger("simcore")
    assert main([*QUICK, "--quiet"]) == 0
    assert capsys.readouterr().err == ""
    assert not logger.isEnabledFor(logging.WARNING)
    assert main(["run", "nothing", "--quiet"]) == 2
    assert "nothing: file = (missing)" in capsys.readouterr().err
    assert main(QUICK) == 0
    assert logger.isEnabledFor(logging.WARNING)


@pytest.mark.parametrize(
    "environment", [{"NO_COLOR": "1"}, {"FORCE_COLOR": "1", "CLICOLOR_FORCE": "1", "TERM": "xterm"}]
)
@pytest.mark.parametrize("arguments", [["--help"], ["list"], ["validate", "nothing"], ["walk"]])
def test_there_is_no_colour_whether_asked_for_or_not(monkeypatch, environment, arguments):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    done = child("-m", "simcore", *arguments)
    assert "\x1b" not in done.stdout + done.stderr
    assert done.stdout + done.stderr


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (MemoryError(), 1, "simcore: not enough memory: run fewer paths"),
        (SimcoreError("please report it"), 1, "simcore: please report it"),
        (KeyError("x"), 1, "simcore: a mistake of simcore's own, please report it: KeyError: 'x' (test_cli.py, line "),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_whatever_else_fails_ends_with_1_and_without_a_traceback(capsys, monkeypatch, error, status, said):
    def simulate(*_, **__):
        raise error

    monkeypatch.setattr("simcore.simulation.simulate", simulate)
    assert main(QUICK) == status  # as shells have it for what the user interrupts
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(said)
    assert "Traceback" not in printed.err


def test_memory_that_a_file_takes_is_not_for_want_of_fewer_paths(capsys, monkeypatch):
    def read(*_, **__):
        raise MemoryError

    monkeypatch.setattr("scenarios.files.content_of", read)
    assert main(QUICK) == 1
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "simcore: not enough memory: take smaller files, or free some of it\n")


def test_list_prints_each_bundled_scenario(capsys):
    from scenarios.library import names

    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(names())
    assert all(len(line.split()) > 3 for line in lines)


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [
        (["--help"], HEAVY),
        (["run", "--help"], HEAVY - {"pydantic"}),
        (["measure", "--help"], HEAVY - {"pydantic"}),
        (["list"], HEAVY - {"pydantic"}),
    ],
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
