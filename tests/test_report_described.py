"""What is said of pictures to who cannot see them: the figures of each kind, in the unit that they are in."""

import pytest
from reports import document, draw_at_once

pytest.importorskip("matplotlib")

import analysis
from analysis.report import pictures
from scenarios.loader import from_document

NESTED = [{"name": "pair", "members": ["asset 0", "asset 1"]}, {"name": "top", "members": ["pair", "asset 2"]}]
CRISIS = [{"name": "crisis", "changes": [{"correlation": {"toward": 1.0, "weight": 0.5}}]}]


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    draw_at_once(monkeypatch)


def words_of(run):
    """The description of each picture by its kind and case; its SVG holds it."""
    drawn, _ = pictures.pictures_of(run)
    assert all(f">{picture.words}</desc>" in picture.svg for picture in drawn)
    return {(picture.kind, picture.case): picture.words for picture in drawn}


def run_of(written):
    return analysis.run(from_document(written))


def test_each_kind_tells_its_own_figures_and_all_tell_those_of_the_case():
    run = run_of(document(pools=NESTED, paths=20_000) | {"shocks": CRISIS})
    words = words_of(run)
    row = {
        (row.case, row.view): row
        for row in run.rows
        if (row.node, row.measure, row.confidence) == ("top", "expected_shortfall", 0.99)
    }
    for (_, case), said in words.items():
        if case:
            pooled, unpooled = (f"{row[case, view].value:,.2f}" for view in ("pooled", "unpooled_assets"))
            assert f"top, {case}: ES 99 % pooled {pooled}, unpooled {unpooled} EUR; benefit " in said
    assert words["pool_tree", "crisis"].startswith("The tree of pools. 3 positions in 2 pools. top, crisis: ")
    said = "Mean correlation of the assets drawn: 0.30 in base, 0.65 in crisis. top, crisis"
    assert said in words["correlations", "crisis"]
    low, high = row["crisis", "pooled"].low, row["crisis", "pooled"].high
    said = f"After all 20,000 paths the 95 % interval of ES 99 % is [{low:,.2f}, {high:,.2f}]."
    assert said in words["convergence", "crisis"]
    assert len({words[kind, "crisis"] for kind, case in words if case == "crisis"}) == 7


def test_amounts_are_told_in_the_unit_that_they_are_in():
    written = document(shocks=0)
    for asset in written["universe"]["assets"]:
        asset["value"] *= 1e6
    run = run_of(written)
    words = words_of(run)["loss_density", "base"]
    (pooled,) = (
        row.value
        for row in run.rows
        if (row.kind, row.view, row.measure, row.confidence) == ("pool", "pooled", "expected_shortfall", 0.99)
    )
    assert f"pooled {pooled / 1e3:,.0f}, unpooled" in words
    assert " thousand EUR; benefit " in words


def test_where_there_is_one_asset_or_no_interval_that_is_said():
    run = run_of(document(1, shocks=0, paths=1000))
    words = words_of(run)
    assert "Mean correlation of the assets drawn: none in base." in words["correlations", "base"]
    assert "is [none, none]" in words["convergence", "base"]
