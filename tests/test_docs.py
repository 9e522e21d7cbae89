"""What the documents show is what the commands print, and their files and lines of Python run."""

import itertools
import json
import re
import shlex
from pathlib import Path

import pytest

import scenarios
import simcore
from analysis.cli import main

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()


def blocks(text: str, language: str = "") -> list[str]:
    return [
        block for its, block in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE) if its == language
    ]


def without_blocks(page: Path) -> str:
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", ROOT / "benchmarks" / "README.md", *sorted((ROOT / "docs").glob("*.md"))],
    ids=lambda page: page.stem,
)
def test_every_link_leads_to_a_heading(page):
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", without_blocks(page)):
        name, _, heading = link.partition("#")
        there = page.parent / name if name else page
        assert there.exists(), link
        headings = re.findall(r"^#+ (.*)$", without_blocks(there), re.MULTILINE) if heading else []
        assert heading in ("", *(re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for text in headings)), link


def test_the_readme_shows_what_make_run_prints(capsys):
    assert main(["run", "etf18"]) == 0
    assert capsys.readouterr().out in blocks(README)


def test_the_architecture_shows_the_program_of_three_assets():
    scenario = scenarios.load("three_assets")
    assert simcore.lower(scenario.cases, scenario.plan).describe() + "\n" in blocks(ARCHITECTURE)


def test_the_scenario_in_the_readme_runs(tmp_path, capsys):
    (scenario,) = blocks(README, "toml")
    path = tmp_path / "mine.toml"
    path.write_text(scenario)
    assert main(["run", str(path), "--paths", "20000"]) == 0
    assert "everything" in capsys.readouterr().out


def test_the_readme_opens_with_the_picture_that_its_command_makes(tmp_path, monkeypatch, no_screen):
    """Matplotlib writes each text of a picture beside its outlines; the rest differs by a date and by random names."""

    def texts(folder):
        return re.findall(r"<!-- (.*?) -->", (folder / "docs" / "benefit.svg").read_text(encoding="utf-8"))

    picture = re.search(r"!\[(.*?)\]\((.*?)\)", README)
    assert picture
    assert picture[2] == "docs/benefit.svg"
    assert {f"{share} %" for share in re.findall(r"\d+\.\d", picture[1])} == {
        text.partition(" [")[0] for text in texts(ROOT) if " % [" in text
    }
    (command,) = blocks(README, "sh")
    python, option, code = shlex.split(command)
    assert (python, option) == (".venv/bin/python", "-c")
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    assert texts(tmp_path) == texts(ROOT)


@pytest.mark.parametrize("code", blocks(README, "python"))
def test_the_python_in_the_readme_runs(code):
    names: dict[str, object] = {}
    exec(code, names)
    assert len(names["table"]) > 0


def test_the_readme_says_that_the_benefit_falls_from_calm_to_crisis(capsys):
    """The table of crises is what the command gives, and its intervals are apart."""
    assert main(["run", "etf18", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    for measure, words in (("value_at_risk", "VaR"), ("expected_shortfall", "ES")):
        found = {
            row["case"]: row
            for row in rows
            if (row["node"], row["view"], row["measure"], row["confidence"])
            == ("everything", "benefit_assets", measure, 0.99)
        }
        benefits = [found[case] for case in ("base", "2022", "2008", "2020")]
        assert all(one["low"] > other["high"] for one, other in itertools.pairwise(benefits))
        cells = (f"{100 * b['value']:.1f} % [{100 * b['low']:.1f}, {100 * b['high']:.1f}]" for b in benefits)
        assert f"| benefit, {words} 99 % | {' | '.join(cells)} |" in README
