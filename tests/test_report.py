"""Reports: what they say equals the table, names stay text, and a page needs nothing but itself."""

import copy
import itertools
import math
import re
import tomllib

import numpy as np
import pytest
from pages import Page, markdown_tables, shown
from reports import HOSTILE, PICTURES, document, draw_at_once, draw_little
from test_estimation import document as history_document  # noqa: F401

pytest.importorskip("jinja2")
pytest.importorskip("matplotlib")

import analysis
import scenarios
from analysis.lookup import by_benefit, shown_cases
from analysis.report import pictures, resolved, svg
from analysis.report.content import content_of
from analysis.report.headline import answer, figure_words, headline_of
from analysis.report.markdown import escaped
from analysis.report.tables import cases_table
from scenarios.loader import from_document
from simcore import InputError, brackets
from simcore.errors import Problem

MB = 1_000_000
SVG_OF = pictures._svg_of
POWERS = {"": 0, "thousand ": 1, "million ": 2}
NESTED = [{"name": "pair", "members": ["asset 0", "asset 1"]}, {"name": "top", "members": ["pair", "asset 2"]}]


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    """Pictures are drawn at once; the list of those that were asked for."""
    return draw_at_once(monkeypatch)


def run_of(written, **options):
    return analysis.run(from_document(written, "file.toml", **options))


def page_of(runs, folder, name="report.html"):
    file = folder / name
    size = analysis.write_report(runs, file)
    text = file.read_text(encoding="utf-8")
    others = sum(path.stat().st_size for path in folder.glob("*_files/*"))
    assert size == len(text.encode()) + others
    return text


def tables_of(text):
    return markdown_tables(text) if not text.startswith("<!doctype html>") else Page(text).tables


def rows_of(run):
    """Every row by its place, as JSON has them."""
    found = analysis.document_of(run.scenario, run.rows, threads=run.threads, seconds=run.seconds)["rows"]
    return {(r["case"], r["node"], r["view"], r["measure"], r["confidence"]): r for r in found}


def values_of(run):
    tree = run.scenario.cases[0].pools
    return {name: math.fsum(position.value for position in tree.positions_below(name)) for name in tree.names}


def power_of(caption):
    return POWERS[re.search(r"in (\w+ )?(EUR|USD)\b", caption)[1] or ""]


def rounded(printed, value, power=0):
    """Whether a figure is printed right to its last digit."""
    decimals = len(printed.partition(".")[2])
    assert printed == f"{value / 1000**power:z,.{decimals}f}", (printed, value)
    return decimals


def check_figures(cells, case, node, view, rows, value, power, confidences=(0.95, 0.99)):
    """The amounts of a line, and their shares of the value; how many decimals each has."""
    figures = {"volatility": ("volatility", None)}
    figures |= {f"VaR {100 * c:g} %": ("value_at_risk", c) for c in confidences}
    figures |= {f"ES {100 * c:g} %": ("expected_shortfall", c) for c in confidences}
    digits = set()
    for title, figure in figures.items():
        row = rows[case, node, view, *figure]
        digits.add(rounded(cells[f"{title}, amount"], row["value"], power))
        assert cells[f"{title}, %"] == f"{100 * row['value'] / value:.2f}"
    rounded(cells["value"], value, power)
    return digits


def check_benefit(cells, title, row):
    assert cells[f"{title}, %"] == f"{100 * row['value']:z.1f}"
    assert cells[f"{title}, 95 % interval"] == f"[{100 * row['low']:z.1f}, {100 * row['high']:z.1f}]"


@pytest.mark.parametrize("name", ["report.html", "report.md"])
def test_every_figure_of_the_tables_is_that_of_the_json(tmp_path, name):
    run = analysis.run(scenarios.load("etf18", overrides={"simulation.paths": 20_000}))
    rows, values = rows_of(run), values_of(run)
    first, *tables = tables_of(page_of(run, tmp_path, name))
    cases = ["base", "2022", "2008", "2020", "correlation breakdown"]
    assert [line[0] for line in first.lines] == cases
    judged = ("expected_shortfall", 0.99)
    for case in cases:
        cells = first.cells(case)
        for view in ("pooled", "unpooled"):
            its = "unpooled_assets" if view == "unpooled" else view
            rounded(cells[f"ES 99 %, {view}"], rows[case, "everything", its, *judged]["value"], power_of(first.caption))
        check_benefit(cells, "benefit", rows[case, "everything", "benefit_assets", *judged])
    assert [table.caption.split(": ")[0] for table in tables] == [case for case in cases for _ in range(2)]
    for pools, positions in zip(tables[::2], tables[1::2], strict=True):
        case, power = pools.caption.split(": ")[0], power_of(pools.caption)
        assert [line[0] for line in pools.lines] == ["bonds", "real_assets", "equity", "everything"]
        digits = set()
        for node, *_ in pools.lines:
            cells = pools.cells(node)
            digits |= check_figures(cells, case, node, "pooled", rows, values[node], power)
            deep = rows.get((case, node, "benefit_assets", *judged))
            flat = rows[case, node, "benefit", *judged]
            check_benefit(cells, "benefit of assets", deep or flat)
            if deep:
                check_benefit(cells, "benefit of members", flat)
            else:
                assert cells["benefit of members, %"] == cells["benefit of members, 95 % interval"] == ""
        assert len(digits) == 1
        assert len(positions.lines) == 18
        for node, *_ in positions.lines:
            power = power_of(positions.caption)
            check_figures(positions.cells(node), case, node, "standalone", rows, values[node], power)
        assert not any("benefit" in head for head in positions.heads)


def test_the_answer_is_the_benefit_in_calm_and_in_the_worst_case(tmp_path):
    run = run_of(document(shocks=2))
    rows = {
        row.case: row
        for row in run.rows
        if (row.view, row.measure, row.confidence) == ("benefit", "expected_shortfall", 0.99)
    }
    told = {case: f"{100 * r.value:.1f} % (no interval)" for case, r in rows.items()}
    least = min(rows, key=lambda case: rows[case].value)
    text = answer(headline_of(run))
    assert text.startswith(
        f"Pooling the 3 positions in all of it removes {told['base']} of their expected shortfall at 99 %"
    )
    assert text.endswith(
        "in base, the least of 3 cases." if least == "base" else f"{told[least]} in {least}, the least of 3 cases."
    )
    page = Page(page_of(run, tmp_path))
    assert text in page.texts["p"]


def with_benefits(headline, **values):
    """The headline with other benefits; None: there is none, and says so."""
    rows = {
        case: headline.benefit["base"]._replace(
            case=case,
            value=value,
            low=None if value is None else value - 0.01,
            high=None if value is None else value + 0.01,
            note=None if value is not None else "there is none",
        )
        for case, value in values.items()
    }
    return headline._replace(benefit=rows)


@pytest.mark.parametrize(
    ("benefits", "said"),
    [
        ({"base": 0.25}, "removes 25.0 % [24.0, 26.0] of their expected shortfall at 99 % in base."),
        (
            {"base": 0.25, "bad": 0.1, "worse": 0.05},
            "removes 25.0 % [24.0, 26.0] of their expected shortfall at 99 % in base, and 5.0 % [4.0, 6.0] in worse, "
            "the least of 3 cases.",
        ),
        (
            {"base": 0.1, "better": 0.2},
            "removes 10.0 % [9.0, 11.0] of their expected shortfall at 99 % in base, the least of 2 cases.",
        ),
        ({"base": -0.05}, "removes -5.0 % [-6.0, -4.0] (it hurts) of their expected shortfall at 99 % in base."),
        (
            {"base": None, "bad": 0.1},
            "removes 10.0 % [9.0, 11.0] of their expected shortfall at 99 % in bad; 1 case has no such figure.",
        ),
        (
            {"base": 0.25, "bad": 0.1, "wild": None, "wilder": None},
            "removes 25.0 % [24.0, 26.0] of their expected shortfall at 99 % in base, and 10.0 % [9.0, 11.0] in bad, "
            "the least of 2 cases; 2 cases have no such figure.",
        ),
    ],
)
def test_the_answer_in_all_its_forms(benefits, said):
    headline = with_benefits(headline_of(run_of(document(shocks=0))), **benefits)
    assert answer(headline) == f"Pooling the 3 positions in all of it {said}"


def test_where_there_is_no_benefit_the_answer_says_why():
    headline = with_benefits(headline_of(run_of(document(shocks=0))), base=None, bad=None)
    said = "removes of their expected shortfall at 99 % cannot be told: there is none."
    assert answer(headline) == f"What pooling the 3 positions in all of it {said}"
    assert by_benefit(with_benefits(headline, base=None, a=0.2, b=0.1).benefit) == ["b", "a", "base"]
    assert "benefit none" in figure_words(headline._replace(pooled=headline.benefit), "base", "EUR")


def test_where_expected_shortfall_does_not_exist_the_report_is_about_value_at_risk(tmp_path):
    written = document(paths=20_000)
    written["universe"]["innovation"] = {"student_t": 4}
    written["universe"]["assets"][0]["value"] = -100.0  # net short: its ES has no mean
    run = run_of(written)
    assert headline_of(run).figure == ("value_at_risk", 0.99)
    text = page_of(run, tmp_path)
    assert "value at risk at 99 %" in text
    page = Page(text)
    (empty,) = {cell for line in page.tables[1].lines for cell in line if re.fullmatch(r"(\[\d\])+", cell)} & {"[1]"}
    assert f"{empty} does not exist: " in page.texts["li"]
    count = sum(row.value is None for row in run.rows)
    refused = [int(number) for number in re.findall(r"Refused (\d+) of", page.texts["li"])]
    assert sum(refused) == count > 0


def test_notes_of_figures_are_told_with_how_many_have_them(tmp_path):
    """5,000 paths: 50 losses beyond 99 %, and half the batches that a standard error takes."""
    run = run_of(document(paths=5_000, shocks=1))
    page = Page(page_of(run, tmp_path))
    assert "nothing to caution of" not in page.texts["li"]
    parts = [part for row in run.rows if row.value is not None and row.note for part in row.note.split("; ")]
    assert parts
    for note in set(parts):
        assert f"Noted {parts.count(note):,} of {len(run.rows):,} figures: {note}." in page.texts["li"]


@pytest.mark.parametrize(
    ("hidden", "told"),
    [
        ({"a": 0.2, "b": 0.3}, "2 more cases are not shown, with benefits from 20.0 % to 30.0 %."),
        ({"a": 0.2, "b": None}, "2 more cases are not shown, with benefits from 20.0 % to 20.0 %, and 1 without one."),
        ({"a": None}, "1 more case is not shown, 1 without one."),
    ],
)
def test_cases_without_a_benefit_are_told_as_such_where_they_are_not_shown(hidden, told):
    run = run_of(document(shocks=0))
    headline = with_benefits(headline_of(run), base=0.1, **hidden)
    headline = headline._replace(pooled=headline.benefit, unpooled=headline.benefit)
    assert cases_table(run, headline, ["base"]).words.endswith(told)


def test_a_page_needs_nothing_but_itself(tmp_path):
    text = page_of(run_of(document()), tmp_path)
    page = Page(text)
    for address in page.attributes("src", "href", "xlink:href", "action", "data", "poster", "srcset", "cite"):
        assert re.match(r"#|data:,", address), address
    assert all(found.startswith("#") for found in re.findall(r"url\(([^)]*)\)", text))
    assert set(re.findall(r"https?://[^\s\"'<]*", text)) == {"http://www.w3.org/2000/svg"}  # the name of a namespace
    assert not re.search(r"@import|\bfetch\(|XMLHttpRequest|<iframe|<object|<embed|<base", text)
    (policy,) = [meta["content"] for meta in page.all("meta") if "http-equiv" in meta]
    assert policy.startswith("default-src 'none';")
    assert page.texts["script"].strip()
    assert [attributes for attributes in page.all("script")] == [{}]


def test_the_policy_lets_the_page_s_own_script_run_and_no_other(tmp_path):
    import base64
    import hashlib

    text = page_of(run_of(document()), tmp_path)
    script = re.search(r"<script>(.*)</script>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in text


def test_a_page_is_in_order_for_who_cannot_see_it(tmp_path):
    run = run_of(document(pools=NESTED, shocks=2))
    page = Page(page_of(run, tmp_path))
    assert page.all("html") == [{"lang": "en"}]
    assert "small: how much risk pooling removes" in page.texts["title"]
    assert any(meta.get("name") == "viewport" for meta in page.all("meta"))
    levels = [level for level, _ in page.headings]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    for references in page.attributes("aria-labelledby", "aria-describedby"):
        assert set(references.split()) <= set(ids)
    assert all(head.get("scope") in ("col", "row", "colgroup") for head in page.all("th"))
    assert len(page.all("caption")) == len(page.tables) == 7
    assert all(table.caption for table in page.tables)
    assert len({table.caption for table in page.tables}) == len(page.tables)
    scrolling = [attributes for attributes in page.all("div") if attributes.get("class") == "scroll"]
    assert all(its["tabindex"] == "0" and ("aria-label" in its or "aria-labelledby" in its) for its in scrolling)
    drawn = page.all("svg")
    assert len(drawn) == len(scrolling) - len(page.tables) > 0
    assert all(its["role"] == "img" for its in drawn)
    assert page.texts["svg"].count("Density of the loss") >= 3
    assert [its["value"] for its in page.all("input")] == ["s1-c1", "s1-c2", "s1-c3"]
    assert set(page.attributes("value")) <= set(ids)
    assert "hidden" in page.all("fieldset")[0]  # until the script shows it: it would do nothing


def test_one_case_needs_no_switch(tmp_path):
    text = page_of(run_of(document(shocks=0)), tmp_path)
    assert "fieldset class" not in text
    assert Page(text).all("fieldset") == []


@pytest.mark.parametrize("name", ["report.html", "report.md"])
def test_names_stay_text(tmp_path, name):
    written = document(names=list(HOSTILE), name=HOSTILE[0], pools=[{"name": "all | <b>", "members": list(HOSTILE)}])
    written["shocks"] = [{"name": its, "changes": [{"volatility": {"multiply": 2.0}}]} for its in HOSTILE[:3]]
    written["currency"] = "<i>"
    written["description"] = "1. first\n- \u202e</p> <script>x</script> \u0007\u2029 last"
    text = page_of(run_of(written), tmp_path, name)
    tables = tables_of(text)
    first, *others = tables
    assert [line[0] for line in first.lines] == ["base", *HOSTILE[:3]]
    assert [line[0] for line in others[1].lines] == [" ".join(its.split()) for its in HOSTILE]
    assert others[0].lines[0][0] == "all | <b>"
    assert not re.search("[\u202e\u0007\u2029]", text)
    if name.endswith(".md"):
        outside = re.sub(r"^(```+)\w*\n.*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)
        assert not re.search(r"<(?!/?$)", outside)
        assert "://" not in outside
        assert shown("1\\. first - &lt;/p&gt;") in shown(outside)
        return
    page = Page(text)
    assert len(page.all("script")) == 1
    assert not page.all("img")
    assert not page.all("b")
    assert not page.all("i")
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert f"Density of the loss, {HOSTILE[2]}" in page.attributes("aria-label")
    assert page.headings[0] == (1, HOSTILE[0])
    assert "<script>x</script>" in page.texts["p"]
    assert f"loss_density of {HOSTILE[1]}" in page.texts["text"]
    assert 'name = "<script>alert(1)</script>"' in page.texts["code"]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a|b", "a\\|b"),
        ("- x", "\\- x"),
        ("12. x", "12\\. x"),
        ("-1.5", "-1.5"),
        ("12.5", "12.5"),
        ("---", "\\---"),
        ("a\nb", "a b"),
        ("<&>", "&lt;&amp;&gt;"),
        ("[1]", "\\[1\\]"),
        ("http://x www.y", "http&#58;//x www&#46;y"),
    ],
)
def test_marks_of_markdown_are_escaped(text, written):
    assert escaped(text) == written
    assert shown(written) == " ".join(text.split())


def test_markdown_has_its_pictures_beside_it(tmp_path):
    text = page_of(run_of(document(shocks=1)), tmp_path, "my report (1).md")
    links = re.findall(r"^!\[.*\]\((.*)\)$", text, re.MULTILINE)
    files = sorted(path.name for path in (tmp_path / "my report (1)_files").iterdir())
    assert [link.rpartition("/")[2] for link in links] == files
    assert links[0] == "my%20report%20%281%29_files/01-benefit_by_case.svg"
    assert all((tmp_path / "my report (1)_files" / name).read_text().startswith("<svg ") for name in files)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my report (1).md", "my report (1)_files"]


def test_both_kinds_have_the_same_headings(tmp_path):
    run = run_of(document(shocks=2))
    headings = Page(page_of(run, tmp_path)).headings
    text = page_of(run, tmp_path, "report.md")
    outside = re.sub(r"^(```+)\w*\n.*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    found = re.findall(r"^(#+) (.*)$", outside, re.MULTILINE)
    assert [(len(marks), shown(text)) for marks, text in found] == headings


def test_code_stands_behind_a_fence_longer_than_any_in_it(tmp_path):
    text = page_of(run_of(document(names=["a", "b", "````"])), tmp_path, "report.md")
    assert text.rstrip().endswith("\n`````")
    assert "\n`````toml\n" in text


def test_what_was_repaired_and_cautioned_of_is_told(tmp_path):
    written = document(shocks=0)
    written["universe"] |= {"correlation": -0.9, "repair": "nearest"}
    written["universe"]["assets"][0]["volatility"] = 3.0
    for name in ("report.html", "report.md"):
        run = run_of(copy.deepcopy(written))
        text = page_of(run, tmp_path, name)
        said = Page(text).texts["li"] if name.endswith("html") else shown(text).replace("**", "")
        assert "Repaired the correlations of base (universe.correlation) are ones that no returns can have" in said
        assert "Caution universe.assets[0].volatility (asset 0) = 3 is 300 % a year" in said
        assert said.count("that no returns can have") == 1


def test_where_nothing_is_to_be_told_that_is_said(tmp_path):
    page = Page(page_of(run_of(document(paths=20_000)), tmp_path))
    assert "Nothing was repaired or refused" in page.texts["li"]


def test_bounded_tails_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(brackets, "FIRST_PATHS", 2**12)
    monkeypatch.setattr(brackets, "NARROWING_PATHS", 2**14)
    written = document(paths=20_000)
    written["simulation"]["tail_budget"] = 0
    assert (
        "Noted Tails are bounded, since whole ones would pass the budget"
        in Page(page_of(run_of(written), tmp_path)).texts["li"]
    )


def test_estimation_errors_have_a_table_of_their_own(tmp_path, history_document):  # noqa: F811
    run = run_of(history_document)
    page = Page(page_of(run, tmp_path))
    assert "Noted Estimation: 95 % intervals from not knowing the parameters: 100 histories" in page.texts["li"]
    found = [table for table in page.tables if "not knowing the parameters" in table.caption]
    assert [table.caption.split(": ")[0] for table in found] == ["base", "wild", "twice"]
    rows = rows_of(run)
    for table in found:
        case = table.caption.split(": ")[0]
        ends = re.fullmatch(r"\[(.*), (.*)\]", table.cells("pool")["ES 95 %, 95 % interval"])
        row = rows[case, "pool", "pooled", "expected_shortfall", 0.95]
        for printed, end in zip(ends.groups(), ("estimation_low", "estimation_high"), strict=True):
            rounded(printed, row[end], power_of(table.caption))


def test_a_case_without_intervals_of_estimation_has_no_table_of_them(tmp_path, history_document):  # noqa: F811
    run = run_of(history_document)
    none = {"estimation_low": None, "estimation_high": None}
    run = run._replace(rows=[row._replace(**none) if row.case == "wild" else row for row in run.rows])
    captions = [table.caption for table in tables_of(page_of(run, tmp_path))]
    assert [c.split(": ")[0] for c in captions if "not knowing the parameters" in c] == ["base", "twice"]


@pytest.mark.parametrize("name", ["report.html", "report.md"])
def test_notes_stand_below_the_tables_whose_figures_they_are_of(tmp_path, name):
    written = document(paths=20_000, shocks=0, pools=NESTED)
    written["shocks"] = [{"name": "wild", "changes": [{"volatility": {"multiply": 15.0}}]}]
    run = run_of(written)
    text = page_of(run, tmp_path, name)
    _, calm, _, wild, alone = tables_of(text)
    assert not any("[" in cell for line in calm.lines for cell in line if ", " not in cell)
    assert "notes" not in calm.heads
    assert (wild.cells("pair")["notes"], wild.cells("top")["volatility, amount"]) == ("[1]", "[2]")
    assert (alone.cells("asset 1")["notes"], alone.cells("asset 2")["volatility, amount"]) == ("[1]", "[2]")
    said = Page(text).texts["li"] if name.endswith("html") else shown(text)
    notes = {row.node: row.note for row in run.rows if (row.view, row.measure) == ("pooled", "volatility")}
    assert said.count(f"[1] {notes['pair']}") == said.count(f"[2] {notes['top']}") == 2  # not below those of the calm


@pytest.mark.parametrize("name", ["report.html", "report.md"])
def test_two_thousand_positions_are_the_largest_and_the_rest(tmp_path, name):
    run = run_of(document(2000, shocks=1, paths=1024))
    text = page_of(run, tmp_path, name)
    assert len(text) < 2 * MB
    rows = rows_of(run)
    tables = [table for table in tables_of(text) if "standing alone" in table.caption]
    assert len(tables) == 2
    for table in tables:
        case, power = table.caption.split(": ")[0], power_of(table.caption)
        own = {
            node: row["value"]
            for (its, node, view, *figure), row in rows.items()
            if (its, view, *figure) == (case, "standalone", "expected_shortfall", 0.99)
        }
        lines, rest = (table.lines, table.last) if table.last else (table.lines[:-1], table.lines[-1])
        largest = sorted(own, key=own.get)[-20:]
        assert {line[0] for line in lines} == set(largest)
        assert rest[0] == "the other 1,980 positions"
        cells = dict(zip(table.heads[1:], rest[1:], strict=True))
        total = math.fsum(own[node] for node in own if node not in largest)
        value = math.fsum(
            position.value for position in run.scenario.cases[0].pools.positions if position.name not in largest
        )
        rounded(cells["ES 99 %, amount"], total, power)
        rounded(cells["value"], value, power)
        assert cells["ES 99 %, %"] == f"{100 * total / value:.2f}"
    assert "20 positions with the largest ES 99 %" in text
    assert "the rest are summed" in text


def test_figures_that_one_of_the_rest_does_not_have_are_not_summed(tmp_path):
    written = document(25, shocks=0, paths=20_000)
    written["universe"]["innovation"] = {"student_t": 4}
    table = Page(page_of(run_of(written), tmp_path)).tables[-1]
    cells = dict(zip(table.heads[1:], table.last[1:], strict=True))
    assert cells["volatility, %"] == ""
    assert cells["ES 99 %, amount"] != ""
    why = f"{cells['volatility, amount']} no sum: not every one of them has this figure"
    assert why in Page(page_of(run_of(written), tmp_path)).texts["li"]
    written["universe"]["assets"][3]["value"] = -1e4  # has no ES: then VaR tells the largest
    text = page_of(run_of(written), tmp_path)
    assert "20 positions with the largest VaR 99 %" in text
    written["measures"]["relative_to"] = "mean"  # which no position has
    text = page_of(run_of(written), tmp_path)
    assert "20 positions with the largest value" in text
    assert "asset 3" in {line[0] for line in Page(text).tables[-1].lines}


def test_all_cases_are_in_one_unit_and_have_the_same_decimals(tmp_path):
    for count in (3, 25):
        written = document(count, shocks=0, paths=20_000)
        written["shocks"] = [{"name": "calm", "changes": [{"volatility": {"multiply": 0.05}}]}]
        for tables in (lambda page: page.tables[1::2], lambda page: page.tables[2::2]):  # of pools, of positions
            decimals = [
                {len(table.cells(line[0])["ES 99 %, amount"].partition(".")[2]) for line in table.lines}
                for table in tables(Page(page_of(run_of(written), tmp_path)))
            ]
            assert len(decimals) == 2
            assert len(set.union(*decimals)) == 1


@pytest.mark.parametrize("name", ["report.html", "report.md"])
def test_the_largest_are_told_by_a_figure_that_all_have_in_that_case(tmp_path, name):
    written = document(25, shocks=0, paths=20_000)
    written["universe"]["assets"][3] |= {"value": -1e4, "volatility": 0.3}  # short: has no ES where it moves too much
    wild = [{"name": "wild", "changes": [{"volatility": {"multiply": 20.0}}]}]
    calm = [{"name": "calm", "changes": [{"volatility": {"multiply": 0.5}}]}]
    for shocks, figures in ((wild, ["ES 99 %", "VaR 99 %"]), (wild + calm, ["ES 99 %", "VaR 99 %", "ES 99 %"])):
        run = run_of(written | {"shocks": shocks})
        none = {row.case for row in run.rows if row.measure == "expected_shortfall" and row.value is None}
        assert none == {"wild"}
        text = page_of(run, tmp_path, name)
        said = text if name.endswith("html") else shown(text)
        assert re.findall(r"Shown are the 20 positions with the largest (\w+ 99 %);", said) == figures


def test_a_hundred_cases_are_the_worst_and_the_rest(tmp_path, asked):
    written = document(3, shocks=99, paths=20_000)
    for i, shock in enumerate(written["shocks"]):
        shock["changes"] = [{"correlation": {"toward": 1.0, "weight": ((37 * i) % 99) / 100}}]
    run = run_of(written)
    text = page_of(run, tmp_path)
    assert len(text) < 2 * MB
    page = Page(text)
    benefits = {
        row.case: row.value
        for row in run.rows
        if (row.view, row.measure, row.confidence) == ("benefit", "expected_shortfall", 0.99)
    }
    lowest = sorted(benefits, key=benefits.get)
    kept = [case for case in benefits if case in {"base", *lowest[:19]}]
    assert [line[0] for line in page.tables[0].lines] == kept == shown_cases(headline_of(run).benefit, 20)
    assert [text for level, text in page.headings if level == 3] == kept
    hidden = [benefits[case] for case in benefits if case not in kept]
    between = f"from {100 * min(hidden):.1f} % to {100 * max(hidden):.1f} %"
    assert f"80 more cases are not shown, with benefits {between}." in page.texts["p"]
    pictured = {case for _, case in asked if case}
    assert pictured == {"base", *lowest[:5]}
    assert "the 5 other cases with the lowest benefits" in page.texts["p"]


def test_many_pools_are_the_one_of_all_and_the_largest(tmp_path):
    names = [f"asset {i}" for i in range(60)]
    pools = [{"name": f"pool {i}", "members": names[2 * i : 2 * i + 2]} for i in range(30)]
    pools.append({"name": "all", "members": [pool["name"] for pool in pools]})
    page = Page(page_of(run_of(document(60, pools=pools, shocks=0)), tmp_path))
    shown_pools = [line[0] for line in page.tables[1].lines]
    assert shown_pools == [f"pool {i}" for i in range(11, 30)] + ["all"]  # volatilities rise with the number
    assert "11 more pools are not shown" in page.texts["p"]


def test_several_scenarios_make_one_page(tmp_path):
    runs = [run_of(document()), run_of(document(4, name="other"))]
    page = Page(page_of(runs, tmp_path))
    assert page.headings[:2] == [(1, "2 scenarios"), (2, "small")]
    assert (2, "other") in page.headings
    assert [attributes["href"] for attributes in page.all("a")] == ["#s1", "#s2"]
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    assert {attributes["name"] for attributes in page.all("input")} == {"s1-case", "s2-case"}
    text = page_of(runs, tmp_path, "report.md")
    assert text.startswith("# 2 scenarios\n\n## small\n")
    assert "\n## other\n" in text


def test_pictures_that_cannot_be_drawn_are_told_once(tmp_path, monkeypatch):
    draw = pictures._svg_of

    def refuse(run, kind, case):
        if kind.function == "fan":
            raise InputError([Problem("simulation.steps", "1", "2 <or> more", "simulate more")])
        return draw(run, kind, case)

    monkeypatch.setattr(pictures, "_svg_of", refuse)
    page = Page(page_of(run_of(document(shocks=2)), tmp_path))
    said = "Not drawn for base, shock 0, shock 1: The value over time. It needs 2 <or> more (simulation.steps is 1)."
    assert page.texts["p"].count(said) == 1
    assert len(page.all("svg")) == 1 + 3 * 6 - 1


def test_which_pictures_are_drawn(asked):
    run = run_of(document(shocks=1))
    drawn, not_drawn = pictures.pictures_of(run)
    assert asked[0] == ("benefit_by_case", None)
    assert [name for name, case in asked if case == "base"] == [
        name for name in PICTURES if name not in ("benefit_by_case", "correlations")
    ]
    assert [name for name, case in asked if case == "shock 0"] == list(PICTURES[1:])
    assert [(picture.kind, picture.case) for picture in drawn] == asked
    assert not_drawn == []
    assert drawn[0].words == answer(headline_of(run))
    words = next(picture.words for picture in drawn if picture.case == "shock 0")
    headline = headline_of(run)
    assert f"pooled {headline.pooled['shock 0'].value:,.2f}, unpooled" in words
    asked.clear()
    pictures.pictures_of(run_of(document(shocks=0)))
    assert [name for name, _ in asked] == list(PICTURES[1:])


RAW = """<?xml version="1.0" encoding="utf-8" standalone="no"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns:xlink="http://www.w3.org/1999/xlink" width="10pt" height="10pt" viewBox="0 0 10 10" version="1.1"
 xmlns="http://www.w3.org/2000/svg">
 <metadata><x href="https://matplotlib.org"/></metadata>
 <defs><style type="text/css">*{stroke-linejoin: round}</style></defs>
 <g id="figure_1"><path id="used" d="M 1.23456 2.5
L 3 4" style="fill: #0072b2; stroke: #123456"/>
 <use xlink:href="#used" clip-path="url(#clip)"/><clipPath id="clip"/>
 <image xlink:href="data:image/png;base64,1.23456"/>
 <text style="font-size: 12px; font-family: 'A', serif; opacity: 1"
  transform="rotate(-0 1 2)">#0072b2 &lt;b&gt; id="clip" url(#clip)</text></g>
</svg>"""


def test_svg_is_made_small_and_named():
    text = svg.cleaned(RAW, "a <title>", 'words "quoted"')
    assert "https://" not in text
    assert "metadata" not in text
    assert "<style" not in text
    assert 'd="M 1.23 2.5 L 3 4"' in text
    assert "figure_1" not in text
    assert '<use clip-path="url(#clip)" href="#used" />' in text
    assert 'href="data:image/png;base64,1.23456"' in text
    assert '<text style="font-size: 12px; opacity: 1">' in text
    assert text.count("font-family=") == 1
    assert '<title id="title">a &lt;title&gt;</title><desc id="desc">words "quoted"</desc>' in text
    assert svg.cleaned(RAW, "a", "b") == svg.cleaned(RAW, "a", "b")


def test_svg_in_a_page_has_ids_of_its_own_and_colours_of_the_theme():
    text = svg.inlined(svg.cleaned(RAW, "a", "b"), "p7", {"#0072b2": "pooled"})
    assert 'id="p7-used"' in text
    assert 'href="#p7-used"' in text
    assert 'clip-path="url(#p7-clip)"' in text
    assert 'aria-labelledby="p7-title"' in text
    assert "fill: var(--pooled, #0072b2); stroke: #123456" in text
    assert '#0072b2 &lt;b&gt; id="clip" url(#clip)</text>' in text  # what is text stays
    assert 'href="data:image/png;base64,1.23456"' in text
    assert "width=" not in text


def test_pictures_are_drawn_without_pyplot_date_or_anybody_s_settings(monkeypatch):
    import matplotlib

    given = draw_little(monkeypatch)
    kinds = [*pictures._OF_ALL, *pictures._OF_ONE]
    case = "\u5371\u6a5f \U0001f600"  # no letters of the font of Matplotlib
    written = document(shocks=1)
    written["shocks"][0]["name"] = case
    run = run_of(written)
    before = [SVG_OF(run, kind, case) for kind in kinds]
    assert [np.size(ax) for ax in given] == [1, 1, 1, 1, 2, 1, 1, 1]
    assert all(np.ravel(ax)[0].figure.canvas.manager is None for ax in given)
    monkeypatch.setitem(matplotlib.rcParams, "lines.linewidth", 17.0)
    assert [SVG_OF(run, kind, case) for kind in kinds] == before
    assert matplotlib.rcParams["lines.linewidth"] == 17.0
    assert matplotlib.rcParams["svg.fonttype"] == "path"
    assert not any("dc:date" in text for text in before)
    assert all(f">{case}<" in text for text in before)
    words = svg.inlined(svg.cleaned(before[0], "a", "b"), "p1", {"#0072b2": "pooled"})
    assert "var(--pooled, #0072b2)" in words


def test_the_scenario_is_shown_whole_where_it_can_be():
    run = run_of(document(pools=NESTED, description="\u202e \u2028 \u00a0 \U000e0001 \u0007 x"))
    text, words = resolved.resolved_text(run.scenario.resolved)
    assert words == ""
    assert all(c.isprintable() or c == "\n" for c in text)
    again = from_document(tomllib.loads(text))
    assert again.digest == run.scenario.digest


def test_a_scenario_too_long_to_be_shown_is_shortened_and_says_so(monkeypatch):
    whole = run_of(document()).scenario.resolved
    monkeypatch.setattr(resolved, "MOST_NUMBERS", 8)
    text, words = resolved.resolved_text(whole)
    assert 'correlation = "3 rows of 3, left out"' in text
    assert words == "its matrices"
    monkeypatch.setattr(resolved, "MOST_CHARACTERS", 200)
    short, words = resolved.resolved_text(whole)
    assert text.startswith(short)
    assert len(short) <= 201
    left = text.count("\n") - short.count("\n")
    assert words == f"its matrices, its last {left} lines"
    assert resolved._numbers(whole) == 9


def test_the_manifest_is_told(tmp_path):
    run = run_of(document())
    file = tmp_path / "report.html"
    analysis.write_report(run, file)
    page = Page(file.read_text(encoding="utf-8"))
    assert run.scenario.digest in page.texts["dd"]
    assert f"simulation {run.seconds['simulation']:.2f}, summaries {run.seconds['summaries']:.2f}" in page.texts["dd"]
    assert f"numpy {np.__version__}" in page.texts["dd"]


def test_a_run_without_summaries_or_a_wrong_file_is_refused(tmp_path):
    run = run_of(document())
    bare = run._replace(summaries={})
    with pytest.raises(InputError, match=r"runs = Run\(.*\n.*each with its summaries\n.*analysis.run"):
        analysis.write_report(bare, tmp_path / "report.html")
    with pytest.raises(InputError, match=r"runs = \[\]"):
        analysis.write_report([], tmp_path / "report.html")
    with pytest.raises(InputError, match=r"(?s)file = None.*runs = Scenario"):
        analysis.write_report(run.scenario, None)
    with pytest.raises(InputError, match=r'file = ".*report\.pdf"'):
        analysis.write_report(run, tmp_path / "report.pdf")
    assert list(tmp_path.iterdir()) == []


def test_content_holds_no_markup():
    content = content_of(run_of(document()))
    assert not re.search(r"<\w", repr(content._replace(pictures=[], sections=[])))
