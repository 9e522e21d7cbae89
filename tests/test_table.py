"""The text table: one line a case and pool, aligned, within its width, with every empty cell explained."""

import re

import numpy as np
import pytest

from analysis.comparison import Row
from analysis.table import render
from analysis.text import WIDTH
from simcore.case import Case, Plan
from simcore.market import Market
from simcore.pools import Pool, PoolTree, Position


def cases_of(values=(1e5, 2e5, 3e5), names=("base", "shock"), pools=None):
    market = Market.from_moments(
        ("A", "B", "C"),
        expected_return=np.zeros(3),
        volatility=[0.2] * 3,
        correlation=np.full((3, 3), 0.5) + 0.5 * np.eye(3),
    )
    positions = [Position(f"p{asset}", asset, value) for asset, value in zip("ABC", values, strict=True)]
    pools = pools or (Pool("pair", ("pA", "pB")), Pool("everything", ("pair", "pC")))
    return [Case(name, market, PoolTree(positions, pools)) for name in names]


def rows_of(cases, plan, figure=lambda row: row):
    """A row for every figure of every pool: 1000 times its place, 10 % of it as half an interval."""
    table = []
    for case in cases:
        for node in case.pools.pools:
            figures = [("volatility", None)]
            figures += [(m, c) for c in plan.confidences for m in ("value_at_risk", "expected_shortfall")]
            nested = node.name == "everything"
            for view in ("pooled", "benefit", *(("benefit_assets",) if nested else ())):
                for i, (measure, confidence) in enumerate(figures, 1):
                    benefit = 0.10 if nested and view == "benefit" else 0.25
                    value = 1000.0 * i if view == "pooled" else benefit
                    low, high = (value - 0.0123, value + 0.0123) if view != "pooled" else (0.9 * value, 1.1 * value)
                    unit = "EUR" if view == "pooled" else "1"
                    place = ("test", case.name, node.name, None, "pool", view, measure, confidence)
                    table.append(figure(Row(*place, value, 0.002 * value, low, high, None, None, unit, None)))
    return table


def text_of(
    confidences=(0.95, 0.99), figure=lambda row: row, currency="EUR", steps=1, horizon=1 / 12, relative_to="start", **of
):
    cases = cases_of(**of)
    plan = Plan(1_000_000, horizon, 42, confidences, steps=steps)
    named = {"name": "test", "description": "a test", "currency": currency, "relative_to": relative_to}
    return render(rows_of(cases, plan, figure), cases, plan, **named)


def lines_of(text, name):
    return [line for line in text.splitlines() if line.startswith(f"  {name} ")]


def test_the_whole_table():
    assert (
        text_of()
        == """\
test: a test
1,000,000 paths, horizon 1 month in 1 step, seed 42
Losses in EUR, and in per cent of the pool's value. Errors and intervals are simulation error only.

                         volatility      VaR 95 %       ES 95 %      VaR 99 %       ES 99 %   benefit of assets
pool            value   amount    %   amount    %   amount    %   amount    %   amount    %     % 95 % interval
---------------------------------------------------------------------------------------------------------------
base
  pair        300,000  1,000.0 0.33  2,000.0 0.67  3,000.0 1.00  4,000.0 1.33  5,000.0 1.67  25.0  [23.8, 26.2]
  everything  600,000  1,000.0 0.17  2,000.0 0.33  3,000.0 0.50  4,000.0 0.67  5,000.0 0.83  25.0  [23.8, 26.2]
shock
  pair        300,000  1,000.0 0.33  2,000.0 0.67  3,000.0 1.00  4,000.0 1.33  5,000.0 1.67  25.0  [23.8, 26.2]
  everything  600,000  1,000.0 0.17  2,000.0 0.33  3,000.0 0.50  4,000.0 0.67  5,000.0 0.83  25.0  [23.8, 26.2]

              benefit of members
pool             % 95 % interval
--------------------------------
base
  everything  10.0   [8.8, 11.2]
shock
  everything  10.0   [8.8, 11.2]

volatility: the standard deviation of the loss over the horizon.
VaR 99 %: the loss that is exceeded with a probability of 1 %.
ES 99 %: the average loss in the worst 1 % of the paths.
benefit of assets (benefit_assets): how far ES 99 % lies below the sum of the positions' own; negative: it hurts.
benefit of members (benefit): the same, against the members' own: what this level adds.
simulation error: the standard error of an amount is at most 0.2 % of it.
"""
    )


def test_five_cases_of_nested_pools_keep_within_the_width_and_show_the_benefit_of_each():
    names = ("base", "correlation breakdown", "2008", "2020", "2022")
    text = text_of(names=names)
    assert max(map(len, text.splitlines())) <= WIDTH
    main_panel = text.split("\n\n")[1].splitlines()
    assert [line for line in main_panel if line in names] == list(names)
    benefits = [line for line in main_panel if line.startswith("  everything ")]
    assert len(benefits) == len(names)
    assert all(line.endswith("  25.0  [23.8, 26.2]") for line in benefits)  # against all positions


def test_without_nested_pools_there_is_one_benefit():
    text = text_of(pools=(Pool("pair", ("pA", "pB")), Pool("third", ("pC",))))
    assert next(line.split()[-1] for line in text.splitlines() if "benefit" in line) == "benefit"
    assert "benefit of" not in text


def test_the_head_says_what_losses_are_relative_to():
    said = "VaR and ES are relative to the expected loss"
    assert said in text_of(relative_to="mean").split("\n\n")[0]
    assert said not in text_of()


@pytest.mark.parametrize("confidences", [(0.99,), (0.95, 0.99), (0.9, 0.95, 0.975, 0.99, 0.995, 0.999)])
def test_lines_keep_within_the_width_and_columns_line_up(confidences):
    text = text_of(confidences)
    assert max(map(len, text.splitlines())) <= WIDTH
    for c in confidences:
        assert text.count(f"VaR {100 * c:g} %  ") >= 1
    rulers = [line for line in text.splitlines() if set(line) == {"-"}]
    assert len(rulers) == text.count("\npool ")
    pair, everything = (lines_of(text, name)[0] for name in ("pair", "everything"))
    ends = [match.end() for match in re.finditer(r"[\d\]](?= |$)", pair)]
    assert ends == [match.end() for match in re.finditer(r"[\d\]](?= |$)", everything)][: len(ends)]


def test_every_figure_is_shown_once_for_every_case_and_pool():
    amounts = [f"{1000 * i:,}.0" for i in range(1, 10)]
    panels = text_of((0.9, 0.95, 0.99, 0.999))
    assert all(len(re.findall(rf" {re.escape(amount)} ", panels)) == 4 for amount in amounts)


def test_amounts_are_scaled_and_the_head_says_so():
    text = text_of(values=(1e9, 2e9, 3e9))
    assert "Losses in thousand EUR," in text
    assert lines_of(text, "pair")[0].split()[1:4] == ["3,000,000", "1.0000", "0.00"]
    assert "Losses in units of currency," in text_of(currency="")


@pytest.mark.parametrize("values", [(-1e5, -2e5, 3e5), (-1e5, 1e5, 3e5)])
def test_there_is_no_per_cent_of_a_value_not_above_0(values):
    text = text_of(values=values)
    assert lines_of(text, "pair")[0].endswith(" [1]")
    assert "[1] no per cent: its value is not above 0" in text
    assert lines_of(text, "pair")[0].count("1,000.0  ") == 1


def test_empty_cells_bear_the_mark_of_their_note():
    def figure(row):
        if row.measure == "volatility" and row.view == "pooled":
            return row._replace(value=None, std_error=None, low=None, high=None, note="does not exist")
        if row.view == "benefit":
            return row._replace(value=None, std_error=None, low=None, high=None, note="does not exist; and a second")
        return row

    text = text_of(figure=figure)
    assert lines_of(text, "pair")[0].split()[2] == "[1]"
    assert lines_of(text, "pair")[0].split()[-1] == "[1][2]"
    assert text.endswith("[1] does not exist\n[2] and a second\n")
    assert "None" not in text
    assert "nan" not in text


def test_cautions_are_marked_at_the_end_of_the_line_once():
    text = text_of(figure=lambda row: row._replace(note="few losses") if row.confidence == 0.99 else row)
    assert all(line.endswith("] [1]") for line in lines_of(text, "pair"))
    assert text.count("few losses") == 1


def test_a_benefit_without_interval_is_shown_without():
    text = text_of(figure=lambda row: row._replace(std_error=None, low=None, high=None, note="no error"))
    assert "[23.8" not in text
    assert "25.0" in text
    assert "simulation error: the standard error" not in text


def test_numbers_do_not_read_minus_zero():
    text = text_of(figure=lambda row: row._replace(value=-1e-9) if row.measure == "volatility" else row)
    assert "-0.0" not in text


@pytest.mark.parametrize(
    ("horizon", "words"),
    [(1 / 12, "1 month"), (0.25, "3 months"), (1.0, "1 year"), (2.0, "2 years"), (0.0833333333333333, "1 month")],
)
def test_the_horizon_is_said_in_words(horizon, words):
    assert f"horizon {words} in 12 steps" in text_of(horizon=horizon, steps=12)
    assert "horizon 0.0396825 years in" in text_of(horizon=10 / 252)


def test_a_run_without_pools_has_a_table_without_lines():
    cases = [Case("base", cases_of()[0].market, PoolTree([Position("pA", "A", 1.0)]))]
    text = render([], cases, Plan(1000, 1.0, 1, (0.95,)), name="alone")
    assert "volatility" in text
