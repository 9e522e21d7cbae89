"""How large a page is: all of it is counted as it is written, and pictures are left out where it would be too large."""

import pytest
from pages import Page
from reports import SMALL, document

pytest.importorskip("jinja2")
pytest.importorskip("matplotlib")

import analysis
from analysis.lookup import by_benefit
from analysis.report import html, pictures
from analysis.report.headline import headline_of
from scenarios.loader import from_document

LINE = '<path d="M 0 0 L 1 1" style="fill: #0072b2"/>'  # longer in a page, whose colours have names


@pytest.fixture
def fat(monkeypatch):
    """Put a picture of about so many bytes in the place of each."""

    def draw_fat(size):
        text = SMALL.format("x").replace("</svg>", LINE * (size // len(LINE)) + "</svg>")
        monkeypatch.setattr(pictures, "_svg_of", lambda *_: text)

    return draw_fat


def size_of(runs, folder, name="report.html"):
    size = analysis.write_report(runs, folder / name)
    return size, Page((folder / name).read_text(encoding="utf-8")) if name.endswith("html") else None


@pytest.mark.parametrize("count", [1, 2])
def test_a_page_stays_below_2_mb_however_large_its_pictures_are(tmp_path, fat, count):
    fat(80_000)
    runs = [analysis.run(from_document(document(3 + i, shocks=2, name=f"number {i}"))) for i in range(count)]
    size, page = size_of(runs, tmp_path)
    assert 1.8e6 < size < 2e6
    assert len(page.all("svg")) < count * (1 + 6 + 7 + 7)
    cases = [label.rpartition(", ")[2] for label in page.attributes("aria-label")]
    assert cases.count("base") == count * 6  # of each run the first case stays
    assert page.texts["p"].count("It needs more room than there is in a report that is to stay small.") >= count


def test_names_in_many_bytes_are_counted_as_such(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "_svg_of", lambda *_: SMALL.format("\u57fa" * 30_000))
    size, _ = size_of([analysis.run(from_document(document(shocks=3)))], tmp_path)
    assert 1.8e6 < size < 2e6


def test_those_of_the_highest_benefits_are_left_out_first(tmp_path, fat, monkeypatch):
    fat(10_000)
    run = analysis.run(from_document(document(shocks=3)))
    (whole, page) = size_of(run, tmp_path)
    order = [case for case in by_benefit(headline_of(run).benefit) if case != "base"]
    monkeypatch.setattr(html, "MOST_BYTES", whole - 1)
    _, page = size_of(run, tmp_path)
    assert f"Not drawn for {order[-1]}: Estimate against paths. It needs more room" in page.texts["p"]
    assert len(page.all("svg")) == 1 + 6 + 3 * 7 - 1
    monkeypatch.setattr(html, "MOST_BYTES", 0)
    _, page = size_of(run, tmp_path)
    assert page.all("svg") == []
    assert "Not drawn for all cases together: Benefit, case by case." in page.texts["p"]
    assert len(page.tables) == 1 + 4 * 2  # no table is left out


def test_markdown_has_all_its_pictures(tmp_path, fat):
    fat(200_000)
    size, _ = size_of(analysis.run(from_document(document(shocks=2))), tmp_path, "report.md")
    assert len(list((tmp_path / "report_files").iterdir())) == 1 + 6 + 7 + 7
    assert size > 21 * 200_000
