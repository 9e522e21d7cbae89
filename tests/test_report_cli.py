"""`simcore run --report`: the file is whole or not there, and what is wrong with it is told before anything runs."""

import errno
import json
import os
import re
import shlex
import sys
from pathlib import Path

import pytest
from models import child
from pages import Page, markdown_tables
from reports import document, draw_at_once

pytest.importorskip("jinja2")
pytest.importorskip("matplotlib")

from analysis import files
from analysis.cli import main
from analysis.plots.style import COLOURS
from analysis.report import pictures, target
from analysis.toml import toml_of

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
QUICK = ["run", "three_assets", "--paths", "2e4"]


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    draw_at_once(monkeypatch)


def names_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", ["report.html", "report.md", "REPORT.HTML"])
def test_it_prints_what_it_prints_without(tmp_path, capsys, name):
    assert main(QUICK) == 0
    without = capsys.readouterr().out
    file = tmp_path / name
    assert main([*QUICK, "--report", str(file)]) == 0
    printed = capsys.readouterr()
    assert printed.out == without
    size = sum(path.stat().st_size for path in tmp_path.rglob("*.*") if path.is_file())
    assert printed.err == f"simcore: {file}: a report of {size / 1e6:.2f} MB\n"
    assert main([*QUICK, "--quiet", "--report", str(file)]) == 0
    assert capsys.readouterr().err == ""


def test_the_figures_are_those_that_json_prints(tmp_path, capsys):
    assert main([*QUICK, "--json", "--report", str(tmp_path / "r.html"), "--out", str(tmp_path / "out")]) == 0
    document = json.loads(capsys.readouterr().out)
    page = Page((tmp_path / "r.html").read_text(encoding="utf-8"))
    for row in document["rows"]:
        if (row["view"], row["measure"], row["confidence"]) == ("benefit", "expected_shortfall", 0.99):
            cells = page.tables[0].cells(row["case"])
            assert cells["benefit, %"] == f"{100 * row['value']:.1f}"
            assert cells["benefit, 95 % interval"] == f"[{100 * row['low']:.1f}, {100 * row['high']:.1f}]"
    seconds = document["provenance"]["seconds"]
    assert f"simulation {seconds['simulation']:.2f}" in page.texts["dd"]
    assert document["provenance"]["digest"] in page.texts["dd"]
    assert names_in(tmp_path) == ["out/comparison.csv", "out/comparison.json", "out/manifest.json", "r.html"]


def test_the_command_is_told_as_it_was_given(tmp_path, capsys):
    file = tmp_path / "a report.html"
    given = [*QUICK, "--seed", "7", "--report", str(file)]
    assert main(given) == 0
    assert shlex.join(["simcore", *given]) in Page(file.read_text(encoding="utf-8")).texts["code"]


def test_several_scenarios_make_one_report(tmp_path, capsys):
    other = tmp_path / "other.toml"
    other.write_text(toml_of(document(name="other")), encoding="utf-8")
    for name in ("r.html", "r.md"):
        assert main(["run", "three_assets", str(other), "--paths", "2e4", "--report", str(tmp_path / name)]) == 0
    page = Page((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert [text for level, text in page.headings if level == 2] == ["three assets", "other"]
    captions = [table.caption for table in markdown_tables((tmp_path / "r.md").read_text(encoding="utf-8"))]
    assert captions == [table.caption for table in page.tables]


def test_an_older_report_is_replaced_whole(tmp_path, capsys):
    file = tmp_path / "report.md"
    file.write_text("old")
    assert main([*QUICK, "--report", str(file)]) == 0
    assert file.read_text(encoding="utf-8").startswith("# three assets\n")
    before = names_in(tmp_path)
    assert main([*QUICK, "--report", str(file)]) == 0
    assert names_in(tmp_path) == before


def full_disk(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("name", ["report.html", "report.md"])
@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("old", [False, True])
def test_a_full_disk_loses_nothing(tmp_path, capsys, monkeypatch, name, step, old):
    file = tmp_path / name
    if old:
        file.write_text("old")
    monkeypatch.setattr(files.os, step, full_disk)
    assert main([*QUICK, "--report", str(file)]) == 1
    printed = capsys.readouterr()
    assert "20,000 paths" in printed.out
    assert printed.err.startswith("simcore: cannot write the result: ")
    assert "No space left" in printed.err
    assert [path.name for path in tmp_path.iterdir()] == [name] * old
    assert not old or file.read_text() == "old"


@pytest.mark.parametrize("fails_at", [1, 3])
def test_a_disk_that_is_full_after_some_pictures_leaves_none(tmp_path, capsys, monkeypatch, fails_at):
    calls, sync = [], os.fsync

    def sometimes(descriptor):
        calls.append(descriptor)
        return full_disk() if len(calls) == fails_at else sync(descriptor)

    monkeypatch.setattr(files.os, "fsync", sometimes)
    assert main([*QUICK, "--report", str(tmp_path / "report.md")]) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_fails_loses_no_table_and_leaves_no_file(tmp_path, capsys, monkeypatch):
    def fail(*_, **__):
        raise KeyError("x")

    monkeypatch.setattr(pictures, "_svg_of", fail)
    assert main([*QUICK, "--report", str(tmp_path / "report.html")]) == 1
    printed = capsys.readouterr()
    assert "20,000 paths" in printed.out
    assert "a mistake of simcore's own" in printed.err
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def no_simulation(monkeypatch):
    def simulate(*_, **__):
        raise AssertionError("simulated before the file was looked at")

    monkeypatch.setattr("simcore.simulation.simulate", simulate)


def refused(capsys, *given):
    assert main([*QUICK, *given]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("simcore: 1 problem with the input\n")
    return printed.err


@pytest.mark.parametrize("name", ["report.pdf", "report", "", ".html", "html", "report.html.gz", "report.htm"])
def test_a_file_of_another_kind_is_refused(tmp_path, capsys, no_simulation, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    said = refused(capsys, "--report", name)
    assert f'--report = "{name}"\n' in said
    assert "allowed: a file that ends in .html or .md" in said
    assert f"remedy:  name it {Path(name).stem.strip('.') or 'report'}.html or " in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["report.html", "report.md"])
def test_a_place_that_takes_no_file_is_refused(tmp_path, capsys, no_simulation, monkeypatch, name):
    assert f"--report = {tmp_path / 'none'} is missing\n" in refused(capsys, "--report", str(tmp_path / "none" / name))
    (tmp_path / name).mkdir()
    assert f"--report = {tmp_path / name} is a folder\n" in refused(capsys, "--report", str(tmp_path / name))
    (tmp_path / name).rmdir()
    (tmp_path / "file").write_text("x")
    assert f"--report = {tmp_path / 'file'} is no folder\n" in refused(
        capsys, "--report", str(tmp_path / "file" / name)
    )
    long = f"{'x' * 245}{Path(name).suffix}"  # no room for the temporary name beside it
    assert "(File name too long)\n" in refused(capsys, "--report", str(tmp_path / long))
    with monkeypatch.context() as patched:
        patched.setattr(Path, "touch", full_disk)
        assert f"--report = {tmp_path} (No space left on device)\n" in refused(capsys, "--report", str(tmp_path / name))
    monkeypatch.setattr(files.os, "access", lambda *_: False)
    said = refused(capsys, "--report", str(tmp_path / name))
    assert f"--report = {tmp_path} cannot be written to\n" in said
    assert (
        f"remedy:  make the folder where it is missing, or name another file than {str(tmp_path / name)[:60]}" in said
    )
    assert names_in(tmp_path) == ["file"]


def test_one_place_for_files_and_report_is_refused(tmp_path, capsys, no_simulation):
    place = str(tmp_path / "r.html")
    assert f"--out = {place}\n" in refused(capsys, "--report", place, "--out", place)
    assert names_in(tmp_path) == []


def test_a_file_in_the_place_of_the_pictures_is_refused(tmp_path, capsys, no_simulation):
    (tmp_path / "report_files").write_text("x")
    said = refused(capsys, "--report", str(tmp_path / "report.md"))
    assert f"--report = {tmp_path / 'report_files'} is no folder\n" in said


@pytest.mark.parametrize(
    ("missing", "name", "said"),
    [
        (["jinja2"], "report.html", "(Jinja2 missing)"),
        (["matplotlib"], "report.html", "(Matplotlib missing)"),
        (["jinja2", "matplotlib"], "report.html", "(Jinja2 and Matplotlib missing)"),
        (["jinja2", "matplotlib"], "report.md", "(Matplotlib missing)"),
    ],
)
def test_a_missing_extra_is_told_before_anything_runs(
    tmp_path, capsys, no_simulation, monkeypatch, missing, name, said
):
    for package in missing:
        monkeypatch.setitem(sys.modules, package, None)
    told = refused(capsys, "--report", str(tmp_path / name))
    assert said in told
    assert "remedy:  install it: pip install 'simcore[report]'" in told


def test_markdown_needs_no_jinja(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    assert main([*QUICK, "--report", str(tmp_path / "report.md")]) == 0
    assert "report.md" in names_in(tmp_path)


def test_what_is_wrong_is_told_with_everything_else(tmp_path, capsys, no_simulation):
    given = ["run", "nothing", "three_assets", "--seed", "x", "--out", str(tmp_path), "--report", "report.pdf"]
    (tmp_path / "manifest.json").mkdir()
    assert main(given) == 2
    said = capsys.readouterr().err
    assert said.startswith("simcore: 4 problems")
    assert all(place in said for place in ("--out = ", "--report = ", "nothing: file", "--seed = "))


def test_a_run_without_a_report_imports_nothing_for_it():
    code = (
        "import sys; from simcore.__main__ import main; status = main();"
        "print(sorted({'jinja2', 'matplotlib', 'analysis.report.content'} & set(sys.modules)), file=sys.stderr);"
        "sys.exit(status)"
    )
    done = child("-c", code, *QUICK)
    assert done.stderr == "[]\n"
    assert "20,000 paths" in done.stdout


def test_a_run_without_a_report_keeps_no_summaries(monkeypatch, capsys):
    from analysis import runs

    kept, simulate_one = [], runs.simulate_one

    def watched(*given, **options):
        done = simulate_one(*given, **options)
        kept.append(done.summaries)
        return done

    monkeypatch.setattr(runs, "simulate_one", watched)
    assert main(QUICK) == 0
    assert kept == [{}]


def test_the_page_of_the_guide_shows_what_is_printed(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (shown,) = re.findall(r"^```console\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    line, said, table = shown.split("\n", 2)
    assert main(shlex.split(line)[2:]) == 0
    printed = capsys.readouterr()
    assert table == printed.out
    assert re.sub(r"\d\.\d\d MB", "MB", printed.err) == re.sub(r"\d\.\d\d MB", "MB", f"{said}\n")
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    quoted = re.findall(r"^> (.*)$", PAGE, re.MULTILINE)
    assert " ".join(quoted) in page.texts["p"]
    headings = re.findall(r"^\| \*\*(.*?)\*\* \|", PAGE, re.MULTILINE)
    assert headings == [text for level, text in page.headings if level == 2]


def test_targets_are_named_after_their_file():
    assert target.pictures_folder(Path("a/b c.md")) == "b c_files"


def test_the_pictures_themselves(tmp_path, monkeypatch):
    """All eight, in a page: nothing of them comes from elsewhere, and none has the colours of one theme alone."""
    monkeypatch.undo()  # draws them
    assert main([*QUICK, "--steps", "3", "--report", str(tmp_path / "report.html"), "--quiet"]) == 0
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert "Not drawn" not in text
    assert len(page.all("svg")) == 1 + 6 + 7
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"https?://[^\s\"'<]*", text)) == {"http://www.w3.org/2000/svg"}
    styles = " ".join(page.attributes("style", "fill", "stroke"))
    assert not [colour for colour in COLOURS["light"].__dict__.values() if re.search(rf"(?<!, ){colour}", styles)]
    assert "font-family" not in styles
    assert len(text) < 1e6
