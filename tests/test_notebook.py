"""What notebooks show of results: the figures of the text table, and names with markup as text."""

import html
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

import analysis
import scenarios
from analysis.estimate import Estimate, riskless
from analysis.notebook import MOST_LINES
from analysis.table import render
from simcore.dependence import standardised

ONE = np.array([1])  # batch, of one path
HOSTILE = '<script>alert("1")</script> $x$ & more'


class Table(HTMLParser):
    """The cells of every table, line by line, and the text outside."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.tags, self.outside, self.open = [], [], "", False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.open = True
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag):
        self.open = self.open and tag not in ("td", "th")

    def handle_data(self, data):
        if self.open:
            self.tables[-1][-1][-1] += data
        else:
            self.outside += data + "\n"


def scenario_of(name="three_assets", *, paths=20_000, **changes):
    document = scenarios.load(name).resolved | changes
    return scenarios.from_document(document, overrides={"simulation.paths": paths})


def many_cases(count):
    shocks = [{"name": f"shock {i}", "changes": [{"volatility": {"multiply": 1.0 + i / 100}}]} for i in range(count)]
    return scenario_of("etf18", paths=2_000, shocks=shocks)


def told(run):
    scenario = run.scenario
    named = {"name": scenario.name, "description": scenario.description, "currency": scenario.currency}
    return render(run.rows, scenario.cases, scenario.plan, **named)


@pytest.fixture(scope="module")
def run():
    return analysis.run(scenario_of("etf18"))


def test_a_run_shows_every_cell_of_the_text_table(run):
    (table,) = Table(run._repr_html_()).tables
    lines = [line for line in told(run).splitlines() if line.startswith("  ")]
    cells = [re.split(r" +(?![^\[]*\])", line.strip()) for line in lines]
    first, second = cells[1:21], cells[22:]  # two panels: the second has the benefit of members
    shown = [line for line in table[2:] if len(line) > 1]
    assert len(shown) == len(first) == 20
    members = iter(second)
    for line, text in zip(shown, first, strict=True):
        assert [cell for cell in line[:-2] if cell] == text
        if line[0] == "everything":
            assert [line[0], *line[-2:]] == next(members)


def test_a_run_names_each_case_above_its_pools(run):
    (table,) = Table(run._repr_html_()).tables
    named = [line[0] for line in table[2:] if len(line) == 1]
    assert named == [case.name for case in run.scenario.cases]


def test_heads_and_lines_have_the_same_columns(run):
    text = run._repr_html_()
    for line in re.findall(r"<tr>(.*?)</tr>", text):
        spans = re.findall(r'<t[hd](?: scope="\w+")?(?: colspan="(\d+)")?', line)
        assert sum(int(span or 1) for span in spans) == 16


def test_what_is_above_and_below_the_text_table_is_told(run):
    shown = " ".join(Table(run._repr_html_()).outside.split())
    head, *_, foot = told(run).split("\n\n")
    assert " ".join(head.split()) in shown
    assert " ".join(foot.split()) in shown


def test_more_lines_than_one_looks_at_are_left_out_and_told():
    run = analysis.run(many_cases(MOST_LINES))
    parsed = Table(run._repr_html_())
    lines = [line for line in parsed.tables[0][2:] if len(line) > 1]
    assert {line[0] for line in lines} == {"everything"}
    assert len(lines) == MOST_LINES
    every = 4 * (1 + MOST_LINES)
    assert f"{every - MOST_LINES} lines left out: Run.rows has every figure." in parsed.outside
    assert "the first case and the 59 with the lowest benefits." in parsed.outside
    few = Table(analysis.run(many_cases(MOST_LINES - 1))._repr_html_())
    assert "lines left out" in few.outside
    assert "the lowest benefits" not in few.outside


def test_the_worst_crisis_has_a_line_wherever_it_stands_in_the_file():
    toward = [{"correlation": {"toward": 1.0, "weight": weight}} for weight in (0.0, *[0.2] * MOST_LINES, 0.9)]
    shocks = [{"name": f"shock {i}", "changes": [change]} for i, change in enumerate(toward)]
    run = analysis.run(scenario_of("etf18", paths=2_000, shocks=shocks))
    parsed = Table(run._repr_html_())
    named = [line[0] for line in parsed.tables[0] if len(line) == 1]
    assert len(named) == MOST_LINES
    assert (named[0], named[-1]) == ("base", f"shock {MOST_LINES + 1}")
    assert "shock 0" not in named  # as good as the base
    assert named == sorted(named, key=[case.name for case in run.scenario.cases].index)


def test_notes_are_marked_and_told():
    few = analysis.run(scenario_of(paths=2_000))  # 20 losses in the tail, 4 batches
    parsed = Table(few._repr_html_())
    assert parsed.tables[0][3][-1].startswith("[1]")
    assert "[1] only" in parsed.outside or "[1] no standard error" in parsed.outside
    assert len({len(line) for line in parsed.tables[0][2:]}) == 2


def test_intervals_of_estimation_have_a_table_of_their_own(tmp_path):
    days = [f"2020-{month:02}-{day:02}" for month in range(1, 13) for day in range(1, 28)]
    returns = [((i * 7919) % 101 - 50) / 5000 for i in range(len(days))]
    rows = [f"{day},{a},{b}" for day, a, b in zip(days, returns, returns[7:] + returns[:7], strict=True)]
    (tmp_path / "returns.csv").write_text("\n".join(["date,A,B", *rows]))
    (tmp_path / "mine.toml").write_text(
        'schema = 1\nname = "mine"\ncurrency = "EUR"\n'
        '[universe.history]\nfile = "returns.csv"\nkind = "returns"\nperiods_per_year = 252\n'
        "[holdings]\ntotal = 1000\nweights = 'equal'\n"
        "[simulation]\npaths = 20000\nhorizon_years = 0.1\nseed = 1\n"
        "[measures]\nconfidence = [0.95]\nestimation_error = 200\n"
    )
    run = analysis.run(scenarios.load(tmp_path / "mine.toml"))
    parsed = Table(run._repr_html_())
    assert "Errors and intervals of this table are simulation error only." in parsed.outside
    table, intervals = parsed.tables
    assert len(table) == len(intervals)
    row = next(row for row in run.rows if row.view == "benefit" and row.measure == "expected_shortfall")
    assert intervals[-1][-1] == f"[{100 * row.estimation_low:.1f}, {100 * row.estimation_high:.1f}]"


def test_bounded_tails_are_told():
    bounds = {"simulation.paths": 1_000_001, "simulation.tail_budget": 0}
    run = analysis.run(scenarios.load("three_assets", overrides=bounds))
    assert "Tails are bounded" in run._repr_html_()


def test_a_repaired_correlation_is_told():
    matrix = [[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]]
    document = scenarios.load("three_assets").resolved | {"shocks": []}
    document["universe"] |= {"correlation": matrix, "repair": "nearest"}
    scenario = scenarios.from_document(document, overrides={"simulation.paths": 20_000})
    for shown in (scenario._repr_html_(), analysis.run(scenario)._repr_html_()):
        assert "smallest eigenvalue -0.8" in html.unescape(shown)
        assert "replaced by the nearest" in shown


def hostile():
    """three_assets with markup for all names."""
    document = scenarios.load("three_assets").resolved
    document |= {"name": HOSTILE, "description": f"about {HOSTILE}", "currency": HOSTILE}
    document["pools"][0]["name"] = f"pool {HOSTILE}"
    document["shocks"][0]["name"] = f"shock {HOSTILE}"
    old = document["universe"]["assets"][0]["name"]
    document["universe"]["assets"][0]["name"] = f"asset {HOSTILE}"
    document["positions"][0] |= {"asset": f"asset {HOSTILE}", "name": f"position {HOSTILE}"}
    members = document["pools"][0]["members"]
    members[members.index(old)] = f"position {HOSTILE}"
    return scenarios.from_document(document, overrides={"simulation.paths": 20_000})


def test_names_with_markup_stay_text():
    scenario = hostile()
    run = analysis.run(scenario)
    for shown, names in ((scenario, ("asset", "pool", "shock", "about")), (run, ("pool", "shock", "about"))):
        text = shown._repr_html_()
        parsed = Table(text)
        assert "script" not in parsed.tags
        found = parsed.outside + "".join(cell for table in parsed.tables for line in table for cell in line)
        assert all(f"{name} {HOSTILE}" in found for name in names)
        assert text.startswith('<div class="tex2jax_ignore mathjax_ignore"')  # no $x$ becomes mathematics
        assert text.count("<div") == text.count("</div>") == 1


def test_a_note_with_markup_stays_text():
    assert "<b>" not in Estimate(None, note="<b>")._repr_html_()
    assert "no figure: &lt;b&gt;" in Estimate(None, note="<b>")._repr_html_()
    assert "<i>" not in Estimate(1.0, note="<i>")._repr_html_()


def test_nothing_sets_a_colour(run):
    for shown in (run, run.scenario, Estimate(1.0)):
        styles = "; ".join(re.findall(r'style="([^"]*)"', shown._repr_html_()))
        kinds = {style.partition(":")[0] for style in styles.split("; ")}
        assert kinds <= {"overflow-x", "padding", "text-align", "white-space"}


@pytest.mark.parametrize(
    ("estimate", "shown"),
    [
        (Estimate(1234.5678, 12.34, 1210.0, 1259.0), "1,235, 95 % interval [1,210, 1,259], standard error 12"),
        (Estimate(0.36342, 7e-4, 0.3621, 0.36474), "0.36342, 95 % interval [0.36210, 0.36474], standard error 0.00070"),
        (Estimate(110_755.4, 1234.5, None, 113_000.0), "110,755, 95 % interval [none, 113,000], standard error 1,234"),
        (Estimate(5.0, 0.1, None, None), "5.00, standard error 0.10"),
        (riskless(-0.1 - 0.2, ONE), "-0.3, standard error 0"),
        (Estimate(1_234_567.0, note="few"), "1,234,567few"),
        (Estimate(None, note="no mean"), "no figure: no mean"),
        (Estimate(3e-20, 1e-21), "3.0000e-20, standard error 1.0000e-21"),
    ],
)
def test_an_estimate_shows_its_digits(estimate, shown):
    assert re.sub(r"<[^>]*>", "", estimate._repr_html_()) == shown


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "log, normal"),
        ({"innovation": {"student_t": 4}, "compounding": "simple"}, "simple, Student-t with 4 degrees of freedom"),
    ],
)
def test_a_scenario_says_what_it_is(changes, words):
    document = scenarios.load("three_assets").resolved
    document["universe"] |= changes
    (table,) = Table(scenarios.from_document(document)._repr_html_()).tables
    assert table == [
        ["assets", "3: Asset 1, Asset 2, Asset 3"],
        ["returns", words],
        ["positions", "3, together 300,000 USD"],
        ["pools", "portfolio"],
        ["cases", "base, correlation breakdown"],
        ["simulation", "1,000,000 paths, horizon 1 month in 1 step, seed 42"],
        ["confidence", "0.95, 0.99"],
    ]


def test_a_scenario_words_its_plan_as_its_run_does():
    scenario = scenario_of(simulation={"paths": 1, "steps": 3, "horizon_years": 0.25, "seed": 7, "precision": "single"})
    said = "20,000 paths, horizon 3 months in 3 steps, seed 7, single precision"
    assert f">{said}</td>" in scenario._repr_html_()
    assert f"<p>{said}</p>" in analysis.run(scenario)._repr_html_()


def test_a_scenario_tells_its_factors_its_rows_and_its_cautions():
    document = scenarios.load("three_assets").resolved | {"shocks": [], "currency": "EUR"}
    universe = {key: value for key, value in document["universe"].items() if key != "correlation"}
    document["universe"] = universe | {"factors": [[0.5], [0.5], [0.5]]}
    document["universe"]["assets"][0]["volatility"] = 5.0
    (table,) = Table(scenarios.from_document(document)._repr_html_()).tables
    assert ["returns", "log, normal, 1 factor"] in table
    assert table[-1][0] == "caution"
    assert "500 %" in table[-1][1]


@pytest.mark.parametrize(("mean_block", "words"), [(1, "row by row"), (5, "in blocks of 5 on average")])
def test_a_scenario_tells_that_it_draws_rows(mean_block, words):
    document = scenarios.load("three_assets").resolved | {"shocks": []}
    for asset in document["universe"]["assets"]:
        asset |= {"expected_return": 0.0, "volatility": 0.1}
    rows = standardised([[(7 * i + 3 * j) % 11 for j in range(3)] for i in range(11)])
    drawn = {"mean_block": mean_block, "rows": rows.tolist(), "periods_per_year": 12}
    document["universe"] |= {"correlation": (rows.T @ rows / 10).tolist(), "innovation": {"bootstrap": drawn}}
    (table,) = Table(scenarios.from_document(document)._repr_html_()).tables
    assert table[1] == ["returns", f"log, 11 rows of a history, {words}"]


def test_texts_of_results_are_short(run):
    assert repr(run) == "Run('etf18': 5 cases, 22 nodes, 20,000 paths, seed 42)"
    assert repr(run.scenario) == "Scenario('etf18': 18 assets, 22 nodes, 5 cases, 20,000 paths, seed 42)"
    assert repr(replace(riskless(1.0, ONE), note="n")) == (
        "Estimate(value=1.0, std_error=0.0, low=1.0, high=1.0, note='n')"
    )
