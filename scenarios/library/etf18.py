"""Writes etf18.toml and its regimes: the figures of 18 US funds, from a table of their daily returns.

    python -m scenarios.library.etf18 etf18_daily_returns_2006_2022.csv [FOLDER]

Without a folder they go where this module lies.
The table (dates down, funds across, simple returns) is not part of this project; the files made of it name its source.
Where the C library rounds a logarithm otherwise, the last digit of a figure may differ.
"""

import csv
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from scenarios.calibrate import moments_of

CALM = ("2013-01-01", "2017-12-31")
CRISES = {  # in the order of the benefit that they leave, as the shocks of the file
    "2022": ("2022-01-01", "2022-12-30", "the inflation"),
    "2008": ("2007-10-01", "2009-03-31", "the financial crisis"),
    "2020": ("2020-02-19", "2020-04-30", "the first weeks of the pandemic"),
}
PERIODS_PER_YEAR = 252
COMPOUNDING = "log"  # whose returns SOURCE tells of
VALUE = 100_000
CLASSES = {"AGG": "bonds", "TLT": "bonds", "DBC": "real_assets", "GLD": "real_assets", "VNQ": "real_assets"}
OTHERS = "equity"

SOURCE = """\
#
# Source: the daily returns of the paper Johansson, Ogut, Pelger, Schmelzer, Boyd: A Simple Method for Predicting
# Covariance Matrices of Financial Returns (2023), doi 10.1561/0800000047; its repository is under Apache-2.0.
# Only figures computed from them stand here. With r' = ln(1 + r), r a simple daily return, over the {periods} days:
#     volatility = sd(r') sqrt({year}), divisor n - 1;  expected_return = mean(r') {year} + volatility^2 / 2;
#     correlation: Pearson's, of r'.
# Units: expected_return per year, volatility per square root of a year; 0.20 is 20 %.
# Made by: python -m scenarios.library.etf18 etf18_daily_returns_2006_2022.csv

schema = 1"""

TITLE = "# 18 US exchange-traded funds, calibrated on a calm market: {start} to {end}."
NAMES = """\
name = "etf18"
description = "18 US funds (bonds, real assets, equity) as in 2013 to 2017, 100,000 USD each, for one month"
currency = "USD"
"""

REGIME_TITLE = """\
# A regime of etf18: the same funds in {what}, {start} to {end}.
# A shock takes volatilities and correlation from here; expected returns are the window's own, and change nothing."""
REGIME_NAMES = """\
name = "{name}"
description = "18 US funds as in {what}, {start} to {end}"
"""

CRISES_TITLE = """
# Crises: volatilities and correlation as they were in these windows. Expected returns stay those of 2013 to 2017, so
# that what changes is the risk alone."""

SHOCK = """\
[[shocks]]
name = "{name}"    # {what}, {start} to {end}
changes = [{{ regime = {{ file = "regimes/{file}" }} }}]
"""

TAIL = """\
# Diversification fails: every pair of funds moves half-way to a correlation of 1. Volatilities stay as they are, so
# that all of the change comes from the correlations.
[[shocks]]
name = "correlation breakdown"
changes = [{ correlation = { toward = 1.0, weight = 0.5 } }]

[simulation]
paths = 1_000_000
steps = 1
horizon_years = 0.0833333333333333    # one month
seed = 42

[measures]
confidence = [0.95, 0.99]
"""


@dataclass(frozen=True)
class Table:
    """Daily returns: a date for each row, a fund for each column."""

    funds: list[str]
    dates: list[str]
    returns: list[list[float]]

    def between(self, start: str, end: str) -> list[list[float]]:
        """The rows from `start` to `end`, both included."""
        return [row for date, row in zip(self.dates, self.returns, strict=True) if start <= date <= end]


def table_of(rows: Iterable[list[str]]) -> Table:
    """The table whose rows these are, the header first."""
    head, *rest = rows
    return Table(head[1:], [row[0] for row in rest], [[float(x) for x in row[1:]] for row in rest])


def scenario(table: Table) -> Iterator[str]:
    """The lines of etf18.toml."""
    yield from _universe(table, (TITLE, SOURCE, NAMES), *CALM)
    classes = dict.fromkeys((*CLASSES.values(), OTHERS))
    pools = {name: [fund for fund in table.funds if CLASSES.get(fund, OTHERS) == name] for name in classes}
    for name, members in {**pools, "everything": list(pools)}.items():
        quoted = ", ".join(f'"{member}"' for member in members)
        yield f'\n[[pools]]\nname = "{name}"\nmembers = [{quoted}]'
    yield CRISES_TITLE
    for name, (start, end, what) in CRISES.items():
        yield SHOCK.format(name=name, file=file_of(name), start=start, end=end, what=what)
    yield TAIL.removesuffix("\n")


def regime(table: Table, name: str) -> Iterator[str]:
    """The lines of the regime file of the crisis `name`."""
    start, end, what = CRISES[name]
    return _universe(table, (REGIME_TITLE, SOURCE, REGIME_NAMES), start, end, name=name, what=what)


def file_of(crisis: str) -> str:
    """The name of a regime file."""
    return f"etf18_{crisis}.toml"


def _universe(table: Table, heads: tuple[str, ...], start: str, end: str, **words: str) -> Iterator[str]:
    returns = table.between(start, end)
    moments = moments_of(returns, periods_per_year=PERIODS_PER_YEAR, compounding=COMPOUNDING)
    for head in heads:
        yield head.format(periods=len(returns), year=PERIODS_PER_YEAR, start=start, end=end, **words)
    yield f'[universe]\ncompounding = "{COMPOUNDING}"\ncorrelation = ['
    for fund, row in zip(table.funds, moments.matrix.tolist(), strict=True):
        yield f"  {row},  # {fund}"
    yield "]"
    for fund, mu, sigma in zip(table.funds, moments.expected_return.tolist(), moments.volatility.tolist(), strict=True):
        yield f'\n[[universe.assets]]\nname = "{fund}"'
        if not words:  # the base's own: regimes are matched by name, and hold nothing
            yield f'class = "{CLASSES.get(fund, OTHERS)}"'
        yield f"expected_return = {mu}\nvolatility = {sigma}"
        if not words:
            yield f"value = {VALUE:_}"


def main(path: str, folder: str | Path = Path(__file__).parent) -> None:
    """Writes the files made of the table at `path` into a folder."""
    with open(path, newline="", encoding="utf-8") as text:
        table = table_of(csv.reader(text))
    texts = {"etf18.toml": "\n".join(scenario(table))}
    texts |= {f"regimes/{file_of(name)}": "\n".join(regime(table, name)) for name in CRISES}
    Path(folder, "regimes").mkdir(exist_ok=True)
    for name, text in texts.items():
        Path(folder, name).write_text(text + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
